/** Electron entry: one instance, the engine in this process, one window, an orderly end (shell/desktop.ts). */
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { app } from 'electron'
import { version } from '@shared/version.js'
import { createEngine, limits, type Log } from './engine/index.js'
import { filesIn, readArguments } from './shell/arguments.js'
import { runDesktop, tellProblem, type Desktop } from './shell/desktop.js'
import { raiseGuards } from './shell/guards.js'
import { createKeyStore } from './shell/key-store.js'
import { setMenu } from './shell/menu.js'
import { createFileInbox } from './shell/opened-files.js'
import { sandboxProblem } from './shell/sandbox.js'
import { registerScheme, serveScheme } from './shell/scheme.js'

const log: Log = (level, event, facts) => {
  if (level !== 'debug')
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...facts })}\n`)
}
const outFolder = join(import.meta.dirname, '..')
const given = readArguments(process.argv.slice(1), process.cwd())
const inbox = createFileInbox(({ problem }) => tellProblem(problem))
let desktop: Desktop | undefined

// Beside the data: the browser's own files, the lock of this instance, the window's place.
if (given.data !== undefined) {
  const profile = join(given.data, 'window')
  try {
    mkdirSync(profile, { recursive: true, mode: 0o700 })
    app.setPath('userData', profile)
  } catch (error) {
    // On a disk that cannot be written the folder is only looked at, and the window keeps its files with the account.
    log('warn', 'profile-elsewhere', { error: String(error) })
  }
}

// Before anything is read or written.
const unprotected = sandboxProblem((name) => app.commandLine.hasSwitch(name), app.isPackaged)
if (unprotected !== undefined) {
  tellProblem(unprotected)
  app.exit(1)
} else if (app.requestSingleInstanceLock()) start()
else app.quit()

function start(): void {
  app.enableSandbox()
  // The same as appId in electron-builder.config.mjs: by it Windows finds the icon and groups the windows.
  app.setAppUserModelId('org.muster.Muster')
  app.setAboutPanelOptions({ applicationName: 'Muster', applicationVersion: version, copyright: 'MIT licence' })
  registerScheme()
  app.on('second-instance', (_event, args, folder) => {
    inbox.open(filesIn(args.slice(1), folder))
    desktop?.showWindow()
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    inbox.open([path])
    desktop?.showWindow()
  })
  inbox.open(given.files)
  // Not with a top-level await: Electron is ready only after this module has run to its end (electron issue 40719).
  app
    .whenReady()
    .then(run)
    .catch((error: unknown) => {
      log('error', 'start-failed', { error: error instanceof Error ? error.stack : String(error) })
      app.exit(1)
    })
}

async function run(): Promise<void> {
  raiseGuards(log)
  setMenu(!app.isPackaged)
  const userData = app.getPath('userData')
  const dataFolder = given.data ?? join(userData, 'data')
  const created = await createEngine({
    dataFolder,
    callsign: [...hostname()].slice(0, limits.nameLength).join(''),
    wantsFirstRun: true,
    discovery: 'mdns',
    keyStore: createKeyStore(),
    onRestartWanted: startAnew,
    log
  })
  if (!created.ok) {
    tellProblem(created.problem)
    app.exit(1)
    return
  }
  const engine = created.value
  serveScheme(join(outFolder, 'renderer'), (...place) => engine.mapTile(...place))
  desktop = runDesktop({
    engine,
    dataFolder,
    outFolder,
    stateFile: join(userData, 'window.json'),
    inbox,
    log
  })
}

/** Ends in order, as a person would end it, and comes back with the same command line. */
function startAnew(): void {
  // An AppImage runs from a mount that goes away with it: what can be started again is the image.
  const image = process.env['APPIMAGE']
  app.relaunch(image === undefined ? {} : { execPath: image })
  // The window gets its answer first.
  setImmediate(() => app.quit())
}
