// SPDX-License-Identifier: Apache-2.0
// Which value's menu is open. There is one menu for the whole page.
import type { IntentHandler, Target } from '$/ui/intent'

class ValueMenuState {
  target = $state.raw<Target | undefined>(undefined)
  anchor = $state.raw<HTMLElement | undefined>(undefined)
  handler: IntentHandler | undefined

  open(anchor: HTMLElement, target: Target, handler: IntentHandler): void {
    this.handler = handler
    this.anchor = anchor
    this.target = target
  }

  close(): void {
    this.target = undefined
    this.anchor = undefined
  }
}

export const valueMenu = new ValueMenuState()
