// SPDX-License-Identifier: Apache-2.0
// The state of Explore as an address and back: readable, short, versioned. What stands in the address is the whole
// state, so a link, the back button and "open in new tab" need nothing else. Version 1:
//   /explore?v=1&t=now-6h,now&f=dst_port+%3D+443&by=src_as,app_name&m=bps&g=stacked&n=20
//   optional: ov=p95,prev (lines over the chart), raw=1, lb=max|last, tab=flows, o=-bytes (order, - is descending), c=src_ip,bytes (columns of flows)
import { DEFAULT_RANGE, isBound, type TimeRange } from '$/lib/time'
import { isMetric, type Metric } from '$/lib/units'

export const URL_VERSION = 1
export const LIMITS = [5, 10, 15, 20, 30, 50] as const
export const MAX_LIMIT = 50

export type Graph = 'stacked' | 'lines'
export type Tab = 'top' | 'flows'
/** Lines over the chart: the 95th percentile of the sum, the sum of the period before. */
export const OVERLAYS = ['p95', 'prev'] as const
export type Overlay = (typeof OVERLAYS)[number]
export type LimitBy = 'avg' | 'max' | 'last'

export interface ExploreState {
  range: TimeRange
  filter: string
  by: string[]
  metric: Metric
  graph: Graph
  overlays: Overlay[]
  limit: number
  limitBy: LimitBy
  raw: boolean
  tab: Tab
  order: string
  desc: boolean
  /** Columns of the list of flows; empty = the person's own choice. */
  columns: string[]
}

export const DEFAULTS: Readonly<ExploreState> = {
  range: DEFAULT_RANGE,
  filter: '',
  by: ['src_ip'],
  metric: 'bps',
  graph: 'stacked',
  overlays: [],
  limit: 10,
  limitBy: 'avg',
  raw: false,
  tab: 'top',
  order: 't_last',
  desc: true,
  columns: [],
}

export interface Decoded {
  state: ExploreState
  /** Parameters that were not understood and fell back to the default. */
  ignored: string[]
}

const NAME = /^[a-z][a-z0-9_]{0,63}$/
const names = (text: string): string[] => [...new Set(text.split(',').filter((name) => NAME.test(name)))]

/** Like encodeURIComponent, but leaves what may stand in a query and people like to read. */
function escape(text: string): string {
  return encodeURIComponent(text)
    .replace(/%20/g, '+')
    .replace(/%(2C|3A|2F|28|29|40|3B)/g, (hex) => decodeURIComponent(hex))
}

export function encode(state: ExploreState): string {
  const out: [string, string][] = [
    ['v', String(URL_VERSION)],
    ['t', `${state.range.from},${state.range.to}`],
  ]
  if (state.filter !== '') out.push(['f', state.filter])
  out.push(['by', state.by.join(',')], ['m', state.metric], ['g', state.graph], ['n', String(state.limit)])
  if (state.limitBy !== DEFAULTS.limitBy) out.push(['lb', state.limitBy])
  if (state.overlays.length > 0) out.push(['ov', state.overlays.join(',')])
  if (state.raw) out.push(['raw', '1'])
  if (state.tab !== DEFAULTS.tab) out.push(['tab', state.tab])
  const order = (state.desc ? '-' : '') + state.order
  if (order !== '-t_last') out.push(['o', order])
  if (state.columns.length > 0) out.push(['c', state.columns.join(',')])
  return out.map(([key, value]) => `${key}=${escape(value)}`).join('&')
}

/** What changed between versions: each entry lifts the parameters from its version to the next. */
const MIGRATIONS: Record<number, (params: URLSearchParams) => void> = {}

export function decode(search: string): Decoded {
  const params = new URLSearchParams(search)
  const ignored: string[] = []
  const version = Number(params.get('v') ?? URL_VERSION)
  if (!Number.isInteger(version) || version < 1 || version > URL_VERSION) ignored.push('v')
  for (let v = version; v < URL_VERSION; v++) MIGRATIONS[v]?.(params)

  function read<T>(key: string, fallback: T, parse: (text: string) => T | undefined): T {
    const text = params.get(key)
    if (text === null) return fallback
    const value = parse(text)
    if (value === undefined) ignored.push(key)
    return value ?? fallback
  }
  const oneOf = <T extends string>(...allowed: T[]) => (text: string): T | undefined => allowed.find((a) => a === text)

  const order = read('o', '-t_last', (text) => (NAME.test(text.replace(/^-/, '')) ? text : undefined))
  const state: ExploreState = {
    range: read('t', DEFAULTS.range, parseRange),
    filter: params.get('f') ?? DEFAULTS.filter,
    by: read('by', [...DEFAULTS.by], names),
    metric: read('m', DEFAULTS.metric, (text) => (isMetric(text) ? text : undefined)),
    graph: read('g', DEFAULTS.graph, oneOf<Graph>('stacked', 'lines')),
    overlays: read('ov', [...DEFAULTS.overlays], parseOverlays),
    limit: read('n', DEFAULTS.limit, parseLimit),
    limitBy: read('lb', DEFAULTS.limitBy, oneOf<LimitBy>('avg', 'max', 'last')),
    raw: read('raw', false, (text) => (text === '1' ? true : text === '0' ? false : undefined)),
    tab: read('tab', DEFAULTS.tab, oneOf<Tab>('top', 'flows')),
    order: order.replace(/^-/, ''),
    desc: order.startsWith('-'),
    columns: read('c', [...DEFAULTS.columns], names),
  }
  return { state, ignored }
}

function parseRange(text: string): TimeRange | undefined {
  const [from, to, ...rest] = text.split(',')
  if (from === undefined || to === undefined || rest.length > 0 || !isBound(from) || !isBound(to)) return undefined
  return { from, to }
}

function parseLimit(text: string): number | undefined {
  const n = Number(text)
  return Number.isInteger(n) && n >= 1 && n <= MAX_LIMIT ? n : undefined
}

function parseOverlays(text: string): Overlay[] | undefined {
  const wanted = text.split(',')
  return wanted.every((one) => OVERLAYS.some((known) => known === one)) ? OVERLAYS.filter((one) => wanted.includes(one)) : undefined
}
