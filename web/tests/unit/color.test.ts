// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { hashName, OTHER, PALETTE, PANEL, swatches, withAlpha, type Theme } from '$/lib/color'

const linear = (hex: string): number[] =>
  [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
const luminance = (hex: string): number => {
  const [r, g, b] = linear(hex) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
/** WCAG 2 contrast ratio. */
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

/** Machado, Oliveira, Fernandes 2009, severity 1. */
const SEEN: Record<string, number[][]> = {
  everyone: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
function oklab(rgb: number[]): number[] {
  const [r, g, b] = rgb as [number, number, number]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}
function distance(a: string, b: string, sight: string): number {
  const see = (hex: string): number[] => {
    const rgb = linear(hex)
    return oklab(SEEN[sight]!.map((row) => Math.min(1, Math.max(0, row.reduce((sum, k, i) => sum + k * rgb[i]!, 0)))))
  }
  const [x, y] = [see(a), see(b)]
  return Math.hypot(...x.map((v, i) => v - y[i]!))
}

describe.each(['light', 'dark'] as Theme[])('%s palette', (theme) => {
  it('stands out from the panel', () => {
    for (const color of [...PALETTE[theme], OTHER[theme]]) expect(contrast(color, PANEL[theme])).toBeGreaterThanOrEqual(3)
  })

  it.each(Object.keys(SEEN))('has ten different colours for %s', (sight) => {
    const colors = PALETTE[theme]
    for (const [i, a] of colors.entries()) {
      for (const b of colors.slice(i + 1)) expect(distance(a, b, sight), `${a} ${b}`).toBeGreaterThan(0.075)
    }
  })
})

describe('swatches', () => {
  it('gives a name the same colour wherever it stands', () => {
    const alone = swatches(['198.51.100.7'], 'light')[0]!.color
    expect(swatches(['198.51.100.7', 'b', 'c'], 'light')[0]!.color).toBe(alone)
    expect(alone).toBe(PALETTE.light[hashName('198.51.100.7') % 10])
  })

  it('does not repeat a colour among ten, then starts a second round', () => {
    const names = Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`)
    const made = swatches(names, 'dark')
    expect(new Set(made.slice(0, 10).map((s) => s.color)).size).toBe(10)
    expect(made.slice(0, 10).every((s) => s.round === 0)).toBe(true)
    expect(made.slice(10).every((s) => s.round === 1)).toBe(true)
  })

  it('spreads like names', () => {
    const hits = new Set(Array.from({ length: 60 }, (_, i) => hashName(`10.0.0.${i}`) % 10))
    expect(hits.size).toBe(10)
  })
})

it('adds an opacity', () => expect(withAlpha('#102030', 0.5)).toBe('#10203080'))
