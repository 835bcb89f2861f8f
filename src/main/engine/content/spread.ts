/** Where the files of a mission are beside here: what "safe to leave?" counts. Pure. */
import type { FileAmount, NodeId } from '@shared/model.js'
import type { Stored } from './store.js'

export interface Spread {
  /** All that counts. */
  readonly here: FileAmount
  /** What no peer that counts is known to hold. */
  readonly alone: FileAmount
  /** What a peer is not known to hold; peers that said nothing are left out, and lack all. */
  readonly lackedBy: ReadonlyMap<NodeId, FileAmount>
}

export const noFiles: FileAmount = { files: 0, bytes: 0 }

/**
 * @param files that are here whole.
 * @param held by peer, files that it said to hold, with the size that it said.
 * @param counts whether a peer can be counted on to give a file back.
 */
export function spreadOf(
  files: readonly Stored[],
  held: Iterable<readonly [NodeId, ReadonlyMap<string, number>]>,
  counts: (nodeId: NodeId) => boolean
): Spread {
  const elsewhere = new Set<string>()
  const lackedBy = new Map<NodeId, FileAmount>()
  for (const [nodeId, sizes] of held) {
    const isCounted = counts(nodeId)
    const lacked: Stored[] = []
    for (const file of files) {
      if (sizes.get(file.sha256) !== file.size) lacked.push(file)
      else if (isCounted) elsewhere.add(file.sha256)
    }
    lackedBy.set(nodeId, amountOf(lacked))
  }
  return {
    here: amountOf(files),
    alone: amountOf(files.filter(({ sha256 }) => !elsewhere.has(sha256))),
    lackedBy
  }
}

function amountOf(files: readonly Stored[]): FileAmount {
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) }
}
