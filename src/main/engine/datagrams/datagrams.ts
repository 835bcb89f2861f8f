/**
 * Words of presence over sealed datagrams (docs/protocol/datagrams.md): beside each link that both sides can, with its
 * keys and no longer than it. What is not acknowledged goes by the link, so whoever gives a word need not care.
 */
import type { Address, MissionId, NodeId } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { Latest, Link } from '../links/link.js'
import type { DatagramsMessage } from '../links/messages.js'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import { TokenBucket } from '../runtime/token-bucket.js'
import { acksMost, decodeBody, encodeAck, encodeWord } from './body.js'
import type { DatagramNetwork, DatagramSocket } from './network.js'
import { Path } from './path.js'
import { bodyBytesMost, keyIdBytes, keyIdOf, Opener, Sealer } from './seal.js'

export interface DatagramsParts {
  /** Left out: there is no UDP, and everything goes by links. */
  readonly network: DatagramNetwork | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Asked whenever a packet of a mission leaves. */
  readonly mayLeave: (nodeId: NodeId, mission: MissionId) => boolean
  /** What the peer sent, once. */
  readonly onWord: (link: Link, nodeId: NodeId, payload: Buffer) => void
  /** Whether datagrams come through to this peer changed. */
  readonly onPeer: (nodeId: NodeId) => void
}

/** What can go either way. */
export interface Word extends Latest {
  /** As it is now; `undefined` when there is nothing to say any more. */
  readonly payload: () => Buffer | undefined
}

/** Pauses after each sending of a word that is not acknowledged; after the last it goes by the link. */
const pausesMs = [150, 250, 400] as const

interface Waiting {
  readonly word: Word
  readonly seqs: number[]
  isWithLink: boolean
  cancel: () => void
}

/** What lies beside one link. */
interface Way {
  readonly link: Link
  readonly nodeId: NodeId
  /** Which the peer is to name. */
  readonly keyId: string
  readonly opener: Opener
  readonly bucket: TokenBucket
  readonly path: Path
  /** Known once the peer said where it wants them, under which key. */
  out: { readonly sealer: Sealer; readonly to: Address } | undefined
  /** By the key of the word. */
  readonly waiting: Map<string, Waiting>
  /** Whose packet it was. */
  readonly bySeq: Map<number, Waiting>
  /** The newest that came. */
  readonly heard: number[]
}

export class Datagrams {
  readonly #parts: DatagramsParts
  readonly #ways = new Map<Link, Way>()
  readonly #byKey = new Map<string, Way>()
  #socket: DatagramSocket | undefined
  sent = 0
  received = 0
  /** What came and was let go, by reason, since the start. */
  readonly refused = new Map<string, number>()

  constructor(parts: DatagramsParts) {
    this.#parts = parts
  }

  /** How many peers are reached this way now. */
  get paths(): number {
    return [...this.#ways.values()].filter(({ path }) => path.state === 'good').length
  }

  /** Takes the port of the links if it is free: whoever opens a firewall knows that number. */
  async open(host: string | undefined, port: number): Promise<void> {
    const { network, log } = this.#parts
    if (network === undefined) return
    const onPacket = (packet: Buffer) => this.#receive(packet)
    this.#socket =
      (await network.open({ host, port, onPacket })) ??
      (port === 0 ? undefined : await network.open({ host, port: 0, onPacket }))
    if (this.#socket === undefined) log('warn', 'no-datagrams', { port })
    for (const way of this.#ways.values()) this.#tell(way)
  }

  linkUp(link: Link, nodeId: NodeId): void {
    if (link.version < 5) return
    const { role, binding } = link.channel
    const { clock, random } = this.#parts
    const way: Way = {
      link,
      nodeId,
      keyId: random.bytes(keyIdBytes).toString('hex'),
      opener: new Opener(role === 'client' ? binding.datagrams.toClient : binding.datagrams.toServer),
      bucket: new TokenBucket(bounds.datagrams, clock.monotonic()),
      path: new Path(),
      out: undefined,
      waiting: new Map(),
      bySeq: new Map(),
      heard: []
    }
    this.#ways.set(link, way)
    this.#byKey.set(way.keyId, way)
    this.#tell(way)
  }

  /** The peer said where it wants them. */
  told(link: Link, { port, key }: DatagramsMessage): void {
    const way = this.#ways.get(link)
    if (way === undefined) return
    if (way.out !== undefined) {
      // A second sealer would begin to count anew, under the same key.
      link.close('protocol-error', 'datagrams told twice')
      return
    }
    const { role, binding, remote } = link.channel
    const secret = role === 'client' ? binding.datagrams.toServer : binding.datagrams.toClient
    way.out = { sealer: new Sealer(secret, Buffer.from(key, 'hex')), to: { address: remote.address, port } }
  }

  /** Its keys are gone, whatever is still under way. */
  linkDown(link: Link): void {
    const way = this.#ways.get(link)
    if (way === undefined) return
    this.#ways.delete(link)
    this.#byKey.delete(way.keyId)
    for (const waiting of way.waiting.values()) waiting.cancel()
    way.waiting.clear()
    way.opener.end()
    way.out?.sealer.end()
    way.out = undefined
    for (const secret of Object.values(link.channel.binding.datagrams)) secret.fill(0)
  }

  /** How words go to this peer now; `undefined` while that is not known, or datagrams were never an option. */
  mannerTo(link: Link): 'datagrams' | 'link' | undefined {
    const state = this.#ways.get(link)?.path.state
    return state === 'good' ? 'datagrams' : state === 'silent' ? 'link' : undefined
  }

  /** Sends a word by whichever way comes through. */
  give(link: Link, word: Word): void {
    const way = this.#ways.get(link)
    const manner = way?.out === undefined ? 'link' : way.path.next(this.#parts.clock.monotonic())
    if (manner !== 'datagram') link.sendLatest(word)
    if (way === undefined || manner === 'link') return
    this.#settle(way, way.waiting.get(word.key))
    const waiting: Waiting = { word, seqs: [], isWithLink: manner === 'both', cancel: () => undefined }
    if (way.waiting.size >= bounds.datagramsWaiting) this.#fallBack(way, waiting)
    else {
      way.waiting.set(word.key, waiting)
      this.#attempt(way, waiting)
    }
  }

  async close(): Promise<void> {
    for (const link of [...this.#ways.keys()]) this.linkDown(link)
    await this.#socket?.close()
  }

  #tell({ link, keyId }: Way): void {
    if (this.#socket !== undefined) link.send({ t: 'datagrams', port: this.#socket.port, key: keyId })
  }

  #attempt(way: Way, waiting: Waiting): void {
    const { clock, mayLeave } = this.#parts
    const { word, seqs } = waiting
    const pause = pausesMs[seqs.length]
    const payload = way.out !== undefined && mayLeave(way.nodeId, word.mission) ? word.payload() : undefined
    if (way.out === undefined || payload === undefined) this.#settle(way, waiting)
    else if (pause === undefined || payload.length >= bodyBytesMost) this.#fallBack(way, waiting)
    else {
      const { seq } = this.#send(way.out, encodeWord(payload))
      seqs.push(seq)
      way.bySeq.set(seq, waiting)
      const { path } = way
      const before = path.state
      path.sent(clock.monotonic())
      waiting.cancel = clock.after(pause, () => this.#attempt(way, waiting))
      if (path.state !== before) {
        for (const one of way.waiting.values()) this.#fallBack(way, one)
        this.#parts.onPeer(way.nodeId)
      }
    }
  }

  /** It goes by the link, unless it went there at once. */
  #fallBack(way: Way, waiting: Waiting): void {
    this.#settle(way, waiting)
    if (!waiting.isWithLink) way.link.sendLatest(waiting.word)
    waiting.isWithLink = true
  }

  /** Nothing more is to be done about it. */
  #settle(way: Way, waiting: Waiting | undefined): void {
    if (waiting === undefined) return
    waiting.cancel()
    for (const seq of waiting.seqs) way.bySeq.delete(seq)
    if (way.waiting.get(waiting.word.key) === waiting) way.waiting.delete(waiting.word.key)
  }

  #send({ sealer, to }: NonNullable<Way['out']>, body: Buffer): { readonly seq: number } {
    const { seq, packet } = sealer.seal(body)
    this.sent++
    this.#socket?.send(packet, to)
    return { seq }
  }

  /** Whoever is not known gets no answer, and costs a look at a table. */
  #receive(packet: Buffer): void {
    const way = this.#byKey.get(keyIdOf(packet) ?? '')
    if (way === undefined) return this.#count('unknown key')
    if (!way.bucket.take(this.#parts.clock.monotonic())) return this.#count('too many')
    const opened = way.opener.open(packet)
    if (typeof opened === 'string') return this.#count(opened)
    this.received++
    const body = decodeBody(opened.body)
    if (body === undefined) return this.#count('unknown body')
    if (body.kind === 'ack') this.#acknowledged(way, body.seqs)
    else {
      way.heard.unshift(opened.seq)
      way.heard.length = Math.min(way.heard.length, acksMost)
      if (way.out !== undefined) this.#send(way.out, encodeAck(way.heard))
      this.#parts.onWord(way.link, way.nodeId, body.payload)
    }
  }

  #acknowledged(way: Way, seqs: readonly number[]): void {
    const isNews = way.path.state !== 'good'
    way.path.acknowledged()
    for (const seq of seqs) this.#settle(way, way.bySeq.get(seq))
    if (isNews) this.#parts.onPeer(way.nodeId)
  }

  #count(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1)
  }
}
