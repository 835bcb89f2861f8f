/** The contract over IPC: each command and the feed, for one window's main frame and its own origin only. */
import type { BrowserWindow, IpcMainEvent, IpcMainInvokeEvent } from 'electron'
import { callCommand, isCommandName, type Engine } from '../engine/index.js'
import { ipcChannels } from '@shared/contract.js'
import { fail, type Result } from '@shared/result.js'
import { windowOrigin } from './window.js'

export function connectWindow(window: BrowserWindow, engine: Engine): void {
  const contents = window.webContents
  let unsubscribe: (() => void) | undefined

  contents.ipc.handle(ipcChannels.call, async (event, name: unknown, argument: unknown): Promise<Result<unknown>> => {
    if (!isOwnFrame(event, window)) return fail('unauthorized')
    return isCommandName(name) ? callCommand(engine.commands, name, argument) : fail('bad-request', 'unknown command')
  })
  contents.ipc.on(ipcChannels.subscribe, (event) => {
    if (!isOwnFrame(event, window)) return
    unsubscribe?.()
    unsubscribe = engine.subscribe((message) => {
      if (!contents.isDestroyed()) contents.send(ipcChannels.feed, message)
    })
  })
  window.on('closed', () => unsubscribe?.())
}

function isOwnFrame({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent, window: BrowserWindow): boolean {
  return senderFrame !== null && senderFrame === window.webContents.mainFrame && senderFrame.origin === windowOrigin
}
