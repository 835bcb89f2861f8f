/**
 * What peers who may introduce others said last (docs/protocol/introductions.md), kept in a document that they fill again if it is
 * lost, and what follows from it: whoever is let in by it gets a decision that rests on the introducer (trust-book.ts).
 */
import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import type { Decision, IntroductionView, NodeId } from '@shared/model.js'
import { NodeIdSchema } from '../bytes/ids.js'
import { bounds, limits } from '../limits.js'
import { shortId, type Log } from '../runtime/log.js'
import { openDocument, type Document } from '../storage/document.js'
import { kept, type Disk } from '../storage/disk.js'
import type { Clock } from '../runtime/clock.js'
import { IntroductionSchema, judgeIntroduction, type Introduction } from './introduction.js'
import type { PeerBook } from './peer-book.js'
import { refuseFederation, refuseVouching, type PeerFacts } from './policy.js'
import type { TrustBook } from './trust-book.js'
import { introducerOf, letsIn, rightToIntroduce } from './trust-state.js'
import type { Vouching } from './vouching.js'

export const IntroductionsFile = v.object({
  told: v.pipe(
    v.array(
      v.object({
        from: NodeIdSchema,
        peers: v.pipe(v.array(IntroductionSchema), v.maxLength(limits.introductions))
      })
    ),
    v.maxLength(bounds.introducers)
  )
})
type IntroductionsFile = v.InferOutput<typeof IntroductionsFile>

export interface IntroductionsParts {
  readonly ownId: NodeId
  readonly disk: Disk
  readonly clock: Clock
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly vouching: Vouching
  readonly factsOf: (nodeId: NodeId) => PeerFacts
  readonly log: Log
  /** Something that the window shows about this peer changed. */
  readonly onPeer: (nodeId: NodeId) => void
}

/** What one peer says of another, and what that does here. */
interface Word {
  readonly introducer: NodeId
  readonly introduction: Introduction
  readonly effect: IntroductionView['effect']
}

export class Introductions {
  readonly #parts: IntroductionsParts
  readonly #document: Document<IntroductionsFile>
  /** By introducer, then by who is introduced. */
  readonly #told = new Map<NodeId, ReadonlyMap<NodeId, Introduction>>()
  readonly #due = new Set<NodeId>()
  #working: Promise<void> = Promise.resolve()
  #cancelSave: (() => void) | undefined

  private constructor(parts: IntroductionsParts) {
    this.#parts = parts
    this.#document = openDocument(parts.disk, 'introductions.json', IntroductionsFile)
  }

  static async open(parts: IntroductionsParts): Promise<Introductions> {
    const book = new Introductions(parts)
    const read = await book.#document.read()
    // Lost, it costs nothing: whoever introduces says it again on the next link.
    for (const { from, peers } of read.ok ? (read.value?.told ?? []) : []) book.#told.set(from, byNode(peers))
    return book
  }

  /** All that this peer says now; what it said before and not again holds no more. */
  take(from: NodeId, list: readonly Introduction[]): void {
    const { trust, log } = this.#parts
    if (rightToIntroduce(trust.stateOf(from)) === undefined) return
    if (!this.#told.has(from) && this.#told.size >= bounds.introducers) {
      log('warn', 'introductions-not-kept', { peer: shortId(from) })
      return
    }
    const before = this.#told.get(from)
    const told = byNode(list)
    if (before !== undefined && isDeepStrictEqual(before, told)) return
    this.#told.set(from, told)
    this.#saveSoon()
    this.#review([...(before?.keys() ?? []), ...told.keys()])
  }

  /** What was decided about a peer, or what it showed, may change what is said of it and by it. */
  review(nodeId: NodeId): void {
    const said = this.#told.get(nodeId)
    if (said !== undefined && rightToIntroduce(this.#parts.trust.stateOf(nodeId)) === undefined) {
      this.#told.delete(nodeId)
      this.#saveSoon()
    }
    this.#review([nodeId, ...(said?.keys() ?? [])])
  }

  about(nodeId: NodeId): readonly IntroductionView[] {
    return this.#wordsOf(nodeId).map(({ introducer, introduction: { since, ground }, effect }) => ({
      ...{ nodeId: introducer, callsign: this.#callsignOf(introducer), since, ground, effect }
    }))
  }

  /** Who speaks for a peer now, as a decision notes it. */
  vouchersOf(nodeId: NodeId): NonNullable<Decision['introducedBy']> {
    const words = this.#wordsOf(nodeId).filter(({ effect }) => effect !== 'differs')
    return words
      .slice(0, bounds.vouchersNoted)
      .map(({ introducer }) => ({ nodeId: introducer, callsign: this.#callsignOf(introducer) }))
  }

  async close(): Promise<void> {
    await this.#working
    this.#cancelSave?.()
    if (this.#cancelSave !== undefined) await this.#save()
    this.#cancelSave = undefined
  }

  #callsignOf(nodeId: NodeId): string {
    return this.#parts.peers.peers.get(nodeId)?.callsign ?? ''
  }

  #wordsOf(nodeId: NodeId): readonly Word[] {
    const words: Word[] = []
    for (const [introducer, told] of this.#told) {
      const introduction = told.get(nodeId)
      const effect = introduction && this.#judged(introducer, introduction)
      if (introduction !== undefined && effect !== undefined) words.push({ introducer, introduction, effect })
    }
    return words
  }

  #judged(introducer: NodeId, introduction: Introduction): IntroductionView['effect'] | undefined {
    const { ownId, trust, vouching, factsOf } = this.#parts
    const { node, federation } = introduction
    const facts = factsOf(node)
    // While it withholds its federation, the introducer's word says which one is to be dealt with.
    const asSaid = { ...facts, claimedFederation: facts.claimedFederation || federation }
    return judgeIntroduction({
      ...{ ownId, introducer, introduction, state: facts.trust, stateOfIntroducer: trust.stateOf(introducer) },
      wasRemoved: trust.wasRemoved(node),
      claimedFederation: facts.claimedFederation,
      mayDeal: refuseFederation(asSaid) === undefined,
      mayVouch: refuseVouching(asSaid) === undefined,
      keyShown: vouching.keyShownBy(node),
      owner: trust.ownerOf(introduction.key),
      hasWarning: vouching.warningOf(node) !== undefined,
      time: facts.time
    })
  }

  /** What takes trust away acts now, what gives it in its turn: it waits for the disk. */
  #review(nodeIds: readonly NodeId[]): void {
    for (const nodeId of new Set(nodeIds)) {
      this.#endLost(nodeId)
      this.#parts.onPeer(nodeId)
      this.#due.add(nodeId)
    }
    this.#working = this.#working.then(() => this.#letIn())
  }

  /** The word that lets this peer in: of the one that it rests on, if that one still gives it. */
  #wordFor(nodeId: NodeId): Word | undefined {
    const enough = this.#wordsOf(nodeId).filter(({ effect }) => effect === 'lets-in')
    const before = introducerOf(this.#parts.trust.stateOf(nodeId))
    return enough.find(({ introducer }) => introducer === before) ?? enough[0]
  }

  #endLost(nodeId: NodeId): void {
    const { trust, peers } = this.#parts
    const state = trust.stateOf(nodeId)
    const introducer = introducerOf(state)
    // Who said nothing since its list was lost here has taken nothing back.
    if (state.level !== 'trusted' || introducer === undefined || !this.#told.has(introducer)) return
    if (this.#wordFor(nodeId) !== undefined) return
    void trust.unvouch(
      nodeId,
      peers.peers.get(nodeId)?.callsign ?? '',
      'introduction-lost',
      this.#callsignOf(introducer)
    )
  }

  async #letIn(): Promise<void> {
    for (const nodeId of this.#due) {
      this.#due.delete(nodeId)
      const word = this.#wordFor(nodeId)
      if (word !== undefined) await this.#decide(nodeId, word)
    }
  }

  async #decide(nodeId: NodeId, { introducer, introduction }: Word): Promise<void> {
    const { trust, peers, clock, vouching } = this.#parts
    const state = trust.stateOf(nodeId)
    const right = trust.stateOf(introducer)
    const given = letsIn(right)
    const peer = peers.peers.get(nodeId)
    if (given === undefined || right.decision === undefined || peer === undefined) return
    const { scope, until } = given
    const isSame =
      state.level === 'trusted' &&
      introducerOf(state) === introducer &&
      state.decision?.until === until &&
      isDeepStrictEqual(state.decision?.scope, scope)
    if (isSame) return
    const decision: Decision = {
      ...{ level: 'trusted', at: clock.now(), by: right.decision.by, ground: 'introduced', scope },
      ...(until === undefined ? {} : { until }),
      introducedBy: [{ nodeId: introducer, callsign: this.#callsignOf(introducer) }]
    }
    const key = vouching.keyShownBy(nodeId) ?? introduction.key
    const federation = peer.federation || introduction.federation
    await trust.decide({ nodeId, callsign: peer.callsign || introduction.callsign, federation, decision, key })
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#parts.clock.after(200, () => {
      this.#cancelSave = undefined
      void this.#save()
    })
  }

  async #save(): Promise<void> {
    const told = [...this.#told].map(([from, peers]) => ({ from, peers: [...peers.values()] }))
    const saved = await kept(this.#document.write({ told }))
    if (!saved.ok) this.#parts.log('warn', 'introductions-not-saved', { error: saved.problem.detail })
  }
}

/** Of two entries about one node the first counts. */
function byNode(list: readonly Introduction[]): ReadonlyMap<NodeId, Introduction> {
  return new Map(list.toReversed().map((one) => [one.node, one]))
}
