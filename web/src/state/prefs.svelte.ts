// SPDX-License-Identifier: Apache-2.0
// What a person chose for this browser: looks and habits, never what is being looked at (that is in the address).
import type { Lang } from '$/i18n/index.svelte'

export type ThemeChoice = 'auto' | 'light' | 'dark'

interface Stored {
  theme: ThemeChoice
  density: 'normal' | 'compact'
  utc: boolean
  lang: Lang | 'auto'
  /** Seconds between refreshes while the end of the range is now; 0 = never. */
  refresh: number
  columns: string[]
  history: string[]
}

export const REFRESH = [0, 10, 30, 60, 300] as const
export const DEFAULT_COLUMNS = [
  't_last', 'src_ip', 'src_port', 'dst_ip', 'dst_port', 'proto', 'tcp_flags', 'bytes', 'packets', 'in_if', 'out_if',
  'exporter_ip',
]
const HISTORY_MAX = 100
const STORAGE = 'weir.prefs'

function read(): Partial<Stored> {
  try {
    return JSON.parse(localStorage.getItem(STORAGE) ?? '{}') as Partial<Stored>
  } catch {
    return {}
  }
}

class Prefs {
  theme = $state<ThemeChoice>('auto')
  density = $state<'normal' | 'compact'>('normal')
  utc = $state(false)
  lang = $state<Lang | 'auto'>('auto')
  refresh = $state(30)
  columns = $state.raw<string[]>(DEFAULT_COLUMNS)
  history = $state.raw<string[]>([])
  #systemDark = $state(false)
  /** The theme that is on. */
  shown = $derived<'light' | 'dark'>(this.theme === 'auto' ? (this.#systemDark ? 'dark' : 'light') : this.theme)

  constructor() {
    const stored = read()
    if (stored.theme === 'light' || stored.theme === 'dark') this.theme = stored.theme
    if (stored.density === 'compact') this.density = 'compact'
    if (stored.utc === true) this.utc = true
    if (stored.lang === 'en' || stored.lang === 'cs') this.lang = stored.lang
    if (REFRESH.some((s) => s === stored.refresh)) this.refresh = stored.refresh!
    if (Array.isArray(stored.columns) && stored.columns.length > 0) this.columns = stored.columns.map(String)
    if (Array.isArray(stored.history)) this.history = stored.history.map(String)
    const system = window.matchMedia('(prefers-color-scheme: dark)')
    this.#systemDark = system.matches
    system.addEventListener('change', (event) => (this.#systemDark = event.matches))
  }

  /** Puts the choices on the document and keeps them; runs in an effect. */
  apply(): void {
    const root = document.documentElement
    root.dataset['theme'] = this.shown
    root.dataset['density'] = this.density
    const { theme, density, utc, lang, refresh, columns, history } = this
    const stored: Stored = { theme, density, utc, lang, refresh, columns, history }
    try {
      localStorage.setItem(STORAGE, JSON.stringify(stored))
    } catch {
      // storage is full or forbidden: the choice holds until the page is closed
    }
  }

  /** Newest first, without repeats. */
  remember(filter: string): void {
    if (filter === '' || this.history[0] === filter) return
    this.history = [filter, ...this.history.filter((old) => old !== filter)].slice(0, HISTORY_MAX)
  }
}

export const prefs = new Prefs()
