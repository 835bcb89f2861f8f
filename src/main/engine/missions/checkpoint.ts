/**
 * What a start needs to know of a mission without reading its history (docs/protocol/disk.md): a cache beside the journal,
 * for exactly the bytes that it covers. Whoever distrusts it reads the journal instead.
 */
import { sha256 } from '../bytes/hash.js'
import type { JsonObject } from '../bytes/line.js'
import type { LogState } from '../logs/log-store.js'
import type { FoldSummary } from './fold.js'
import type { AdminLine } from './permissions.js'

export interface Checkpoint {
  /** The first line of every segment. */
  readonly header: JsonObject
  /** Bytes of each segment that are in here. */
  readonly covered: readonly (readonly [segment: number, size: number])[]
  readonly logs: readonly LogState[]
  readonly admins: readonly AdminLine[]
  /** Left out: what is in there was not all folded yet. */
  readonly summary?: FoldSummary
}

const version = 3

export function encodeCheckpoint(checkpoint: Checkpoint): Buffer {
  const body = Buffer.from(JSON.stringify(checkpoint))
  const head = { muster: 'checkpoint', version, checksum: sha256(body).toString('hex') }
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
}

/** `undefined` when the bytes are not whole, or of another version. */
export function decodeCheckpoint(bytes: Buffer): Checkpoint | undefined {
  const headEnd = bytes.indexOf(0x0a)
  const body = bytes.subarray(headEnd + 1)
  const head = JSON.stringify({ muster: 'checkpoint', version, checksum: sha256(body).toString('hex') })
  // The checksum stands for a schema: what it covers is what this very version wrote.
  return bytes.toString('latin1', 0, Math.max(0, headEnd)) === head
    ? (JSON.parse(body.toString('utf8')) as Checkpoint)
    : undefined
}
