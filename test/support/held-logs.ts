/** Logs as a node holds them, of two authors with three logs each, for what is reckoned over heads and extents. */
import type { NodeId } from '@shared/model.js'
import type { Extent } from '../../src/main/engine/logs/extent.js'
import type { HeldLog } from '../../src/main/engine/logs/log-store.js'
import { logKey, type Head, type LogId, type LogKey } from '../../src/main/engine/logs/run.js'

export const authors = ['a', 'b'].map((digit) => digit.repeat(64) as NodeId)
const epochs = [0, 1, 2].map((digit) => String(digit).repeat(32))

export function logId(author: number, log: number): LogId {
  return { author: authors[author] ?? authors[0]!, epoch: epochs[log] ?? '' }
}

export function headOf(author: number, log: number, seq: number): Head {
  return { ...logId(author, log), seq, hash: String(seq).repeat(64) }
}

export function heldLog({ seq, hash, ...id }: Head, after?: Head): HeldLog {
  return {
    id,
    start: { key: Buffer.alloc(32), callsign: '', ...(after === undefined ? {} : { after }) },
    head: { seq, hash: Buffer.from(hash, 'hex') }
  }
}

export function extentOf(logs: readonly HeldLog[]): Extent {
  return new Map(logs.map(({ id, head }) => [logKey(id), head.seq]))
}

export function lookup(logs: readonly HeldLog[]): (key: LogKey) => HeldLog | undefined {
  const found = new Map(logs.map((log) => [logKey(log.id), log]))
  return (key) => found.get(key)
}
