/** The window of the Electron host: own scheme, sandbox, and no way out to anything else. */
import { BrowserWindow, protocol, session } from 'electron'
import { listWindowFiles } from '../window-files.js'

const scheme = 'app'
export const windowOrigin = `${scheme}://muster`

/** Must be called before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }
  ])
}

export function serveScheme(folder: string): void {
  const files = listWindowFiles(folder)
  protocol.handle(scheme, (request) => {
    const { pathname, host } = new URL(request.url)
    const file = host === 'muster' ? files.get(pathname) : undefined
    if (file === undefined) return new Response('', { status: 404 })
    return new Response(new Uint8Array(file.read()), { headers: { 'Content-Type': file.type } })
  })
  // Deny by default: the window needs nothing of the system and nothing of the network.
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
  session.defaultSession.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !details.url.startsWith(`${windowOrigin}/`) && !details.url.startsWith('devtools:') })
  })
}

export function openWindow(preload: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1366,
    height: 768,
    minWidth: 1024,
    minHeight: 640,
    backgroundColor: '#000000',
    title: 'Muster',
    webPreferences: { preload, contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true }
  })
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.webContents.on('will-redirect', (event) => event.preventDefault())
  window.webContents.on('will-attach-webview', (event) => event.preventDefault())
  void window.loadURL(`${windowOrigin}/index.html`)
  return window
}
