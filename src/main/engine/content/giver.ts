/** What one peer asked for and is told about files: given one frame at a time, when nothing else waits for its link. */
import type { MissionId } from '@shared/model.js'
import { bounds, limits } from '../limits.js'
import { contentFrameHead } from '../links/content-frame.js'
import type { Last, Link } from '../links/link.js'
import { encodeMessage } from '../links/messages.js'
import type { Clock } from '../runtime/clock.js'
import type { Range } from './asker.js'
import type { ContentStore } from './store.js'

export interface GiverParts {
  readonly link: Link
  readonly store: ContentStore
  readonly clock: Clock
  /** Whether the peer may have this mission, now. */
  readonly mayHave: (mission: MissionId) => boolean
}

/** Requests that are read while the one before them leaves. */
const readAhead = 2
/** Ranges that follow each other are read at once, up to so much. */
const readAtOnceBytes = 1024 * 1024

interface Reading {
  readonly range: Range
  /** `undefined`: nothing of it is given. */
  readonly bytes: Promise<Buffer | undefined>
  sent: number
}

export class Giver {
  readonly #parts: GiverParts
  readonly #asked: Range[] = []
  /** Files that the peer shall know of. */
  readonly #told = new Map<MissionId, Set<string>>()
  /** The first one is being answered. */
  readonly #reading: Reading[] = []
  #isGiving = false
  #partBytes = 64 * 1024
  #partAt = 0

  constructor(parts: GiverParts) {
    this.#parts = parts
  }

  ask(range: Range): void {
    if (this.#asked.length >= bounds.contentAsked) {
      this.#parts.link.close('protocol-error', 'too many requests for files')
      return
    }
    this.#asked.push(range)
    this.#give()
  }

  tell(mission: MissionId, files: readonly string[]): void {
    if (files.length === 0) return
    const told = this.#told.get(mission) ?? new Set()
    for (const file of files) told.add(file)
    this.#told.set(mission, told)
    this.#give()
  }

  #give(): void {
    if (this.#isGiving) return
    this.#isGiving = true
    this.#parts.link.setLast(async () => {
      const next = this.#news() ?? (await this.#nextPart())
      this.#isGiving = next !== undefined
      return next
    })
  }

  #news(): Last | undefined {
    for (const [mission, names] of this.#told) {
      const { store } = this.#parts
      const some = [...names].slice(0, limits.contentsTold)
      for (const name of some) names.delete(name)
      if (names.size === 0) this.#told.delete(mission)
      const files = some.flatMap((file) => {
        const size = store.sizeOf(file)
        return size === undefined || !store.has(mission, file) ? [] : [[file, size] as [string, number]]
      })
      if (files.length > 0) return { bytes: encodeMessage({ t: 'holds', mission, files }), mission }
    }
    return undefined
  }

  async #nextPart(): Promise<Last | undefined> {
    for (;;) {
      this.#readAhead()
      const [reading] = this.#reading
      if (reading === undefined) return undefined
      const bytes = await reading.bytes
      const { range, sent } = reading
      if (bytes !== undefined && sent < bytes.length) return this.#frame(bytes, reading)
      this.#reading.shift()
      if (bytes === undefined || sent < range.length) return lacks(range)
    }
  }

  /** The next one is read while the one before it leaves. */
  #readAhead(): void {
    while (this.#reading.length < readAhead) {
      const [first] = this.#asked
      if (first === undefined) return
      const ranges = this.#asked.splice(0, countTogether(this.#asked))
      const length = ranges.reduce((sum, range) => sum + range.length, 0)
      const whole = this.#read({ ...first, length })
      for (const range of ranges) {
        const from = range.offset - first.offset
        const bytes = whole.then((all) => all?.subarray(from, from + range.length))
        this.#reading.push({ range, bytes, sent: 0 })
      }
    }
  }

  /** What is not here, what did not enter by this mission, and what the peer may not have: all look alike. */
  async #read({ mission, file, offset, length }: Range): Promise<Buffer | undefined> {
    const { store, mayHave } = this.#parts
    const size = store.sizeOf(file)
    if (size === undefined || !store.has(mission, file) || !mayHave(mission)) return undefined
    const parts: Buffer[] = []
    try {
      for await (const part of store.read(file, offset, Math.min(offset + length, size))) parts.push(part)
    } catch {
      return undefined // The store has told about it; for the peer as if it were not here.
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  /** More where the last one left fast, less where it took long. */
  #nextBytes(): number {
    const { least, shrinkAfterMs, growWithinMs } = bounds.contentPartBytes
    const now = this.#parts.clock.monotonic()
    const took = now - this.#partAt
    this.#partAt = now
    if (took > shrinkAfterMs) this.#partBytes = Math.max(least, this.#partBytes / 2)
    else if (took < growWithinMs) this.#partBytes = Math.min(limits.contentFrameBytes, this.#partBytes * 2)
    return this.#partBytes
  }

  #frame(bytes: Buffer, reading: Reading): Last {
    const { mission, file, offset } = reading.range
    const part = bytes.subarray(reading.sent, reading.sent + this.#nextBytes())
    const head = contentFrameHead({ mission, file, offset: offset + reading.sent, bytes: part })
    reading.sent += part.length
    return { bytes: head, rest: part, mission }
  }
}

/** How many of the first ranges are one stretch of one file. */
function countTogether([first, ...more]: readonly Range[]): number {
  if (first === undefined) return 0
  let end = first.offset + first.length
  let count = 1
  for (const { mission, file, offset, length } of more) {
    const follows = mission === first.mission && file === first.file && offset === end
    if (!follows || end + length - first.offset > readAtOnceBytes) break
    end += length
    count++
  }
  return count
}

/** Reveals nothing: it repeats what the peer said. */
function lacks({ mission, file }: Range): Last {
  return { bytes: encodeMessage({ t: 'lacks', mission, file }), mission: undefined }
}
