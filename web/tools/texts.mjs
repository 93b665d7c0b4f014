// SPDX-License-Identifier: Apache-2.0
// Checks that no text stands in a component (all texts are in the catalogues) and that no component carries a style
// attribute, which the content security policy would block.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parse } from 'svelte/compiler'

const root = join(dirname(new URL(import.meta.url).pathname), '../src')
/** Names and symbols that are the same in every language. */
const SAME = /^(?:Weir|API|CSV|UTC)$/
const SPOKEN = new Set(['title', 'aria-label', 'placeholder', 'alt', 'label', 'hint'])

/** @param {string} dir @returns {string[]} */
function files(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}

/** @type {string[]} */
const wrong = []
/** @param {string} file @param {any} node */
function visit(file, node) {
  if (!node || typeof node !== 'object') return
  if (Array.isArray(node)) return node.forEach((one) => visit(file, one))
  if (node.type === 'StyleDirective') return visitExpressions(file, node.value)
  if (node.type === 'Attribute') {
    if (node.name === 'style') wrong.push(`${file}: style attribute (use style:name)`)
    if (!SPOKEN.has(node.name)) return visitExpressions(file, node.value)
  }
  if (node.type === 'Text' && /\p{L}{2,}/u.test(node.data) && !SAME.test(node.data.trim())) {
    wrong.push(`${file}: text "${node.data.trim()}" belongs in i18n/`)
  }
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'parent' && key !== 'instance' && key !== 'module' && key !== 'css') visit(file, value)
  }
}
/** @param {string} file @param {any} value */
function visitExpressions(file, value) {
  for (const part of Array.isArray(value) ? value : [value]) if (part?.type === 'ExpressionTag') visit(file, part.expression)
}

for (const path of files(root).filter((name) => name.endsWith('.svelte'))) {
  visit(relative(root, path), parse(readFileSync(path, 'utf8'), { modern: true }).fragment)
}
const sources = files(root).filter((name) => /\.(ts|svelte)$/.test(name) && !name.includes('/i18n/')).map((name) => readFileSync(name, 'utf8'))
const keys = [...readFileSync(join(root, 'i18n/en.ts'), 'utf8').matchAll(/^ {2}'?([\w.]+)'?:/gm)].map((match) => match[1] ?? '')
for (const key of keys) {
  // a key may be put together: `metric.${name}.long`
  const parts = key.split('.')
  const made = parts.map((_, i) => parts.map((part, j) => (i === j ? '${' : part)).join('.').split('${')[0] + '${')
  const used = [`'${key}'`, `"${key}"`, ...made.filter((text) => text !== '${').map((text) => '`' + text)]
  if (!sources.some((text) => used.some((one) => text.includes(one)))) wrong.push(`i18n/en.ts: ${key} is not used`)
}
for (const line of wrong) console.error(line)
if (wrong.length > 0) process.exit(1)
console.log('texts: ok')
