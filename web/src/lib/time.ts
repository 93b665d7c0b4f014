// SPDX-License-Identifier: Apache-2.0
// Points in time as a person writes them. A bound is kept as text, exactly as it stands in the URL and in the query
// object, so that "the last hour" stays the last hour when the link is opened tomorrow.

/** `now`, `now-6h`, RFC 3339 in UTC, or ms since the epoch in digits. */
export type Bound = string

export interface TimeRange {
  from: Bound
  to: Bound
}

/** ms since the epoch, `to` exclusive. */
export interface Span {
  from: number
  to: number
}

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const WEEK = 7 * DAY

const UNITS: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: WEEK }
const RELATIVE = /^now(?:-(\d{1,6})([smhdw]))?$/
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/
/** What a person types: a date, or a date with a time, in the shown time zone. */
const LOOSE = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T.](\d{1,2}):(\d\d)(?::(\d\d))?)?$/

export const PRESETS = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d', '90d'] as const
export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' }

/** The bound in ms since the epoch, or null if it is not one. */
export function resolveBound(bound: Bound, now: number): number | null {
  const rel = RELATIVE.exec(bound)
  if (rel) return now - (rel[1] ? Number(rel[1]) * UNITS[rel[2]!]! : 0)
  if (/^\d{9,14}$/.test(bound)) return Number(bound)
  if (RFC3339.test(bound)) {
    const ms = Date.parse(bound)
    return Number.isNaN(ms) ? null : ms
  }
  return null
}

export const isBound = (bound: Bound): boolean => resolveBound(bound, 0) !== null
export const isRelative = (bound: Bound): boolean => RELATIVE.test(bound)
export const isLive = (range: TimeRange): boolean => range.to === 'now'

/** The range in ms; null if a bound is not one or the range is empty. */
export function resolveRange(range: TimeRange, now: number): Span | null {
  const from = resolveBound(range.from, now)
  const to = resolveBound(range.to, now)
  return from === null || to === null || from >= to ? null : { from, to }
}

/** RFC 3339 UTC, without the parts that are zero. */
export function toBound(ms: number): Bound {
  return new Date(Math.round(ms)).toISOString().replace(/\.000Z$/, 'Z')
}

export function absolute(span: Span): TimeRange {
  return { from: toBound(span.from), to: toBound(span.to) }
}

/** Moves the range by whole widths of itself; never past now. A live range that would end after now stays live. */
export function shift(range: TimeRange, periods: number, now: number): TimeRange {
  const span = resolveRange(range, now)
  if (!span) return range
  const width = span.to - span.from
  const to = Math.min(span.to + periods * width, now)
  if (periods > 0 && isLive(range)) return range
  return absolute({ from: to - width, to })
}

/** Twice as wide around the same middle; at the right edge it grows to the left only. */
export function zoomOut(range: TimeRange, now: number): TimeRange {
  const span = resolveRange(range, now)
  if (!span) return range
  const width = span.to - span.from
  if (isLive(range)) {
    const wider = relativeOf(2 * width)
    if (wider) return { from: wider, to: 'now' }
  }
  const to = Math.min(span.to + width / 2, now)
  return absolute({ from: to - 2 * width, to })
}

/** `now-...` for a width that is a whole number of minutes, else null. */
export function relativeOf(width: number): Bound | null {
  const exact = (['d', 'h', 'm', 's'] as const).find((u) => width % UNITS[u]! === 0 && width >= UNITS[u]!)
  return exact ? `now-${width / UNITS[exact]!}${exact}` : null
}

/** What a person typed into the time picker, as a bound; null if it cannot be read. */
export function parseTyped(text: string, utc: boolean): Bound | null {
  const typed = text.trim()
  const short = /^-?(\d{1,6})([smhdw])(?: ago)?$/.exec(typed)
  if (short) return `now-${short[1]}${short[2]}`
  if (isBound(typed)) return typed
  const m = LOOSE.exec(typed)
  if (!m) return null
  const [year, month, day, hour, minute, second] = m.slice(1).map((part) => Number(part ?? 0)) as number[]
  const parts = [year!, month! - 1, day!, hour!, minute!, second!] as const
  const date = utc ? new Date(Date.UTC(...parts)) : new Date(...parts)
  const sameDay = (utc ? date.getUTCDate() : date.getDate()) === day
  return sameDay && month! >= 1 && month! <= 12 && hour! < 24 && minute! < 60 && second! < 60
    ? toBound(date.getTime())
    : null
}

const pad = (n: number, width = 2): string => String(n).padStart(width, '0')

/** 2026-01-31 09:05:07(.123) in the shown time zone. */
export function formatStamp(ms: number, utc: boolean, millis = false): string {
  const d = new Date(ms)
  const p = utc
    ? [d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds()]
    : [d.getFullYear(), d.getMonth(), d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds()]
  const date = `${p[0]}-${pad(p[1]! + 1)}-${pad(p[2]!)}`
  const time = `${pad(p[3]!)}:${pad(p[4]!)}:${pad(p[5]!)}`
  return millis ? `${date} ${time}.${pad(d.getMilliseconds(), 3)}` : `${date} ${time}`
}

/** The two ends without what they share: `2026-01-31 09:00 – 10:30`. */
export function formatSpan(span: Span, utc: boolean): string {
  const [from, to] = [formatStamp(span.from, utc), formatStamp(span.to, utc)]
  const trim = (s: string): string => s.replace(/:00$/, '')
  return from.slice(0, 10) === to.slice(0, 10)
    ? `${trim(from)} – ${trim(to.slice(11))}`
    : `${trim(from)} – ${trim(to)}`
}

/** Largest two units: `3 d 4 h`, `12 min`, `8 s`. Units are the international symbols. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.round(ms / SECOND))
  const steps: [number, string][] = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  const first = steps.findIndex(([size]) => total >= size)
  if (first < 0) return '0 s'
  let rest = total
  return steps
    .slice(first, first + 2)
    .map(([size, unit]) => {
      const n = Math.floor(rest / size)
      rest -= n * size
      return n > 0 ? `${n} ${unit}` : ''
    })
    .filter((part) => part !== '')
    .join(' ')
}
