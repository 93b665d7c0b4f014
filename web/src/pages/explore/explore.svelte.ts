// SPDX-License-Identifier: Apache-2.0
// The page as a whole: its state is the address, its answers are resources, every control only goes elsewhere.
import * as api from '$/api/client'
import { Resource } from '$/api/resource.svelte'
import type { Flow, Key, Names, SeriesAnswer, TopAnswer } from '$/api/types'
import * as clauses from '$/filter/clauses'
import { toError, type FilterError } from '$/filter/check'
import { isLive, resolveRange, absolute, type TimeRange } from '$/lib/time'
import { valueName, valueText } from '$/lib/record'
import { location } from '$/state/location.svelte'
import { prefs } from '$/state/prefs.svelte'
import { PSEUDO, server } from '$/state/server.svelte'
import { decode, encode, type ExploreState } from '$/state/urlstate'
import { PagedRows } from '$/table/paged.svelte'
import type { Intent, IntentHandler, Target } from '$/ui/intent'
import { flowsQuery, previousQuery, quick, seriesQuery, topQuery } from '$/pages/explore/queries'

export const PATH = '/explore'

export class Explore {
  readonly #decoded = $derived(decode(location.search))
  readonly state = $derived(this.#decoded.state)
  readonly ignored = $derived(this.#decoded.ignored)
  readonly series = new Resource<SeriesAnswer>((answer) => answer.coarse)
  /** The period before, while its line is shown. */
  readonly previous = new Resource<SeriesAnswer>((answer) => answer.coarse)
  readonly top = new Resource<TopAnswer>((answer) => answer.coarse)
  readonly rows = new PagedRows<Flow>()

  /** What stands in the filter bar; becomes the filter of the state when it is run. */
  draft = $state('')
  draftError = $state.raw<FilterError | undefined>(undefined)
  /** Whether the list of flows may be renewed under the reader. */
  listAtTop = $state(true)
  /** The range of the list in fixed times, so that its pages fit together. */
  listRange = $state.raw<TimeRange | undefined>(undefined)

  readonly columns = $derived(this.state.columns.length > 0 ? this.state.columns : prefs.columns)
  readonly now = $derived(server.now)
  readonly error = $derived.by(() => {
    const { tab, overlays } = this.state
    const rest = [tab === 'top' ? this.top.error : undefined, overlays.includes('prev') ? this.previous.error : undefined]
    return this.series.error ?? rest.find((error) => error !== undefined)
  })
  readonly loading = $derived(this.series.loading || this.top.loading || this.rows.loading)
  readonly slow = $derived(this.series.slow || this.top.slow)
  /** The filter as the server refused it, if the one in the address is wrong. */
  readonly runError = $derived.by((): FilterError | undefined => {
    const error = this.series.error
    return error?.isFilter ? toError(this.state.filter, error.problem) : undefined
  })

  readonly intents: IntentHandler = {
    ops: ['include', 'exclude', 'only', 'or', 'group', 'flows'],
    term: (target) => this.term(target),
    groupable: (field) => !this.state.by.includes(field) && this.#groupable(field),
    run: (intent) => this.#intent(intent),
  }

  #lastTab: string | undefined

  href(patch: Partial<ExploreState>): string {
    return `${PATH}?${encode({ ...this.state, ...patch })}`
  }

  go(patch: Partial<ExploreState>, replace = false): void {
    location.go(this.href(patch), replace)
  }

  /** Asks for what the address says; runs in an effect. */
  load(force = false): void {
    const { state } = this
    const series = seriesQuery(state)
    this.series.load(JSON.stringify(series), (call, coarse) => api.series(quick(series, coarse), call), force)
    if (state.tab === 'top') {
      const top = topQuery(state)
      this.top.load(JSON.stringify(top), (call, coarse) => api.top(quick(top, coarse), call), force)
    } else if (server.ready) this.#loadList(force)
  }

  /** Asks for the period before the one on the screen, once that is what the address says; runs in an effect. */
  loadPrevious(): void {
    const { state } = this
    const shown = this.series.data
    if (!state.overlays.includes('prev') || !shown || this.series.dataKey !== JSON.stringify(seriesQuery(state))) return
    const before = previousQuery(state, shown)
    this.previous.load(JSON.stringify(before), (call, coarse) => api.series(quick(before, coarse), call))
  }

  #loadList(force: boolean): void {
    const { range, filter, raw, order, desc } = this.state
    const key = JSON.stringify([range, filter, raw, order, desc])
    if (key === this.#lastTab && !(force && this.listAtTop)) return
    this.#lastTab = key
    const span = resolveRange(range, server.clock())
    const time = span ? absolute(span) : range
    this.listRange = time
    const query = flowsQuery(this.state, time)
    this.rows.reset((offset, limit, signal) => api.flows({ ...query, offset, limit }, { signal }))
  }

  refresh(): void {
    this.load(true)
  }

  cancel(): void {
    this.series.cancel()
    this.top.cancel()
  }

  dispose(): void {
    this.series.dispose()
    this.previous.dispose()
    this.top.dispose()
    this.rows.dispose()
  }

  get live(): boolean {
    return isLive(this.state.range)
  }

  /** Runs the text of the filter bar, if the server says it is a filter. Nobody answering is no reason to refuse. */
  async runFilter(text: string): Promise<void> {
    this.draft = text
    const trimmed = text.trim()
    const error = await this.check(trimmed)
    if (this.draft !== text) return
    this.draftError = error
    if (error) return
    prefs.remember(trimmed)
    if (trimmed === this.state.filter) this.refresh()
    else this.go({ filter: trimmed })
  }

  async check(text: string): Promise<FilterError | undefined> {
    if (text === '') return undefined
    try {
      const answer = await api.filterCheck(text)
      return answer.ok ? undefined : toError(text, answer)
    } catch {
      return undefined
    }
  }

  setFilter(filter: string): void {
    prefs.remember(filter)
    this.go({ filter })
  }

  term({ field, value }: Target): string | null {
    return clauses.termFor(field, server.kind(field), value)
  }

  #groupable(field: string): boolean {
    return (PSEUDO as readonly string[]).includes(field) || server.byName.get(field)?.groupable === true
  }

  #intent({ op, field, value }: Intent): void {
    const term = this.term({ field, value })
    const { filter, by } = this.state
    if (op === 'group') return this.go({ by: [field, ...by].slice(0, 4), tab: 'top' })
    if (term === null) return
    const made: Record<typeof op, string> = {
      include: clauses.include(filter, term),
      exclude: clauses.exclude(filter, term),
      only: term,
      or: clauses.alternative(filter, term),
      flows: clauses.include(filter, term),
    }
    prefs.remember(made[op])
    this.go(op === 'flows' ? { filter: made[op], tab: 'flows' } : { filter: made[op] })
  }
}

/** Name of a group: its values in the order of `by`, with the well-known name of a number beside it. */
export function groupName(key: Key, by: readonly string[], kind: (field: string) => string | undefined, absent: string, names?: Names): string {
  return by
    .map((field) => {
      const value = key[field]
      const text = valueText(value)
      const name = names?.[field]?.name ?? valueName(field, kind(field), value)
      return text === '' ? absent : name === undefined ? text : `${text} ${name}`
    })
    .join(' · ')
}
