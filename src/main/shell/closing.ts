/** What closing the window does, and what is asked first. */
import { dialog, type BrowserWindow } from 'electron'
import type { Settings } from '@shared/settings.js'

type Closing = Settings['closing']

/** `hide`: gone from the screen, back through the tray or the dock. `minimise`: where neither is sure to be there. */
export type CloseAction = 'ask' | 'hide' | 'minimise' | 'quit'

/** @param hasWayBack a tray or a dock that is known to show; some Linux desktops have none. Pure. */
export function closeAction(closing: Closing, hasWayBack: boolean): CloseAction {
  if (closing === 'ask' || closing === 'quit') return closing
  return hasWayBack ? 'hide' : 'minimise'
}

export interface CloseAnswer {
  readonly keep: 'tray' | 'quit' | undefined
  readonly remember: boolean
}

const answers = ['tray', 'quit', undefined] as const

export async function askClosing(window: BrowserWindow, hasWayBack: boolean): Promise<CloseAnswer> {
  const { response, checkboxChecked } = await dialog.showMessageBox(window, {
    type: 'question',
    title: 'Muster',
    message: 'Keep Muster running?',
    detail:
      'While it runs, this laptop stays linked and its missions stay in step. After quitting, nothing is sent or ' +
      `received until you start it again.\n\n${hasWayBack ? 'Its window comes back from its icon in the bar of the system.' : 'This desktop shows no icon for it, so its window is only minimised.'}`,
    buttons: ['Keep running', 'Quit', 'Cancel'],
    defaultId: 0,
    cancelId: 2,
    noLink: true,
    checkboxLabel: 'Do not ask again (Settings can change it)'
  })
  const keep = answers[response]
  return { keep, remember: checkboxChecked && keep !== undefined }
}
