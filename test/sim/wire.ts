/**
 * A network in memory: hosts by address, and channels that keep order, as TCP does. Each direction between two hosts is a
 * way with its own faults. What TCP hides stays hidden: a lost segment comes late and holds up what is behind it, until
 * after some losses in a row the connection is reset; nothing comes twice or in another order; a cut way lets nothing
 * through and tells nobody, and what was under way comes when it is mended. Passes the same acceptance suite as TLS over
 * TCP.
 */
import type { Address } from '@shared/model.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import type { DatagramNetwork, DatagramOptions } from '../../src/main/engine/datagrams/network.js'
import { certificateDer, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import {
  TransportError,
  type Channel,
  type ListenOptions,
  type Transport
} from '../../src/main/engine/links/transport.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import type { VirtualTime } from './time.js'

const dialPatienceMs = 5_000
const segmentBytes = 1_400
/** The first pause before a lost segment is sent again; doubles with each further loss (RFC 6298). */
const retransmitMs = 200
const dialAgainMs = 1_000
const lossesInARow = 7
/** Sent and not acknowledged at most, as while acknowledgements cannot come back. */
const windowBytes = 64 * 1024

/** How bytes fare from one host to another. Faults take effect at once, also for connections that are open. */
export interface Way {
  delayMs: number
  /** Up to so much is added to the delay; order is kept. */
  jitterMs: number
  /** Share of segments that are lost, from 0 to 1. */
  loss: number
  bytesPerSecond: number
  /** Share of datagrams that come twice, from 0 to 1. Their order nobody keeps: each has a delay of its own. */
  duplication: number
  /** Whether datagrams pass at all. */
  hasUdp: boolean
  /** Whether bytes arrive in pieces of any size instead of as they were written. */
  isInPieces: boolean
  isCut: boolean
  /** So many bytes pass still; then the connection that carries the next one is reset, in the middle of it. */
  resetAfter: number
}

export const goodWay: Readonly<Way> = {
  delayMs: 1,
  jitterMs: 0,
  loss: 0,
  bytesPerSecond: Infinity,
  duplication: 0,
  hasUdp: true,
  isInPieces: false,
  isCut: false,
  resetAfter: Infinity
}

/** One end of a connection, for whoever watches the wire. */
export interface WireEnd {
  /** Both ends of a connection have the same number. */
  readonly connection: number
  readonly role: 'client' | 'server'
  readonly host: string
  readonly otherHost: string
}

export interface WireObserver {
  /** Given to the system by this end. */
  sent(end: WireEnd, bytes: Buffer): void
  /** So many of the bytes that this end sent were read by the other one. */
  delivered(end: WireEnd, length: number): void
  /** A datagram was sent, whatever becomes of it. */
  packet?(from: string, to: string, packet: Buffer): void
}

export class Wire {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #listeners = new Map<string, ListenOptions>()
  readonly #ways = new Map<string, Way>()
  readonly #channels = new Set<SimChannel>()
  readonly #sockets = new Map<string, DatagramOptions>()
  observer: WireObserver | undefined
  #nextPort = 50_000
  #connections = 0

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** From one host to another; the other direction is a way of its own. */
  way(from: string, to: string): Way {
    const key = `${from} ${to}`
    let way = this.#ways.get(key)
    if (way === undefined) {
      way = { ...goodWay }
      this.#ways.set(key, way)
    }
    return way
  }

  /** Nothing passes between the two hosts; nobody notices but by silence. */
  cut(one: string, other: string): void {
    this.way(one, other).isCut = true
    this.way(other, one).isCut = true
  }

  /** Both ways between the two hosts are good again. */
  mend(one: string, other: string): void {
    this.mendWay(one, other)
    this.mendWay(other, one)
  }

  mendWay(from: string, to: string): void {
    Object.assign(this.way(from, to), goodWay)
    for (const channel of [...this.#channels]) channel.flush()
  }

  mendAll(): void {
    for (const way of this.#ways.values()) Object.assign(way, goodWay)
    for (const channel of [...this.#channels]) channel.flush()
  }

  isCut(from: string, to: string): boolean {
    return this.#ways.get(`${from} ${to}`)?.isCut === true
  }

  /** Ends every connection between two hosts, as when a router restarts. */
  reset(one: string, other: string): void {
    for (const channel of this.#between(one, other)) channel.drop()
  }

  /** The first host loses its connections with the other, who is not told. */
  halfOpen(one: string, other: string): void {
    for (const channel of this.#between(one, other)) if (channel.host === one) channel.lose()
  }

  /** A host that lost power: its connections are gone, and the others are not told. */
  silence(host: string): void {
    for (const channel of [...this.#channels]) if (channel.host === host) channel.vanish()
    for (const bound of [this.#listeners, this.#sockets])
      for (const key of [...bound.keys()]) if (key.startsWith(`${host} `)) bound.delete(key)
  }

  /** @param isAlive whether this start of the host still runs; once it does not, nothing is dialled for it. */
  transport(host: string, isAlive: () => boolean = () => true): Transport {
    return {
      listen: (options) => {
        const port = options.port === 0 ? this.#nextPort++ : options.port
        const key = `${host} ${String(port)}`
        if (this.#listeners.has(key)) return Promise.reject(new TransportError('port-in-use', key))
        this.#listeners.set(key, options)
        return Promise.resolve({
          port,
          show: (identity) => {
            this.#listeners.set(key, { ...options, identity })
          },
          close: () => {
            this.#listeners.delete(key)
            for (const channel of [...this.#channels])
              if (channel.host === host && channel.role === 'server') channel.drop()
            return Promise.resolve()
          }
        })
      },
      dial: (to, identity) => this.#dial(host, to, identity, isAlive)
    }
  }

  /** Packets from and to a host: lost, doubled and overtaken as its ways say. */
  datagrams(host: string): DatagramNetwork {
    return {
      open: (options) => {
        const port = options.port === 0 ? this.#nextPort++ : options.port
        const key = `${host} ${String(port)}`
        if (this.#sockets.has(key)) return Promise.resolve(undefined)
        this.#sockets.set(key, options)
        const isOpen = () => this.#sockets.get(key) === options
        return Promise.resolve({
          port,
          send: (packet, to) => {
            if (isOpen()) this.#sendPacket(host, to, Buffer.from(packet))
          },
          close: () => {
            if (isOpen()) this.#sockets.delete(key)
            return Promise.resolve()
          }
        })
      }
    }
  }

  #sendPacket(from: string, to: Address, packet: Buffer): void {
    const way = this.way(from, to.address)
    this.observer?.packet?.(from, to.address, packet)
    if (way.isCut || !way.hasUdp) return
    const copies = way.duplication > 0 && this.#random.unit() < way.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (way.loss > 0 && this.#random.unit() < way.loss) continue
      const onTheLineMs = (packet.length * 1000) / way.bytesPerSecond
      this.#time.after(onTheLineMs + this.travelMs(way), () =>
        this.#sockets.get(`${to.address} ${String(to.port)}`)?.onPacket(Buffer.from(packet))
      )
    }
  }

  async #dial(host: string, to: Address, identity: TlsIdentity, isAlive: () => boolean): Promise<Channel> {
    const startedAt = this.#time.now
    const [out, back] = [this.way(host, to.address), this.way(to.address, host)]
    await this.#time.wait(this.travelMs(out) + this.travelMs(back) + this.#dialLossMs(out) + this.#dialLossMs(back))
    if (out.isCut || back.isCut || this.#time.now - startedAt > dialPatienceMs) {
      await this.#time.wait(dialPatienceMs)
      throw new TransportError('no-answer', 'no answer')
    }
    const listening = this.#listeners.get(`${to.address} ${String(to.port)}`)
    if (listening === undefined) throw new TransportError('refused', 'nobody listens')
    if (!isAlive()) return new Promise<never>(() => undefined)
    const ended = listening.admit(host)
    if (ended === undefined) throw new TransportError('not-muster', 'closed')
    const certificates = {
      client: chainOf(identity),
      server: chainOf(listening.identity)
    }
    const shared = {
      exporter: this.#random.bytes(32),
      clientCertificate: sha256(certificates.client[0]),
      serverCertificate: sha256(certificates.server[0])
    }
    const secrets = { toServer: this.#random.bytes(32), toClient: this.#random.bytes(32) }
    // Each end overwrites its own.
    const ownSecrets = () => ({ toServer: Buffer.from(secrets.toServer), toClient: Buffer.from(secrets.toClient) })
    const from = { address: host, port: this.#nextPort++ }
    const connection = this.#connections++
    const parts = { wire: this, time: this.#time, random: this.#random, startedAt, connection }
    const client = new SimChannel(parts, host, 'client', to, {
      ...shared,
      datagrams: ownSecrets(),
      ...seen(certificates.server)
    })
    const server = new SimChannel(parts, to.address, 'server', from, {
      ...shared,
      datagrams: ownSecrets(),
      ...seen(certificates.client)
    })
    client.other = server
    server.other = client
    this.#channels.add(client).add(server)
    ended()
    this.#time.after(0, () => listening.onChannel(server))
    return client
  }

  travelMs(way: Way): number {
    return way.jitterMs === 0 ? way.delayMs : way.delayMs + way.jitterMs * this.#random.unit()
  }

  /** How often a segment is lost before it passes; at most the number after which TCP gives up. */
  losses(way: Way): number {
    let count = 0
    while (way.loss > 0 && count < lossesInARow && this.#random.unit() < way.loss) count++
    return count
  }

  #dialLossMs(way: Way): number {
    return dialAgainMs * (2 ** this.losses(way) - 1)
  }

  #between(one: string, other: string): SimChannel[] {
    return [...this.#channels].filter(
      ({ host, remote }) => (host === one && remote.address === other) || (host === other && remote.address === one)
    )
  }

  forget(channel: SimChannel): void {
    this.#channels.delete(channel)
  }
}

type Chain = readonly [Buffer, ...Buffer[]]

const chains = new Map<string, Chain>()

/** The certificates of an identity as DER, its own first. */
function chainOf({ certificate }: TlsIdentity): Chain {
  let chain = chains.get(certificate)
  if (chain === undefined) {
    const [own = '', ...issuers] = certificate.split(/(?=-----BEGIN CERTIFICATE-----)/)
    chain = [certificateDer(own), ...issuers.map(certificateDer)]
    chains.set(certificate, chain)
  }
  return chain
}

function seen(chain: Chain): { readonly peerCertificate: Buffer; readonly peerChain: readonly Buffer[] } {
  return { peerCertificate: chain[0], peerChain: chain }
}

interface ChannelParts {
  readonly wire: Wire
  readonly time: VirtualTime
  readonly random: Random
  readonly startedAt: number
  readonly connection: number
}

class SimChannel implements Channel, WireEnd {
  readonly host: string
  readonly role: 'client' | 'server'
  readonly remote: Address
  readonly binding: Channel['binding']
  readonly startedAt: number
  readonly connection: number
  other: SimChannel | undefined
  onData: Channel['onData'] = () => undefined
  onDrain: Channel['onDrain'] = () => undefined
  onClose: Channel['onClose'] = () => undefined
  unsent = 0
  /** Read by the other end, which could not tell us yet. */
  unacknowledged = 0
  readonly #wire: Wire
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #out: Way
  readonly #in: Way
  #isClosed = false
  #isPaused = false
  /** Written and not yet on the way. */
  #leaving: Buffer[] = []
  #isLineBusy = false
  /** When the last byte that is on the way arrives. */
  #lastArrival = 0
  /** Arrived here, in order, and not read. */
  #arriving: Buffer[] = []
  #isOtherGone = false

  constructor(
    parts: ChannelParts,
    host: string,
    role: 'client' | 'server',
    remote: Address,
    binding: Channel['binding']
  ) {
    this.#wire = parts.wire
    this.#time = parts.time
    this.#random = parts.random
    this.startedAt = parts.startedAt
    this.connection = parts.connection
    this.host = host
    this.role = role
    this.remote = remote
    this.binding = binding
    this.#out = parts.wire.way(host, remote.address)
    this.#in = parts.wire.way(remote.address, host)
  }

  get otherHost(): string {
    return this.remote.address
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  write(bytes: Buffer): void {
    if (this.#isClosed) return
    this.unsent += bytes.length
    this.#wire.observer?.sent(this, bytes)
    this.#leaving.push(Buffer.from(bytes))
    this.#transmit()
  }

  /** Nothing that was not delivered is delivered any more. */
  destroy(): void {
    if (this.#isClosed) return
    this.#close()
    const { other } = this
    if (other !== undefined) this.#time.after(this.#wire.travelMs(this.#out), () => other.otherGone())
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.flush()
  }

  #transmit(): void {
    while (!this.#isLineBusy && !this.#isClosed) {
      const piece = this.#nextPiece()
      if (piece === undefined) return
      const losses = this.#wire.losses(this.#out)
      if (losses === lossesInARow) {
        this.#time.after(retransmitMs * 2 ** losses, () => this.drop())
        this.#leaving = []
        return
      }
      const onTheLineMs = (piece.length * 1000) / this.#out.bytesPerSecond
      const lateMs = retransmitMs * (2 ** losses - 1)
      const arrival = this.#time.now + onTheLineMs + this.#wire.travelMs(this.#out) + lateMs
      this.#lastArrival = Math.max(arrival, this.#lastArrival)
      this.#time.after(this.#lastArrival - this.#time.now, () => this.other?.arrive(piece))
      if (onTheLineMs === 0) continue
      this.#isLineBusy = true
      this.#time.after(onTheLineMs, () => {
        this.#isLineBusy = false
        this.#transmit()
      })
    }
  }

  /** What was written at once goes as one; on a slow or bad line, by segments. */
  #nextPiece(): Buffer | undefined {
    const [first] = this.#leaving
    const isWhole = this.#out.loss === 0 && this.#out.bytesPerSecond === Infinity
    if (first === undefined || isWhole || first.length <= segmentBytes) return this.#leaving.shift()
    this.#leaving[0] = first.subarray(segmentBytes)
    return first.subarray(0, segmentBytes)
  }

  arrive(bytes: Buffer): void {
    if (this.other?.isClosed === true) return
    this.#arriving.push(bytes)
    this.flush()
  }

  flush(): void {
    if (this.#in.isCut) return
    if (!this.#out.isCut) this.other?.acknowledged()
    while (!this.#isPaused && !this.#isClosed) {
      if ((this.other?.unacknowledged ?? 0) >= windowBytes) break
      const bytes = this.#arriving.shift()
      if (bytes === undefined) break
      if (bytes.length > this.#in.resetAfter) {
        const passed = bytes.subarray(0, this.#in.resetAfter)
        this.#in.resetAfter = Infinity
        if (passed.length > 0) this.#read(passed)
        this.drop()
        return
      }
      this.#in.resetAfter -= bytes.length
      this.#read(bytes)
    }
    if (this.#isOtherGone && !this.#isPaused && !this.#isClosed) {
      this.#close()
      this.onClose()
    }
  }

  #read(bytes: Buffer): void {
    const { other } = this
    if (other === undefined) return
    this.#wire.observer?.delivered(other, bytes.length)
    if (this.#in.isInPieces) this.#readInPieces(bytes)
    else this.onData(bytes)
    other.unacknowledged += bytes.length
    if (!this.#out.isCut) other.acknowledged()
  }

  #readInPieces(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length && !this.#isClosed) {
      const length = 1 + Math.floor(this.#random.unit() * Math.min(segmentBytes, bytes.length - at))
      this.onData(bytes.subarray(at, at + length))
      at += length
    }
  }

  /** The other end's word about what it read came back. */
  acknowledged(): void {
    if (this.unacknowledged === 0) return
    this.unsent -= this.unacknowledged
    this.unacknowledged = 0
    if (this.unsent === 0 && !this.#isClosed) this.#time.after(0, () => this.onDrain())
  }

  otherGone(): void {
    this.#isOtherGone = true
    this.flush()
  }

  /** Both ends learn that the connection is gone. */
  drop(): void {
    this.other?.lose()
    this.lose()
  }

  /** This end learns it. */
  lose(): void {
    if (this.#isClosed) return
    this.#close()
    this.onClose()
  }

  vanish(): void {
    this.#close()
  }

  #close(): void {
    this.#isClosed = true
    this.#arriving = []
    this.#leaving = []
    this.#wire.forget(this)
  }
}
