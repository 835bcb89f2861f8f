/** The only door between window and main in Electron: named functions with plain data. No logic, no objects of Electron. */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import {
  ipcChannels,
  type ChosenFile,
  type CommandName,
  type DesktopBridge,
  type OpenedFiles
} from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'

/** The event of Electron stays here; only the message passes. */
function listen<Message>(channel: string, listener: (message: Message) => void): () => void {
  const forward = (_event: unknown, message: Message) => listener(message)
  ipcRenderer.on(channel, forward)
  return () => {
    ipcRenderer.off(channel, forward)
  }
}

/** Says that the window is ready for what was opened from outside, and then that it is no more. */
function want<Message>(wanting: string, channel: string, listener: (message: Message) => void): () => void {
  const undo = listen<Message>(channel, listener)
  ipcRenderer.send(wanting, true)
  return () => {
    undo()
    ipcRenderer.send(wanting, false)
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
  onOpenedFiles: (listener) => want<OpenedFiles>(ipcChannels.wantFiles, ipcChannels.openedFiles, listener),
  writeBundle: (order) => ipcRenderer.invoke(ipcChannels.writeBundle, order),
  chooseBundle: () => ipcRenderer.invoke(ipcChannels.chooseBundle),
  // The path of a file that a person let go: a file that a script makes has none.
  dropBundle: (file) => ipcRenderer.invoke(ipcChannels.dropBundle, webUtils.getPathForFile(file as File)),
  previewBundle: (id) => ipcRenderer.invoke(ipcChannels.previewBundle, id),
  takeBundle: (id) => ipcRenderer.invoke(ipcChannels.takeBundle, id),
  onOpenedBundle: (listener) => want<ChosenFile>(ipcChannels.wantBundles, ipcChannels.openedBundle, listener)
}

contextBridge.exposeInMainWorld('muster', bridge)
