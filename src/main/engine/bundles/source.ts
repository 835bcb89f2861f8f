/** Bytes that can be read at any place, and how a bundle lies on a drive: in one file, or in pieces that together are it. */
import { createHash, type Hash } from 'node:crypto'
import { piecePattern } from '@shared/bundle-names.js'
import type { Disk } from '../storage/disk.js'
import { BundleRefused, damaged } from './refusal.js'

export interface Source {
  readonly size: number
  /** Exactly so many bytes, which must lie within. */
  read(offset: number, length: number): Promise<Buffer>
}

/** Read and hashed at once. */
export const stepBytes = 1024 * 1024

const piecesMost = 999

export function pieceName(name: string, number: number, count: number): string {
  return count === 1 ? name : `${name}.${String(number)}of${String(count)}`
}

/** The names of all pieces, from that of any of them. */
export function pieceNames(name: string): readonly string[] {
  const [, base = name, , count = '1'] = piecePattern.exec(name) ?? []
  const number = Math.min(Math.max(Number(count), 1), piecesMost)
  return Array.from({ length: number }, (_, index) => pieceName(base, index + 1, number))
}

/** The pieces of a bundle, joined. Throws BundleRefused when one is missing. */
export async function openPieces(drive: Disk, name: string): Promise<Source> {
  const files: { readonly name: string; readonly start: number; readonly size: number }[] = []
  let size = 0
  for (const piece of pieceNames(name)) {
    const facts = await drive.facts(piece)
    if (facts === undefined) throw new BundleRefused('bundle-piece-missing', piece)
    files.push({ name: piece, start: size, size: facts.size })
    size += facts.size
  }
  return {
    size,
    async read(offset, length) {
      const end = offset + length
      const parts: Buffer[] = []
      for (const file of files) {
        const [from, to] = [Math.max(offset, file.start), Math.min(end, file.start + file.size)]
        if (from < to) parts.push(await drive.readPart(file.name, from - file.start, to - from))
      }
      const [only] = parts
      const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
      if (bytes.length !== length) throw damaged('the file is shorter than it was')
      return bytes
    }
  }
}

/** Reads a part of a source from its first byte to its last, and hashes it on the way. */
export class PartReader {
  readonly #source: Source
  readonly #hash: Hash = createHash('sha256')
  readonly #onBytes: (bytes: Buffer) => Promise<void>
  #at: number
  readonly #end: number
  #buffer = Buffer.alloc(0)

  /** @param onBytes gets all that is read, in order. */
  constructor(source: Source, offset: number, size: number, onBytes: (bytes: Buffer) => Promise<void>) {
    this.#source = source
    this.#at = offset
    this.#end = offset + size
    this.#onBytes = onBytes
  }

  get left(): number {
    return this.#end - this.#at + this.#buffer.length
  }

  /** Exactly so many bytes. Throws BundleRefused when fewer are left. */
  async take(length: number): Promise<Buffer> {
    if (length > this.left) throw damaged('a part is shorter than what it begins with says')
    while (this.#buffer.length < length) this.#buffer = Buffer.concat([this.#buffer, await this.#step()])
    const taken = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    return taken
  }

  async *rest(): AsyncGenerator<Buffer> {
    while (this.left > 0) yield await this.take(Math.min(this.left, stepBytes))
  }

  /** Of all of it, hex; asked when nothing is left. */
  digest(): string {
    return this.#hash.digest('hex')
  }

  async #step(): Promise<Buffer> {
    const bytes = await this.#source.read(this.#at, Math.min(stepBytes, this.#end - this.#at))
    this.#at += bytes.length
    this.#hash.update(bytes)
    await this.#onBytes(bytes)
    return bytes
  }
}
