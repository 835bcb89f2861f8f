/**
 * This node's own log in a mission: numbers, chains and seals what is written here. Writes that arrive while the disk
 * syncs go together into the next run. After a failed write the epoch is given up, because nobody can know whether its
 * last numbers reached the disk; the next write begins a new log.
 */
import type { ChangeName, NodeId } from '@shared/model.js'
import { encodeLine, type JsonObject } from '../bytes/line.js'
import type { Identity } from '../identity/identity.js'
import { limits } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { LogLine, LogStore, NewRun } from './log-store.js'
import { chainNext, chainStart, changeName, encodeRun, sealRun, type Head, type LogId } from './run.js'
import { parseStartLine, startLine, type StartLine } from './start-line.js'

/** Makes the line when its turn comes, so that it can see what the writes before it made current. */
export type MakeLine = () => JsonObject

export interface OwnLogParts {
  readonly store: LogStore
  readonly identity: Identity
  readonly clock: Clock
  readonly random: Random
  /** Each line of ours, named, before it is durable. */
  readonly onLine: (name: ChangeName, line: JsonObject) => void
  /** Our run, when it is durable. */
  readonly onStored: (run: NewRun) => void
  /** Nothing of the run is stored. */
  readonly onFailed: (error: unknown) => void
}

interface Waiting {
  readonly makers: readonly MakeLine[]
  readonly done: (names: readonly ChangeName[]) => void
  readonly failed: (error: unknown) => void
}

interface Epoch {
  readonly log: LogId
  /** Its first line. */
  readonly opening: JsonObject
  readonly start: StartLine
  readonly seq: number
  readonly hash: Buffer
}

export class OwnLog {
  readonly #parts: OwnLogParts
  #epoch: Epoch | undefined
  #waiting: Waiting[] = []
  #working: Promise<void> | undefined

  constructor(parts: OwnLogParts) {
    this.#parts = parts
  }

  /** Resolves with the names when all are durable; rejects with the disk's error when they are not. */
  write(makers: readonly MakeLine[]): Promise<readonly ChangeName[]> {
    return new Promise((done, failed) => {
      this.#waiting.push({ makers, done, failed })
      this.#working ??= this.#work()
    })
  }

  /** The next write begins a new log, if this is the one that is written to. */
  end(log: LogId): void {
    if (this.#epoch?.log.epoch === log.epoch && log.author === this.#epoch.log.author) this.#epoch = undefined
  }

  async settled(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    // Writes of the same turn of the event loop share a seal and a sync.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      await this.#commit(group)
    }
    // In the same turn as the last look at what waits, so that nothing can slip in between.
    this.#working = undefined
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const acknowledge: (() => void)[] = []
    try {
      // A node that was renamed says its new name where others look for it: in the first line of a log.
      const isRenamed = this.#epoch !== undefined && this.#epoch.start.callsign !== this.#parts.identity.callsign
      if (isRenamed) this.#epoch = undefined
      const batch = new Batch(this.#parts, this.#epoch ?? this.#newEpoch())
      for (const { makers, done } of group) {
        const names = makers.map((make) => batch.add(make()))
        acknowledge.push(() => done(names))
      }
      const runs = batch.runs()
      this.#epoch = batch.epoch
      await Promise.all(
        runs.map(async (run) => {
          await this.#parts.store.store(run)
          this.#parts.onStored(run)
        })
      )
      for (const done of acknowledge) done()
    } catch (error) {
      this.#epoch = undefined
      this.#parts.onFailed(error)
      for (const { failed } of group) failed(error)
    }
  }

  #newEpoch(): Epoch {
    const { store, identity, clock, random } = this.#parts
    const log = { author: identity.nodeId, epoch: random.bytes(16).toString('hex') }
    const opening = startLine(clock.now(), identity.publicKey, identity.callsign, lastOwnHead(store, identity.nodeId))
    const start = parseStartLine(opening, identity.nodeId)
    if (start === undefined) throw new Error('own start line refused')
    return { log, opening, start, seq: 0, hash: chainStart(store.mission, log) }
  }
}

/** Lines of one commit on their way into runs. */
class Batch {
  epoch: Epoch
  readonly #parts: OwnLogParts
  readonly #runs: NewRun[] = []
  #lines: Buffer[] = []
  #parsed: LogLine[] = []
  #bytes = 0

  constructor(parts: OwnLogParts, epoch: Epoch) {
    this.#parts = parts
    this.epoch = epoch
    if (epoch.seq === 0) this.add(epoch.opening)
  }

  add(object: JsonObject): ChangeName {
    const line = encodeLine(object)
    if (this.#lines.length === limits.runChanges || this.#bytes + line.length + 1 > limits.runBytes) this.#seal()
    const { log } = this.epoch
    const seq = this.epoch.seq + 1
    const hash = chainNext(this.epoch.hash, line)
    this.epoch = { ...this.epoch, seq, hash }
    const name = changeName(log, seq, hash)
    this.#lines.push(line)
    this.#parsed.push({ log, seq, hash, line: object })
    this.#bytes += line.length + 1
    this.#parts.onLine(name, object)
    return name
  }

  runs(): readonly NewRun[] {
    this.#seal()
    return this.#runs
  }

  #seal(): void {
    if (this.#lines.length === 0) return
    const { store, identity } = this.#parts
    const { log, seq, hash } = this.epoch
    const run = sealRun(store.mission, log, seq - this.#lines.length + 1, this.#lines, hash, identity.signingKey)
    this.#runs.push({ kind: 'new', run, encoded: encodeRun(run), lines: this.#parsed, start: this.epoch.start })
    this.#lines = []
    this.#parsed = []
    this.#bytes = 0
  }
}

/** The newest own log; it is the last that began here. */
function lastOwnHead(store: LogStore, author: NodeId): Head | undefined {
  const last = store.logsOf(author).at(-1)
  return last === undefined ? undefined : { ...last.id, seq: last.head.seq, hash: last.head.hash.toString('hex') }
}
