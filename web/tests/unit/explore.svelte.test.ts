// SPDX-License-Identifier: Apache-2.0
// The page's questions: which, and when.
import { webcrypto } from 'node:crypto'
import { flushSync } from 'svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Query } from '$/api/types'

const at = { pathname: '/explore', search: '' }
let asked: { query: Query; answer: (body: unknown, status?: number) => void }[] = []

beforeEach(() => {
  asked = []
  vi.resetModules()
  vi.stubGlobal('crypto', webcrypto) // every browser has it; node 18 does not
  const matchMedia = () => ({ matches: false, addEventListener: () => undefined })
  vi.stubGlobal('window', { location: at, addEventListener: () => undefined, matchMedia })
  vi.stubGlobal('history', { state: null, pushState: () => undefined })
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    new Promise((resolve) => {
      const answer = (body: unknown, status = 200): void => resolve(new Response(JSON.stringify(body), { status }))
      if (url === '/api/v1/series') asked.push({ query: JSON.parse(String(init.body)) as Query, answer })
    }))
})
afterEach(() => vi.unstubAllGlobals())

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    flushSync()
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}

const MIN = 60_000
const answer = (from: number) => ({ from, to: from + 60 * MIN, step_ms: MIN, metric: 'bps', t: [], series: [], other: null })

it('asks for the period before the answer that the address wants, never an older one', async () => {
  const { encode, DEFAULTS } = await import('$/state/urlstate')
  at.search = `?${encode({ ...DEFAULTS, overlays: ['prev'] })}`
  const { location } = await import('$/state/location.svelte')
  const { Explore } = await import('$/pages/explore/explore.svelte')
  const explore = new Explore()
  explore.load()
  explore.loadPrevious()
  expect(asked.length).toBe(1)
  asked[0]!.answer(answer(120 * MIN))
  await settle()
  explore.loadPrevious()
  expect(asked[1]!.query.time).toEqual({ from: '1970-01-01T01:00:00Z', to: '1970-01-01T02:00:00Z' })

  at.search = `?${encode({ ...DEFAULTS, overlays: ['prev'], filter: 'proto = 6' })}`
  location.search = at.search
  explore.load()
  explore.loadPrevious()
  await settle()
  expect(asked.length).toBe(3)
  asked[2]!.answer(answer(180 * MIN))
  await settle()
  explore.loadPrevious()
  expect(asked[3]!.query).toMatchObject({ filter: 'proto = 6', time: { from: '1970-01-01T02:00:00Z', to: '1970-01-01T03:00:00Z' } })
  explore.dispose()
})

it('does not ask for the period before unless its line is shown', async () => {
  at.search = ''
  const { Explore } = await import('$/pages/explore/explore.svelte')
  const explore = new Explore()
  explore.load()
  asked[0]!.answer(answer(120 * MIN))
  await settle()
  explore.loadPrevious()
  expect(asked.length).toBe(1)
  explore.dispose()
})
