// Everything that a change must pass: format, lint, types, import graph and tests.
import { run, tool } from './run.mjs'

tool('prettier', '--check', '--log-level', 'warn', '.')
tool('eslint', '.')
run(process.execPath, 'scripts/types.mjs')
run(process.execPath, 'scripts/test.mjs')
