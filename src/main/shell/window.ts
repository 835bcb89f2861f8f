/** The window of the Electron host: own scheme, sandbox, and no way out to anything else. */
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import { BrowserWindow, protocol, session } from 'electron'

const scheme = 'app'
export const windowOrigin = `${scheme}://muster`

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff'
}

/** Must be called before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }
  ])
}

export function serveScheme(folder: string): void {
  protocol.handle(scheme, async (request) => {
    const { pathname, host } = new URL(request.url)
    const path = normalize(join(folder, decodeURIComponent(pathname === '/' ? '/index.html' : pathname)))
    const type = types[extname(path)]
    if (host !== 'muster' || type === undefined || !path.startsWith(folder + sep))
      return new Response('', { status: 404 })
    try {
      return new Response(new Uint8Array(await readFile(path)), { headers: { 'Content-Type': type } })
    } catch {
      return new Response('', { status: 404 })
    }
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
