// SPDX-License-Identifier: Apache-2.0
// WCAG 2.2 AA as far as a machine can tell, on every page and state, in both themes.
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { useBrowser, visit } from './harness'

useBrowser()

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const PAGES: { name: string; path: string; kind?: 'empty' | 'store-down'; act?: (page: Page) => Promise<unknown> }[] = [
  { name: 'explore', path: '/explore?f=dst_port+%3D+443&by=src_ip,dst_port' },
  { name: 'chart as a table', path: '/explore', act: (page) => page.getByRole('button', { name: 'Chart as a table' }).click() },
  { name: 'flows', path: '/explore?tab=flows', act: (page) => page.locator('.row').first().click({ position: { x: 3, y: 10 } }) },
  { name: 'value menu', path: '/explore', act: (page) => page.locator('tbody .value').first().click() },
  { name: 'time picker', path: '/explore', act: (page) => page.keyboard.press('t') },
  { name: 'group by', path: '/explore', act: (page) => page.getByRole('button', { name: 'Choose fields to group by' }).click() },
  { name: 'columns', path: '/explore?tab=flows', act: (page) => page.getByRole('button', { name: 'Columns', exact: true }).click() },
  { name: 'api', path: '/explore', act: (page) => page.getByRole('button', { name: 'API', exact: true }).click() },
  { name: 'help', path: '/explore', act: (page) => page.keyboard.press('?') },
  { name: 'filter error', path: '/explore?f=nonsense' },
  { name: 'exporters', path: '/exporters' },
  { name: 'exporter', path: '/exporters?x=192.0.2.2,1,10' },
  { name: 'exporters, store down', path: '/exporters', kind: 'store-down' },
  { name: 'explore, store down', path: '/explore', kind: 'store-down' },
  { name: 'nobody sends', path: '/', kind: 'empty' },
  { name: 'setup', path: '/setup' },
  { name: 'no such page', path: '/nowhere' },
]

async function violations(page: Page): Promise<string[]> {
  const results = await page.evaluate(
    (tags) => (window as unknown as { axe: typeof axe }).axe.run(document, { runOnly: tags }) as Promise<AxeResults>,
    TAGS,
  )
  return results.violations.map((v) => {
    const nodes = v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n')[1] ?? ''}`)
    return `${v.id}: ${nodes.join(' | ')}`
  })
}

it.each(PAGES)('$name', async ({ path, kind, act }) => {
  const { page } = await visit(path, { expected: /status of (400|503)/, ...(kind ? { kind } : {}) })
  await page.waitForLoadState('networkidle')
  await act?.(page)
  await page.waitForTimeout(200)
  await page.evaluate(axe.source)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.waitForFunction((theme) => document.documentElement.dataset['theme'] === theme, colorScheme)
    expect([colorScheme, ...(await violations(page))]).toEqual([colorScheme])
  }
})
