/**
 * All logs of one mission (or of the trust journal) as this node holds them: verifies what comes in against the known
 * heads, appends it to the journal, answers what is there and from where. A log has a `tip` (verified, on its way to
 * disk) and a `head` (durable); heads and digest speak of durable runs only.
 */
import type { KeyObject } from 'node:crypto'
import type { ChangeName, MissionId, NodeId } from '@shared/model.js'
import { sha256 } from '../bytes/hash.js'
import { parseLine, parseLineText, type JsonObject } from '../bytes/line.js'
import { parsePublicKey } from '../identity/signature.js'
import { bounds, limits } from '../limits.js'
import {
  positionAfter,
  type Coverage,
  type Journal,
  type Place,
  type Position,
  type RunReader,
  type StoredRun
} from './journal.js'
import { DamageFound } from '../storage/disk.js'
import {
  ChainedLine,
  chainRun,
  chainStart,
  changeName,
  encodeRun,
  firstLine,
  isChained,
  lastSeq,
  logKey,
  runFrom,
  verifySeal,
  type Head,
  type LogId,
  type LogKey,
  type Point,
  type Run
} from './run.js'
import { hasLineShape, parseStartLine, type StartLine } from './start-line.js'

/** One verified line, ready for the fold. */
export interface LogLine {
  readonly log: LogId
  readonly seq: number
  /** Chain hash; with log and seq it names the change. */
  readonly hash: Buffer
  /** Perhaps made anew each time that it is asked for. */
  readonly line: JsonObject
}

/** Whether it is a change of an entity, and so says nothing about who may do what. One that is `false` may be so, too. */
export function isWrite(line: LogLine): boolean {
  return line instanceof ChainedLine && line.isWrite
}

export function nameOfLine({ log, seq, hash }: LogLine): ChangeName {
  return changeName(log, seq, hash)
}

/** Where a log can be entered: the first line of a stored run, its place, and the chain hash before it. */
interface Mark extends Position {
  readonly first: number
  readonly before: Buffer
}

export interface HeldLog {
  readonly id: LogId
  readonly start: StartLine
  readonly head: Point
}

/** One branch of a log; a log that is not forked has no other. */
export interface Branch extends HeldLog {
  readonly key: KeyObject
  head: Point
  tip: Point
  /** Grows when the disk refuses a run: those behind it on the way to disk fall with it. */
  failures: number
  /** Every run lies less than `markBytes` of its segment behind the last mark before it. */
  readonly marks: Mark[]
  /** How many places were bad when the last mark was made. */
  breaks: number
  /** Where reading stopped last: a long transfer goes on there. */
  resume: Mark | undefined
  /** Hash of a chosen point to which this branch is known not to lead. */
  leadsNotTo: string | undefined
}

/** A point of a forked log that an owner chose, and that the branch that counts here does not reach. */
export interface Chosen {
  readonly seq: number
  /** Chain hash at seq, hex. */
  readonly hash: string
}

/** How far lines of a log count; `undefined`: as far as they go. */
export type LimitOf = (log: LogId) => { readonly seq: number; readonly hash: string } | undefined

/** A run that continues what is held, with its new lines. */
export interface NewRun {
  readonly kind: 'new'
  readonly run: Run
  readonly encoded: Buffer
  readonly lines: readonly LogLine[]
  readonly start: StartLine
  /** Where it goes; left out: to the branch that counts. `beside`: it begins another one. */
  readonly into?: Branch | 'beside'
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
  readonly #logs = new Map<LogKey, Branch>()
  /** Other branches of forked logs, in the order in which they began here: held from line 1 on, and nothing counts. */
  readonly #beside = new Map<LogKey, Branch[]>()
  /** Who is being read to a peer, and what was read ahead of it. */
  #goingOn: { readonly log: Branch; readonly reader: RunReader } | undefined
  /** Of a log with branches, the one that was stored to last: where they take turns, each goes on from a mark. */
  readonly #latest = new Map<LogKey, Branch>()
  #digest: string | undefined
  #limitOf: LimitOf = () => undefined
  #breaks = 0
  /** By segment, where the last run ends that is known here. */
  #reached = new Map<number, number>()
  readonly #onStored: (place: Place) => void

  /** @param onStored a run that came since the opening is durable, at this place. */
  constructor(mission: MissionId, journal: Journal, onStored: (place: Place) => void = () => undefined) {
    this.mission = mission
    this.#journal = journal
    this.#onStored = onStored
  }

  /** From now on heads, digest and what is read for others end at these limits (docs/protocol/missions.md). */
  limit(limitOf: LimitOf): void {
    this.#limitOf = limitOf
    this.#digest = undefined
  }

  /** A place of the journal cannot be read through: each log gets a new mark behind it. */
  noteBreak(): void {
    this.#breaks++
  }

  get hasBreaks(): boolean {
    return this.#breaks > 0
  }

  /** Durable changes that count. */
  get changes(): number {
    let sum = 0
    for (const log of this.#logs.values()) sum += this.#counting(log).seq
    return sum
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

  /** In the order in which they began here, so a log always follows its predecessor; as far as they count. */
  *logs(): Generator<HeldLog> {
    for (const log of this.#logs.values()) {
      const head = this.#counting(log)
      yield head === log.head ? log : { id: log.id, start: log.start, head }
    }
  }

  /** All that is durable of one author, whether it counts or not; the newest last. */
  logsOf(author: NodeId): readonly HeldLog[] {
    return [...this.#logs.values()].filter(({ id, head }) => id.author === author && head.seq > 0)
  }

  settled(): Promise<void> {
    return this.#journal.settled()
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#journal.size
  }

  /** How far each segment holds runs that are known here: a run may be on disk, and the answer still on its way. */
  coverage(): Coverage {
    const begin = this.#journal.start.offset
    return new Map(this.#journal.segments().map((segment) => [segment, this.#reached.get(segment) ?? begin]))
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  /** Takes a run found in the journal at opening. The seal was verified when it came; the chain shows damage. */
  load(stored: StoredRun): readonly LogLine[] | 'damaged' | 'unusable' {
    const checked = this.check(stored.run, 'trust-seal')
    const beside = checked.kind === 'new' ? undefined : this.#checkBeside(stored.run)
    if (beside !== undefined) {
      this.#settle(this.#take(beside), beside, stored.place)
      return []
    }
    if (checked.kind === 'held') return []
    if (checked.kind === 'gap') return 'unusable'
    if (checked.kind !== 'new') return 'damaged'
    const log = this.#take(checked)
    this.#settle(log, checked, stored.place)
    return checked.lines
  }

  /** Whether a run from outside may be taken; changes nothing. */
  check(
    run: Run,
    seal: 'verify-seal' | 'trust-seal' = 'verify-seal',
    into: Branch | 'beside' | undefined = this.#logs.get(logKey(run.header))
  ): Checked {
    const { header } = run
    const log = into === 'beside' ? undefined : into
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
    const id = log?.id ?? { author: header.author, epoch: header.epoch }
    const chained = chainRun(run, tip, id)
    if (chained === 'chain hash differs' && seal === 'verify-seal') {
      if (header.first > 1) return { kind: 'unfit' }
      // From the start on nothing is missing: it is whole, and another one than ours, or it was altered.
      if (isChained(run, { seq: 0, hash: chainStart(this.mission, header) })) return { kind: 'fork' }
    }
    if (typeof chained === 'string') return { kind: 'bad', reason: chained }
    if (log === undefined && !this.#holdsPredecessor(start)) return { kind: 'gap' }

    for (const line of chained) {
      if (line.isPlainWrite) continue
      const parsed = parseLineText(line.text)
      if (typeof parsed === 'string') return { kind: 'bad', reason: parsed }
      if (!hasLineShape(parsed)) return { kind: 'bad', reason: 'line without kind or time' }
    }
    const kept = runFrom(run, tip.seq + 1)
    return { kind: 'new', run: kept, encoded: encodeRun(kept), lines: chained, start }
  }

  /** A stored run of another branch than the one that counts. Each begins at line 1, so the journal alone tells of it. */
  #checkBeside(run: Run): NewRun | undefined {
    const key = logKey(run.header)
    for (const into of this.#beside.get(key) ?? []) {
      const checked = this.check(run, 'trust-seal', into)
      if (checked.kind === 'new') return { ...checked, into }
    }
    if (run.header.hash === this.#logs.get(key)?.tip.hash.toString('hex')) return undefined
    const checked = this.check(run, 'trust-seal', 'beside')
    return checked.kind === 'new' ? { ...checked, into: 'beside' } : undefined
  }

  /**
   * The same as `check` for a log in which a chosen point is sought: the run goes to a branch that may lead there.
   * `apart`: it leads elsewhere than the branch that it was asked for; what is to be asked for now, `soughtFrom` says.
   */
  checkSought(run: Run, chosen: Chosen): Checked | { readonly kind: 'apart' } {
    const key = logKey(run.header)
    const into = this.#logs.has(key) ? (this.#leadingTo(key, chosen) ?? 'beside') : undefined
    const checked = this.check(run, 'verify-seal', into)
    const isElsewhere =
      checked.kind === 'new' &&
      checked.lines.some(({ seq, hash }) => seq === chosen.seq && hash.toString('hex') !== chosen.hash)
    if (isElsewhere || checked.kind === 'fork' || checked.kind === 'unfit') {
      if (into !== undefined && into !== 'beside') into.leadsNotTo = chosen.hash
      return { kind: 'apart' }
    }
    return checked.kind === 'new' && into !== undefined && into !== this.#logs.get(key) ? { ...checked, into } : checked
  }

  /** From where on a log is to be asked for in which a chosen point is sought; `undefined`: nothing is held of it. */
  soughtFrom(log: LogId, chosen: Chosen): Head | undefined {
    const key = logKey(log)
    if (!this.#logs.has(key)) return undefined
    const { seq, hash } = this.#leadingTo(key, chosen)?.head ?? { seq: 0, hash: chainStart(this.mission, log) }
    return { author: log.author, epoch: log.epoch, seq, hash: hash.toString('hex') }
  }

  /** The branch that counts if it may lead to a chosen point, else the newest that may. */
  #leadingTo(key: LogKey, { hash }: Chosen): Branch | undefined {
    const main = this.#logs.get(key)
    if (main?.leadsNotTo !== hash) return main
    return this.#beside.get(key)?.findLast(({ leadsNotTo }) => leadsNotTo !== hash)
  }

  /** The branch that is durable up to a chosen point. The disk is asked about each once. */
  async branchTo(key: LogKey, { seq, hash }: Chosen): Promise<Branch | undefined> {
    for (const branch of this.branchesOf(key)) {
      const point = await this.pointAt(key, seq, branch)
      if (point?.hash.toString('hex') === hash) return branch
      if (point !== undefined) branch.leadsNotTo = hash
    }
    return undefined
  }

  /** All that is held of a log, what counts first. */
  branchesOf(key: LogKey): readonly Branch[] {
    const main = this.#logs.get(key)
    return main === undefined ? [] : [main, ...(this.#beside.get(key) ?? [])]
  }

  /** From now on this branch counts; what counted before is kept beside it. */
  choose(branch: Branch): void {
    const key = logKey(branch.id)
    const main = this.#logs.get(key)
    if (main === undefined || main === branch) return
    const others = (this.#beside.get(key) ?? []).filter((other) => other !== branch)
    this.#beside.set(key, [...others, main])
    this.#logs.set(key, branch)
    this.#digest = undefined
  }

  isChosen(branch: Branch): boolean {
    return this.#logs.get(logKey(branch.id)) === branch
  }

  #forget(branch: Branch): void {
    const key = logKey(branch.id)
    if (this.isChosen(branch)) this.#logs.delete(key)
    else this.#beside.set(key, this.#beside.get(key)?.filter((other) => other !== branch) ?? [])
  }

  /** Stores a checked run; resolves when it is durable. Call in the order of checking. */
  async store(checked: NewRun): Promise<void> {
    const log = this.#take(checked)
    const { failures } = log
    try {
      const place = await this.#journal.append(checked.encoded)
      this.#settle(log, checked, place)
      this.#onStored(place)
    } catch (error) {
      // Peers give it again after the next comparison of heads. Once: by now the tip may be that of a run given again.
      if (log.failures === failures) {
        log.failures++
        if (log.head.seq === 0) this.#forget(log)
        else log.tip = log.head
      }
      throw error
    }
  }

  #take(checked: NewRun): Branch {
    const { header } = checked.run
    const into = checked.into ?? this.#logs.get(logKey(header))
    let log = into === 'beside' ? undefined : into
    if (log === undefined) {
      const key = parsePublicKey(checked.start.key)
      if (key === undefined) throw new Error('a checked run has a safe key')
      const before = { seq: 0, hash: chainStart(this.mission, header) }
      const id = { author: header.author, epoch: header.epoch }
      log = {
        id,
        start: checked.start,
        key,
        head: before,
        tip: before,
        failures: 0,
        marks: [],
        breaks: 0,
        resume: undefined,
        leadsNotTo: undefined
      }
      this.#put(log)
    }
    log.tip = { seq: lastSeq(header), hash: Buffer.from(header.hash, 'hex') }
    return log
  }

  /** The first branch of a log counts until another is chosen. */
  #put(branch: Branch): void {
    const key = logKey(branch.id)
    if (!this.#logs.has(key)) this.#logs.set(key, branch)
    else this.#beside.set(key, [...(this.#beside.get(key) ?? []), branch].slice(-bounds.branches))
  }

  /** Branches are alike up to where they part: without a mark there, another one would be read on. */
  #takesTurn(branch: Branch): boolean {
    const key = logKey(branch.id)
    if (!this.#beside.has(key)) return false
    const isAnother = this.#latest.get(key) !== branch
    this.#latest.set(key, branch)
    return isAnother
  }

  #settle(log: Branch, checked: NewRun, place: Place): void {
    const { header } = checked.run
    if (header.first !== log.head.seq + 1) throw new Error('a run before this one was not stored')
    const { segment, offset } = place
    const last = log.marks.at(-1)
    const isBreak = log.breaks < this.#breaks || this.#takesTurn(log)
    if (last?.segment !== segment || offset - last.offset >= bounds.markBytes || isBreak) {
      log.marks.push({ first: header.first, segment, offset, before: toKeep(log.head.hash) })
      log.breaks = this.#breaks
    }
    log.head = { seq: lastSeq(header), hash: Buffer.from(header.hash, 'hex') }
    this.#reached.set(segment, positionAfter(place).offset)
    this.#digest = undefined
  }

  /** Of a predecessor that is limited nobody holds more than its limit. */
  #holdsPredecessor({ after }: StartLine): boolean {
    if (after === undefined) return true
    const needed = Math.min(after.seq, this.#limitOf(after)?.seq ?? Infinity)
    return (this.#logs.get(logKey(after))?.tip.seq ?? 0) >= needed
  }

  /** How far each log is known, without logs that a successor's first line covers whole. Sorted, so equal sets are equal lists. */
  heads(): readonly Head[] {
    const covered = new Set<LogKey>()
    const found = new Map<LogKey, Head>()
    for (const [key, log] of this.#logs) {
      const { seq, hash } = this.#counting(log)
      if (seq > 0) found.set(key, { ...log.id, seq, hash: hash.toString('hex') })
    }
    for (const key of found.keys()) {
      const after = this.#logs.get(key)?.start.after
      const before = after === undefined ? undefined : found.get(logKey(after))
      if (after !== undefined && before?.seq === after.seq && before.hash === after.hash) covered.add(logKey(after))
    }
    return [...found]
      .filter(([key]) => !covered.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, head]) => head)
  }

  /**
   * How far logs are held that are no heads, because a later log of their author covers them: for somebody who does not
   * know that one, and would send them again.
   */
  predecessors(isKnown: (key: LogKey) => boolean): readonly Head[] {
    const found = new Map<LogKey, Head>()
    for (const head of this.heads()) {
      if (isKnown(logKey(head))) continue
      for (let after = this.#logs.get(logKey(head))?.start.after; after !== undefined;) {
        const key = logKey(after)
        if (found.has(key) || isKnown(key)) break
        const seq = this.countingSeq(key)
        if (seq > 0) found.set(key, { ...after, seq, hash: this.countingHash(key) })
        after = this.#logs.get(key)?.start.after
      }
    }
    return [...found.values()]
  }

  /** Author and number of counting lines of each log. */
  *counting(): Generator<{ readonly author: NodeId; readonly seq: number }> {
    for (const log of this.#logs.values()) yield { author: log.id.author, seq: this.#counting(log).seq }
  }

  /** How far a log is durable and counts. */
  countingSeq(key: LogKey): number {
    const log = this.#logs.get(key)
    return log === undefined ? 0 : this.#counting(log).seq
  }

  /** The chain hash there, hex. */
  countingHash(key: LogKey): string {
    const log = this.#logs.get(key)
    return log === undefined ? '' : this.#counting(log).hash.toString('hex')
  }

  #counting(log: Branch): Point {
    const limit = this.#limitOf(log.id)
    // The limit's own words for its hash: so all who hold that much say the same, whatever they hold beyond.
    return limit === undefined || limit.seq > log.head.seq
      ? log.head
      : { seq: limit.seq, hash: Buffer.from(limit.hash, 'hex') }
  }

  /** Equal digests: equal sets of changes. */
  digest(): string {
    this.#digest ??= digestOf(this.mission, this.heads())
    return this.#digest
  }

  /**
   * The next stretch of a log after a number, as one run under its last seal: as much as a run may hold, read from the
   * journal as it stands and checked against its chain. `undefined` when there is nothing durable after it.
   * Throws DamageFound when the disk gives something else than was stored.
   */
  async readAfter(key: LogKey, seq: number, end = this.countingSeq(key)): Promise<Run | undefined> {
    const log = this.#logs.get(key)
    if (log === undefined || end <= seq) return undefined
    const reader = (this.#goingOn?.log === log ? this.#goingOn.reader : undefined) ?? this.#journal.reader()
    this.#goingOn = undefined
    for await (const { run, after } of this.#runs(log, seq + 1, end, 'joined', reader)) {
      log.resume = after
      if (after.first <= end) this.#goingOn = { log, reader }
      return runFrom(run, seq + 1)
    }
    throw new DamageFound(`${key} after ${String(seq)}`)
  }

  /** Number and chain hash of a durable line; 0 is where the chain starts. `undefined`: not that far. */
  async pointAt(key: LogKey, seq: number, log = this.#logs.get(key)): Promise<Point | undefined> {
    if (log === undefined || seq > log.head.seq) return undefined
    if (seq === 0) return { seq, hash: chainStart(this.mission, log.id) }
    for await (const [line] of this.readLines(key, seq, seq, log))
      if (line !== undefined) return { seq, hash: line.hash }
    return undefined
  }

  /** The same near a number, at or before it, without asking the disk; hash in hex. */
  markedPoint(key: LogKey, seq: number): { readonly seq: number; readonly hash: string } | undefined {
    const mark = markBefore(this.#logs.get(key)?.marks ?? [], seq + 1)
    return mark === undefined ? undefined : { seq: mark.first - 1, hash: mark.before.toString('hex') }
  }

  /** Durable lines of a log, run by run, from one number to another, both included; verified when they came. */
  async *readLines(
    key: LogKey,
    from: number,
    to: number,
    log = this.#logs.get(key)
  ): AsyncGenerator<readonly LogLine[]> {
    if (log === undefined) return
    for await (const { run, before } of this.#runs(log, from, Math.min(to, log.head.seq))) {
      const chained = chainRun(run, { seq: before.first - 1, hash: before.before }, log.id)
      if (typeof chained === 'string') throw new DamageFound(`${key}: ${chained}`)
      yield chained.filter(({ seq }) => seq >= from && seq <= to)
    }
  }

  /**
   * Runs that are durable, in the order in which they came here, the newest stretch first: each stretch is some 64 KiB of
   * the journal, its runs oldest first. Only headers are looked at; see `readLines` for verified lines.
   * @param before left out: from the end on. The run that begins there is the last of the first stretch.
   */
  async *stretchesBack(before?: Position): AsyncGenerator<readonly StoredRun[]> {
    const entries = [...this.#logs.values()].flatMap(({ marks }) => marks).sort((a, b) => (isBefore(a, b) ? -1 : 1))
    const reader = this.#journal.reader()
    let end = before
    for (let index = entries.length - 1; index >= 0; index--) {
      const entry = entries[index]
      if (entry === undefined || (end !== undefined && isBefore(end, entry))) continue
      const stretch: StoredRun[] = []
      for (let at: Position = entry; ;) {
        const stored = await this.#readNear(reader, at)
        if (stored === undefined || stored.place.segment !== entry.segment) break
        const isBeyond = index + 1 < entries.length && !isBefore(stored.place, entries[index + 1] ?? entry)
        if (isBeyond || (end !== undefined && isBefore(end, stored.place))) break
        if (this.#isPlaced(stored)) stretch.push(stored)
        at = positionAfter(stored.place)
      }
      yield stretch
      end = undefined
    }
  }

  /** What cannot be read through is behind a mark of its own, so a stretch ends there. */
  async #readNear(reader: RunReader, at: Position): Promise<StoredRun | undefined> {
    try {
      return await reader.read(at)
    } catch (error) {
      if (error instanceof DamageFound && this.hasBreaks) return undefined
      throw error
    }
  }

  /** Whether a run is held from this place: it may stand there twice, or be of no use. */
  #isPlaced({ run, place }: StoredRun): boolean {
    const log = this.#logs.get(logKey(run.header))
    const mark = log === undefined ? undefined : markBefore(log.marks, run.header.first)
    if (log === undefined || mark === undefined) return false
    return lastSeq(run.header) <= log.head.seq && mark.segment === place.segment && mark.offset <= place.offset
  }

  /** Where the run begins that holds a durable line. */
  async placeOf(key: LogKey, seq: number): Promise<Position | undefined> {
    const log = this.#logs.get(key)
    if (log === undefined || seq > log.head.seq) return undefined
    for await (const { before } of this.#runs(log, seq, seq)) return before
    return undefined
  }

  /** How far a log stood when the journal ended at a place, as far as it counts now. */
  async seqAt(key: LogKey, end: Position): Promise<number> {
    const log = this.#logs.get(key)
    const mark = log?.marks.filter((one) => isBefore(one, end)).at(-1)
    if (log === undefined || mark === undefined) return 0
    let seq = mark.first - 1
    const next = log.marks.find((one) => one.first > mark.first)?.first ?? log.head.seq + 1
    for await (const { run, before } of this.#runs(log, mark.first, next - 1, 'each')) {
      if (!isBefore(before, end)) break
      seq = lastSeq(run.header)
    }
    return Math.min(seq, this.#counting(log).seq)
  }

  /**
   * What is stored of a log from number `from` to `to`, in order: as many stored runs at a time as one run may hold, as
   * one run under the last seal, checked against its chain. Each with the mark at which it begins and the one at which
   * the next begins; the first and the last may hold more than was asked for.
   * `each`: one by one.
   */
  async *#runs(
    log: Branch,
    from: number,
    to: number,
    how: 'joined' | 'each' = 'joined',
    reader = this.#journal.reader()
  ): AsyncGenerator<{ readonly run: Run; readonly before: Mark; readonly after: Mark }> {
    const { resume } = log
    const hasBranches = this.#beside.has(logKey(log.id))
    const mark = markBefore(log.marks, from)
    let at = resume?.first === from && mark?.first !== from ? resume : mark
    let group: Group | undefined
    for (let walked = 0; at !== undefined && at.first <= to;) {
      const stored = reader.held(at) ?? (await reader.read(at))
      if (stored === undefined || walked > bounds.segmentBytes) break
      const { header } = stored.run
      const next = positionAfter(stored.place)
      const isOther = header.author !== log.id.author || header.epoch !== log.id.epoch
      // Of a forked log another branch may stand between: then damage shows in that nothing more fits.
      if (isOther || (hasBranches && !isChained(stored.run, { seq: at.first - 1, hash: at.before }))) {
        walked += next.offset - stored.place.offset
        at = { ...at, ...next }
        continue
      }
      walked = 0
      // A run that was stored twice, after a failed write.
      if (lastSeq(header) < at.first) {
        at = { ...at, ...next }
        continue
      }
      const { body } = runFrom(stored.run, at.first)
      if (group !== undefined && (how === 'each' || !hasRoom(group, lastSeq(header), body.length))) {
        yield { run: joined(log.id, group), before: group.before, after: at }
        group = undefined
      }
      // What lies before is passed over: the chain of what follows shows whether its hash is right.
      if (lastSeq(header) >= from) {
        group ??= { before: at, header, bodies: [], bytes: 0 }
        group.header = header
        group.bodies.push(body)
        group.bytes += body.length
      }
      const after: Mark = { first: lastSeq(header) + 1, before: Buffer.from(header.hash, 'hex'), ...next }
      const following = markBefore(log.marks, after.first)
      at = following?.first === after.first ? following : after
    }
    if (group !== undefined && at !== undefined) yield { run: joined(log.id, group), before: group.before, after: at }
  }

  /**
   * Reads all that is stored and checks it against its chains and against what is believed to be there; some at a time.
   * Throws DamageFound when the disk gives something else than was stored.
   */
  async verify(pause: () => Promise<void>): Promise<void> {
    const expected = [...this.#branches()].map(({ id, head }) => ({ key: logKey(id), head }))
    const found = new Map<LogKey, Point[]>()
    const reader = this.#journal.reader()
    let sincePause = 0
    for (let at: Position = this.#journal.start; ;) {
      const stored = await reader.read(at)
      if (stored === undefined) break
      const { run, place } = stored
      const key = logKey(run.header)
      const ends = found.get(key) ?? [{ seq: 0, hash: chainStart(this.mission, run.header) }]
      // A log may have been given up in the middle by a failed write, and a run may stand there twice.
      const next = ends.filter(({ seq }) => run.header.first <= seq + 1 && lastSeq(run.header) > seq)
      const before = next.find((end) => isChained(run, end))
      if (before === undefined && next.length > 0 && !this.#beside.has(key))
        throw new DamageFound(`${key} at ${String(run.header.first)}`)
      if (before !== undefined) {
        const end = { seq: lastSeq(run.header), hash: Buffer.from(run.header.hash, 'hex') }
        // Of a forked log another branch may begin at the start again.
        found.set(key, [
          ...ends.filter((other) => other !== before || (before.seq === 0 && this.#beside.has(key))),
          end
        ])
      }
      at = positionAfter(place)
      sincePause += run.body.length
      if (sincePause < verifiedAtOnce) continue
      sincePause = 0
      await pause()
    }
    for (const { key, head } of expected) {
      const isThere = (end: Point) => end.seq > head.seq || (end.seq === head.seq && end.hash.equals(head.hash))
      if (head.seq > 0 && found.get(key)?.some(isThere) !== true)
        throw new DamageFound(`${key} ends before ${String(head.seq)}`)
    }
  }

  /** Those that count first. */
  *#branches(): Generator<Branch> {
    yield* this.#logs.values()
    for (const branches of this.#beside.values()) yield* branches
  }

  /** What a checkpoint keeps of the logs; see `restore`. */
  state(): readonly LogState[] {
    return [...this.#branches()]
      .filter(({ head }) => head.seq > 0)
      .map(({ id, start, head, marks }) => ({
        ...id,
        key: start.key.toString('base64url'),
        callsign: start.callsign,
        after: start.after === undefined ? null : [start.after.epoch, start.after.seq, start.after.hash],
        seq: head.seq,
        hash: head.hash.toString('hex'),
        marks: marks.map(({ first, segment, offset, before }) => [first, segment, offset, before.toString('hex')])
      }))
  }

  /** Takes what a checkpoint kept, before anything else came. False when it does not hold together. */
  restore(states: readonly LogState[], covered: Coverage): boolean {
    this.#reached = new Map(covered)
    for (const { author, epoch, after, seq, hash, marks, ...state } of states) {
      const id = { author, epoch }
      const publicKey = Buffer.from(state.key, 'base64url')
      const key = parsePublicKey(publicKey)
      if (key === undefined) return false
      const predecessor = after === null ? {} : { after: { author, epoch: after[0], seq: after[1], hash: after[2] } }
      const head = { seq, hash: Buffer.from(hash, 'hex') }
      this.#put({
        id,
        key,
        start: { key: publicKey, callsign: state.callsign, ...predecessor },
        head,
        tip: head,
        failures: 0,
        marks: marks.map(([first, segment, offset, before]) => ({
          ...{ first, segment, offset, before: Buffer.from(before, 'hex') }
        })),
        breaks: 0,
        resume: undefined,
        leadsNotTo: undefined
      })
    }
    this.#digest = undefined
    return true
  }
}

/** Stored runs of one log that follow each other. */
interface Group {
  readonly before: Mark
  /** Of the last one. */
  header: Run['header']
  readonly bodies: Buffer[]
  bytes: number
}

function hasRoom({ before, bytes }: Group, last: number, more: number): boolean {
  return bytes + more <= limits.runBytes && last - before.first < limits.runChanges
}

/** One run under the last seal. Throws DamageFound when they do not continue the mark, and one another. */
function joined(log: LogId, { before: { first, before }, header, bodies }: Group): Run {
  const [only] = bodies
  const body = bodies.length === 1 && only !== undefined ? only : Buffer.concat(bodies)
  const run = { header: { ...header, first, count: lastSeq(header) - first + 1, bytes: body.length }, body }
  if (isChained(run, { seq: first - 1, hash: before })) return run
  throw new DamageFound(`${logKey(log)} at ${String(first)}`)
}

/** Some milliseconds of hashing. */
const verifiedAtOnce = 512 * 1024

/** One log in a checkpoint (docs/protocol/disk.md). */
export interface LogState extends LogId {
  /** Of the start line: base64url. */
  readonly key: string
  readonly callsign: string
  readonly after: readonly [epoch: string, seq: number, hash: string] | null
  readonly seq: number
  readonly hash: string
  readonly marks: readonly (readonly [first: number, segment: number, offset: number, before: string])[]
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

export function isBefore(a: Position, b: Position): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
}

/** Bytes of its own: a small buffer is cut from 8 KiB that stay as long as it does. */
function toKeep(bytes: Buffer): Buffer {
  const kept = Buffer.alloc(bytes.length)
  bytes.copy(kept)
  return kept
}

/** The last mark at or before a number; marks are in order. */
function markBefore(marks: readonly Mark[], seq: number): Mark | undefined {
  let low = 0
  let high = marks.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((marks[middle]?.first ?? 0) <= seq) low = middle
    else high = middle - 1
  }
  return marks[low]
}
