// SPDX-License-Identifier: Apache-2.0
// One function per route of the REST API. Everything that can go wrong comes out as an ApiError that says which of
// the four it was: nobody answered, the answer was a problem, the answer was not ours, or we gave up ourselves.
import type * as api from '$/api/types'

export type Failure = 'unreachable' | 'problem' | 'garbled' | 'cancelled'

export class ApiError extends Error {
  constructor(
    readonly failure: Failure,
    readonly status: number,
    readonly problem: api.Problem,
  ) {
    super(problem.detail ?? problem.title ?? failure)
  }

  /** The filter is what is wrong, and the problem says where. */
  get isFilter(): boolean {
    return this.status === 400 && this.problem.col !== undefined
  }

  /** The store does not answer, the API itself does. */
  get isStore(): boolean {
    return this.status === 502 || this.status === 503 || this.status === 504
  }
}

const BASE = '/api/v1'

interface Call {
  signal?: AbortSignal | undefined
  id?: string | undefined
}

async function request<T>(method: string, path: string, body?: unknown, call: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (call.id !== undefined) headers['x-query-id'] = call.id
  const init: RequestInit = { method, headers, signal: call.signal ?? null, cache: 'no-store' }
  if (body !== undefined) init.body = JSON.stringify(body)
  const response = await fetch(BASE + path, init).catch((cause: unknown) => {
    const aborted = cause instanceof DOMException && cause.name === 'AbortError'
    throw new ApiError(aborted ? 'cancelled' : 'unreachable', 0, {})
  })
  if (response.status === 204) return undefined as T
  const text = await response.text().catch(() => {
    throw new ApiError(call.signal?.aborted ? 'cancelled' : 'unreachable', 0, {})
  })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new ApiError('garbled', response.status, { status: response.status })
  }
  if (!response.ok) throw new ApiError('problem', response.status, parsed as api.Problem)
  return parsed as T
}

export const series = (query: api.Query, call?: Call) => request<api.SeriesAnswer>('POST', '/series', query, call)
export const top = (query: api.Query, call?: Call) => request<api.TopAnswer>('POST', '/top', query, call)
export const flows = (query: api.Query, call?: Call) => request<api.FlowsAnswer>('POST', '/flows', query, call)
export const fields = (call?: Call) => request<api.Field[]>('GET', '/fields', undefined, call)
export const exporters = (call?: Call) => request<api.Exporter[]>('GET', '/exporters', undefined, call)
export const accounting = (query: api.AccountingQuery, call?: Call) =>
  request<api.AccountingAnswer>('GET', `/accounting?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))}`, undefined, call)
export const interfaces = (query: api.InterfacesQuery, call?: Call) => request<api.InterfacesAnswer>('POST', '/interfaces', query, call)
export const status = (call?: Call) => request<api.Status>('GET', '/status', undefined, call)
export const filterCheck = (filter: string, call?: Call) =>
  request<api.FilterCheck>('POST', '/filter/check', { filter }, call)
export const filterComplete = (filter: string, pos: number, call?: Call) =>
  request<api.Completion>('POST', '/filter/complete', { filter, pos }, call)
export const cancel = (id: string) => request<void>('DELETE', `/queries/${encodeURIComponent(id)}`)

export type Rows = 'series' | 'top' | 'flows'

/** Address of the same rows as CSV, for a download link. */
export function csvPath(rows: Rows, query: api.Query): string {
  return `${BASE}/${rows}?q=${encodeURIComponent(JSON.stringify(query))}&format=csv`
}

export function newQueryId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')
}
