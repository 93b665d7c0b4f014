// SPDX-License-Identifier: Apache-2.0
// Numbers as text, the same everywhere: SI prefixes with three significant digits for reading, exact digits in
// groups for checking. A value that was multiplied by a sampling rate carries a tilde.
import { METRIC_INFO, type Metric } from '$/lib/units'

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E']
/** Narrow no-break space, the SI separator of digit groups and units. */
export const NNBSP = '\u202f'

/** 1234567 -> "1.23 M" + unit. Below 1000 whole numbers stay whole. */
export function si(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return '–'
  let scaled = Math.abs(value)
  let power = 0
  while (scaled >= 999.5 && power < PREFIXES.length - 1) {
    scaled /= 1000
    power++
  }
  const digits = power === 0 && Number.isInteger(value) ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
  const number = scaled === 0 ? '0' : scaled < 0.01 ? '< 0.01' : scaled.toFixed(digits)
  const symbol = `${PREFIXES[power]}${unit}`
  return `${value < 0 ? '−' : ''}${number}${symbol === '' ? '' : NNBSP + symbol}`
}

/** 1234567 -> "1 234 567", exact. */
export function grouped(value: number | bigint): string {
  const text = typeof value === 'bigint' || Number.isInteger(value) ? value.toString() : value.toFixed(2)
  const [whole, fraction] = text.split('.') as [string, string?]
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, NNBSP)
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}

export function approx(text: string, scaled: boolean): string {
  return scaled && !/^0(?![.\d])/.test(text) ? `~${text}` : text
}

export function metric(value: number | null | undefined, which: Metric, scaled = false): string {
  return value === null || value === undefined ? '–' : approx(si(value, METRIC_INFO[which].unit), scaled)
}

/** A share of 0..1: "12.3 %". */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const p = share * 100
  return `${p > 0 && p < 0.1 ? '< 0.1' : p.toFixed(p >= 99.95 ? 0 : 1)}${NNBSP}%`
}

/** A time that is rarely negative, so that only then a sign says something. */
export const plainMs = (ms: number): string => signedMs(ms).replace(/^\+/, '')

export function signedMs(ms: number): string {
  const sign = ms > 0 ? '+' : ms < 0 ? '−' : ''
  const abs = Math.abs(ms)
  return abs < 1000 ? `${sign}${abs}${NNBSP}ms` : `${sign}${(abs / 1000).toFixed(1)}${NNBSP}s`
}
