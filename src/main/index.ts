/** Electron entry: one instance, the engine in this process, one window, an orderly end. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { app, dialog } from 'electron'
import { createEngine, type Log } from './engine/index.js'
import { connectWindow } from './shell/bridge.js'
import { openWindow, registerScheme, serveScheme } from './shell/window.js'

const log: Log = (level, event, facts) => {
  if (level !== 'debug') console.error(JSON.stringify({ time: new Date().toISOString(), level, event, ...facts }))
}

// Before anything touches the data folder.
if (!app.requestSingleInstanceLock()) app.quit()
else {
  app.enableSandbox()
  registerScheme()
  await app.whenReady()
  await run()
}

async function run(): Promise<void> {
  serveScheme(join(import.meta.dirname, '../renderer'))
  const dataFolder = join(app.getPath('userData'), 'data')
  const created = await createEngine({ dataFolder, callsign: hostname().slice(0, 64), discovery: 'mdns', log })
  if (!created.ok) {
    const { message, advice, detail = '', ref } = created.problem
    dialog.showErrorBox(`Muster: ${message}`, `${advice}\n\n${detail}\n${ref}`)
    app.exit(1)
    return
  }
  const engine = created.value
  const window = openWindow(join(import.meta.dirname, '../preload/index.cjs'))
  connectWindow(window, engine)
  app.on('second-instance', () => {
    if (window.isMinimized()) window.restore()
    window.focus()
  })
  app.on('window-all-closed', () => app.quit())
  let isStopped = false
  app.on('before-quit', (event) => {
    if (isStopped) return
    event.preventDefault()
    void engine.stop().finally(() => {
      isStopped = true
      app.quit()
    })
  })
}
