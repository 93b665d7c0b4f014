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
  duplicates?: boolean
  coarse?: boolean
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
  /** Some of it was multiplied by a sampling rate. */
  scaled?: boolean
}

/** What the values of a key are called; percent: how full an interface of known speed is, where the metric is bps. */
export type Names = Record<string, { name: string; description?: string; speed?: number; percent?: number }>

export interface Series extends SeriesStats {
  key: Key
  names?: Names
  values: (number | null)[]
}

export interface SeriesAnswer {
  from: number
  to: number
  step_ms: number
  metric: Metric
  unit: string
  scaled: boolean
  /** Estimated from a part of the flows, because the query allowed it. */
  coarse: boolean
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
  /** Its counters were multiplied by a sampling rate. */
  scaled?: boolean
}

export interface TopRow extends Counters {
  key: Key
  names?: Names
}

export interface TopAnswer {
  from: number
  to: number
  metric: Metric
  scaled: boolean
  coarse: boolean
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

/** What is kept about each exporter: src/model/account.def. */
export interface Account {
  datagrams: number
  records: number
  option_records: number
  bytes: number
  /** An estimate where sequence numbers count datagrams (NetFlow v9, sFlow). */
  lost_records: number
  lost_datagrams: number
  reordered: number
  repeated: number
  restarts: number
  duplicates: number
  given_up: number
  templates: number
  templates_missing: number
  held_sets: number
  sampling_rate: number
  clock_skew_ms: number
  lag_ms: number
  active_timeout_ms: number
}

export interface Exporter extends Account {
  exporter_ip: string
  /** Source port. */
  port?: number
  transport?: string
  domain: number
  version: number
  /** Records per second, over the last ten seconds and the last minute. */
  rate_rps: number
  rate_1m_rps: number
  lost_percent: number
  lost_estimated: boolean
  sampling_source: string | number | null
  /** Ids of missing templates, the first of them. */
  missing: number[]
  first_seen: number
  last_seen: number
  /** 0 = none yet. */
  options_seen: number
  templates_seen: number
  malformed: Reasons
}

export type Lines = Record<string, (number | null)[]>

/** Counters over time: growth in each step, and gauges as they stood at its end. */
export interface AccountingAnswer {
  from: number
  to: number
  step_ms: number
  t: number[]
  counters: Lines
  gauges: Lines
}

export interface AccountingQuery {
  from: string
  to: string
  exporter_ip?: string
  domain?: number
  version?: number
}

/** What an interface carried, by the device's own counters. */
export interface Interface {
  exporter_ip: string
  agent_ip: string
  domain: number
  if_index: number
  status: string
  last_seen: number
  speed: number | null
  in_bps: number | null
  out_bps: number | null
  in_percent: number | null
  out_percent: number | null
  in_pps: number | null
  out_pps: number | null
  in_errors: number | null
  out_errors: number | null
  in_discards: number | null
  out_discards: number | null
  in?: (number | null)[]
  out?: (number | null)[]
}

export interface InterfacesAnswer {
  from: number
  to: number
  step_ms: number
  t: number[]
  interfaces: Interface[]
}

export interface InterfacesQuery {
  time: TimeRange
  exporter_ip: string
  series?: boolean
  step?: number
  limit?: number
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
  /** null: the collector does not answer. */
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
  } | null
  store: {
    bytes_on_disk: number
    rows: number
    oldest: number | null
    newest: number | null
    free_bytes: number
    /** Why the store does not answer; the numbers mean nothing then. */
    error?: string
  } | null
  /** null: the collector does not answer. */
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
