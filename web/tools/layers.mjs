// SPDX-License-Identifier: Apache-2.0
// Checks who may import whom in src/: the same one-way rule as the C folders. Pages never import each other.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Folder -> folders it may import from (itself always). */
const MAY = {
  lib: [],
  i18n: ['lib'],
  api: ['lib'],
  state: ['api', 'i18n', 'lib'],
  filter: ['ui', 'api', 'i18n', 'lib'],
  charts: ['lib'],
  table: ['i18n', 'lib'],
  ui: ['api', 'i18n', 'lib'],
  pages: ['state', 'filter', 'charts', 'table', 'ui', 'api', 'i18n', 'lib'],
  app: ['pages', 'state', 'ui', 'api', 'i18n', 'lib'],
}
const root = join(dirname(new URL(import.meta.url).pathname), '../src')
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g

/** @param {string} dir @returns {string[]} */
function files(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}

/** @type {string[]} */
const wrong = []
for (const file of files(root).filter((path) => /\.(ts|svelte)$/.test(path))) {
  const [folder = '', page] = relative(root, file).split('/')
  const allowed = /** @type {Record<string, string[]>} */ (MAY)[folder]
  if (!allowed) wrong.push(`${folder}: not a known folder`)
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    if (target.startsWith('.')) wrong.push(`${relative(root, file)}: write $/ instead of ${target}`)
    if (!target.startsWith('$/')) continue
    const [other = '', otherPage] = target.slice(2).split('/')
    if (other !== folder && !allowed?.includes(other)) wrong.push(`${relative(root, file)}: ${folder} must not import ${other}`)
    if (folder === 'pages' && other === 'pages' && page !== otherPage) {
      wrong.push(`${relative(root, file)}: a page must not import another page (${otherPage})`)
    }
  }
}
for (const line of wrong) console.error(line)
if (wrong.length > 0) process.exit(1)
console.log('layers: ok')
