/** Saving for the window: a person chooses the place in the system's dialog, main writes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { app, dialog, type BrowserWindow } from 'electron'
import { safeFileName } from '@shared/file-name.js'
import { fail, ok, type Result } from '@shared/result.js'

export async function saveFile(
  window: BrowserWindow,
  fileName: string,
  data: string
): Promise<Result<{ readonly path: string } | null>> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(app.getPath('documents'), safeFileName(fileName))
  })
  if (canceled || filePath === '') return ok(null)
  try {
    await writeFile(filePath, Buffer.from(data, 'base64'), { flush: true })
    return ok({ path: filePath })
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    return fail(isFull ? 'disk-full' : 'disk-failed', error instanceof Error ? error.message : String(error))
  }
}
