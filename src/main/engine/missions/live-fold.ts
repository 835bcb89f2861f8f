/**
 * The fold of one mission while somebody needs it: made from a saved one and what came after, kept up to date, saved and
 * let go when nobody looked for a while. Asleep, it costs nothing but its summary. What it has not folded it reads from
 * the log store, so no change is folded twice or forgotten.
 */
import type { NodeId } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { LogLine, LogStore } from '../logs/log-store.js'
import { logKey, type LogKey } from '../logs/run.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { DamageFound, type Disk } from '../storage/disk.js'
import { Fold, type FoldSummary } from './fold.js'

export interface LiveFoldParts {
  readonly disk: Disk
  readonly path: string
  readonly clock: Clock
  readonly random: Random
  readonly logs: LogStore
  /** Whose deletions are requests now, sorted. */
  readonly askers: () => readonly NodeId[]
  /** The creator's claim of when. */
  readonly createdAt: number
  /** It shows more than before. */
  readonly onChange: () => void
  /** The disk did not give what it holds. */
  readonly onFailed: (error: unknown) => void
}

/** Lines of one log that are not folded. */
interface Stretch {
  readonly key: LogKey
  readonly from: number
  readonly to: number
}

export class LiveFold {
  readonly #parts: LiveFoldParts
  #fold: Fold | undefined
  #summary: FoldSummary
  #waking: Promise<Fold> | undefined
  /** Lines folded since it was saved. */
  #unsaved = 0
  #usedAt = 0
  #cancelSleep: (() => void) | undefined
  #isClosed = false
  /** While lines are put off: monotonic time until which no more may come, and what ends the wait. */
  #quietAt = 0
  #cancelPutOff: (() => void) | undefined
  /** It sleeps, and its summary does not tell of everything. */
  #isBehind = false
  /** What is folded or saved may hold lines that count no longer, at numbers that do. */
  #isStale = false
  #saving: Promise<void> = Promise.resolve()

  constructor(parts: LiveFoldParts) {
    this.#parts = parts
    this.#summary = this.#empty(0).summary()
  }

  /** Of a mission that nobody wrote in yet. */
  begin(): void {
    this.#fold = this.#empty(0)
    this.#use()
  }

  /** What a checkpoint kept. */
  restore(summary: FoldSummary): void {
    this.#summary = summary
  }

  get summary(): FoldSummary {
    // While it catches up, what was known before: half of it would be no truth.
    return this.#fold === undefined || this.#waking !== undefined ? this.#summary : this.#fold.summary()
  }

  /** As it is, if it is awake. */
  get now(): Fold | undefined {
    return this.#fold
  }

  /** Durable lines that count. Folded at once if they are next in their log; else read from the store. */
  take(lines: readonly LogLine[]): void {
    const fold = this.#fold
    if (fold === undefined || this.#waking !== undefined || !this.#isOfThese(fold)) {
      this.wakeSoon()
      return
    }
    for (const line of lines) {
      if (line.seq !== fold.foldedTo(logKey(line.log)) + 1) {
        if (this.#cancelPutOff === undefined) this.wakeSoon()
        return
      }
      fold.apply(line)
      this.#unsaved++
    }
    this.#use()
  }

  /**
   * There are more lines in the store: they are folded when no more came for a moment, or when somebody asks, and not
   * while a bulk transfer needs the time; but soon enough for a person to see that it goes on.
   */
  putOff(): void {
    const { clock } = this.#parts
    this.#isBehind = true
    this.#quietAt = clock.monotonic() + quietMs
    if (this.#cancelPutOff !== undefined || this.#isClosed) return
    const latest = clock.monotonic() + putOffMostMs
    const wait = () => {
      const left = Math.min(this.#quietAt, latest) - clock.monotonic()
      if (left > 0) {
        this.#cancelPutOff = clock.after(left, wait)
        return
      }
      this.#cancelPutOff = undefined
      this.wakeSoon()
    }
    this.#cancelPutOff = clock.after(quietMs, wait)
  }

  /** Whether the summary tells of everything that is durable and counts. */
  get isUpToDate(): boolean {
    if (this.#waking !== undefined) return false
    return this.#fold === undefined ? !this.#isBehind : this.#isWhole(this.#fold)
  }

  /** Also when what counts changed: then a fold with too much in it is made anew. */
  wakeSoon(): void {
    this.#isBehind = true
    this.wake().then(this.#parts.onChange, this.#parts.onFailed)
  }

  /**
   * Another branch of a log counts now: all is folded anew. Call in the turn in which that begins, when the saved one is
   * gone.
   */
  startOver(): void {
    this.#isStale = true
    this.wakeSoon()
  }

  /** The fold with everything in it that is durable and counts. */
  wake(): Promise<Fold> {
    this.#use()
    if (this.#waking !== undefined) return this.#waking
    if (this.#fold !== undefined) {
      if (this.#isWhole(this.#fold)) return Promise.resolve(this.#fold)
      this.#summary = this.#fold.summary()
    }
    this.#waking = this.#wake()
    return this.#waking
  }

  /** Writes it where the next start finds it; nothing if it is there already. */
  async save(): Promise<void> {
    const fold = this.#fold
    if (fold === undefined || this.#unsaved === 0 || this.#waking !== undefined) return
    this.#unsaved = 0
    this.#saving = this.#parts.disk.replace(this.#parts.path, fold.save())
    await this.#saving
  }

  /** Removes the saved one; call before `startOver`. */
  async dropSaved(): Promise<void> {
    await this.#saving.catch(() => undefined) // Who saved hears of it.
    await this.#parts.disk.remove(this.#parts.path)
  }

  /** Whether saving it now is worth its bytes. */
  get wantsSaving(): boolean {
    return this.#unsaved > Math.max(bounds.foldUnsaved, (this.#fold?.size ?? 0) / 2)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelSleep?.()
    this.#cancelPutOff?.()
    await this.#waking?.catch(() => undefined)
  }

  async #wake(): Promise<Fold> {
    try {
      let fold = this.#fold ?? (await this.#load())
      await Promise.resolve() // Who called must know of this promise before it is over.
      while (!this.#isWhole(fold) && !this.#isClosed) {
        // What counts may have shrunk before, or while it was read.
        if (!this.#isWithin(fold)) fold = this.#empty(this.#summary.version + 1)
        this.#isStale = false
        const next = this.#missing(fold)
        if (next !== undefined) await this.#catchUp(fold, next)
      }
      this.#fold = fold
      this.#isBehind = false
      this.#summary = fold.summary()
      return fold
    } finally {
      // In the same turn as the last look at what is missing, so that nothing can slip in between.
      this.#waking = undefined
    }
  }

  async #catchUp(fold: Fold, { key, from, to }: Stretch): Promise<void> {
    const { logs, clock } = this.#parts
    const before = fold.version
    let since = clock.monotonic()
    for await (const lines of logs.readLines(key, from, to)) {
      for (const line of lines) fold.apply(line)
      this.#unsaved += lines.length
      if (clock.monotonic() - since < breatheAfterMs) continue
      await new Promise((resume) => setImmediate(resume))
      since = clock.monotonic()
      if (this.#isStale || logs.countingSeq(key) < to) return
    }
    if (fold.version === before) throw new DamageFound(`${key} from ${String(from)} on`)
  }

  /** The saved one, if all of it still counts. */
  async #load(): Promise<Fold> {
    const { disk, path } = this.#parts
    const bytes = await disk.read(path)
    const fold = bytes === undefined ? undefined : Fold.load(bytes)
    return fold !== undefined && this.#isWithin(fold) ? fold : this.#empty(this.#summary.version)
  }

  /** Whether everything in it still counts. */
  #isWithin(fold: Fold): boolean {
    if (this.#isStale || !this.#isOfThese(fold)) return false
    return [...fold.logs()].every((key) => fold.foldedTo(key) <= this.#parts.logs.countingSeq(key))
  }

  /** Whether it took the deletions of those for requests who may only ask. */
  #isOfThese(fold: Fold): boolean {
    const askers = this.#parts.askers()
    return fold.askers.length === askers.length && fold.askers.every((node, index) => node === askers[index])
  }

  /** Whether all that is durable and counts is in it, and nothing else. */
  #isWhole(fold: Fold): boolean {
    return this.#isWithin(fold) && this.#missing(fold) === undefined
  }

  #missing(fold: Fold): Stretch | undefined {
    for (const { id } of this.#parts.logs.logs()) {
      const key = logKey(id)
      const to = this.#parts.logs.countingSeq(key)
      const from = fold.foldedTo(key) + 1
      if (from <= to) return { key, from, to }
    }
    return undefined
  }

  #empty(version: number): Fold {
    return new Fold(this.#parts.random.bytes(8), this.#parts.createdAt, version, this.#parts.askers())
  }

  #use(): void {
    this.#usedAt = this.#parts.clock.monotonic()
    if (this.#cancelSleep === undefined && !this.#isClosed) this.#sleepAfter(bounds.foldIdleMs)
  }

  /** One timer that looks again, not one for each use. */
  #sleepAfter(ms: number): void {
    this.#cancelSleep = this.#parts.clock.after(ms, () => {
      this.#cancelSleep = undefined
      const left = this.#usedAt + bounds.foldIdleMs - this.#parts.clock.monotonic()
      if (left > 0) this.#sleepAfter(left)
      else void this.#sleep()
    })
  }

  async #sleep(): Promise<void> {
    const fold = this.#fold
    if (fold === undefined || this.#waking !== undefined) return
    const usedAt = this.#usedAt
    try {
      await this.save()
    } catch {
      // A cache: it is made again.
    }
    if (this.#usedAt !== usedAt || this.#fold !== fold) return
    this.#summary = fold.summary()
    this.#fold = undefined
  }
}

const breatheAfterMs = 8
const quietMs = 100
const putOffMostMs = 3_000
