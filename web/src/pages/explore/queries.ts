// SPDX-License-Identifier: Apache-2.0
// One query object for chart, table, list, export and the command line: this file makes it from the state of the page.
import type { Query } from '$/api/types'
import { absolute, type TimeRange } from '$/lib/time'
import type { ExploreState } from '$/state/urlstate'

/** Rows of flows that one download takes at most. */
export const EXPORT_MAX = 100_000

function base(state: ExploreState, time: TimeRange): Query {
  const query: Query = { time }
  if (state.filter !== '') query.filter = state.filter
  if (state.raw) query.raw = true
  return query
}

export function seriesQuery(state: ExploreState): Query {
  const query: Query = { ...base(state, state.range), by: state.by, metric: state.metric, limit: state.limit }
  if (state.limitBy !== 'avg') query.limit_by = state.limitBy
  return query
}

/** The sum of the period before the one shown, in the same steps. */
export function previousQuery(state: ExploreState, shown: { from: number; to: number; step_ms: number }): Query {
  const time = absolute({ from: shown.from - (shown.to - shown.from), to: shown.from })
  return { ...base(state, time), by: [], metric: state.metric, step: shown.step_ms / 1000 }
}

export function topQuery(state: ExploreState): Query {
  return { ...base(state, state.range), by: state.by, metric: state.metric, limit: state.limit }
}

export function flowsQuery(state: ExploreState, time: TimeRange): Query {
  return { ...base(state, time), order: state.order, desc: state.desc }
}

/** The same question, of which a coarse answer will do. */
export const quick = (query: Query, coarse: boolean): Query => (coarse ? { ...query, coarse } : query)

const shellQuote = (text: string): string => (/^[\w./:,@=+-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`)

export type View = 'series' | 'top' | 'flows'

export function curl(origin: string, view: View, query: Query): string {
  const body = JSON.stringify(query)
  return `curl -s ${origin}/api/v1/${view} \\\n  -H 'Content-Type: application/json' \\\n  -d ${shellQuote(body)}`
}

export function command(view: View, query: Query): string {
  const words = ['weir', view]
  const by = (query.by ?? []).join(',')
  if (view === 'series') {
    if (by !== '') words.push('-s', by)
    words.push('-m', query.metric ?? 'bps')
  }
  if (view === 'top' && by !== '') words.push('-s', `${by}/${query.metric ?? 'bps'}`)
  if (view === 'flows' && query.order) words.push('-O', query.order)
  words.push('-t', `${query.time.from}/${query.time.to}`)
  if (query.limit !== undefined) words.push('-n', String(query.limit))
  if (query.raw) words.push('--raw')
  if (query.filter) words.push(query.filter)
  return words.map((word) => shellQuote(word)).join(' ')
}
