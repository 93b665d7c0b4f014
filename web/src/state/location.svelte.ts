// SPDX-License-Identifier: Apache-2.0
// The address bar as state. Every page reads its state from here and changes it by going to another address.

class Location {
  path = $state(window.location.pathname)
  search = $state(window.location.search)
  /** Steps taken in this page: whether going back stays here. */
  #depth = $state(depthOf(history.state))
  canBack = $derived(this.#depth > 0)

  constructor() {
    window.addEventListener('popstate', () => this.#read())
  }

  /** Goes to `url` of this page; `replace` leaves no step for the back button. */
  go(url: string, replace = false): void {
    if (url === this.path + this.search) return
    if (replace) history.replaceState({ depth: this.#depth }, '', url)
    else history.pushState({ depth: this.#depth + 1 }, '', url)
    this.#read()
  }

  back(): void {
    if (this.canBack) history.back()
  }

  #read(): void {
    this.path = window.location.pathname
    this.search = window.location.search
    this.#depth = depthOf(history.state)
  }
}

function depthOf(state: unknown): number {
  const depth = (state as { depth?: unknown } | null)?.depth
  return typeof depth === 'number' ? depth : 0
}

export const location = new Location()

/** For links: lets the browser open new tabs and windows, takes the plain click itself. */
export function follow(event: MouseEvent): void {
  const anchor = event.currentTarget as HTMLAnchorElement
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  location.go(anchor.getAttribute('href') ?? '/')
}
