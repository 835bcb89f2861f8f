// Opens Muster: in Electron, or, where its binary cannot be had, as the headless host with its page in a browser.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findElectron } from './machine.mjs'
import { buildIfNeeded } from './run.mjs'

buildIfNeeded()
let electron = findElectron()
if (!electron) {
  // Electron's package fetches its binary at the first use; without internet this fails within seconds.
  spawnSync(process.execPath, ['node_modules/electron/install.js'], { stdio: 'ignore', timeout: 300_000 })
  electron = findElectron()
}

if (electron) {
  const child = spawn(electron, ['.', ...process.argv.slice(2)], { stdio: 'inherit' })
  child.on('exit', (code) => process.exit(code ?? 1))
} else {
  console.log("Electron's binary is not here and cannot be fetched; opening Muster's page in the browser instead.")
  startHeadless()
}

function startHeadless() {
  const args = process.argv.slice(2)
  const given = args.indexOf('--data')
  const data = given >= 0 ? args[given + 1] : join(homedir(), '.local', 'share', 'muster')
  const options = [
    ...(given >= 0 ? [] : ['--data', data]),
    ...(args.includes('--name') ? [] : ['--name', hostname().slice(0, 64), '--first-run'])
  ]
  const child = spawn(process.execPath, ['out/main/headless.js', ...options, ...args], {
    stdio: ['inherit', 'pipe', 'pipe']
  })
  const errors = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line)
    if (errors.length > 100) errors.shift()
  })
  createInterface({ input: child.stdout }).on('line', () => openDoor(join(data, 'open.html')))
  child.on('exit', async (code) => {
    if (errors.some((line) => line.includes('folder-in-use'))) process.exit(await openRunning(data))
    if (code !== 0) console.error(errors.join('\n'))
    process.exit(code ?? 1)
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
}

/** Muster runs on this folder already: ask it for a new door, and open that. */
async function openRunning(data) {
  try {
    const { apiPort } = JSON.parse(readFileSync(join(data, 'lock'), 'utf8'))
    const token = readFileSync(join(data, 'api-token'), 'utf8')
    const answer = await fetch(`http://127.0.0.1:${apiPort}/api/v1/door`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` }
    })
    openDoor((await answer.json()).path)
    return 0
  } catch (error) {
    console.error(`Another Muster uses ${data} and does not answer: ${error.message}`)
    return 1
  }
}

function openDoor(path) {
  const openers = { darwin: ['open', path], win32: ['cmd', '/c', 'start', '', path] }
  const [command, ...rest] = openers[process.platform] ?? ['xdg-open', path]
  const hint = `Open this file in a browser within a minute: ${path}\nAfter that, run npm start again.`
  if (process.env.MUSTER_NO_BROWSER || !existsSync(path)) console.log(hint)
  else {
    const opener = spawn(command, rest, { stdio: 'ignore', detached: true })
    opener.on('error', () => console.log(hint))
    opener.on('exit', (code) => code !== 0 && console.log(hint))
    opener.unref()
  }
  console.log('Muster runs. Ctrl+C stops it.')
}
