/** What two nodes lack of each other, pure (docs/protocol/sync.md): from extents to the stretches that are missing. */
import type { Extent } from '../logs/extent.js'
import type { HeldLog } from '../logs/log-store.js'
import { logKey, type LogKey } from '../logs/run.js'

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

/** Consecutive changes of one log, both numbers included. */
export interface Stretch {
  readonly key: LogKey
  readonly from: number
  readonly to: number
}

/** What the other lacks, in the order in which the logs are given. */
export function missingFrom(logs: Iterable<HeldLog>, theirs: Extent): readonly Stretch[] {
  const missing: Stretch[] = []
  for (const { id, head } of logs) {
    const key = logKey(id)
    const held = theirs.get(key) ?? 0
    if (head.seq > held) missing.push({ key, from: held + 1, to: head.seq })
  }
  return missing
}

export function countOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from + 1, 0)
}

/** A page of them counted from the last, the newest first. */
export function pageOf(stretches: readonly Stretch[], offset: number, limit: number): readonly Stretch[] {
  const page: Stretch[] = []
  let skip = offset
  let left = limit
  for (const { key, from, to } of [...stretches].reverse()) {
    if (left === 0) break
    const last = to - skip
    skip = Math.max(0, skip - (to - from + 1))
    if (last < from) continue
    const first = Math.max(from, last - left + 1)
    page.push({ key, from: first, to: last })
    left -= last - first + 1
  }
  return page
}
