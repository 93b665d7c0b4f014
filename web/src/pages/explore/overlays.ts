// SPDX-License-Identifier: Apache-2.0
// Lines over the chart: what 95 % of the steps stay under (what transit is billed by), and the period before.
import type { SeriesAnswer } from '$/api/types'
import type { Column } from '$/lib/stack'

/** The sum of columns, step by step. */
export function sumOf(columns: Column[]): number[] {
  const length = columns[0]?.length ?? 0
  return Array.from({ length }, (_, i) => columns.reduce((sum, column) => sum + (column[i] ?? 0), 0))
}

/** Nearest rank, as the server computes it: the smallest value that at least 95 % are not above. */
export function p95(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0
}

/** The sum of an answer without groups, on the steps of the answer that is shown: bin by bin. */
export function previousLine(previous: SeriesAnswer | undefined, shown: SeriesAnswer): Column {
  const fits = previous !== undefined && previous.step_ms === shown.step_ms && previous.to === shown.from && previous.metric === shown.metric
  const values = fits ? previous.series[0]?.values : undefined
  return shown.t.map((_, i) => values?.[i] ?? null)
}
