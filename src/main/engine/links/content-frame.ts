/** Parts of files in frames (docs/protocol/content.md#transfer): mission ID, SHA-256 of the file, offset, bytes. */
import type { MissionId } from '@shared/model.js'
import { uint64 } from '../bytes/hash.js'
import { limits } from '../limits.js'
import { encodeFrame, frameTypes } from './framing.js'

export interface ContentPart {
  readonly mission: MissionId
  /** SHA-256, hex. */
  readonly file: string
  readonly offset: number
  readonly bytes: Buffer
}

const hashBytes = 32
const headBytes = 2 * hashBytes + 8

export function encodeContentFrame({ mission, file, offset, bytes }: ContentPart): Buffer {
  const names = [Buffer.from(mission, 'hex'), Buffer.from(file, 'hex')]
  return encodeFrame(frameTypes.content, ...names, uint64(offset), bytes)
}

/** `undefined` when it is not 1 to 65,536 bytes at a safe offset. */
export function decodeContentFrame(payload: Buffer): ContentPart | undefined {
  const bytes = payload.subarray(headBytes)
  if (bytes.length === 0 || bytes.length > limits.contentFrameBytes) return undefined
  const offset = Number(payload.readBigUInt64BE(2 * hashBytes))
  if (!Number.isSafeInteger(offset)) return undefined
  const hex = (from: number) => payload.toString('hex', from, from + hashBytes)
  return { mission: hex(0) as MissionId, file: hex(hashBytes), offset, bytes }
}
