// SPDX-License-Identifier: Apache-2.0
// Rows of a long list that the server keeps: only the pages around the window are fetched, and kept while the list is
// the same. A new list (other filter, other order) shows the old rows until its first page is there.
import { pagesOf } from '$/lib/virtual'

export const PAGE = 200
const PAGES_MAX = 60
const AT_ONCE = 3

export interface Page<T> {
  rows: T[]
  total: number
}

export type FetchPage<T> = (offset: number, limit: number, signal: AbortSignal) => Promise<Page<T>>

export class PagedRows<T> {
  total = $state(0)
  loading = $state(false)
  error = $state.raw<unknown>(undefined)
  /** Grows whenever a page arrives, so that the table looks again. */
  version = $state(0)

  #pages = new Map<number, T[]>()
  #asked = new Map<number, AbortController>()
  #fetch: FetchPage<T> | undefined
  #stale = false
  #window = { first: 0, end: 0 }

  /** A new list. */
  reset(fetch: FetchPage<T>): void {
    this.#abort()
    this.#fetch = fetch
    this.#stale = true
    this.error = undefined
    this.#next()
  }

  row(index: number): T | undefined {
    void this.version
    return this.#pages.get(index - (index % PAGE))?.[index % PAGE]
  }

  /** Rows first..end are in view. */
  want(first: number, end: number): void {
    this.#window = { first, end }
    if (!this.#stale) this.#next()
  }

  retry(): void {
    this.error = undefined
    this.#next()
  }

  dispose(): void {
    this.#abort()
  }

  #next(): void {
    if (this.error !== undefined) return
    const { first, end } = this.#window
    const wanted = this.#stale ? [0] : pagesOf(first, Math.max(end, 1), PAGE)
    for (const [offset, request] of this.#asked) {
      if (!wanted.includes(offset)) {
        request.abort()
        this.#asked.delete(offset)
      }
    }
    for (const offset of wanted) {
      if (this.#asked.size >= AT_ONCE) break
      const known = !this.#stale && this.#pages.has(offset)
      if (!known && !this.#asked.has(offset)) void this.#load(offset)
    }
    this.loading = this.#asked.size > 0
  }

  async #load(offset: number): Promise<void> {
    const fetch = this.#fetch
    if (!fetch) return
    const request = new AbortController()
    this.#asked.set(offset, request)
    this.loading = true
    try {
      const page = await fetch(offset, PAGE, request.signal)
      if (request.signal.aborted || fetch !== this.#fetch) return
      if (this.#stale) this.#pages.clear()
      this.#stale = false
      this.#pages.delete(offset)
      this.#pages.set(offset, page.rows)
      if (this.#pages.size > PAGES_MAX) this.#pages.delete(this.#pages.keys().next().value as number)
      this.total = page.total
      this.version++
    } catch (cause) {
      if (request.signal.aborted || fetch !== this.#fetch) return
      this.error = cause
    }
    this.#asked.delete(offset)
    this.loading = this.#asked.size > 0
    this.#next()
  }

  #abort(): void {
    for (const request of this.#asked.values()) request.abort()
    this.#asked.clear()
    this.loading = false
  }
}
