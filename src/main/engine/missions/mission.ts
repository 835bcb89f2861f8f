/**
 * One mission as this node holds it: verified runs go to disk and into the fold; runs of authors who are not members yet
 * wait in a bounded buffer, outside heads and digest, until somebody's admit arrives. Administrative lines make the table
 * of who counts (permissions.ts); what it leaves out has no effect, and is read again when that changes.
 */
import type { ChangeName, Fork, MissionId, NodeId, Role, WriteRequest } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { fitsLine, type JsonObject } from '../bytes/line.js'
import type { Identity } from '../identity/identity.js'
import { bounds, limits } from '../limits.js'
import { Journal, journalVersion, type Damage, type StoredRun } from '../logs/journal.js'
import { isWrite, LogStore, nameOfLine, type Branch, type LogLine, type NewRun } from '../logs/log-store.js'
import { OwnLog } from '../logs/own-log.js'
import type { ForkProof } from '../logs/fork.js'
import { lastSeq, logKey, type Head, type LogId, type LogKey, type Point, type Run } from '../logs/run.js'
import { parseStartLine } from '../logs/start-line.js'
import type { Clock } from '../runtime/clock.js'
import { shortId } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import { DamageFound, diskProblem, kept, type Disk } from '../storage/disk.js'
import { administerProblem, liftsOf, roleSteps } from './administer.js'
import {
  admitLine,
  adoptLine,
  cutLines,
  deletedField,
  isDecision,
  adoptLines,
  parseChange,
  refuseRequests,
  setLine,
  settleLine,
  type AdminChange,
  type AdmitChange
} from './change.js'
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from './checkpoint.js'
import { creatorOf, missionIdOf, parseSignedCreate, type SignedCreate } from './create-record.js'
import type { Fold, FoldSummary, Ref } from './fold.js'
import { Forks } from './forks.js'
import { LiveFold } from './live-fold.js'
import { affectedBy, permissionsOf, type AdminLine, type Permissions } from './permissions.js'
import { ReceivedTimes } from './received.js'
import { WaitingRuns } from './waiting-runs.js'

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
  /** An author went on in two ways; peers have to know before they get more of it. */
  onFork(mission: Mission, proof: ForkProof): void
  /** The view, the membership or what is durable changed. */
  onChange(mission: Mission): void
  /** The disk did not take something, or takes it again. */
  onSaved(problem: Problem | undefined): void
  /** What was stored is not what the disk gives now: the mission has to be read anew. */
  onDamaged(mission: Mission, detail: string): void
}

export type Received =
  | { readonly kind: 'stored' | 'held' | 'gap' | 'fork' | 'unfit' | 'waiting' | 'full' | 'removed' }
  /** Of a branch that is sought, and not what was asked for: to be asked for anew, from where `sought` says. */
  | { readonly kind: 'apart' }
  | { readonly kind: 'bad'; readonly reason: string }

export function missionFolder(id: MissionId): string {
  return `missions/${id}`
}

export class Mission {
  readonly id: MissionId
  readonly signed: SignedCreate
  readonly creator: NodeId
  readonly logs: LogStore
  /** When its parts came here. */
  readonly received: ReceivedTimes
  /** What each author called itself in its newest log. */
  readonly names = new Map<NodeId, string>()
  permissions: Permissions
  readonly #parts: MissionParts
  readonly #header: JsonObject
  readonly #own: OwnLog
  readonly #live: LiveFold
  #admins: AdminLine[] = []
  readonly #forks: Forks
  readonly #waiting = new WaitingRuns()
  /** Names of own writes on their way to disk, by entity and field: later writes of the same commit replace them. */
  #onTheWay = new Map<string, { current: ChangeName; replaced: Set<ChangeName> }>()
  /** Bytes of the journal that the newest checkpoint covers, and the length of that checkpoint. */
  #covered = 0
  #checkpointBytes = 0
  /** Whether the checkpoint tells what is in the mission. */
  #isSummarised = false
  /** While it is read, nothing is judged; while it is opened, nothing is folded: at the end all is, at once. */
  #isRead = false
  #isOpen = false
  #isUnverified = false
  #saving: Promise<void> | undefined

  private constructor(id: MissionId, signed: SignedCreate, journal: Journal, header: JsonObject, parts: MissionParts) {
    this.id = id
    this.signed = signed
    this.creator = creatorOf(signed.create)
    this.received = new ReceivedTimes(parts.disk, `${missionFolder(id)}/received`, parts.clock)
    this.logs = new LogStore(id, journal, (place) => this.received.note(place))
    this.#forks = new Forks({
      mission: id,
      disk: parts.disk,
      folder: `${missionFolder(id)}/forks`,
      logs: this.logs,
      // A saved fold may not outlive the branch that it is of.
      beforeBranch: () => this.#live.dropSaved(),
      onBranch: (branch, lines) => this.#goOnIn(branch, lines),
      onLooked: () => {
        this.#judgeAnew('also where the table is the same')
        parts.events.onChange(this)
      },
      onFailed: (error) => this.noteReading(error)
    })
    this.permissions = this.#judge()
    this.logs.limit((log) => this.#forks.limitOf(log, this.permissions))
    this.#parts = parts
    this.#header = header
    this.#live = new LiveFold({
      ...parts,
      path: viewPath(id),
      logs: this.logs,
      createdAt: signed.create.at,
      askers: () => this.permissions.askers,
      onChange: () => {
        this.#checkpointSoon()
        parts.events.onChange(this)
      },
      onFailed: (error) => this.noteReading(error)
    })
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
    const mission = new Mission(id, signed, journal, header, parts)
    mission.#live.begin()
    mission.#isRead = mission.#isOpen = true
    return mission
  }

  static async open(id: MissionId, parts: MissionParts, onDamage: (damage: Damage) => void): Promise<Result<Mission>> {
    return (await Mission.#openCheckpoint(id, parts, onDamage)) ?? Mission.#openJournal(id, parts, onDamage)
  }

  /** From the checkpoint and what came after it; `undefined` when there is none, or none that fits the files. */
  static async #openCheckpoint(
    id: MissionId,
    parts: MissionParts,
    onDamage: (damage: Damage) => void
  ): Promise<Result<Mission> | undefined> {
    const bytes = await parts.disk.read(checkpointPath(id))
    const checkpoint = bytes === undefined ? undefined : decodeCheckpoint(bytes)
    if (checkpoint === undefined) return undefined
    const journal = new Journal(parts.disk, missionFolder(id))
    const made = Mission.#of(id, checkpoint.header, journal, parts)
    if (!made.ok || !made.value.#restore(checkpoint)) return undefined
    const mission = made.value
    const covered = new Map(checkpoint.covered)
    const isOpen = await journal.openAfter(covered, checkpoint.header, {
      onRun: (stored) => mission.#load(stored),
      onDamage: (damage) => onDamage(mission.#noteDamage(damage))
    })
    if (!isOpen) return undefined
    mission.#covered = [...covered.values()].reduce((sum, size) => sum + size, 0)
    mission.#checkpointBytes = bytes?.length ?? 0
    mission.#isSummarised = checkpoint.summary !== undefined
    await mission.#opened()
    mission.#isUnverified = true
    if (!mission.#isSummarised) mission.#live.putOff()
    else if (mission.logs.bytes > mission.#covered) mission.#live.wakeSoon()
    return ok(mission)
  }

  static async #openJournal(
    id: MissionId,
    parts: MissionParts,
    onDamage: (damage: Damage) => void
  ): Promise<Result<Mission>> {
    const journal = new Journal(parts.disk, missionFolder(id))
    let mission: Mission | undefined
    const opened = await journal.open({
      onHeader(header) {
        const made = Mission.#of(id, header, journal, parts)
        if (!made.ok) return made
        mission = made.value
        return ok(null)
      },
      onRun: (stored) => (mission === undefined ? false : mission.#load(stored)),
      onDamage: (damage) => onDamage(mission === undefined ? damage : mission.#noteDamage(damage))
    })
    if (!opened.ok) return opened
    if (mission === undefined) return fail('file-damaged', missionFolder(id))
    await mission.#opened()
    await mission.#live.wake()
    return ok(mission)
  }

  static #of(id: MissionId, header: JsonObject, journal: Journal, parts: MissionParts): Result<Mission> {
    const { create, signature } = header
    const signed = parseSignedCreate({ create, signature })
    if (typeof signed === 'string') return fail('file-damaged', `${missionFolder(id)}: ${signed}`)
    if (missionIdOf(signed) !== id) return fail('file-damaged', `${missionFolder(id)}: another mission's record`)
    return ok(new Mission(id, signed, journal, header, parts))
  }

  /** Takes a run from the journal at opening; false when its lines are not what its header promises. */
  #load(stored: StoredRun): boolean {
    const lines = this.logs.load(stored)
    if (lines === 'damaged') return false
    if (lines === 'unusable') this.logs.noteBreak()
    else this.#note(lines)
    return true
  }

  #noteDamage(damage: Damage): Damage {
    if (damage.kind === 'damaged') this.logs.noteBreak()
    return damage
  }

  #restore({ covered, logs, admins, summary }: Checkpoint): boolean {
    if (!this.logs.restore(logs, new Map(covered))) return false
    for (const { author, callsign } of logs) this.names.set(author as NodeId, callsign)
    this.#admins = [...admins]
    if (summary !== undefined) this.#live.restore(summary)
    return true
  }

  /** Changes whose author is not a member. */
  get waiting(): number {
    return this.#waiting.changes
  }

  /** Whether so much is on its way to disk that nothing more should be read from a link. */
  get isBusy(): boolean {
    return this.logs.unsaved > bounds.uncommittedBytes
  }

  roleOf(node: NodeId): Role | undefined {
    return this.permissions.members.get(node)?.role
  }

  nameOf(author: NodeId): string {
    return this.names.get(author) ?? shortId(author)
  }

  get summary(): FoldSummary {
    return this.#live.summary
  }

  /** The fold, with everything in it that is durable and counts. Rejects when the disk does not give it. */
  async fold(): Promise<Fold> {
    try {
      return await this.#live.wake()
    } catch (error) {
      this.noteReading(error)
      throw error
    }
  }

  /** The fold as it is, if it is awake: perhaps without what came last. */
  get foldNow(): Fold | undefined {
    return this.#live.now
  }

  /** Lines of changes, in the order asked for. Rejects when the disk does not give them. */
  async read(refs: readonly Ref[]): Promise<readonly JsonObject[]> {
    const found = new Map<ChangeName, JsonObject>()
    const wanted = new Map<LogKey, Set<number>>()
    for (const { log, seq } of refs) wanted.set(logKey(log), (wanted.get(logKey(log)) ?? new Set()).add(seq))
    try {
      for (const [key, numbers] of wanted) {
        for (const [from, to] of stretches([...numbers].sort((a, b) => a - b)))
          for await (const lines of this.logs.readLines(key, from, to))
            for (const line of lines) found.set(nameOfLine(line), line.line)
      }
    } catch (error) {
      this.noteReading(error)
      throw error
    }
    return refs.map(({ name }) => {
      const line = found.get(name)
      if (line === undefined) throw new DamageFound(`${name} is not where it was stored`)
      return line
    })
  }

  /** Whether its files were not read when it was opened, because a checkpoint said what is in them. */
  get isUnverified(): boolean {
    return this.#isUnverified
  }

  /** Reads all its files, some at a time; damage is told as when it is met. */
  async verify(pause: () => Promise<void>): Promise<void> {
    this.#isUnverified = false
    try {
      await this.logs.verify(pause)
    } catch (error) {
      this.noteReading(error)
    }
  }

  /** One durable change as it is stored; `undefined` when there is none of this number. */
  async readLine(log: LogId, seq: number): Promise<string | undefined> {
    try {
      for await (const [line] of this.logs.readLines(logKey(log), seq, seq))
        if (line !== undefined) return JSON.stringify(line.line)
    } catch (error) {
      this.noteReading(error)
      throw error
    }
    return undefined
  }

  /** Reading what is stored failed: of damage everybody has to hear. */
  noteReading(error: unknown): void {
    if (error instanceof DamageFound) this.#parts.events.onDamaged(this, error.message)
    else this.#parts.events.onSaved(problem(diskProblem(error), String(error)))
  }

  /** Takes a run from a peer. Answers at once; the disk follows, and only then heads and view. */
  receive(run: Run): Received {
    const { header } = run
    if (!this.permissions.counts(header.author)) return this.#wait(run)
    const chosen = this.#forks.soughtIn(header, this.permissions)
    const limit = chosen ?? this.#forks.limitOf(header, this.permissions)
    // Beyond the limit, or all that counts of this log is held.
    if (limit !== undefined && Math.max(header.first, this.logs.countingSeq(logKey(header)) + 1) > limit.seq)
      return { kind: 'removed' }
    const checked = chosen === undefined ? this.logs.check(run) : this.logs.checkSought(run, chosen)
    if (checked.kind !== 'new') return checked
    const stored = this.logs.store(checked)
    // Of a branch that may count one day nobody hears before it does.
    if (chosen === undefined) this.#parts.events.onRun(this, checked)
    void stored.then(
      () => {
        if (checked.into === undefined) this.#take(checked.lines)
        if (chosen !== undefined && lastSeq(checked.run.header) >= chosen.seq) this.#forks.lookFor(header, chosen)
        this.#parts.events.onSaved(undefined)
        this.#parts.events.onChange(this)
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
    if (this.permissions.isReadOnly) return 'mission-read-only'
    const { nodeId } = this.#parts.identity
    if (this.permissions.mayWrite(nodeId)) return undefined
    return this.permissions.cutsOn(nodeId).length > 0 ? 'removed' : 'not-a-member'
  }

  /** Answers when all are durable. All or none are taken for writing; the order is kept. */
  async write(requests: readonly WriteRequest[]): Promise<Result<readonly ChangeName[]>> {
    const refused = this.writeProblem()
    if (refused !== undefined) return fail(refused)
    const odd = refuseRequests(requests)
    if (odd !== undefined) return { ok: false, problem: odd }
    // Only who does not say what was seen needs to know what is current.
    const needsFold = requests.some((request) => request.seen === undefined || isDeletion(request))
    const fold = needsFold ? await kept(this.#live.wake()) : undefined
    if (fold?.ok === false) return fold
    return this.#append(requests.map((request) => () => this.#lineNow(request, fold?.value)))
  }

  /** Says in our own log that an author has a role from now on, if that gives it more rights than it has. */
  async admit(
    author: NodeId,
    { role = this.signed.create.defaultRole, asksToDelete = false }: { role?: Role; asksToDelete?: boolean } = {}
  ): Promise<Result<readonly ChangeName[]>> {
    const at = this.#parts.clock.now()
    const line = admitLine(at, author, role, asksToDelete && role === 'subscriber' ? 'request' : undefined)
    return this.#administer(parseChange(line) as AdmitChange, [line])
  }

  /** Resolves when nothing is on its way to disk. */
  settled(): Promise<void> {
    return this.logs.settled()
  }

  /** @param keeping what makes the next start short; not when the files are to be read anew. */
  async close(keeping: 'keeping a checkpoint' | 'keeping nothing' = 'keeping a checkpoint'): Promise<void> {
    await this.#own.settled()
    await this.logs.settled()
    await this.#forks.looked()
    await this.#live.close()
    await this.#saving
    await this.received.settled()
    if (keeping === 'keeping a checkpoint') await this.#checkpoint('at the end')
    else for (const path of [checkpointPath(this.id), viewPath(this.id)]) await this.#parts.disk.remove(path)
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
  #lineNow(request: WriteRequest, fold: Fold | undefined): JsonObject {
    if (fold === undefined) return this.#lineFor(request, request.seen ?? [])
    let seen = request.seen ?? this.#currentNames(fold, request.entity, request.field)
    if (isDeletion(request)) seen = [...seen, ...this.#otherNames(fold, request.entity)].slice(0, limits.seen)
    while (seen.length > 0 && !fitsLine(this.#lineFor(request, seen))) seen = seen.slice(0, -1)
    return this.#lineFor(request, seen)
  }

  /** What is current, with own writes of this very commit taken as done. */
  #currentNames(fold: Fold, entity: string, field: string): readonly ChangeName[] {
    const current = fold.current(entity, field)
    const own = this.#onTheWay.get(`${entity}\n${field}`)
    const names = own === undefined ? current : [own.current, ...current.filter((name) => !own.replaced.has(name))]
    return names.slice(0, limits.seen)
  }

  /** What a deletion takes away: so everybody can tell what was written without knowing of it. */
  #otherNames(fold: Fold, entity: string): readonly ChangeName[] {
    const fields = fold.entity(entity)?.fields ?? []
    return fields
      .filter(({ field }) => field !== deletedField)
      .flatMap(({ field }) => this.#currentNames(fold, entity, field))
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
    this.#note(run.lines)
    // Before the fold, which peers need not wait for.
    this.#parts.events.onRun(this, run)
    this.#fold(run.lines)
    this.#parts.events.onSaved(undefined)
    this.#parts.events.onChange(this)
  }

  /** Durable lines: who counts first, then what they say; of a bulk transfer that waits until it is over. */
  #take(lines: readonly LogLine[]): void {
    this.#note(lines)
    if (lines.length <= bounds.foldAtOnce) this.#fold(lines)
    else this.#live.putOff()
  }

  #fold(lines: readonly LogLine[]): void {
    const [first] = lines
    const last = first === undefined ? 0 : this.logs.countingSeq(logKey(first.log))
    this.#live.take(last >= (lines.at(-1)?.seq ?? 0) ? lines : lines.filter(({ seq }) => seq <= last))
    this.#checkpointSoon()
  }

  /** What of new lines is more than a change of an entity: who writes, and who decides what. */
  #note(lines: readonly LogLine[]): void {
    if (this.#noteAll(lines)) this.#judgeAnew()
  }

  /** Says whether there is something to judge. */
  #noteAll(lines: readonly LogLine[]): boolean {
    let isJudged = true
    for (const line of lines) {
      if (isWrite(line)) continue
      const { log, seq, hash, line: content } = line
      if (seq === 1) {
        const start = parseStartLine(content, log.author)
        if (start !== undefined) this.names.set(log.author, start.callsign)
      }
      if (!isDecision(content)) continue
      const change = parseChange(content) as AdminLine['change']
      this.#admins.push({ log, seq, hash: hash.toString('hex'), name: nameOfLine(line), change })
      isJudged = false
    }
    return !isJudged
  }

  /** All is read: now it is judged. */
  async #opened(): Promise<void> {
    await this.#forks.open()
    this.#isRead = true
    this.permissions = this.#judge()
    await this.#forks.looked()
    this.logs.limit((log) => this.#forks.limitOf(log, this.permissions))
    this.#isOpen = true
  }

  #judge(): Permissions {
    const judged = permissionsOf(this.signed.create, this.#admins, this.#forks.points(), (log, seq, hash) =>
      this.#forks.holds(log, { seq, hash })
    )
    for (const fork of this.#forks.points()) {
      const limit = judged.limitOf(fork)
      if (limit?.fork !== undefined) this.#forks.holds(fork, limit)
    }
    return judged
  }

  /** Another branch of a log counts from now on: with its administrative lines, and without those of the one before. */
  #goOnIn(branch: Branch, lines: readonly LogLine[]): void {
    const key = logKey(branch.id)
    this.logs.choose(branch)
    this.#admins = this.#admins.filter(({ log }) => logKey(log) !== key)
    this.#noteAll(lines)
    this.#live.startOver()
  }

  /** Of such a log only what was asked for is taken: two who give different branches at once would mix them. */
  isSought(log: LogId): boolean {
    return this.#forks.soughtIn(log, this.permissions) !== undefined
  }

  /** What peers are to be asked for of forked logs, whatever our heads say of them. */
  sought(): readonly Head[] {
    return this.#forks.sought(this.permissions)
  }

  /** Changes when forked logs count in another way: then what was said about how far they are held is no longer true. */
  get forkState(): string {
    return this.#forks.state(this.permissions)
  }

  /** Where a run of another branch parts from what is held; `earlier`: before the run; `same`: nowhere in it. */
  findFork(run: Run): Promise<ForkProof | 'earlier' | 'same'> {
    return this.#forks.find(run)
  }

  /** Takes a proof, ours or another's: from now on that log ends where it parts. Says whether it was news. */
  async addFork(proof: ForkProof): Promise<boolean> {
    // Of members only: a proof needs nobody's leave but its author's, and strangers can make as many as they like.
    if (!this.permissions.members.has(proof.runs[0].header.author)) return false
    const added = this.#forks.add(proof)
    if (!added.isNew) return false
    this.#own.end(proof.runs[0].header)
    this.#judgeAnew()
    this.#parts.events.onFork(this, proof)
    this.#parts.events.onChange(this)
    const saved = await kept(added.saved)
    if (!saved.ok) this.#parts.events.onSaved(saved.problem)
    return true
  }

  /** What peers have to know before changes. */
  forkProofs(): readonly ForkProof[] {
    return this.#forks.proofs()
  }

  /** Ends an author's part here: what is held of it counts, nothing else will (docs/protocol/missions.md#limits). */
  async remove(author: NodeId): Promise<Result<readonly ChangeName[]>> {
    const heads = this.logs.logsOf(author).flatMap(({ id }) => {
      const seq = this.logs.countingSeq(logKey(id))
      const hash = this.logs.countingHash(logKey(id))
      return seq === 0 ? [] : [{ epoch: id.epoch, seq, hash }]
    })
    const at = this.#parts.clock.now()
    return this.#administer({ kind: 'admin/cut', at, author, heads }, cutLines(at, author, heads))
  }

  /** Lifts what ended an author's part, as far as this node may. */
  async takeBack(author: NodeId): Promise<Result<readonly ChangeName[]>> {
    const lifts = liftsOf(this.permissions, this.#parts.identity.nodeId, author)
    const at = this.#parts.clock.now()
    return this.#administer({ kind: 'admin/adopt', at, author, heads: [], lifts }, [adoptLine(at, author, [], lifts)])
  }

  /** Says which branch of a forked log counts, up to a line that is known here (docs/protocol/missions.md#limits). */
  async settleFork({ author, epoch, seq, hash }: Head): Promise<Result<readonly ChangeName[]>> {
    const at = this.#parts.clock.now()
    const change = { kind: 'admin/settle', at, author, epoch, seq, hash } as const
    const refused = administerProblem(this.permissions, this.#parts.identity.nodeId, change)
    if (refused !== undefined) return fail(refused)
    const isKnown = await kept(this.#forks.isKnown(change, change, this.permissions))
    if (!isKnown.ok) return isKnown
    // A line that nobody has would end the log for ever: of two words of one rank the larger number counts.
    if (!isKnown.value) return fail('nothing-to-change', 'no such line is known here')
    return this.#administer(change, [settleLine(at, author, change)])
  }

  /** Forked logs, each with the ends of the branches that are known here. Rejects when the disk does not give them. */
  forks(): Promise<readonly Fork[]> {
    return this.#forks.list(this.permissions)
  }

  /** Gives somebody this role, or takes rights away, as an owner may (docs/protocol/missions.md#changing-a-role). */
  async setRole(author: NodeId, role: Role): Promise<Result<readonly ChangeName[]>> {
    const steps = roleSteps(this.permissions, this.#parts.identity.nodeId, author, role)
    if (typeof steps === 'string') return fail(steps)
    if (steps.kind === 'cut') return this.remove(author)
    const at = this.#parts.clock.now()
    const lines: JsonObject[] = []
    if (steps.lifts.length > 0) lines.push(adoptLine(at, author, [], steps.lifts))
    if (steps.admits) lines.push(admitLine(at, author, role))
    return this.#append(lines.map((line) => () => line))
  }

  /** Up to where an author's logs count, and where what is held of them ends; the oldest first. */
  beyond(author: NodeId): readonly { readonly id: LogId; readonly counts: number; readonly head: Point }[] {
    const { isCut, limits: ends } = this.permissions.reachOf(author)
    if (!isCut && ends.size === 0 && this.permissions.counts(author)) return []
    return this.logs
      .logsOf(author)
      .map(({ id, head }) => ({ id, counts: this.logs.countingSeq(logKey(id)), head }))
      .filter(({ counts, head }) => head.seq > counts)
  }

  /** Takes in what is held of an author beyond what counts; its part stays ended where it was. */
  async adoptBeyond(author: NodeId): Promise<Result<readonly ChangeName[]>> {
    const heads = this.beyond(author).map(({ id, head }) => ({
      epoch: id.epoch,
      seq: head.seq,
      hash: head.hash.toString('hex')
    }))
    if (heads.length === 0) return fail('nothing-to-change')
    const at = this.#parts.clock.now()
    return this.#administer({ kind: 'admin/adopt', at, author, heads, lifts: [] }, adoptLines(at, author, heads))
  }

  async #administer(change: AdminChange, lines: readonly JsonObject[]): Promise<Result<readonly ChangeName[]>> {
    const refused = administerProblem(this.permissions, this.#parts.identity.nodeId, change)
    return refused === undefined ? this.#append(lines.map((line) => () => line)) : fail(refused)
  }

  /** While it is read, nothing is judged: at the end all is. */
  #judgeAnew(which: 'where the table differs' | 'also where the table is the same' = 'where the table differs'): void {
    const before = this.permissions
    if (this.#isRead) this.permissions = this.#judge()
    if (!this.#isOpen) return
    const affected = affectedBy(before, this.permissions)
    if (affected.size === 0 && which === 'where the table differs') return
    this.logs.limit((log) => this.#forks.limitOf(log, this.permissions))
    this.#live.wakeSoon()
    for (const author of affected) if (this.permissions.counts(author)) this.#drain(author)
  }

  /** Now and then what a start would have to read is put into a checkpoint; the more there is, the rarer. */
  #checkpointSoon(): void {
    const uncovered = this.logs.bytes - this.#covered
    if (uncovered < Math.max(bounds.uncoveredBytes, 8 * this.#checkpointBytes) || !this.#live.isUpToDate) return
    this.#saving ??= this.#checkpoint('on the way').finally(() => {
      this.#saving = undefined
    })
  }

  /** Never fails, and nothing is kept of damaged files: those are read whole. A cache that could not be written is made again from the journal. */
  async #checkpoint(when: 'on the way' | 'at the end'): Promise<void> {
    const { disk } = this.#parts
    if (this.logs.hasBreaks) return
    try {
      if (when === 'at the end' || this.#live.wantsSaving) await this.#live.save()
      const covered = [...this.logs.coverage()]
      const size = covered.reduce((sum, [, bytes]) => sum + bytes, 0)
      const isFolded = this.#live.isUpToDate
      // Without a summary only at the end: what a bulk transfer brought need not be read and verified again to be folded.
      if (when === 'on the way' && !isFolded) return
      if (size === this.#covered && (this.#isSummarised || !isFolded)) return
      const bytes = encodeCheckpoint({
        header: this.#header,
        covered,
        logs: this.logs.state(),
        admins: this.#admins,
        ...(isFolded ? { summary: this.summary } : {})
      })
      await disk.replace(checkpointPath(this.id), bytes)
      this.#covered = size
      this.#isSummarised = isFolded
      this.#checkpointBytes = bytes.length
    } catch {
      // The next one covers it.
    }
  }

  #wait(run: Run): Received {
    const kind = this.#waiting.add(run)
    if (kind === 'waiting') this.#parts.events.onChange(this)
    return { kind: kind === 'full' ? 'full' : 'waiting' }
  }

  #drain(author: NodeId): void {
    // What does not verify is dropped: which peer brought it is no longer known.
    for (const run of this.#waiting.takeOf(author)) this.receive(run)
  }
}

function isDeletion({ field, value }: WriteRequest): boolean {
  return field === deletedField && value === true
}

function checkpointPath(id: MissionId): string {
  return `${missionFolder(id)}/checkpoint.json`
}

function viewPath(id: MissionId): string {
  return `${missionFolder(id)}/view.bin`
}

/** Numbers that are near each other, from first to last: reading what lies between costs less than looking twice. */
function stretches(sorted: readonly number[]): readonly (readonly [from: number, to: number])[] {
  const found: [number, number][] = []
  for (const number of sorted) {
    const last = found.at(-1)
    if (last !== undefined && number - last[1] <= near) last[1] = number
    else found.push([number, number])
  }
  return found
}

const near = 32
