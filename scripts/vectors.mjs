// Runs the frozen vectors on this Node, on Node 22 and 24, and on Bun, whose cryptography is BoringSSL as in Electron; and
// reads certificate files of every kind there and shows what comes of them in mutual TLS.
// `node scripts/vectors.mjs make` makes the file anew.
import { bundle } from './bundle.mjs'
import { run } from './run.mjs'
import { noRuntimes, runWith } from './runtimes.mjs'

if (process.argv[2] === 'make') {
  await bundle('test/vectors/make.ts', 'out/vectors')
  run(process.execPath, 'out/vectors/make.js')
}
const checks = ['out/vectors/check.js', 'out/vectors-certificates/certificates.js']
await bundle('test/vectors/check.ts', 'out/vectors')
await bundle('test/vectors/certificates.ts', 'out/vectors-certificates')
for (const check of checks) run(process.execPath, check)

const reason = noRuntimes()
if (reason) console.log(`Other runtimes left out: ${reason}`)
else
  for (const name of ['node 22', 'node 24', 'bun'])
    for (const check of checks) if (runWith(name, [check]) !== 0) process.exitCode = 1
