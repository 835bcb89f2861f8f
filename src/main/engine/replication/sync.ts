/**
 * What two nodes lack of each other, pure (docs/protocol/sync.md): from heads to the stretches that are missing. Heads
 * leave out logs that a successor covers, so they are first spread over the predecessors that this node knows.
 */
import { logKey, type Head, type LogKey } from '../logs/run.js'
import type { HeldLog } from '../logs/log-store.js'

/** How far each log is held. */
export type Extent = Map<LogKey, number>

/** What somebody with these heads holds, as far as the logs are known here; unknown logs stand with their number. */
export function spreadHeads(heads: readonly Head[], logOf: (key: LogKey) => HeldLog | undefined): Extent {
  const extent: Extent = new Map()
  const listed = new Set(heads.map(logKey))
  for (const head of heads) {
    raise(extent, logKey(head), head.seq)
    for (let before = logOf(logKey(head))?.start.after; before !== undefined;) {
      const key = logKey(before)
      // Of a log with a limit its own word counts.
      if (listed.has(key)) break
      if ((extent.get(key) ?? 0) >= before.seq) break
      raise(extent, key, before.seq)
      before = logOf(key)?.start.after
    }
  }
  return extent
}

export function raise(extent: Extent, key: LogKey, seq: number): void {
  if ((extent.get(key) ?? 0) < seq) extent.set(key, seq)
}

/** The first log, in the given order, of which the other lacks something durable. */
export function firstMissing(
  logs: Iterable<HeldLog>,
  theirs: Extent
): { readonly key: LogKey; readonly after: number } | undefined {
  for (const { id, head } of logs) {
    const key = logKey(id)
    const after = theirs.get(key) ?? 0
    if (head.seq > after) return { key, after }
  }
  return undefined
}

/** Whether the other holds something of which we lack a part. */
export function hasMore(theirs: Extent, logOf: (key: LogKey) => HeldLog | undefined): boolean {
  for (const [key, seq] of theirs) if ((logOf(key)?.head.seq ?? 0) < seq) return true
  return false
}

export interface Lacks {
  readonly they: number
  /** A lower bound: of logs unknown here only the last number is known. */
  readonly we: number
}

export function countLacks(logs: Iterable<HeldLog>, theirs: Extent): Lacks {
  let they = 0
  let we = 0
  const unseen = new Map(theirs)
  for (const { id, head } of logs) {
    const key = logKey(id)
    const seq = theirs.get(key) ?? 0
    they += Math.max(0, head.seq - seq)
    we += Math.max(0, seq - head.seq)
    unseen.delete(key)
  }
  for (const seq of unseen.values()) we += seq
  return { they, we }
}
