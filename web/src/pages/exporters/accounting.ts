// SPDX-License-Identifier: Apache-2.0
// The three equations of the accounting: nothing that arrived is unaccounted for.
import type { Reasons } from '$/api/types'
import type { Books } from '$/state/health'

export interface Term {
  /** Key of its text: account.<name>. */
  name: 'received' | 'decoded' | 'rejected' | 'spooled' | 'dropped' | 'held' | 'stored' | 'waiting' | 'discarded'
  value: number
  reasons?: Reasons
}

export interface Equation {
  id: 'datagrams' | 'records' | 'stored'
  left: Term
  right: Term[]
  /** Left minus right; 0 when it holds. */
  difference: number
}

export const sum = (reasons: Reasons): number => Object.values(reasons).reduce((total, n) => total + n, 0)

export function equations(accounting: Books): Equation[] {
  const { datagrams, records } = accounting
  const make = (id: Equation['id'], left: Term, right: Term[]): Equation => ({
    id,
    left,
    right,
    difference: left.value - right.reduce((total, term) => total + term.value, 0),
  })
  return [
    make('datagrams', { name: 'received', value: datagrams.received }, [
      { name: 'decoded', value: datagrams.decoded },
      { name: 'rejected', value: sum(datagrams.rejected), reasons: datagrams.rejected },
    ]),
    make('records', { name: 'decoded', value: records.decoded }, [
      { name: 'spooled', value: records.spooled },
      { name: 'dropped', value: sum(records.dropped), reasons: records.dropped },
      { name: 'held', value: records.held },
    ]),
    make('stored', { name: 'spooled', value: records.spooled }, [
      { name: 'stored', value: records.stored },
      { name: 'waiting', value: records.waiting },
      { name: 'discarded', value: sum(records.discarded), reasons: records.discarded },
    ]),
  ]
}
