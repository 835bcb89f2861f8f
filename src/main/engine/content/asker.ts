/**
 * Requests for bytes of files to one peer: a few on their way, the others wait for their turn, and each ends, with less
 * than was asked for when the peer has no more, is gone, or is silent for too long.
 */
import type { MissionId } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { ContentPart } from '../links/content-frame.js'
import type { Link } from '../links/link.js'
import type { Clock } from '../runtime/clock.js'

export interface Range {
  readonly mission: MissionId
  readonly file: string
  readonly offset: number
  readonly length: number
}

export interface Answered {
  /** From the offset on, in order. */
  readonly parts: readonly Buffer[]
  /** Why it is not all. */
  readonly short?: 'lacks' | 'gone' | 'silent'
}

interface Request extends Range {
  readonly parts: Buffer[]
  received: number
  readonly end: (answered: Answered) => void
}

export class Asker {
  readonly #link: Link
  readonly #clock: Clock
  readonly #waiting: Request[] = []
  readonly #asked: Request[] = []
  #heardAt = 0
  #cancelWatch: (() => void) | undefined
  #isClosed = false

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  ask(range: Range): Promise<Answered> {
    return new Promise((end) => {
      this.#waiting.push({ ...range, parts: [], received: 0, end })
      this.#next()
    })
  }

  /** What came; false when nobody asked for it (any more). */
  take({ mission, file, offset, bytes }: ContentPart): boolean {
    const request = this.#asked.find(
      (one) => one.file === file && one.mission === mission && one.offset + one.received === offset
    )
    if (request === undefined || request.received + bytes.length > request.length) return false
    this.#heardAt = this.#clock.monotonic()
    request.parts.push(bytes)
    request.received += bytes.length
    if (request.received === request.length) this.#end(request)
    return true
  }

  lacks(mission: MissionId, file: string): void {
    for (const request of [...this.#asked, ...this.#waiting])
      if (request.file === file && request.mission === mission) this.#end(request, 'lacks')
  }

  close(): void {
    this.#isClosed = true
    this.#cancelWatch?.()
    for (const request of [...this.#asked, ...this.#waiting]) this.#end(request, 'gone')
  }

  #end(request: Request, short?: Answered['short']): void {
    for (const list of [this.#asked, this.#waiting]) {
      const at = list.indexOf(request)
      if (at >= 0) list.splice(at, 1)
    }
    const { parts } = request
    request.end(short === undefined ? { parts } : { parts, short })
    this.#next()
  }

  #next(): void {
    if (this.#isClosed) {
      for (const request of this.#waiting.splice(0)) request.end({ parts: [], short: 'gone' })
      return
    }
    while (this.#asked.length < bounds.contentRequests) {
      const request = this.#waiting.shift()
      if (request === undefined) break
      if (this.#asked.length === 0) this.#heardAt = this.#clock.monotonic()
      this.#asked.push(request)
      const { mission, file, offset, length } = request
      this.#link.send({ t: 'fetch', mission, file, offset, length })
    }
    if (this.#asked.length > 0) this.#cancelWatch ??= this.#watch()
  }

  /** One timer that looks again, not one for each request. */
  #watch(): () => void {
    const left = this.#heardAt + bounds.contentPatienceMs - this.#clock.monotonic()
    return this.#clock.after(Math.max(left, 1), () => {
      this.#cancelWatch = undefined
      const isSilent = this.#clock.monotonic() - this.#heardAt >= bounds.contentPatienceMs
      if (isSilent) for (const request of [...this.#asked]) this.#end(request, 'silent')
      if (this.#asked.length > 0) this.#cancelWatch ??= this.#watch()
    })
  }
}
