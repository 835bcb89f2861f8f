/**
 * Room on the disk kept for lines that must be written also when it is full (protocol page disk.md): a file of 1 MiB,
 * given back in parts, so that what other writers take of one part leaves the next ones.
 */
import { randomBytes } from 'node:crypto'
import { kept, type Disk, type LogFile } from './disk.js'

const path = 'reserve'
export const reserveBytes = 1024 * 1024
/** Enough for a new segment with a line in it, on file systems with blocks of 4 KiB. */
const partBytes = 64 * 1024

/** Random, so that no file system keeps it as a hole, compresses it or shares it. One for all, as it is large. */
let filler: Buffer | undefined

export class Reserve {
  readonly #disk: Disk
  #last: Promise<unknown> = Promise.resolve()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Takes what is missing, if the disk has room for all of that; answers whether the reserve is whole. */
  fill(): Promise<boolean> {
    return this.#next(async (file) => {
      const before = file.size
      if (before >= reserveBytes) return true
      if ((await this.#disk.free()) < reserveBytes - before) return false
      filler ??= randomBytes(reserveBytes)
      const missing = filler.subarray(before)
      const filled = await kept(file.append(missing))
      if (!filled.ok) await file.truncate(before)
      return filled.ok
    })
  }

  /** Gives a part back to the disk; false when there is none, or the disk does not even do that. */
  giveUp(): Promise<boolean> {
    return this.#next(async (file) => {
      if (file.size === 0) return false
      await file.truncate(Math.max(0, file.size - partBytes))
      return true
    })
  }

  #next(act: (file: LogFile) => Promise<boolean>): Promise<boolean> {
    const next = this.#last.then(async () => {
      const done = await kept(this.#opened(act))
      return done.ok && done.value
    })
    this.#last = next.catch(() => undefined) // Whoever asked gets it.
    return next
  }

  async #opened(act: (file: LogFile) => Promise<boolean>): Promise<boolean> {
    const file = await this.#disk.openLog(path)
    try {
      return await act(file)
    } finally {
      await file.close()
    }
  }
}
