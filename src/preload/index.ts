/** The only door between window and engine in Electron: one function to call, one to subscribe. No logic. */
import { contextBridge, ipcRenderer } from 'electron'
import { ipcChannels, type CommandName, type EngineClient } from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'

const client: EngineClient = {
  call: (name: CommandName, argument: unknown) => ipcRenderer.invoke(ipcChannels.call, name, argument),
  subscribe(listener) {
    const forward = (_event: unknown, message: FeedMessage) => listener(message)
    ipcRenderer.on(ipcChannels.feed, forward)
    ipcRenderer.send(ipcChannels.subscribe)
    return () => {
      ipcRenderer.off(ipcChannels.feed, forward)
    }
  }
}

contextBridge.exposeInMainWorld('muster', client)
