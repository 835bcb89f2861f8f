/**
 * All logs of one mission (or of the trust journal) as this node holds them: verifies what comes in against the known
 * heads, appends it to the journal, answers what is there and from where. A log has a `tip` (verified, on its way to
 * disk) and a `head` (durable); heads and digest speak of durable runs only.
 */
import type { KeyObject } from 'node:crypto'
import type { ChangeName, MissionId } from '@shared/model.js'
import { sha256 } from '../bytes/hash.js'
import { parseLine, parseLineText, type JsonObject } from '../bytes/line.js'
import { parsePublicKey } from '../identity/signature.js'
import { limits } from '../limits.js'
import type { Journal, Place, StoredRun } from './journal.js'
import {
  chainRun,
  chainStart,
  changeName,
  encodeRun,
  firstLine,
  lastSeq,
  logKey,
  parseHeader,
  verifySeal,
  type Head,
  type LogId,
  type LogKey,
  type Run
} from './run.js'
import { hasLineShape, parseStartLine, type StartLine } from './start-line.js'

/** One verified line, ready for the fold. */
export interface LogLine {
  readonly log: LogId
  readonly seq: number
  readonly name: ChangeName
  readonly line: JsonObject
}

interface Point {
  readonly seq: number
  readonly hash: Buffer
}

interface StoredRange {
  readonly first: number
  readonly count: number
  readonly place: Place
}

export interface HeldLog {
  readonly id: LogId
  readonly start: StartLine
  readonly head: Point
}

interface MutableLog extends HeldLog {
  readonly key: KeyObject
  head: Point
  tip: Point
  /** Grows when the disk refuses a run: those behind it on the way to disk fall with it. */
  failures: number
  readonly ranges: StoredRange[]
}

/** A run that continues what is held, with its new lines. */
export interface NewRun {
  readonly kind: 'new'
  readonly run: Run
  readonly encoded: Buffer
  readonly lines: readonly LogLine[]
  readonly start: StartLine
}

export type Checked =
  | NewRun
  /** Everything in it is held already. */
  | { readonly kind: 'held' }
  /** Something before it is missing here. */
  | { readonly kind: 'gap' }
  /** Its author sealed another chain under a number than the one that is held here: two seals are the proof. */
  | { readonly kind: 'fork' }
  /** It does not continue what is held, and who is at fault cannot be told: a fork, or lines altered on the way. */
  | { readonly kind: 'unfit' }
  | { readonly kind: 'bad'; readonly reason: string }

export class LogStore {
  readonly mission: MissionId
  readonly #journal: Journal
  readonly #logs = new Map<LogKey, MutableLog>()
  #digest: string | undefined
  #changes = 0

  constructor(mission: MissionId, journal: Journal) {
    this.mission = mission
    this.#journal = journal
  }

  get changes(): number {
    return this.#changes
  }

  /** Number of logs. */
  get size(): number {
    return this.#logs.size
  }

  get unsaved(): number {
    return this.#journal.unsaved
  }

  log(key: LogKey): HeldLog | undefined {
    return this.#logs.get(key)
  }

  /** In the order in which they began here, so a log always follows its predecessor. */
  logs(): IterableIterator<HeldLog> {
    return this.#logs.values()
  }

  settled(): Promise<void> {
    return this.#journal.settled()
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  /** Takes a run found in the journal at opening. The seal was verified when it came; the chain shows damage. */
  load(stored: StoredRun): readonly LogLine[] | 'damaged' | 'unusable' {
    const checked = this.check(stored.run, 'trust-seal')
    if (checked.kind === 'bad' || checked.kind === 'fork' || checked.kind === 'unfit') return 'damaged'
    if (checked.kind === 'held') return []
    if (checked.kind === 'gap') return 'unusable'
    const log = this.#take(checked)
    this.#settle(log, checked, stored.place)
    return checked.lines
  }

  /** Whether a run from outside may be taken; changes nothing. */
  check(run: Run, seal: 'verify-seal' | 'trust-seal' = 'verify-seal'): Checked {
    const { header } = run
    const log = this.#logs.get(logKey(header))
    const tip = log?.tip ?? { seq: 0, hash: chainStart(this.mission, header) }
    if (header.first > tip.seq + 1) return { kind: 'gap' }
    if (lastSeq(header) < tip.seq) return { kind: 'held' }
    if (lastSeq(header) === tip.seq) {
      const isSame = header.hash === tip.hash.toString('hex')
      return { kind: isSame || log === undefined || !verifySeal(this.mission, header, log.key) ? 'held' : 'fork' }
    }

    const start = log?.start ?? readStart(run)
    if (typeof start === 'string') return { kind: 'bad', reason: start }
    const key = log?.key ?? parsePublicKey(start.key)
    if (key === undefined) return { kind: 'bad', reason: 'unsafe signing key' }
    // The seal first: only its author can make us look at the lines.
    if (seal === 'verify-seal' && !verifySeal(this.mission, header, key)) return { kind: 'bad', reason: 'bad seal' }
    const chained = chainRun(run, tip)
    if (chained === 'chain hash differs' && header.first > 1 && seal === 'verify-seal') return { kind: 'unfit' }
    if (typeof chained === 'string') return { kind: 'bad', reason: chained }
    if (log === undefined && !this.#holdsPredecessor(start)) return { kind: 'gap' }

    const lines: LogLine[] = []
    const id = log?.id ?? { author: header.author, epoch: header.epoch }
    for (const { seq, text, hash } of chained) {
      const parsed = parseLineText(text)
      if (typeof parsed === 'string') return { kind: 'bad', reason: parsed }
      if (!hasLineShape(parsed)) return { kind: 'bad', reason: 'line without kind or time' }
      lines.push({ log: id, seq, name: changeName(id, seq, hash), line: parsed })
    }
    const kept = header.first === tip.seq + 1 ? run : cutBefore(run, tip.seq + 1)
    return { kind: 'new', run: kept, encoded: encodeRun(kept), lines, start }
  }

  /** Stores a checked run; resolves when it is durable. Call in the order of checking. */
  async store(checked: NewRun): Promise<void> {
    const log = this.#take(checked)
    const { failures } = log
    try {
      this.#settle(log, checked, await this.#journal.append(checked.encoded))
    } catch (error) {
      // Peers give it again after the next comparison of heads. Once: by now the tip may be that of a run given again.
      if (log.failures === failures) {
        log.failures++
        if (log.head.seq === 0) this.#logs.delete(logKey(log.id))
        else log.tip = log.head
      }
      throw error
    }
  }

  #take(checked: NewRun): MutableLog {
    const { header } = checked.run
    let log = this.#logs.get(logKey(header))
    if (log === undefined) {
      const key = parsePublicKey(checked.start.key)
      if (key === undefined) throw new Error('a checked run has a safe key')
      const before = { seq: 0, hash: chainStart(this.mission, header) }
      const id = { author: header.author, epoch: header.epoch }
      log = { id, start: checked.start, key, head: before, tip: before, failures: 0, ranges: [] }
      this.#logs.set(logKey(id), log)
    }
    log.tip = { seq: lastSeq(header), hash: Buffer.from(header.hash, 'hex') }
    return log
  }

  #settle(log: MutableLog, checked: NewRun, place: Place): void {
    const { header } = checked.run
    if (header.first !== log.head.seq + 1) throw new Error('a run before this one was not stored')
    log.head = { seq: lastSeq(header), hash: Buffer.from(header.hash, 'hex') }
    log.ranges.push({ first: header.first, count: header.count, place })
    this.#changes += header.count
    this.#digest = undefined
  }

  #holdsPredecessor(start: StartLine): boolean {
    if (start.after === undefined) return true
    const before = this.#logs.get(logKey(start.after))
    return before !== undefined && before.tip.seq >= start.after.seq
  }

  /** How far each log is known, without logs that a successor's first line covers whole. Sorted, so equal sets are equal lists. */
  heads(): readonly Head[] {
    const covered = new Set<LogKey>()
    for (const { start, head } of this.#logs.values()) {
      if (start.after === undefined || head.seq === 0) continue
      const before = this.#logs.get(logKey(start.after))
      if (before?.head.seq === start.after.seq && before.head.hash.toString('hex') === start.after.hash)
        covered.add(logKey(start.after))
    }
    return [...this.#logs.entries()]
      .filter(([key, log]) => log.head.seq > 0 && !covered.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { id, head }]) => ({ ...id, seq: head.seq, hash: head.hash.toString('hex') }))
  }

  /** Equal digests: equal sets of changes. */
  digest(): string {
    this.#digest ??= digestOf(this.mission, this.heads())
    return this.#digest
  }

  /**
   * The next stretch of a log after a number, as one run under its last seal: as much as a run may hold, read from the
   * journal as it stands. `undefined` when there is nothing durable after it.
   */
  async readAfter(key: LogKey, seq: number): Promise<Run | undefined> {
    const log = this.#logs.get(key)
    if (log === undefined || log.head.seq <= seq) return undefined
    const begin = findRange(log.ranges, seq + 1)
    let end = begin
    let bytes = 0
    for (; end < log.ranges.length; end++) {
      const range = log.ranges[end]
      if (range === undefined) break
      bytes += range.place.bodyBytes
      const tooMuch = bytes > limits.runBytes || range.first + range.count - 1 - seq > limits.runChanges
      if (tooMuch && end > begin) break
    }
    const chosen = log.ranges.slice(begin, end)
    const last = chosen.at(-1)
    if (last === undefined) return undefined
    const { bodies, lastHeader } = await this.#readRanges(chosen)
    const header = parseHeader(lastHeader)
    if (header === undefined) throw new Error('a stored run lost its header')
    const first = chosen[0]?.first ?? seq + 1
    const body = Buffer.concat(bodies)
    const whole: Run = { header: { ...header, first, count: lastSeq(header) - first + 1, bytes: body.length }, body }
    return first === seq + 1 ? whole : cutBefore(whole, seq + 1)
  }

  /** Neighbours on disk are read in one go. */
  async #readRanges(ranges: readonly StoredRange[]): Promise<{ bodies: Buffer[]; lastHeader: Buffer }> {
    const bodies: Buffer[] = []
    let lastHeader: Buffer = Buffer.alloc(0)
    let index = 0
    while (index < ranges.length) {
      const group: StoredRange[] = []
      let end = -1
      for (let range = ranges[index]; range !== undefined; range = ranges[++index]) {
        const { place } = range
        if (group.length > 0 && (place.offset !== end || place.segment !== group[0]?.place.segment)) break
        group.push(range)
        end = place.offset + place.headerBytes + place.bodyBytes
      }
      const from = group[0]?.place
      if (from === undefined) break
      const bytes = await this.#journal.read(from.segment, from.offset, end - from.offset)
      for (const { place } of group) {
        const at = place.offset - from.offset
        lastHeader = bytes.subarray(at, at + place.headerBytes - 1)
        bodies.push(bytes.subarray(at + place.headerBytes, at + place.headerBytes + place.bodyBytes))
      }
    }
    return { bodies, lastHeader }
  }
}

export function digestOf(mission: MissionId, heads: readonly Head[]): string {
  const list = heads.map(({ author, epoch, seq, hash }) => [author, epoch, seq, hash])
  return sha256(`muster/1 heads\0${mission}\0${JSON.stringify(list)}`).toString('hex')
}

function readStart(run: Run): StartLine | string {
  const parsed = parseLine(firstLine(run.body))
  if (typeof parsed === 'string') return parsed
  return parseStartLine(parsed, run.header.author) ?? 'no start line of this author'
}

/** The same run from a later line on; its seal vouches for every line up to the last, so it stays valid. */
function cutBefore(run: Run, first: number): Run {
  let at = 0
  for (let seq = run.header.first; seq < first; seq++) at = run.body.indexOf(0x0a, at) + 1
  const body = run.body.subarray(at)
  return { header: { ...run.header, first, count: lastSeq(run.header) - first + 1, bytes: body.length }, body }
}

/** Index of the range that holds a number; ranges follow each other without a gap. */
function findRange(ranges: readonly StoredRange[], seq: number): number {
  let low = 0
  let high = ranges.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((ranges[middle]?.first ?? 0) <= seq) low = middle
    else high = middle - 1
  }
  return low
}
