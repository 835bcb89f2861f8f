/**
 * All links, one per peer (docs/protocol/links.md): takes connections, settles crossed dials, raises a link when both
 * sides trust, and cuts it when the policy says so. Who is trusted it asks; it decides nothing itself.
 */
import { joinAddress } from '@shared/address.js'
import type { Address, LinkState, MissionId, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import type { Problem } from '@shared/result.js'
import { problem } from '@shared/result.js'
import { bounds } from '../limits.js'
import type { ForkProof } from '../logs/fork.js'
import type { Run } from '../logs/run.js'
import { shortId, type Log } from '../runtime/log.js'
import type { AuditFacts, TrustBook } from '../trust/trust-book.js'
import type { PeerBook } from '../trust/peer-book.js'
import { refuseFederation, refuseLink, type PeerFacts } from '../trust/policy.js'
import { firstAnswer, inTurn } from './attempts.js'
import { Dialer, type DialOutcome } from './dialer.js'
import { Gatekeeper } from './gatekeeper.js'
import { Greeter, type Greeting, type Sighted } from './greeter.js'
import type { LinkVersion } from './hello.js'
import { Link, type LinkSelf, type Met } from './link.js'
import type { ContentPart } from './content-frame.js'
import type { Message } from './messages.js'
import type { PairingMessage } from './pairing-messages.js'
import { TransportError, type Channel, type Listener, type Transport } from './transport.js'

export interface LinkTableParts {
  readonly transport: Transport
  readonly self: Omit<LinkSelf, 'linkPort' | 'trusts' | 'isBarred' | 'isShownTo'>
  readonly trust: TrustBook
  readonly peers: PeerBook
  /** Whether strangers may know callsign, laptop and federation. */
  readonly isShownToStrangers: () => boolean
  readonly log: Log
  readonly onUp: (link: Link, nodeId: NodeId) => void
  readonly onDown: (link: Link, nodeId: NodeId) => void
  readonly onMessage: (link: Link, nodeId: NodeId, message: Message) => void
  readonly onPairing: (link: Link, nodeId: NodeId, message: PairingMessage) => void
  readonly onClosed: (link: Link) => void
  readonly onRun: (link: Link, nodeId: NodeId, mission: MissionId, run: Run) => void
  readonly onFork: (link: Link, nodeId: NodeId, mission: MissionId, proof: ForkProof) => void
  readonly onPresence: (link: Link, nodeId: NodeId, payload: Buffer) => void
  readonly onContent: (link: Link, nodeId: NodeId, part: ContentPart) => void
  /** The hello proved who it is, and that it holds the key of the first certificate of this chain. */
  readonly onShown: (peer: Met, chain: readonly Buffer[]) => void
  /** Something that the window shows about this peer changed. */
  readonly onPeer: (nodeId: NodeId) => void
  readonly onTargets: () => void
  /** How a hello with somebody in the air goes changed. */
  readonly onNearby: () => void
}

interface Down {
  readonly reason: ProblemCode
  readonly since: number
}

/** Runs of the same identity, to notice one that lives in two places. */
interface Runs {
  current: string
  previous?: string
  alternations: number
}

const noted = { perMinute: 20 }

export class LinkTable {
  readonly dialer: Dialer
  readonly #greeter = new Greeter(
    (to) => this.#greet(to),
    (to) => !this.#stopped && this.#isGreetingNeeded(to),
    () => this.#parts.onNearby()
  )
  /** Which instance said hello at an address: the next laptop there is another one. */
  readonly #greeted = new Map<string, string>()
  /** Somebody connected to us since the start: others can reach us. */
  wasReached = false
  /** Why others cannot reach us. */
  listenProblem: Problem | undefined
  readonly #parts: LinkTableParts
  readonly #self: LinkSelf
  readonly #gate: Gatekeeper
  readonly #young = new Set<Link>()
  readonly #links = new Map<NodeId, Link>()
  readonly #down = new Map<NodeId, Down>()
  readonly #runs = new Map<NodeId, Runs>()
  readonly #dials = new Map<Link, (outcome: DialOutcome) => void>()
  #listener: Listener | undefined
  #stopped = false
  #notes = { minute: 0, count: 0 }

  constructor(parts: LinkTableParts) {
    this.#parts = parts
    const { self, trust, peers } = parts
    this.#self = {
      ...self,
      linkPort: () => this.linkPort ?? 0,
      isBarred: (nodeId) => trust.stateOf(nodeId).level === 'revoked',
      trusts: (nodeId) => refuseLink(this.factsOf(nodeId)) === undefined,
      isShownTo: (nodeId) => parts.isShownToStrangers() || refuseLink(this.factsOf(nodeId)) === undefined
    }
    this.#gate = new Gatekeeper(
      () => self.clock.monotonic(),
      (address) =>
        [...peers.peers.values()].some(
          ({ nodeId, addresses }) =>
            trust.stateOf(nodeId).level === 'trusted' && addresses.some((known) => known.address === address)
        )
    )
    this.dialer = new Dialer({
      clock: self.clock,
      random: self.random,
      dial: (to) => this.#dial(to),
      dialPeer: (nodeId, addresses) => this.#dialPeer(nodeId, addresses),
      isWanted: (nodeId) => trust.stateOf(nodeId).level === 'trusted' && this.#links.get(nodeId)?.state !== 'up',
      addressesOf: (nodeId) => peers.peers.get(nodeId)?.addresses ?? [],
      onTargets: parts.onTargets,
      onPeer: parts.onPeer
    })
  }

  get linkPort(): number | undefined {
    return this.#listener?.port
  }

  /** Connections refused before TLS since the start. */
  get refusedEarly(): number {
    return this.#gate.refused
  }

  async start(host: string | undefined, port: number): Promise<void> {
    await this.#listen(host, port)
    for (const target of this.#parts.peers.targets) this.dialer.add(target)
    for (const nodeId of this.#parts.peers.peers.keys()) this.dialer.wake(nodeId)
  }

  async #listen(host: string | undefined, port: number): Promise<void> {
    try {
      this.#listener = await this.#parts.transport.listen({
        host,
        port,
        identity: this.#self.identity.tls,
        admit: (address) => this.#admit(address),
        onChannel: (channel) => {
          this.wasReached = true
          this.#open(channel)
        },
        onRefused: (address, reason) => this.#note('connection-refused', { text: `${address}: ${reason}` })
      })
      this.listenProblem = undefined
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      this.listenProblem = problem(error.code, error.message)
      this.#parts.log('error', 'cannot-listen', { code: error.code, detail: error.message })
    }
  }

  /** Listens on another port; the old one stays when that fails. */
  async relisten(host: string | undefined, port: number): Promise<Problem | undefined> {
    const before = this.#listener
    // The port of a listener that stayed when another port could not be had.
    if (before !== undefined && before.port === port) this.listenProblem = undefined
    else await this.#listen(host, port)
    if (this.#listener !== before) await before?.close()
    return this.listenProblem
  }

  /** The certificate or the federation changed: connections made under the old ones end, and are made again. */
  renewIdentity(): void {
    this.#listener?.show(this.#self.identity.tls)
    for (const link of [...this.#young, ...this.#links.values()]) link.close('identity-renewed')
    this.#greeted.clear()
    for (const nodeId of this.#parts.peers.peers.keys()) this.dialer.wake(nodeId)
    // Strangers too should see the new one now, not when the air is asked next.
    this.#greeter.again()
  }

  /** Callsign, laptop or what strangers may know changed. */
  tellSelf(): void {
    for (const link of this.#links.values()) link.tellSelf()
    // Whoever is not connected now learns it by a new hello.
    this.#greeted.clear()
    this.#greeter.again()
  }

  /** A person took this peer off the list. */
  forget(nodeId: NodeId): void {
    this.#links.get(nodeId)?.close('peer-untrusted')
    this.dialer.forget(nodeId)
    this.#runs.delete(nodeId)
    this.#down.delete(nodeId)
  }

  /** Something may be at this address: learn who, unless that is known and needs nothing. */
  sighted(at: Sighted): void {
    this.#greeter.sighted(at)
  }

  /** It is in the air no more. */
  gone(at: Address): void {
    this.#greeter.gone(at)
  }

  /** A person asks: hellos that failed are tried now. */
  greetAgain(): void {
    this.#greeter.again()
  }

  /** How the hello with an address in the air goes. */
  nearbyOf(at: Address): Greeting | undefined {
    const greeting = this.#greeter.stateOf(at.address, at.port)
    if (greeting?.state !== 'met' || greeting.nodeId !== undefined) return greeting
    const known = this.#knownAt(at)
    return known === undefined ? greeting : { ...greeting, nodeId: known }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.dialer.stop()
    for (const link of [...this.#young, ...this.#links.values()]) link.close('stopping')
    await this.#listener?.close()
  }

  up(): readonly { readonly nodeId: NodeId; readonly link: Link }[] {
    return [...this.#links].filter(([, link]) => link.state === 'up').map(([nodeId, link]) => ({ nodeId, link }))
  }

  linkTo(nodeId: NodeId): Link | undefined {
    return this.#links.get(nodeId)
  }

  /** The link to a peer, trusted or not; dials its addresses if there is none. */
  async reach(nodeId: NodeId): Promise<Link | undefined> {
    if (!this.#links.has(nodeId)) await this.#dialPeer(nodeId, this.#parts.peers.peers.get(nodeId)?.addresses ?? [])
    return this.#links.get(nodeId)
  }

  factsOf(nodeId: NodeId): PeerFacts {
    const { trust, peers } = this.#parts
    return {
      trust: trust.stateOf(nodeId),
      claimedFederation: peers.peers.get(nodeId)?.federation ?? '',
      ownFederation: this.#self.identity.federation,
      boundaries: trust.boundaries,
      time: trust.time,
      isJournalGood: trust.isGood
    }
  }

  warningOf(nodeId: NodeId): ProblemCode | undefined {
    return (this.#runs.get(nodeId)?.alternations ?? 0) >= 2 ? 'two-places' : undefined
  }

  stateOf(nodeId: NodeId): LinkState {
    const link = this.#links.get(nodeId)
    const lastHeard = link?.lastHeard ?? this.#parts.peers.peers.get(nodeId)?.lastHeard
    const heard = lastHeard === undefined ? {} : { lastHeard }
    if (link?.state === 'up') {
      return {
        state: 'linked',
        since: link.upSince,
        lastHeard: link.lastHeard,
        address: joinAddress(link.channel.remote),
        ...(link.roundTripMs === undefined ? {} : { roundTripMs: link.roundTripMs }),
        ...(link.clockOffsetMs === undefined ? {} : { clockOffsetMs: link.clockOffsetMs })
      }
    }
    const down = this.#down.get(nodeId)
    const since = down?.since ?? this.#parts.peers.peers.get(nodeId)?.firstMet ?? 0
    const refused = refuseLink(this.factsOf(nodeId))
    const waits = link?.state === 'met' && !link.theyTrust ? ('peer-waits' as const) : undefined
    const reason = refused ?? waits ?? down?.reason
    return {
      state: this.dialer.isDialling(nodeId) ? 'connecting' : 'down',
      since,
      ...heard,
      ...(reason === undefined ? {} : { reason })
    }
  }

  /** The policy's answer about this peer may have changed. */
  review(nodeId: NodeId): void {
    const link = this.#links.get(nodeId)
    const refused = refuseLink(this.factsOf(nodeId))
    if (link === undefined) {
      if (refused === undefined && !this.#stopped) this.dialer.wake(nodeId)
    } else if (link.state === 'up') {
      if (refused !== undefined) link.close(refused)
    } else if (refused === 'peer-revoked') link.close(refused)
    else {
      link.tellLevel()
      this.#raise(link, nodeId)
    }
    this.#parts.onPeer(nodeId)
  }

  async #greet({ address, port, instance }: Sighted): Promise<DialOutcome> {
    const outcome = await this.#dial({ address, port })
    if ('nodeId' in outcome) this.#noteGreeted(`${address} ${String(port)}`, instance)
    return outcome
  }

  /** Who was met at this address last. */
  #knownAt({ address, port }: Address): NodeId | undefined {
    for (const { nodeId, addresses } of this.#parts.peers.peers.values())
      if (addresses[0]?.address === address && addresses[0].port === port) return nodeId
    return undefined
  }

  #noteGreeted(key: string, instance: string): void {
    if (this.#greeted.size >= bounds.sightings) this.#greeted.clear() // Costs a few hellos more.
    this.#greeted.set(key, instance)
  }

  #isGreetingNeeded({ address, port, instance }: Sighted): boolean {
    const key = `${address} ${String(port)}`
    const nodeId = this.#knownAt({ address, port })
    if (nodeId !== undefined && this.#links.has(nodeId)) {
      this.#noteGreeted(key, instance)
      return false
    }
    if (nodeId !== undefined && this.#parts.trust.stateOf(nodeId).level === 'trusted') return true
    return this.#greeted.get(key) !== instance
  }

  #admit(address: string): (() => void) | undefined {
    if (this.#gate.admit(address)) return () => this.#gate.settled()
    this.#note('connection-refused', { code: 'too-many', text: address })
    return undefined
  }

  async #dial(to: Address): Promise<DialOutcome> {
    try {
      return await this.#hello(await this.#connect(to), to)
    } catch (error) {
      if (error instanceof TransportError) return { reason: error.code }
      throw error
    }
  }

  /** Until it is this peer that says hello, or all its addresses failed. */
  async #dialPeer(nodeId: NodeId, addresses: readonly Address[]): Promise<DialOutcome> {
    let outcome: DialOutcome = { reason: 'no-answer' }
    for (let left = inTurn(addresses); left.length > 0 && !this.#stopped;) {
      const first = await firstAnswer(left, (to) => this.#connect(to), this.#self.clock)
      if (typeof first === 'string') return { reason: first }
      outcome = await this.#hello(first.channel, first.to)
      if (('nodeId' in outcome && outcome.nodeId === nodeId) || this.#links.has(nodeId)) break
      left = first.left
    }
    return outcome
  }

  #connect(to: Address): Promise<Channel> {
    return this.#parts.transport.dial(to, this.#self.identity.tls)
  }

  #hello(channel: Channel, to: Address): Promise<DialOutcome> {
    if (!this.#stopped) return new Promise((resolve) => this.#dials.set(this.#open(channel, to), resolve))
    channel.destroy()
    return Promise.resolve({ reason: 'stopping' })
  }

  #open(channel: Channel, dialled?: Address): Link {
    const link = new Link(channel, this.#self, {
      onMet: (_, met) => this.#met(link, met, dialled),
      onLevel: () => {
        const nodeId = link.nodeId
        if (nodeId === undefined) return
        this.#parts.trust.heard(nodeId, link.theyTrust)
        if (link.state === 'up' && !link.theyTrust) link.close('peer-waits')
        else this.#raise(link, nodeId)
        this.#parts.onPeer(nodeId)
      },
      onSelf: () => this.#renamed(link),
      onMessage: (_, message) => {
        if (link.nodeId !== undefined) this.#parts.onMessage(link, link.nodeId, message)
      },
      onPairing: (_, message) => {
        if (link.nodeId !== undefined) this.#parts.onPairing(link, link.nodeId, message)
      },
      onRun: (_, mission, run) => {
        if (link.nodeId !== undefined) this.#parts.onRun(link, link.nodeId, mission, run)
      },
      onFork: (_, mission, proof) => {
        if (link.nodeId !== undefined) this.#parts.onFork(link, link.nodeId, mission, proof)
      },
      onPresence: (_, payload) => {
        if (link.nodeId !== undefined) this.#parts.onPresence(link, link.nodeId, payload)
      },
      onContent: (_, part) => {
        if (link.nodeId !== undefined) this.#parts.onContent(link, link.nodeId, part)
      },
      onHeartbeat: () => {
        if (link.nodeId === undefined) return
        this.#parts.peers.heard(link.nodeId, link.lastHeard)
        this.#parts.onPeer(link.nodeId)
      },
      onClosed: (_, reason, detail) => this.#closed(link, reason, detail)
    })
    this.#young.add(link)
    return link
  }

  #met(link: Link, met: Met, dialled: Address | undefined): void {
    const { nodeId, record, callsign, port } = met
    const { peers, trust } = this.#parts
    this.#young.delete(link)
    const known = peers.peers.get(nodeId)
    const address = dialled ?? (port === 0 ? undefined : { address: link.channel.remote.address, port })
    this.#remember(met, address, link.version)
    const gone = peers.prune(bounds.strangers, (id) => trust.stateOf(id).decision !== undefined || this.#links.has(id))
    for (const id of gone) {
      trust.heard(id, false)
      this.#runs.delete(id)
      this.#down.delete(id)
      this.dialer.forget(id)
      this.#parts.onPeer(id)
    }
    this.#settleDial(link, { nodeId })
    if (known === undefined)
      this.#note('met', { node: nodeId, callsign, text: address?.address ?? link.channel.remote.address })
    // No replay: the hello proved both keys of this record on this very connection. It went back to an older state.
    if (known !== undefined && record.counter < known.counter)
      this.#note('identity-older', { node: nodeId, callsign, code: 'identity-older' })
    if (this.#isForeign(link, met)) return
    if (!this.#keep(link, nodeId, met.run)) {
      link.close('replaced')
      return
    }
    this.#links.set(nodeId, link)
    this.#parts.onShown(met, link.channel.binding.peerChain)
    trust.heard(nodeId, link.theyTrust)
    link.tellLevel()
    this.#raise(link, nodeId)
    this.#parts.onPeer(nodeId)
  }

  /** It said anew who it is: another name, or at last the federation that it withheld. */
  #renamed(link: Link): void {
    const met = link.peer
    if (met === undefined || this.#links.get(met.nodeId) !== link) return
    this.#remember(met, undefined, link.version)
    if (this.#isForeign(link, met)) return
    this.review(met.nodeId)
  }

  #remember({ nodeId, record, callsign, laptop }: Met, address: Address | undefined, linkVersion: LinkVersion): void {
    const { federation, counter } = record
    const lastHeard = this.#self.clock.now()
    this.#parts.peers.meet({ nodeId, callsign, laptop, federation, counter, record, linkVersion, lastHeard }, address)
  }

  /** Ends a link to another federation in a moment, when both sides know the reason. */
  #isForeign(link: Link, { nodeId, record, callsign }: Met): boolean {
    const refusal = refuseFederation(this.factsOf(nodeId))
    if (refusal === undefined) return false
    const ours = this.#self.identity.federation
    this.#note('refused', { node: nodeId, callsign, code: refusal, text: `${record.federation}, ours is ${ours}` })
    link.refuse(refusal)
    this.#parts.onPeer(nodeId)
    return true
  }

  /** Whether this link stays when there is another to the same node; ends the other if so. Both sides judge alike. */
  #keep(link: Link, nodeId: NodeId, run: string): boolean {
    const isNewRun = this.#countRuns(nodeId, run)
    const other = this.#links.get(nodeId)
    if (other === undefined) return true
    if (!isNewRun) {
      const own = this.#self.identity.nodeId
      const isOursTheLower = own < nodeId
      const isCrossed = other.isDialled !== link.isDialled
      // Crossed: the link dialled by the lower node ID stays. Else the older one does, while it is alive.
      const othersStays = isCrossed ? other.isDialled === isOursTheLower : !other.isStale
      if (othersStays) return false
    }
    this.#links.delete(nodeId)
    this.#forget(other, nodeId, 'replaced')
    other.close('replaced')
    return true
  }

  /** True when this node runs since another start than at the last hello. */
  #countRuns(nodeId: NodeId, run: string): boolean {
    const runs = this.#runs.get(nodeId)
    if (runs === undefined) {
      this.#runs.set(nodeId, { current: run, alternations: 0 })
      return false
    }
    if (runs.current === run) return false
    if (runs.previous === run && ++runs.alternations === 2)
      this.#note('two-places', { node: nodeId, code: 'two-places' })
    runs.previous = runs.current
    runs.current = run
    return true
  }

  #raise(link: Link, nodeId: NodeId): void {
    if (link.state !== 'met' || !link.theyTrust || this.#links.get(nodeId) !== link) return
    // What it withheld from us as strangers it says once it trusts: its federation has to be known for sure.
    if (link.peer?.record.federation === '') return
    if (refuseLink(this.factsOf(nodeId)) !== undefined) return
    link.rise()
    this.#down.delete(nodeId)
    this.dialer.linked(nodeId)
    this.#note('link-up', { node: nodeId, callsign: link.peer?.callsign, text: link.channel.remote.address })
    this.#parts.onUp(link, nodeId)
    this.#parts.onPeer(nodeId)
  }

  #closed(link: Link, reason: ProblemCode, detail: string): void {
    this.#young.delete(link)
    this.#parts.onClosed(link)
    const nodeId = link.nodeId
    this.#settleDial(link, { reason: reason === 'link-lost' ? 'not-muster' : reason })
    this.#parts.log('debug', 'link-closed', { peer: nodeId && shortId(nodeId), reason, detail })
    if (nodeId === undefined) {
      if (!this.#stopped)
        this.#note('hello-failed', { code: reason, text: `${link.channel.remote.address} ${detail}`.trim() })
      return
    }
    if (reason === 'replaced') return
    if (this.#links.get(nodeId) === link) this.#links.delete(nodeId)
    this.#down.set(nodeId, { reason, since: this.#self.clock.now() })
    this.#forget(link, nodeId, reason)
    if (this.#stopped) return
    this.dialer.later(nodeId)
    this.#parts.onPeer(nodeId)
  }

  #forget(link: Link, nodeId: NodeId, reason: ProblemCode): void {
    if (link.upSince === 0) return
    if (!this.#stopped && reason !== 'replaced')
      this.#note('link-down', { node: nodeId, callsign: link.peer?.callsign, code: reason })
    this.#parts.onDown(link, nodeId)
  }

  #settleDial(link: Link, outcome: DialOutcome): void {
    this.#dials.get(link)?.(outcome)
    this.#dials.delete(link)
  }

  /** Strangers must not be able to fill the disk with notes about themselves. */
  #note(event: string, facts: AuditFacts): void {
    const minute = Math.floor(this.#self.clock.monotonic() / 60_000)
    if (minute !== this.#notes.minute) this.#notes = { minute, count: 0 }
    const isStranger = facts.node === undefined || this.#parts.trust.stateOf(facts.node).decision === undefined
    if (this.#notes.count >= noted.perMinute * (isStranger ? 1 : 10)) return
    this.#notes.count++
    this.#parts.log('info', event, { peer: facts.node && shortId(facts.node), code: facts.code, detail: facts.text })
    void this.#parts.trust.note(event, facts)
  }
}
