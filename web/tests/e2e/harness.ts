// SPDX-License-Identifier: Apache-2.0
// One browser per file, a fresh page and fixture per test. What the page complains about on its console, a request
// that leaves for another host, or a blocked style fails the test.
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch } from './browser.mjs'
import { startFixture } from '../fixture/server.mjs'

export const NOW = Date.UTC(2026, 0, 15, 14, 20)
type Fixture = Awaited<ReturnType<typeof startFixture>>

export interface Opened {
  page: Page
  fixture: Fixture
  url: string
}

interface Options {
  kind?: 'normal' | 'empty' | 'store-down' | 'collector-down'
  delayMs?: number
  exactMs?: number
  theme?: 'light' | 'dark'
  /** Complaints that the test expects, e.g. of a refused request. */
  expected?: RegExp
}

let browser: Browser
const open: { context: BrowserContext; fixture: Fixture | undefined; complaints: string[]; expected: RegExp | undefined }[] = []

export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launch()
  })
  afterEach(async () => {
    const complaints: string[] = []
    for (const one of open.splice(0)) {
      await one.context.close()
      await one.fixture?.stop()
      complaints.push(...one.complaints.filter((text) => !one.expected?.test(text)))
    }
    expect(complaints).toEqual([])
  })
  afterAll(() => browser?.close())
}

export async function newPage(base: string, path: string, options: Options = {}, fixture?: Fixture): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: options.theme ?? 'light',
    timezoneId: 'Europe/Prague',
    locale: 'en-GB',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) complaints.push(`request to ${request.url()}`)
  })
  open.push({ context, fixture, complaints, expected: options.expected })
  await page.goto(base + path)
  return page
}

export async function visit(path: string, options: Options = {}): Promise<Opened> {
  const fixture = await startFixture({ kind: options.kind ?? 'normal', now: NOW, ...(options.delayMs ? { delayMs: options.delayMs } : {}), ...(options.exactMs ? { exactMs: options.exactMs } : {}) })
  return { page: await newPage(fixture.url, path, options, fixture), fixture, url: fixture.url }
}

export const params = (page: Page): URLSearchParams => new URL(page.url()).searchParams

/** Waits until the address says what is expected. */
export const addressHas = (page: Page, test: (params: URLSearchParams) => boolean): Promise<void> =>
  page.waitForURL((url) => test(url.searchParams), { timeout: 5000 })

/** The drawn chart and the table under it are there. */
export async function chartShown(page: Page): Promise<void> {
  await page.locator('.u-over').waitFor()
  await page.locator('.u-wrap canvas').waitFor()
}

/** Drags over the chart between two shares of its width. */
export async function dragChart(page: Page, from: number, to: number): Promise<void> {
  const box = (await page.locator('.u-over').boundingBox())!
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + from * box.width, y)
  await page.mouse.down()
  await page.mouse.move(box.x + ((from + to) / 2) * box.width, y, { steps: 4 })
  await page.mouse.move(box.x + to * box.width, y, { steps: 4 })
  await page.mouse.up()
}
