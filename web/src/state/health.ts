// SPDX-License-Identifier: Apache-2.0
// What an answer of the status means when a part of Weir does not answer: its numbers are unknown then, not zero.
import type { Status } from '$/api/types'

export type Books = NonNullable<Status['accounting']>
export type StoreState = NonNullable<Status['store']>

/** The state of the store; null if it does not answer. */
export function storeOf(status: Status | undefined): StoreState | null {
  return status?.store && !status.store.error ? status.store : null
}

/** Whether there may be flows to look at: only a store that answers can say that there are none. */
export function mayHaveRows(status: Status | undefined): boolean {
  return storeOf(status)?.rows !== 0
}

/** Something that somebody should look at. */
export function inTrouble(status: Status): boolean {
  return !status.accounting?.balanced || status.roles.some((role) => role.state === 'down') || storeOf(status) === null
}
