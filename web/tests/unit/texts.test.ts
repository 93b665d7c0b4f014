// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { cs } from '$/i18n/cs'
import { en } from '$/i18n/en'
import { preferred } from '$/i18n/index.svelte'

const names = (entry: string | Record<string, string>): string[] =>
  [...new Set((typeof entry === 'string' ? [entry] : Object.values(entry)).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort()

it('fills in the same names in every language', () => {
  for (const key of Object.keys(en) as (keyof typeof en)[]) expect([key, names(cs[key])]).toEqual([key, names(en[key])])
})

it('chooses the language a browser asks for', () => {
  expect(preferred(['cs-CZ', 'en'])).toBe('cs')
  expect(preferred(['de', 'en-GB'])).toBe('en')
  expect(preferred(['de'])).toBe('en')
})
