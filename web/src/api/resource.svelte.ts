// SPDX-License-Identifier: Apache-2.0
// A query on the screen: the last good answer stays while the next one is on its way (stale while revalidate), a new
// question takes the place of the one before, and a slow one can be cancelled here and in the store. A question of which
// the server may give a coarse answer is asked that way first; the exact answer takes its place.
import { untrack } from 'svelte'
import { ApiError, cancel, newQueryId } from '$/api/client'

const CACHE_MAX = 40
/** After this the page offers to cancel. */
export const SLOW_MS = 1500

/** With `coarse` a quick answer will do, which then says `coarse: true` unless it is the exact one all the same. */
export type Fetcher<T> = (call: { signal: AbortSignal; id: string }, coarse: boolean) => Promise<T>

export class Resource<T> {
  data = $state.raw<T | undefined>(undefined)
  /** The key that `data` answers; differs from the asked one while an older answer is shown. */
  dataKey = $state<string | undefined>(undefined)
  error = $state.raw<ApiError | undefined>(undefined)
  loading = $state(false)
  /** What is shown is a coarse answer. */
  readonly coarse = $derived.by(() => this.data !== undefined && this.#isCoarse?.(this.data) === true)
  slow = $state(false)

  #cache = new Map<string, T>()
  #key: string | undefined
  #inFlight: { abort: AbortController; id: string } | undefined
  #slowTimer: ReturnType<typeof setTimeout> | undefined
  readonly #isCoarse: ((data: T) => boolean) | undefined

  /** isCoarse: of a question that the server may answer coarsely. */
  constructor(isCoarse?: (data: T) => boolean) {
    this.#isCoarse = isCoarse
  }

  /** Asks for `key`. A cached answer is shown at once and refreshed; `force` asks again for the same key.
      An effect that calls it does not depend on how it goes: what failed would be asked for again at once, for ever. */
  load(key: string, fetcher: Fetcher<T>, force = false): void {
    untrack(() => this.#load(key, fetcher, force))
  }

  #load(key: string, fetcher: Fetcher<T>, force: boolean): void {
    if (key === this.#key && !force && (this.loading || this.error === undefined)) return
    this.#stop()
    this.#key = key
    const cached = this.#cache.get(key)
    if (cached !== undefined && key !== this.dataKey) {
      this.data = cached
      this.dataKey = key
    }
    void this.#run(key, fetcher)
  }

  /** The person gave up: tell the store, keep what is on the screen. */
  cancel(): void {
    const id = this.#inFlight?.id
    this.#stop()
    if (id !== undefined) {
      this.error = new ApiError('cancelled', 0, {})
      cancel(id).catch(() => undefined)
    }
  }

  /** The page goes away. */
  dispose(): void {
    this.#stop()
    this.#key = undefined
  }

  async #run(key: string, fetcher: Fetcher<T>): Promise<void> {
    const flight = { abort: new AbortController(), id: newQueryId() }
    this.#inFlight = flight
    this.loading = true
    this.#slowTimer = setTimeout(() => (this.slow = true), SLOW_MS)
    // an answer to this question that is shown already is better than a coarse one
    let quick = this.#isCoarse !== undefined && key !== this.dataKey
    try {
      for (;;) {
        const data = await fetcher({ signal: flight.abort.signal, id: flight.id }, quick)
        if (this.#inFlight !== flight) return
        this.data = data
        this.dataKey = key
        this.error = undefined
        if (!quick || !this.coarse) break
        quick = false
        flight.id = newQueryId()
      }
      this.#remember(key, this.data as T)
    } catch (cause) {
      if (this.#inFlight !== flight) return
      this.error = cause instanceof ApiError ? cause : new ApiError('garbled', 0, { detail: String(cause) })
    }
    this.#inFlight = undefined
    this.#settle()
  }

  #remember(key: string, data: T): void {
    this.#cache.delete(key)
    this.#cache.set(key, data)
    if (this.#cache.size > CACHE_MAX) this.#cache.delete(this.#cache.keys().next().value as string)
  }

  #stop(): void {
    this.#inFlight?.abort.abort()
    this.#inFlight = undefined
    this.#settle()
  }

  #settle(): void {
    clearTimeout(this.#slowTimer)
    this.loading = false
    this.slow = false
  }
}
