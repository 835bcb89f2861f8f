// Runs tools of this project from its scripts: output goes through, a failure ends the script with the same code.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync, existsSync } from 'node:fs'
import { join } from 'node:path'

export function tool(name, ...args) {
  run(process.execPath, bin(name), ...args)
}

export function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/** Tools that do not need each other, beside each other; the first that failed gives the code. */
export async function atOnce(...tools) {
  const codes = await Promise.all(
    tools.map(async ([name, ...args]) => {
      const [code] = await once(spawn(process.execPath, [bin(name), ...args], { stdio: 'inherit' }), 'exit')
      return code ?? 1
    })
  )
  const failed = codes.find((code) => code !== 0)
  if (failed !== undefined) process.exit(failed)
}

/** The script behind a package's command, run by this very Node: no shell, no .cmd files. */
function bin(name) {
  const paths = {
    'electron-vite': 'electron-vite/bin/electron-vite.js',
    vitest: 'vitest/vitest.mjs',
    'vue-tsc': 'vue-tsc/bin/vue-tsc.js',
    eslint: 'eslint/bin/eslint.js',
    prettier: 'prettier/bin/prettier.cjs'
  }
  return join('node_modules', paths[name])
}

/** Builds unless the build is newer than everything that it is made from. */
export function buildIfNeeded() {
  const inputs = [
    'src',
    'resources',
    'package.json',
    'package-lock.json',
    'electron.vite.config.ts',
    'tsconfig.base.json'
  ]
  const built = 'out/renderer/index.html'
  const isFresh = existsSync(built) && existsSync('out/main/headless.js') && newest(inputs) < statSync(built).mtimeMs
  if (!isFresh) tool('electron-vite', 'build', '--logLevel', 'warn')
}

function newest(paths) {
  let time = 0
  for (const path of paths) {
    const stat = statSync(path)
    time = Math.max(time, stat.isDirectory() ? newest(readdirSync(path).map((name) => join(path, name))) : stat.mtimeMs)
  }
  return time
}
