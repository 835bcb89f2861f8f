/**
 * One file on its way from several peers at once (docs/protocol/content.md#transfer). Blocks are asked for in their
 * order, written in their order, and wait for each other in bounded memory. A peer that goes leaves its part to the
 * others; the one block that holds up the rest is asked of two.
 */
import type { MissionId, NodeId } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import type { Answered, Asker } from './asker.js'
import { blockBytes, type Incoming } from './incoming.js'

export interface Source {
  readonly nodeId: NodeId
  readonly mission: MissionId
  readonly asker: Asker
}

export interface TransferEvents {
  /** More of it is on the disk. */
  onProgress(): void
  /** The peer gives no more of it on this link. */
  onLost(source: Source, why: NonNullable<Answered['short']>): void
  /** All is written. */
  onWhole(): void
  onDiskFailed(error: unknown): void
}

interface Block {
  readonly parts: readonly Buffer[]
  readonly length: number
  readonly from: readonly NodeId[]
}

const none: Block = { parts: [], length: 0, from: [] }
/** The speed shown is that of the last seconds. */
const speedMs = 3_000
const writtenAtOnce = 8

export class Transfer {
  readonly sha256: string
  readonly size: number
  /** Who gave each block, since this start. */
  readonly origins = new Map<number, readonly NodeId[]>()
  readonly #incoming: Incoming
  readonly #clock: Clock
  readonly #events: TransferEvents
  readonly #blocks: number
  readonly #sources = new Map<NodeId, Source>()
  readonly #workers = new Map<Source, number>()
  readonly #asked = new Map<number, Set<NodeId>>()
  /** What a peer that went gave of a block. */
  readonly #begun = new Map<number, Block>()
  /** Whole, and waiting for those before them. */
  readonly #ready = new Map<number, Block>()
  /** The next one for the disk. */
  #head: number
  #isWriting = false
  #isOver = false
  #moments: { readonly at: number; readonly size: number }[]
  #writing: Promise<void> = Promise.resolve()

  constructor(sha256: string, size: number, incoming: Incoming, clock: Clock, events: TransferEvents) {
    this.sha256 = sha256
    this.size = size
    this.#incoming = incoming
    this.#clock = clock
    this.#events = events
    this.#blocks = Math.ceil(size / blockBytes)
    this.#head = Math.floor(incoming.size / blockBytes)
    this.#moments = [{ at: clock.monotonic(), size: incoming.size }]
  }

  get written(): number {
    return this.#incoming.size
  }

  get incoming(): Incoming {
    return this.#incoming
  }

  get sources(): ReadonlyMap<NodeId, Source> {
    return this.#sources
  }

  /** Of the last seconds; `undefined` while that cannot be said. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#moments
    const last = this.#moments.at(-1)
    if (first === undefined || last === undefined || last.at <= first.at) return undefined
    // A transfer that stands still becomes slower by itself.
    return ((last.size - first.size) * 1000) / (Math.max(this.#clock.monotonic(), last.at) - first.at)
  }

  /** Blocks that nobody can give for the moment stay as they are. */
  addSource(source: Source): void {
    if (this.#isOver || this.#sources.has(source.nodeId)) return
    this.#sources.set(source.nodeId, source)
    if (this.#head >= this.#blocks) void this.#write()
    this.#employ(source)
  }

  removeSource(nodeId: NodeId): void {
    this.#sources.delete(nodeId)
  }

  /** What is under way counts no more; what is written stays. */
  async stop(): Promise<void> {
    this.#isOver = true
    this.#sources.clear()
    await this.#writing
    await this.#incoming.close()
  }

  /** As many requests as one peer gets at once, as far as there is something to ask for. */
  #employ(source: Source): void {
    for (let count = this.#workers.get(source) ?? 0; count < bounds.contentRequests; count++) {
      if (this.#next(source) === undefined) return
      this.#workers.set(source, count + 1)
      void this.#work(source).finally(() => this.#workers.set(source, (this.#workers.get(source) ?? 1) - 1))
    }
  }

  async #work(source: Source): Promise<void> {
    for (let block = this.#next(source); block !== undefined; block = this.#next(source)) {
      const known = this.#begun.get(block) ?? none
      const asked = this.#asked.get(block) ?? new Set()
      this.#asked.set(block, asked.add(source.nodeId))
      const { mission, asker, nodeId } = source
      const offset = block * blockBytes + known.length
      const length = this.#lengthOf(block) - known.length
      const answered = await asker.ask({ mission, file: this.sha256, offset, length })
      asked.delete(nodeId)
      if (asked.size === 0) this.#asked.delete(block)
      if (this.#isOver) return
      this.#take(block, joined(known, answered.parts, nodeId))
      if (answered.short === undefined) continue
      if (this.#sources.get(nodeId) !== source) return
      this.#sources.delete(nodeId)
      this.#events.onLost(source, answered.short)
      this.#wakeAll()
      return
    }
  }

  /** The block to ask this peer for; `undefined`: nothing for it to do now. */
  #next({ nodeId }: Source): number | undefined {
    if (this.#isOver || !this.#sources.has(nodeId)) return undefined
    const end = Math.min(this.#blocks, this.#head + bounds.contentBlocksAhead)
    for (let block = this.#head; block < end; block++)
      if (!this.#ready.has(block) && !this.#asked.has(block)) return block
    // All others wait for this one: of two that are asked the faster counts.
    const asked = this.#asked.get(this.#head)
    const isHolding = asked?.size === 1 && !asked.has(nodeId) && !this.#ready.has(this.#head)
    return isHolding ? this.#head : undefined
  }

  #lengthOf(block: number): number {
    return Math.min(blockBytes, this.size - block * blockBytes)
  }

  #take(index: number, block: Block): void {
    if (index < this.#head || this.#ready.has(index)) return
    if (block.length === this.#lengthOf(index)) {
      this.#begun.delete(index)
      this.#ready.set(index, block)
      void this.#write()
    } else if (block.length > (this.#begun.get(index) ?? none).length) this.#begun.set(index, block)
  }

  #write(): Promise<void> {
    if (this.#isWriting) return this.#writing
    this.#isWriting = true
    this.#writing = this.#writeReady().finally(() => {
      this.#isWriting = false
    })
    return this.#writing
  }

  async #writeReady(): Promise<void> {
    try {
      for (;;) {
        const blocks = this.#nextReady()
        if (blocks.length === 0) break
        for (const [index, { from }] of blocks.entries()) this.origins.set(this.#head + index, from)
        await this.#incoming.append(...blocks.flatMap(({ parts }) => parts))
        for (const index of blocks.keys()) this.#ready.delete(this.#head + index)
        this.#head += blocks.length
        if (this.#isOver) return
        this.#noteMoment()
        this.#events.onProgress()
        this.#wakeAll()
      }
      if (this.#head < this.#blocks || this.#isOver) return
      this.#isOver = true
      this.#sources.clear()
      this.#events.onWhole()
    } catch (error) {
      this.#isOver = true
      this.#sources.clear()
      this.#events.onDiskFailed(error)
    }
  }

  /** As many as are written at once. */
  #nextReady(): readonly Block[] {
    const blocks: Block[] = []
    for (let block = this.#ready.get(this.#head); block !== undefined && blocks.length < writtenAtOnce;) {
      blocks.push(block)
      block = this.#ready.get(this.#head + blocks.length)
    }
    return blocks
  }

  /** There may be something to do again for peers that had nothing. */
  #wakeAll(): void {
    for (const source of this.#sources.values()) this.#employ(source)
  }

  #noteMoment(): void {
    const at = this.#clock.monotonic()
    const last = this.#moments.at(-1)
    if (last !== undefined && at - last.at < 100) return
    this.#moments.push({ at, size: this.#incoming.size })
    this.#moments = this.#moments.filter((moment) => at - moment.at <= speedMs || moment === last)
  }
}

function joined(begun: Block, parts: readonly Buffer[], nodeId: NodeId): Block {
  if (parts.length === 0) return begun
  const from = begun.from.includes(nodeId) ? begun.from : [...begun.from, nodeId]
  const length = parts.reduce((sum, part) => sum + part.length, begun.length)
  return { parts: [...begun.parts, ...parts], length, from }
}
