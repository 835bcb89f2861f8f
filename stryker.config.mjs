// Mutation tests: of the changes that a machine makes to the heart of the engine, how many do the tests notice? Files
// can be named: npm run mutants -- --mutate src/main/engine/replication/sync.ts
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './test/mutants/each-file.mjs'],
  vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
  mutate: [
    'src/main/engine/missions/fold.ts',
    'src/main/engine/missions/permissions.ts',
    'src/main/engine/replication/sync.ts',
    'src/main/engine/logs/extent.ts',
    'src/main/engine/logs/log-store.ts',
    'src/main/engine/trust/trust-state.ts'
  ],
  reporters: ['clear-text', 'progress', 'json', 'each-file'],
  clearTextReporter: { logTests: false },
  jsonReporter: { fileName: 'out/mutants/report.json' },
  tempDirName: 'out/mutants/tree',
  ignorePatterns: ['out', 'docs', 'packaging', 'resources'],
  // What runs once at import takes a whole run of the tests for each of its mutants.
  ignoreStatic: true,
  concurrency: 2,
  // Beyond 1.5 times what the tests take: a busy machine must not pass for an endless loop.
  timeoutMS: 10_000,
  // Of each file: test/mutants/each-file.mjs.
  thresholds: { high: 90, low: 80, break: 80 }
}
