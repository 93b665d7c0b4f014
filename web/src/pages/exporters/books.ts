// SPDX-License-Identifier: Apache-2.0
// From counters over time to what the charts of the books show.
import type { AccountingAnswer, Lines } from '$/api/types'

export interface BookLine {
  /** Name of the counter or the reason. */
  id: string
  values: (number | null)[]
  /** Drawn dashed in the colour of this other line: the same thing seen another way. */
  like?: string
}

/** The collector writes what grew in ten seconds when they are over; the store has it a little later. */
const WRITTEN_AFTER_MS = 12_000
const REASONS_MAX = 8

/** How many of the first steps are complete at `now`. */
export function complete(answer: AccountingAnswer, now: number): number {
  return answer.t.filter((at) => at + answer.step_ms + WRITTEN_AFTER_MS <= now || at + answer.step_ms < now - answer.step_ms).length
}

const cut = (values: (number | null)[], n: number): (number | null)[] => values.map((value, i) => (i < n ? value : null))
const zeros = (answer: AccountingAnswer): (number | null)[] => answer.t.map(() => 0)

/** A counter as a rate; zero where it did not grow, nothing where the step is not complete. */
export function rate(answer: AccountingAnswer, name: string, now: number): BookLine {
  const values = (answer.counters[name] ?? zeros(answer)).map((n) => (n === null ? null : (n * 1000) / answer.step_ms))
  return { id: name, values: cut(values, complete(answer, now)) }
}

export function gauge(answer: AccountingAnswer, name: string): BookLine {
  return { id: name, values: answer.gauges[name] ?? answer.t.map(() => null) }
}

/** Per cent of what was sent that did not arrive; nothing where nothing was sent. */
export function lostPercent(answer: AccountingAnswer, lost: string, arrived: string, now: number): BookLine {
  const [a, b] = [answer.counters[lost] ?? zeros(answer), answer.counters[arrived] ?? zeros(answer)]
  const values = a.map((n, i) => {
    const sent = (n ?? 0) + (b[i] ?? 0)
    return sent === 0 ? null : (100 * (n ?? 0)) / sent
  })
  return { id: lost, values: cut(values, complete(answer, now)) }
}

const total = (values: (number | null)[]): number => values.reduce<number>((sum, n) => sum + (n ?? 0), 0)

/** The counters with these names, or of these groups ("drop."), that grew; the biggest first. */
export function reasons(answer: AccountingAnswer, wanted: readonly string[]): BookLine[] {
  const lines: Lines = answer.counters
  return Object.entries(lines)
    .filter(([name, values]) => wanted.some((one) => (one.endsWith('.') ? name.startsWith(one) : name === one)) && total(values) > 0)
    .map(([id, values]) => ({ id, values }))
    .sort((a, b) => total(b.values) - total(a.values))
    .slice(0, REASONS_MAX)
}

/** "drop.no_template" -> "no_template". */
export const reasonOf = (name: string): string => name.slice(name.indexOf('.') + 1)

export const isEmpty = (lines: readonly BookLine[]): boolean => lines.every((line) => line.values.every((n) => n === null || n === 0))
