// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { approx, grouped, metric, percent, si, signedMs } from '$/lib/format'

const plain = (text: string): string => text.replace(/\u202f/g, ' ')

describe('si', () => {
  it.each([
    [0, 'b/s', '0 b/s'], [7, '', '7'], [999, 'B', '999 B'], [1000, 'B', '1.00 kB'], [1234, 'B', '1.23 kB'], [12_345, 'B', '12.3 kB'],
    [123_456, 'B', '123 kB'], [999_499, 'B', '999 kB'], [999_500, 'B', '1.00 MB'], [1.5, 'b/s', '1.50 b/s'], [0.25, 'p/s', '0.25 p/s'],
    [0.001, 'p/s', '< 0.01 p/s'], [-2_500_000, 'B', '−2.50 MB'], [4.2e18, '', '4.20 E'], [2.5e21, '', '2500 E'], [9_994, '', '9.99 k'],
    [9_996, '', '10.0 k'], [99_960, '', '100 k'],
  ])('%d %s', (value, unit, text) => expect(plain(si(value, unit))).toBe(text))

  it('has no number for what is none', () => expect(si(NaN)).toBe('–'))
})

describe('other numbers', () => {
  it('groups digits', () => {
    expect(plain(grouped(1_234_567))).toBe('1 234 567')
    expect(plain(grouped(999))).toBe('999')
    expect(plain(grouped(18_446_744_073_709_551_615n))).toBe('18 446 744 073 709 551 615')
    expect(plain(grouped(1234.5))).toBe('1 234.50')
  })

  it('marks scaled values, but not zero', () => {
    expect(approx('1.2 kB', true)).toBe('~1.2 kB')
    expect(approx('1.2 kB', false)).toBe('1.2 kB')
    expect(approx('0 B', true)).toBe('0 B')
    expect(approx('0.50 B', true)).toBe('~0.50 B')
  })

  it('prints metrics with their unit', () => {
    expect(plain(metric(8_000_000, 'bps', true))).toBe('~8.00 Mb/s')
    expect(metric(12, 'flows')).toBe('12')
    expect(metric(undefined, 'bps')).toBe('–')
  })

  it('prints shares and skews', () => {
    expect(plain(percent(0.1234))).toBe('12.3 %')
    expect(plain(percent(0.0002))).toBe('< 0.1 %')
    expect(plain(percent(1))).toBe('100 %')
    expect(plain(percent(0))).toBe('0.0 %')
    expect(plain(signedMs(-120))).toBe('−120 ms')
    expect(plain(signedMs(4800))).toBe('+4.8 s')
  })
})
