/** Commands about snapshots. Going back to one is prepared here and takes effect at the next start. */
import type { CommandHandlers } from '@shared/contract.js'
import { ok } from '@shared/result.js'
import { stageRestore } from './snapshots/restore.js'
import type { Snapshots } from './snapshots/snapshots.js'
import { kept, type Disk } from './storage/disk.js'
import type { TrustBook } from './trust/trust-book.js'

export interface SnapshotCommandParts {
  readonly disk: Disk
  readonly snapshots: Snapshots
  readonly trust: TrustBook
  readonly onRestartWanted: (() => void) | undefined
}

export function createSnapshotCommands({
  disk,
  snapshots,
  trust,
  onRestartWanted
}: SnapshotCommandParts): Pick<CommandHandlers, 'listSnapshots' | 'takeSnapshot' | 'restoreSnapshot'> {
  return {
    async listSnapshots() {
      const listed = await kept(snapshots.list())
      return listed.ok ? ok({ snapshots: listed.value }) : listed
    },
    takeSnapshot: () => snapshots.take('asked'),
    async restoreSnapshot({ name }) {
      const staged = await stageRestore(disk, snapshots, name)
      if (!staged.ok) return staged
      await trust.noteDone('restore-chosen', { text: staged.value.name })
      onRestartWanted?.()
      return ok({ name: staged.value.name })
    }
  }
}
