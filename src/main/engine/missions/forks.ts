/**
 * The forked logs of one mission (docs/protocol/logs.md#forks): what proves them, which points of them owners chose, and
 * whether a branch that goes through such a point is held here. One that is counts from then on.
 */
import type { Fork, MissionId } from '@shared/model.js'
import { forkProof, type ForkPoint, type ForkProof } from '../logs/fork.js'
import type { Branch, Chosen, LogLine, LogStore } from '../logs/log-store.js'
import { isChained, lastSeq, logKey, runFrom, type Head, type LogId, type Run } from '../logs/run.js'
import { DamageFound, type Disk } from '../storage/disk.js'
import { isDecision } from './change.js'
import { ForkBook } from './fork-book.js'
import type { Limit, Permissions } from './permissions.js'

export interface ForksParts {
  readonly mission: MissionId
  readonly disk: Disk
  readonly folder: string
  readonly logs: LogStore
  /** Before another branch counts; its lines are taken once this resolved. */
  readonly beforeBranch: () => Promise<void>
  /** Another branch of a log counts from now on. @param lines those of it that are more than a change of an entity. */
  readonly onBranch: (branch: Branch, lines: readonly LogLine[]) => void
  /** It is known of one more chosen point whether it is held. */
  readonly onLooked: () => void
  readonly onFailed: (error: unknown) => void
}

export class Forks {
  readonly #parts: ForksParts
  readonly #book: ForkBook
  /** Points that an owner chose, and whether the branch that counts here goes through them. */
  readonly #chosen = new Map<string, 'unknown' | 'held' | 'sought'>()
  /** Looks for chosen points, one after the other. */
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: ForksParts) {
    this.#parts = parts
    this.#book = new ForkBook(parts.disk, parts.folder, parts.mission)
  }

  open(): Promise<void> {
    return this.#book.open()
  }

  points(): readonly ForkPoint[] {
    return this.#book.points()
  }

  proofs(): readonly ForkProof[] {
    return this.#book.proofs()
  }

  add(proof: ForkProof): ReturnType<ForkBook['add']> {
    return this.#book.add(proof)
  }

  /** Asked about few points, those that owners chose: looked for once, and told by `onLooked` when it is known. */
  holds(log: LogId, chosen: Chosen): boolean {
    const known = this.#chosen.get(pointKey(log, chosen))
    if (known === undefined) this.lookFor(log, chosen)
    return known === 'held'
  }

  /** Whether a chosen point is held in some branch; that one counts from then on. */
  lookFor(log: LogId, chosen: Chosen): void {
    const { logs, onBranch, onLooked, onFailed } = this.#parts
    const point = pointKey(log, chosen)
    this.#chosen.set(point, 'unknown')
    const look = async () => {
      const branch = await logs.branchTo(logKey(log), chosen)
      const lines = branch === undefined || logs.isChosen(branch) ? undefined : await this.#readDecisions(branch)
      if (branch !== undefined && lines !== undefined) {
        const key = logKey(branch.id)
        for (const other of this.#chosen.keys()) if (other.startsWith(`${key}.`)) this.#chosen.delete(other)
        onBranch(branch, lines)
      }
      this.#chosen.set(point, branch === undefined ? 'sought' : 'held')
      onLooked()
    }
    this.#looking = this.#looking.then(look).catch((error: unknown) => {
      this.#chosen.delete(point)
      onFailed(error)
    })
  }

  /** Resolves when it is known of each chosen point whether it is held. */
  async looked(): Promise<void> {
    for (let looking; looking !== this.#looking;) await (looking = this.#looking)
  }

  /** How far a log counts: up to the chosen point if its branch is held, else up to where it parts. */
  limitOf(log: LogId, permissions: Permissions): { readonly seq: number; readonly hash: string } | undefined {
    const limit = permissions.limitOf(log)
    const { fork } = limit ?? {}
    if (limit === undefined || fork === undefined || this.#stateOf(log, limit) === 'held') return limit
    return { seq: fork.first - 1, hash: fork.hashBefore }
  }

  /** The chosen point that the branch that counts here does not reach. */
  soughtIn(log: LogId, permissions: Permissions): Chosen | undefined {
    const limit = permissions.limitOf(log)
    return limit?.fork !== undefined && this.#stateOf(log, limit) === 'sought' ? limit : undefined
  }

  /** What peers are to be asked for, whatever our heads say. */
  sought(permissions: Permissions): readonly Head[] {
    return this.points().flatMap((log) => {
      const chosen = this.soughtIn(log, permissions)
      const from = chosen && this.#parts.logs.soughtFrom(log, chosen)
      return from === undefined ? [] : [from]
    })
  }

  /** Changes when forked logs count in another way. */
  state(permissions: Permissions): string {
    return this.points()
      .map((log) => [
        logKey(log),
        JSON.stringify(this.limitOf(log, permissions)),
        String(this.soughtIn(log, permissions)?.hash)
      ])
      .join()
  }

  /** Where a run of another branch parts from what is held; `earlier`: before the run; `same`: nowhere in it. */
  async find(run: Run): Promise<ForkProof | 'earlier' | 'same'> {
    const { logs, mission } = this.#parts
    const key = logKey(run.header)
    const held = logs.log(key)
    let rest = run
    let before = await logs.pointAt(key, run.header.first - 1)
    if (held === undefined || before === undefined || !isChained(run, before)) return 'earlier'
    while (rest.header.count > 0) {
      const ours = await logs.readAfter(key, rest.header.first - 1, held.head.seq)
      if (ours === undefined) break
      const proof = forkProof(mission, held.start.key, before, ours, rest)
      if (typeof proof !== 'string') return proof
      before = { seq: lastSeq(ours.header), hash: Buffer.from(ours.header.hash, 'hex') }
      if (before.seq >= lastSeq(run.header)) break
      rest = runFrom(run, before.seq + 1)
    }
    return 'same'
  }

  /** Each with the ends of the branches that are known here. Rejects when the disk does not give them. */
  async list(permissions: Permissions): Promise<readonly Fork[]> {
    return Promise.all(
      this.points().map(async (fork) => {
        const { author, epoch, first } = fork
        const limit = permissions.limitOf(fork)
        const settled = limit?.fork === undefined ? {} : { settled: { seq: limit.seq, hash: limit.hash } }
        return { author, epoch, first, branches: await this.#ends(fork, permissions), ...settled }
      })
    )
  }

  /** Whether this point is in a branch that is held, or at the end of one that a proof shows. */
  async isKnown(log: LogId, chosen: Chosen, permissions: Permissions): Promise<boolean> {
    const ends = await this.#ends(log, permissions)
    return ends.some(({ seq, hash }) => seq === chosen.seq && hash === chosen.hash) || this.#isHeld(log, chosen)
  }

  #stateOf(log: LogId, { seq, hash }: Limit): 'unknown' | 'held' | 'sought' | undefined {
    return this.#chosen.get(pointKey(log, { seq, hash }))
  }

  /** Lines of a branch that are more than a change of an entity, before it counts. */
  async #readDecisions(branch: Branch): Promise<readonly LogLine[]> {
    const key = logKey(branch.id)
    const found: LogLine[] = []
    // What is durable of it may grow meanwhile.
    for (let read = 0; read < branch.head.seq;) {
      const from = read + 1
      for await (const lines of this.#parts.logs.readLines(key, from, branch.head.seq, branch)) {
        found.push(...lines.filter((line) => line.seq === 1 || isDecision(line.line)))
        read = lines.at(-1)?.seq ?? read
      }
      if (read < from) throw new DamageFound(`${key} from ${String(from)} on`)
    }
    await this.#parts.beforeBranch()
    return found
  }

  /** Of what is held, and of what the proof shows beyond that. */
  async #ends(log: LogId, permissions: Permissions): Promise<readonly Chosen[]> {
    const key = logKey(log)
    const first = permissions.forkOf(log)?.first ?? Infinity
    const ends = this.#parts.logs
      .branchesOf(key)
      .filter(({ head }) => head.seq >= first)
      .map(({ head }) => ({ seq: head.seq, hash: head.hash.toString('hex') }))
    const proof = this.proofs().find(({ runs: [{ header }] }) => logKey(header) === key)
    for (const { header } of proof?.runs ?? []) {
      const end = { seq: lastSeq(header), hash: header.hash }
      if (!(await this.#isHeld(log, end))) ends.push(end)
    }
    return ends
  }

  async #isHeld(log: LogId, { seq, hash }: Chosen): Promise<boolean> {
    const { logs } = this.#parts
    for (const branch of logs.branchesOf(logKey(log)))
      if ((await logs.pointAt(logKey(log), seq, branch))?.hash.toString('hex') === hash) return true
    return false
  }
}

function pointKey(log: LogId, { seq, hash }: Chosen): string {
  return `${logKey(log)}.${String(seq)}.${hash}`
}
