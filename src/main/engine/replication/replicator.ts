/**
 * Joins missions to links (docs/protocol/sync.md): compares digests, fetches what is missing from one peer at a time,
 * answers what peers want, pushes new runs, and writes the admits that decisions call for. Asks the policy at each step.
 */
import type { Decision, MissionId, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import type { Link } from '../links/link.js'
import type { LinkTable } from '../links/link-table.js'
import { encodeMessage, type Message, type WireHead } from '../links/messages.js'
import { RunFrame } from '../links/run-frame.js'
import { bounds, limits } from '../limits.js'
import { raise, spreadHeads } from '../logs/extent.js'
import type { HeldLog, NewRun } from '../logs/log-store.js'
import { verifyFork, type ForkProof } from '../logs/fork.js'
import { encodeRun, lastSeq, logKey, type Head, type LogKey, type Run } from '../logs/run.js'
import { missionIdOf, parseSignedCreate } from '../missions/create-record.js'
import { mayLetDelete } from '../missions/administer.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import type { Clock } from '../runtime/clock.js'
import { shortId, type Log } from '../runtime/log.js'
import { mayDelete, refuseGiving, refuseTaking, refuseWriting, type PeerFacts } from '../trust/policy.js'
import type { PeerBook } from '../trust/peer-book.js'
import type { TrustBook } from '../trust/trust-book.js'
import { Exchange, type Probe } from './exchange.js'
import { ForkSearch } from './fork-search.js'
import { Fetches } from './fetches.js'
import { Inbox } from './inbox.js'
import { missionFacts } from './mission-facts.js'
import type { ReceiptBook } from '../receipts/receipt-book.js'
import type { Receipt } from '../receipts/receipt.js'
import type { Exchanges } from './standing.js'
import { firstMissing } from './sync.js'

export interface ReplicatorParts {
  readonly missions: Missions
  readonly links: LinkTable
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly ownId: NodeId
  readonly receipts: ReceiptBook
  /** Name of the own copy of the data, now. */
  readonly storeId: () => string
  readonly clock: Clock
  readonly log: Log
  /** What the window shows about a peer's step changed. */
  readonly onStep: (nodeId: NodeId, mission: MissionId) => void
  /** The peer holds this mission, as far as it was sent to it. */
  readonly onHeld: (link: Link, nodeId: NodeId, mission: MissionId) => void
}

/** What changed is looked at soon, but not for each of many runs. */
const settleMs = 20
/** And told soon, but not again and again: to 200 peers, each word costs 200 frames and as many answers. */
const tellEveryMs = 500
/** The answer about a mission that is unknown here, and about one that this peer may not have. */
const nothingHere = '0'.repeat(64)
const breatheAfter = 256
/** A peer holds one branch of a log, we may hold several that could lead where the chosen one does. */
const apartMost = 8

function breathe(): Promise<void> {
  return new Promise((next) => setImmediate(next))
}

/** More moved heads than this are not listed: the digest says that something moved. */
const movedMost = 1_000

export class Replicator {
  readonly #parts: ReplicatorParts
  readonly #exchanges = new Map<NodeId, Map<MissionId, Exchange>>()
  readonly exchanges: Exchanges = this.#exchanges
  readonly #fetches: Fetches
  readonly #inboxes = new WeakMap<Link, Inbox>()
  readonly #settling = new Set<MissionId>()
  /** Monotonic time at which peers may hear again how our heads stand. */
  readonly #tellAt = new Map<MissionId, number>()
  readonly #telling = new Set<MissionId>()
  readonly #admitting = new Set<string>()
  readonly #signing = new Set<MissionId>()
  #isDiskBad = false
  readonly #forkSearch = new ForkSearch((nodeId, mission) => this.#fetch(nodeId, mission.id))
  /** Runs that came and were not taken, by reason, since the start. */
  readonly runsRefused = new Map<string, number>()
  /** Receipts likewise: one that an honest peer signed while the mission moved on is among them. */
  readonly receiptsRefused = new Map<string, number>()

  constructor(parts: ReplicatorParts) {
    this.#parts = parts
    this.#fetches = new Fetches(parts.clock, (id, from) => this.#fetchElsewhere(id, from))
    for (const { id } of parts.missions.all())
      for (const [nodeId, receipt] of parts.receipts.of(id)) this.#exchange(nodeId, id).recall(receipt)
  }

  // What the engine tells us

  linkUp(link: Link, nodeId: NodeId): void {
    this.#inboxes.set(link, new Inbox(link))
    this.#tellStore(link)
    for (const mission of this.#parts.missions.all()) this.#tell(mission, link, nodeId)
    this.admitPeers()
  }

  /** What was signed for the copy of the data before holds no more, and peers hear that. */
  storeRenewed(): void {
    for (const { link } of this.#parts.links.up()) this.#tellStore(link)
    for (const missions of this.#exchanges.values())
      for (const exchange of missions.values()) exchange.signedDigest = undefined
  }

  linkDown(nodeId: NodeId): void {
    for (const [id, exchange] of this.#exchanges.get(nodeId) ?? []) {
      exchange.forgetLink()
      const wasFetching = this.#fetches.end(id, nodeId)
      this.#parts.onStep(nodeId, id)
      // Also of a mission that is not here yet.
      if (wasFetching) this.#fetchElsewhere(id, nodeId)
    }
  }

  message(link: Link, nodeId: NodeId, message: Message): void {
    this.#inboxes.get(link)?.take(() => this.#takeMessage(link, nodeId, message))
  }

  run(link: Link, nodeId: NodeId, mission: MissionId, run: Run): void {
    this.#inboxes.get(link)?.take(() => this.#takeRun(link, nodeId, mission, run))
  }

  /** What a peer said, signed, that it holds: on paper, so to speak, while it is away. */
  noteReceipt(nodeId: NodeId, id: MissionId, logs: readonly WireHead[]): void {
    const exchange = this.#exchange(nodeId, id)
    for (const [author, epoch, seq] of logs) exchange.noteHeld(logKey({ author, epoch }), seq)
    this.#parts.onStep(nodeId, id)
  }

  /** A run of ours is durable, or another's is verified: push it where it is the next one. */
  newRun(mission: Mission, { run, encoded }: NewRun): void {
    const { header } = run
    const key = logKey(header)
    const frames = new RunFrame(mission.id, encoded)
    for (const { link, nodeId } of this.#parts.links.up()) {
      if (this.#refuseGiving(nodeId, mission) !== undefined) continue
      const exchange = this.#exchange(nodeId, mission.id)
      const held = exchange.sent.get(key) ?? 0
      if (!exchange.isKnown || exchange.isStreaming || held >= lastSeq(header)) continue
      const frame = frames.for(link.version)
      if (held < header.first - 1 || !link.hasRoomFor(frame.length)) {
        this.#stream(link, nodeId, mission, exchange)
        continue
      }
      link.sendFrame(frame, mission.id)
      raise(exchange.sent, key, lastSeq(header))
      this.#parts.peers.count(nodeId, { changesOut: header.count, bytesOut: frame.length })
    }
  }

  /** A proof from a peer: what does not hold costs its sender the link. */
  fork(link: Link, nodeId: NodeId, id: MissionId, proof: ForkProof): void {
    this.#inboxes.get(link)?.take(async () => {
      const mission = this.#parts.missions.get(id)
      if (mission === undefined || this.#refuseTaking(nodeId, mission) !== undefined) return
      const point = verifyFork(id, proof)
      if (typeof point === 'string') link.close('bad-run', `proof of a fork: ${point}`)
      else await mission.addFork(proof)
    })
  }

  /** It is known since now that a log parts: peers hear of it before changes. */
  newFork(mission: Mission, proof: ForkProof): void {
    const { author, epoch } = proof.runs[0].header
    void this.#parts.trust.note('fork', { node: author, text: `${mission.signed.create.name}, epoch ${epoch}` })
    for (const { link, nodeId } of this.#parts.links.up())
      if (this.#refuseGiving(nodeId, mission) === undefined) link.sendFork(mission.id, proof)
  }

  /** Nothing is asked for until the disk works again: it would come, be refused, and be asked for again without end. */
  diskRefused(): void {
    this.#isDiskBad = true
  }

  diskWorks(): void {
    if (!this.#isDiskBad) return
    this.#isDiskBad = false
    for (const mission of this.#parts.missions.all())
      for (const { nodeId } of this.#parts.links.up()) {
        const exchange = this.#exchanges.get(nodeId)?.get(mission.id)
        if (exchange === undefined) continue
        // What came and was refused may count as held by both.
        exchange.isKnown = false
        this.#compare(nodeId, mission)
      }
  }

  /** The scope may cover more than before: tell what was not told, and compare what was not taken. */
  trustChanged(nodeId: NodeId): void {
    const link = this.#parts.links.linkTo(nodeId)
    if (link?.state !== 'up') return
    for (const mission of this.#parts.missions.all()) this.#tell(mission, link, nodeId)
    for (const id of this.#exchanges.get(nodeId)?.keys() ?? []) {
      const mission = this.#parts.missions.get(id)
      if (mission === undefined) this.#fetch(nodeId, id)
      else this.#compare(nodeId, mission)
    }
  }

  /** What is durable, or who is a member, changed. */
  missionChanged(mission: Mission): void {
    if (this.#settling.has(mission.id)) return
    this.#settling.add(mission.id)
    this.#parts.clock.after(settleMs, () => {
      this.#settling.delete(mission.id)
      this.#noteForks(mission)
      this.#tellAll(mission)
      for (const { link, nodeId } of this.#parts.links.up()) {
        this.#pushMissing(link, nodeId, mission)
        this.#compare(nodeId, mission)
      }
    })
  }

  /** Where forked logs count in another way, peers are asked and told anew. */
  #noteForks(mission: Mission): void {
    const { forkState } = mission
    for (const missions of this.#exchanges.values()) {
      const exchange = missions.get(mission.id)
      if (exchange === undefined || exchange.forkState === forkState) continue
      exchange.forkState = forkState
      exchange.forgetHeads()
    }
  }

  /** This is also the receipt that a peer waits for. */
  #tellAll(mission: Mission): void {
    if (this.#telling.has(mission.id)) return
    const { clock, links } = this.#parts
    const wait = (this.#tellAt.get(mission.id) ?? 0) - clock.monotonic()
    if (wait > 0) {
      this.#telling.add(mission.id)
      clock.after(wait, () => {
        this.#telling.delete(mission.id)
        this.#tellAll(mission)
      })
      return
    }
    this.#tellAt.set(mission.id, clock.monotonic() + tellEveryMs)
    for (const { link, nodeId } of links.up()) this.#tell(mission, link, nodeId)
  }

  /** A new mission: peers hear of it at once. */
  missionAdded(mission: Mission): void {
    for (const { link, nodeId } of this.#parts.links.up()) this.#tell(mission, link, nodeId)
    this.admitPeers()
  }

  /** Writes the admits that the decisions of our people call for (docs/protocol/missions.md). */
  admitPeers(): void {
    const { missions, peers, links } = this.#parts
    for (const mission of missions.all()) {
      if (mission.writeProblem() !== undefined) continue
      for (const nodeId of peers.peers.keys()) {
        const facts = links.factsOf(nodeId)
        if (facts.trust.level !== 'trusted' || !wantsAdmit(mission, nodeId, facts, this.#parts.ownId)) continue
        const key = `${mission.id} ${nodeId}`
        if (this.#admitting.has(key)) continue
        this.#admitting.add(key)
        void mission.admit(nodeId, { asksToDelete: !mayDelete(facts) }).finally(() => this.#admitting.delete(key))
      }
    }
  }

  // Messages of peers

  #takeMessage(link: Link, nodeId: NodeId, message: Message): Promise<void> | undefined {
    switch (message.t) {
      case 'have':
        this.#takeHave(nodeId, message.mission, message.digest, message.moved)
        return undefined
      case 'want':
        this.#takeWant(link, nodeId, message.mission, message.heads, message.create)
        return undefined
      case 'heads':
        return this.#takeHeads(nodeId, message.mission, message.heads, message.create)
      case 'done':
        this.#takeDone(nodeId, message.mission, message.digest)
        return undefined
      case 'store':
        this.#takeStore(nodeId, message.store)
        return undefined
      case 'receipt':
        this.#takeReceipt(link, nodeId, message)
        return undefined
      default:
        link.close('protocol-error', `unexpected ${message.t}`)
        return undefined
    }
  }

  #takeStore(nodeId: NodeId, store: string): void {
    if (!this.#parts.receipts.heardStore(nodeId, store)) return
    for (const [id, exchange] of this.#exchanges.get(nodeId) ?? []) {
      exchange.forgetTold()
      this.#parts.onStep(nodeId, id)
    }
  }

  #takeReceipt(link: Link, nodeId: NodeId, receipt: Receipt): void {
    const key = Buffer.from(link.peer?.record.signingKey ?? '', 'base64url')
    const taken = this.#parts.receipts.take(nodeId, key, receipt)
    if (taken === 'kept') this.#parts.onStep(nodeId, receipt.mission)
    else countOne(this.receiptsRefused, taken)
    if (taken === 'forged') link.close('bad-run', 'receipt does not verify')
  }

  #takeHave(nodeId: NodeId, id: MissionId, digest: string, moved: readonly WireHead[]): void {
    const mission = this.#parts.missions.get(id)
    const isSecret = mission === undefined || this.#refuseGiving(nodeId, mission) !== undefined
    const isFlood = mission === undefined && (this.#exchanges.get(nodeId)?.size ?? 0) > 2 * bounds.missions
    if (isFlood) {
      this.#parts.links.linkTo(nodeId)?.close('protocol-error', 'too many missions')
      return
    }
    const exchange = this.#exchange(nodeId, id)
    exchange.digest = digest
    exchange.at = this.#parts.clock.now()
    // Too much moved to be listed: what it holds is known no longer.
    if (moved.length === 0) exchange.isKnown = false
    for (const head of moved.map(fromWire)) {
      for (const [key, seq] of spreadHeads([head], (key) => mission?.logs.log(key))) {
        // A log that follows a forked one tells not how far the peer holds that.
        const before = key === logKey(head) ? undefined : mission?.logs.log(key)
        if (before === undefined || mission?.permissions.forkOf(before.id) === undefined) exchange.noteHeld(key, seq)
      }
    }
    if (mission !== undefined) this.#forkSearch.suspect(mission, exchange, moved.map(fromWire))
    if (this.#isFlooded(nodeId, id, exchange)) return
    if (exchange.declinedUnder !== undefined && exchange.declinedUnder === this.#decisionOn(nodeId)) return
    // A mission that this peer may not have from us is asked for like one that we never heard of.
    if (isSecret && !exchange.isRecordShown) this.#fetch(nodeId, id)
    else if (mission !== undefined) {
      this.#compare(nodeId, mission)
      this.#introduce(nodeId, mission)
    }
  }

  /** Once per link. */
  #introduce(nodeId: NodeId, mission: Mission): void {
    const exchange = this.#exchange(nodeId, mission.id)
    if (exchange.isIntroduced || !exchange.isKnown || exchange.isStreaming) return
    if (firstMissing(mission.logs.logs(), exchange.sent) !== undefined) return
    const link = this.#parts.links.linkTo(nodeId)
    if (link?.state !== 'up' || this.#refuseGiving(nodeId, mission) !== undefined) return
    exchange.isIntroduced = true
    this.#parts.onHeld(link, nodeId, mission.id)
  }

  #takeWant(link: Link, nodeId: NodeId, id: MissionId, wire: readonly WireHead[], create: boolean): void {
    const mission = this.#parts.missions.get(id)
    if (mission === undefined || this.#refuseGiving(nodeId, mission) !== undefined) {
      link.send({ t: 'done', mission: id, digest: nothingHere })
      return
    }
    if (create) {
      // It does not know yet whether it wants this mission: the record first, and the changes when it asks for them.
      link.send({ t: 'heads', mission: id, heads: [], create: mission.signed }, id)
      return
    }
    const exchange = this.#exchange(nodeId, id)
    // It lists all that it holds: what we sent and it does not have, it never got or could not keep.
    if (!exchange.isStreaming) exchange.sent = new Map()
    this.#noteHeads(mission, exchange, wire)
    if (this.#isFlooded(nodeId, id, exchange)) return
    for (const proof of mission.forkProofs()) link.sendFork(id, proof)
    link.send({ t: 'heads', mission: id, heads: mission.logs.heads().map(toWire) }, id)
    this.#stream(link, nodeId, mission, exchange)
    this.#parts.onStep(nodeId, id)
  }

  async #takeHeads(nodeId: NodeId, id: MissionId, wire: readonly WireHead[], create: unknown): Promise<void> {
    if (create !== undefined) {
      const made = await this.#takeCreate(nodeId, id, create)
      this.#fetches.end(id, nodeId)
      if (made !== undefined) this.#fetch(nodeId, id)
      else if (this.#exchange(nodeId, id).declinedUnder !== undefined) this.#fetchElsewhere(id, nodeId)
      return
    }
    const mission = this.#parts.missions.get(id)
    if (mission === undefined) return
    if (this.#refuseTaking(nodeId, mission) !== undefined) return
    const exchange = this.#exchange(nodeId, id)
    // All that it holds: of a log that forked it may be less than it said before.
    exchange.told = new Map()
    this.#noteHeads(mission, exchange, wire)
    if (this.#isFlooded(nodeId, id, exchange)) return
    this.#parts.onStep(nodeId, id)
    this.#introduce(nodeId, mission)
  }

  async #takeCreate(nodeId: NodeId, id: MissionId, create: unknown): Promise<Mission | undefined> {
    const signed = parseSignedCreate(create)
    if (typeof signed === 'string' || missionIdOf(signed) !== id) {
      this.#count(typeof signed === 'string' ? signed : 'create record of another mission')
      this.#parts.links.linkTo(nodeId)?.close('bad-run', 'create record does not verify')
      return undefined
    }
    if (!this.#fetches.isFrom(id, nodeId)) return undefined // Nobody asked for it.
    const { name, labels, onward } = signed.create
    if (refuseTaking(this.#parts.links.factsOf(nodeId), { id, name, labels, onward }) !== undefined) {
      this.#exchange(nodeId, id).declinedUnder = this.#decisionOn(nodeId)
      return undefined
    }
    this.#exchange(nodeId, id).isRecordShown = true
    const accepted = await this.#parts.missions.accept(signed)
    if (accepted.ok) return accepted.value
    this.#parts.log('warn', 'mission-not-taken', { mission: shortId(id), code: accepted.problem.code })
    return undefined
  }

  #takeDone(nodeId: NodeId, id: MissionId, digest: string): void {
    this.#fetches.end(id, nodeId)
    const mission = this.#parts.missions.get(id)
    if (digest === nothingHere) this.#exchanges.get(nodeId)?.delete(id)
    else {
      const exchange = this.#exchanges.get(nodeId)?.get(id)
      if (exchange === undefined) return // It speaks of a mission of which neither side told anything.
      exchange.digest = digest
      exchange.at = this.#parts.clock.now()
      if (mission !== undefined && exchange.isInStep(mission.logs)) this.#compare(nodeId, mission)
      else if (exchange.probes.size > 0 || exchange.isToAskAgain) this.#fetch(nodeId, id)
    }
    this.#fetchElsewhere(id, nodeId)
  }

  #takeRun(link: Link, nodeId: NodeId, id: MissionId, run: Run): Promise<void> | undefined {
    const mission = this.#parts.missions.get(id)
    const refusal = mission === undefined ? 'mission-unknown' : this.#refuseTaking(nodeId, mission)
    if (mission === undefined || refusal !== undefined) {
      this.#count(refusal ?? 'mission-unknown')
      return undefined
    }
    const exchange = this.#exchange(nodeId, id)
    // Before taking it: what is passed on must not go back to where it came from.
    exchange.noteHeld(logKey(run.header), lastSeq(run.header))
    if (this.#isFlooded(nodeId, id, exchange)) return undefined
    if (mission.isSought(run.header) && !this.#fetches.isFrom(id, nodeId)) {
      exchange.isToAskAgain = true
      return undefined
    }
    const received = mission.receive(run)
    switch (received.kind) {
      case 'bad':
        this.#count(received.reason)
        link.close('bad-run', received.reason)
        return undefined
      case 'stored':
        this.#fetches.progressed(id, nodeId)
        this.#parts.peers.count(nodeId, { changesIn: run.header.count, bytesIn: run.body.length })
        if (mission.isBusy) return mission.settled()
        // Long runs take turns with everything else: a bulk transfer must not freeze the window or a heartbeat.
        return run.header.count > breatheAfter ? breathe() : undefined
      case 'gap':
        this.#count(received.kind)
        this.#fetch(nodeId, id)
        return undefined
      case 'fork':
      case 'unfit':
        this.#count(received.kind)
        exchange.useless.add(logKey(run.header))
        return this.#forkSearch.compare(link, nodeId, mission, exchange, run)
      case 'held':
        this.#count(received.kind)
        if (!exchange.probes.has(logKey(run.header))) return undefined
        return this.#forkSearch.compare(link, nodeId, mission, exchange, run)
      case 'apart':
        this.#count(received.kind)
        this.#takeApart(exchange, logKey(run.header))
        return undefined
      case 'removed':
        this.#count(received.kind)
        exchange.useless.add(logKey(run.header))
        return undefined
      case 'waiting':
      case 'full':
        this.#count(received.kind)
        return undefined
    }
  }

  /** What comes until it is done is the rest of the same answer. */
  #takeApart(exchange: Exchange, key: LogKey): void {
    if (exchange.isToAskAgain) return
    const times = (exchange.apart.get(key) ?? 0) + 1
    exchange.apart.set(key, times)
    if (times > apartMost) exchange.useless.add(key)
    else exchange.isToAskAgain = true
  }

  /** Cuts a peer that names more logs than anybody can have. */
  #isFlooded(nodeId: NodeId, id: MissionId, exchange: Exchange): boolean {
    const held = this.#parts.missions.get(id)?.logs.size ?? 0
    if (exchange.told.size <= held + limits.heads) return false
    this.#parts.links.linkTo(nodeId)?.close('protocol-error', 'heads of too many logs that nobody has')
    this.#exchanges.get(nodeId)?.delete(id)
    return true
  }

  // Telling, fetching, streaming

  /** Says how our durable heads stand, unless the peer knows that already. */
  #tell(mission: Mission, link: Link, nodeId: NodeId): void {
    if (this.#refuseGiving(nodeId, mission) !== undefined) return
    link.sendLatest({ key: `have ${mission.id}`, mission: mission.id, make: () => this.#have(mission, nodeId) })
  }

  #have(mission: Mission, nodeId: NodeId): Buffer | undefined {
    const exchange = this.#exchange(nodeId, mission.id)
    const digest = mission.logs.digest()
    if (exchange.ownDigest === digest) return undefined
    const moved =
      exchange.ownDigest === undefined
        ? []
        : mission.logs.heads().filter((head) => (exchange.ownTold.get(logKey(head)) ?? 0) < head.seq)
    for (const head of mission.logs.heads()) raise(exchange.ownTold, logKey(head), head.seq)
    exchange.ownDigest = digest
    const listed = moved.length > movedMost ? [] : moved.map(toWire)
    return encodeMessage({ t: 'have', mission: mission.id, digest, moved: listed })
  }

  /** After news from either side: in step, or something to fetch. */
  #compare(nodeId: NodeId, mission: Mission): void {
    const exchange = this.#exchange(nodeId, mission.id)
    if (exchange.digest === undefined) return
    exchange.noteTable(mission.permissions)
    if (exchange.isInStep(mission.logs)) {
      exchange.noteEqual(mission.logs)
      this.#parts.receipts.noteState(mission)
      this.#signSoon(mission)
    }
    // What is on its way to disk may be all that is missing; the next change asks again.
    else if (
      this.#refuseTaking(nodeId, mission) === undefined &&
      mission.logs.unsaved === 0 &&
      (!exchange.isKnown || exchange.hasMore(mission.logs) || exchange.probes.size > 0)
    )
      this.#fetch(nodeId, mission.id)
    this.#parts.onStep(nodeId, mission.id)
  }

  #tellStore(link: Link): void {
    if (link.version >= 3) link.send({ t: 'store', store: this.#parts.storeId() })
  }

  /** For all peers that are in step by then: who writes on and on is not signed for at each word. */
  #signSoon(mission: Mission): void {
    const { clock, links, receipts } = this.#parts
    if (this.#signing.has(mission.id)) return
    this.#signing.add(mission.id)
    clock.after(bounds.receiptEveryMs, () => {
      this.#signing.delete(mission.id)
      for (const { link, nodeId } of links.up()) {
        const exchange = this.#exchanges.get(nodeId)?.get(mission.id)
        if (exchange === undefined || link.version < 3) continue
        const isDue = () => exchange.isInStep(mission.logs) && exchange.signedDigest !== exchange.digest
        if (!isDue()) continue
        const make = () => {
          if (!isDue()) return undefined
          exchange.signedDigest = exchange.digest
          return encodeMessage({ t: 'receipt', ...receipts.sign(mission) })
        }
        link.sendLatest({ key: `receipt ${mission.id}`, mission: mission.id, make })
      }
    })
  }

  #fetch(nodeId: NodeId, id: MissionId): void {
    const link = this.#parts.links.linkTo(nodeId)
    if (this.#isDiskBad || this.#fetches.has(id) || link?.state !== 'up') return
    const mission = this.#parts.missions.get(id)
    this.#fetches.begin(id, nodeId)
    this.#exchange(nodeId, id).isToAskAgain = false
    const isSecret = mission === undefined || this.#refuseGiving(nodeId, mission) !== undefined
    const create = isSecret && !this.#exchange(nodeId, id).isRecordShown
    const heads = create || mission === undefined ? [] : this.#wantedAfter(nodeId, mission)
    link.send({ t: 'want', mission: id, heads, create })
  }

  /** Our heads, for the peer to see what we lack; to one that may not have this mission, no more than it said itself. */
  #wantedAfter(nodeId: NodeId, mission: Mission): WireHead[] {
    const { probes, told } = this.#exchange(nodeId, mission.id)
    const sought = mission.sought()
    const isSought = new Set(sought.map(logKey))
    const isOther = (head: Head) => !isSought.has(logKey(head))
    const known = mission.logs.heads().map((head) => ({ ...head, ...pick(probes.get(logKey(head))) }))
    const heads = [...sought, ...known.filter(isOther)]
    if (this.#refuseGiving(nodeId, mission) === undefined) {
      const before = mission.logs.predecessors((key) => told.has(key)).filter(isOther)
      return [...heads, ...before].slice(0, limits.heads).map(toWire)
    }
    return heads.filter((head) => (told.get(logKey(head)) ?? 0) >= head.seq).map(toWire)
  }

  #decisionOn(nodeId: NodeId): Decision | undefined {
    return this.#parts.trust.stateOf(nodeId).decision
  }

  /** Asks the next peer that holds something we lack. */
  #fetchElsewhere(id: MissionId, except?: NodeId): void {
    const mission = this.#parts.missions.get(id)
    for (const { nodeId } of this.#parts.links.up()) {
      const exchange = this.#exchanges.get(nodeId)?.get(id)
      if (nodeId === except || exchange?.digest === undefined) continue
      if (exchange.declinedUnder !== undefined && exchange.declinedUnder === this.#decisionOn(nodeId)) continue
      if (mission === undefined) this.#fetch(nodeId, id)
      else this.#compare(nodeId, mission)
    }
  }

  #pushMissing(link: Link, nodeId: NodeId, mission: Mission): void {
    const exchange = this.#exchanges.get(nodeId)?.get(mission.id)
    if (exchange === undefined || !exchange.isKnown || exchange.isStreaming) return
    if (this.#refuseGiving(nodeId, mission) !== undefined) return
    if (firstMissing(mission.logs.logs(), exchange.sent) !== undefined) this.#stream(link, nodeId, mission, exchange)
  }

  /** Sends all that the peer lacks, at the pace of its link, then `done`; what is written meanwhile goes along. */
  #stream(link: Link, nodeId: NodeId, mission: Mission, exchange: Exchange): void {
    if (exchange.isStreaming) return
    exchange.isStreaming = true
    let order = inOrderOfMembership(mission)
    link.setStream(mission.id, async () => {
      for (;;) {
        if (!exchange.isStreaming) return undefined
        let missing = firstMissing(order, exchange.sent)
        if (missing === undefined) {
          // What was written meanwhile goes along.
          order = inOrderOfMembership(mission)
          missing = firstMissing(order, exchange.sent)
        }
        if (missing === undefined) {
          exchange.isStreaming = false
          // A peer that says nothing of this mission itself hears what is new from now on, too.
          this.#parts.onHeld(link, nodeId, mission.id)
          return encodeMessage({ t: 'done', mission: mission.id, digest: mission.logs.digest() })
        }
        const run = await mission.logs.readAfter(missing.key, missing.after)
        if (run === undefined) throw new Error('a durable run cannot be read')
        // While it was read, the peer may have sent the same.
        if ((exchange.sent.get(missing.key) ?? 0) >= lastSeq(run.header)) continue
        raise(exchange.sent, missing.key, lastSeq(run.header))
        const frame = new RunFrame(mission.id, encodeRun(run)).for(link.version)
        this.#parts.peers.count(nodeId, { changesOut: run.header.count, bytesOut: frame.length })
        return frame
      }
    })
  }

  #noteHeads(mission: Mission, exchange: Exchange, wire: readonly WireHead[]): void {
    const heads = wire.map(fromWire)
    for (const [key, seq] of spreadHeads(heads, (key) => mission.logs.log(key))) exchange.noteHeld(key, seq)
    this.#forkSearch.suspect(mission, exchange, heads)
    exchange.isKnown = true
    exchange.at = this.#parts.clock.now()
  }

  #exchange(nodeId: NodeId, id: MissionId): Exchange {
    let missions = this.#exchanges.get(nodeId)
    if (missions === undefined) {
      missions = new Map()
      this.#exchanges.set(nodeId, missions)
    }
    let exchange = missions.get(id)
    if (exchange === undefined) {
      exchange = new Exchange()
      missions.set(id, exchange)
    }
    return exchange
  }

  #refuseGiving(nodeId: NodeId, mission: Mission): ProblemCode | undefined {
    return refuseGiving(this.#parts.links.factsOf(nodeId), missionFacts(mission, this.#parts.ownId, nodeId))
  }

  #refuseTaking(nodeId: NodeId, mission: Mission): ProblemCode | undefined {
    return refuseTaking(this.#parts.links.factsOf(nodeId), missionFacts(mission, this.#parts.ownId, nodeId))
  }

  /** Asked by the link when a frame of a mission is about to leave. */
  mayLeave(nodeId: NodeId, id: MissionId): boolean {
    const mission = this.#parts.missions.get(id)
    return mission !== undefined && this.#refuseGiving(nodeId, mission) === undefined
  }

  #count(reason: string): void {
    countOne(this.runsRefused, reason)
  }
}

function countOne(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1)
}

/** Whether our own word would give this peer a right in the mission that it has not, and that the policy gives. */
function wantsAdmit(mission: Mission, nodeId: NodeId, facts: PeerFacts, ownId: NodeId): boolean {
  const isLess =
    mission.roleOf(nodeId) === undefined || (mayDelete(facts) && mayLetDelete(mission.permissions, ownId, nodeId))
  return isLess && refuseWriting(facts, missionFacts(mission, ownId, nodeId)) === undefined
}

/** An author's admit stands in the log of a member before it, so its runs find it admitted. */
export function inOrderOfMembership(mission: Mission): readonly HeldLog[] {
  const order = new Map([...mission.permissions.members.keys()].map((author, index) => [author, index]))
  const rank = (log: HeldLog) => order.get(log.id.author) ?? order.size
  return [...mission.logs.logs()].sort((a, b) => rank(a) - rank(b))
}

function pick(probe: Probe | undefined): Partial<Head> {
  return probe === undefined ? {} : { seq: probe.seq, hash: probe.hash }
}

function toWire({ author, epoch, seq, hash }: Head): WireHead {
  return [author, epoch, seq, hash]
}

function fromWire([author, epoch, seq, hash]: WireHead): Head {
  return { author, epoch, seq, hash }
}
