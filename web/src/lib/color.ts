// SPDX-License-Identifier: Apache-2.0
// Colours of series. A name keeps its colour on every page because the colour comes from a hash of the name. The ten
// colours of each theme keep a contrast of 3:1 with the panel and stay apart for people who do not see red or green.

export const PALETTE = {
  light: [
    '#1271b4', '#bb861c', '#19a76d', '#823459', '#8482e5', '#823c0f', '#5c97b0', '#4a4598', '#7c711e', '#8f6173',
  ],
  dark: [
    '#94cafc', '#d4871b', '#7adbad', '#a44476', '#8382dd', '#d46771', '#66a3b4', '#575dba', '#7f6a06', '#d7c655',
  ],
} as const

export const OTHER = { light: '#8a949c', dark: '#66727c' } as const
/** Lines over the series: the ink of the theme. */
export const OVERLAY = { light: '#16212a', dark: '#e2e9ee' } as const
/** Backgrounds the palettes were made for; tokens.css has the same values as --panel. */
export const PANEL = { light: '#ffffff', dark: '#11171c' } as const

export type Theme = keyof typeof PALETTE

export interface Swatch {
  color: string
  /** How many times the palette was already used up: lines of the second round are dashed. */
  round: number
}

/** FNV-1a with a final mix, so that names that differ in the last letter part. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

/**
 * One swatch per name, in order. A name gets the colour of its hash; if an earlier name of the list has it, the next
 * free one, so that no two of the first ten look the same.
 */
export function swatches(names: readonly string[], theme: Theme): Swatch[] {
  const colors = PALETTE[theme]
  const uses = new Array<number>(colors.length).fill(0)
  return names.map((name) => {
    const wanted = hashName(name) % colors.length
    const round = Math.min(...uses)
    let index = wanted
    while (uses[index]! > round) index = (index + 1) % colors.length
    uses[index]!++
    return { color: colors[index]!, round }
  })
}

/** #rrggbb with an opacity, for areas. */
export function withAlpha(hex: string, alpha: number): string {
  const byte = Math.round(alpha * 255).toString(16).padStart(2, '0')
  return `${hex}${byte}`
}
