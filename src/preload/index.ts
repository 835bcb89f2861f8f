/** The only door between window and main in Electron: named functions with plain data. No logic, no objects of Electron. */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { ipcChannels, type CommandName, type DesktopBridge, type OpenedFiles } from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'

/** The event of Electron stays here; only the message passes. */
function listen<Message>(channel: string, listener: (message: Message) => void): () => void {
  const forward = (_event: unknown, message: Message) => listener(message)
  ipcRenderer.on(channel, forward)
  return () => {
    ipcRenderer.off(channel, forward)
  }
}

const bridge: DesktopBridge = {
  call: (name: CommandName, argument: unknown) => ipcRenderer.invoke(ipcChannels.call, name, argument),
  subscribe(listener) {
    const undo = listen<FeedMessage>(ipcChannels.feed, listener)
    ipcRenderer.send(ipcChannels.subscribe)
    return undo
  },
  saveFile: (fileName, data) => ipcRenderer.invoke(ipcChannels.saveFile, fileName, data),
  openMap: () => ipcRenderer.invoke(ipcChannels.openMap),
  pickFiles: (missionId) => ipcRenderer.invoke(ipcChannels.pickFiles, missionId),
  addFiles: (missionId, files) =>
    // Only what a person chose has a place: a file that a script made has none.
    ipcRenderer.invoke(
      ipcChannels.addFiles,
      missionId,
      files.map((file) => webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]))
    ),
  saveContent: (missionId, file) => ipcRenderer.invoke(ipcChannels.saveContent, missionId, file),
  showDataFolder: () => ipcRenderer.invoke(ipcChannels.showDataFolder),
  onOpenedFiles(listener) {
    const undo = listen<OpenedFiles>(ipcChannels.openedFiles, listener)
    ipcRenderer.send(ipcChannels.wantFiles, true)
    return () => {
      undo()
      ipcRenderer.send(ipcChannels.wantFiles, false)
    }
  }
}

contextBridge.exposeInMainWorld('muster', bridge)
