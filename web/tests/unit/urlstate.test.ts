// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { METRICS } from '$/lib/units'
import { decode, DEFAULTS, encode, MAX_LIMIT, OVERLAYS, type ExploreState } from '$/state/urlstate'

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/)
const bound = fc.oneof(
  fc.constant('now'),
  fc.tuple(fc.integer({ min: 1, max: 9999 }), fc.constantFrom(...'smhdw')).map(([n, unit]) => `now-${n}${unit}`),
  fc.integer({ min: 1_000_000_000_000, max: 4_000_000_000_000 }).map((ms) => new Date(ms).toISOString()),
  fc.integer({ min: 1_000_000_000_000, max: 4_000_000_000_000 }).map(String),
)
const state: fc.Arbitrary<ExploreState> = fc.record({
  range: fc.record({ from: bound, to: bound }),
  filter: fc.string({ unit: 'grapheme', maxLength: 60 }),
  by: fc.uniqueArray(name, { maxLength: 4 }),
  metric: fc.constantFrom(...METRICS),
  graph: fc.constantFrom('stacked' as const, 'lines' as const),
  overlays: fc.subarray([...OVERLAYS]),
  limit: fc.integer({ min: 1, max: MAX_LIMIT }),
  limitBy: fc.constantFrom('avg' as const, 'max' as const, 'last' as const),
  raw: fc.boolean(),
  tab: fc.constantFrom('top' as const, 'flows' as const),
  order: name,
  desc: fc.boolean(),
  columns: fc.uniqueArray(name, { maxLength: 6 }),
})

describe('the address', () => {
  it('gives back every state', () => {
    fc.assert(fc.property(state, (one) => void expect(decode(encode(one))).toEqual({ state: one, ignored: [] })), { numRuns: 1000 })
  })

  it('is the same after a second time', () => {
    fc.assert(fc.property(state, (one) => void expect(encode(decode(encode(one)).state)).toBe(encode(one))))
  })

  it('never throws, whatever stands there', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void encode(decode(text).state)))
  })

  it('reads well', () => {
    const shown = encode({
      ...DEFAULTS, range: { from: 'now-6h', to: 'now' }, filter: 'src_ip in 10.0.0.0/8 and dst_port = 443', by: ['src_as', 'app_name'], limit: 20,
    })
    expect(shown).toBe('v=1&t=now-6h,now&f=src_ip+in+10.0.0.0/8+and+dst_port+%3D+443&by=src_as,app_name&m=bps&g=stacked&n=20')
  })

  it('reads the form of the manual', () => {
    const { state: read, ignored } = decode('?v=1&t=now-6h,now&f=dst_port%3D443&by=src_as,app_name&m=bps&g=stacked&n=20')
    expect(ignored).toEqual([])
    expect(read).toEqual({ ...DEFAULTS, range: { from: 'now-6h', to: 'now' }, filter: 'dst_port=443', by: ['src_as', 'app_name'], limit: 20 })
  })

  it('has defaults for nothing', () => expect(decode('')).toEqual({ state: DEFAULTS, ignored: [] }))
  it('tells no group from not said', () => expect(decode('by=').state.by).toEqual([]))

  it('falls back and says so', () => {
    const { state: read, ignored } = decode('v=9&t=yesterday&m=furlongs&g=pie&n=1000&tab=map&o=DROP+TABLE&ov=p96')
    expect(read).toEqual(DEFAULTS)
    expect(ignored.sort()).toEqual(['g', 'm', 'n', 'o', 'ov', 't', 'tab', 'v'])
  })
})
