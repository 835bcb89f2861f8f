/**
 * One mission as this node holds it: verified runs go to disk and into the fold; runs of authors who are not members yet
 * wait in a bounded buffer, outside heads and digest, until somebody's admit arrives.
 */
import type { ChangeName, MissionId, NodeId, Role, WriteRequest } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { fitsLine, type JsonObject } from '../bytes/line.js'
import type { Identity } from '../identity/identity.js'
import { bounds, limits } from '../limits.js'
import { Journal, journalVersion, type Damage, type StoredRun } from '../logs/journal.js'
import { LogStore, type LogLine, type NewRun } from '../logs/log-store.js'
import { OwnLog } from '../logs/own-log.js'
import { logKey, type Run } from '../logs/run.js'
import { parseStartLine } from '../logs/start-line.js'
import type { Clock } from '../runtime/clock.js'
import { shortId } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import { diskProblem, type Disk } from '../storage/disk.js'
import { admitLine, parseChange, requestProblem, setLine } from './change.js'
import { creatorOf, missionIdOf, parseSignedCreate, type SignedCreate } from './create-record.js'
import { Fold } from './fold.js'

export interface MissionParts {
  readonly disk: Disk
  readonly identity: Identity
  readonly clock: Clock
  readonly random: Random
  readonly events: MissionEvents
}

export interface MissionEvents {
  /** A run that may be passed on: our own when durable, another's as soon as it is verified. */
  onRun(mission: Mission, run: NewRun): void
  /** The view, the membership or what is durable changed. */
  onChange(mission: Mission): void
  /** The disk did not take something, or takes it again. */
  onSaved(problem: Problem | undefined): void
}

export type Received =
  | { readonly kind: 'stored' | 'held' | 'gap' | 'fork' | 'unfit' | 'waiting' | 'full' }
  | { readonly kind: 'bad'; readonly reason: string }

export function missionFolder(id: MissionId): string {
  return `missions/${id}`
}

export class Mission {
  readonly id: MissionId
  readonly signed: SignedCreate
  readonly creator: NodeId
  readonly fold: Fold
  readonly logs: LogStore
  /** What each author called itself in its newest log. */
  readonly names = new Map<NodeId, string>()
  readonly #parts: MissionParts
  readonly #own: OwnLog
  #waiting: Run[] = []
  #waitingBytes = 0
  /** Names of own writes on their way to disk, by entity and field: later writes of the same commit replace them. */
  #onTheWay = new Map<string, { current: ChangeName; replaced: Set<ChangeName> }>()

  private constructor(id: MissionId, signed: SignedCreate, journal: Journal, parts: MissionParts) {
    this.id = id
    this.signed = signed
    this.creator = creatorOf(signed.create)
    this.fold = new Fold(signed.create)
    this.logs = new LogStore(id, journal)
    this.#parts = parts
    this.#own = new OwnLog({
      ...parts,
      store: this.logs,
      onLine: (name, line) => this.#noteOnTheWay(name, line),
      onStored: (run) => this.#ownStored(run),
      onFailed: (error) => {
        this.#onTheWay.clear()
        parts.events.onSaved(problem(diskProblem(error), String(error)))
      }
    })
  }

  /** Makes room for a mission that this node did not have; durable on return. */
  static async create(id: MissionId, signed: SignedCreate, parts: MissionParts): Promise<Mission> {
    const journal = new Journal(parts.disk, missionFolder(id))
    const header = {
      muster: 'mission',
      version: journalVersion,
      create: { ...signed.create },
      signature: signed.signature
    }
    await journal.create(header)
    return new Mission(id, signed, journal, parts)
  }

  static async open(id: MissionId, parts: MissionParts, onDamage: (damage: Damage) => void): Promise<Result<Mission>> {
    const journal = new Journal(parts.disk, missionFolder(id))
    let mission: Mission | undefined
    const opened = await journal.open({
      onHeader({ create, signature }) {
        const signed = parseSignedCreate({ create, signature })
        if (typeof signed === 'string') return fail('file-damaged', `${missionFolder(id)}: ${signed}`)
        if (missionIdOf(signed) !== id) return fail('file-damaged', `${missionFolder(id)}: another mission's record`)
        mission = new Mission(id, signed, journal, parts)
        return ok(null)
      },
      onRun: (stored) => mission?.load(stored) ?? false,
      onDamage
    })
    if (!opened.ok) return opened
    return mission === undefined ? fail('file-damaged', missionFolder(id)) : ok(mission)
  }

  /** Takes a run from the journal at opening; false when its lines are not what its header promises. */
  load(stored: StoredRun): boolean {
    if (!this.fold.mayWrite(stored.run.header.author)) {
      this.#wait(stored.run) // Its admit was lost to damage; a peer may give it again.
      return true
    }
    const lines = this.logs.load(stored)
    if (lines === 'damaged') return false
    if (lines !== 'unusable') this.#foldLines(lines)
    return true
  }

  /** Changes whose author is not a member. */
  get waiting(): number {
    return this.#waiting.reduce((sum, { header }) => sum + header.count, 0)
  }

  /** Whether so much is on its way to disk that nothing more should be read from a link. */
  get isBusy(): boolean {
    return this.logs.unsaved > bounds.uncommittedBytes
  }

  roleOf(node: NodeId): Role | undefined {
    return this.fold.members.get(node)?.role
  }

  nameOf(author: NodeId): string {
    return this.names.get(author) ?? shortId(author)
  }

  /** Takes a run from a peer. Answers at once; the disk follows, and only then heads and view. */
  receive(run: Run): Received {
    if (!this.fold.mayWrite(run.header.author)) return { kind: this.#wait(run) ? 'waiting' : 'full' }
    const checked = this.logs.check(run)
    if (checked.kind !== 'new') return checked
    const stored = this.logs.store(checked)
    this.#parts.events.onRun(this, checked)
    void stored.then(
      () => {
        const admitted = this.#foldLines(checked.lines)
        this.#parts.events.onSaved(undefined)
        this.#parts.events.onChange(this)
        for (const author of admitted) this.#drain(author)
      },
      (error: unknown) => {
        this.#parts.events.onSaved(problem(diskProblem(error), String(error)))
        this.#parts.events.onChange(this)
      }
    )
    return { kind: 'stored' }
  }

  /** Why this node cannot write here now; `undefined` when it can. */
  writeProblem(): ProblemCode | undefined {
    if (this.fold.readOnly) return 'mission-read-only'
    return this.fold.mayWrite(this.#parts.identity.nodeId) ? undefined : 'not-a-member'
  }

  /** Answers when all are durable. All or none are taken for writing; the order is kept. */
  async write(requests: readonly WriteRequest[]): Promise<Result<readonly ChangeName[]>> {
    const refused = this.writeProblem()
    if (refused !== undefined) return fail(refused)
    for (const [index, request] of requests.entries()) {
      const reason = requestProblem(request)
      if (reason !== undefined) return fail('bad-change', `changes[${String(index)}]: ${reason}`)
      if (!fitsLine(this.#lineFor(request, request.seen ?? []))) return fail('too-large', `changes[${String(index)}]`)
    }
    return this.#append(requests.map((request) => () => this.#lineNow(request)))
  }

  /** Says in our own log that an author's changes count from now on. */
  async admit(author: NodeId): Promise<Result<readonly ChangeName[]>> {
    const refused = this.writeProblem()
    if (refused !== undefined) return fail(refused)
    return this.#append([() => admitLine(this.#parts.clock.now(), author, this.signed.create.defaultRole)])
  }

  /** Resolves when nothing is on its way to disk. */
  settled(): Promise<void> {
    return this.logs.settled()
  }

  async close(): Promise<void> {
    await this.#own.settled()
    await this.logs.close()
  }

  async #append(makers: readonly (() => JsonObject)[]): Promise<Result<readonly ChangeName[]>> {
    try {
      return ok(await this.#own.write(makers))
    } catch (error) {
      return fail(diskProblem(error), String(error))
    }
  }

  #lineFor({ entity, field, value }: WriteRequest, seen: readonly ChangeName[]): JsonObject {
    return setLine(this.#parts.clock.now(), entity, field, value, seen)
  }

  /** Without names of its own, a write replaces what is current; names that do not fit stay, as a visible conflict. */
  #lineNow(request: WriteRequest): JsonObject {
    if (request.seen !== undefined) return this.#lineFor(request, request.seen)
    let seen = this.#currentNames(request.entity, request.field)
    while (seen.length > 0 && !fitsLine(this.#lineFor(request, seen))) seen = seen.slice(0, -1)
    return this.#lineFor(request, seen)
  }

  /** What is current, with own writes of this very commit taken as done. */
  #currentNames(entity: string, field: string): readonly ChangeName[] {
    const current = this.fold.current(entity, field).map(({ name }) => name)
    const own = this.#onTheWay.get(`${entity}\n${field}`)
    const names = own === undefined ? current : [own.current, ...current.filter((name) => !own.replaced.has(name))]
    return names.slice(0, limits.seen)
  }

  #noteOnTheWay(name: ChangeName, line: JsonObject): void {
    const change = parseChange(line)
    if (change.kind !== 'set') return
    const key = `${change.entity}\n${change.field}`
    const before = this.#onTheWay.get(key)
    const replaced = before?.replaced ?? new Set<ChangeName>()
    for (const other of change.seen) replaced.add(other)
    this.#onTheWay.set(key, { current: name, replaced })
  }

  #ownStored(run: NewRun): void {
    this.#onTheWay.clear()
    const admitted = this.#foldLines(run.lines)
    this.#parts.events.onSaved(undefined)
    this.#parts.events.onRun(this, run)
    this.#parts.events.onChange(this)
    for (const author of admitted) this.#drain(author)
  }

  /** Returns who may write from now on. */
  #foldLines(lines: readonly LogLine[]): readonly NodeId[] {
    const admitted: NodeId[] = []
    for (const line of lines) {
      const author = this.fold.apply(line)
      if (author !== undefined) admitted.push(author)
      if (line.seq === 1) {
        const start = parseStartLine(line.line, line.log.author)
        if (start !== undefined) this.names.set(line.log.author, start.callsign)
      }
    }
    return admitted
  }

  #wait(run: Run): boolean {
    const { header, body } = run
    const isKnown = this.#waiting.some(
      (other) =>
        logKey(other.header) === logKey(header) &&
        other.header.first === header.first &&
        other.header.count >= header.count
    )
    if (isKnown) return true
    if (this.#waiting.length >= bounds.waitingRuns || this.#waitingBytes + body.length > bounds.waitingBytes)
      return false
    // The body is a view of a whole frame; a copy lets the frame go.
    this.#waiting.push({ header, body: Buffer.from(body) })
    this.#waitingBytes += body.length
    this.#parts.events.onChange(this)
    return true
  }

  #drain(author: NodeId): void {
    const ready = this.#waiting.filter(({ header }) => header.author === author)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter(({ header }) => header.author !== author)
    for (const run of ready) {
      this.#waitingBytes -= run.body.length
      this.receive(run) // What does not verify is dropped: which peer brought it is no longer known.
    }
  }
}
