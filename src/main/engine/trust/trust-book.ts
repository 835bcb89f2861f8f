/**
 * What this node's people decided about peers, kept in one signed, hash-chained journal: the only truth for decisions
 * and audit (docs/protocol/trust.md). A revocation acts in memory before it is on disk. If the journal is damaged or
 * gone, revocations may be lost, so nobody is linked until a person confirms.
 */
import { isDeepStrictEqual } from 'node:util'
import { strictBoundary, type Boundary } from '@shared/boundary.js'
import type { AuditEntry, AuditPage, Decision, MissionId, NodeId, RevocationStatement } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { everything, type Scope } from '@shared/scope.js'
import { fail, ok, type Problem, type Result } from '@shared/result.js'
import { lengthPrefixed, sha256 } from '../bytes/hash.js'
import { parseLineText, type JsonObject } from '../bytes/line.js'
import type { RevocationList } from '../certificates/crl.js'
import { authorityId, type KeptList, type Lists } from '../certificates/lists.js'
import { attributeOf, attributes, parseCertificate, type Certificate } from '../certificates/x509.js'
import type { Identity } from '../identity/identity.js'
import { bounds, limits } from '../limits.js'
import { Journal, journalVersion, type Damage } from '../logs/journal.js'
import { LogStore, nameOfLine, type LogLine } from '../logs/log-store.js'
import { OwnLog } from '../logs/own-log.js'
import type { Run } from '../logs/run.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { kept, type Disk } from '../storage/disk.js'
import { Reserve } from '../storage/reserve.js'
import {
  boundaryOf,
  decisionOf,
  parseJournalLine,
  type CertificateLine,
  type DecisionLine,
  type EventLine,
  type JournalLine,
  type ListLine,
  type StatementLine
} from './journal-lines.js'
import { ListShelf } from './list-shelf.js'
import { isRetirement, readStatement, type Statement } from './statement.js'
import { isCounting, StatementShelf, type KeptStatement } from './statement-shelf.js'
import {
  hasEnded,
  introducerOf,
  isVouched,
  letsIn,
  mayBeLetIn,
  mayVouch,
  nextTrust,
  regrounded,
  stranger,
  type Ground,
  type TrustEvent,
  type TrustState
} from './trust-state.js'

const folder = 'trust'
/** How often the disk is asked again for what it did not take. */
const retryMs = 10_000
/** The disk did not take lines that nobody waits for, or that somebody was told of. */
const notSaved = 'not-saved'

export interface TrustBookParts {
  readonly disk: Disk
  readonly identity: Identity
  readonly clock: Clock
  readonly random: Random
  /** The level of this peer changed; whoever holds a link to it asks the policy again. */
  readonly onTrust: (nodeId: NodeId) => void
  readonly onDamage: (damage: Damage) => void
  /** Certificates were accepted or removed, or the audit log grew. */
  readonly onChange: (what: 'certificates' | 'audit') => void
  /** Other federations are dealt with than before: the policy is to be asked again about everybody. */
  readonly onBoundary: () => void
  /** A statement about this node is here, or means something else than before. */
  readonly onStatement: (about: NodeId) => void
  /** The disk did not take a line, or takes all again. */
  readonly onSaved: (problem: Problem | undefined) => void
}

export interface Deciding {
  readonly nodeId: NodeId
  readonly callsign: string
  readonly federation: string
  readonly decision: Decision
  /** SHA-256 of the public key that the peer showed, as far as it is known. */
  readonly key?: string | undefined
  /** Certificates that it rests on: who issued each, and its serial number (hex). */
  readonly rests?: readonly (readonly [authority: string, serial: string])[] | undefined
}

/** A certificate that a person accepted, as a peer's own or as an organisation's. */
export interface Accepted {
  readonly as: 'peer' | 'anchor'
  readonly sha256: string
  readonly name: string
  /** DER. */
  readonly data: Buffer
  readonly at: number
  readonly by: string
  readonly scope: Scope
  readonly until?: number
  /** Only with a revocation list that is not outdated. */
  readonly lists?: 'current'
  /** The same, read. */
  readonly certificate: Certificate
}

/** A revocation list whose signature was checked, on its way to be kept. */
export interface TakenList {
  readonly list: RevocationList
  readonly signer: Certificate
  /** SHA-256 of the accepted certificate that it belongs to. */
  readonly anchor: string
  /** Of the authority. */
  readonly name: string
  /** Callsign of the node where a person imported it. */
  readonly by?: string
  readonly from?: { readonly nodeId: NodeId; readonly callsign: string }
}

interface ListFinding {
  readonly code: 'certificate-revoked' | 'list-lost'
  readonly kept: KeptList
}

export interface AuditFacts {
  readonly node?: NodeId | undefined
  readonly callsign?: string | undefined
  readonly code?: ProblemCode | undefined
  readonly text?: string | undefined
}

export class TrustBook {
  readonly #parts: TrustBookParts
  readonly #logs: LogStore
  readonly #own: OwnLog
  readonly #states = new Map<NodeId, TrustState>()
  readonly #decided = new Map<NodeId, Deciding>()
  /** Name of the line that holds a peer's newest decision, for `overrides`. */
  readonly #decidedIn = new Map<NodeId, string>()
  readonly #accepted = new Map<string, Accepted>()
  readonly #shelf: ListShelf
  readonly #statements = new StatementShelf()
  /** Which node was let in by a certificate's key first, or showed it while a person trusted it; grows only. */
  readonly #owners = new Map<string, NodeId>()
  /** Taken off the list by a person, who decided nothing about them since. */
  readonly #removed = new Set<NodeId>()
  /** Trust was taken away since this start: a yes that was on its way to disk before does not undo it. */
  readonly #takenAway = new Set<NodeId>()
  #boundary: Boundary = strictBoundary
  /** Asked for and not durable yet, or found behind damage: they narrow, and widen nothing. */
  #narrowing: readonly Boundary[] = []
  #audit: AuditEntry[] = []
  #auditCount = 0
  /** What of the audit tells how it came to what is decided about a node; links come and go too often. */
  readonly #histories = new Map<NodeId, AuditEntry[]>()
  #isGood = true
  #isOpen = false
  readonly #knownDamage = new Set<string>()
  #highestTime = 0
  #cancelEnd: () => void = () => undefined
  readonly #reserve: Reserve
  /** Lines that take trust away, or say what is missing, and that the disk did not take yet, by what they are about. */
  readonly #owed = new Map<string, JsonObject>()
  #cancelRetry: (() => void) | undefined
  #keepingUp: Promise<void> = Promise.resolve()
  /** How many beginnings and ends of accepted certificates have come. */
  #moments = 0

  private constructor(parts: TrustBookParts, journal: Journal) {
    this.#parts = parts
    this.#reserve = new Reserve(parts.disk)
    this.#shelf = new ListShelf(parts.disk, folder)
    this.#logs = new LogStore(journalId(parts.identity), journal)
    this.#own = new OwnLog({
      ...parts,
      store: this.#logs,
      onLine: () => undefined,
      onStored: (run) => this.#takeLines(run.lines),
      onFailed: () => undefined
    })
  }

  /**
   * @param isNewNode whether the first start has not yet come this far, so that there can be no journal.
   * @param cameFrom the snapshot that the journal is from: later decisions may be missing, as after damage.
   */
  static async open(parts: TrustBookParts, isNewNode: boolean, cameFrom?: string): Promise<Result<TrustBook>> {
    const journal = new Journal(parts.disk, folder)
    const book = new TrustBook(parts, journal)
    const header = { muster: 'trust', version: journalVersion, node: parts.identity.nodeId }
    const damage: string[] = cameFrom === undefined ? [] : [cameFrom]
    if ((await parts.disk.list(folder)).length === 0) {
      if (!isNewNode) damage.push('the journal is missing')
      await journal.create(header)
    } else {
      const opened = await journal.open({
        onHeader: () => ok(null),
        onRun(stored) {
          const lines = book.#logs.load(stored)
          if (lines === 'damaged') return false
          if (lines === 'unusable') book.#salvage(stored.run)
          else book.#takeLines(lines)
          return true
        },
        onDamage(found) {
          if (found.kind === 'damaged') damage.push(found.aside)
          parts.onDamage(found)
        }
      })
      if (!opened.ok) {
        if (opened.problem.code !== 'file-damaged') return opened
        damage.push(opened.problem.detail ?? 'unreadable')
        await journal.create(header)
      }
    }
    // Damage stays in the file and is found at each start; what a person confirmed once is not asked again.
    const news = damage.filter((place) => !book.#knownDamage.has(place))
    if (news.length > 0) {
      book.#isGood = false // Also when the disk is so full that the note below is lost.
      await book.note('journal-damaged', { code: 'journal-damaged', text: news.join(' ').slice(0, 1000) })
    }
    await book.#shelf.load()
    book.#endRevoked()
    book.#isOpen = true
    book.#scheduleEnd()
    book.#followStatements()
    book.#keepUp()
    return ok(book)
  }

  /** False while decisions may be missing and no person has confirmed that. */
  get isGood(): boolean {
    return this.#isGood
  }

  /** The later of the own clock and the highest time ever seen: a clock set back revives nothing. */
  get time(): number {
    this.#highestTime = Math.max(this.#highestTime, this.#parts.clock.now())
    return this.#highestTime
  }

  stateOf(nodeId: NodeId): TrustState {
    return this.#states.get(nodeId) ?? stranger
  }

  /** Everybody about whom a person decided, as the decision names them: known also when the peer book is lost. */
  decided(): readonly Deciding[] {
    return [...this.#decided.values()]
  }

  /**
   * Takes effect at once; answers when it is durable. What takes trust away stays in force also when the disk did not
   * take it, and is written again until it does.
   */
  async decide({ nodeId, callsign, federation, decision, key, rests }: Deciding): Promise<Result<null>> {
    const overrides = this.#overriddenBy(nodeId, decision)
    const line = compact({ kind: 'decision', node: nodeId, callsign, federation, ...decision, key, rests, overrides })
    // Before it is kept: of two nodes that show one key in the same moment only one gets in.
    if (key !== undefined) this.#claim(key, nodeId)
    if (decision.level === 'trusted') this.#takenAway.delete(nodeId)
    else {
      this.#takenAway.add(nodeId)
      this.#step(nodeId, { kind: 'decided', decision, federation })
    }
    // What gives trust counts only once it is kept; what takes it away counted from the first moment.
    if (decision.level !== 'trusted') return this.#takeAway(nodeId, line)
    const written = await this.#write(line)
    if (written.ok) this.#owed.delete(nodeId)
    return written
  }

  /** What a person's decision for a peer lifts: its revocation, and all that was said against it until now. */
  #overriddenBy(nodeId: NodeId, decision: Decision): readonly string[] | undefined {
    if (decision.level === 'revoked' || isVouched({ level: decision.level, decision })) return undefined
    const line = this.stateOf(nodeId).level === 'revoked' ? this.#decidedIn.get(nodeId) : undefined
    const names = this.#statements.about(nodeId).map(({ name }) => name)
    const overrides = line === undefined ? names : [line, ...names]
    return overrides.length === 0 ? undefined : overrides
  }

  /** SHA-256 of the public keys of certificates that are known to be this node's. */
  keysOf(nodeId: NodeId): readonly string[] {
    return [...this.#owners].flatMap(([key, owner]) => (owner === nodeId ? [key] : []))
  }

  statement(name: string): Statement | undefined {
    return this.#statements.get(name)
  }

  /** Whether it is here, or on its way to disk. */
  hasStatement(name: string): boolean {
    return this.#statements.has(name)
  }

  /** Whether this one, which is not here yet, would shut somebody out. */
  wouldCount(statement: Statement): boolean {
    return this.#isCounting(statement)
  }

  statementsTold(): readonly Statement[] {
    return this.#statements.told(this.#ownId)
  }

  /** What was said about a node, the oldest first. */
  statementsAbout(nodeId: NodeId): readonly (KeptStatement & Pick<RevocationStatement, 'effect'>)[] {
    return this.#statements.about(nodeId).map((one) => ({ ...one, effect: this.#effectOf(one) }))
  }

  #effectOf(statement: Statement): RevocationStatement['effect'] {
    if (isRetirement(statement)) return 'retired'
    if (this.#statements.isLifted(statement.name)) return 'overridden'
    const isGround = this.stateOf(statement.node).decision?.statement?.name === statement.name
    return isGround || this.#isCounting(statement) ? 'counts' : 'advice'
  }

  /** It said itself that it is out of use. */
  isRetired(nodeId: NodeId): boolean {
    return this.#statements.isRetired(nodeId)
  }

  /**
   * Keeps a verified statement for good. One that counts takes effect at once and is written until the disk takes it; one
   * that is advice is here once it is durable. `too-many`: there is no room for it.
   *
   * @param from left out: said here.
   */
  async takeStatement(
    statement: Statement,
    from?: { readonly nodeId: NodeId; readonly callsign: string }
  ): Promise<Result<null>> {
    if (this.#statements.has(statement.name)) return ok(null)
    const counts = this.#isCounting(statement)
    const isKnown = (id: NodeId) => id === this.#ownId || this.#decided.has(id)
    if (from !== undefined && !this.#statements.hasRoomFor(statement, { from: from.nodeId, counts, isKnown }))
      return fail('too-many', 'statements of revocation')
    const { text, signature, name } = statement
    const line = compact({
      ...{ kind: 'statement', at: this.#parts.clock.now(), text, signature },
      ...{ node: from?.nodeId, callsign: from?.callsign }
    })
    const kept = { ...statement, from: from?.nodeId }
    if (!counts) return this.#statements.during(kept, this.#write(line))
    this.#addStatement(kept)
    const written = await this.#takeAway(`statement ${name}`, line)
    this.#followStatements()
    return written
  }

  get #ownId(): NodeId {
    return this.#parts.identity.nodeId
  }

  #isCounting(statement: Statement): boolean {
    const stateOf = (id: NodeId) => this.stateOf(id)
    return isCounting(statement, { ownId: this.#ownId, stateOf, time: this.time, shelf: this.#statements })
  }

  #addStatement(statement: KeptStatement): void {
    if (!this.#statements.add(statement)) return
    const { node } = statement
    if (isRetirement(statement) && node !== this.#ownId)
      this.#step(node, { kind: 'retired', decision: this.#revocationBy(statement) })
    this.#parts.onStatement(node)
    this.#followStatements()
  }

  /** Revokes whom a statement names that counts now: a right to revoke may have been given after it came. */
  #followStatements(): void {
    // While the journal is read, a later line may still change what an earlier one says, and nothing can be written.
    if (!this.#isOpen) return
    for (const statement of this.#statements.all()) {
      const { node, name, keys, callsign } = statement
      const before = this.stateOf(node)
      const isGround = before.decision?.statement?.name === name && !isRetirement(statement)
      if (isGround) for (const key of keys) this.#claim(key, node)
      if (before.level === 'revoked' || node === this.#ownId || !this.#isCounting(statement)) continue
      const known = this.#decided.get(node)
      void this.decide({
        nodeId: node,
        callsign: known?.callsign ?? callsign,
        federation: before.federation ?? '',
        decision: this.#revocationBy(statement)
      })
      for (const key of keys) this.#claim(key, node)
    }
  }

  #revocationBy({ revoker, node, by, at, name, reason }: Statement): Decision {
    const mayRevoke = this.stateOf(node).decision?.mayRevoke
    return {
      ...{ level: 'revoked', at: this.#parts.clock.now(), by, ground: 'statement', scope: everything },
      ...(reason === undefined ? {} : { reason }),
      ...(mayRevoke === undefined ? {} : { mayRevoke }),
      statement: { nodeId: revoker, at, name }
    }
  }

  /** A peer shows the certificate no more that its trust rests on, or that one was revoked by who issued it. */
  unvouch(
    nodeId: NodeId,
    callsign: string,
    code: 'certificate-lost' | 'certificate-revoked' | 'introduction-lost' = 'certificate-lost',
    text?: string
  ): Promise<Result<null>> {
    this.#step(nodeId, { kind: 'unvouched' })
    const line = { kind: 'event', at: this.#parts.clock.now(), event: code, node: nodeId, callsign, code, text }
    return this.#takeAway(`lost ${nodeId}`, compact(line))
  }

  /** Takes off the list what was decided about a peer; the key that let it in stays its own. */
  async forget(nodeId: NodeId, callsign: string): Promise<Result<null>> {
    if (this.stateOf(nodeId).level === 'revoked') return fail('stays-revoked')
    this.#takenAway.add(nodeId)
    this.#removed.add(nodeId)
    this.#step(nodeId, { kind: 'forgotten' })
    const { clock, identity } = this.#parts
    const line = { kind: 'event', at: clock.now(), event: 'forgotten', by: identity.callsign, node: nodeId, callsign }
    return this.#takeAway(nodeId, compact(line))
  }

  /** Somebody whom a person trusts showed another key: it lets nobody else in, also if that one is revoked later. */
  async noteKey(nodeId: NodeId, callsign: string, key: string): Promise<Result<null>> {
    this.#claim(key, nodeId)
    return this.note('certificate-key', { node: nodeId, callsign, text: key })
  }

  /** A person took it off the list, and decided nothing about it since: others' words do not bring it back. */
  wasRemoved(nodeId: NodeId): boolean {
    return this.#removed.has(nodeId)
  }

  /** The key that the newest decision about a peer rests on. */
  keyOf(nodeId: NodeId): string | undefined {
    return this.#decided.get(nodeId)?.key
  }

  /** What the newest decision about a peer rests on beside the accepted certificate. */
  restsOf(nodeId: NodeId): Deciding['rests'] {
    return this.#decided.get(nodeId)?.rests
  }

  ownerOf(key: string): NodeId | undefined {
    return this.#owners.get(key)
  }

  /** As a person chose it last. */
  get boundary(): Boundary {
    return this.#narrowing.at(-1) ?? this.#boundary
  }

  /** Those that hold, all of them. */
  get boundaries(): readonly Boundary[] {
    return [this.#boundary, ...this.#narrowing]
  }

  /** What is narrower takes effect at once, what is wider when it is durable. */
  setBoundary(boundary: Boundary): Promise<Result<null>> {
    const { clock, identity } = this.#parts
    this.#narrow([boundary])
    return this.#takeAway(
      'boundary',
      compact({ kind: 'boundary', at: clock.now(), by: identity.callsign, ...boundary })
    )
  }

  #narrow(boundaries: readonly Boundary[]): void {
    this.#narrowing = boundaries
    this.#parts.onBoundary()
  }

  acceptedCertificates(): readonly Accepted[] {
    return [...this.#accepted.values()]
  }

  /** Counts once it is kept; the same certificate again replaces scope and end. */
  accept({ data, ...accepted }: Omit<Accepted, 'certificate'>): Promise<Result<null>> {
    return this.#write(compact({ kind: 'certificate', action: 'accepted', ...accepted, data: data.toString('base64') }))
  }

  get lists(): Lists {
    return this.#shelf.lists
  }

  /** How the newest list of each authority came here. */
  listLines(): readonly ListLine[] {
    return this.#shelf.lines()
  }

  /**
   * A list that was checked (its signature, that it is newer) counts from this moment; trust that rests on what it names
   * ends, also of who is away. Answers when all of that is durable; what the disk did not take is written again.
   */
  async takeList({ list, signer, anchor, name, by, from }: TakenList): Promise<Result<null>> {
    const authority = authorityId(signer)
    if (!this.#shelf.hasRoomFor(authority, list.der.length)) return fail('too-many', 'revocation lists')
    this.#shelf.put(authority, list, signer)
    const ended = this.#endRevoked()
    this.#parts.onChange('certificates')
    const line = compact({
      ...{ kind: 'list', at: this.#parts.clock.now(), authority, name, anchor },
      ...{ sha256: list.sha256, number: list.number },
      ...{ thisUpdate: list.thisUpdate, nextUpdate: list.nextUpdate, entries: list.serials.size },
      ...{ data: signer.der.toString('base64'), by, node: from?.nodeId, callsign: from?.callsign }
    })
    // The line also where the file fails: then the next start knows that something is missing, and lets nobody in by it.
    const saved = await kept(this.#shelf.save())
    const noted = await this.#takeAway(`list ${authority}`, line)
    for (const { nodeId, callsign, list: revoker } of ended)
      await this.unvouch(nodeId, callsign, 'certificate-revoked', revoker)
    if (!saved.ok) {
      this.noteNotSaved(saved.problem.code)
      return saved
    }
    await kept(this.#shelf.sweep())
    return noted
  }

  /** Whose trust a list of this authority would end. */
  endedBy(authority: string, { serials }: Pick<RevocationList, 'serials'>): readonly NodeId[] {
    return [...this.#states].flatMap(([nodeId, state]) => {
      const rests = state.level === 'trusted' && isVouched(state) ? (this.restsOf(nodeId) ?? []) : []
      return rests.some(([by, serial]) => by === authority && serials.has(serial)) ? [nodeId] : []
    })
  }

  /** What the lists say about what this peer's trust rests on, or rested on last. */
  listProblemOf(nodeId: NodeId): 'certificate-revoked' | 'list-lost' | undefined {
    return this.#listProblem(nodeId)?.code
  }

  #listProblem(nodeId: NodeId): ListFinding | undefined {
    const { decision } = this.stateOf(nodeId)
    return decision && this.#restsProblem(decision, this.#decided.get(nodeId)?.rests)
  }

  #restsProblem(decision: Decision, rests: Deciding['rests'] = []): ListFinding | undefined {
    if (!isVouched({ level: 'trusted', decision })) return undefined
    const accepted = this.#groundOf(decision)
    const revoker = accepted && this.lists.revokerOf(accepted.certificate)
    if (revoker !== undefined) return { code: 'certificate-revoked', kept: revoker }
    for (const [authority, serial] of rests) {
      const found = this.lists.get(authority)
      if (found === undefined) continue
      if (found.list === undefined) return { code: 'list-lost', kept: found }
      if (found.list.serials.has(serial)) return { code: 'certificate-revoked', kept: found }
    }
    return undefined
  }

  /** The accepted certificate that a decision rests on. */
  #groundOf({ ground, certificate }: Decision): Accepted | undefined {
    return this.#accepted.get(`${ground === 'anchor' ? 'anchor' : 'peer'} ${certificate?.sha256 ?? ''}`)
  }

  /** Ends trust that rests on a certificate that a list names; answers whose, and by which authority. */
  #endRevoked(): readonly { readonly nodeId: NodeId; readonly callsign: string; readonly list: string }[] {
    return [...this.#states].flatMap(([nodeId, { level }]) => {
      const found = level === 'trusted' ? this.#listProblem(nodeId) : undefined
      if (found === undefined) return []
      this.#step(nodeId, { kind: 'unvouched' })
      const list = attributeOf(found.kept.signer.subject, attributes.commonName) ?? found.kept.authority
      return [{ nodeId, callsign: this.#decided.get(nodeId)?.callsign ?? '', list }]
    })
  }

  /** Takes effect at once: whoever was trusted on its word is not any more. */
  async remove(as: Accepted['as'], sha256: string): Promise<Result<null>> {
    const accepted = this.#accepted.get(`${as} ${sha256}`)
    if (accepted === undefined) return fail('not-found')
    const { name } = accepted
    this.#removeAccepted(as, sha256)
    const { clock, identity } = this.#parts
    const line = { kind: 'certificate', action: 'removed', as, sha256, name, at: clock.now(), by: identity.callsign }
    return this.#takeAway(`${as} ${sha256}`, compact(line))
  }

  get auditTotal(): number {
    return this.#auditCount
  }

  /** The peer said whether it trusts us. */
  heard(nodeId: NodeId, trustsUs: boolean): void {
    if (trustsUs && this.#pendingCount() >= limits.pendingRequests) return // The newest has to wait, not the oldest.
    this.#step(nodeId, { kind: trustsUs ? 'asked' : 'withdrew' })
  }

  /** Writes an entry for people to read later. */
  async note(event: string, facts: AuditFacts = {}): Promise<Result<null>> {
    return this.#write(compact({ kind: 'event', at: this.#parts.clock.now(), event, ...facts }))
  }

  /** The same, of what a person did here. */
  noteDone(event: string, facts: AuditFacts = {}): Promise<Result<null>> {
    const { clock, identity } = this.#parts
    return this.#write(compact({ kind: 'event', at: clock.now(), event, by: identity.callsign, ...facts }))
  }

  /** A person takes responsibility for decisions that may be lost. */
  confirm(): Promise<Result<null>> {
    return this.noteDone('journal-confirmed')
  }

  audit(offset: number, limit: number): AuditPage {
    const end = Math.max(0, this.#audit.length - offset)
    const newestFirst = this.#audit.slice(Math.max(0, end - limit), end)
    return { total: this.#auditCount, items: newestFirst.reverse() }
  }

  /** How it came to what is decided about a node, the newest first. */
  historyOf(nodeId: NodeId): readonly AuditEntry[] {
    return (this.#histories.get(nodeId) ?? []).toReversed()
  }

  async close(): Promise<void> {
    this.#cancelRetry?.()
    await this.#keepingUp
    await this.#own.settled()
    this.#isOpen = false
    this.#cancelEnd()
    this.#cancelRetry?.()
    await this.#logs.close()
  }

  async #write(line: JsonObject): Promise<Result<null>> {
    const written = await this.#append(line)
    if (!written.ok) this.noteNotSaved(written.problem.code)
    return written
  }

  /** The disk refused something: the audit will say that it is missing, and the disk is asked again until it takes that. */
  noteNotSaved(code: ProblemCode): void {
    if (this.#owed.has(notSaved)) return
    this.#owed.set(notSaved, compact({ kind: 'event', at: this.#parts.clock.now(), event: notSaved, code }))
    this.#retryLater()
  }

  async #append(line: JsonObject): Promise<Result<null>> {
    const written = await kept(this.#own.write([() => line]))
    // With something owed, not all is saved yet.
    if (!written.ok || this.#owed.size === 0) this.#parts.onSaved(written.ok ? undefined : written.problem)
    return written.ok ? ok(null) : written
  }

  /** Writes a line that must not be missing: into the reserve if the disk is full, and later if it takes nothing. */
  async #takeAway(about: string, line: JsonObject): Promise<Result<null>> {
    this.#owed.set(about, line)
    let written = await this.#append(line)
    const mayGiveUp = about !== notSaved
    while (mayGiveUp && !written.ok && written.problem.code === 'disk-full' && (await this.#reserve.giveUp()))
      written = await this.#append(line)
    // Meanwhile a person may have decided otherwise.
    if (written.ok && this.#owed.get(about) === line) {
      this.#owed.delete(about)
      if (this.#owed.size === 0) this.#parts.onSaved(undefined)
    }
    this.#retryLater()
    return written
  }

  /** Asks the disk for what it did not take: lines, and room for the next ones. */
  #keepUp(): void {
    this.#keepingUp = this.#keepingUp.then(async () => {
      for (const [about, line] of [...this.#owed]) if (this.#owed.get(about) === line) await this.#takeAway(about, line)
      if (this.#shelf.isOwed) await kept(this.#shelf.save())
      if (!(await this.#reserve.fill()) || this.#owed.size > 0 || this.#shelf.isOwed) this.#retryLater()
    })
  }

  #retryLater(): void {
    if (!this.#isOpen || this.#cancelRetry !== undefined) return
    this.#cancelRetry = this.#parts.clock.after(retryMs, () => {
      this.#cancelRetry = undefined
      this.#keepUp()
    })
  }

  #takeLines(lines: readonly LogLine[]): void {
    for (const logLine of lines) {
      const parsed = parseJournalLine(logLine.line)
      if (parsed === undefined) continue // The start of an epoch.
      this.#highestTime = Math.max(this.#highestTime, parsed.at)
      this.#remember(parsed)
      if (parsed.kind === 'decision') this.#takeDecision(parsed, nameOfLine(logLine))
      else if (parsed.kind === 'certificate') this.#takeCertificate(parsed)
      else if (parsed.kind === 'boundary') this.#takeBoundary(boundaryOf(parsed))
      else if (parsed.kind === 'statement') this.#readStatement(parsed)
      else if (parsed.kind === 'list') {
        this.#shelf.remember(parsed)
        this.#parts.onChange('certificates')
      } else this.#takeEvent(parsed)
    }
    this.#parts.onChange('audit')
    this.#scheduleEnd()
    this.#followStatements()
  }

  #readStatement({ text, signature, node }: StatementLine): void {
    const statement = readStatement({ text, signature })
    // Of a file that another program wrote: it speaks for nobody.
    if (typeof statement !== 'string') this.#addStatement({ ...statement, from: node })
  }

  #takeBoundary(boundary: Boundary): void {
    // A later one may be on its way, and goes on to narrow.
    const later = this.#narrowing.filter((one) => !isDeepStrictEqual(one, boundary))
    this.#boundary = boundary
    this.#narrow(later)
  }

  #takeDecision(line: DecisionLine, name: string): void {
    const { node, callsign, federation, key, rests } = line
    const decision = this.#standing(line)
    if (decision === undefined) return
    if (!isVouched({ level: decision.level, decision })) this.#removed.delete(node)
    for (const overridden of line.overrides ?? []) this.#statements.lift(overridden)
    this.#decidedIn.set(node, name)
    this.#decided.set(node, { nodeId: node, callsign, federation, decision, key, rests })
    if (key !== undefined) this.#claim(key, node)
    if (decision.level !== 'trusted' || !this.#takenAway.has(node))
      this.#step(node, { kind: 'decided', decision, federation })
  }

  /**
   * A decision of the journal as it counts. Trust that rests on a certificate or an introduction may have been on its way to disk while a
   * person decided, removed that certificate or changed its scope, took the right from the introducer, or a list came that names it: then the person's word counts, also when it is read
   * again. `undefined`: it does not count.
   */
  #standing(line: DecisionLine): Decision | undefined {
    const decision = decisionOf(line)
    const { node, key, rests } = line
    if (decision.level !== 'trusted' || !isVouched({ level: 'trusted', decision })) return decision
    const isOthers = key !== undefined && (this.#owners.get(key) ?? node) !== node
    if (decision.ground === 'introduced') return isOthers ? undefined : this.#introduced(node, decision)
    const accepted = this.#groundOf(decision)
    if (this.#restsProblem(decision, rests) !== undefined) return undefined
    return accepted === undefined || isOthers || !mayVouch(this.stateOf(node))
      ? undefined
      : regrounded(decision, accepted)
  }

  #introduced(node: NodeId, decision: Decision): Decision | undefined {
    const introducer = introducerOf({ level: 'trusted', decision })
    const given = introducer && letsIn(this.stateOf(introducer))
    const counts = given !== undefined && mayBeLetIn(this.stateOf(node)) && !this.#removed.has(node)
    return counts ? regrounded(decision, given) : undefined
  }

  #claim(key: string, nodeId: NodeId): void {
    if (!this.#owners.has(key)) this.#owners.set(key, nodeId)
  }

  #takeCertificate({ action, as, sha256, data, scope, until, lists, ...line }: CertificateLine): void {
    if (action === 'removed' || data === undefined) this.#removeAccepted(as, sha256)
    else {
      const { name, at, by } = line
      const der = Buffer.from(data, 'base64')
      const certificate = parseCertificate(der)
      if (certificate === undefined) return // Of a file that another program wrote: it vouches for nobody.
      const end = until === undefined ? {} : { until }
      const accepted: Accepted = {
        ...{ as, sha256, name, data: der, certificate, at, by, scope: scope ?? everything, ...end },
        ...(lists === undefined ? {} : { lists })
      }
      this.#accepted.set(`${as} ${sha256}`, accepted)
      // Also for who is not here now: it must not come back with more than that.
      for (const nodeId of this.#restingOn(as, sha256)) this.#step(nodeId, { kind: 'regrounded', ...accepted })
    }
    this.#parts.onChange('certificates')
  }

  #takeEvent({ event, node, text }: EventLine): void {
    if (event === 'journal-damaged') {
      this.#isGood = false
      for (const place of (text ?? '').split(' ')) this.#knownDamage.add(place)
    } else if (event === 'journal-confirmed') this.#isGood = true
    else if (isLoss(event) && node !== undefined) this.#step(node, { kind: 'unvouched' })
    else if (event === 'certificate-key' && node !== undefined && text !== undefined) this.#claim(text, node)
    else if (event === 'forgotten' && node !== undefined) {
      this.#removed.add(node)
      this.#step(node, { kind: 'forgotten' })
      if (this.stateOf(node).level !== 'revoked') this.#decided.delete(node)
      this.#parts.onChange('certificates') // A pin may have named it.
    }
  }

  #removeAccepted(as: Accepted['as'], sha256: string): void {
    if (!this.#accepted.delete(`${as} ${sha256}`)) return
    for (const nodeId of this.#restingOn(as, sha256)) this.#step(nodeId, { kind: 'unvouched' })
    this.#parts.onChange('certificates')
  }

  /** Peers whose newest decision rests on this certificate. */
  #restingOn(as: Accepted['as'], sha256: string): readonly NodeId[] {
    const ground = as === 'anchor' ? 'anchor' : 'certificate'
    return [...this.#states].flatMap(([nodeId, { decision }]) =>
      decision?.ground === ground && decision.certificate?.sha256 === sha256 ? [nodeId] : []
    )
  }

  #remember(line: JournalLine): void {
    this.#auditCount++
    const entry = auditEntry(line, this.#auditCount)
    this.#audit.push(entry)
    if (entry.nodeId !== undefined && isHistory(entry))
      this.#histories.set(entry.nodeId, [...(this.#histories.get(entry.nodeId) ?? []), entry].slice(-historyMost))
    if (this.#audit.length > bounds.auditInMemory * 2) this.#audit = this.#audit.slice(-bounds.auditInMemory)
  }

  #pendingCount(): number {
    return [...this.#states.values()].filter(({ level }) => level === 'pending').length
  }

  #step(nodeId: NodeId, event: TrustEvent): void {
    const before = this.stateOf(nodeId)
    const after = nextTrust(before, event)
    if (after === before) return
    if (after.level === 'untrusted' && after.decision === undefined) this.#states.delete(nodeId)
    else this.#states.set(nodeId, after)
    this.#parts.onTrust(nodeId)
    if ((letsIn(before) ?? letsIn(after)) !== undefined) this.#followIntroducer(nodeId, letsIn(after))
  }

  /** Whoever rests on this peer's word goes with it, in the same moment. */
  #followIntroducer(introducer: NodeId, given: Ground | undefined): void {
    for (const [nodeId, state] of [...this.#states])
      if (introducerOf(state) === introducer)
        this.#step(nodeId, given === undefined ? { kind: 'unvouched' } : { kind: 'regrounded', ...given })
  }

  /** Of entries after a damaged place the chain cannot be checked; what takes trust away counts all the same. */
  #salvage({ body }: Run): void {
    for (const text of body.toString('utf8').split('\n')) {
      const line = parseLineText(text)
      const parsed = typeof line === 'string' ? undefined : parseJournalLine(line)
      if (parsed?.kind === 'certificate' && parsed.action === 'removed') this.#removeAccepted(parsed.as, parsed.sha256)
      else if (parsed?.kind === 'event') this.#salvageEvent(parsed)
      else if (parsed?.kind === 'boundary') this.#narrow([...this.#narrowing, boundaryOf(parsed)])
      else if (parsed?.kind === 'list') this.#shelf.remember(parsed)
      else if (parsed?.kind === 'statement') this.#readStatement(parsed)
      if (parsed?.kind !== 'decision') continue
      if (parsed.key !== undefined) this.#claim(parsed.key, parsed.node)
      if (parsed.level === 'trusted') continue
      this.#step(parsed.node, { kind: 'decided', decision: decisionOf(parsed), federation: parsed.federation })
    }
  }

  #salvageEvent({ event, node, text }: EventLine): void {
    if (node === undefined) return
    if (isLoss(event)) this.#step(node, { kind: 'unvouched' })
    else if (event === 'forgotten') this.#removed.add(node)
    else if (event === 'certificate-key' && text !== undefined) this.#claim(text, node)
  }

  /** Wakes when the next decision ends. */
  #scheduleEnd(): void {
    // While the journal is read, a later line may still change what an earlier one says, and nothing can be written.
    if (!this.#isOpen) return
    this.#cancelEnd()
    const time = this.time
    let next = Infinity
    for (const [nodeId, { level, decision }] of this.#states) {
      if (level !== 'trusted' || decision?.until === undefined) continue
      if (hasEnded(decision, time)) {
        this.#step(nodeId, { kind: 'ended' })
        // With the end as its time at least: a clock that was set back meanwhile revives nothing at the next start.
        const at = Math.max(this.#parts.clock.now(), decision.until)
        const code = 'trust-ended'
        void this.#write(compact({ kind: 'event', at, event: 'trust-ended', node: nodeId, code }))
      } else next = Math.min(next, decision.until)
    }
    let moments = 0
    for (const { until = Infinity, certificate } of this.#accepted.values())
      for (const moment of [certificate.notBefore, until, certificate.notAfter])
        if (moment <= time) moments++
        else next = Math.min(next, moment)
    for (const { list } of this.lists.all())
      if (list?.nextUpdate !== undefined)
        if (list.nextUpdate <= time) moments++
        else next = Math.min(next, list.nextUpdate)
    // What a certificate is now is shown, also while nobody was let in by it.
    if (moments !== this.#moments) this.#parts.onChange('certificates')
    this.#moments = moments
    // A clock that is set forward must not be missed for long, and a timer holds at most 24 days.
    if (next < Infinity)
      this.#cancelEnd = this.#parts.clock.after(Math.min(next - time, 60_000), () => this.#scheduleEnd())
  }
}

/** Of one node. */
const historyMost = 100
const histories: ReadonlySet<string> = new Set([
  'decision',
  'statement',
  'certificate-key',
  'certificate-lost',
  'certificate-revoked',
  'introduction-lost',
  'trust-ended',
  'forgotten'
])

/** Nothing of it can be made by strangers in numbers: at most a few statements about each. */
function isHistory({ kind }: AuditEntry): boolean {
  return histories.has(kind)
}

function isLoss(event: string): boolean {
  return event === 'certificate-lost' || event === 'certificate-revoked' || event === 'introduction-lost'
}

/** A line of the journal as people read it. */
function auditEntry(line: JournalLine, seq: number): AuditEntry {
  const { at } = line
  if (line.kind === 'certificate') {
    const { as, action, name, by } = line
    return { seq, at, kind: `${as === 'anchor' ? 'anchor' : 'pin'}-${action}`, text: name, by }
  }
  if (line.kind === 'boundary') {
    const names = line.federations.map(({ name }) => name)
    return { seq, at, kind: 'boundary', text: [line.mode, ...names].join(', '), by: line.by }
  }
  if (line.kind === 'statement') return { seq, at, kind: 'statement', ...statementEntry(line) }
  const { node, callsign } = line
  const about = {
    seq,
    at,
    ...(node === undefined ? {} : { nodeId: node }),
    ...(callsign === undefined ? {} : { callsign })
  }
  if (line.kind === 'list')
    return { ...about, kind: 'list-taken', text: line.name, ...(line.by === undefined ? {} : { by: line.by }) }
  if (line.kind === 'decision') return { ...about, kind: 'decision', decision: decisionOf(line) }
  const { event, code, text, by } = line
  return {
    ...about,
    kind: event,
    ...(by === undefined ? {} : { by }),
    ...(code === undefined ? {} : { code }),
    ...(text === undefined ? {} : { text })
  }
}

/** About whom it is, who said it and why. */
function statementEntry(line: StatementLine): Pick<AuditEntry, 'nodeId' | 'callsign' | 'by' | 'text'> {
  const statement = readStatement(line)
  if (typeof statement === 'string') return {}
  const { node, callsign, by, reason } = statement
  return { nodeId: node, callsign, by, ...(reason === undefined ? {} : { text: reason }) }
}

/** The journal is a log like a mission's, under an ID that no mission can have. */
function journalId(identity: Identity): MissionId {
  return sha256('muster/1 trust\0', lengthPrefixed([identity.publicKey])).toString('hex') as MissionId
}

/** As a line can hold it: without parts that are `undefined`, and with whole characters, whatever a peer sent. */
function compact(line: Readonly<Record<string, unknown>>): JsonObject {
  const parts = Object.entries(line).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    parts.map(([key, value]) => [key, typeof value === 'string' ? value.toWellFormed() : value])
  ) as JsonObject
}
