/**
 * Files into missions and out of them, at a person's hand: main's own dialogs say which and where, so that no script in
 * the window can read a file of this machine or write one.
 */
import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { app, dialog, type BrowserWindow } from 'electron'
import { safeFileName } from '@shared/file-name.js'
import type { MissionId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import type { Engine } from '../engine/index.js'

export async function pickFiles(
  window: BrowserWindow,
  engine: Engine,
  id: MissionId
): Promise<Result<{ readonly added: number } | null>> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    title: 'Add files to this mission',
    defaultPath: app.getPath('documents'),
    properties: ['openFile', 'multiSelections']
  })
  return canceled || filePaths.length === 0 ? ok(null) : addAll(engine, id, filePaths)
}

/** @param paths as the window says: shown to the person, who alone knows whether these were dropped. */
export async function addFiles(
  window: BrowserWindow,
  engine: Engine,
  id: MissionId,
  paths: readonly string[]
): Promise<Result<{ readonly added: number } | null>> {
  const mission = engine.overview().missions.find((one) => one.id === id)
  if (mission === undefined) return fail('mission-unknown')
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    title: 'Muster',
    message: `Add to “${mission.name}”, for all its members?`,
    detail: listed(paths),
    buttons: ['Add', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
    noLink: true
  })
  return response === 0 ? addAll(engine, id, paths) : ok(null)
}

const listedMost = 12

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, listedMost)
  const more = paths.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${String(more)} more`] : [])].join('\n')
}

/** One after the other; ends at the first that is refused. */
async function addAll(
  engine: Engine,
  id: MissionId,
  paths: readonly string[]
): Promise<Result<{ readonly added: number }>> {
  for (const path of paths) {
    const added = await addOne(engine, id, path)
    if (!added.ok)
      return { ok: false, problem: { ...added.problem, detail: `${basename(path)}: ${added.problem.detail ?? ''}` } }
  }
  return ok({ added: paths.length })
}

async function addOne(engine: Engine, id: MissionId, path: string): Promise<Result<unknown>> {
  try {
    // Not blocking: a named pipe would keep us waiting for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await file.stat()
      if (!stats.isFile()) return fail('not-found', 'not a file')
      const bytes = file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 })
      return await engine.contents.add(id, { name: basename(path), length: stats.size }, bytes as AsyncIterable<Buffer>)
    } finally {
      await file.close()
    }
  } catch (error) {
    return fail('not-found', error instanceof Error ? error.message : String(error))
  }
}

/** Under its name only when it is whole and on the disk. */
export async function saveContent(
  window: BrowserWindow,
  engine: Engine,
  id: MissionId,
  file: string
): Promise<Result<{ readonly path: string } | null>> {
  const opened = await engine.contents.open(id, file)
  if (!opened.ok) return opened
  const { name, size, read } = opened.value
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(app.getPath('documents'), safeFileName(name))
  })
  if (canceled || filePath === '') return ok(null)
  const temporary = `${filePath}.part`
  try {
    const target = await open(temporary, 'w')
    try {
      for await (const bytes of read(0, size)) await target.writeFile(bytes)
      await target.sync()
    } finally {
      await target.close()
    }
    await rename(temporary, filePath)
    return ok({ path: filePath })
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return fail(code === 'ENOSPC' ? 'disk-full' : 'disk-failed', error instanceof Error ? error.message : String(error))
  }
}
