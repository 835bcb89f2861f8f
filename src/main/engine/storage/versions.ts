/**
 * The version of the whole data folder, and the way from each to the next (docs/protocol/disk.md). A step may end in a
 * crash anywhere and is then taken again: it must be repeatable, and it leaves what it has not replaced yet readable.
 * The version is written after the step.
 */
import * as v from 'valibot'
import { ok, type Result } from '@shared/result.js'
import type { Disk } from './disk.js'
import { encodeDocument, moveAside, parseDocument } from './document.js'
import { openStore, type StoreRandom } from './store.js'

export const folderVersion = 2
const path = 'folder.json'

const FolderFile = v.object({ version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) })

interface Step {
  readonly to: number
  run(disk: Disk, random: StoreRandom): Promise<unknown>
}

const steps: readonly Step[] = [
  // The folder names its version, and this copy of it its own ID.
  { to: 2, run: openStore }
]

/** Writes nothing. A folder that names no version is of the first. `newer-data`: not even the number can be read. */
export async function readFolderVersion(disk: Disk): Promise<Result<number>> {
  const bytes = await disk.read(path)
  if (bytes === undefined) return ok(1)
  const parsed = parseDocument(bytes, FolderFile)
  if (parsed.ok) return ok(parsed.value.version)
  // Every step is repeatable, so the first version is a safe guess; a newer one shows in the files themselves.
  return parsed.problem.code === 'newer-data' ? parsed : ok(1)
}

export async function writeFolderVersion(disk: Disk, version: number): Promise<void> {
  await disk.replace(path, encodeDocument({ version }))
}

/** Whether nothing was ever kept here. */
export async function isNewFolder(disk: Disk): Promise<boolean> {
  if ((await disk.facts('identity.json')) !== undefined) return false
  const lists = await Promise.all(['trust', 'missions'].map((folder) => disk.list(folder)))
  return lists.every((names) => names.length === 0)
}

/** Brings a folder up to the version of this engine. */
export async function migrate(disk: Disk, from: number, random: StoreRandom): Promise<void> {
  const bytes = await disk.read(path)
  if (bytes !== undefined && !parseDocument(bytes, FolderFile).ok) await moveAside(disk, path)
  for (const { to, run } of steps) {
    if (to <= from) continue
    await run(disk, random)
    await writeFolderVersion(disk, to)
  }
}
