// SPDX-License-Identifier: Apache-2.0
// Where a filter is wrong, as a range of its text.
import { indexOfByte } from '$/lib/bytes'

export interface FilterError {
  from: number
  to: number
  message: string
  expected: string[]
}

export interface Position {
  line?: number
  col?: number
  end_col?: number
}

/** Columns count bytes from 1, end_col is one past the last; a fault at the end of the text marks its last character. */
export function errorRange(text: string, at: Position): { from: number; to: number } {
  const lines = text.split('\n')
  const line = Math.min(Math.max(1, at.line ?? 1), lines.length)
  const start = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0)
  const own = lines[line - 1]!
  const from = start + indexOfByte(own, (at.col ?? 1) - 1)
  const to = start + indexOfByte(own, Math.max(at.end_col ?? 0, (at.col ?? 1) + 1) - 1)
  if (from < text.length) return { from, to: Math.max(to, from + 1) }
  return { from: Math.max(0, text.length - 1), to: text.length }
}

export const toError = (text: string, at: Position & { message?: string; detail?: string; expected?: string[] }): FilterError => ({
  ...errorRange(text, at),
  message: at.message ?? at.detail ?? '',
  expected: at.expected ?? [],
})
