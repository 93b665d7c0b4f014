// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { errorRange } from '$/filter/check'
import { byteOffset, indexOfByte } from '$/lib/bytes'

it('counts bytes', () => {
  expect(byteOffset('ač€😀b', 5)).toBe(10)
  expect([0, 1, 2, 3, 5, 6, 10, 11, 99].map((n) => indexOfByte('ač€😀b', n))).toEqual([0, 1, 1, 2, 2, 3, 5, 6, 6])
})

it.each([
  ['dst_prt = 1', { line: 1, col: 1, end_col: 8 }, 'dst_prt'],
  ['a = "č" and bad = 1', { line: 1, col: 14, end_col: 17 }, 'bad'],
  ['a =', { line: 1, col: 4, end_col: 4 }, '='],
  ['a = 1', { col: 3 }, '='],
  ['ab', { line: 7, col: 99, end_col: 100 }, 'b'],
])('marks the fault in %j', (text, at, marked) => {
  const { from, to } = errorRange(text, at)
  expect(text.slice(from, to)).toBe(marked)
})

it('marks nothing in nothing', () => expect(errorRange('', { col: 1, end_col: 1 })).toEqual({ from: 0, to: 0 }))
