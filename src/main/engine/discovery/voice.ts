/**
 * This node on one network: bonjour-service publishes `_muster._tcp` there and answers questions, and what others answer
 * is handed on. Between its socket and the network stands a gate of ours: it drops what is not worth decoding, counts,
 * and turns every failure into a problem of the interface. One bonjour object per interface, because one alone speaks
 * only on the network of the default route.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { EventEmitter } from 'node:events'
import type { Bonjour } from 'bonjour-service'
import { hasZone, withoutZone } from '@shared/address.js'
import { problem, type Problem } from '@shared/result.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { FairShare, isOfInterest, isResponse } from './fair-share.js'
import { isInSubnet, type Network } from './interfaces.js'

export const service = '_muster._tcp.local'
const mdnsPort = 5353
/** RFC 6762, section 3: the group of IPv6, on one link. */
const groupOfSix = 'ff02::fb'
/** RFC 6762, section 6: answers of many wait a random moment; the same answer is sent once a second at most. */
const answer = { leastMs: 20, mostMs: 120, againMs: 1_000, perSecond: 10 } as const
/** RFC 6762, section 10.1 sends one goodbye; a lost one would leave this node in every list for two minutes. */
const goodbye = { times: 3, gapMs: 100, withinMs: 600 } as const
const echoesMost = 32

/** A record as multicast-dns decodes it; what it holds is whatever a stranger sent. */
export interface AirRecord {
  readonly type: string
  readonly name: string
  readonly ttl?: number
  readonly data?: unknown
}

export interface VoiceParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly instance: string
  /** 0: nothing is published. */
  readonly port: number
  /** What was sent on any interface: a machine hears itself. */
  readonly echoes: Echoes
  readonly isOwnAddress: (address: string) => boolean
  readonly isKnown: (address: string) => boolean
  readonly onAnswer: (records: readonly AirRecord[], from: string) => void
  readonly onHeard: () => void
  readonly onSent: () => void
  /** Bound and on the air. */
  readonly onReady: () => void
  /** It does not work; after `isOver` it never will, and must be opened anew. */
  readonly onProblem: (problem: Problem, isOver: boolean) => void
}

export interface Voice {
  announce(): void
  ask(): void
  /** Says goodbye; resolves when nothing more is sent, in any case soon. */
  close(): Promise<void>
}

export type OpenVoice = (parts: VoiceParts) => Promise<Voice>

/** The newest packets of this machine. */
export class Echoes {
  readonly #packets: Buffer[] = []

  add(packet: Buffer): void {
    this.#packets.push(packet)
    if (this.#packets.length > echoesMost) this.#packets.shift()
  }

  has(packet: Buffer): boolean {
    return this.#packets.some((sent) => sent.equals(packet))
  }
}

interface Packet {
  readonly type?: string
  readonly answers?: readonly AirRecord[]
  readonly additionals?: readonly AirRecord[]
}

type Done = (error?: Error | null) => void

/** The parts of multicast-dns that bonjour-service keeps to itself and that its types leave out. */
interface RawMdns {
  on(event: 'response', listener: (packet: Packet, from: RemoteInfo) => void): void
  on(event: 'error' | 'warning', listener: (error: Error) => void): void
  query(question: { questions: { name: string; type: string }[] }, done: Done): void
  respond(packet: Packet, done?: Done): void
  send(packet: Packet, to: unknown, done?: Done): void
}

interface Published {
  records(): AirRecord[]
  on(event: 'error', listener: (error: unknown) => void): void
}

export const openVoice: OpenVoice = async (parts) => {
  const library = await import('bonjour-service')
  const { clock, random, network, instance, port } = parts
  let isOver = false
  const fail = (error: unknown, isLast: boolean) => {
    if (isOver) return
    isOver = isLast
    parts.onProblem(problemOf(error, network.name), isLast)
  }
  const gate = new Gate(parts, fail)
  // Its types do not know `socket`, `bind` and the like, which it hands on to multicast-dns.
  const bonjour = new library.Bonjour({ socket: gate, ...airOf(network.address) } as object, (error: Error) =>
    fail(error, false)
  )
  const mdns = (bonjour as unknown as { server: { mdns: RawMdns } }).server.mdns
  // Without a listener a taken port would end the process. What else it warns of is a packet that it cannot decode.
  mdns.on('error', (error) => fail(error, true))
  mdns.on('warning', () => undefined)
  mdns.on('response', ({ answers = [], additionals = [] }, from) =>
    parts.onAnswer([...answers, ...additionals], from.address)
  )
  const sendNow = mdns.send.bind(mdns)
  const shape = new AnswerShape(clock, random)
  mdns.send = (packet, to, done) => {
    const [receiver, after] = typeof to === 'function' ? [undefined, to as Done] : [to, done]
    if (packet.type !== 'response') sendNow(packet, receiver, after)
    else shape.send(tidy(packet, network.address), (shaped) => sendNow(shaped, receiver, after), after)
  }
  const published = port === 0 ? undefined : publish(bonjour, instance, port, hasZone(network.address))
  published?.on('error', (error) => fail(error, false))

  return {
    announce() {
      if (!isOver && published !== undefined) mdns.respond({ answers: published.records() })
    },
    ask() {
      if (!isOver) mdns.query({ questions: [{ name: service, type: 'PTR' }] }, () => undefined)
    },
    close() {
      shape.end()
      const wasOver = isOver
      isOver = true
      return new Promise((done) => {
        let left = goodbye.times - 1 // The first one is of the library.
        let cancel = () => {}
        const end = () => {
          cancel()
          cancelAll()
          left = 0
          bonjour.destroy()
          done()
        }
        // On a network that is gone the answer of the system never comes.
        const cancelAll = clock.after(goodbye.withinMs, end)
        const records = (published?.records() ?? []).map((record) => ({ ...record, ttl: 0 }))
        const again = () => {
          if (left-- <= 0) return
          const packet = tidy({ type: 'response', answers: records }, network.address)
          mdns.respond(packet, () => {
            if (left > 0) cancel = clock.after(goodbye.gapMs, again)
            else if (left === 0) end()
          })
        }
        if (wasOver || !gate.isReady || published === undefined) end()
        // Takes the records out of its registry, so that no question is answered any more, and says the first goodbye.
        else bonjour.unpublishAll(again)
      })
    }
  }
}

/** Where to listen and to speak, as multicast-dns wants it. */
function airOf(address: string): object {
  if (!hasZone(address)) return { interface: address, bind: '0.0.0.0' }
  return { type: 'udp6', ip: groupOfSix, interface: address.replace(/^.*%/, '::%'), bind: '::' }
}

function publish(bonjour: Bonjour, instance: string, port: number, isSix: boolean): Published {
  return bonjour.publish({
    name: instance,
    type: 'muster',
    port,
    host: `${instance}.local`,
    txt: { v: '1' },
    // The name is random: nobody else has it, and probing would send goodbyes for others' names.
    probe: false,
    disableIPv6: !isSix
  }) as unknown as Published
}

/**
 * What leaves: of all addresses of the machine only that of this network, which is also the only one that reaches it; no
 * goodbye for the type itself, which others publish too; unique records marked as such (RFC 6762, section 10.2).
 */
function tidy(packet: Packet, own: string): Packet {
  const address = withoutZone(own)
  const [wanted, other] = hasZone(own) ? (['AAAA', 'A'] as const) : (['A', 'AAAA'] as const)
  const keep = (records: readonly AirRecord[] = []) =>
    records
      .filter(({ type, name, ttl, data }) => {
        if (type === wanted) return data === address
        return type !== other && !(ttl === 0 && name.startsWith('_services.'))
      })
      .map((record) => (record.type === 'SRV' || record.type === 'TXT' ? { ...record, flush: true } : record))
  const answers = keep(packet.answers)
  const additionals = keep(packet.additionals)
  const all = [...answers, ...additionals]
  const named = all.find(({ type }) => type === 'SRV')
  const target = (named?.data as { target?: string } | undefined)?.target
  // bonjour-service leaves out devices without a hardware address: loopback and tunnels.
  if (target !== undefined && !all.some(({ type }) => type === wanted))
    additionals.push({ name: target, type: wanted, ttl: named?.ttl ?? 0, data: address })
  return { ...packet, answers, additionals }
}

/** Answers wait a moment, and the same one is sent once a second: questions must not make us flood the network. */
class AnswerShape {
  readonly #clock: Clock
  readonly #random: Random
  /** When an answer with these records was sent, or will be. */
  readonly #sent = new Map<string, number>()
  readonly #cancels = new Set<() => void>()
  #isOver = false

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  send(packet: Packet, sendNow: (packet: Packet) => void, done: Done = () => undefined): void {
    const answers = packet.answers ?? []
    if (answers.length === 0) {
      done()
      return
    }
    // A goodbye never waits.
    if (this.#isOver || answers.every(({ ttl }) => ttl === 0)) {
      sendNow(packet)
      return
    }
    const now = this.#clock.monotonic()
    for (const [known, at] of this.#sent) if (now - at >= answer.againMs) this.#sent.delete(known)
    const key = answers.map(({ type, name }) => `${type} ${name}`).join()
    const last = this.#sent.get(key) ?? -Infinity
    // The one that still waits answers this question too.
    if (last > now || (last === -Infinity && this.#sent.size >= answer.perSecond)) {
      done()
      return
    }
    const jitterMs = answer.leastMs + this.#random.unit() * (answer.mostMs - answer.leastMs)
    const waitMs = Math.max(jitterMs, last + answer.againMs - now)
    this.#sent.set(key, now + waitMs)
    const cancel = this.#clock.after(waitMs, () => {
      this.#cancels.delete(cancel)
      sendNow(packet)
    })
    this.#cancels.add(cancel)
  }

  /** What waits is not sent; goodbyes pass. */
  end(): void {
    this.#isOver = true
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }
}

/** Stands in for the socket of multicast-dns, with the calls that it makes of one. */
class Gate extends EventEmitter {
  readonly #parts: VoiceParts
  readonly #fail: (error: unknown, isLast: boolean) => void
  readonly #share = new FairShare()
  // Sharing the port is what lets other programs of this machine use mDNS beside us.
  readonly #socket: Socket
  isReady = false
  #hasFailed = false

  constructor(parts: VoiceParts, fail: (error: unknown, isLast: boolean) => void) {
    super()
    this.#parts = parts
    this.#socket = hasZone(parts.network.address)
      ? createSocket({ type: 'udp6', ipv6Only: true, reuseAddr: true })
      : createSocket({ type: 'udp4', reuseAddr: true })
    this.#fail = (error, isLast) => {
      this.#hasFailed ||= isLast
      fail(error, isLast)
    }
    this.#socket.on('message', (packet: Buffer, from: RemoteInfo) => this.#hear(packet, from))
    this.#socket.on('error', (error) => {
      this.#fail(error, true)
      this.emit('error', error)
    })
    this.#socket.on('listening', () => {
      this.emit('listening')
      if (this.#hasFailed) return
      this.isReady = true
      parts.onReady()
    })
  }

  bind(port: number, address: string, done: () => void): void {
    this.#socket.bind(port, address, done)
  }

  send(packet: Buffer, offset: number, length: number, port: number, address: string, done: Done): void {
    this.#parts.echoes.add(packet)
    const after: Done = (error) => {
      if (error instanceof Error) this.#fail(error, false)
      else this.#parts.onSent()
      done(error)
    }
    try {
      this.#socket.send(packet, offset, length, port, address, after)
    } catch (error) {
      after(error instanceof Error ? error : new Error(String(error)))
    }
  }

  addMembership(group: string, address: string): void {
    this.#orFail(() => this.#socket.addMembership(group, address))
  }

  setMulticastInterface(address: string): void {
    this.#orFail(() => this.#socket.setMulticastInterface(address))
  }

  setMulticastTTL(hops: number): void {
    this.#orFail(() => this.#socket.setMulticastTTL(hops))
  }

  setMulticastLoopback(isOn: boolean): void {
    this.#orFail(() => this.#socket.setMulticastLoopback(isOn))
  }

  /** Leaving a network that is gone fails, and does not matter. */
  dropMembership(group: string, address: string): void {
    this.#socket.dropMembership(group, address)
  }

  address() {
    return this.#socket.address()
  }

  close(done?: () => void): void {
    this.#socket.close(done)
  }

  /** A socket that could not join would stay deaf without a word: it is of no use. */
  #orFail(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#fail(error, true)
    }
  }

  #hear(packet: Buffer, from: RemoteInfo): void {
    const { network, clock, echoes, instance } = this.#parts
    // Cheapest first: all this happens for every packet of a flood.
    if (!isInSubnet(from.address, network)) return
    const isOwn = this.#parts.isOwnAddress(from.address)
    if (isOwn && echoes.has(packet)) return
    // On loopback all are own addresses; elsewhere only what came from another machine proves that we hear.
    if (!isOwn || from.address.startsWith('127.')) this.#parts.onHeard()
    // RFC 6762, section 6: an answer from another port is none.
    if (isResponse(packet) && from.port !== mdnsPort) return
    if (!isOfInterest(packet, instance)) return
    const began = clock.monotonic()
    if (!this.#share.admit(from.address, this.#parts.isKnown(from.address), began)) return
    this.emit('message', packet, from)
    this.#share.spent(clock.monotonic() - began)
  }
}

function problemOf(error: unknown, name: string): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const isTaken = code === 'EADDRINUSE' || code === 'EACCES'
  return problem(isTaken ? 'discovery-port-taken' : 'cannot-send', `${name}: ${code}`)
}
