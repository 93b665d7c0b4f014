// SPDX-License-Identifier: Apache-2.0
// From our columns to uPlot's options and data. uPlot draws; stacking is done here by running sums.
import type uPlot from 'uplot'
import { withAlpha } from '$/lib/color'
import { bands, binAt, stack, type Column } from '$/lib/stack'
import { DAY, MINUTE } from '$/lib/time'

export interface ChartSeries {
  name: string
  color: string
  dash: boolean
  visible: boolean
  values: Column
}

export interface ChartSpec {
  series: ChartSeries[]
  /** Lines over the others, never stacked. */
  overlays: ChartSeries[]
  from: number
  to: number
  /** From here to the right edge the numbers may still grow; ms. */
  settled: number
  stacked: boolean
  utc: boolean
  format: (value: number) => string
  width: number
  height: number
}

export interface ChartHooks {
  cursor: (at: { index: number; left: number; top: number } | null) => void
  select: (from: number, to: number) => void
  reset: () => void
  span: () => { from: number; to: number; settled: number }
  format: (value: number) => string
}

const DRAG_MIN_PX = 5
const AREA_ALPHA = 0.62
const DIMMED = 0.22

export function stackedData(t: number[], spec: ChartSpec): uPlot.AlignedData {
  const columns = spec.series.map((s) => s.values)
  const drawn = spec.stacked ? stack(columns, spec.series.map((s) => s.visible)) : columns
  return [t, ...drawn, ...spec.overlays.map((s) => s.values)] as uPlot.AlignedData
}

export function options(spec: ChartSpec, style: CSSStyleDeclaration, hooks: ChartHooks): uPlot.Options {
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const axis = { stroke: token('--ink-3'), font: `11px ${token('--sans')}`, labelFont: `11px ${token('--sans')}` }
  const zoned = (ms: number): Date => (spec.utc ? asUtc(ms) : new Date(ms))
  const grid = { stroke: token('--chart-grid'), width: 1 }
  return {
    width: spec.width,
    height: spec.height,
    ms: 1,
    tzDate: zoned,
    padding: [10, 14, 0, 4],
    legend: { show: false },
    focus: { alpha: DIMMED },
    scales: {
      x: { time: true, range: () => [hooks.span().from, hooks.span().to] },
      y: { range: (_, min, max) => [min < 0 ? min * 1.05 : 0, max > 0 ? max * 1.05 : min < 0 ? 0 : 1] },
    },
    axes: [
      { ...axis, grid, ticks: { ...grid, size: 4 }, size: 26, gap: 4, space: 80, values: (_, ticks, __, ___, step) => timeLabels(ticks, step, zoned) },
      { ...axis, grid, ticks: { show: false }, size: 74, gap: 6, space: 32, values: (_, ticks) => ticks.map(hooks.format) },
    ],
    series: [{}, ...spec.series.map((s) => lineOf(s, spec.stacked)), ...spec.overlays.map((s) => lineOf(s, false))],
    bands: spec.stacked ? bands(spec.series.map((s) => s.visible)).map(([a, b]) => ({ series: [a + 1, b + 1] })) : [],
    cursor: {
      y: false,
      points: { show: !spec.stacked, size: 6 },
      focus: { prox: -1 },
      drag: { x: true, y: false, setScale: false, dist: DRAG_MIN_PX },
      bind: {
        dblclick: () => () => {
          hooks.reset()
          return null
        },
      },
    },
    hooks: {
      draw: [(u) => veil(u, hooks.span().settled, token('--panel'))],
      setCursor: [(u) => hooks.cursor(cursorOf(u))],
      setSelect: [(u) => selected(u, hooks)],
    },
  }
}

function lineOf(s: ChartSeries, stacked: boolean): uPlot.Series {
  const line: uPlot.Series = {
    label: s.name,
    show: s.visible,
    stroke: s.color,
    width: stacked ? 1 : 1.6,
    points: { show: false },
  }
  if (stacked) line.fill = withAlpha(s.color, AREA_ALPHA)
  if (s.dash) line.dash = [6, 3]
  return line
}

/** Pales what is still arriving. */
function veil(u: uPlot, settled: number, color: string): void {
  const left = Math.max(u.bbox.left, u.valToPos(settled, 'x', true))
  const width = u.bbox.left + u.bbox.width - left
  if (width <= 0) return
  u.ctx.save()
  u.ctx.globalAlpha = 0.6
  u.ctx.fillStyle = color
  u.ctx.fillRect(left, u.bbox.top, width, u.bbox.height)
  u.ctx.restore()
}

function cursorOf(u: uPlot): { index: number; left: number; top: number } | null {
  const { left, top } = u.cursor
  if (left === undefined || top === undefined || left < 0) return null
  const index = binAt(u.data[0] as number[], u.posToVal(left, 'x'))
  return { index, left: left + u.bbox.left / devicePixelRatio, top }
}

function selected(u: uPlot, hooks: ChartHooks): void {
  const { left, width } = u.select
  if (width < DRAG_MIN_PX) return
  const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')]
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  hooks.select(Math.max(from, hooks.span().from), Math.min(to, hooks.span().to))
}

/** A Date whose local fields read as UTC: what uPlot's axis needs to label in UTC. */
function asUtc(ms: number): Date {
  const date = new Date(ms)
  return new Date(ms + date.getTimezoneOffset() * 60_000)
}

const pad = (n: number): string => String(n).padStart(2, '0')

/** 24-hour clock; the date stands where the day changes. */
function timeLabels(ticks: number[], step: number, zoned: (ms: number) => Date): string[] {
  let day = ''
  return ticks.map((ms) => {
    const d = zoned(ms)
    const date = `${pad(d.getMonth() + 1)}-${pad(d.getDate())}`
    const newDay = day !== '' && date !== day
    day = date
    if (newDay || step >= DAY) return date
    const clock = `${pad(d.getHours())}:${pad(d.getMinutes())}`
    return step < MINUTE ? `${clock}:${pad(d.getSeconds())}` : clock
  })
}
