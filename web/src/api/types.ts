// SPDX-License-Identifier: Apache-2.0
// The REST API of docs/api.md as types.
import type { FieldValue } from '$/lib/record'
import type { TimeRange } from '$/lib/time'
import type { Metric } from '$/lib/units'

export interface Query {
  time: TimeRange
  filter?: string
  by?: string[]
  metric?: Metric
  limit?: number
  limit_by?: LimitBy
  step?: number
  order?: string
  desc?: boolean
  offset?: number
  raw?: boolean
  fields?: string[]
}

export type LimitBy = 'avg' | 'max' | 'last'
export type Key = Record<string, FieldValue>

export interface SeriesStats {
  min: number
  max: number
  avg: number
  p95: number
  last: number
  total: number
}

export interface Series extends SeriesStats {
  key: Key
  values: (number | null)[]
}

export interface SeriesAnswer {
  from: number
  to: number
  step_ms: number
  metric: Metric
  unit: string
  scaled: boolean
  source: string
  t: number[]
  series: Series[]
  other: (SeriesStats & { values: (number | null)[] }) | null
  elapsed_ms: number
  rows_read: number
}

export interface Counters {
  bytes: number
  packets: number
  flows: number
  value: number
}

export interface TopRow extends Counters {
  key: Key
}

export interface TopAnswer {
  from: number
  to: number
  metric: Metric
  scaled: boolean
  source: string
  rows: TopRow[]
  total: Counters
  groups: number
  /** Very many groups are counted from a sample; the rows are exact. */
  groups_estimated: boolean
  elapsed_ms: number
  rows_read: number
}

export type Flow = Record<string, FieldValue>

export interface FlowsAnswer {
  rows: Flow[]
  total: number
  offset: number
  elapsed_ms: number
  rows_read: number
}

export interface Field {
  name: string
  kind: string
  type: string
  unit: string
  agg: string
  doc: string
  groupable: boolean
  core: boolean
}

export type FilterCheck =
  | { ok: true; normalised: string }
  | { ok: false; line: number; col: number; end_col: number; message: string; expected?: string[] }

export interface CompletionItem {
  text: string
  kind: 'field' | 'operator' | 'value' | 'word'
  doc?: string
}

export interface Completion {
  from: number
  to: number
  items: CompletionItem[]
}

export type Reasons = Record<string, number>

export interface Exporter {
  exporter_ip: string
  /** UDP source port. */
  port?: number
  domain: number
  version: number
  datagrams: number
  records: number
  bytes: number
  rate_rps: number
  templates: number
  templates_missing: number
  lost_records: number
  /** Where sequence numbers count datagrams (NetFlow v9). */
  lost_datagrams?: number
  sampling_rate: number | null
  sampling_source: string | number | null
  first_seen: number
  last_seen: number
  clock_skew_ms: number | null
  malformed: Reasons
}

export interface Role {
  role: string
  state: string
  pid?: number | null
  uptime_s?: number | null
  error?: string | null
}

export interface Status {
  version: string
  now: number
  roles: Role[]
  listen: { proto: string; address: string; port: number }[]
  host_addresses: string[]
  accounting: {
    datagrams: { received: number; decoded: number; rejected: Reasons; kernel_drops?: number }
    records: {
      decoded: number
      spooled: number
      held: number
      dropped: Reasons
      stored: number
      waiting: number
      discarded: Reasons
      lost_before?: number
    }
    balanced: boolean
  }
  store: {
    bytes_on_disk: number
    rows: number
    oldest: number | null
    newest: number | null
    free_bytes: number
  } | null
  lag_ms: number | null
}

/** RFC 9457, with the position where a filter or a field is wrong. */
export interface Problem {
  type?: string
  title?: string
  status?: number
  detail?: string
  line?: number
  col?: number
  end_col?: number
  expected?: string[]
}
