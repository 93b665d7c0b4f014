// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccountingAnswer, Exporter, InterfacesAnswer, SeriesAnswer } from '$/api/types'
import { legendRows } from '$/charts/picture'
import { p95, previousLine, sumOf } from '$/pages/explore/overlays'
import { previousQuery } from '$/pages/explore/queries'
import { complete, gauge, isEmpty, lostPercent, rate, reasonOf, reasons } from '$/pages/exporters/books'
import { factMark, troubles } from '$/pages/exporters/facts'
import { flowsLine, interfaceRows, ofExporter, stepFor } from '$/pages/exporters/interfaces'
import { decodeRoute, encodeRoute } from '$/pages/exporters/route'
import { DEFAULT_RANGE } from '$/lib/time'
import { DEFAULTS } from '$/state/urlstate'

const answer: AccountingAnswer = {
  from: 0, to: 40_000, step_ms: 10_000, t: [0, 10_000, 20_000, 30_000],
  counters: {
    records: [50, 100, 0, 7], lost_records: [50, 0, 0, 1], 'drop.no_template': [1, 0, 0, 0], 'drop.quota': [0, 0, 0, 9],
    'reject.short_header': [0, 0, 0, 0], 'malformed.count': [0, 3, 0, 0], malformed: [0, 3, 0, 0],
  },
  gauges: { lag_ms: [null, 5, null, 6] },
}
const later = 100_000

describe('counters over time', () => {
  it('are rates, but for the steps that are still being written', () => {
    expect(rate(answer, 'records', later).values).toEqual([5, 10, 0, 0.7])
    expect(rate(answer, 'records', 43_000).values).toEqual([5, 10, 0, null])
    expect(complete(answer, 43_000)).toBe(3)
    expect(rate(answer, 'datagrams', later).values).toEqual([0, 0, 0, 0])
  })

  it('turn into per cent of what was sent', () => {
    expect(lostPercent(answer, 'lost_records', 'records', later).values).toEqual([50, 0, null, 12.5])
  })

  it('show the reasons that happened, the biggest first', () => {
    expect(reasons(answer, ['drop.', 'reject.', 'malformed.']).map((line) => line.id)).toEqual(['drop.quota', 'malformed.count', 'drop.no_template'])
    expect(reasonOf('drop.quota')).toBe('quota')
    expect(reasonOf('given_up')).toBe('given_up')
  })

  it('know when there is nothing', () => {
    expect(isEmpty([rate(answer, 'datagrams', later), gauge(answer, 'none')])).toBe(true)
    expect(isEmpty([gauge(answer, 'lag_ms')])).toBe(false)
  })
})

describe('facts', () => {
  const one = { malformed: { count: 2 }, given_up: 0, held_sets: 1, repeated: 0, restarts: 3, lost_records: 0, clock_skew_ms: -2500, last_seen: 0, templates_missing: 0 } as unknown as Exporter
  it('bring out what is wrong', () => {
    expect(troubles(one)).toEqual([{ id: 'count', n: 2 }, { id: 'held_sets', n: 1 }, { id: 'restarts', n: 3 }])
    expect(factMark(one, 'clock_skew_ms', 0)).toBe('warn')
    expect(factMark(one, 'malformed', 0)).toBe('bad')
    expect(factMark(one, 'lost_records', 0)).toBeUndefined()
    expect(factMark(one, 'last_seen', 400_000)).toBe('warn')
  })
})

describe('interfaces', () => {
  const flows = { t: [0, 60_000], series: [{ key: { in_if: 3 }, names: { in_if: { name: 'eth3' } }, values: [5, 7], avg: 6 }] } as unknown as SeriesAnswer
  const of = { exporter_ip: '192.0.2.1', domain: 1 }
  const counted = { interfaces: [{ ...of, if_index: 3 }, { ...of, if_index: 4 }, { ...of, domain: 2, if_index: 3 }] } as unknown as InterfacesAnswer
  const chosen = ofExporter(counted, { ip: '192.0.2.1', domain: 1, version: 5 })

  it('have their flows and names beside them', () => {
    expect(interfaceRows(chosen, flows, undefined).map((row) => [row.counters.if_index, row.name, row.flowsIn, row.flowsOut])).toEqual([[3, 'eth3', 6, undefined], [4, undefined, undefined, undefined]])
    expect(flowsLine(flows, 'in_if', 3, [60_000, 120_000])).toEqual([7, null])
    expect(flowsLine(flows, 'in_if', 4, [60_000])).toEqual([null])
  })

  it('are those of the exporter alone, not of others at its address', () => {
    expect(chosen.map((one) => [one.domain, one.if_index])).toEqual([[1, 3], [1, 4]])
    expect(ofExporter(counted, { ip: '192.0.2.2', domain: 1, version: 5 })).toEqual([])
  })

  it('are asked for in steps of whole minutes', () => {
    expect(stepFor({ from: 'now-1h', to: 'now' }, 0)).toBe(60)
    expect(stepFor({ from: 'now-24h', to: 'now' }, 1e12)).toBe(900)
    expect(stepFor({ from: 'now-90d', to: 'now' }, 1e12)).toBe(86_400)
  })
})

describe('lines over the chart', () => {
  const shown = { from: 60, to: 120, step_ms: 20, metric: 'bps', t: [60, 80, 100] } as unknown as SeriesAnswer
  it('are the 95th percentile of the sum by nearest rank', () => {
    expect(sumOf([[1, 2, null], [10, null, 30]])).toEqual([11, 2, 30])
    expect(p95(Array.from({ length: 100 }, (_, i) => i + 1))).toBe(95)
    expect(p95([7, 3])).toBe(7)
    expect(p95([])).toBe(0)
  })

  it('are the period before, only if it fits', () => {
    const before = { from: 0, to: 60, step_ms: 20, metric: 'bps', series: [{ values: [4, 5, 6] }] } as unknown as SeriesAnswer
    expect(previousLine(before, shown)).toEqual([4, 5, 6])
    expect(previousLine({ ...before, step_ms: 30 }, shown)).toEqual([null, null, null])
    expect(previousLine(undefined, shown)).toEqual([null, null, null])
    expect(previousQuery(DEFAULTS, shown).time).toEqual({ from: '1970-01-01T00:00:00Z', to: '1970-01-01T00:00:00.060Z' })
  })

  it('break the names under a picture into rows', () => {
    expect(legendRows([50, 50, 50], 170)).toEqual([[0, 1], [2]])
    expect(legendRows([500], 100)).toEqual([[0]])
  })
})

describe('the address of the page', () => {
  it('is the state', () => {
    const exporter = fc.record({ ip: fc.oneof(fc.ipV4(), fc.ipV6()), domain: fc.nat(4294967295), version: fc.constantFrom(1, 5, 7, 9, 10, 105) })
    const range = fc.constantFrom(DEFAULT_RANGE, { from: 'now-6h', to: 'now' }, { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' })
    fc.assert(
      fc.property(range, fc.option(exporter, { nil: undefined }), (r, x) => {
        const state = x ? { range: r, exporter: x } : { range: r }
        const url = encodeRoute(state)
        expect(decodeRoute(url.slice('/exporters'.length))).toEqual(state)
      }),
    )
  })

  it('falls back where it makes no sense', () => {
    expect(decodeRoute('?x=rtr1,0,9&t=yesterday,now')).toEqual({ range: DEFAULT_RANGE })
    expect(decodeRoute('?x=192.0.2.1,0')).toEqual({ range: DEFAULT_RANGE })
  })
})
