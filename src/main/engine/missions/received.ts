/**
 * When the parts of a journal came to this laptop (docs/protocol/disk.md). Known here only, rounded to a minute, in a
 * small file beside the journal: whoever deletes it loses this knowledge and nothing else.
 */
import type { Position } from '../logs/journal.js'
import { isBefore } from '../logs/log-store.js'
import type { Clock } from '../runtime/clock.js'
import type { Disk } from '../storage/disk.js'

/** What lies from here on came at this time, or within a minute of it; up to the next one. */
export interface Receipt extends Position {
  /** Wall time of this laptop, ms. */
  readonly at: number
}

const everyMs = 60_000
const linePattern = /^\[([1-9]\d{0,5}),(\d{1,15}),(\d{1,15})\]$/

/**
 * What the lines of the file say. A journal only grows, so a place before those known already tells that what stood there
 * was lost with the power and written anew; lines that are no such line, as a power cut leaves them, say nothing.
 */
export function parseReceipts(bytes: Buffer): readonly Receipt[] {
  const receipts: Receipt[] = []
  for (const line of bytes.toString('latin1').split('\n')) {
    const [, segment, offset, at] = linePattern.exec(line) ?? []
    if (segment === undefined) continue
    addReceipt(receipts, { segment: Number(segment), offset: Number(offset), at: Number(at) })
  }
  return receipts
}

function addReceipt(receipts: Receipt[], added: Receipt): void {
  for (let last = receipts.at(-1); last !== undefined && !isBefore(last, added); last = receipts.at(-1)) receipts.pop()
  receipts.push(added)
}

/** When this place came; `undefined`: not known. */
export function receivedAt(receipts: readonly Receipt[], place: Position): number | undefined {
  let low = 0
  let high = receipts.length
  while (low < high) {
    const middle = (low + high) >> 1
    const receipt = receipts[middle]
    if (receipt !== undefined && !isBefore(place, receipt)) low = middle + 1
    else high = middle
  }
  return receipts[low - 1]?.at
}

/**
 * Where the journal ended when this laptop's clock first went past a time. `undefined` when that is not known: nothing was
 * noted before it.
 */
export function endAt(receipts: readonly Receipt[], at: number): Position | 'everything' | undefined {
  const next = receipts.findIndex((receipt) => receipt.at > at)
  if (next < 0) return receipts.length === 0 ? undefined : 'everything'
  return next === 0 ? undefined : receipts[next]
}

export class ReceivedTimes {
  readonly #disk: Disk
  readonly #path: string
  readonly #clock: Clock
  #read: Promise<Receipt[]> | undefined
  /** The last one noted since the start: a new start notes its first run, whatever the time. */
  #last: number | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(disk: Disk, path: string, clock: Clock) {
    this.#disk = disk
    this.#path = path
    this.#clock = clock
  }

  /** A run has become durable here. */
  note({ segment, offset }: Position): void {
    const at = this.#clock.now()
    if (this.#last !== undefined && at >= this.#last && at - this.#last < everyMs) return
    const isFirst = this.#last === undefined
    this.#last = at
    const known = this.#read
    this.#writing = this.#writing.then(async () => {
      if (known !== undefined) addReceipt(await known, { segment, offset, at })
      try {
        const file = await this.#disk.openLog(this.#path, 'at sync')
        try {
          // What a power cut left of the last line must not run into this one.
          await file.append(
            Buffer.from(`${isFirst && file.size > 0 ? '\n' : ''}[${[segment, offset, at].join(',')}]\n`)
          )
        } finally {
          await file.close()
        }
      } catch {
        // This knowledge is lost, and nothing else.
      }
    })
  }

  async all(): Promise<readonly Receipt[]> {
    await this.#writing
    this.#read ??= this.#disk.read(this.#path).then(
      (bytes) => [...parseReceipts(bytes ?? Buffer.alloc(0))],
      () => []
    )
    return this.#read
  }

  settled(): Promise<void> {
    return this.#writing
  }
}
