// SPDX-License-Identifier: Apache-2.0
// Builds the page into dist/ as plain hashed files with .gz and .br beside them, so that the daemon only sends files.
// Nothing is inlined and nothing is fetched from elsewhere: the page runs under `default-src 'self'`.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const COMPRESSIBLE = /\.(js|css|html|svg|json)$/
const MIN_BYTES = 256

function precompress(): Plugin {
  let dir = ''
  function walk(path: string): string[] {
    return readdirSync(path).flatMap((name) => {
      const file = join(path, name)
      return statSync(file).isDirectory() ? walk(file) : [file]
    })
  }
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: (config) => void (dir = join(config.root, config.build.outDir)),
    closeBundle() {
      for (const file of walk(dir).filter((f) => COMPRESSIBLE.test(f))) {
        const body = readFileSync(file)
        if (body.length < MIN_BYTES) continue
        writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length }
        writeFileSync(`${file}.br`, brotliCompressSync(body, { params }))
      }
    },
  }
}

export default defineConfig({
  plugins: [svelte(), precompress()],
  resolve: {
    alias: { $: new URL('src', import.meta.url).pathname },
    // components under test are the browser's, not the server's
    ...(process.env['VITEST'] ? { conditions: ['browser'] } : {}),
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': process.env['WEIR_URL'] ?? 'http://127.0.0.1:8081' } },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: 'node',
    // only what is compiled for browsers has effects
    testTransformMode: { web: ['**/*.svelte.test.ts'] },
    server: { deps: { inline: [/svelte/] } },
  },
})
