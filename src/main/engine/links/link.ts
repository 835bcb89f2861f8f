/**
 * One connection to a peer: hello, then `met` (who it is, nothing more), then `up` when both sides trust. Moves frames
 * and heartbeats; what they mean is others' business. Whatever the other side does wrong costs this connection only.
 *
 *   hello ──both proofs and answers──▶ met ──both trust, policy agrees──▶ up
 *     └───────────────┬─────────────────┴────────────────────────────────┘
 *                     ▼ broken rule, silence, time limit, decision
 *                  closed
 */
import type { MissionId, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import type { Identity } from '../identity/identity.js'
import { verifyRecord, type IdentityRecord } from '../identity/identity-record.js'
import { bounds, limits } from '../limits.js'
import type { ForkProof } from '../logs/fork.js'
import type { Run } from '../logs/run.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { encodeFrame, FrameReader, frameTypes, type Frame } from './framing.js'
import {
  createIntro,
  judgeIntro,
  signProof,
  verifyProof,
  type Answer,
  type Intro,
  type Intros,
  type Judged,
  type LinkVersion,
  type Self
} from './hello.js'
import { encodeMessage, parseMessage, type Message } from './messages.js'
import { isPairing, type PairingMessage } from './pairing-messages.js'
import { decodeContentFrame, type ContentPart } from './content-frame.js'
import { decodeForkFrame, encodeForkFrame } from './fork-frame.js'
import { isAboutLists } from './list-messages.js'
import { isAboutStatements } from './statement-messages.js'
import { decodeRunFrame } from './run-frame.js'
import type { Channel } from './transport.js'

export interface LinkSelf {
  readonly identity: Identity
  /** Of this start of the engine. */
  readonly run: string
  /** Left out: all that this program speaks. */
  readonly versions?: readonly LinkVersion[] | undefined
  readonly clock: Clock
  readonly random: Random
  /** 0 while nobody can reach us. */
  readonly linkPort: () => number
  /** Whether this node was revoked here: it is told nothing at all. */
  readonly isBarred: (nodeId: NodeId) => boolean
  /** What is said to this node about our decision. */
  readonly trusts: (nodeId: NodeId) => boolean
  /** Whether this node may know callsign, laptop and federation. */
  readonly isShownTo: (nodeId: NodeId) => boolean
  /** Asked when a frame of a mission leaves the queue. */
  readonly mayLeave: (nodeId: NodeId, mission: MissionId) => boolean
}

export interface LinkEvents {
  onMet(link: Link, peer: Met): void
  /** The peer said anew whether it trusts us. */
  onLevel(link: Link): void
  /** The peer said anew who it is; `peer` holds it. */
  onSelf(link: Link): void
  onMessage(link: Link, message: Message): void
  /** Before trust as well as after it. */
  onPairing(link: Link, message: PairingMessage): void
  onRun(link: Link, mission: MissionId, run: Run): void
  /** Of the proof shape and limits are checked, nothing else. */
  onFork(link: Link, mission: MissionId, proof: ForkProof): void
  /** Not looked at yet. */
  onPresence(link: Link, payload: Buffer): void
  onContent(link: Link, part: ContentPart): void
  onHeartbeat(link: Link): void
  onClosed(link: Link, reason: ProblemCode, detail: string): void
}

/** What the hello proved, and what was only claimed in it. */
export interface Met {
  readonly nodeId: NodeId
  readonly run: string
  readonly record: IdentityRecord
  /** Claims; empty while they are withheld. */
  readonly callsign: string
  readonly laptop: string
  readonly port: number
}

/** Of which only the newest counts: made when it leaves. One may serve many links. */
export interface Latest {
  /** Takes the place of one under the same key that has not left yet. */
  readonly key: string
  readonly mission: MissionId
  /** The frame; `undefined` when there is nothing to say any more. */
  readonly make: (version: LinkVersion) => Buffer | undefined
}

/** Pulled when the socket has room and nothing more urgent waits; `undefined` ends it. */
export type Stream = () => Promise<Buffer | undefined>

/** What leaves when nothing else waits, such as files. */
export interface Last {
  readonly bytes: Buffer
  /** Large ones that follow in the same frame. */
  readonly rest?: Buffer
  /** What it reveals; asked about when it leaves. */
  readonly mission: MissionId | undefined
}

const answerHeardMs = 1_000
/** On one connection; nobody renames a laptop more often. */
const selvesMost = 100

/** What only the hello needs. */
interface Hello {
  readonly own: Intro
  readonly ownBytes: Buffer
  theirs?: Judged & { readonly intro: Intro; readonly bytes: Buffer }
  isProved: boolean
}

/** The first version of the link that has a frame of this type. */
const sinceVersion: Readonly<Record<Frame['type'], LinkVersion>> = {
  [frameTypes.message]: 1,
  [frameTypes.run]: 1,
  [frameTypes.packedRun]: 2,
  [frameTypes.presence]: 2,
  [frameTypes.fork]: 2,
  [frameTypes.content]: 3
}
const aboutFiles = ['holds', 'fetch', 'lacks'] as const
const aboutMissions: ReadonlySet<Message['t']> = new Set(['have', 'want', 'heads', 'done', 'receipt', ...aboutFiles])
const sinceVersion3: ReadonlySet<Message['t']> = new Set(['store', 'receipt', ...aboutFiles])

function isControl({ t }: Message): boolean {
  return !aboutMissions.has(t)
}

export class Link {
  readonly channel: Channel
  /** What both sides speak; 1 until their intro came. */
  version: LinkVersion = 1
  state: 'hello' | 'met' | 'up' | 'closed' = 'hello'
  /** Known from `met` on. */
  peer: Met | undefined
  theyTrust = false
  /** Wall times. */
  upSince = 0
  lastHeard = 0
  roundTripMs: number | undefined
  clockOffsetMs: number | undefined
  bytesOut = 0
  bytesIn = 0
  readonly #self: LinkSelf
  readonly #events: LinkEvents
  readonly #reader = new FrameReader()
  /** Let go when it is over: a few hundred bytes keep the 8 KiB alive that Node cut them from. */
  #hello: Hello | undefined
  #framesBeforeTrust = 0
  #pairingFrames = 0
  #heardAt: number
  #isPaused = false
  /** What keeps a link: hello, decisions, heartbeats. */
  #control: Last[] = []
  #live: Last[] = []
  #queuedBytes = 0
  readonly #latest = new Map<string, Latest>()
  #bulk: Last | undefined
  readonly #streams = new Map<MissionId, Stream>()
  #last: (() => Promise<Last | undefined>) | undefined
  #pulling = false
  #pings = new Map<number, { readonly sentAt: number; readonly wall: number }>()
  #pingNumber = 0
  #cancelTimer: () => void
  #toldTrust = false
  /** How often the peer said anew who it is: each costs two signatures and a write. */
  #selves = 0
  /** What was last said about ourselves. */
  #toldSelf = ''
  /** Set while only the moment is waited for that ends it: nothing that comes counts any more. */
  #refused: ProblemCode | undefined
  /** Why the peer is about to end it, in its own words. */
  #toldReason: ProblemCode | undefined

  constructor(channel: Channel, self: LinkSelf, events: LinkEvents) {
    this.channel = channel
    this.#self = self
    this.#events = events
    this.#heardAt = self.clock.monotonic()
    const own = createIntro(self.identity.publicKey, self.random.bytes(32), self.run, self.versions)
    const ownBytes = Buffer.from(JSON.stringify(own))
    this.#hello = { own, ownBytes, isProved: false }
    channel.onData = (bytes) => this.#receive(bytes)
    channel.onDrain = () => this.#pump()
    channel.onClose = () => this.close('link-lost')
    const left = limits.helloMs - (self.clock.monotonic() - channel.startedAt)
    this.#cancelTimer = self.clock.after(Math.max(0, left), () => this.close('hello-failed', 'no hello in time'))
    this.#write(encodeFrame(frameTypes.message, ownBytes))
  }

  /** Whether we opened this connection. */
  get isDialled(): boolean {
    return this.channel.role === 'client'
  }

  get nodeId(): NodeId | undefined {
    return this.peer?.nodeId
  }

  /** Whether a frame may be queued; else its sender should read from disk, at this link's pace, what is missing then. */
  hasRoomFor(bytes: number): boolean {
    return this.#queuedBytes + bytes <= bounds.congestedBytes || this.waiting === 0
  }

  /** Bytes in memory that did not leave yet. */
  get waiting(): number {
    return this.#queuedBytes + (this.#bulk?.bytes.length ?? 0) + (this.#bulk?.rest?.length ?? 0) + this.channel.unsent
  }

  get isStale(): boolean {
    return this.#self.clock.monotonic() - this.#heardAt > 1.5 * bounds.heartbeatMs
  }

  /** Both sides trust and the policy agrees: from now on missions may cross. */
  rise(): void {
    if (this.state !== 'met') return
    this.state = 'up'
    this.upSince = this.#self.clock.now()
    this.#cancelTimer()
    this.#beat()
  }

  /** Stays so long without trust, from now on: a person is being asked. */
  linger(ms: number): void {
    if (this.state !== 'met') return
    this.#cancelTimer()
    this.#cancelTimer = this.#self.clock.after(ms, () =>
      this.close(this.theyTrust ? 'peer-untrusted' : 'peer-waits', 'no decision yet')
    )
  }

  /** Tells the peer what our person decided, if that is news to it. */
  tellLevel(): void {
    const nodeId = this.nodeId
    if (nodeId === undefined || this.state === 'closed') return
    const trusts = this.#self.trusts(nodeId)
    this.tellSelf()
    if (trusts === this.#toldTrust) return
    this.#toldTrust = trusts
    this.send({ t: 'level', trusts })
  }

  /** Tells the peer who we are, if that is news to it. */
  tellSelf(): void {
    const nodeId = this.nodeId
    if (nodeId === undefined || this.state === 'closed') return
    const self = this.#introduction(nodeId)
    const text = JSON.stringify(self)
    if (text === this.#toldSelf) return
    this.#toldSelf = text
    this.send({ t: 'self', ...self })
  }

  /** @param mission what the message reveals; asked about when it leaves. */
  send(message: Message, mission?: MissionId): void {
    this.#enqueue(isControl(message) ? this.#control : this.#live, encodeMessage(message), mission)
  }

  /** Before all that speaks of changes. Nothing to a peer that does not know of forks. */
  sendFork(mission: MissionId, proof: ForkProof): void {
    if (this.version >= 2) this.#enqueue(this.#control, encodeForkFrame(mission, proof), mission)
  }

  /** A frame made once for several links. */
  sendFrame(bytes: Buffer, mission: MissionId): void {
    this.#enqueue(this.#live, bytes, mission)
  }

  /** Leaves after every message and run that waits. */
  sendLatest(latest: Latest): void {
    if (this.state === 'closed') return
    this.#latest.set(latest.key, latest)
    this.#pump()
  }

  /** Replaces a stream of the same mission. */
  setStream(mission: MissionId, stream: Stream): void {
    this.#streams.set(mission, stream)
    this.#pump()
  }

  /** Pulled when the socket has room and nothing else waits or is read; `undefined` ends it. */
  setLast(stream: () => Promise<Last | undefined>): void {
    this.#last = stream
    this.#pump()
  }

  /** Reads no further until `resume`; its silence in between is ours. */
  pause(): void {
    this.#isPaused = true
    this.channel.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#heardAt = this.#self.clock.monotonic()
    this.channel.resume()
  }

  /** Ends it in a moment, when the peer has surely heard our answer and can say the same reason to its person. */
  refuse(reason: ProblemCode): void {
    this.#refused = reason
    // The boundary of each side is its own, so the other one may not know.
    if (reason === 'federation-differs') this.send({ t: 'level', trusts: false, foreign: true })
    this.#cancelTimer()
    this.#cancelTimer = this.#self.clock.after(answerHeardMs, () => this.close(reason))
  }

  /** Cuts at once; nothing that waits is sent any more. */
  close(reason: ProblemCode, detail = ''): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#hello = undefined
    this.#cancelTimer()
    this.#control = []
    this.#live = []
    this.#latest.clear()
    this.#bulk = undefined
    this.#streams.clear()
    this.#last = undefined
    this.channel.destroy()
    this.#events.onClosed(this, this.#refused ?? this.#toldReason ?? reason, detail)
  }

  #enqueue(lane: Last[], bytes: Buffer, mission: MissionId | undefined): void {
    if (this.state === 'closed') return
    lane.push({ bytes, mission })
    this.#queuedBytes += bytes.length
    if (this.#queuedBytes > bounds.queuedBytes) this.close('peer-silent', 'it reads too slowly')
    else this.#pump()
  }

  /** The most urgent first (docs/protocol/links.md#sending). */
  #pump(): void {
    while (this.state !== 'closed' && this.channel.unsent < bounds.unsentBytes) {
      const queued = this.#control.shift() ?? this.#live.shift()
      if (queued !== undefined) this.#queuedBytes -= queued.bytes.length
      const next = queued ?? this.#nextLatest() ?? this.#nextBulk()
      if (next === undefined) return
      if (!this.#mayLeave(next.mission)) continue
      this.#write(next.bytes)
      if (next.rest !== undefined) this.#write(next.rest)
    }
  }

  #nextLatest(): Last | undefined {
    for (const [key, { mission, make }] of this.#latest) {
      this.#latest.delete(key)
      // Asked before it is made: what may not leave is not noted as said.
      const bytes = this.#mayLeave(mission) ? make(this.version) : undefined
      if (bytes !== undefined) return { bytes, mission: undefined }
    }
    return undefined
  }

  /** What was read from disk and waits for its turn; has the next one read when there is none. */
  #nextBulk(): Last | undefined {
    if (this.channel.unsent >= bounds.unsentBulkBytes) return undefined
    const bulk = this.#bulk
    this.#bulk = undefined
    if (bulk === undefined) this.#pull()
    return bulk
  }

  #mayLeave(mission: MissionId | undefined): boolean {
    if (mission === undefined) return true
    return this.nodeId !== undefined && this.#self.mayLeave(this.nodeId, mission)
  }

  /** Streams take turns, one frame each. */
  #pull(): void {
    if (this.#pulling) return
    const entry = this.#streams.entries().next()
    if (entry.done === true) {
      this.#pullLast()
      return
    }
    const [mission, stream] = entry.value
    this.#pulling = true
    stream().then(
      (bytes) => {
        this.#pulling = false
        if (this.#streams.get(mission) === stream) {
          this.#streams.delete(mission)
          if (bytes !== undefined) this.#streams.set(mission, stream)
        }
        if (bytes !== undefined && this.state !== 'closed') this.#bulk = { bytes, mission }
        this.#pump()
      },
      (error: unknown) => {
        this.#pulling = false
        this.#streams.delete(mission)
        this.close('internal', `reading for the peer: ${String(error)}`)
      }
    )
  }

  #pullLast(): void {
    const stream = this.#last
    if (stream === undefined) return
    this.#pulling = true
    stream().then(
      (next) => {
        this.#pulling = false
        if (next !== undefined && this.state !== 'closed') this.#bulk = next
        else if (this.#last === stream) this.#last = undefined
        this.#pump()
      },
      (error: unknown) => {
        this.#pulling = false
        this.close('internal', `reading a file for the peer: ${String(error)}`)
      }
    )
  }

  #write(bytes: Buffer): void {
    this.bytesOut += bytes.length
    this.channel.write(bytes)
  }

  #receive(bytes: Buffer): void {
    if (this.state === 'closed' || this.#refused !== undefined) return
    this.bytesIn += bytes.length
    // Any byte: over a slow connection one frame takes longer than a peer may be silent.
    this.#heardAt = this.#self.clock.monotonic()
    this.lastHeard = this.#self.clock.now()
    const most = () => (this.state === 'up' ? limits.frameBytes : limits.frameBytesBeforeTrust)
    const broken = this.#reader.read(bytes, most, (frame) => {
      if (this.state !== 'up' && ++this.#framesBeforeTrust > limits.framesBeforeTrust)
        this.close('protocol-error', 'too many frames before trust')
      else this.#take(frame)
      return !this.#isClosed() && this.#refused === undefined
    })
    if (broken !== undefined) this.close('protocol-error', broken)
  }

  /** A method, so that the compiler does not narrow the state over a call that may change it. */
  #isClosed(): boolean {
    return this.state === 'closed'
  }

  #take(frame: Frame): void {
    if (frame.type !== frameTypes.message) {
      this.#takeFrame(frame)
      return
    }
    const message = parseMessage(frame.payload)
    if (typeof message === 'string') this.close('protocol-error', message)
    else if (this.#hello !== undefined) this.#takeHello(this.#hello, message, frame.payload)
    else if (message.t === 'level') {
      this.theyTrust = message.trusts
      if (message.foreign === true) this.#toldReason = 'federation-refused'
      this.#events.onLevel(this)
    } else if (message.t === 'self') this.#takeSelf(message)
    else if (isPairing(message)) this.#takePairing(message)
    else if (this.state !== 'up') this.close('protocol-error', `${message.t} before trust`)
    else if (message.t === 'ping') this.send({ t: 'pong', n: message.n, at: this.#self.clock.now() })
    else if (message.t === 'pong') this.#takePong(message.n, message.at)
    else if (message.t === 'intro' || message.t === 'proof' || message.t === 'answer')
      this.close('protocol-error', `${message.t} after the hello`)
    else if (sinceVersion3.has(message.t) && this.version < 3)
      this.close('protocol-error', `${message.t} before version 3`)
    else if ((isAboutLists(message) || isAboutStatements(message)) && this.version < 4)
      this.close('protocol-error', `${message.t} before version 4`)
    else if (message.t === 'datagrams' && this.version < 5)
      this.close('protocol-error', `${message.t} before version 5`)
    else this.#events.onMessage(this, message)
  }

  #takePairing(message: PairingMessage): void {
    if (this.version < 4) this.close('protocol-error', `${message.t} before version 4`)
    else if (this.state === 'up') this.#events.onPairing(this, message)
    else if (++this.#pairingFrames > limits.pairingFrames)
      this.close('protocol-error', 'too many frames of pairings before trust')
    else {
      this.#framesBeforeTrust-- // They count apart.
      this.#events.onPairing(this, message)
    }
  }

  #takeFrame(frame: Frame): void {
    const { type } = frame
    if (this.state !== 'up')
      this.close('protocol-error', `${type === frameTypes.presence ? 'presence' : 'run'} before trust`)
    else if (this.version < sinceVersion[type]) this.close('protocol-error', `frame type ${String(type)}`)
    else if (type === frameTypes.presence) this.#events.onPresence(this, frame.payload)
    else if (type === frameTypes.fork) this.#takeFork(frame)
    else if (type === frameTypes.content) this.#takeContent(frame)
    else this.#takeRun(frame)
  }

  #takeFork(frame: Frame): void {
    const fork = decodeForkFrame(frame)
    if (fork === undefined) this.close('protocol-error', 'not a proof of a fork')
    else this.#events.onFork(this, fork.mission, fork.proof)
  }

  #takeContent({ payload }: Frame): void {
    const part = decodeContentFrame(payload)
    if (part === undefined) this.close('protocol-error', 'not a part of a file')
    else this.#events.onContent(this, part)
  }

  #takeRun(frame: Frame): void {
    const decoded = decodeRunFrame(frame)
    if (decoded === undefined) this.close('protocol-error', 'not a run')
    else this.#events.onRun(this, decoded.mission, decoded.run)
  }

  #takeHello(hello: Hello, message: Message, bytes: Buffer): void {
    const { theirs } = hello
    if (message.t === 'intro' && theirs === undefined) this.#takeIntro(hello, message, bytes)
    else if (message.t === 'proof' && theirs !== undefined && !hello.isProved) {
      const intros = this.#intros(hello.ownBytes, theirs.bytes)
      const { binding } = this.channel
      hello.isProved = verifyProof(this.#theirRole, binding, intros, theirs.key, message.signature)
      if (!hello.isProved) {
        this.close('hello-failed', 'the proof does not hold for this connection')
        return
      }
      if (this.#self.isBarred(theirs.nodeId)) this.close('peer-revoked')
      else this.#answer(theirs.nodeId)
    } else if (message.t === 'answer' && theirs !== undefined && hello.isProved) this.#takeAnswer(message, theirs)
    else this.close('protocol-error', `${message.t} out of turn`)
  }

  get #theirRole(): 'client' | 'server' {
    return this.channel.role === 'client' ? 'server' : 'client'
  }

  #intros(own: Buffer, theirs: Buffer): Intros {
    return this.channel.role === 'client' ? { client: own, server: theirs } : { client: theirs, server: own }
  }

  #takeIntro(hello: Hello, intro: Intro, bytes: Buffer): void {
    const judged = judgeIntro(hello.own, intro)
    // We dialled ourselves, or one who speaks otherwise: the other end has to see our intro, too, to know it.
    if (judged === 'own-identity' || judged === 'version-differs') this.refuse(judged)
    else if (typeof judged === 'string') this.close(judged)
    if (typeof judged === 'string') return
    // A copy: the payload is a view of a larger buffer, and the proof is over these very bytes.
    hello.theirs = { ...judged, intro, bytes: Buffer.from(bytes) }
    this.version = judged.version
    const { identity } = this.#self
    const intros = this.#intros(hello.ownBytes, hello.theirs.bytes)
    const signature = signProof(this.channel.role, this.channel.binding, intros, identity.signingKey)
    this.send({ t: 'proof', signature })
  }

  #answer(nodeId: NodeId): void {
    this.#toldTrust = this.#self.trusts(nodeId)
    const self = this.#introduction(nodeId)
    this.#toldSelf = JSON.stringify(self)
    this.send({ t: 'answer', ...self, port: this.#self.linkPort(), trusts: this.#toldTrust })
  }

  #introduction(nodeId: NodeId): Omit<Self, 't'> {
    const { identity, isShownTo } = this.#self
    const { callsign, laptop, record, strangerRecord } = identity
    return isShownTo(nodeId) ? { record, callsign, laptop } : { record: strangerRecord, callsign: '', laptop: '' }
  }

  #takeSelf({ record, callsign, laptop }: Self): void {
    const { peer } = this
    if (peer === undefined) return
    if (++this.#selves > selvesMost) {
      this.close('protocol-error', 'it says too often who it is')
      return
    }
    const key = Buffer.from(peer.record.signingKey, 'base64url')
    // A certificate of another name than this connection's would be one that it did not prove.
    const isGood =
      record.counter >= peer.record.counter && verifyRecord(record, key, this.channel.binding.peerCertificate)
    if (!isGood) {
      this.close('protocol-error', 'an identity record that does not fit')
      return
    }
    this.peer = { ...peer, record, callsign, laptop }
    this.#events.onSelf(this)
  }

  #takeAnswer(answer: Answer, theirs: { readonly nodeId: NodeId; readonly intro: Intro }): void {
    const key = Buffer.from(theirs.intro.key, 'base64url')
    if (!verifyRecord(answer.record, key, this.channel.binding.peerCertificate)) {
      this.close('hello-failed', 'the identity record does not fit key and certificate')
      return
    }
    // A person may have revoked it since its proof.
    if (this.#self.isBarred(theirs.nodeId)) {
      this.close('peer-revoked')
      return
    }
    this.state = 'met'
    this.#hello = undefined
    this.theyTrust = answer.trusts
    this.linger(bounds.lingerMs)
    const { record, callsign, laptop, port } = answer
    this.peer = { nodeId: theirs.nodeId, run: theirs.intro.run, record, callsign, laptop, port }
    this.#events.onMet(this, this.peer)
  }

  #beat(): void {
    const { clock } = this.#self
    if (!this.#isPaused && clock.monotonic() - this.#heardAt > 2 * bounds.heartbeatMs) {
      this.close('peer-silent')
      return
    }
    const n = ++this.#pingNumber
    this.#pings.set(n, { sentAt: clock.monotonic(), wall: clock.now() })
    if (this.#pings.size > 4) this.#pings.delete(n - 4)
    this.send({ t: 'ping', n, at: clock.now() })
    this.#cancelTimer = clock.after(bounds.heartbeatMs, () => this.#beat())
  }

  #takePong(n: number, at: number): void {
    const ping = this.#pings.get(n)
    if (ping === undefined) return
    this.#pings.delete(n)
    this.roundTripMs = this.#self.clock.monotonic() - ping.sentAt
    this.clockOffsetMs = Math.round(at - (ping.wall + this.roundTripMs / 2))
    this.#events.onHeartbeat(this)
  }
}
