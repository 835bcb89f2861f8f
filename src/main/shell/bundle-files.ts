/**
 * Bundles for the window: a person names their files, in the system's dialogs or by opening them, and a page knows each
 * by an id that is made here. No limit of time: a drive is slow.
 */
import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { app, dialog, type BrowserWindow } from 'electron'
import { isReceiptName } from '@shared/bundle-names.js'
import { safeFileName } from '@shared/file-name.js'
import type { ChosenFile, CommandHandlers } from '@shared/contract.js'
import type { BundlePreview, BundleTaken, BundleWritten } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { callCommand } from '../engine/index.js'
import { readOpenedFiles } from './opened-files.js'

/** The rest of the order is the engine's to parse. */
export interface UnparsedOrder {
  readonly fileName: string
  readonly inTheOpen?: boolean | undefined
}

export interface BundleFiles {
  write(order: UnparsedOrder): Promise<Result<BundleWritten | null>>
  choose(): Promise<Result<ChosenFile | null>>
  /** A file that a person named: read where it is a receipt, remembered where it is a bundle. */
  look(path: string): Promise<Result<ChosenFile>>
  preview(id: string): Promise<Result<BundlePreview>>
  take(id: string): Promise<Result<BundleTaken>>
}

/** Remembered at once; the oldest is forgotten first. */
const chosenMost = 16

export function createBundleFiles(window: BrowserWindow, commands: CommandHandlers): BundleFiles {
  const paths = new Map<string, string>()

  async function look(path: string): Promise<Result<ChosenFile>> {
    const name = basename(path)
    if (isReceiptName(name)) {
      const read = await readOpenedFiles([path])
      const [data] = read.ok ? read.value.files : []
      return data === undefined ? fail('bad-receipt', name) : ok({ kind: 'receipt', name, data })
    }
    const id = randomUUID()
    paths.set(id, path)
    for (const oldest of [...paths.keys()].slice(0, -chosenMost)) paths.delete(oldest)
    return ok({ kind: 'bundle', id, name })
  }
  async function at<T>(id: string, work: (path: string) => Promise<Result<T>>): Promise<Result<T>> {
    const path = paths.get(id)
    return path === undefined ? fail('not-found', 'this file was not chosen here') : work(path)
  }

  return {
    look,
    async write({ fileName, ...request }) {
      const { canceled, filePath } = await dialog.showSaveDialog(window, {
        // A page orders; what it ordered is said here, where it cannot write.
        title: request.inTheOpen === true ? 'Save a bundle, not encrypted' : 'Save a bundle',
        defaultPath: join(app.getPath('documents'), safeFileName(fileName)),
        filters: [{ name: 'Muster bundle', extensions: ['muster-bundle'] }]
      })
      if (canceled || filePath === '') return ok(null)
      return callCommand(commands, 'writeBundle', { ...request, path: filePath })
    },
    async choose() {
      const { canceled, filePaths } = await dialog.showOpenDialog(window, {
        properties: ['openFile'],
        filters: [
          { name: 'Bundles and receipts', extensions: ['muster-bundle', 'muster-receipt'] },
          // The pieces of a large bundle end in other ways.
          { name: 'All files', extensions: ['*'] }
        ]
      })
      const [path] = filePaths
      return canceled || path === undefined ? ok(null) : look(path)
    },
    preview: (id) => at(id, (path) => callCommand(commands, 'previewBundle', { path })),
    take: (id) => at(id, (path) => callCommand(commands, 'takeBundle', { path }))
  }
}
