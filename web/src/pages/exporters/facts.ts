// SPDX-License-Identifier: Apache-2.0
// Which numbers of an exporter are shown together, in which order. Their names and what they mean are texts:
// book.<name> and book.<name>.why.
import type { Exporter } from '$/api/types'

/** Beyond these a number is brought out. */
export const SKEW_WARN_MS = 2_000
export const SILENT_MS = 5 * 60_000

export type FactName =
  | 'rate_rps' | 'rate_1m_rps' | 'records' | 'datagrams' | 'bytes' | 'option_records' | 'first_seen' | 'last_seen'
  | 'lost_records' | 'lost_datagrams' | 'reordered' | 'repeated' | 'restarts' | 'duplicates'
  | 'templates' | 'templates_missing' | 'held_sets' | 'given_up' | 'templates_seen' | 'options_seen' | 'malformed'
  | 'clock_skew_ms' | 'lag_ms' | 'active_timeout_ms' | 'sampling_rate'

export const FACT_GROUPS: readonly { id: 'arriving' | 'lost' | 'decoding' | 'timing'; facts: readonly FactName[] }[] = [
  { id: 'arriving', facts: ['rate_rps', 'rate_1m_rps', 'records', 'datagrams', 'bytes', 'option_records', 'first_seen', 'last_seen'] },
  { id: 'lost', facts: ['lost_records', 'lost_datagrams', 'reordered', 'repeated', 'restarts', 'duplicates'] },
  { id: 'decoding', facts: ['templates', 'templates_missing', 'templates_seen', 'options_seen', 'held_sets', 'given_up', 'malformed'] },
  { id: 'timing', facts: ['lag_ms', 'clock_skew_ms', 'active_timeout_ms', 'sampling_rate'] },
]

export type Mark = 'bad' | 'warn' | undefined

/** Whether a number is a reason to look closer. */
export function factMark(one: Exporter, name: FactName, now: number): Mark {
  if (name === 'lost_records' || name === 'lost_datagrams' || name === 'given_up') return one[name] > 0 ? 'bad' : undefined
  if (name === 'templates_missing') return one.templates_missing > 0 ? 'bad' : undefined
  if (name === 'malformed') return malformedSum(one) > 0 ? 'bad' : undefined
  if (name === 'held_sets' || name === 'repeated') return one[name] > 0 ? 'warn' : undefined
  if (name === 'clock_skew_ms') return Math.abs(one.clock_skew_ms) > SKEW_WARN_MS ? 'warn' : undefined
  if (name === 'last_seen') return now - one.last_seen > SILENT_MS ? 'warn' : undefined
  return undefined
}

export const malformedSum = (one: Exporter): number => Object.values(one.malformed).reduce((sum, n) => sum + n, 0)

/** What is wrong with an exporter, short: names of facts that are marked as bad, lost ones left out. */
export function troubles(one: Exporter): { id: string; n: number }[] {
  const found = Object.entries(one.malformed).map(([id, n]) => ({ id, n }))
  for (const id of ['given_up', 'held_sets', 'repeated', 'restarts'] as const) found.push({ id, n: one[id] })
  return found.filter(({ n }) => n > 0)
}
