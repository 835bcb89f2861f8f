/** What one peer asked for and is told about files: given one frame at a time, when nothing else waits for its link. */
import type { MissionId } from '@shared/model.js'
import { bounds, limits } from '../limits.js'
import { encodeContentFrame } from '../links/content-frame.js'
import type { Last, Link } from '../links/link.js'
import { encodeMessage } from '../links/messages.js'
import type { Range } from './asker.js'
import type { ContentStore } from './store.js'

export interface GiverParts {
  readonly link: Link
  readonly store: ContentStore
  /** Whether the peer may have this mission, now. */
  readonly mayHave: (mission: MissionId) => boolean
}

interface Reading {
  readonly range: Range
  readonly parts: AsyncGenerator<Buffer>
  /** Offset of what leaves next. */
  at: number
}

export class Giver {
  readonly #parts: GiverParts
  readonly #asked: Range[] = []
  /** Files that the peer shall know of. */
  readonly #told = new Map<MissionId, Set<string>>()
  /** Of the request that is being answered. */
  #reading: Reading | undefined
  #rest: Buffer | undefined
  #isGiving = false

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
      const rest = this.#rest
      const reading = this.#reading
      if (rest !== undefined && reading !== undefined) return this.#frame(rest, reading)
      if (reading !== undefined) {
        // Cannot be read: for the peer as if it were not here.
        const next = await reading.parts.next().catch(() => undefined)
        if (next?.done === false) {
          this.#rest = next.value
          continue
        }
        this.#reading = undefined
        if (reading.at < reading.range.offset + reading.range.length) return lacks(reading.range)
      }
      const range = this.#asked.shift()
      if (range === undefined) return undefined
      const refusal = this.#begin(range)
      if (refusal !== undefined) return refusal
    }
  }

  /** What is not here, what did not enter by this mission, and what the peer may not have: all look alike. */
  #begin(range: Range): Last | undefined {
    const { store, mayHave } = this.#parts
    const { mission, file, offset, length } = range
    const size = store.sizeOf(file)
    if (size === undefined || !store.has(mission, file) || !mayHave(mission)) return lacks(range)
    this.#reading = { range, parts: store.read(file, offset, Math.min(offset + length, size)), at: offset }
    return undefined
  }

  #frame(rest: Buffer, reading: Reading): Last {
    const { mission, file } = reading.range
    const bytes = rest.subarray(0, limits.contentFrameBytes)
    const left = rest.subarray(bytes.length)
    this.#rest = left.length === 0 ? undefined : left
    const frame = encodeContentFrame({ mission, file, offset: reading.at, bytes })
    reading.at += bytes.length
    return { bytes: frame, mission }
  }
}

/** Reveals nothing: it repeats what the peer said. */
function lacks({ mission, file }: Range): Last {
  return { bytes: encodeMessage({ t: 'lacks', mission, file }), mission: undefined }
}
