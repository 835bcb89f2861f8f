/** The icon in the system's bar: the way back to a closed window, one line of truth, and the end. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { Menu, Tray } from 'electron'
import type { Overview } from '@shared/model.js'
import type { Log } from '../engine/index.js'

export interface TrayActions {
  open(): void
  quit(): void
}

export interface TrayIcon {
  show(status: string): void
  remove(): void
}

/** One line that names no mission and no person: others may look at the screen. Pure. */
export function statusLine({ health, peers, missions }: Overview): string {
  const first = health.problems[0]
  if (first !== undefined) return `Limited: ${first.message} (${first.ref})`
  const linked = peers.filter(({ link }) => link.state === 'linked').length
  return `${String(linked)} linked, ${String(missions.length)} ${missions.length === 1 ? 'mission' : 'missions'}`
}

/** @param folder where the icons are: beside the window's files. */
export function createTray(folder: string, actions: TrayActions, log: Log): TrayIcon | undefined {
  const icons: Partial<Record<NodeJS.Platform, string>> = { darwin: 'trayTemplate.png', win32: 'tray.ico' }
  let tray: Tray
  try {
    tray = new Tray(join(folder, icons[process.platform] ?? 'tray.png'))
  } catch (error) {
    log('warn', 'no-tray', { error: String(error) })
    return undefined
  }
  let shown: string | undefined
  tray.on('click', () => actions.open())
  return {
    show(status) {
      if (status === shown) return
      shown = status
      tray.setToolTip(`Muster: ${status}`)
      tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: 'Open Muster', click: () => actions.open() },
          { label: status, enabled: false },
          { type: 'separator' },
          { label: 'Quit Muster', click: () => actions.quit() }
        ])
      )
    },
    remove: () => tray.destroy()
  }
}

/**
 * Whether a tray icon is really shown. On Linux nothing fails where there is no place for one, so the session bus is
 * asked for who shows them (StatusNotifierItem, freedesktop.org); no answer within a second counts as nobody.
 */
export function isTrayShown(): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true)
  const question = [
    '--session',
    '--print-reply',
    '--dest=org.freedesktop.DBus',
    '/org/freedesktop/DBus',
    'org.freedesktop.DBus.NameHasOwner',
    'string:org.kde.StatusNotifierWatcher'
  ]
  return new Promise((done) => {
    execFile('dbus-send', question, { timeout: 1_000 }, (error, answer) =>
      done(error === null && answer.includes('boolean true'))
    )
  })
}
