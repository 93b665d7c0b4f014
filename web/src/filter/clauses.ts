// SPDX-License-Identifier: Apache-2.0
// Editing a filter by clicking: the text stays the truth, these functions only find its top-level terms and add,
// drop or negate one. They understand words, quotes and parentheses, not the language; the server does.
import type { FieldValue } from '$/lib/record'

export interface Token {
  text: string
  from: number
  to: number
  kind: 'word' | 'string' | 'number' | 'operator' | 'open' | 'close' | 'connective' | 'comment'
}

const TOKEN = /\s+|#.*|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|&&|\|\||[<>=!]=|[<>=!~]|[()[\]{},]|[^\s()[\]{},<>=!~&|"'#]+|[&|]/g
const CONNECTIVE = /^(and|or|not|&&|\|\||!)$/i

export function tokenize(text: string): Token[] {
  const out: Token[] = []
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0]
    if (/^\s/.test(token)) continue
    out.push({ text: token, from: match.index, to: match.index + token.length, kind: kindOf(token) })
  }
  return out
}

function kindOf(token: string): Token['kind'] {
  if (token.startsWith('#')) return 'comment'
  if (/^["']/.test(token)) return 'string'
  if (CONNECTIVE.test(token)) return 'connective'
  if (/^[([{]$/.test(token)) return 'open'
  if (/^[)\]}]$/.test(token)) return 'close'
  if (/^[<>=!~,&|]/.test(token)) return 'operator'
  return /^[\d.:]/.test(token) ? 'number' : 'word'
}

const isWord = (token: Token, ...words: string[]): boolean => words.includes(token.text.toLowerCase())

/** The terms joined by top-level `and`; one term (the whole text) where there is a top-level `or` or none to split. */
export function terms(text: string): string[] {
  const tokens = tokenize(text).filter((token) => token.kind !== 'comment')
  const cuts: Token[] = []
  let depth = 0
  for (const token of tokens) {
    if (token.kind === 'open') depth++
    else if (token.kind === 'close') depth--
    else if (depth === 0 && isWord(token, 'or', '||')) return [text.trim()]
    else if (depth === 0 && isWord(token, 'and', '&&')) cuts.push(token)
  }
  if (depth !== 0 || tokens.length === 0) return text.trim() === '' ? [] : [text.trim()]
  const starts = [0, ...cuts.map((cut) => cut.to)]
  const ends = [...cuts.map((cut) => cut.from), text.length]
  const out = starts.map((start, i) => text.slice(start, ends[i]).trim())
  return out.includes('') ? [text.trim()] : out
}

export const join = (parts: readonly string[]): string => parts.join(' and ')

function hasTopLevelOr(text: string): boolean {
  let depth = 0
  return tokenize(text).some((token) => {
    if (token.kind === 'open') depth++
    if (token.kind === 'close') depth--
    return depth === 0 && isWord(token, 'or', '||')
  })
}

const wrap = (text: string): string => (hasTopLevelOr(text) ? `(${text})` : text)

/** The filter and one more term; the same term twice is once. */
export function include(filter: string, term: string): string {
  const parts = terms(filter)
  if (parts.includes(term)) return filter
  return join([...parts.map(wrap), wrap(term)])
}

/** The filter without what the term matches; a term that was asked for before is turned round. */
export function exclude(filter: string, term: string): string {
  const rest = terms(filter).filter((part) => part !== term)
  return include(join(rest.map(wrap)), negate(term))
}

/** What the filter matches, and what the term matches. */
export function alternative(filter: string, term: string): string {
  return filter.trim() === '' ? term : `${filter.trim()} or ${term}`
}

export function negate(term: string): string {
  const positive = /^(?:not\s+|!\s*)([\s\S]+)$/i.exec(term)
  if (positive && terms(positive[1]!).length === 1) return positive[1]!.replace(/^\(([^()]*)\)$/, '$1')
  const simple = tokenize(term).every((token) => token.kind !== 'connective')
  return simple ? `not ${term}` : `not (${term})`
}

export const without = (filter: string, index: number): string =>
  join(terms(filter).filter((_, i) => i !== index))

export const upTo = (filter: string, index: number): string => join(terms(filter).slice(0, index + 1))

export const replaceAt = (filter: string, index: number, term: string): string =>
  join(terms(filter).map((old, i) => (i === index ? term : old)))

const UNFILTERABLE = new Set(['time', 'list'])

/** The term that matches a value, or null where a value cannot be asked for (absent, a list, a time). */
export function termFor(field: string, kind: string | undefined, value: FieldValue): string | null {
  if (value === null || value === undefined || value === '' || Array.isArray(value)) return null
  if (kind !== undefined && UNFILTERABLE.has(kind)) return null
  return `${field} = ${kind === 'text' ? quote(String(value)) : String(value)}`
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
