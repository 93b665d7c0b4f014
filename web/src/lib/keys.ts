// SPDX-License-Identifier: Apache-2.0
// Keyboard shortcuts, single keys and two-key sequences ("g e"), as one table that the help page prints too.

export interface Shortcut {
  keys: string
  run: () => void
}

const SEQUENCE_MS = 1200

/** Where typing means text, not commands. */
export function isTyping(target: EventTarget | null): boolean {
  const el = target as Partial<HTMLElement> | null
  if (!el || typeof el.tagName !== 'string') return false
  return /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) || el.isContentEditable === true
}

/** Feeds one key (KeyboardEvent.key) at a time; returns the shortcut it completes. `now` in ms. */
export class Sequencer {
  #pending = ''
  #at = 0

  constructor(readonly shortcuts: readonly Shortcut[]) {}

  feed(key: string, now: number): Shortcut | undefined {
    const prefix = now - this.#at < SEQUENCE_MS ? this.#pending : ''
    const typed = prefix === '' ? key : `${prefix} ${key}`
    const hit = this.shortcuts.find((s) => s.keys === typed) ?? this.shortcuts.find((s) => s.keys === key)
    this.#pending = !hit && this.shortcuts.some((s) => s.keys.startsWith(`${key} `)) ? key : ''
    this.#at = now
    return hit
  }
}
