/** Puts the desktop host together around a running engine: window, tray, local API, wake-up, and an orderly end. */
import { join } from 'node:path'
import { app, dialog, nativeTheme, powerMonitor, shell } from 'electron'
import { applyFeed, type FeedState } from '@shared/feed.js'
import type { Overview } from '@shared/model.js'
import { fail, ok, type Problem } from '@shared/result.js'
import { startApi } from '../api/server.js'
import type { Log, RunningEngine } from '../engine/index.js'
import { askPerson } from './ask-person.js'
import { connectWindow } from './bridge.js'
import { createBundleFiles } from './bundle-files.js'
import { askClosing, closeAction } from './closing.js'
import { LocalApi } from './local-api.js'
import { nativeThemeOf } from './look.js'
import { addFiles, pickFiles, saveContent } from './mission-files.js'
import type { FileInbox } from './opened-files.js'
import { openMap } from './open-map.js'
import { stopOrAsk } from './quitting.js'
import { saveFile } from './save-file.js'
import { createTray, isTrayShown, statusLine } from './tray.js'
import { openWindow } from './window.js'

export interface DesktopOptions {
  readonly engine: RunningEngine
  readonly dataFolder: string
  /** Of the build: `preload/index.cjs` and `renderer/` lie in it. */
  readonly outFolder: string
  /** Keeps the window's place. */
  readonly stateFile: string
  readonly inbox: FileInbox
  readonly log: Log
}

export interface Desktop {
  showWindow(): void
}

export function runDesktop(options: DesktopOptions): Desktop {
  const { engine, dataFolder, outFolder, stateFile, inbox, log } = options
  const windowFolder = join(outFolder, 'renderer')
  const settings = () => engine.overview().node.settings
  nativeTheme.themeSource = nativeThemeOf(settings().theme)
  const main = openWindow({
    preload: join(outFolder, 'preload/index.cjs'),
    icon: join(windowFolder, 'icon.png'),
    stateFile,
    theme: settings().theme,
    log
  })
  const { window } = main
  const bridge = connectWindow(
    window,
    engine,
    {
      saveFile: (fileName, data) => saveFile(window, fileName, data),
      openMap: () => openMap(window, (path) => engine.commands.addMap({ path })),
      pickFiles: (id) => pickFiles(window, engine, id),
      addFiles: (id, paths) => addFiles(window, engine, id, paths),
      saveContent: (id, file) => saveContent(window, engine, id, file),
      async showDataFolder() {
        const failed = await shell.openPath(dataFolder)
        return failed === '' ? ok(null) : fail('internal', failed)
      },
      askPerson: (name) => askPerson(window, name),
      onWantFiles: (give) => inbox.receiver(give),
      bundles: createBundleFiles(window, engine.commands),
      onWantBundles: (give) => inbox.bundleReceiver(give)
    },
    log
  )
  const api = new LocalApi(
    () => startApi({ engine, dataFolder, port: 0, windowFolder, log }),
    (facts) => engine.publish({ ...facts }),
    log
  )
  const tray = createTray(windowFolder, { open: () => main.show(), quit: () => app.quit() }, log)

  const unwatch = watch(engine, (overview) => {
    tray?.show(statusLine(overview))
    // Its token would have to be written beside the data.
    api.want(overview.node.settings.hasLocalApi && overview.node.readOnly === undefined)
    const theme = nativeThemeOf(overview.node.settings.theme)
    if (nativeTheme.themeSource !== theme) nativeTheme.themeSource = theme
  })

  let isAsking = false
  let end: 'running' | 'stopping' | 'stopped' = 'running'

  async function closeWindow(): Promise<void> {
    // The dock brings it back; a tray does where one shows.
    const hasWayBack = process.platform === 'darwin' || (tray !== undefined && (await isTrayShown()))
    let action = closeAction(settings().closing, hasWayBack)
    if (action === 'ask') {
      const { keep, remember } = await askClosing(window, hasWayBack)
      if (keep === undefined) return
      if (remember) {
        const changed = await engine.commands.changeSettings({ closing: keep })
        if (!changed.ok) log('warn', 'closing-not-kept', { code: changed.problem.code })
      }
      action = closeAction(keep, hasWayBack)
    }
    if (action === 'quit') app.quit()
    else if (action === 'hide') window.hide()
    else window.minimize()
  }

  window.on('close', (event) => {
    main.keepState()
    if (end !== 'running') return
    event.preventDefault()
    if (isAsking) return
    isAsking = true
    closeWindow()
      .catch((error: unknown) => log('error', 'close-failed', { error: String(error) }))
      .finally(() => (isAsking = false))
  })
  app.on('activate', () => main.show())
  app.on('before-quit', (event) => {
    if (end === 'stopped') return
    event.preventDefault()
    if (end === 'stopping') return
    end = 'stopping'
    main.keepState()
    void stop().then(() => {
      end = 'stopped'
      app.quit()
    })
  })
  // Windows ends a session without asking the app to quit; what can be written in that moment is.
  window.on('session-end', () => app.quit())
  powerMonitor.on('shutdown', () => app.quit())
  powerMonitor.on('resume', lookAround)
  powerMonitor.on('unlock-screen', lookAround)

  async function stop(): Promise<void> {
    bridge.stop()
    unwatch()
    await stopOrAsk(
      api.close().then(() => engine.stop()),
      () => unsaved(engine.overview()),
      log
    )
    tray?.remove()
  }
  function lookAround(): void {
    if (end !== 'running') return
    Promise.all([engine.commands.tryNow({}), engine.commands.lookAgain(null)]).catch((error: unknown) =>
      log('error', 'wake-up', { error: String(error) })
    )
  }
  return { showWindow: () => main.show() }
}

/** Calls with the overview as it is, and whenever it changed. */
function watch(engine: RunningEngine, listener: (overview: Overview) => void): () => void {
  let state: FeedState | undefined
  return engine.subscribe((message) => {
    state = applyFeed(state, message)
    if (state !== undefined) listener(state.overview)
  })
}

function unsaved({ health }: Overview): readonly Problem[] {
  return health.problems.filter(({ code }) => code.startsWith('disk-'))
}

/** For problems that end the program, or that have no place in the window. */
export function tellProblem({ message, advice, detail, ref }: Problem): void {
  dialog.showErrorBox(`Muster: ${message}`, [advice, detail, ref].filter((text) => text !== undefined).join('\n\n'))
}
