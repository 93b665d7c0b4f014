// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { addressHas, chartShown, dragChart, params, useBrowser, visit } from './harness'

useBrowser()
const SIX = '/explore?v=1&t=now-6h,now&by=src_ip&m=bps&g=stacked&n=10'

describe('first load', () => {
  it('shows chart and top groups without a parameter', async () => {
    const { page } = await visit('/')
    await chartShown(page)
    expect(await page.locator('tbody tr').count()).toBe(11)
    expect(await page.locator('tbody tr').first().innerText()).toContain('203.0.113.7')
    expect(await page.locator('h2').first().innerText()).toBe('Bits per second')
    expect(await page.title()).toBe('Explore · Weir')
  })

  it('marks scaled values, and raw ones not', async () => {
    const { page } = await visit(SIX)
    await chartShown(page)
    expect(await page.locator('tbody td.num').first().innerText()).toMatch(/^~/)
    await page.getByText('As exported').click()
    await addressHas(page, (p) => p.get('raw') === '1')
    await page.waitForFunction(() => !document.querySelector('tbody td.num')?.textContent?.startsWith('~'))
  })

  it('says which parts of a link it did not understand', async () => {
    const { page } = await visit('/explore?v=1&t=now-6h,now&g=pie')
    await page.getByText('not understood').waitFor()
  })
})

describe('time', () => {
  it('takes a drag as the new range, and back returns', async () => {
    const { page } = await visit(SIX)
    await chartShown(page)
    await dragChart(page, 0.25, 0.5)
    await addressHas(page, (p) => /^2026-01-15T/.test(p.get('t') ?? ''))
    const [from, to] = params(page).get('t')!.split(',').map((bound) => Date.parse(bound))
    const start = Date.UTC(2026, 0, 15, 8, 20)
    // a quarter of six hours, snapped outwards to bins of a minute, give or take a pixel
    expect(Math.abs(from! - (start + 90 * 60_000))).toBeLessThanOrEqual(120_000)
    expect(Math.abs(to! - (start + 180 * 60_000))).toBeLessThanOrEqual(120_000)
    await page.goBack()
    await addressHas(page, (p) => p.get('t') === 'now-6h,now')
  })

  it('goes back on a double click', async () => {
    const { page } = await visit(SIX)
    await chartShown(page)
    await dragChart(page, 0.3, 0.6)
    await addressHas(page, (p) => p.get('t') !== 'now-6h,now')
    await chartShown(page)
    await page.locator('.u-over').dblclick()
    await addressHas(page, (p) => p.get('t') === 'now-6h,now')
  })

  it('has presets and typed bounds, and says what is wrong with one', async () => {
    const { page } = await visit('/explore')
    await page.keyboard.press('t')
    await page.getByRole('button', { name: 'Last 24 hours' }).click()
    await addressHas(page, (p) => p.get('t') === 'now-24h,now')
    await page.getByRole('button', { name: 'Last 24 hours' }).click()
    await page.getByLabel('From').fill('the other day')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('The start is not a time').waitFor()
    await page.getByLabel('From').fill('2026-01-15 09:00')
    await page.getByLabel('To (not included)').fill('2026-01-15 10:00')
    await page.getByRole('button', { name: 'Apply' }).click()
    await addressHas(page, (p) => p.get('t') === '2026-01-15T08:00:00Z,2026-01-15T09:00:00Z')
    await page.getByRole('button', { name: 'Twice as long' }).click()
    await addressHas(page, (p) => p.get('t') === '2026-01-15T07:30:00Z,2026-01-15T09:30:00Z')
    await page.getByRole('button', { name: 'Earlier by one period' }).click()
    await addressHas(page, (p) => p.get('t') === '2026-01-15T05:30:00Z,2026-01-15T07:30:00Z')
    await page.getByRole('button', { name: 'Back to the range before' }).click()
    await addressHas(page, (p) => p.get('t') === '2026-01-15T07:30:00Z,2026-01-15T09:30:00Z')
  })

  it('shows the same times in UTC', async () => {
    const { page } = await visit('/explore?v=1&t=2026-01-15T08:00:00Z,2026-01-15T09:00:00Z')
    await page.getByText('2026-01-15 09:00 – 10:00').waitFor()
    await page.getByText('UTC', { exact: true }).click()
    await page.getByText('2026-01-15 08:00 – 09:00').waitFor()
  })
})

describe('filter', () => {
  it('narrows by a clicked value, turns round, and goes back by a step', async () => {
    const { page } = await visit(SIX)
    await page.getByRole('button', { name: '203.0.113.7', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Include' }).click()
    await addressHas(page, (p) => p.get('f') === 'src_ip = 203.0.113.7')
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1)
    await page.getByRole('button', { name: 'Turn round: src_ip = 203.0.113.7' }).click()
    await addressHas(page, (p) => p.get('f') === 'not src_ip = 203.0.113.7')
    await page.waitForFunction(() => !document.querySelector('tbody')?.textContent?.includes('203.0.113.7 '))
    await page.getByRole('link', { name: 'All', exact: true }).click()
    await addressHas(page, (p) => p.get('f') === null)
  })

  it('offers every operation, also by keyboard', async () => {
    const { page } = await visit(SIX)
    await page.getByRole('button', { name: '203.0.113.7', exact: true }).focus()
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menu').waitFor()
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Include', 'Exclude', 'Only this', 'Add (or)', 'Show its flows', 'Copy value', 'Copy as filter'])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await addressHas(page, (p) => p.get('f') === 'not src_ip = 203.0.113.7')
  })

  it('shows what is wrong under the text and does not run it', async () => {
    const { page } = await visit('/explore')
    await page.keyboard.press('/')
    await page.keyboard.type('src_ip in 10.0.0.0/8 and dst_prt = 443')
    await page.keyboard.press('Enter')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toContain('Column 26: there is no field or word "dst_prt"')
    expect(await page.locator('.cm-wrong').innerText()).toBe('dst_prt')
    expect(params(page).get('f')).toBeNull()
  })

  it('shows it too when the link brought the wrong filter', async () => {
    const { page } = await visit('/explore?v=1&f=dst_prt+%3D+443', { expected: /400/ })
    await page.getByText('The filter is wrong.').waitFor()
    await page.getByText('Column 1: there is no field or word "dst_prt"').waitFor()
  })

  it('completes, runs, and brings the last one back with the arrow', async () => {
    const { page } = await visit('/explore')
    await page.locator('.cm-content').click()
    await page.keyboard.type('dst_p')
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'dst_port' }).waitFor()
    // the editor takes no choice right after the list appeared, so that none is made by accident
    await page.waitForTimeout(150)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type(' = 53')
    await page.keyboard.press('Enter')
    await addressHas(page, (p) => p.get('f') === 'dst_port = 53')
    await page.getByRole('button', { name: 'Remove the filter' }).click()
    await addressHas(page, (p) => p.get('f') === null)
    await page.locator('.cm-content').click()
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await addressHas(page, (p) => p.get('f') === 'dst_port = 53')
  })
})

describe('groups', () => {
  it('adds and drops dimensions in order', async () => {
    const { page } = await visit(SIX)
    await page.getByRole('button', { name: 'Choose fields to group by' }).click()
    await page.getByPlaceholder('Find a field').fill('dst_port')
    await page.getByRole('button', { name: /^dst_port/ }).click()
    await addressHas(page, (p) => p.get('by') === 'src_ip,dst_port')
    await page.getByRole('button', { name: 'Move dst_port forward' }).click()
    await addressHas(page, (p) => p.get('by') === 'dst_port,src_ip')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Remove dst_port' }).first().click()
    await addressHas(page, (p) => p.get('by') === 'src_ip')
  })

  it('hides and shows alone in the chart', async () => {
    const { page } = await visit(SIX)
    const toggles = page.getByRole('button', { name: /in the chart$/ })
    await toggles.first().click()
    expect(await toggles.first().getAttribute('aria-pressed')).toBe('false')
    await toggles.nth(2).click({ modifiers: ['Alt'] })
    expect(await page.locator('button[aria-pressed=true].toggle').count()).toBe(1)
    await page.getByRole('button', { name: 'Show all' }).click()
    expect(await page.locator('button[aria-pressed=false].toggle').count()).toBe(0)
  })

  it('sorts addresses by value', async () => {
    const { page } = await visit(SIX)
    await page.getByRole('button', { name: 'src_ip', exact: true }).click()
    const shown = await page.locator('tbody .key .value').allInnerTexts()
    expect(shown[0]).toMatch(/^10\./)
    expect(shown.at(-1)).toMatch(/^2001:/)
  })

  it('shows the chart as a table', async () => {
    const { page } = await visit('/explore')
    await page.getByRole('button', { name: 'Chart as a table' }).click()
    const rows = page.getByRole('region', { name: 'Chart as a table' }).locator('tbody tr')
    expect(await rows.count()).toBe(120)
  })
})

describe('flows', () => {
  it('scrolls through tens of thousands of rows, fetching pages', async () => {
    const { page, fixture } = await visit(`${SIX}&tab=flows`)
    await page.getByRole('tab', { name: /^Flows \(39/ }).waitFor()
    const grid = page.getByRole('grid')
    const total = Number(await grid.getAttribute('aria-rowcount')) - 1
    expect(total).toBeGreaterThan(30_000)
    expect(await page.locator('.row').count()).toBeLessThan(60)
    const asked = fixture.requests.filter((one) => one === 'POST /flows').length
    await grid.evaluate((el) => (el.scrollTop = el.scrollHeight))
    await page.locator(`.row[aria-rowindex="${total + 1}"]`).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.pending').length === 0)
    expect(fixture.requests.filter((one) => one === 'POST /flows').length - asked).toBeLessThanOrEqual(2)
    const last = await page.locator(`.row[aria-rowindex="${total + 1}"]`).innerText()
    expect(last).toContain('2026-01-15 09:2')
  })

  it('sorts by a column and shows all fields of a row', async () => {
    const { page } = await visit(`${SIX}&tab=flows`)
    await page.getByRole('columnheader', { name: 'bytes' }).getByRole('button').click()
    await addressHas(page, (p) => p.get('o') === '-bytes')
    await page.locator('.row').first().click({ position: { x: 3, y: 10 } })
    const detail = page.getByRole('complementary', { name: 'All fields of the flow' })
    await detail.waitFor()
    expect(await detail.innerText()).toContain('observation_domain')
    await detail.getByRole('button', { name: 'Close' }).click()
    expect(await detail.count()).toBe(0)
  })

  it('works by keyboard', async () => {
    const { page } = await visit(`${SIX}&tab=flows`)
    await page.locator('[data-cell="0:1"] button').waitFor()
    await page.locator('[data-cell="0:0"]').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    const ip = await page.locator('[data-cell="1:1"]').innerText()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Only this' }).press('Enter')
    await addressHas(page, (p) => p.get('f') === `src_ip = ${ip}`)
  })

  it('shows other columns and keeps the choice', async () => {
    const { page } = await visit(`${SIX}&tab=flows`)
    await page.getByRole('button', { name: 'Columns', exact: true }).click()
    await page.getByRole('button', { name: /^dns_qname/ }).click()
    await page.getByRole('columnheader', { name: 'dns_qname' }).waitFor()
    await page.reload()
    await page.getByRole('columnheader', { name: 'dns_qname' }).waitFor()
  })
})

describe('leaving the page', () => {
  it('downloads what is seen', async () => {
    const { page } = await visit(`${SIX}&f=dst_port+%3D+53`)
    await page.getByRole('button', { name: 'CSV', exact: true }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Top groups' }).click()
    const stream = await (await download).createReadStream()
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    const lines = text.trim().split('\r\n')
    expect(lines[0]).toBe('src_ip,bytes,packets,flows,value')
    expect(lines.length).toBe(11)
    const shown = await page.locator('tbody .key .value').allInnerTexts()
    expect(lines.slice(1).map((line) => line.split(',')[0]).sort()).toEqual(shown.sort())
  })

  it('shows the view as request and command', async () => {
    const { page } = await visit(`${SIX}&f=dst_port+%3D+53`)
    await page.getByRole('button', { name: 'API', exact: true }).click()
    await page.getByText("weir series -s src_ip -m bps -t now-6h/now -n 10 'dst_port = 53'").waitFor()
    await page.getByText('/api/v1/series').waitFor()
  })
})

describe('slow and failing', () => {
  it('keeps the old chart while loading and cancels a slow query', async () => {
    const { page, fixture } = await visit(SIX)
    await chartShown(page)
    fixture.set({ delayMs: 20_000 })
    await page.getByText('p/s', { exact: true }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Cancelled.').waitFor()
    expect(await page.locator('.u-wrap canvas').count()).toBe(1)
    expect(fixture.cancelled.length).toBeGreaterThanOrEqual(1)
    expect(fixture.cancelled[0]).toMatch(/^[0-9a-f]{24}$/)
  })

  it('shows a coarse answer first, marked, and the exact one in its place', async () => {
    const { page, fixture } = await visit(`${SIX}&raw=1`, { exactMs: 1500 })
    await chartShown(page)
    const pills = page.getByText('coarse, the exact answer is on its way')
    await pills.first().waitFor()
    expect(await pills.count()).toBe(2)
    expect(await page.locator('tbody td.num').first().innerText()).toMatch(/^~/)
    await page.waitForFunction(() => !document.body.innerText.includes('the exact answer is on its way'))
    expect(await page.locator('tbody td.num').first().innerText()).toMatch(/^\d/)
    expect(fixture.requests.filter((one) => one === 'POST /series').length).toBe(2)
    // asked for again, the exact answer stays until the next exact one
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await page.waitForTimeout(500)
    expect(await pills.count()).toBe(0)
  })

  it('asks once where the first answer is exact', async () => {
    const { page, fixture } = await visit(SIX)
    await chartShown(page)
    expect(await page.getByText('coarse').count()).toBe(0)
    expect(fixture.requests.filter((one) => one === 'POST /series').length).toBe(1)
  })

  it('says that the store is down', async () => {
    const { page, fixture } = await visit(SIX, { kind: 'store-down', expected: /503/ })
    await page.getByText('The store does not answer.').waitFor()
    fixture.set({ kind: 'normal' })
    await page.getByRole('button', { name: 'Try again' }).click()
    await chartShown(page)
  })

  it('keeps what is there when the store goes away', async () => {
    const { page, fixture } = await visit(SIX, { expected: /503/ })
    await chartShown(page)
    fixture.set({ kind: 'store-down' })
    await page.getByText('p/s', { exact: true }).click()
    await page.getByText('The store does not answer.').waitFor()
    await chartShown(page)
  })

  it('says that nobody answers', async () => {
    const { page } = await visit('/setup', { expected: /ERR_FAILED/ })
    await page.route('**/api/**', (route) => route.abort())
    await page.goto(new URL('/explore', page.url()).href)
    await page.getByText('Weir does not answer.').waitFor()
  })
})
