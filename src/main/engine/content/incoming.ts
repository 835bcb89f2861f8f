/**
 * A file on its way to this disk (docs/protocol/content.md#disk): bytes come in their order, are hashed as they are
 * written, and after a crash are gone on with from the last block that is as it was written. Nothing of it is visible.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { DamageFound, type Disk, type LogFile } from '../storage/disk.js'

/** Of a stored file: each is checked by itself when it is read. */
export const blockBytes = 256 * 1024
const sumBytes = 4
/** Of 4 MiB. */
const sumsAtOnce = 16

export function sumsOf(path: string): string {
  return `${path}.sums`
}

export function encodeSums(sums: readonly number[]): Buffer {
  const bytes = Buffer.alloc(sums.length * sumBytes)
  for (const [index, sum] of sums.entries()) bytes.writeUInt32BE(sum, index * sumBytes)
  return bytes
}

/** What is left of the last one, after a torn write, is no sum. */
export function decodeSums(bytes: Buffer): readonly number[] {
  return Array.from({ length: Math.floor(bytes.length / sumBytes) }, (_, index) => bytes.readUInt32BE(index * sumBytes))
}

export class Incoming {
  readonly #file: LogFile
  readonly #sums: LogFile
  readonly #hash = createHash('sha256')
  /** CRC-32 of each block. */
  readonly sums: number[] = []
  #saved = 0
  /** Of the block that is not whole yet. */
  #sum = 0
  #begun = 0
  #size = 0

  private constructor(file: LogFile, sums: LogFile) {
    this.#file = file
    this.#sums = sums
  }

  /** Goes on with what is there under this path. */
  static async open(disk: Disk, path: string): Promise<Incoming> {
    const sums = decodeSums((await disk.read(sumsOf(path))) ?? Buffer.alloc(0))
    const file = await disk.openLog(path, 'at sync')
    const incoming = new Incoming(file, await disk.openLog(sumsOf(path), 'at sync'))
    await incoming.#goOn(disk, path, sums)
    return incoming
  }

  /** Bytes that are there, from the beginning on. */
  get size(): number {
    return this.#size
  }

  /** One after the other; nothing is durable yet. */
  async append(...parts: readonly Buffer[]): Promise<void> {
    for (const bytes of parts) this.#take(bytes)
    await this.#file.append(...parts)
    this.#size += parts.reduce((sum, { length }) => sum + length, 0)
    // Behind the blocks that they are of: what a crash leaves without a sum comes again.
    if (this.sums.length - this.#saved >= sumsAtOnce) await this.#saveSums()
  }

  async #saveSums(): Promise<void> {
    const sums = this.sums.slice(this.#saved)
    this.#saved = this.sums.length
    if (sums.length > 0) await this.#sums.append(encodeSums(sums))
  }

  /** Durable on return; nothing can be appended any more. Answers the SHA-256 of all, in hex. */
  async finish(): Promise<string> {
    if (this.#begun > 0) this.sums.push(this.#sum)
    await this.#saveSums()
    await this.#file.sync()
    await this.#sums.sync()
    await this.#close()
    return this.#hash.digest('hex')
  }

  /** What came stays, to be gone on with. */
  async close(): Promise<void> {
    try {
      await this.#saveSums()
    } finally {
      await this.#close()
    }
  }

  async #close(): Promise<void> {
    await this.#file.close()
    await this.#sums.close()
  }

  async #goOn(disk: Disk, path: string, sums: readonly number[]): Promise<void> {
    for (const [index, sum] of sums.entries()) {
      const block = await disk.readPart(path, index * blockBytes, blockBytes)
      // A power cut leaves the end of one file, of the other, or of both behind.
      if (block.length < blockBytes || crc32(block) !== sum) break
      this.#take(block)
      this.#size += block.length
    }
    if (this.#file.size > this.#size) await this.#file.truncate(this.#size)
    const sumsSize = (this.#size / blockBytes) * sumBytes
    if (this.#sums.size > sumsSize) await this.#sums.truncate(sumsSize)
    this.#saved = this.sums.length
  }

  #take(bytes: Buffer): void {
    this.#hash.update(bytes)
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + blockBytes - this.#begun)
      this.#sum = crc32(part, this.#sum)
      this.#begun += part.length
      at += part.length
      if (this.#begun < blockBytes) return
      this.sums.push(this.#sum)
      this.#sum = 0
      this.#begun = 0
    }
  }
}

/** Blocks of a stored file that follow each other. Rejects with DamageFound when one is not what was stored. */
export async function readBlocks(
  disk: Disk,
  path: string,
  sums: readonly number[],
  index: number,
  count: number
): Promise<Buffer> {
  const blocks = await disk.readPart(path, index * blockBytes, count * blockBytes)
  for (let block = 0; block < count; block++)
    if (crc32(blocks.subarray(block * blockBytes, (block + 1) * blockBytes)) !== sums[index + block])
      throw new DamageFound(`${path}, block ${String(index + block)}`)
  return blocks
}
