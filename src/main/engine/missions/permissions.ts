/**
 * Whose changes count (docs/protocol/missions.md): from the create record and the administrative lines of a mission to
 * the table of who may do what, and up to where each log has effect. The table depends on the set of lines only; no
 * clock and no order of arrival decides. What has no effect is not needed: the lines that count give the same table.
 */
import type { ChangeName, NodeId, Role } from '@shared/model.js'
import { earlierFork, type ForkPoint } from '../logs/fork.js'
import { logKey, type LogId, type LogKey } from '../logs/run.js'
import type { AcceptedHead, AdminChange, UnknownChange } from './change.js'
import { creatorOf, foldVersion, type CreateRecord } from './create-record.js'

/** A line of a kind under `admin/`. */
export interface AdminLine {
  readonly log: LogId
  readonly seq: number
  /** Chain hash at seq, hex. */
  readonly hash: string
  readonly name: ChangeName
  readonly change: AdminChange | UnknownChange
}

/** A point of a log: its lines up to `seq`; 0: none. */
export interface Point {
  readonly seq: number
  /** Chain hash at seq, hex; empty for 0. */
  readonly hash: string
}

/** Up to where the lines of a log have effect. */
export interface Limit extends Point {
  /** A fork that was settled: lines from its `first` on have effect only in a chain that goes through this limit. */
  readonly fork?: ForkPoint
}

export interface Membership {
  readonly role: Role
  /** Left out for the owners of the create record. */
  readonly admittedBy?: NodeId
  /** Of owners: the creator has 0; a smaller number is a higher rank. */
  readonly rank?: number
  /** Cut: what it wrote before may count, nothing new will. */
  readonly isRemoved: boolean
  /** What it deletes is a request. */
  readonly asksToDelete?: true
}

/** A cut that nobody lifted. */
export interface StandingCut {
  readonly name: ChangeName
  readonly by: NodeId
  /** Of the owner who cut; left out when the author ended itself, which nobody lifts. */
  readonly rank?: number
}

/** Whether the chain of a log, as it is held here, has this hash (hex) at this number. */
export type HoldsPoint = (log: LogId, seq: number, hash: string) => boolean

/** How far one author's logs reach, whether or not it is a member. */
export interface Reach {
  /** Cut: logs without a limit of their own have no effect at all. */
  readonly isCut: boolean
  readonly limits: ReadonlyMap<string, Limit>
  readonly cuts: readonly StandingCut[]
}

const nothing: Limit = { seq: 0, hash: '' }
const unlimited: Reach = { isCut: false, limits: new Map(), cuts: [] }

export class Permissions {
  readonly members: ReadonlyMap<NodeId, Membership>
  /** Somebody decided something here that this version does not understand. */
  readonly isReadOnly: boolean
  /** Members whose deletions are requests; the same set has the same order. */
  readonly askers: readonly NodeId[]
  readonly #reaches: ReadonlyMap<NodeId, Reach>
  readonly #forks: ReadonlyMap<LogKey, ForkPoint>

  constructor(parts: {
    readonly members: ReadonlyMap<NodeId, Membership>
    readonly isReadOnly: boolean
    readonly reaches: ReadonlyMap<NodeId, Reach>
    readonly forks: ReadonlyMap<LogKey, ForkPoint>
  }) {
    this.members = parts.members
    this.askers = [...parts.members].flatMap(([node, { asksToDelete }]) => (asksToDelete === true ? [node] : [])).sort()
    this.isReadOnly = parts.isReadOnly
    this.#reaches = parts.reaches
    this.#forks = parts.forks
  }

  /** Whether lines of this author have effect, up to the limits of its logs. */
  counts(author: NodeId): boolean {
    return mayWriteAs(this.members.get(author)?.role)
  }

  /** Whether what this author writes from now on can have effect. */
  mayWrite(author: NodeId): boolean {
    return this.counts(author) && this.members.get(author)?.isRemoved === false
  }

  /** Up to where the lines of a log have effect; `undefined`: all of them. */
  limitOf(log: LogId): Limit | undefined {
    return this.counts(log.author) ? limitIn(this.reachOf(log.author), log.epoch) : nothing
  }

  /** What ended an author, also one that is no member. */
  cutsOn(author: NodeId): readonly StandingCut[] {
    return this.reachOf(author).cuts
  }

  /** Where a log parts, settled or not. */
  forkOf(log: LogId): ForkPoint | undefined {
    return this.#forks.get(logKey(log))
  }

  /** Limits as the administrative lines set them, members or not. */
  reachOf(author: NodeId): Reach {
    return this.#reaches.get(author) ?? unlimited
  }

  /** Everybody about whom anything is said. */
  authors(): ReadonlySet<NodeId> {
    return new Set([...this.members.keys(), ...this.#reaches.keys()])
  }
}

export function mayWriteAs(role: Role | undefined): boolean {
  return role === 'owner' || role === 'subscriber'
}

/** The last line with effect of a log that is held up to `tip`. */
export function effectiveEnd(limit: Limit | undefined, log: LogId, tip: number, holds: HoldsPoint): number {
  if (limit === undefined) return tip
  const isOtherBranch = limit.fork !== undefined && !holds(log, limit.seq, limit.hash)
  return Math.min(tip, isOtherBranch ? limit.fork.first - 1 : limit.seq)
}

/**
 * The table for a set of administrative lines and forks, in any order, duplicates too. Owners are judged from the highest
 * rank down, each under what those above it said; then everybody whom they admitted, and so on.
 */
export function permissionsOf(
  create: CreateRecord,
  lines: Iterable<AdminLine>,
  forks: Iterable<ForkPoint>,
  holds: HoldsPoint
): Permissions {
  return new Judge(lines, forks, holds).judge(create)
}

/** Authors whose rights or limits differ: only their lines are to be looked at again. */
export function affectedBy(before: Permissions, after: Permissions): ReadonlySet<NodeId> {
  const affected = new Set<NodeId>()
  for (const author of new Set([...before.authors(), ...after.authors()]))
    if (!isSameFor(author, before, after)) affected.add(author)
  return affected
}

function isSameFor(author: NodeId, before: Permissions, after: Permissions): boolean {
  const [one, other] = [before.members.get(author), after.members.get(author)]
  if (one?.role !== other?.role || one?.isRemoved !== other?.isRemoved) return false
  if (one?.asksToDelete !== other?.asksToDelete) return false
  if (!after.counts(author)) return true
  const [reach, next] = [before.reachOf(author), after.reachOf(author)]
  if (reach.limits.size !== next.limits.size) return false
  return [...reach.limits].every(([epoch, limit]) => isSameLimit(limit, next.limits.get(epoch)))
}

function isSameLimit(one: Limit, other: Limit | undefined): boolean {
  return one.seq === other?.seq && one.hash === other.hash && one.fork?.first === other.fork?.first
}

/** What owners said about one author. */
interface Decrees {
  readonly cuts: Map<
    ChangeName,
    { readonly by: NodeId; readonly rank: number; readonly heads: readonly AcceptedHead[] }
  >
  readonly adopts: { readonly rank: number; readonly heads: readonly AcceptedHead[] }[]
  /** Cuts that are lifted: the highest rank that said so. */
  readonly lifts: Map<ChangeName, number>
  readonly settles: (AcceptedHead & { readonly rank: number })[]
}

class Judge {
  readonly #lines: ReadonlyMap<NodeId, readonly AdminLine[]>
  /** One per log: the earliest. */
  readonly #forks: ReadonlyMap<NodeId, readonly ForkPoint[]>
  readonly #holds: HoldsPoint
  readonly #decrees = new Map<NodeId, Decrees>()
  /** Lines with effect, of authors who may write: final once asked for. */
  readonly #counting = new Map<NodeId, readonly AdminLine[]>()
  readonly #reaches = new Map<NodeId, Reach>()

  constructor(lines: Iterable<AdminLine>, forks: Iterable<ForkPoint>, holds: HoldsPoint) {
    this.#lines = groupBy(lines, ({ log }) => log.author)
    const earliest = new Map<LogKey, ForkPoint>()
    for (const fork of forks) earliest.set(logKey(fork), earlierFork(earliest.get(logKey(fork)), fork))
    this.#forks = groupBy(earliest.values(), ({ author }) => author)
    this.#holds = holds
  }

  judge(create: CreateRecord): Permissions {
    const members = this.#owners(create)
    this.#admitted(members)
    const deleters = this.#deleters(members)
    for (const [author, membership] of members)
      if (membership.role === 'subscriber' && !deleters.has(author))
        members.set(author, { ...membership, asksToDelete: true })
    let isReadOnly = create.fold > foldVersion
    for (const [author, { role }] of members) {
      if (!mayWriteAs(role)) continue
      if (this.#effective(author).some(({ change }) => change.kind === 'unknown')) isReadOnly = true
    }
    for (const author of [...this.#decrees.keys(), ...this.#forks.keys()])
      if (!this.#reaches.has(author)) this.#reaches.set(author, this.#reachOf(author))
    for (const [author, membership] of members)
      if (this.#reaches.get(author)?.isCut === true) members.set(author, { ...membership, isRemoved: true })
    const forks = new Map([...this.#forks.values()].flat().map((fork) => [logKey(fork), fork]))
    return new Permissions({ members, isReadOnly, reaches: this.#reaches, forks })
  }

  /** Each owner is judged after all of a higher rank, so what limits it is known. */
  #owners(create: CreateRecord): Map<NodeId, Membership> {
    const owners = new Map<NodeId, Membership>()
    const queue: NodeId[] = []
    const add = (node: NodeId, admittedBy?: NodeId) => {
      if (owners.has(node)) return
      const by = admittedBy === undefined ? {} : { admittedBy }
      owners.set(node, { role: 'owner', ...by, rank: queue.length, isRemoved: false })
      queue.push(node)
    }
    for (const node of [creatorOf(create), ...create.deputies]) add(node)
    for (let rank = 0; rank < queue.length; rank++) {
      const owner = queue[rank]
      if (owner === undefined) break
      const granted = new Set<NodeId>()
      for (const { name, change } of this.#effective(owner)) {
        if (change.kind === 'unknown') continue
        // Not of those above, and not of itself: its own cut of itself is no decree.
        if ((owners.get(change.author)?.rank ?? Infinity) <= rank) continue
        if (change.kind !== 'admin/admit') this.#decree(owner, rank, name, change)
        else if (change.role === 'owner') granted.add(change.author)
      }
      for (const node of [...granted].sort()) add(node, owner)
    }
    return owners
  }

  /** From the owners outward; who admits nearest to them is named, ties by rank or ID. */
  #admitted(members: Map<NodeId, Membership>): void {
    const readers = new Map<NodeId, NodeId>()
    let nearest: readonly NodeId[] = [...members.keys()]
    while (nearest.length > 0) {
      const next: NodeId[] = []
      for (const by of nearest)
        for (const { change } of this.#effective(by)) {
          if (change.kind !== 'admin/admit' || members.has(change.author)) continue
          if (change.role === 'subscriber') {
            members.set(change.author, { role: 'subscriber', admittedBy: by, isRemoved: false })
            next.push(change.author)
          } else if (change.role === 'read-only' && !readers.has(change.author)) readers.set(change.author, by)
        }
      nearest = next.sort()
    }
    for (const [node, admittedBy] of readers)
      if (!members.has(node)) members.set(node, { role: 'read-only', admittedBy, isRemoved: false })
  }

  /** Owners, and whom these and those admitted without restriction: nobody gives a right that it does not have. */
  #deleters(members: ReadonlyMap<NodeId, Membership>): ReadonlySet<NodeId> {
    const deleters = new Set([...members].flatMap(([node, { role }]) => (role === 'owner' ? [node] : [])))
    // A set is walked in the order in which it grows.
    for (const by of deleters)
      for (const { change } of this.#effective(by)) {
        if (change.kind !== 'admin/admit' || change.role !== 'subscriber' || change.deletions !== undefined) continue
        if (members.get(change.author)?.role === 'subscriber') deleters.add(change.author)
      }
    return deleters
  }

  #decree(by: NodeId, rank: number, name: ChangeName, change: Exclude<AdminChange, { kind: 'admin/admit' }>): void {
    let decrees = this.#decrees.get(change.author)
    if (decrees === undefined) {
      decrees = { cuts: new Map(), adopts: [], lifts: new Map(), settles: [] }
      this.#decrees.set(change.author, decrees)
    }
    switch (change.kind) {
      case 'admin/cut':
        decrees.cuts.set(name, { by, rank, heads: change.heads })
        return
      case 'admin/adopt':
        decrees.adopts.push({ rank, heads: change.heads })
        // Owners speak in the order of their ranks, so the first is the highest.
        for (const lifted of change.lifts) if (!decrees.lifts.has(lifted)) decrees.lifts.set(lifted, rank)
        return
      case 'admin/settle':
        decrees.settles.push({ rank, epoch: change.epoch, seq: change.seq, hash: change.hash })
    }
  }

  /** Lines of an author that have effect, if it may write. */
  #effective(author: NodeId): readonly AdminLine[] {
    const known = this.#counting.get(author)
    if (known !== undefined) return known
    const given = this.#reachOf(author)
    const within = this.#within(author, given)
    const reach = ended(given, within)
    const lines = reach === given ? within : this.#within(author, reach)
    this.#reaches.set(author, reach)
    this.#counting.set(author, lines)
    return lines
  }

  #within(author: NodeId, reach: Reach): readonly AdminLine[] {
    const lines = this.#lines.get(author) ?? []
    if (reach === unlimited) return lines
    return lines.filter(({ log, seq }) => effectiveEnd(limitIn(reach, log.epoch), log, seq, this.#holds) === seq)
  }

  /** What others and forks leave of an author. */
  #reachOf(author: NodeId): Reach {
    const decrees = this.#decrees.get(author)
    const forks = this.#forks.get(author)
    if (decrees === undefined && forks === undefined) return unlimited
    const standing = [...(decrees?.cuts ?? [])].filter(
      ([name, { rank }]) => (decrees?.lifts.get(name) ?? Infinity) > rank
    )
    const isCut = standing.length > 0
    const limits: Map<string, Limit> = isCut
      ? acceptedHeads(
          standing.map(([, cut]) => cut),
          decrees?.adopts ?? []
        )
      : new Map()
    for (const fork of forks ?? []) {
      const settled = chosen(fork, decrees?.settles ?? [])
      const forked = settled === undefined ? before(fork) : { seq: settled.seq, hash: settled.hash, fork }
      const cut = limits.get(fork.epoch)
      if (cut !== undefined) limits.set(fork.epoch, meet(forked, cut))
      else if (!isCut) limits.set(fork.epoch, forked)
    }
    return { isCut, limits, cuts: standing.map(([name, { by, rank }]) => ({ name, by, rank })) }
  }
}

function limitIn({ isCut, limits }: Reach, epoch: string): Limit | undefined {
  return limits.get(epoch) ?? (isCut ? nothing : undefined)
}

/** Ranks from the highest down: what a cut leaves out, an adopt of its rank or above may bring back. */
function acceptedHeads(
  cuts: readonly { readonly rank: number; readonly heads: readonly AcceptedHead[] }[],
  adopts: readonly { readonly rank: number; readonly heads: readonly AcceptedHead[] }[]
): Map<string, Limit> {
  const cutsOf = groupBy(cuts, ({ rank }) => rank)
  const adoptsOf = groupBy(adopts, ({ rank }) => rank)
  const adopted = new Map<string, Point>()
  let accepted: ReadonlyMap<string, Point> | undefined
  for (const rank of [...new Set([...cutsOf.keys(), ...adoptsOf.keys()])].sort((a, b) => a - b)) {
    for (const { heads } of adoptsOf.get(rank) ?? [])
      for (const { epoch, seq, hash } of heads) adopted.set(epoch, further(adopted.get(epoch), { seq, hash }))
    const left = common((cutsOf.get(rank) ?? []).map(({ heads }) => heads))
    if (left === undefined) continue
    for (const [epoch, point] of adopted) left.set(epoch, further(left.get(epoch), point))
    accepted = accepted === undefined ? left : inBoth(accepted, left)
  }
  return new Map(accepted)
}

/** What all of several lists accept. */
function common(lists: readonly (readonly AcceptedHead[])[]): Map<string, Point> | undefined {
  let all: Map<string, Point> | undefined
  for (const heads of lists) {
    const one = new Map(heads.map(({ epoch, seq, hash }) => [epoch, { seq, hash }]))
    all = all === undefined ? one : inBoth(all, one)
  }
  return all
}

function inBoth(one: ReadonlyMap<string, Point>, other: ReadonlyMap<string, Point>): Map<string, Point> {
  const both = new Map<string, Point>()
  for (const [epoch, point] of one) {
    const match = other.get(epoch)
    if (match !== undefined) both.set(epoch, nearer(point, match))
  }
  return both
}

function nearer(one: Point, other: Point): Point {
  return one.seq < other.seq || (one.seq === other.seq && one.hash <= other.hash) ? one : other
}

function further(one: Point | undefined, other: Point): Point {
  return one === undefined || other.seq > one.seq || (other.seq === one.seq && other.hash < one.hash) ? other : one
}

/** A settled branch counts whole or not at all: a part of it would not show which branch it is of. */
function meet(limit: Limit, cut: Point): Limit {
  if (limit.fork === undefined) return nearer(limit, cut)
  if (cut.seq >= limit.seq) return limit
  return nearer(before(limit.fork), cut)
}

function before({ first, hashBefore }: ForkPoint): Limit {
  return first === 1 ? nothing : { seq: first - 1, hash: hashBefore }
}

/** The word of the highest rank; of several the furthest, ties by hash. */
function chosen(fork: ForkPoint, settles: Decrees['settles']): Decrees['settles'][number] | undefined {
  let best: Decrees['settles'][number] | undefined
  for (const one of settles) {
    if (one.epoch !== fork.epoch || one.seq < fork.first) continue
    if (best === undefined || one.rank < best.rank || (one.rank === best.rank && further(best, one) === one)) best = one
  }
  return best
}

/**
 * What an author leaves of itself by its own cuts: each log that holds one ends at its first, whatever the others say,
 * so that everybody gets these lines; other logs end as all of them say.
 */
function ended(reach: Reach, lines: readonly AdminLine[]): Reach {
  const ends = new Map<string, AdminLine>()
  const heads: (readonly AcceptedHead[])[] = []
  for (const line of lines) {
    if (line.change.kind !== 'admin/cut' || line.change.author !== line.log.author) continue
    const known = ends.get(line.log.epoch)
    if (known === undefined || line.seq < known.seq) ends.set(line.log.epoch, line)
  }
  if (ends.size === 0) return reach
  for (const { change } of ends.values()) if (change.kind === 'admin/cut') heads.push(change.heads)
  const limits = new Map<string, Limit>()
  for (const [epoch, point] of common(heads) ?? []) {
    const limit = limitIn(reach, epoch)
    limits.set(epoch, limit === undefined ? point : meet(limit, point))
  }
  for (const [epoch, { seq, hash }] of ends) {
    const limit = limitIn(reach, epoch)
    const isSettled = limit?.fork !== undefined && seq >= limit.fork.first
    limits.set(epoch, isSettled ? limit : { seq, hash })
  }
  const own = [...ends.values()].map(({ name, log }) => ({ name, by: log.author }))
  return { isCut: true, limits, cuts: [...reach.cuts, ...own] }
}

function groupBy<Key, Value>(values: Iterable<Value>, keyOf: (value: Value) => Key): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}
