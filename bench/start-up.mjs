// From start to the first useful screen of the desktop app: the built entry on the Chromium host (never "on Electron"),
// headless, on a data folder and a profile that were used before. node bench/start-up.mjs [RUNS]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from '../scripts/bundle.mjs'
import { findChromium } from '../scripts/machine.mjs'
import { buildIfNeeded } from '../scripts/run.mjs'

const runs = Number(process.argv[2] ?? 5)
const callsign = 'OSC start-up'
if (!findChromium()) {
  console.log('start-up: left out, no Chromium here')
  process.exit(0)
}
const outFolder = resolve(process.env.MUSTER_OUT ?? 'out')
if (!process.env.MUSTER_OUT) buildIfNeeded()
const base = mkdtempSync(join(tmpdir(), 'muster-start-up-'))
try {
  const data = join(base, 'data')
  await bundle('test/desktop/host/electron.ts', join(base, 'host'))
  await prepare(data)
  await run(data) // Makes the profile and warms the caches.
  const times = []
  for (let i = 0; i < runs; i++) times.push(await run(data))
  const column = (name) => times.map((one) => one[name]).sort((a, b) => a - b)
  for (const name of ['shown', 'useful']) {
    const sorted = column(name)
    const text = { shown: 'start to window shown', useful: 'start to first useful screen' }[name]
    console.log(`${text}: median ${sorted[sorted.length >> 1]} ms, ${sorted[0]} to ${sorted.at(-1)} ms, ${runs} runs`)
  }
} finally {
  rmSync(base, { recursive: true, force: true, maxRetries: 10 })
}

/** A node that was here before; without multicast, so that nothing leaves this machine. */
async function prepare(dataFolder) {
  const { createEngine } = await import(pathToFileURL(join(outFolder, 'main/engine.js')).href)
  const created = await createEngine({ dataFolder, callsign, linkHost: '127.0.0.1', linkPort: 0, wantsFirstRun: true })
  if (!created.ok) throw new Error(created.problem.message)
  const { commands, stop } = created.value
  await commands.changeSettings({ isDiscoverable: false, linkPort: 0, isSetUp: true })
  await commands.createMission({ name: 'Start-up' })
  await stop()
}

/** One start; useful is the screen that has a heading and, from the engine, this laptop's name. Milliseconds. */
async function run(data) {
  const startedAt = Date.now()
  const start = resolve('test/desktop/host/start.mjs')
  const host = join(base, 'host/electron.js')
  const app = spawn(process.execPath, [start, host, join(outFolder, 'main/index.js'), '--data', data], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, MUSTER_HOST_HOME: data, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }
  })
  const ended = once(app, 'exit')
  let log = ''
  app.stderr.on('data', (text) => (log += text))
  const timer = setTimeout(() => app.disconnect(), 30_000)
  try {
    const told = (test) =>
      new Promise((done, failed) => {
        app.on('message', (message) => test(message) && done(message))
        app.once('exit', () => failed(new Error(`the app ended before its first screen\n${log}`)))
      })
    const useful = told((message) => message.type === 'done')
    await told((message) => message.type === 'window' && message.what === 'shown')
    const shown = Date.now() - startedAt
    const expression = `new Promise((done) => {
      const check = () => document.querySelector('h1') && document.body.innerText.includes(${JSON.stringify(callsign)}) && done(Date.now())
      new MutationObserver(check).observe(document, { subtree: true, childList: true, characterData: true })
      check()
    })`
    const params = { expression, awaitPromise: true, returnByValue: true }
    app.send({ type: 'do', id: 1, name: 'cdp', argument: { method: 'Runtime.evaluate', params } })
    const { answer, error } = await useful
    if (error) throw new Error(error)
    app.send({ type: 'do', id: 2, name: 'quit', argument: null })
    await ended
    return { shown, useful: answer.result.value - startedAt }
  } finally {
    clearTimeout(timer)
    if (app.connected) app.disconnect()
  }
}
