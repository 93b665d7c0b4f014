// SPDX-License-Identifier: Apache-2.0
// End-to-end tests: the built page in a real browser, against the fixture or (WEIR_URL) a running Weir.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { $: new URL('src', import.meta.url).pathname } },
  test: {
    include: ['tests/e2e/**/*.spec.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
