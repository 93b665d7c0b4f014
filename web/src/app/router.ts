// SPDX-License-Identifier: Apache-2.0
// Which page an address shows.

export type PageName = 'explore' | 'exporters' | 'setup' | 'missing'

const PAGES: Record<string, PageName> = { '/': 'explore', '/explore': 'explore', '/exporters': 'exporters', '/setup': 'setup' }

export const pageOf = (path: string): PageName => PAGES[path === '/' ? path : path.replace(/\/+$/, '')] ?? 'missing'
