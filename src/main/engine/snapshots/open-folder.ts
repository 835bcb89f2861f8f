/**
 * What happens to a data folder before anything in it is read: a restore that was committed takes effect, an older format
 * is brought up to this one, and a folder that must not be written is only looked at.
 */
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import type { Disk } from '../storage/disk.js'
import { readOnlyView } from '../storage/read-only-disk.js'
import { openStore, type Store } from '../storage/store.js'
import { folderVersion, isNewFolder, migrate, readFolderVersion, writeFolderVersion } from '../storage/versions.js'
import { applyRestore, stageRestore } from './restore.js'
import { Snapshots } from './snapshots.js'

export interface FolderParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Why it cannot be written, as far as the host knows. */
  readonly readOnly?: Problem | undefined
  /** A snapshot to go back to first, by name or `latest`. */
  readonly restore?: string | undefined
  readonly onSnapshotProblem: (found: Problem | undefined) => void
}

export interface OpenedFolder {
  /** The disk to go on with. */
  readonly disk: Disk
  /** Set: nothing is written, and no command may say that something was. */
  readonly readOnly: Problem | undefined
  readonly store: Store
  readonly snapshots: Snapshots
  /** The snapshot that this start went back to. */
  readonly restored: string | undefined
}

/** Why a folder may only be looked at: a newer version wrote it. Writes nothing. */
export async function newerVersion(disk: Disk): Promise<Problem | undefined> {
  const version = await readFolderVersion(disk)
  if (!version.ok) return version.problem
  if (version.value <= folderVersion) return undefined
  return problem('newer-data', `version ${String(version.value)}, this one knows ${String(folderVersion)}`)
}

export async function openFolder(parts: FolderParts): Promise<Result<OpenedFolder>> {
  const { clock, random, log, onSnapshotProblem } = parts
  const readOnly = parts.readOnly ?? (await newerVersion(parts.disk))
  const disk = readOnly === undefined ? parts.disk : readOnlyView(parts.disk)
  const snapshots = new Snapshots({ disk, clock, log, onProblem: onSnapshotProblem })
  let restored: string | undefined
  if (readOnly !== undefined) {
    // A node that cannot be kept is not made, and a snapshot cannot come back where nothing is written.
    if (parts.restore !== undefined || (await isNewFolder(disk))) return fail(readOnly.code, readOnly.detail)
    log('warn', 'read-only', { code: readOnly.code, detail: readOnly.detail })
  } else {
    restored = await applyRestore(disk, random)
    if (parts.restore !== undefined) {
      const staged = await stageRestore(disk, snapshots, parts.restore)
      if (!staged.ok) return staged
      restored = await applyRestore(disk, random)
    }
    await bringUp(disk, snapshots, random, log)
  }
  return ok({ disk, readOnly, store: await openStore(disk, random), snapshots, restored })
}

async function bringUp(disk: Disk, snapshots: Snapshots, random: Random, log: Log): Promise<void> {
  if (await isNewFolder(disk)) {
    await writeFolderVersion(disk, folderVersion)
    return
  }
  const version = await readFolderVersion(disk)
  if (!version.ok || version.value >= folderVersion) return
  // Without room for it the steps are taken all the same: each leaves the folder readable wherever it ends.
  await snapshots.take('migration')
  await migrate(disk, version.value, random)
  log('info', 'migrated', { from: version.value, to: folderVersion })
}
