// SPDX-License-Identifier: Apache-2.0
// Texts of the page. The English catalogue is the type of the others: a key that is missing or extra does not compile.
import { en } from '$/i18n/en'
import { grouped } from '$/lib/format'

export type Lang = 'en' | 'cs'
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }
export type Catalogue = { [K in keyof typeof en]: (typeof en)[K] extends string ? string : Plural }
export type TextKey = keyof Catalogue

const LOADERS: Record<Lang, () => Promise<Catalogue>> = {
  en: () => Promise.resolve(en),
  cs: () => import('$/i18n/cs').then((module) => module.cs),
}

class I18n {
  lang = $state<Lang>('en')
  catalogue = $state.raw<Catalogue>(en)
  #plural = $derived(new Intl.PluralRules(this.lang))

  async use(lang: Lang): Promise<void> {
    this.catalogue = await LOADERS[lang]()
    this.lang = lang
    document.documentElement.lang = lang
  }

  /** The text of `key`; {name} is replaced from `params`, and params.n chooses the plural form. */
  text(key: TextKey, params: Record<string, string | number> = {}): string {
    const entry = this.catalogue[key]
    const count = params['n']
    const form =
      typeof entry === 'string' ? entry : (entry[this.#plural.select(typeof count === 'number' ? count : 0)] ?? entry.other)
    return form.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name] ?? `{${name}}`
      return typeof value === 'number' ? grouped(value) : value
    })
  }
}

export const i18n = new I18n()
/** A text for a name that comes from the server, if we have one. */
export const textOf = (key: string): string | undefined =>
  Object.hasOwn(i18n.catalogue, key) ? i18n.text(key as TextKey) : undefined
export const t = (key: TextKey, params?: Record<string, string | number>): string => i18n.text(key, params)

/** The language a browser asks for, as far as we have it. */
export function preferred(languages: readonly string[]): Lang {
  return languages.map((tag) => tag.slice(0, 2)).find((tag): tag is Lang => tag === 'en' || tag === 'cs') ?? 'en'
}
