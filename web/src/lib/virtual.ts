// SPDX-License-Identifier: Apache-2.0
// Which rows of a long list are in view. Browsers cap the height of an element (Firefox below 18 M px), so a list
// that would be taller is scrolled in proportion: the body moves with the window instead of with the rows.

export const MAX_HEIGHT = 12_000_000

export interface Window {
  /** First row and one past the last row to draw. */
  first: number
  end: number
  /** px from the top of the body to the first drawn row. */
  offset: number
  /** px, height of the body. */
  height: number
}

export function windowOf(total: number, row: number, scrollTop: number, view: number, overscan = 8): Window {
  const full = total * row
  const height = Math.min(full, MAX_HEIGHT)
  const room = Math.max(1, height - view)
  const ratio = Math.min(1, Math.max(0, scrollTop / room))
  const top = full <= MAX_HEIGHT ? scrollTop : ratio * Math.max(0, full - view)
  const first = Math.max(0, Math.min(Math.floor(top / row) - overscan, total))
  const end = Math.min(total, Math.ceil((top + view) / row) + overscan)
  return { first, end, offset: scrollTop + first * row - top, height }
}

/** scrollTop that brings a row into view, moving as little as possible. */
export function scrollTo(index: number, total: number, row: number, scrollTop: number, view: number): number {
  const full = total * row
  if (full <= MAX_HEIGHT) {
    const top = index * row
    return top < scrollTop ? top : top + row > scrollTop + view ? top + row - view : scrollTop
  }
  return (Math.min(index * row, full - view) / (full - view)) * (MAX_HEIGHT - view)
}

/** Offsets of the pages that cover rows first..end. */
export function pagesOf(first: number, end: number, page: number): number[] {
  const out: number[] = []
  for (let at = Math.floor(first / page) * page; at < end; at += page) out.push(at)
  return out
}
