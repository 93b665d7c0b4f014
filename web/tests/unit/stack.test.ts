// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { bands, binAt, stack } from '$/lib/stack'

describe('stack', () => {
  it('sums upwards', () => {
    expect(stack([[1, 2], [10, 20], [100, 200]], [true, true, true])).toEqual([[1, 2], [11, 22], [111, 222]])
  })

  it('leaves hidden series out of the sums', () => {
    expect(stack([[1, 2], [10, 20], [100, 200]], [true, false, true])).toEqual([[1, 2], [10, 20], [101, 202]])
  })

  it('takes a gap for nothing', () => {
    expect(stack([[1, null], [null, 20]], [true, true])).toEqual([[1, 0], [1, 20]])
  })

  it('has no columns for no series', () => expect(stack([], [])).toEqual([]))
})

it('puts each area on the visible one below it', () => {
  expect(bands([true, true, true])).toEqual([[1, 0], [2, 1]])
  expect(bands([true, false, true])).toEqual([[2, 0]])
  expect(bands([false, false, true])).toEqual([])
})

it('finds the bin of a time', () => {
  const t = [0, 30, 60, 90]
  expect([-5, 0, 29, 30, 89, 90, 1000].map((x) => binAt(t, x))).toEqual([0, 0, 0, 1, 2, 3, 3])
  expect(binAt([], 5)).toBe(0)
})
