/**
 * Pairings of this node (docs/protocol/pairing.md): carries out what the machine says. One runs at a time; others may
 * ask meanwhile, and nothing is computed for them before a person opens their request.
 */
import type { DecisionRequest } from '@shared/contract.js'
import type { ComparedCode, NodeId, PairingCode, PairingRun, PairingStatus } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { everything } from '@shared/scope.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { parseBase64Url } from '../bytes/hash.js'
import type { Identity } from '../identity/identity.js'
import { parsePublicKey } from '../identity/signature.js'
import { bounds, limits } from '../limits.js'
import type { LinkTable } from '../links/link-table.js'
import type { Link } from '../links/link.js'
import type { Message } from '../links/messages.js'
import type { EndWord, PairingMessage } from '../links/pairing-messages.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { PeerBook } from '../trust/peer-book.js'
import { refuseFederation } from '../trust/policy.js'
import type { TrustBook } from '../trust/trust-book.js'
import {
  countTry,
  isTry,
  nextStep,
  noTries,
  recentTries,
  tryBounds,
  type PairingEvent,
  type Send,
  type Step,
  type Transition
} from './machine.js'
import { codeOf, commitmentOf, signConfirm, verifyConfirm, type Nonces, type PairingContext } from './transcript.js'

/** What the person gives with a yes. */
export type Chosen = Pick<DecisionRequest, 'scope' | 'until'>

export interface PairingParts {
  readonly identity: Identity
  readonly links: Pick<LinkTable, 'reach' | 'factsOf'>
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly clock: Clock
  readonly random: Random
  /** Why a person cannot say yes to that now. */
  readonly refuse: (nodeId: NodeId, chosen: Chosen) => ProblemCode | undefined
  /** Both said that the codes are equal. */
  readonly decide: (nodeId: NodeId, chosen: Chosen, compared: ComparedCode) => Promise<Result<null>>
  readonly onChange: () => void
}

/** The link goes on a little longer than a step, which ends by itself. */
const lingerMs = limits.pairingMs + 5_000

interface Pairing {
  readonly nodeId: NodeId
  /** The initiator is the side that starts. */
  readonly isOurs: boolean
  readonly askedAt: number
  step: Step
  /** How often it was reached for. */
  reached: number
  /** Wall time. */
  until: number
  stopTimer: () => void
  /** Absent while it is reached. */
  on?: Way
  /** Of the responder: what the initiator is bound to. */
  commitment?: Buffer
  /** The other side started as well, while it is reached. */
  theirs?: Asked
  ownNonce?: Buffer
  theirNonce?: Buffer | undefined
  code?: PairingCode
  chosen?: Chosen
}

/** What a start says. */
interface Asked {
  readonly on: Way
  readonly commitment: Buffer
}

/** On which link, under which name. */
interface Way {
  readonly link: Link
  /** 16 bytes. */
  readonly pairing: Buffer
}

/** Who takes connections only to end them is not asked for ever. */
const reachMost = 3

type Start = Extract<PairingMessage, { t: 'pair-start' }>

export class Pairings {
  readonly #parts: PairingParts
  /** One for each peer; beyond `asked` is at most one. */
  readonly #pairings = new Map<NodeId, Pairing>()
  /** Monotonic times of requests that no person opened. */
  readonly #asked = new Map<NodeId, number>()
  /** The last one, until another runs or a person puts it away. */
  #last: PairingRun | undefined
  #tries = noTries
  #isStopped = false

  constructor(parts: PairingParts) {
    this.#parts = parts
  }

  view(): PairingStatus {
    const { clock } = this.#parts
    const active = this.#active()
    const current = active === undefined ? this.#last : viewOf(active)
    const pausedMs = this.#tries.pausedUntil - clock.monotonic()
    return {
      ...(current === undefined ? {} : { current }),
      requests: this.#requests().map(({ nodeId, askedAt, until }) => ({ nodeId, at: askedAt, until })),
      tries: recentTries(this.#tries, clock.monotonic()).length,
      ...(pausedMs > 0 ? { pausedUntil: clock.now() + pausedMs } : {})
    }
  }

  /** Asks a peer; opens its request if it asked already. Resolves when it is on its way. */
  async start(nodeId: NodeId): Promise<Result<null>> {
    const known = this.#pairings.get(nodeId)
    if (known?.step === 'asked') return this.open(nodeId)
    if (known !== undefined) return ok(null)
    const refused = this.#refuseStart(nodeId) ?? this.#refuseRunning()
    if (refused !== undefined) return fail(refused)
    return this.#reach(this.#begin(nodeId, true, 'reaching'))
  }

  async #reach(pairing: Pairing): Promise<Result<null>> {
    const { nodeId } = pairing
    const link = pairing.reached++ < reachMost ? await this.#parts.links.reach(nodeId) : undefined
    // Meanwhile a person may have cancelled it, or the other side asked, which this start opened.
    if (this.#pairings.get(nodeId) !== pairing || pairing.step !== 'reaching') return ok(null)
    const code =
      link === undefined || link.state === 'closed'
        ? 'pairing-no-link'
        : link.version < 4
          ? 'pairing-old-version'
          : undefined
    if (link === undefined || code !== undefined) {
      this.#end(pairing, { to: 'ended', code: code ?? 'pairing-no-link' })
      return fail(code ?? 'pairing-no-link')
    }
    if (pairing.theirs?.on.link === link) {
      this.#answer(pairing, pairing.theirs)
      return ok(null)
    }
    pairing.on = { link, pairing: this.#parts.random.bytes(16) }
    pairing.ownNonce = this.#parts.random.bytes(32)
    this.#apply(pairing, { kind: 'reached' })
    return ok(null)
  }

  /** A person lets the request of a peer go on. */
  open(nodeId: NodeId): Result<null> {
    const pairing = this.#pairings.get(nodeId)
    if (pairing?.step !== 'asked') return fail('pairing-none')
    const refused = this.#refuseRunning()
    if (refused !== undefined) return fail(refused)
    this.#open(pairing)
    return ok(null)
  }

  /** What a person says about the code. */
  answer(nodeId: NodeId, equal: boolean, chosen: Chosen): Result<null> {
    const pairing = this.#pairings.get(nodeId)
    if (pairing === undefined) return fail('pairing-none')
    const refused = equal ? this.#parts.refuse(nodeId, chosen) : undefined
    if (refused !== undefined) return fail(refused)
    const event: PairingEvent = { kind: equal ? 'equal' : 'differ' }
    if (nextStep(pairing.step, event) === undefined) return fail('pairing-none')
    pairing.chosen = chosen
    this.#apply(pairing, event)
    return ok(null)
  }

  /** Rejects a request, ends what runs, or puts away what has ended. */
  cancel(nodeId: NodeId): Result<null> {
    const pairing = this.#pairings.get(nodeId)
    if (pairing !== undefined) this.#apply(pairing, { kind: 'cancel' })
    else if (this.#last?.nodeId !== nodeId) return fail('pairing-none')
    this.#last = undefined
    this.#parts.onChange()
    return ok(null)
  }

  /** A person decided about this peer: who is rejected asks no more. */
  decided(nodeId: NodeId): void {
    const pairing = this.#pairings.get(nodeId)
    if (pairing?.step === 'asked' && this.#isRejected(nodeId)) this.#apply(pairing, { kind: 'cancel' })
  }

  message(link: Link, nodeId: NodeId, message: PairingMessage): void {
    if (message.t === 'pair-start') {
      this.#takeStart(link, nodeId, message)
      return
    }
    const pairing = this.#pairings.get(nodeId)
    // Of one that is over, they may have been on their way.
    if (pairing?.on?.link !== link || pairing.on.pairing.toString('hex') !== message.pairing) return
    this.#apply(pairing, this.#judge(pairing, pairing.on, message))
  }

  lost(link: Link): void {
    for (const pairing of [...this.#pairings.values()])
      if (pairing.on?.link === link) this.#apply(pairing, { kind: 'lost' })
  }

  stop(): void {
    this.#isStopped = true
    for (const { stopTimer } of this.#pairings.values()) stopTimer()
    this.#pairings.clear()
  }

  #active(): Pairing | undefined {
    return [...this.#pairings.values()].find(({ step }) => step !== 'asked')
  }

  #requests(): readonly Pairing[] {
    return [...this.#pairings.values()].filter(({ step }) => step === 'asked')
  }

  #refuseStart(nodeId: NodeId): ProblemCode | undefined {
    if (!this.#parts.peers.peers.has(nodeId)) return 'not-found'
    const facts = this.#parts.links.factsOf(nodeId)
    return facts.trust.level === 'revoked' ? 'peer-revoked' : refuseFederation(facts)
  }

  #refuseRunning(): ProblemCode | undefined {
    if (this.#isPaused) return 'pairing-paused'
    return this.#active() === undefined ? undefined : 'pairing-busy'
  }

  #isRejected(nodeId: NodeId): boolean {
    return this.#parts.trust.stateOf(nodeId).decision?.level === 'untrusted'
  }

  get #isPaused(): boolean {
    return this.#tries.pausedUntil > this.#parts.clock.monotonic()
  }

  #takeStart(link: Link, nodeId: NodeId, { pairing: name, commitment }: Start): void {
    const { identity, trust, clock } = this.#parts
    const known = this.#pairings.get(nodeId)
    const asked = { on: { link, pairing: Buffer.from(name, 'hex') }, commitment: Buffer.from(commitment, 'base64url') }
    // Both pressed: the lower node ID is the initiator.
    if (known?.step === 'calling' && identity.nodeId < nodeId) return
    // Of two who dial each other one link stays: which one is known when our own dial has ended.
    if (known?.step === 'reaching') known.theirs = asked
    else if (known?.step === 'calling') this.#answer(known, asked)
    else if (known?.step === 'asked') Object.assign(known, asked)
    else if (known !== undefined) this.#apply(known, { kind: 'forged' })
    else {
      const refused = this.#refuseRequest(nodeId)
      if (refused !== undefined) {
        link.send({ t: 'pair-end', pairing: name, why: refused })
        return
      }
      const callsign = this.#parts.peers.peers.get(nodeId)?.callsign
      this.#asked.set(nodeId, clock.monotonic())
      Object.assign(this.#begin(nodeId, false, 'asked'), asked)
      link.linger(lingerMs)
      void trust.note('pairing-asked', { node: nodeId, callsign })
    }
  }

  /** Both pressed: our start gives way to theirs, and nobody has to open it. */
  #answer(ours: Pairing, theirs: Asked): void {
    ours.stopTimer()
    this.#open(Object.assign(this.#begin(ours.nodeId, false, 'asked'), theirs))
  }

  #refuseRequest(nodeId: NodeId): EndWord | undefined {
    const now = this.#parts.clock.monotonic()
    if (this.#isPaused) return 'paused'
    // Who was rejected does not ask again: this side can start.
    if (this.#isRejected(nodeId)) return 'declined'
    for (const [id, at] of this.#asked) if (now - at >= bounds.pairingAskMs) this.#asked.delete(id)
    if (this.#asked.has(nodeId)) return 'wait'
    // Each costs a prompt and a line of the audit, and an identity costs nothing.
    return this.#asked.size >= limits.pendingRequests ? 'busy' : undefined
  }

  #begin(nodeId: NodeId, isOurs: boolean, step: Step): Pairing {
    const now = this.#parts.clock.now()
    const pairing: Pairing = { nodeId, isOurs, askedAt: now, step, reached: 0, until: now, stopTimer: () => undefined }
    this.#pairings.set(nodeId, pairing)
    this.#restartTimer(pairing)
    if (step !== 'asked') this.#last = undefined
    this.#parts.onChange()
    return pairing
  }

  #restartTimer(pairing: Pairing): void {
    const { clock } = this.#parts
    pairing.stopTimer()
    pairing.until = clock.now() + limits.pairingMs
    pairing.stopTimer = clock.after(limits.pairingMs, () => this.#apply(pairing, { kind: 'expired' }))
    pairing.on?.link.linger(lingerMs)
  }

  #open(pairing: Pairing): void {
    this.#asked.delete(pairing.nodeId)
    if (pairing.on?.link.state === 'closed') {
      this.#end(pairing, { to: 'ended', code: 'pairing-lost' })
      return
    }
    this.#last = undefined
    pairing.ownNonce = this.#parts.random.bytes(32)
    this.#apply(pairing, { kind: 'open' })
  }

  /** What a message is to the machine; keeps the nonce in it. */
  #judge(pairing: Pairing, on: Way, message: Exclude<PairingMessage, Start>): PairingEvent {
    switch (message.t) {
      case 'pair-end':
        return { kind: 'end', word: message.why }
      case 'pair-nonce':
        if (pairing.step === 'calling') pairing.theirNonce = parseBase64Url(message.nonce, 32)
        return { kind: 'nonce' }
      case 'pair-reveal': {
        const nonce = parseBase64Url(message.nonce, 32)
        if (pairing.step !== 'answered' || nonce === undefined) return { kind: 'forged' }
        pairing.theirNonce = nonce
        const isBound = pairing.commitment?.equals(commitmentOf(this.#context(pairing, on), nonce)) === true
        return { kind: isBound ? 'reveal' : 'forged' }
      }
      case 'pair-confirm': {
        const nonces = noncesOf(pairing)
        const side = pairing.isOurs ? 'responder' : 'initiator'
        const key = parsePublicKey(theirKey(on.link))
        const isGood =
          nonces !== undefined &&
          key !== undefined &&
          verifyConfirm(side, this.#context(pairing, on), nonces, key, message.signature)
        return { kind: isGood ? 'confirm' : 'forged' }
      }
    }
  }

  #apply(pairing: Pairing, event: PairingEvent): boolean {
    if (this.#pairings.get(pairing.nodeId) !== pairing) return false
    const next = nextStep(pairing.step, event)
    if (next === undefined) return false
    if (next.to === 'ended') {
      this.#end(pairing, next)
      return true
    }
    if (pairing.on === undefined) throw new Error('a pairing goes on without a link')
    if (next.sends !== undefined) this.#send(pairing, pairing.on, next.sends)
    if (next.to === 'done') {
      void this.#finish(pairing)
      return true
    }
    pairing.step = next.to
    if (next.to === 'reaching') {
      delete pairing.on
      void this.#reach(pairing)
      this.#parts.onChange()
      return true
    }
    const nonces = noncesOf(pairing)
    if (next.to === 'comparing' && nonces !== undefined)
      pairing.code = codeOf(this.#context(pairing, pairing.on), nonces)
    // Whoever said equal waits for the other no longer than both have to compare.
    if (next.to !== 'agreed' && next.to !== 'they-agreed') this.#restartTimer(pairing)
    this.#parts.onChange()
    return true
  }

  #send(pairing: Pairing, on: Way, what: Send): void {
    on.link.send(this.#messageOf(pairing, on, what))
  }

  #messageOf(pairing: Pairing, on: Way, what: Send): Message {
    const name = on.pairing.toString('hex')
    const { ownNonce } = pairing
    if (ownNonce === undefined) throw new Error('a pairing without a nonce')
    switch (what) {
      case 'start': {
        const commitment = commitmentOf(this.#context(pairing, on), ownNonce).toString('base64url')
        return { t: 'pair-start', pairing: name, commitment }
      }
      case 'nonce':
      case 'reveal':
        return { t: `pair-${what}`, pairing: name, nonce: ownNonce.toString('base64url') }
      case 'confirm': {
        const nonces = noncesOf(pairing)
        if (nonces === undefined) throw new Error('nothing to confirm')
        const side = pairing.isOurs ? 'initiator' : 'responder'
        const signature = signConfirm(side, this.#context(pairing, on), nonces, this.#parts.identity.signingKey)
        return { t: 'pair-confirm', pairing: name, signature }
      }
    }
  }

  #context({ isOurs }: Pairing, { link, pairing }: Way): PairingContext {
    const own = this.#parts.identity.publicKey
    const theirs = theirKey(link)
    const { exporter, clientCertificate, serverCertificate } = link.channel.binding
    return {
      pairing,
      initiatorRole: (link.channel.role === 'client') === isOurs ? 'client' : 'server',
      initiatorKey: isOurs ? own : theirs,
      responderKey: isOurs ? theirs : own,
      clientCertificate,
      serverCertificate,
      exporter
    }
  }

  #end(pairing: Pairing, { code, says, cuts }: Extract<Transition, { to: 'ended' }>): void {
    const { trust, peers, clock } = this.#parts
    const { nodeId, step, on } = pairing
    pairing.stopTimer()
    this.#pairings.delete(nodeId)
    if (step !== 'asked') this.#last = viewOf(pairing, problem(code))
    if (isTry(step) && !this.#isStopped) {
      this.#tries = countTry(this.#tries, clock.monotonic())
      const facts = { node: nodeId, callsign: peers.peers.get(nodeId)?.callsign }
      void trust.note('pairing-failed', { ...facts, code })
      if (this.#isPaused) {
        void trust.note('pairing-paused', { code: 'pairing-paused' })
        clock.after(tryBounds.pauseMs, () => this.#parts.onChange())
      }
    }
    if (on !== undefined && says !== undefined)
      on.link.send({ t: 'pair-end', pairing: on.pairing.toString('hex'), why: says })
    this.#parts.onChange()
    if (cuts === true) on?.link.close('protocol-error', 'it broke the rules of pairing')
  }

  /** Both said equal: this side decides, and says so once that is on disk. */
  async #finish(pairing: Pairing): Promise<void> {
    const { identity, clock } = this.#parts
    const { nodeId, code, chosen } = pairing
    if (code === undefined || chosen === undefined) throw new Error('a pairing ended without a code or a yes')
    pairing.stopTimer()
    this.#pairings.delete(nodeId)
    const saving: PairingRun = { ...viewOf({ ...pairing, step: 'agreed' }), state: 'agreed' }
    this.#last = saving
    this.#parts.onChange()
    const compared = { ...code, at: clock.now(), by: identity.callsign }
    const decided = await this.#parts.decide(nodeId, chosen, compared)
    if (this.#last !== saving) return // Another one runs, or a person put it away.
    const { until: _, ...over } = saving
    this.#last = decided.ok ? { ...over, state: 'done' } : { ...over, state: 'ended', problem: decided.problem }
    this.#parts.onChange()
  }
}

function viewOf(pairing: Pairing, ended?: Problem): PairingRun {
  const { nodeId, isOurs, step, until, code, chosen } = pairing
  return {
    nodeId,
    isOurs,
    ...(ended === undefined
      ? { state: step === 'asked' ? 'answered' : step, until }
      : { state: 'ended', problem: ended }),
    ...(code === undefined ? {} : { code }),
    ...(chosen === undefined || ended !== undefined ? {} : { scope: chosen.scope ?? everything })
  }
}

function noncesOf({ isOurs, ownNonce, theirNonce }: Pairing): Nonces | undefined {
  if (ownNonce === undefined || theirNonce === undefined) return undefined
  return isOurs ? { initiator: ownNonce, responder: theirNonce } : { initiator: theirNonce, responder: ownNonce }
}

/** The signing key that the hello of this link proved: 32 bytes. */
function theirKey(link: Link): Buffer {
  if (link.peer === undefined) throw new Error('a pairing before the hello')
  return Buffer.from(link.peer.record.signingKey, 'base64url')
}
