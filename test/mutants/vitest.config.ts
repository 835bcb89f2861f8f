import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

/** The tests that speak of the mutated files directly: some seconds in all, as they run again and again. */
export default defineConfig({
  resolve: { alias: { '@shared': resolve('src/shared') } },
  test: {
    include: [
      'test/engine/{extent,fold,permissions,log-store,sync,trust-state}{,-properties}.test.ts',
      'test/engine/{fork,introduction,log-store-reading,trust,trust-machine,vouching}.test.ts'
    ],
    setupFiles: ['test/mutants/setup.ts'],
    testTimeout: 30_000
  }
})
