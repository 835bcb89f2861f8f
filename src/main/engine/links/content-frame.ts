/** Parts of files in frames (docs/protocol/content.md#transfer): mission ID, SHA-256 of the file, offset, bytes. */
import type { MissionId } from '@shared/model.js'
import { uint64 } from '../bytes/hash.js'
import { limits } from '../limits.js'
import { frameHead, frameTypes } from './framing.js'

export interface ContentPart {
  readonly mission: MissionId
  /** SHA-256, hex. */
  readonly file: string
  readonly offset: number
  readonly bytes: Buffer
}

const hashBytes = 32
const headBytes = 2 * hashBytes + 8

/** All of a frame but its bytes, which follow: joined they would be copied once more. */
export function contentFrameHead({ mission, file, offset, bytes }: ContentPart): Buffer {
  return Buffer.concat([
    frameHead(frameTypes.content, headBytes + bytes.length),
    Buffer.from(mission, 'hex'),
    Buffer.from(file, 'hex'),
    uint64(offset)
  ])
}

export function encodeContentFrame(part: ContentPart): Buffer {
  return Buffer.concat([contentFrameHead(part), part.bytes])
}

/** `undefined` when it is not 1 to 262,144 bytes at a safe offset. */
export function decodeContentFrame(payload: Buffer): ContentPart | undefined {
  const bytes = payload.subarray(headBytes)
  if (bytes.length === 0 || bytes.length > limits.contentFrameBytes) return undefined
  const offset = Number(payload.readBigUInt64BE(2 * hashBytes))
  if (!Number.isSafeInteger(offset)) return undefined
  const hex = (from: number) => payload.toString('hex', from, from + hashBytes)
  return { mission: hex(0) as MissionId, file: hex(hashBytes), offset, bytes }
}
