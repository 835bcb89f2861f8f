/**
 * How far somebody holds each log, pure. Heads leave out logs that a successor covers, so they are first spread over the
 * predecessors that this node knows.
 */
import type { HeldLog } from './log-store.js'
import { logKey, type Head, type LogKey } from './run.js'

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

/** Whether somebody who holds the one holds all of the other. */
export function holdsAll(one: Extent, other: Extent): boolean {
  for (const [key, seq] of other) if ((one.get(key) ?? 0) < seq) return false
  return true
}
