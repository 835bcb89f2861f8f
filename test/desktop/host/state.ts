/** What the parts of the host share: one Chromium, one session, one set of windows. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Chromium } from './chromium.js'

/** Chromium knows no `app:`; pages of that scheme live under this origin, which never leaves the host. */
const standIn = 'app-scheme.test'

/** `app://muster/x` as Chromium gets it. */
export function toChromium(url: string): string {
  const parsed = new URL(url)
  return parsed.protocol === 'app:'
    ? `https://${parsed.host}.${standIn}${parsed.pathname}${parsed.search}${parsed.hash}`
    : url
}

/** What Electron would say for what Chromium says. */
export function toElectron(url: string): string {
  const match = /^https:\/\/([^/]+)\.app-scheme\.test(\/.*)?$/.exec(url)
  return match === null ? url : `app://${match[1] ?? ''}${match[2] ?? ''}`
}

export interface SchemeHandler {
  (request: Request): Response | Promise<Response>
}

export interface SessionGuards {
  onBeforeRequest: ((details: Electron.OnBeforeRequestListenerDetails) => Promise<boolean>) | undefined
  permissionRequest: Parameters<Electron.Session['setPermissionRequestHandler']>[0]
  permissionCheck: Parameters<Electron.Session['setPermissionCheckHandler']>[0]
  /** @returns whether it was refused. */
  download: (item: Electron.DownloadItem) => boolean
}

export const guards: SessionGuards = {
  onBeforeRequest: undefined,
  permissionRequest: null,
  permissionCheck: null,
  download: () => false
}
export const schemes = new Map<string, SchemeHandler>()

const home = process.env['MUSTER_HOST_HOME'] ?? homedir()
export const paths = new Map<string, string>([
  ['home', home],
  ['documents', join(home, 'Documents')],
  ['userData', join(home, '.config', 'muster-chromium-host')]
])

interface Shared {
  chromium: Chromium | undefined
  isReady: boolean
  isEnding: boolean
  /** Starts the next process when this one has ended. */
  relaunch: (() => void) | undefined
}

export const shared: Shared = { chromium: undefined, isReady: false, isEnding: false, relaunch: undefined }

export function chromium(): Chromium {
  if (shared.chromium === undefined) throw new Error('not before the app is ready')
  return shared.chromium
}

export interface Screen {
  readonly id: number
  readonly bounds: Electron.Rectangle
  readonly workArea: Electron.Rectangle
}

const usualScreen = { x: 0, y: 0, width: 1366, height: 768 }
export const screens: readonly Screen[] = (
  JSON.parse(process.env['MUSTER_HOST_SCREENS'] ?? JSON.stringify([usualScreen])) as readonly Electron.Rectangle[]
).map((area, id) => ({ id, bounds: area, workArea: area }))
