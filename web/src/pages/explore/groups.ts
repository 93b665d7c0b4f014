// SPDX-License-Identifier: Apache-2.0
// One list of groups from two answers: the series (what is drawn, with its statistics) and the top (exact counters).
import type { Counters, Key, Names, SeriesAnswer, SeriesStats, TopAnswer } from '$/api/types'
import { compareIp } from '$/lib/ip'
import { valueText, type FieldValue } from '$/lib/record'

export interface Group {
  /** Same key, same id, whatever the answer it came from. */
  id: string
  key: Key
  names: Names | undefined
  stats: SeriesStats | undefined
  counters: Counters | undefined
}

export type SortColumn = 'avg' | 'p95' | 'max' | 'last' | 'bytes' | 'packets' | 'flows'
export interface Sort {
  /** A field of the key or a number. */
  column: string
  desc: boolean
}

const STATS: readonly string[] = ['avg', 'p95', 'max', 'last']

export const groupId = (key: Key, by: readonly string[]): string => JSON.stringify(by.map((field) => key[field] ?? null))

export function mergeGroups(series: SeriesAnswer | undefined, top: TopAnswer | undefined, by: readonly string[]): Group[] {
  const groups = new Map<string, Group>()
  for (const one of series?.series ?? []) {
    const id = groupId(one.key, by)
    groups.set(id, { id, key: one.key, names: one.names, stats: one, counters: undefined })
  }
  for (const row of top?.rows ?? []) {
    const id = groupId(row.key, by)
    const group = groups.get(id)
    if (group) Object.assign(group, { counters: row, names: row.names ?? group.names })
    else groups.set(id, { id, key: row.key, names: row.names, stats: undefined, counters: row })
  }
  return [...groups.values()]
}

/** What the groups left out have together. Flows may be counted in several groups at once (either end of a flow): the
    series has no rest then, and neither have the counters. */
export function restOf(series: SeriesAnswer | undefined, top: TopAnswer | undefined): Pick<Counters, 'bytes' | 'packets' | 'flows'> | undefined {
  if (!series?.other || !top) return undefined
  const rest = (of: 'bytes' | 'packets' | 'flows'): number => Math.max(0, top.total[of] - top.rows.reduce((sum, row) => sum + row[of], 0))
  return { bytes: rest('bytes'), packets: rest('packets'), flows: rest('flows') }
}

/** Number that a column shows, for sorting and for bars; undefined where the answer is not there. */
export function columnValue(group: Group, column: string): number | undefined {
  if (STATS.includes(column)) return group.stats?.[column as keyof Omit<SeriesStats, 'scaled'>]
  return group.counters?.[column as keyof Omit<Counters, 'scaled'>]
}

export function compareValues(a: FieldValue, b: FieldValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [x, y] = [valueText(a), valueText(b)]
  if (x === '' || y === '') return x === y ? 0 : x === '' ? 1 : -1
  return compareIp(x, y)
}

export function sortGroups(groups: Group[], sort: Sort | undefined, by: readonly string[]): Group[] {
  if (!sort) return groups
  const sign = sort.desc ? -1 : 1
  const compare = by.includes(sort.column)
    ? (a: Group, b: Group) => compareValues(a.key[sort.column], b.key[sort.column])
    : (a: Group, b: Group) => (columnValue(a, sort.column) ?? -1) - (columnValue(b, sort.column) ?? -1)
  return [...groups].sort((a, b) => sign * compare(a, b))
}
