// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { SeriesAnswer, TopAnswer } from '$/api/types'
import { flagLetters, valueName, valueText } from '$/lib/record'
import { SNIPPETS } from '$/lib/snippets'
import { cellText, flowColumns } from '$/pages/explore/columns'
import { compareValues, mergeGroups, restOf, sortGroups } from '$/pages/explore/groups'
import { command, curl, flowsQuery, seriesQuery, topQuery } from '$/pages/explore/queries'
import { equations } from '$/pages/exporters/accounting'
import { targets } from '$/pages/setup/targets'
import { DEFAULTS } from '$/state/urlstate'

const stats = { min: 0, max: 9, avg: 5, p95: 8, last: 1, total: 100 }
const series = { series: [{ key: { src_ip: '10.0.0.10' }, values: [1], ...stats }, { key: { src_ip: '10.0.0.9' }, values: [2], ...stats, avg: 3 }] } as unknown as SeriesAnswer
const top = {
  rows: [
    { key: { src_ip: '10.0.0.9' }, bytes: 7, packets: 2, flows: 1, value: 7 },
    { key: { src_ip: '192.0.2.1' }, bytes: 5, packets: 1, flows: 1, value: 5 },
  ],
} as unknown as TopAnswer

describe('groups', () => {
  it('puts both answers together by key', () => {
    const groups = mergeGroups(series, top, ['src_ip'])
    expect(groups.map((g) => [g.key['src_ip'], g.stats?.avg, g.counters?.bytes])).toEqual([
      ['10.0.0.10', 5, undefined], ['10.0.0.9', 3, 7], ['192.0.2.1', undefined, 5],
    ])
  })

  it('sorts addresses by value and numbers by size', () => {
    const groups = mergeGroups(series, top, ['src_ip'])
    const ips = (column: string, desc: boolean) => sortGroups(groups, { column, desc }, ['src_ip']).map((g) => g.key['src_ip'])
    expect(ips('src_ip', false)).toEqual(['10.0.0.9', '10.0.0.10', '192.0.2.1'])
    expect(ips('bytes', true)).toEqual(['10.0.0.9', '192.0.2.1', '10.0.0.10'])
    expect(sortGroups(groups, undefined, ['src_ip'])).toBe(groups)
  })

  it('leave a rest only where the series has one', () => {
    const all = { ...top, total: { bytes: 20, packets: 10, flows: 1, value: 20 } } as TopAnswer
    expect(restOf({ ...series, other: { ...stats, values: [1] } }, all)).toEqual({ bytes: 8, packets: 7, flows: 0 })
    expect(restOf({ ...series, other: null }, all)).toBeUndefined()
    expect(restOf(series, undefined)).toBeUndefined()
  })

  it('puts absent values last', () => {
    expect([null, 3, 'x', 1].sort(compareValues)).toEqual([1, 3, 'x', null])
  })
})

describe('queries', () => {
  const state = { ...DEFAULTS, filter: "app_name = \"it's\"", by: ['src_ip', 'dst_port'], limit: 5, raw: true }

  it('are one object with what is asked for', () => {
    expect(seriesQuery(state)).toEqual({ time: { from: 'now-1h', to: 'now' }, filter: state.filter, raw: true, by: ['src_ip', 'dst_port'], metric: 'bps', limit: 5 })
    expect(seriesQuery({ ...DEFAULTS, limitBy: 'max' }).limit_by).toBe('max')
    expect(topQuery(DEFAULTS).limit_by).toBeUndefined()
    expect(flowsQuery(DEFAULTS, DEFAULTS.range)).toEqual({ time: { from: 'now-1h', to: 'now' }, order: 't_last', desc: true })
  })

  it('are commands that a shell takes', () => {
    expect(command('top', topQuery(state))).toBe(`weir top -s src_ip,dst_port/bps -t now-1h/now -n 5 --raw 'app_name = "it'\\''s"'`)
    expect(command('series', seriesQuery(DEFAULTS))).toBe('weir series -s src_ip -m bps -t now-1h/now -n 10')
    expect(command('flows', { ...flowsQuery(DEFAULTS, DEFAULTS.range), limit: 100 })).toBe('weir flows -O t_last -t now-1h/now -n 100')
    expect(curl('http://h:1', 'top', { time: DEFAULTS.range })).toBe(
      `curl -s http://h:1/api/v1/top \\\n  -H 'Content-Type: application/json' \\\n  -d '{"time":{"from":"now-1h","to":"now"}}'`,
    )
  })
})

describe('accounting', () => {
  const accounting = {
    datagrams: { received: 10, decoded: 7, rejected: { not_export: 2, version: 1 } },
    records: { decoded: 100, spooled: 90, held: 4, dropped: { no_memory: 6 }, stored: 80, waiting: 9, discarded: {} },
    balanced: false,
  }
  it('has three equations and says by how much one is off', () => {
    expect(equations(accounting).map((e) => [e.id, e.left.value, e.right.map((r) => r.value), e.difference])).toEqual([
      ['datagrams', 10, [7, 3], 0], ['records', 100, [90, 6, 4], 0], ['stored', 90, [80, 9, 0], 1],
    ])
  })
})

describe('values', () => {
  it('have names where they are known', () => {
    expect(valueName('proto', 'proto', 6)).toBe('TCP')
    expect(valueName('dst_port', 'port', 443)).toBe('https')
    expect(valueName('dst_port', 'port', 50123)).toBeUndefined()
    expect(valueName('src_ip', 'addr', '10.0.0.1')).toBeUndefined()
    expect(flagLetters(0x1b)).toBe('···AP·SF')
    expect(flagLetters(0xff)).toBe('CEUAPRSF')
  })

  it('are text', () => {
    expect([valueText(0), valueText(null), valueText([1, 2]), valueText('a')]).toEqual(['0', '', '1 2', 'a'])
  })

  it('read well in cells', () => {
    const field = (kind: string, unit = 'none') => ({ name: 'x', kind, unit, type: '', agg: '', doc: '', groupable: true, core: true })
    expect(cellText(field('time'), '2026-01-15T12:00:00.250Z', true)).toBe('2026-01-15 12:00:00.250')
    expect(cellText(field('count', 'bytes'), 1500, true)?.replace('\u202f', ' ')).toBe('1.50 kB')
    expect(cellText(field('port'), 443, true)).toBeUndefined()
  })

  it('make columns as wide as they need', () => {
    const [narrow, wide] = flowColumns(['proto', 'src_ip'], new Map(), [{ proto: 6, src_ip: '2001:db8:1234:5678::abcd' }], true)
    expect(wide!.width).toBeGreaterThan(narrow!.width)
    expect(wide!.width).toBeLessThanOrEqual(326)
  })
})

describe('where a device can send to', () => {
  const listen = (...on: [string, number][]) => on.map(([address, port]) => ({ proto: 'udp', address, port }))
  it('is every address of the machine when the collector listens on all', () => {
    const status = { listen: listen(['0.0.0.0', 2055], ['::', 2055], ['0.0.0.0', 4739]), host_addresses: ['192.0.2.10', '2001:db8::10'] }
    expect(targets(status, 'here')).toEqual({ addresses: ['192.0.2.10', '2001:db8::10'], ports: [2055, 4739] })
  })

  it('is only what it listens on otherwise', () => {
    expect(targets({ listen: listen(['127.0.0.1', 9995]), host_addresses: ['192.0.2.10'] }, 'here')).toEqual({ addresses: ['127.0.0.1'], ports: [9995] })
  })

  it('is where the page came from when nothing is known', () => {
    expect(targets(undefined, 'weir.example')).toEqual({ addresses: ['weir.example'], ports: [2055] })
  })
})

describe('configuration lines', () => {
  it.each(SNIPPETS.map((s) => [s.id, s] as const))('%s has address and port', (_, snippet) => {
    const text = snippet.lines({ address: '192.0.2.10', port: 9995 }).join('\n')
    expect(text).toContain('192.0.2.10')
    expect(text).toContain('9995')
  })

  it('puts brackets round IPv6 where a port follows', () => {
    const softflowd = SNIPPETS.find((s) => s.id === 'softflowd')!
    expect(softflowd.lines({ address: '2001:db8::1', port: 2055 }).join('\n')).toContain('-n [2001:db8::1]:2055')
  })
})
