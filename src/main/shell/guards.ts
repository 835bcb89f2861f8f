/** Deny by default: the window needs nothing of the system, nothing of the network, and no other page. */
import { app, session, type WebContents } from 'electron'
import type { Log } from '../engine/index.js'
import { mayRequest } from './origin.js'

/** Once the app is ready, before the first window. */
export function raiseGuards(log: Log): void {
  const { defaultSession } = session
  const refuse = (what: string, detail: string) => log('warn', 'window-refused', { what, detail: detail.slice(0, 200) })
  defaultSession.setPermissionRequestHandler((_contents, permission, answer) => {
    refuse('permission', permission)
    answer(false)
  })
  defaultSession.setPermissionCheckHandler(() => false)
  defaultSession.setDevicePermissionHandler(() => false)
  defaultSession.webRequest.onBeforeRequest((details, answer) => {
    const cancel = !mayRequest(details.url, !app.isPackaged)
    if (cancel) refuse('request', details.url)
    answer({ cancel })
  })
  defaultSession.on('will-download', (event, item) => {
    refuse('download', item.getFilename())
    event.preventDefault()
  })
  // Of every page that will ever be, so that none can be forgotten.
  app.on('web-contents-created', (_event, contents) => guardContents(contents, refuse))
}

function guardContents(contents: WebContents, refuse: (what: string, detail: string) => void): void {
  contents.setWindowOpenHandler(({ url }) => {
    refuse('window', url)
    return { action: 'deny' }
  })
  contents.on('will-navigate', (event) => {
    refuse('navigation', event.url)
    event.preventDefault()
  })
  contents.on('will-frame-navigate', (event) => event.preventDefault())
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
}
