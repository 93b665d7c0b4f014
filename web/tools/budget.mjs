// SPDX-License-Identifier: Apache-2.0
// Checks what a browser loads before the first chart: the entry, its static imports and the styles, gzipped.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

const JS_MAX = 120 * 1024
const CSS_MAX = 20 * 1024
const dist = join(dirname(new URL(import.meta.url).pathname), '../dist')
/** @type {Record<string, { file: string, isEntry?: boolean, imports?: string[], css?: string[] }>} */
const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'))

/** @type {Set<string>} */
const scripts = new Set()
/** @type {Set<string>} */
const styles = new Set()
/** @param {string} key */
function load(key) {
  const chunk = manifest[key]
  if (!chunk || scripts.has(chunk.file)) return
  scripts.add(chunk.file)
  for (const css of chunk.css ?? []) styles.add(css)
  for (const next of chunk.imports ?? []) load(next)
}
for (const [key, chunk] of Object.entries(manifest)) {
  if (chunk.isEntry) load(key)
  if (chunk.file.endsWith('.css')) styles.add(chunk.file)
}

/** @param {Iterable<string>} files */
const size = (files) => [...files].reduce((sum, file) => sum + statSync(join(dist, `${file}.gz`)).size, 0)
const [js, css] = [size(scripts), size(styles)]
console.log(`initial JavaScript ${(js / 1024).toFixed(1)} KB of ${JS_MAX / 1024}, styles ${(css / 1024).toFixed(1)} KB of ${CSS_MAX / 1024} (gzip)`)
if (js > JS_MAX || css > CSS_MAX) process.exit(1)
