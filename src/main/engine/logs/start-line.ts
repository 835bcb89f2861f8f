/**
 * The first line of every log: who writes it, and the head of the author's log before this one. A new log begins at the
 * first write after every start of an engine, so a restored or copied folder can never use a number twice.
 */
import type { NodeId } from '@shared/model.js'
import { isHex, parseBase64Url } from '../bytes/hash.js'
import type { JsonObject } from '../bytes/line.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { limits } from '../limits.js'
import { isSeq, type Head } from './run.js'

export interface StartLine {
  /** Ed25519, 32 bytes; its hash is the author. */
  readonly key: Buffer
  readonly callsign: string
  readonly after?: Head
}

export function startLine(at: number, key: Buffer, callsign: string, after: Head | undefined): JsonObject {
  const predecessor = after === undefined ? null : { epoch: after.epoch, seq: after.seq, hash: after.hash }
  return { kind: 'start', at, key: key.toString('base64url'), callsign, after: predecessor }
}

/** `undefined` when the line is no start line of this author. */
export function parseStartLine(line: JsonObject, author: NodeId): StartLine | undefined {
  const key = parseBase64Url(line['key'], 32)
  const { callsign, after } = line
  if (line['kind'] !== 'start' || key === undefined || nodeIdOf(key) !== author) return undefined
  if (typeof callsign !== 'string' || [...callsign].length > limits.nameLength) return undefined
  if (after === null) return { key, callsign }
  if (typeof after !== 'object' || Array.isArray(after)) return undefined
  const { epoch, seq, hash } = after as JsonObject
  if (!isHex(epoch, 16) || !isHex(hash, 32) || !isSeq(seq)) return undefined
  return { key, callsign, after: { author, epoch, seq, hash } }
}

/** What every line must have to be valid: a kind, and the time that its author claims. */
export function hasLineShape(line: JsonObject): boolean {
  const { kind, at } = line
  return typeof kind === 'string' && kind.length >= 1 && kind.length <= 64 && Number.isSafeInteger(at)
}
