// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Status } from '$/api/types'
import { inTrouble, mayHaveRows, storeOf } from '$/state/health'

const store = { bytes_on_disk: 10, rows: 3, oldest: 1, newest: 2, free_bytes: 9 }
const well: Status = {
  version: '0.1.0',
  now: 5,
  roles: [{ role: 'collect', state: 'running' }],
  listen: [],
  host_addresses: [],
  accounting: {
    datagrams: { received: 1, decoded: 1, rejected: {} },
    records: { decoded: 1, spooled: 1, held: 0, dropped: {}, stored: 1, waiting: 0, discarded: {} },
    balanced: true,
  },
  store,
  lag_ms: 0,
}
const storeDown: Status = { ...well, store: { bytes_on_disk: 0, rows: 0, oldest: 0, newest: 0, free_bytes: 0, error: 'no answer' } }

describe('the state of Weir', () => {
  it('is no trouble when all is well', () => {
    expect([inTrouble(well), storeOf(well), mayHaveRows(well)]).toEqual([false, store, true])
  })

  it('is trouble without a collector, whose accounting is unknown', () => {
    const roles = [{ role: 'collect', state: 'down' }]
    expect(inTrouble({ ...well, accounting: null, lag_ms: null })).toBe(true)
    expect(inTrouble({ ...well, roles })).toBe(true)
    expect(inTrouble({ ...well, accounting: { ...well.accounting!, balanced: false } })).toBe(true)
  })

  it('is trouble without a store, which may have flows all the same', () => {
    expect([inTrouble(storeDown), storeOf(storeDown), mayHaveRows(storeDown)]).toEqual([true, null, true])
    expect([inTrouble({ ...well, store: null }), storeOf(undefined)]).toEqual([true, null])
  })

  it('is empty only if the store says so', () => {
    expect([mayHaveRows({ ...well, store: { ...store, rows: 0 } }), mayHaveRows(undefined)]).toEqual([false, true])
  })
})
