// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import {
  formatDuration, formatSpan, formatStamp, isBound, parseTyped, relativeOf, resolveBound, resolveRange, shift, toBound, zoomOut,
} from '$/lib/time'

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0)

describe('bounds', () => {
  it.each([
    ['now', NOW],
    ['now-90s', NOW - 90_000],
    ['now-5m', NOW - 300_000],
    ['now-6h', NOW - 21_600_000],
    ['now-2d', NOW - 172_800_000],
    ['now-1w', NOW - 604_800_000],
    ['2026-01-15T11:00:00Z', NOW - 3_600_000],
    ['2026-01-15T12:00:00+01:00', NOW - 3_600_000],
    ['1768478400000', NOW],
  ])('%s', (bound, ms) => expect(resolveBound(bound, NOW)).toBe(ms))

  it.each(['', 'now-', 'now-5y', 'now+1h', 'tomorrow', '2026-01-15', '2026-13-01T00:00:00Z', '12'])('refuses %j', (bound) =>
    expect(isBound(bound)).toBe(false))

  it('refuses an empty range', () => {
    expect(resolveRange({ from: 'now', to: 'now' }, NOW)).toBeNull()
    expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toBeNull()
  })

  it('writes a time back without zero parts', () => {
    expect(toBound(NOW)).toBe('2026-01-15T12:00:00Z')
    expect(toBound(NOW + 5)).toBe('2026-01-15T12:00:00.005Z')
  })
})

describe('moving a range', () => {
  it('goes back by its own width', () => {
    expect(shift({ from: 'now-1h', to: 'now' }, -1, NOW)).toEqual({ from: '2026-01-15T10:00:00Z', to: '2026-01-15T11:00:00Z' })
  })

  it('never goes past now', () => {
    const range = { from: '2026-01-15T10:30:00Z', to: '2026-01-15T11:30:00Z' }
    expect(shift(range, 1, NOW)).toEqual({ from: '2026-01-15T11:00:00Z', to: '2026-01-15T12:00:00Z' })
    expect(shift({ from: 'now-1h', to: 'now' }, 1, NOW)).toEqual({ from: 'now-1h', to: 'now' })
  })

  it('keeps a live range live when it gets wider', () => {
    expect(zoomOut({ from: 'now-1h', to: 'now' }, NOW)).toEqual({ from: 'now-2h', to: 'now' })
    expect(zoomOut({ from: 'now-45m', to: 'now' }, NOW)).toEqual({ from: 'now-90m', to: 'now' })
  })

  it('widens a fixed range around its middle', () => {
    const range = { from: '2026-01-15T08:00:00Z', to: '2026-01-15T10:00:00Z' }
    expect(zoomOut(range, NOW)).toEqual({ from: '2026-01-15T07:00:00Z', to: '2026-01-15T11:00:00Z' })
  })

  it('names widths in the largest whole unit', () => {
    expect(relativeOf(86_400_000)).toBe('now-1d')
    expect(relativeOf(5_400_000)).toBe('now-90m')
    expect(relativeOf(1234)).toBeNull()
  })
})

describe('typed times', () => {
  it.each([
    ['6h', 'now-6h'],
    ['-90m', 'now-90m'],
    ['2d ago', 'now-2d'],
    ['now-1h', 'now-1h'],
    ['2026-01-15', '2026-01-15T00:00:00Z'],
    ['2026-1-15 9:05', '2026-01-15T09:05:00Z'],
    ['2026/01/15.12:00', '2026-01-15T12:00:00Z'],
    ['2026-01-15 12:00:07', '2026-01-15T12:00:07Z'],
  ])('%s', (typed, bound) => expect(parseTyped(typed, true)).toBe(bound))

  it.each(['', 'soon', '2026-02-30', '2026-13-01', '2026-01-15 25:00', '2026-01-15 12:61'])('refuses %j', (typed) =>
    expect(parseTyped(typed, true)).toBeNull())
})

describe('printed times', () => {
  it('prints UTC', () => {
    expect(formatStamp(NOW + 7, true, true)).toBe('2026-01-15 12:00:00.007')
    expect(formatSpan({ from: NOW - 3_600_000, to: NOW }, true)).toBe('2026-01-15 11:00 – 12:00')
    expect(formatSpan({ from: NOW - 86_400_000, to: NOW + 5000 }, true)).toBe('2026-01-14 12:00 – 2026-01-15 12:00:05')
  })

  it.each([
    [0, '0 s'], [400, '0 s'], [8_000, '8 s'], [60_000, '1 min'], [754_000, '12 min 34 s'], [90_000_000, '1 d 1 h'], [86_400_000, '1 d'],
  ])('duration of %d ms', (ms, text) => expect(formatDuration(ms)).toBe(text))
})
