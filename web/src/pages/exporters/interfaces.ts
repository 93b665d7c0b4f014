// SPDX-License-Identifier: Apache-2.0
// Interfaces by the device's own counters, and beside them what the flows of the same interface add up to.
import type { Interface, InterfacesAnswer, SeriesAnswer } from '$/api/types'
import { resolveRange, type TimeRange } from '$/lib/time'
import type { Chosen } from '$/pages/exporters/route'

export interface InterfaceRow {
  counters: Interface
  name: string | undefined
  description: string | undefined
  /** Mean bit/s of its flows; undefined where there are none. */
  flowsIn: number | undefined
  flowsOut: number | undefined
}

const STEPS_S = [60, 300, 900, 3600, 21_600, 86_400]
const BINS = 180

/** Seconds of a step that both questions are asked with, so that their bins are the same. */
export function stepFor(range: TimeRange, now: number): number {
  const span = resolveRange(range, now)
  const seconds = span ? (span.to - span.from) / 1000 : 3600
  return STEPS_S.find((step) => seconds / step <= BINS) ?? STEPS_S.at(-1)!
}

const lineOf = (answer: SeriesAnswer | undefined, field: 'in_if' | 'out_if', index: number) =>
  answer?.series.find((one) => one.key[field] === index)

/** The interfaces of one exporter: others at its address (sub agents of sFlow) count theirs under the same indexes. */
export function ofExporter(answer: InterfacesAnswer, { ip, domain }: Chosen): Interface[] {
  return answer.interfaces.filter((one) => one.exporter_ip === ip && one.domain === domain)
}

export function interfaceRows(interfaces: Interface[], flowsIn: SeriesAnswer | undefined, flowsOut: SeriesAnswer | undefined): InterfaceRow[] {
  return interfaces.map((counters) => {
    const [a, b] = [lineOf(flowsIn, 'in_if', counters.if_index), lineOf(flowsOut, 'out_if', counters.if_index)]
    const named = a?.names?.['in_if'] ?? b?.names?.['out_if']
    return { counters, name: named?.name, description: named?.description, flowsIn: a?.avg, flowsOut: b?.avg }
  })
}

/** The flows' line on the bins of the counters. */
export function flowsLine(answer: SeriesAnswer | undefined, field: 'in_if' | 'out_if', index: number, t: number[]): (number | null)[] {
  const line = lineOf(answer, field, index)
  const at = new Map((answer?.t ?? []).map((ms, i) => [ms, line?.values[i] ?? 0]))
  return t.map((ms) => (line ? (at.get(ms) ?? null) : null))
}
