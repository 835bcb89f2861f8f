/**
 * Frames on a link (docs/protocol/links.md): u32 length, one byte of type, payload. The length is checked before
 * anything is kept, so an oversized frame costs its sender the link and us four bytes.
 */
export const frameTypes = { message: 1, run: 2, packedRun: 3, presence: 4, fork: 5, content: 6 } as const
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes]

export interface Frame {
  readonly type: FrameType
  readonly payload: Buffer
}

const headerBytes = 5
const known: ReadonlySet<number> = new Set(Object.values(frameTypes))

function isFrameType(type: number | undefined): type is FrameType {
  return type !== undefined && known.has(type)
}

/** What leads a payload of this length. */
export function frameHead(type: FrameType, payloadBytes: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32BE(payloadBytes + 1)
  header[4] = type
  return header
}

export function encodeFrame(type: FrameType, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([frameHead(type, length), ...parts])
}

/** Cuts a stream of bytes into frames; gives the reason when the stream breaks the rules, and is then of no more use. */
export class FrameReader {
  #chunks: Buffer[] = []
  #length = 0

  /** @param most length of the largest frame that is accepted now; it may grow between calls. */
  read(bytes: Buffer, most: () => number, onFrame: (frame: Frame) => boolean): string | undefined {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    while (this.#length >= headerBytes) {
      const head = this.#peek(headerBytes)
      const length = head.readUInt32BE(0)
      const type = head[4]
      if (length < 1 || length > most()) return `frame of ${String(length)} bytes`
      if (!isFrameType(type)) return `frame type ${String(type)}`
      if (this.#length < 4 + length) return undefined
      const whole = this.#take(4 + length)
      if (!onFrame({ type, payload: whole.subarray(headerBytes) })) return undefined
    }
    return undefined
  }

  #peek(length: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= length) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }

  #take(length: number): Buffer {
    const joined = this.#peek(length)
    const rest = joined.subarray(length)
    this.#chunks[0] = rest
    if (rest.length === 0) this.#chunks.shift()
    this.#length -= length
    return joined.subarray(0, length)
  }
}
