// SPDX-License-Identifier: Apache-2.0

/** A column of a long table. */
export interface Column {
  name: string
  label: string
  title: string
  numeric: boolean
  /** px */
  width: number
}
