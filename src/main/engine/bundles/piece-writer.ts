/**
 * Writes a bundle on a drive, in pieces where it is longer than one may be: under names that nobody takes for a whole one,
 * synced, read again and compared, and only then under their own.
 */
import { createHash, type Hash } from 'node:crypto'
import type { Disk, LogFile } from '../storage/disk.js'
import { BundleRefused, damaged } from './refusal.js'
import { pieceName, stepBytes } from './source.js'

interface Piece {
  readonly temporary: string
  readonly hash: Hash
  size: number
}

export interface WrittenPiece {
  readonly name: string
  readonly size: number
}

/** The most that a file on FAT32 can hold; also elsewhere, because the stick that a bundle is copied to next may be one. */
export const usualPieceBytes = 2 ** 32 - 1

export class PieceWriter {
  readonly #drive: Disk
  readonly #name: string
  readonly #pieceBytes: number
  readonly #pieces: Piece[] = []
  #file: LogFile | undefined

  constructor(drive: Disk, name: string, pieceBytes = usualPieceBytes) {
    this.#drive = drive
    this.#name = name
    this.#pieceBytes = pieceBytes
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#pieces.reduce((sum, { size }) => sum + size, 0)
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const piece = await this.#current()
      const part = bytes.subarray(at, at + this.#pieceBytes - piece.size)
      await this.#file?.append(part)
      piece.hash.update(part)
      piece.size += part.length
      at += part.length
    }
  }

  /** Syncs, reads all again, and gives the pieces their names. Throws BundleRefused when the drive gives something else. */
  async finish(onRead: (bytes: number) => void): Promise<readonly WrittenPiece[]> {
    await this.#closeCurrent()
    for (const piece of this.#pieces) await this.#compare(piece, onRead)
    const written = this.#pieces.map(({ temporary, size }, index) => ({
      temporary,
      name: pieceName(this.#name, index + 1, this.#pieces.length),
      size
    }))
    for (const { temporary, name } of written) await this.#drive.move(temporary, name)
    return written.map(({ name, size }) => ({ name, size }))
  }

  /** As far as the drive lets us: it may have been pulled. */
  async drop(): Promise<void> {
    await this.#file?.close().catch(() => undefined)
    this.#file = undefined
    for (const { temporary } of this.#pieces) await this.#drive.remove(temporary).catch(() => undefined)
  }

  async #compare({ temporary, hash, size }: Piece, onRead: (bytes: number) => void): Promise<void> {
    const again = createHash('sha256')
    for (let at = 0; at < size; at += stepBytes) {
      const bytes = await this.#drive.readPart(temporary, at, Math.min(stepBytes, size - at))
      again.update(bytes)
      onRead(bytes.length)
    }
    if ((await this.#drive.facts(temporary))?.size !== size || !again.digest().equals(hash.digest()))
      throw new BundleRefused('drive-lies', temporary)
  }

  async #current(): Promise<Piece> {
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.size < this.#pieceBytes) return last
    await this.#closeCurrent()
    if (this.#pieces.length >= 999) throw damaged('more pieces than can be numbered')
    const temporary = `${this.#name}.unfinished-${String(this.#pieces.length + 1)}`
    const piece: Piece = { temporary, hash: createHash('sha256'), size: 0 }
    this.#pieces.push(piece)
    this.#file = await this.#drive.openLog(temporary, 'at sync')
    // What an earlier attempt left.
    if (this.#file.size > 0) await this.#file.truncate(0)
    return piece
  }

  async #closeCurrent(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.sync()
    await file?.close()
  }
}
