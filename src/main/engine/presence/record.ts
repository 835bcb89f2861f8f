/**
 * Presence on the wire (docs/protocol/presence.md), pure: a position, or something else that is true for a moment,
 * signed by its source. Which of two is newer their numbers say, never a clock.
 */
import type { Json, MissionId, NodeId } from '@shared/model.js'
import { isLineValue, parseLine } from '../bytes/line.js'
import { nodeIdOf } from '../identity/identity-record.js'
import type { Identity } from '../identity/identity.js'
import { parsePublicKey, signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'

export interface PresenceOrder {
  /** Grows with each start of the source, and `seq` with each word since. */
  readonly start: number
  readonly seq: number
}

export interface PresenceFacts extends PresenceOrder {
  readonly key: string
  readonly ttlMs: number
  /** Wall time at the source: its claim. */
  readonly at: number
  /** `null`: taken back. */
  readonly value: Json
}

export interface PresenceRecord extends PresenceFacts {
  readonly mission: MissionId
  readonly source: NodeId
  /** The source's signing key, 32 bytes. */
  readonly publicKey: Buffer
  readonly signature: Buffer
  /** As its source wrote it. */
  readonly line: Buffer
}

const headBytes = 32 + 32 + 64 + 4
const memberCount = 6

export function isNewer(one: PresenceOrder, other: PresenceOrder): boolean {
  return one.start > other.start || (one.start === other.start && one.seq > other.seq)
}

/** `undefined` when it is longer than the protocol allows, or no text or value for a line. */
export function signPresence(
  mission: MissionId,
  identity: Pick<Identity, 'nodeId' | 'publicKey' | 'signingKey'>,
  facts: PresenceFacts
): PresenceRecord | undefined {
  const { start, seq, key, ttlMs, at, value } = facts
  if (!isLineValue(value) || !isKey(key)) return undefined
  const line = Buffer.from(JSON.stringify({ start, seq, key, ttl: ttlMs, at, value }))
  if (line.length > limits.presenceBytes) return undefined
  const signature = signFor('presence', [Buffer.from(mission, 'hex'), line], identity.signingKey)
  return { ...facts, mission, source: identity.nodeId, publicKey: identity.publicKey, signature, line }
}

/** The payload of a frame. @param ageMs how much of its time to live has passed. */
export function encodePresence({ mission, publicKey, signature, line }: PresenceRecord, ageMs: number): Buffer {
  const age = Buffer.alloc(4)
  age.writeUInt32BE(Math.min(Math.ceil(ageMs), 0xffffffff))
  return Buffer.concat([Buffer.from(mission, 'hex'), publicKey, signature, age, line])
}

/** Shape and limits only, see {@link verifyPresence}; or why it is refused. Views of the payload are copied. */
export function decodePresence(payload: Buffer): { readonly record: PresenceRecord; readonly ageMs: number } | string {
  if (payload.length > headBytes + limits.presenceBytes) return 'presence too long'
  if (payload.length < headBytes) return 'presence too short'
  const bytes = Buffer.from(payload)
  const line = bytes.subarray(headBytes)
  const parsed = parseLine(line)
  if (typeof parsed === 'string') return `presence: ${parsed}`
  const { start, seq, key, ttl, at, value } = parsed
  const isWhole = Object.keys(parsed).length === memberCount && value !== undefined
  if (!isWhole || !isCount(start) || !isCount(seq) || !isCount(ttl) || ttl > limits.presenceTtlMs)
    return 'presence without its numbers'
  if (!Number.isSafeInteger(at) || !isKey(key)) return 'presence without a key or time'
  const publicKey = bytes.subarray(32, 64)
  return {
    record: {
      start,
      seq,
      key,
      ttlMs: ttl,
      at: at as number,
      value,
      mission: bytes.toString('hex', 0, 32) as MissionId,
      source: nodeIdOf(publicKey),
      publicKey,
      signature: bytes.subarray(64, 128),
      line
    },
    ageMs: bytes.readUInt32BE(128)
  }
}

export function verifyPresence({ mission, publicKey, signature, line }: PresenceRecord): boolean {
  const key = parsePublicKey(publicKey)
  return key !== undefined && verifyFor('presence', [Buffer.from(mission, 'hex'), line], key, signature)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && [...value].length <= limits.nameLength
}
