// SPDX-License-Identifier: Apache-2.0
import { webcrypto } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, csvPath, series } from '$/api/client'
import { Resource, SLOW_MS } from '$/api/resource.svelte'
import { PAGE, PagedRows } from '$/table/paged.svelte'

interface Waiting {
  url: string
  init: RequestInit
  answer: (body: unknown, status?: number) => void
}
let waiting: Waiting[] = []
const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined)

beforeEach(() => {
  waiting = []
  vi.useFakeTimers()
  vi.stubGlobal('crypto', webcrypto) // every browser has it; node 18 does not
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
      const answer = (body: unknown, status = 200): void =>
        resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }))
      waiting.push({ url, init, answer })
    }))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const ask = (resource: Resource<unknown>, key: string, force = false): void =>
  resource.load(key, (call) => series({ time: { from: key, to: 'now' } }, call), force)

describe('a query on the screen', () => {
  it('shows the answer, then keeps it while the next is on its way', async () => {
    const resource = new Resource<unknown>()
    ask(resource, 'a')
    expect(resource.loading).toBe(true)
    waiting[0]!.answer({ n: 1 })
    await settle()
    expect([resource.data, resource.loading]).toEqual([{ n: 1 }, false])
    ask(resource, 'b')
    expect([resource.data, resource.dataKey, resource.loading]).toEqual([{ n: 1 }, 'a', true])
    waiting[1]!.answer({ n: 2 })
    await settle()
    expect([resource.data, resource.dataKey]).toEqual([{ n: 2 }, 'b'])
  })

  it('does not ask twice for the same, unless told to', async () => {
    const resource = new Resource<unknown>()
    ask(resource, 'a')
    ask(resource, 'a')
    expect(waiting.length).toBe(1)
    waiting[0]!.answer({})
    await settle()
    ask(resource, 'a')
    expect(waiting.length).toBe(1)
    ask(resource, 'a', true)
    expect(waiting.length).toBe(2)
  })

  it('shows a known answer at once and asks again', async () => {
    const resource = new Resource<unknown>()
    for (const [i, key] of ['a', 'b'].entries()) {
      ask(resource, key)
      waiting[i]!.answer({ key })
      await settle()
    }
    ask(resource, 'a')
    expect([resource.data, resource.dataKey, resource.loading]).toEqual([{ key: 'a' }, 'a', true])
  })

  it('gives up the question before, whose late answer changes nothing', async () => {
    const resource = new Resource<unknown>()
    ask(resource, 'a')
    ask(resource, 'b')
    expect(waiting[0]!.init.signal!.aborted).toBe(true)
    waiting[1]!.answer({ n: 'b' })
    await settle()
    expect([resource.data, resource.error]).toEqual([{ n: 'b' }, undefined])
  })

  it('is slow after a while, and cancelling tells the store', async () => {
    const resource = new Resource<unknown>()
    ask(resource, 'a')
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    expect(resource.slow).toBe(true)
    const id = (waiting[0]!.init.headers as Record<string, string>)['x-query-id']!
    expect(id).toMatch(/^[A-Za-z0-9-]{8,64}$/)
    resource.cancel()
    expect(waiting[1]).toMatchObject({ url: `/api/v1/queries/${id}`, init: { method: 'DELETE' } })
    expect([resource.loading, resource.slow, resource.error?.failure]).toEqual([false, false, 'cancelled'])
  })

  it('says what went wrong and keeps the old answer', async () => {
    const resource = new Resource<unknown>()
    ask(resource, 'a')
    waiting[0]!.answer({ n: 1 })
    await settle()
    ask(resource, 'b')
    waiting[1]!.answer({ title: 'Store unavailable', status: 503 }, 503)
    await settle()
    expect(resource.data).toEqual({ n: 1 })
    expect(resource.error).toBeInstanceOf(ApiError)
    expect([resource.error?.isStore, resource.error?.isFilter]).toEqual([true, false])
  })
})

it('makes a download address of a query', () => {
  expect(csvPath('top', { time: { from: 'now-1h', to: 'now' }, by: ['src_ip'] })).toBe(
    '/api/v1/top?q=%7B%22time%22%3A%7B%22from%22%3A%22now-1h%22%2C%22to%22%3A%22now%22%7D%2C%22by%22%3A%5B%22src_ip%22%5D%7D&format=csv',
  )
})

describe('a long list', () => {
  const numbers = (asked: number[], total = 10_000) => async (offset: number, limit: number) => {
    asked.push(offset)
    return { rows: Array.from({ length: limit }, (_, i) => offset + i), total }
  }

  it('fetches only the pages in view', async () => {
    const asked: number[] = []
    const rows = new PagedRows<number>()
    rows.reset(numbers(asked))
    await settle()
    expect([rows.total, rows.row(0), rows.row(PAGE)]).toEqual([10_000, 0, undefined])
    rows.want(4 * PAGE - 5, 4 * PAGE + 20)
    await settle()
    expect(asked).toEqual([0, 3 * PAGE, 4 * PAGE])
    expect(rows.row(4 * PAGE + 1)).toBe(4 * PAGE + 1)
  })

  it('keeps the old rows until the new list is there', async () => {
    const rows = new PagedRows<number>()
    rows.reset(numbers([]))
    await settle()
    rows.reset(async (offset, limit) => ({ rows: Array.from({ length: limit }, (_, i) => -(offset + i)), total: 5 }))
    expect([rows.row(3), rows.total]).toEqual([3, 10_000])
    await settle()
    expect([rows.row(3), rows.total]).toEqual([-3, 5])
  })

  it('stops after a failure until asked again', async () => {
    let calls = 0
    const rows = new PagedRows<number>()
    rows.reset(async () => {
      calls++
      throw new ApiError('unreachable', 0, {})
    })
    await settle()
    rows.want(0, 10)
    await settle()
    expect([calls, rows.loading]).toEqual([1, false])
    rows.retry()
    await settle()
    expect(calls).toBe(2)
  })
})
