/**
 * The Chromium host: what `import 'electron'` gives where Electron's binary is not there (docs/architecture.md). As small
 * as the shell that it runs; everything else throws, by name. Checked against Electron's own types.
 */
import { spawn } from 'node:child_process'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Chromium } from './chromium.js'
import { ask, serveTest, type MenuFacts } from './control.js'
import { takeProfile } from './instance.js'
import { allow, startGate } from './network.js'
import { guards, paths, schemes, screens, shared, toChromium } from './state.js'
import { events, onOf, partial, preventable } from './strict.js'
import { BrowserWindow, onContents, windows } from './window.js'

export { BrowserWindow }

const chromiumPath = process.env['MUSTER_CHROMIUM'] ?? '/usr/bin/chromium'
const told: Record<string, unknown> = {}
const appEvents = events(
  'app',
  ['second-instance', 'open-file', 'activate', 'before-quit', 'web-contents-created'],
  ['window-all-closed']
)
let becomeReady: () => void = () => undefined
const ready = new Promise<void>((done) => (becomeReady = done))
const isKnownPath = (name: string) => paths.has(name) || name === 'userData'

function pathOf(name: string): string {
  const path = paths.get(name)
  if (path === undefined) throw new Error(`the Chromium host has no path ${name}`)
  return path
}

export const app = partial<Electron.App>(
  {
    isPackaged: process.env['MUSTER_HOST_PACKAGED'] !== undefined,
    commandLine: partial<Electron.CommandLine>(
      { hasSwitch: (name) => process.argv.includes(`--${name}`) },
      'app.commandLine'
    ),
    accessibilitySupportEnabled: process.env['MUSTER_HOST_ACCESSIBILITY'] !== undefined,
    on: onOf<Electron.App['on']>(appEvents),
    whenReady: () => ready,
    enableSandbox() {
      if (shared.isReady) throw new Error('app.enableSandbox() after ready')
      told['sandbox'] = true
    },
    requestSingleInstanceLock: () =>
      takeProfile(pathOf('userData'), (args, folder) => appEvents.emit('second-instance', {}, [...args], folder, null)),
    getPath: (name) => pathOf(name),
    setPath(name, path) {
      if (!isKnownPath(name) || !existsSync(path)) throw new Error(`Failed to set path ${name}`)
      paths.set(name, path)
    },
    setAppUserModelId: (id) => void (told['model'] = id),
    setAboutPanelOptions: (options) => void (told['about'] = options),
    quit() {
      if (shared.isEnding) return
      const event = preventable({})
      appEvents.emit('before-quit', event)
      if (event.defaultPrevented) return
      shared.isEnding = true
      const stays = [...windows].some((window) => !window.close())
      shared.isEnding = !stays
      if (!stays) end(0)
    },
    exit: (code = 0) => end(code),
    relaunch({ execPath = process.execPath, args = process.argv.slice(1) } = {}) {
      shared.relaunch = () => void spawn(execPath, [...process.execArgv, ...args], { stdio: 'inherit' })
    }
  },
  'app'
)
Object.defineProperty(app, 'isReady', { value: () => shared.isReady })
onContents.listener = (contents) => appEvents.emit('web-contents-created', {}, contents)

function end(code: number): void {
  shared.chromium?.end()
  shared.relaunch?.()
  process.exit(code)
}

/** Called by start.mjs: as in Electron, nothing is ready before the entry module has run to its end. */
export async function entryDone(): Promise<void> {
  if (shared.isEnding) return
  const chromium = new Chromium(chromiumPath, join(pathOf('userData'), 'Chromium'), await startGate())
  shared.chromium = chromium
  process.on('exit', () => chromium.end())
  await chromium.version()
  chromium.onEvent((method, params) => {
    if (method === 'Target.attachedToTarget' && params.waitingForDebugger === true)
      void opened(String(params.sessionId), params.targetInfo)
    if (method === 'Browser.downloadWillBegin') void downloading(params)
  })
  await chromium.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
  const downloads = join(pathOf('userData'), 'downloads')
  mkdirSync(downloads, { recursive: true })
  await chromium.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    downloadPath: downloads,
    eventsEnabled: true
  })
  shared.isReady = true
  becomeReady()
}

/** A page that waits until somebody decides: one of ours stays, one that a page opened stays if its handler says so. */
async function opened(session: string, target: { targetId: string; openerId?: string; url: string }): Promise<void> {
  const opener = [...windows].find(({ page }) => page.target === target.openerId)
  const mayStay = opener === undefined || opener.page.mayOpen(target.url)
  if (mayStay) allow(target.url)
  // A page that waits here holds its opener, too: so a refused one goes on for a moment, with no way to a network.
  await shared.chromium?.send('Runtime.runIfWaitingForDebugger', {}, session)
  if (!mayStay) await shared.chromium?.send('Target.closeTarget', { targetId: target.targetId })
}

async function downloading({ guid, suggestedFilename, url }: Record<string, string>): Promise<void> {
  const item = partial<Electron.DownloadItem>(
    { getFilename: () => suggestedFilename ?? '', getURL: () => url ?? '' },
    'DownloadItem'
  )
  const name = suggestedFilename ?? ''
  if (!guards.download(item)) {
    told['downloads'] = { name, isKept: true }
    return
  }
  await shared.chromium?.send('Browser.cancelDownload', { guid }).catch(() => undefined) // A small one may be done.
  rmSync(join(pathOf('userData'), 'downloads', guid ?? ''), { force: true })
  told['downloads'] = { name, isKept: false }
}

export const protocol = partial<Electron.Protocol>(
  {
    registerSchemesAsPrivileged(custom) {
      if (shared.isReady) throw new Error('protocol.registerSchemesAsPrivileged after ready')
      for (const { scheme, privileges } of custom)
        if (scheme !== 'app' || privileges?.standard !== true || privileges.secure !== true)
          throw new Error('the Chromium host has the scheme app only, standard and secure')
    },
    handle: (scheme, handler) => void schemes.set(scheme, handler as (request: Request) => Response)
  },
  'protocol'
)

const sessionEvents = events('session', ['will-download'])
guards.download = (item) => {
  const event = preventable({})
  sessionEvents.emit('will-download', event, item)
  return event.defaultPrevented
}
/** Electron's names, and Chromium's. Asked once per handler, since Chromium has no hook for the question itself. */
const permissions = {
  geolocation: 'geolocation',
  notifications: 'notifications',
  'clipboard-read': 'clipboard-read',
  midi: 'midi',
  'idle-detection': 'idle-detection'
} as const

function applyPermissions(): void {
  const contents = [...windows][0]?.page.contents ?? partial<Electron.WebContents>({}, 'webContents')
  for (const [name, chromiumName] of Object.entries(permissions)) {
    const set = (isGranted: boolean) =>
      void shared.chromium?.send('Browser.setPermission', {
        permission: { name: chromiumName },
        setting: isGranted ? 'granted' : 'denied',
        origin: toChromium('app://muster/').slice(0, -1)
      })
    if (guards.permissionRequest === null) set(true)
    else
      guards.permissionRequest(
        contents,
        name as keyof typeof permissions,
        set,
        partial<Electron.PermissionRequest>({}, 'PermissionRequest')
      )
  }
}

const defaultSession = partial<Electron.Session>(
  {
    setPermissionRequestHandler(handler) {
      guards.permissionRequest = handler
      applyPermissions()
    },
    setPermissionCheckHandler: (handler) => void (guards.permissionCheck = handler),
    setDevicePermissionHandler: (handler) => void (told['devices'] = handler !== null),
    on: onOf<Electron.Session['on']>(sessionEvents),
    webRequest: partial<Electron.WebRequest>(
      {
        onBeforeRequest: ((
          listener: (
            details: Electron.OnBeforeRequestListenerDetails,
            answer: (response: Electron.CallbackResponse) => void
          ) => void
        ) => {
          guards.onBeforeRequest = (details) =>
            new Promise((done) => listener(details, ({ cancel }) => done(cancel === true)))
        }) as Electron.WebRequest['onBeforeRequest']
      },
      'webRequest'
    )
  },
  'session'
)
export const session = { defaultSession }

function box(options: Electron.MessageBoxOptions) {
  const { title = '', message, detail = '', buttons = [], cancelId = 0, signal } = options
  return ask<Electron.MessageBoxReturnValue>(
    { kind: 'message', title, message, detail, buttons },
    { response: cancelId, checkboxChecked: false },
    signal
  )
}

export const dialog = partial<Electron.Dialog>(
  {
    showErrorBox: (title, content) =>
      void ask({ kind: 'error', title, message: content, detail: '', buttons: [] }, undefined),
    showMessageBox: ((first: Electron.MessageBoxOptions | object, second?: Electron.MessageBoxOptions) =>
      box(second ?? (first as Electron.MessageBoxOptions))) as Electron.Dialog['showMessageBox'],
    showOpenDialog: ((_window: object, { title = '', defaultPath = '' }: Electron.OpenDialogOptions) =>
      ask<Electron.OpenDialogReturnValue>(
        { kind: 'open', title, message: '', detail: '', buttons: [], defaultPath },
        { canceled: true, filePaths: [] }
      )) as Electron.Dialog['showOpenDialog'],
    showSaveDialog: ((_window: object, { title = '', defaultPath = '' }: Electron.SaveDialogOptions) =>
      ask<Electron.SaveDialogReturnValue>(
        { kind: 'save', title, message: '', detail: '', buttons: [], defaultPath },
        { canceled: true, filePath: '' }
      )) as Electron.Dialog['showSaveDialog']
  },
  'dialog'
)

type MenuTemplate = readonly (Electron.MenuItemConstructorOptions | Electron.MenuItem)[]
const templates = new WeakMap<object, MenuTemplate>()
let applicationMenu: MenuTemplate = []

export const Menu = {
  buildFromTemplate(template: MenuTemplate): Electron.Menu {
    const menu = partial<Electron.Menu>({}, 'Menu')
    templates.set(menu, template)
    return menu
  },
  setApplicationMenu(menu: Electron.Menu | null): void {
    applicationMenu = (menu && templates.get(menu)) ?? []
  }
} satisfies Partial<typeof Electron.Menu>

function menuFacts(template: MenuTemplate): readonly MenuFacts[] {
  return template.map(({ label, role, enabled = true, submenu }) => ({
    ...(label === undefined ? {} : { label }),
    ...(role === undefined ? {} : { role }),
    enabled,
    items: Array.isArray(submenu) ? menuFacts(submenu) : []
  }))
}

let tray: { tip: string; menu: MenuTemplate } | undefined

export class Tray {
  constructor(image: string) {
    if (process.env['MUSTER_HOST_NO_TRAY'] !== undefined) throw new Error('no tray on this desktop')
    if (!existsSync(image)) throw new Error(`Failed to load image from path '${image}'`)
    const shown: { tip: string; menu: MenuTemplate } = { tip: '', menu: [] }
    tray = shown
    return partial<Electron.Tray>(
      {
        on: onOf<Electron.Tray['on']>(events('Tray', [], ['click'])),
        setToolTip: (tip) => void (shown.tip = tip),
        setContextMenu: (menu) => void (shown.menu = (menu && templates.get(menu)) ?? []),
        destroy: () => void (tray = undefined)
      },
      'Tray'
    )
  }
}

export const nativeTheme = partial<Electron.NativeTheme>(
  { themeSource: 'system', shouldUseDarkColors: false },
  'nativeTheme'
)
const powerEvents = events('powerMonitor', ['resume', 'unlock-screen', 'shutdown'])
export const powerMonitor = partial<Electron.PowerMonitor>(
  { on: onOf<Electron.PowerMonitor['on']>(powerEvents) },
  'powerMonitor'
)
export const screen = partial<Electron.Screen>(
  {
    getAllDisplays: () => screens.map((one) => partial<Electron.Display>(one, 'Display')),
    getPrimaryDisplay: () => partial<Electron.Display>({ ...screens[0] }, 'Display')
  },
  'screen'
)
export const shell = partial<Electron.Shell>(
  {
    openPath(path) {
      told['opened'] = path
      return Promise.resolve('')
    }
  },
  'shell'
)

/** With a keyring only when the test says so; then really encrypted, under a key in the profile. */
const hasKeyring = process.env['MUSTER_HOST_KEYRING'] !== undefined
function ringKey(): Buffer {
  const file = join(pathOf('userData'), 'keyring')
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 })
  return readFileSync(file)
}
export const safeStorage = partial<Electron.SafeStorage>(
  {
    getSelectedStorageBackend: () => (!shared.isReady ? 'unknown' : hasKeyring ? 'gnome_libsecret' : 'basic_text'),
    isEncryptionAvailable() {
      told['touchedKeyring'] = true
      return shared.isReady
    },
    encryptString(text) {
      told['touchedKeyring'] = true
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', ringKey(), nonce, { authTagLength: 16 })
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    decryptString(sealed) {
      told['touchedKeyring'] = true
      const decipher = createDecipheriv('aes-256-gcm', ringKey(), sealed.subarray(0, 12), { authTagLength: 16 })
      decipher.setAuthTag(sealed.subarray(12, 28))
      return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8')
    }
  },
  'safeStorage'
)

function mainWindow() {
  const [window] = windows
  if (window === undefined) throw new Error('no window')
  return window
}

serveTest(
  {
    cdp: ({ method, params }) => mainWindow().page.send(method, params),
    closeWindow: () => void mainWindow().close(),
    moveWindow: (bounds) => mainWindow().move(bounds),
    maximizeWindow: () => mainWindow().maximize(),
    window: () => [...windows][0]?.facts() ?? null,
    tray: () => (tray === undefined ? null : { tip: tray.tip, menu: menuFacts(tray.menu) }),
    clickTray(label) {
      const item = tray?.menu.find((one) => one.label === label)
      if (item === undefined || !('click' in item)) throw new Error(`no ${label} in the tray`)
      ;(item.click as () => void)()
    },
    menu: () => menuFacts(applicationMenu),
    power: (event) => powerEvents.emit(event, preventable({})),
    openFile: (path) => appEvents.emit('open-file', preventable({}), path),
    quit: () => app.quit(),
    told: () => ({ ...told, theme: nativeTheme.themeSource })
  },
  () => end(1)
)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => app.quit())
