// SPDX-License-Identifier: Apache-2.0
// What a person wants with a value they clicked. One menu emits it everywhere; each page says what it means there.
import { getContext, setContext } from 'svelte'
import type { FieldValue } from '$/lib/record'

export type IntentOp = 'include' | 'exclude' | 'only' | 'or' | 'group' | 'flows'

export interface Target {
  field: string
  value: FieldValue
}

export interface Intent extends Target {
  op: IntentOp
}

export interface IntentHandler {
  run: (intent: Intent) => void
  /** The term the value stands for, or null if it cannot be asked for: then only copying is offered. */
  term: (target: Target) => string | null
  /** Operations that make sense on this page. */
  ops: readonly IntentOp[]
  groupable: (field: string) => boolean
}

const CONTEXT = Symbol('intent')

export const provideIntent = (handler: IntentHandler): IntentHandler => setContext(CONTEXT, handler)
export const useIntent = (): IntentHandler => getContext<IntentHandler>(CONTEXT)
