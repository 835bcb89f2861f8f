// What this machine has of what the tests can use; each absence is said with its reason.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** The path of a Chromium, or undefined. */
export function findChromium() {
  const candidates = [
    process.env.MUSTER_CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'
  ]
  return candidates.find((path) => path && existsSync(path))
}

export function hasNamespaces() {
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Whether a command is installed. */
export function hasCommand(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))
}

/** The path of Electron's binary, or undefined; never starts a download. */
export function findElectron() {
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve('electron/package.json'))
  const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
  const name = names[process.platform] ?? 'electron'
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  return [override && join(override, name), join(folder, 'dist', name)].find((path) => path && existsSync(path))
}
