// SPDX-License-Identifier: Apache-2.0
// Stacked areas are drawn by giving the chart running sums. Gaps (null) count as nothing in the sum, but a series
// that is hidden must not lift the ones above it.

export type Column = (number | null)[]

/** Running sums from the first column up, leaving out those not visible (they come back as they were). */
export function stack(columns: Column[], visible: boolean[]): Column[] {
  const length = columns[0]?.length ?? 0
  const sums = new Array<number>(length).fill(0)
  return columns.map((column, i) => {
    if (!visible[i]) return column
    return column.map((value, at) => (sums[at] = sums[at]! + (value ?? 0)))
  })
}

/** For each visible column the one it stands on: pairs [upper, lower] of column indices; none for the lowest. */
export function bands(visible: boolean[]): [number, number][] {
  const shown = visible.flatMap((on, i) => (on ? [i] : []))
  return shown.slice(1).map((upper, i) => [upper, shown[i]!])
}

/** Index of the bin that holds time x (t ascending), or the nearest end. */
export function binAt(t: number[], x: number): number {
  let low = 0
  let high = t.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (t[middle]! <= x) low = middle
    else high = middle - 1
  }
  return Math.max(0, low)
}
