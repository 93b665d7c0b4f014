// SPDX-License-Identifier: Apache-2.0
// Queries asked from effects, as pages do it.
import { webcrypto } from 'node:crypto'
import { flushSync } from 'svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ApiError } from '$/api/client'
import { Resource } from '$/api/resource.svelte'

beforeEach(() => vi.stubGlobal('crypto', webcrypto)) // every browser has it; node 18 does not
afterEach(() => vi.unstubAllGlobals())

/** Lets everything run that is ready to. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    flushSync()
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}

it('asks once for what fails, until the effect runs for another reason', async () => {
  const resource = new Resource<number>()
  let time = $state(0)
  let calls = 0
  const stop = $effect.root(() => {
    $effect(() => {
      void time
      resource.load('a', async () => {
        calls++
        throw new ApiError('unreachable', 0, {})
      })
    })
  })
  await settle()
  expect([calls, resource.error?.failure, resource.loading]).toEqual([1, 'unreachable', false])
  time = 1
  await settle()
  expect(calls).toBe(2)
  stop()
})

it('does not make an effect depend on what the question reads', async () => {
  const resource = new Resource<number>()
  let factor = $state(2)
  let runs = 0
  const stop = $effect.root(() => {
    $effect(() => {
      runs++
      resource.load('a', async () => factor * 21)
    })
  })
  await settle()
  factor = 3
  await settle()
  expect([runs, resource.data]).toEqual([1, 42])
  stop()
})

it('asks for a coarse answer first, and for the exact one if it was', async () => {
  const resource = new Resource<{ coarse: boolean; n: number }>((data) => data.coarse)
  const shown: unknown[] = []
  const ids = new Set<string>()
  let open: (() => void) | undefined
  const fetcher = async ({ id }: { id: string }, coarse: boolean) => {
    ids.add(id)
    if (!coarse) await new Promise<void>((resolve) => (open = resolve))
    return { coarse, n: coarse ? 1 : 2 }
  }
  resource.load('a', fetcher)
  await settle()
  shown.push([resource.data?.n, resource.coarse, resource.loading])
  open?.()
  await settle()
  shown.push([resource.data?.n, resource.coarse, resource.loading])
  resource.load('a', fetcher, true)
  await settle()
  shown.push([resource.data?.n, resource.coarse, resource.loading])
  open?.()
  await settle()
  expect(shown).toEqual([[1, true, true], [2, false, false], [2, false, true]])
  expect(ids.size).toBe(3)
  resource.load('b', async () => ({ coarse: false, n: 3 }))
  await settle()
  expect([resource.data?.n, resource.loading]).toEqual([3, false])
})
