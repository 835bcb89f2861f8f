/**
 * Runs in frames (docs/protocol/links.md#frames): mission ID, then the run as it is, or deflated. Made once for however
 * many links; what unpacks to more than a run may be costs its sender the link.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { MissionId } from '@shared/model.js'
import { limits } from '../limits.js'
import { decodeRun, type Run } from '../logs/run.js'
import { encodeFrame, frameTypes, type Frame } from './framing.js'
import type { LinkVersion } from './hello.js'

const missionBytes = 32
const encodedMost = limits.runHeaderBytes + limits.runBytes
/** Below, packing saves less than it costs in time: 20 microseconds for each new run of one change or two. */
const packFrom = 2 * 1024
/**
 * Changes of 290 bytes come to 56 each: at 350,000 a second, for at most 3 ms a run. Level 1 packs twice as fast to 70,
 * level 6 and the whole window half as fast to 54.
 */
const packing = { level: 5, windowBits: 13, chunkSize: 64 * 1024 }

/** One run on its way to any number of links. */
export class RunFrame {
  readonly #mission: MissionId
  readonly #encoded: Buffer
  #plain: Buffer | undefined
  #packed: Buffer | undefined

  /** @param encoded as {@link encodeRun} gives it. */
  constructor(mission: MissionId, encoded: Buffer) {
    this.#mission = mission
    this.#encoded = encoded
  }

  /** The frame for a link that speaks this version. */
  for(version: LinkVersion): Buffer {
    if (version < 2 || this.#encoded.length < packFrom)
      return (this.#plain ??= this.#frame(frameTypes.run, this.#encoded))
    return (this.#packed ??= this.#pack())
  }

  #pack(): Buffer {
    const packed = deflateRawSync(this.#encoded, packing)
    return packed.length < this.#encoded.length ? this.#frame(frameTypes.packedRun, packed) : this.for(1)
  }

  #frame(type: Frame['type'], bytes: Buffer): Buffer {
    return encodeFrame(type, Buffer.from(this.#mission, 'hex'), bytes)
  }
}

/** `undefined` when it is not one whole run, with nothing behind it. */
export function decodeRunFrame({
  type,
  payload
}: Frame): { readonly mission: MissionId; readonly run: Run } | undefined {
  const rest = payload.subarray(missionBytes)
  const encoded = type === frameTypes.packedRun ? unpack(rest) : rest
  const decoded = encoded === undefined ? undefined : decodeRun(encoded)
  if (encoded === undefined || decoded === undefined || decoded.end !== encoded.length) return undefined
  return { mission: payload.toString('hex', 0, missionBytes) as MissionId, run: decoded.run }
}

function unpack(packed: Buffer): Buffer | undefined {
  try {
    const options = { maxOutputLength: encodedMost, chunkSize: 64 * 1024, info: true }
    const { buffer, engine } = inflateRawSync(packed, options) as unknown as Inflated
    return engine.bytesWritten === packed.length ? buffer : undefined
  } catch {
    return undefined // Not deflated, cut, or more than a run may be.
  }
}

/** What `info` gives; its types leave it out. */
interface Inflated {
  readonly buffer: Buffer
  /** Bytes that were read: the deflated stream may end before the frame does. */
  readonly engine: { readonly bytesWritten: number }
}
