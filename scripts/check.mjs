// Everything that a change must pass: format, lint, types, import graph and tests.
import { atOnce, run } from './run.mjs'

await atOnce(
  ['prettier', '--check', '--log-level', 'warn', '.'],
  ['eslint', '.'],
  ['vue-tsc', '--build'] // As scripts/types.mjs.
)
run(process.execPath, 'scripts/test.mjs')
