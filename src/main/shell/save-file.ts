/** Saving for the window: a person chooses the place in the system's dialog, main writes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { app, dialog, type BrowserWindow } from 'electron'
import { fail, ok, type Result } from '@shared/result.js'

const nameLengthMost = 128

/** A name without places, controls or marks that turn the reading direction; never empty, never hidden. Pure. */
export function plainName(name: string): string {
  const plain = name
    .replace(/[\p{Cc}\p{Cf}/\\:*?"<>|]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/gu, '')
    .slice(-nameLengthMost)
  return plain === '' ? 'muster' : plain
}

export async function saveFile(
  window: BrowserWindow,
  fileName: string,
  data: string
): Promise<Result<{ readonly path: string } | null>> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(app.getPath('documents'), plainName(fileName))
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
