/** `BrowserWindow`: what a window manager would know, kept here, around a real page. */
import type { WindowFacts } from './control.js'
import { tell } from './control.js'
import { Page } from './page.js'
import { screens } from './state.js'
import { events, onOf, partial, preventable, type Events } from './strict.js'

export interface HostWindow {
  readonly page: Page
  readonly window: Electron.BrowserWindow
  facts(): WindowFacts
  move(bounds: Electron.Rectangle): void
  maximize(): void
  /** As a person or `app.quit` does. @returns whether it is closed. */
  close(): boolean
}

export const windows = new Set<HostWindow>()
/** Of every page, before it loads anything. */
export const onContents: { listener: (contents: Electron.WebContents) => void } = { listener: () => undefined }

const known = [
  'width',
  'height',
  'x',
  'y',
  'minWidth',
  'minHeight',
  'show',
  'backgroundColor',
  'title',
  'icon',
  'webPreferences'
]

function createWindow(options: Electron.BrowserWindowConstructorOptions): HostWindow {
  for (const key of Object.keys(options)) if (!known.includes(key)) throw new Error(`no window option ${key} here`)
  const { webPreferences = {}, width = 800, height = 600, show = true } = options
  const { preload, sandbox, contextIsolation, nodeIntegration } = webPreferences
  if (preload === undefined || sandbox !== true || contextIsolation === false || nodeIntegration === true)
    throw new Error('the Chromium host has sandboxed, isolated pages with a preload only')

  const area = screens[0]?.workArea ?? { x: 0, y: 0, width, height }
  let normal: Electron.Rectangle = {
    x: options.x ?? area.x + Math.round((area.width - width) / 2),
    y: options.y ?? area.y + Math.round((area.height - height) / 2),
    width,
    height
  }
  const is = { visible: show, minimized: false, maximized: false, focused: false, closed: false }
  const emitter: Events = events('BrowserWindow', ['ready-to-show', 'close', 'closed'], ['session-end'])
  let wasSeen = false
  const page = new Page(preload, options.backgroundColor ?? '#ffffff', () => {
    if (!wasSeen) emitter.emit('ready-to-show')
    wasSeen = true
  })
  const bounds = () => (is.maximized ? area : normal)
  function resize(): void {
    const { width: inner, height: tall } = bounds()
    page
      .send('Emulation.setDeviceMetricsOverride', { width: inner, height: tall, deviceScaleFactor: 1, mobile: false })
      .catch(() => undefined) // The page is going.
  }
  function close(): boolean {
    if (is.closed) return true
    const event = preventable({})
    emitter.emit('close', event)
    if (event.defaultPrevented) return false
    is.closed = true
    windows.delete(host)
    void page.close().catch(() => undefined)
    emitter.emit('closed')
    tell({ type: 'window', what: 'gone' })
    return true
  }
  const window = partial<Electron.BrowserWindow>(
    {
      webContents: page.contents,
      on: onOf<Electron.BrowserWindow['on']>(emitter),
      once: emitter.once as unknown as Electron.BrowserWindow['once'],
      loadURL: (url) => page.load(url),
      show() {
        is.visible = true
        tell({ type: 'window', what: 'shown' })
      },
      hide() {
        is.visible = false
        is.focused = false
        tell({ type: 'window', what: 'hidden' })
      },
      focus() {
        is.focused = true
      },
      minimize() {
        is.minimized = true
        tell({ type: 'window', what: 'minimised' })
      },
      restore() {
        is.minimized = false
      },
      maximize() {
        is.maximized = true
        resize()
      },
      isMinimized: () => is.minimized,
      isMaximized: () => is.maximized,
      getNormalBounds: () => normal
    },
    'BrowserWindow'
  )
  const host: HostWindow = {
    page,
    window,
    close,
    facts: () => ({
      isVisible: is.visible,
      isMinimized: is.minimized,
      isMaximized: is.maximized,
      isFocused: is.focused,
      bounds: bounds(),
      options
    }),
    move(to) {
      normal = to
      resize()
    },
    maximize: () => window.maximize()
  }
  windows.add(host)
  onContents.listener(page.contents)
  resize()
  return host
}

export class BrowserWindow {
  constructor(options: Electron.BrowserWindowConstructorOptions) {
    return createWindow(options).window
  }
}
