// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { chartShown, useBrowser, visit } from './harness'

useBrowser()

describe('looks', () => {
  it('follows the system and remembers a choice', async () => {
    const { page } = await visit('/explore', { theme: 'dark' })
    const theme = () => page.evaluate(() => document.documentElement.dataset['theme'])
    await chartShown(page)
    expect(await theme()).toBe('dark')
    const toggle = page.getByRole('button', { name: /^Theme/ })
    await toggle.click()
    expect(await theme()).toBe('light')
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(background).toBe('rgb(241, 244, 246)')
    await page.reload()
    expect(await theme()).toBe('light')
    await toggle.click()
    expect(await theme()).toBe('dark')
  })

  it('has compact rows', async () => {
    const { page } = await visit('/explore')
    await page.locator('tbody tr').first().waitFor()
    const height = async () => (await page.locator('tbody tr').first().boundingBox())!.height
    const before = await height()
    await page.getByRole('button', { name: 'Compact rows' }).click()
    expect(await height()).toBeLessThan(before)
  })

  it('speaks Czech', async () => {
    const { page } = await visit('/explore')
    await page.getByRole('button', { name: /Change to Czech/ }).click()
    await page.getByRole('tab', { name: 'Největší skupiny' }).waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('cs')
    await page.reload()
    await page.getByRole('tab', { name: 'Největší skupiny' }).waitFor()
  })

  it.each([[1440, 900], [1024, 700]])('needs no sideways scrolling at %d x %d', async (width, height) => {
    for (const path of ['/explore', '/explore?tab=flows', '/exporters', '/setup']) {
      const { page } = await visit(path)
      await page.setViewportSize({ width, height })
      await page.locator('h1').waitFor({ state: 'attached' })
      await page.waitForLoadState('networkidle')
      const overflow = await page.evaluate(() => {
        const main = document.getElementById('main')!
        return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth]
      })
      expect([path, ...overflow]).toEqual([path, 0, 0])
    }
  })
})

describe('keys', () => {
  it('goes to pages, to the filter, shows help', async () => {
    const { page } = await visit('/explore')
    await chartShown(page)
    await page.keyboard.press('g')
    await page.keyboard.press('x')
    await page.waitForURL('**/exporters')
    await page.keyboard.press('g')
    await page.keyboard.press('e')
    await page.waitForURL('**/explore')
    await page.keyboard.press('?')
    await page.getByRole('complementary', { name: 'Help' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary', { name: 'Help' }).waitFor({ state: 'detached' })
    await page.locator('.cm-content').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('g x')
    expect(new URL(page.url()).pathname).toBe('/explore')
    expect(await page.locator('.cm-content').innerText()).toBe('g x')
  })
})

describe('exporters', () => {
  it('says who sends what and that the books balance', async () => {
    const { page } = await visit('/exporters')
    const accounting = page.getByRole('region', { name: 'Accounting' })
    await accounting.getByText('balanced', { exact: true }).first().waitFor()
    expect(await accounting.innerText()).toContain('not_export')
    const row = page.locator('tr', { hasText: '192.0.2.2' })
    expect(await row.innerText()).toMatch(/IPFIX[\s\S]*1 missing[\s\S]*1:100 from options/)
  })

  it('leads to the traffic of an exporter', async () => {
    const { page } = await visit('/exporters')
    await page.getByRole('button', { name: '192.0.2.2', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Only this' }).click()
    await page.waitForURL((url) => url.searchParams.get('f') === 'exporter_ip = 192.0.2.2')
    await chartShown(page)
  })

  it('shows every number of an exporter, what it means, and how it went', async () => {
    const { page } = await visit('/exporters')
    await page.getByRole('link', { name: 'All numbers of 192.0.2.2, domain 1' }).click()
    await page.waitForURL('**/exporters?x=192.0.2.2,1,10')
    const decoding = page.getByRole('region', { name: 'Decoding' })
    expect(await decoding.innerText()).toMatch(/Templates missing\s+1: 311[\s\S]*Records given up\s+84[\s\S]*set_length 3 a set whose length does not fit/)
    expect(await page.getByRole('region', { name: 'Lost before us', exact: true }).innerText()).toMatch(/40.210 \(0.10.%\)/)
    await page.getByRole('region', { name: 'Drops and failures by reason' }).getByText('given_up').waitFor()
    await page.getByRole('link', { name: 'Exporters', exact: true }).first().click()
    await page.waitForURL((url) => url.search === '')
  })

  it('says what is wrong', async () => {
    const { page } = await visit('/exporters', { kind: 'store-down', expected: /503/ })
    await page.getByText('libchdb.so: cannot open shared object file').waitFor()
    await page.getByText('no answer').waitFor()
    await page.getByTitle('Something needs attention').waitFor()
  })

  it.each(['/exporters', '/explore', '/setup'])('shows %s while the collector is down', async (path) => {
    const { page } = await visit(path, { kind: 'collector-down', expected: /503/ })
    await page.getByTitle('Something needs attention').waitFor()
    if (path === '/explore') return chartShown(page)
    await page.getByText('the collector does not answer').waitFor()
    if (path === '/exporters') await page.getByRole('region', { name: 'Roles' }).getByText('down', { exact: true }).waitFor()
  })
})

describe('nobody sends yet', () => {
  it('prints lines with this machine in them and waits for the first flow', async () => {
    const { page, fixture } = await visit('/', { kind: 'empty' })
    await page.getByText('Waiting for the first flow').waitFor()
    const lines = page.locator('pre')
    expect(await lines.innerText()).toContain('destination 192.0.2.10\n transport udp 2055')
    await page.getByLabel('UDP port').selectOption('4739')
    await page.getByRole('tab', { name: 'Juniper' }).click()
    expect(await lines.innerText()).toContain('flow-server 192.0.2.10 port 4739')
    await page.getByRole('tab', { name: 'MikroTik' }).click()
    expect(await lines.innerText()).toContain('dst-address=192.0.2.10 port=4739 version=ipfix')
    await page.getByRole('tab', { name: 'softflowd' }).click()
    expect(await lines.innerText()).toContain('softflowd -i eth0 -v 10 -n 192.0.2.10:4739')
    fixture.set({ kind: 'normal' })
    await chartShown(page)
  })

  it('can be asked for later', async () => {
    const { page } = await visit('/setup')
    await page.getByText('Flows are arriving').waitFor()
    await page.getByRole('link', { name: 'Open Explore' }).click()
    await chartShown(page)
  })
})

it('says when there is no such page', async () => {
  const { page } = await visit('/nowhere')
  await page.getByText('There is no such page').waitFor()
})
