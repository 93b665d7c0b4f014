// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_HEIGHT, pagesOf, scrollTo, windowOf } from '$/lib/virtual'

describe('window of a short list', () => {
  it('starts at the top', () => expect(windowOf(1000, 25, 0, 500, 4)).toEqual({ first: 0, end: 24, offset: 0, height: 25_000 }))

  it('follows the scroll', () => {
    const win = windowOf(1000, 25, 2500, 500, 4)
    expect(win).toEqual({ first: 96, end: 124, offset: 2400, height: 25_000 })
  })

  it('ends with the list', () => expect(windowOf(10, 25, 0, 500)).toMatchObject({ first: 0, end: 10, height: 250 }))
  it('is empty for an empty list', () => expect(windowOf(0, 25, 0, 500)).toMatchObject({ first: 0, end: 0, height: 0 }))
})

describe('window of a list taller than a browser allows', () => {
  const total = 5_000_000
  it('reaches the last row at the end of the scroll', () => {
    const win = windowOf(total, 25, MAX_HEIGHT - 500, 500)
    expect(win.end).toBe(total)
    expect(win.height).toBe(MAX_HEIGHT)
  })

  it('keeps the drawn rows over the view', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (part) => {
        const scroll = part * (MAX_HEIGHT - 500)
        const win = windowOf(total, 25, scroll, 500)
        expect(win.offset).toBeLessThanOrEqual(scroll + 25)
        expect(win.offset + (win.end - win.first) * 25).toBeGreaterThanOrEqual(scroll + 499)
      }),
    )
  })
})

it('scrolls to a row so that it is in view', () => {
  fc.assert(
    fc.property(fc.nat(4_999_999), fc.constantFrom(900, 5_000_000), (index, total) => {
      const row = Math.min(index, total - 1)
      const top = scrollTo(row, total, 25, 0, 500)
      const win = windowOf(total, 25, top, 500, 0)
      expect(win.first).toBeLessThanOrEqual(row)
      expect(win.end).toBeGreaterThan(row)
    }),
  )
})

it('names the pages of a window', () => {
  expect(pagesOf(0, 30, 200)).toEqual([0])
  expect(pagesOf(190, 210, 200)).toEqual([0, 200])
  expect(pagesOf(400, 400, 200)).toEqual([])
})
