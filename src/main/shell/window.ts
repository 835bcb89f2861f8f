/** The one window: sandboxed, without Node, shown when its page is ready, where it was last time. */
import { app, BrowserWindow, dialog, nativeTheme, screen } from 'electron'
import type { Settings } from '@shared/settings.js'
import type { Log } from '../engine/index.js'
import { groundOf } from './look.js'
import { windowOrigin } from './origin.js'
import { mayReload } from './reloads.js'
import { clampState, leastSizeIn, readState, writeState } from './window-state.js'

export interface WindowOptions {
  readonly preload: string
  readonly icon: string
  /** File that keeps its place. */
  readonly stateFile: string
  readonly theme: Settings['theme']
  readonly log: Log
}

export interface MainWindow {
  readonly window: BrowserWindow
  /** To the front, from wherever it is. */
  show(): void
  keepState(): void
}

export function openWindow({ preload, icon, stateFile, theme, log }: WindowOptions): MainWindow {
  const main = screen.getPrimaryDisplay()
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id)
  const { isMaximized, width, height, ...at } = clampState(
    readState(stateFile, log),
    [main, ...others].map(({ workArea }) => workArea)
  )
  const least = leastSizeIn(main.workArea)
  const window = new BrowserWindow({
    width,
    height,
    ...(at.x === undefined || at.y === undefined ? {} : { x: at.x, y: at.y }),
    minWidth: least.width,
    minHeight: least.height,
    show: false,
    backgroundColor: groundOf(theme, nativeTheme.shouldUseDarkColors),
    title: 'Muster',
    icon,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      // It would fetch dictionaries from the internet.
      spellcheck: false,
      devTools: !app.isPackaged
    }
  })
  const show = () => {
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }
  window.once('ready-to-show', () => {
    if (isMaximized) window.maximize()
    show()
  })
  reloadWhenGone(window, log)
  void load(window, log)
  return {
    window,
    show,
    keepState: () => writeState(stateFile, { ...window.getNormalBounds(), isMaximized: window.isMaximized() }, log)
  }
}

async function load(window: BrowserWindow, log: Log): Promise<void> {
  try {
    await window.loadURL(`${windowOrigin}/index.html`)
  } catch (error) {
    log('error', 'window-not-loaded', { error: String(error) })
  }
}

/** The engine goes on whatever happens to the window's process. */
function reloadWhenGone(window: BrowserWindow, log: Log): void {
  const times: number[] = []
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    log('error', 'window-gone', { reason, exitCode })
    const now = performance.now()
    if (mayReload(times, now)) {
      times.push(now)
      void load(window, log)
    } else void askReload(window, log)
  })
}

async function askReload(window: BrowserWindow, log: Log): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    title: 'Muster',
    message: 'The window of Muster stops again and again.',
    detail: 'Its engine goes on: links are up, and what was saved is kept.',
    buttons: ['Open the window again', 'Quit'],
    defaultId: 0,
    cancelId: 0,
    noLink: true
  })
  if (response === 0) void load(window, log)
  else app.quit()
}
