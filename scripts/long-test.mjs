// Runs a test in its long form: crash (every power cut and failing call), kill [rounds], line, soak [seconds], radio [seconds].
import { spawnSync } from 'node:child_process'
import { buildIfNeeded } from './run.mjs'

const [name = '', amount] = process.argv.slice(2)
const tests = {
  crash: { path: 'test/crash', env: { MUSTER_CRASH: 'whole' } },
  kill: { path: 'test/system/kill.test.ts', env: { MUSTER_KILLS: amount ?? '200' } },
  line: { path: 'test/system/line.test.ts', env: {} },
  radio: { path: 'test/system/datagrams.test.ts', env: { MUSTER_RADIO: amount ?? '300' } },
  soak: { path: 'test/system/soak.test.ts', env: { MUSTER_SOAK: amount ?? '600' } }
}
if (!Object.hasOwn(tests, name)) throw new Error(`one of ${Object.keys(tests).join(', ')}`)
const { path, env } = tests[name]
buildIfNeeded()
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', path], {
  stdio: 'inherit',
  env: { ...process.env, ...env }
})
process.exit(status ?? 1)
