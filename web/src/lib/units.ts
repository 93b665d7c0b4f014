// SPDX-License-Identifier: Apache-2.0
// What can be measured and how it is written. Prefixes are SI (1 kB = 1000 B), everywhere.

export const METRICS = ['bps', 'pps', 'fps', 'bytes', 'packets', 'flows'] as const
export type Metric = (typeof METRICS)[number]

interface MetricInfo {
  /** Symbol after the SI prefix; empty for plain counts. */
  unit: string
  rate: boolean
  /** Column of a top row that the metric ranks by. */
  counter: 'bytes' | 'packets' | 'flows'
}

export const METRIC_INFO: Record<Metric, MetricInfo> = {
  bps: { unit: 'b/s', rate: true, counter: 'bytes' },
  pps: { unit: 'p/s', rate: true, counter: 'packets' },
  fps: { unit: 'f/s', rate: true, counter: 'flows' },
  bytes: { unit: 'B', rate: false, counter: 'bytes' },
  packets: { unit: '', rate: false, counter: 'packets' },
  flows: { unit: '', rate: false, counter: 'flows' },
}

export const isMetric = (text: string): text is Metric => (METRICS as readonly string[]).includes(text)
