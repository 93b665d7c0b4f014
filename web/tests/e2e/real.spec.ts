// SPDX-License-Identifier: Apache-2.0
// The page over a running Weir (WEIR_URL) that some exporter has sent flows to in the last hour. Nothing is assumed
// about what the traffic was.
import { describe, expect, it } from 'vitest'
import { addressHas, chartShown, dragChart, newPage, params, useBrowser } from './harness'

const url = (process.env['WEIR_URL'] ?? '').replace(/\/$/, '')

describe.skipIf(url === '')('a running Weir', () => {
  useBrowser()

  it('shows who sends, and balanced books', async () => {
    const page = await newPage(url, '/exporters')
    await page.getByRole('region', { name: 'Exporters' }).locator('tbody tr').first().waitFor()
    await page.getByRole('region', { name: 'Accounting' }).getByText('balanced', { exact: true }).first().waitFor()
    await page.getByRole('link', { name: /^All numbers of / }).first().click()
    expect(await page.getByRole('region', { name: 'Arriving' }).innerText()).toMatch(/Records\s+[1-9]/)
    await page.getByRole('region', { name: 'Records per second' }).waitFor()
  })

  it('shows chart and top groups, drills down to one connection, and exports it', async () => {
    const page = await newPage(url, '/explore?v=1&t=now-1h,now&by=src_ip&m=bytes&g=stacked&n=10')
    await chartShown(page)
    const first = page.locator('tbody .key .value').first()
    await first.waitFor()
    const ip = (await first.innerText()).trim()
    await first.click()
    await page.getByRole('menuitem', { name: 'Include' }).click()
    await addressHas(page, (p) => p.get('f') === `src_ip = ${ip}`)
    await page.waitForFunction((only) => [...document.querySelectorAll('tbody .key')].every((el) => el.textContent?.trim() === only), ip)

    await page.getByRole('tab', { name: /^Flows/ }).click()
    const cell = page.locator('[data-cell="0:1"]')
    await cell.locator('.value').waitFor()
    expect((await cell.innerText()).trim()).toBe(ip)
    await page.locator('.row').first().click({ position: { x: 3, y: 10 } })
    const detail = page.getByRole('complementary', { name: 'All fields of the flow' })
    await detail.waitFor()
    expect(await detail.innerText()).toContain('exporter_ip')

    await page.getByRole('button', { name: 'CSV', exact: true }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: /^Flows/ }).click()
    let text = ''
    for await (const chunk of await (await download).createReadStream()) text += String(chunk)
    const [head, ...rows] = text.trim().split(/\r?\n/)
    const at = head!.split(',').indexOf('src_ip')
    expect(rows.length).toBeGreaterThan(0)
    expect(new Set(rows.map((row) => row.split(',')[at]))).toEqual(new Set([ip]))
  })

  it('takes a drag as the new range, and back returns', async () => {
    const page = await newPage(url, '/explore?v=1&t=now-1h,now&by=proto&m=bps&g=lines&n=5')
    await chartShown(page)
    await dragChart(page, 0.2, 0.6)
    await addressHas(page, (p) => p.get('t') !== 'now-1h,now')
    const [from, to] = params(page).get('t')!.split(',').map((bound) => Date.parse(bound))
    expect(to! - from!).toBeGreaterThan(20 * 60_000)
    expect(to! - from!).toBeLessThan(30 * 60_000)
    await page.goBack()
    await addressHas(page, (p) => p.get('t') === 'now-1h,now')
  })

  it('shows what is wrong with a filter', async () => {
    const page = await newPage(url, '/explore')
    await page.keyboard.press('/')
    await page.keyboard.type('dst_prt = 443')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect(params(page).get('f')).toBeNull()
  })
})
