// SPDX-License-Identifier: Apache-2.0
// Columns of the list of flows: how wide, which side, how a cell reads.
import type { Field, Flow } from '$/api/types'
import { grouped, si } from '$/lib/format'
import { valueName, valueText, type FieldValue } from '$/lib/record'
import { formatStamp } from '$/lib/time'
import type { Column } from '$/table/columns'

/** px of one digit of the mono font, and of what stands around a cell. */
const CHAR = 7.5
const AROUND = 26
const NAME_CHAR = 6.6
const WIDEST = 300
const NUMERIC = new Set(['num', 'count', 'id', 'as', 'iface', 'duration'])

export const isNumeric = (kind: string | undefined): boolean => kind !== undefined && NUMERIC.has(kind)

/** ms since the epoch of a time as a record has it: RFC 3339 text or a number. */
export const timeOf = (value: FieldValue): number | null => {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isFinite(ms) ? ms : null
}

/** Text of a cell; undefined = the value as it is. */
export function cellText(field: Field | undefined, value: FieldValue, utc: boolean): string | undefined {
  if (field?.kind === 'time') {
    const ms = timeOf(value)
    return ms === null ? undefined : formatStamp(ms, utc, true)
  }
  if (typeof value !== 'number') return undefined
  if (field?.unit === 'bytes') return si(value, 'B')
  return field?.kind === 'count' ? grouped(value) : undefined
}

/** Wide enough for the head and for what the first rows hold. */
export function flowColumns(names: readonly string[], fields: ReadonlyMap<string, Field>, sample: readonly Flow[], utc: boolean): Column[] {
  return names.map((name) => {
    const field = fields.get(name)
    const widest = Math.max(
      0,
      ...sample.map((flow) => {
        const value = flow[name]
        const text = cellText(field, value, utc)
        const known = text === undefined ? (valueName(name, field?.kind, value)?.length ?? -1) : -1
        return (text ?? valueText(value)).length * CHAR + (known + 1) * NAME_CHAR
      }),
    )
    const head = (name.length + 2) * NAME_CHAR
    return {
      name,
      label: name,
      title: field?.doc ?? name,
      numeric: isNumeric(field?.kind),
      width: Math.round(Math.min(WIDEST, Math.max(widest, head)) + AROUND),
    }
  })
}
