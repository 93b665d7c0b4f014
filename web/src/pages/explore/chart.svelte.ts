// SPDX-License-Identifier: Apache-2.0
// What chart and table share: the groups with their colours, which are hidden, which one is pointed at.
import type { ChartSeries } from '$/charts/timeseries'
import { t } from '$/i18n/index.svelte'
import { OTHER, swatches, type Swatch } from '$/lib/color'
import { groupName, type Explore } from '$/pages/explore/explore.svelte'
import { groupId, mergeGroups, type Group } from '$/pages/explore/groups'
import { prefs } from '$/state/prefs.svelte'
import { server } from '$/state/server.svelte'

/** Id of the series of everything that is not in the top. */
export const OTHER_ID = 'other'

export class Legend {
  hidden = $state.raw<ReadonlySet<string>>(new Set())
  /** Id of the group the pointer is on. */
  pointed = $state<string | null>(null)

  /** Fields of the groups on the screen: those of the answer, not of the address, while the next answer is on its way. */
  readonly by = $derived.by((): string[] => {
    const key = this.explore.series.data?.series[0]?.key
    const { by } = this.explore.state
    const same = key === undefined || by.every((field) => field in key) || Object.keys(key).length === 0
    return same ? by : Object.keys(key)
  })
  readonly groups = $derived.by(() => mergeGroups(this.explore.series.data, this.#top, this.by))
  readonly names = $derived(this.groups.map((group) => this.name(group)))
  readonly colors = $derived.by((): Map<string, Swatch> => {
    const made = swatches(this.names, prefs.shown)
    return new Map(this.groups.map((group, i) => [group.id, made[i]!]))
  })
  readonly otherColor = $derived(OTHER[prefs.shown])
  readonly drawn = $derived.by((): (ChartSeries & { id: string })[] => {
    const answer = this.explore.series.data
    if (!answer) return []
    const rows = answer.series.map((one) => {
      const id = groupId(one.key, this.by)
      const swatch = this.colors.get(id)
      return {
        id,
        name: this.#nameOf(one.key, one.names),
        color: swatch?.color ?? this.otherColor,
        dash: (swatch?.round ?? 0) > 0,
        visible: !this.hidden.has(id),
        values: one.values,
      }
    })
    if (answer.other) {
      const visible = !this.hidden.has(OTHER_ID)
      rows.push({ id: OTHER_ID, name: t('top.other'), color: this.otherColor, dash: false, visible, values: answer.other.values })
    }
    return rows
  })
  readonly focus = $derived.by((): number | null => {
    const index = this.drawn.findIndex((one) => one.id === this.pointed)
    return index < 0 ? null : index
  })

  constructor(readonly explore: Explore) {}

  get #top() {
    const { top, series } = this.explore
    // an answer for other dimensions must not be mixed in
    const key = top.data?.rows[0]?.key
    const fits = key === undefined || series.data === undefined || this.by.every((field) => field in key)
    return fits ? top.data : undefined
  }

  name(group: Group): string {
    return this.#nameOf(group.key, group.names)
  }

  #nameOf(key: Group['key'], names: Group['names']): string {
    if (this.by.length === 0) return t('top.all')
    return groupName(key, this.by, (field) => server.kind(field), t('absent'), names)
  }

  toggle(id: string, solo: boolean): void {
    const all = [...this.groups.map((group) => group.id), OTHER_ID]
    const others = all.filter((other) => other !== id)
    if (solo) {
      const alone = !this.hidden.has(id) && others.every((other) => this.hidden.has(other))
      this.hidden = new Set(alone ? [] : others)
      return
    }
    const next = new Set(this.hidden)
    if (!next.delete(id)) next.add(id)
    this.hidden = next
  }

  showAll(): void {
    this.hidden = new Set()
  }
}
