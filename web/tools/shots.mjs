// SPDX-License-Identifier: Apache-2.0
// Pictures of every page and state, in both themes and two sizes: node tools/shots.mjs DIR [NAME...]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startFixture } from '../tests/fixture/server.mjs'
import { launch } from '../tests/e2e/browser.mjs'

const NOW = Date.UTC(2026, 0, 15, 14, 20)
const [dir = 'shots', ...only] = process.argv.slice(2)
const SIZES = [{ width: 1440, height: 900 }, { width: 1024, height: 700 }]

/** @typedef {import('playwright-core').Page} Page */
/** @type {{ name: string, kind?: 'normal' | 'empty' | 'store-down', path: string, act?: (page: Page) => Promise<unknown>, stop?: boolean }[]} */
const SHOTS = [
  { name: 'explore', path: '/explore' },
  { name: 'explore-6h', path: '/explore?v=1&t=now-6h,now&by=dst_port,proto&m=bps&g=stacked&n=10' },
  { name: 'explore-lines', path: '/explore?v=1&t=now-6h,now&by=exporter_ip&m=pps&g=lines&n=10&f=proto+%3D+6' },
  { name: 'hover', path: '/explore?v=1&t=now-3h,now&by=src_ip&m=bps&g=stacked&n=10', act: (page) => page.mouse.move(700, 300) },
  { name: 'filter', path: '/explore?v=1&t=now-6h,now&f=src_ip+in+10.0.0.0/8+and+dst_port+%3D+443+and+not+exporter_ip+%3D+192.0.2.1&by=src_ip,dst_ip&m=bps&g=stacked&n=15' },
  { name: 'filter-error', path: '/explore?v=1&t=now-6h,now&f=src_ip+in+10.0.0.0/8+and+dst_prt+%3D+443&by=src_ip&m=bps&g=stacked&n=10' },
  { name: 'flows', path: '/explore?v=1&t=now-6h,now&by=src_ip&m=bps&g=stacked&n=10&tab=flows' },
  { name: 'flow-detail', path: '/explore?v=1&t=now-6h,now&by=src_ip&m=bps&g=stacked&n=10&tab=flows', act: (page) => page.locator('.row').nth(3).click({ position: { x: 4, y: 8 } }) },
  { name: 'value-menu', path: '/explore', act: (page) => page.locator('tbody .value').nth(2).click() },
  { name: 'time', path: '/explore', act: (page) => page.keyboard.press('t') },
  { name: 'groupby', path: '/explore', act: (page) => page.getByRole('button', { name: 'Choose fields to group by' }).click() },
  { name: 'columns', path: '/explore?tab=flows', act: (page) => page.getByRole('button', { name: 'Columns', exact: true }).click() },
  { name: 'api', path: '/explore?v=1&t=now-6h,now&f=dst_port+%3D+443&by=src_ip&m=bps&g=stacked&n=10', act: (page) => page.getByRole('button', { name: 'API', exact: true }).click() },
  { name: 'complete', path: '/explore', act: async (page) => { await page.keyboard.press('/'); await page.keyboard.type('dst'); await page.waitForTimeout(500) } },
  { name: 'chart-table', path: '/explore', act: (page) => page.getByRole('button', { name: 'Chart as a table' }).click() },
  { name: 'nothing', path: '/explore?v=1&t=now-6h,now&f=dst_port+%3D+1&by=src_ip&m=bps&g=stacked&n=10' },
  { name: 'exporters', path: '/exporters' },
  { name: 'exporter', path: '/exporters?x=192.0.2.2,1,10' },
  { name: 'exporters-down', kind: 'store-down', path: '/exporters' },
  { name: 'explore-down', kind: 'store-down', path: '/explore' },
  { name: 'unreachable', path: '/explore', stop: true },
  { name: 'empty', kind: 'empty', path: '/' },
  { name: 'setup-juniper', path: '/setup', act: (page) => page.getByRole('tab', { name: 'Juniper' }).click() },
  { name: 'help', path: '/explore', act: (page) => page.keyboard.press('?') },
  { name: 'missing', path: '/nowhere' },
]

mkdirSync(dir, { recursive: true })
const browser = await launch()
for (const shot of SHOTS.filter((one) => only.length === 0 || only.includes(one.name))) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const viewport of SIZES) {
      const fixture = await startFixture({ kind: shot.kind ?? 'normal', now: NOW })
      const context = await browser.newContext({ viewport, colorScheme, timezoneId: 'Europe/Prague', locale: 'en-GB' })
      const page = await context.newPage()
      const complaints = new Set()
      page.on('console', (message) => message.type() === 'error' && complaints.add(message.text()))
      page.on('pageerror', (error) => complaints.add(error.message))
      if (shot.stop) await page.route('**/api/**', (route) => route.abort())
      await page.goto(fixture.url + shot.path)
      await page.waitForTimeout(700)
      await shot.act?.(page)
      await page.waitForTimeout(350)
      await page.screenshot({ path: join(dir, `${shot.name}-${colorScheme}-${viewport.width}.png`) })
      for (const complaint of complaints) console.error(shot.name, colorScheme, complaint)
      await context.close()
      await fixture.stop()
    }
  }
}
await browser.close()
