/**
 * Discovery by multicast DNS (RFC 6762, RFC 6763), service `_muster._tcp`: which interfaces are used, when to ask and to
 * announce, and a table of ours for what is heard. The browser of bonjour-service is not used, because it never forgets
 * and never asks again (docs/protocol/discovery.md lists what is worked around, and where).
 */
import type { NetworkInterface } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import type { Discovery, DiscoveryOptions, Sighting } from './discovery.js'
import { patienceMs } from './doctor.js'
import { isInSubnet, isOnByItself, systemNetworks, type Network } from './interfaces.js'
import { Sightings } from './sightings.js'
import { Echoes, openVoice, service, type AirRecord, type OpenVoice, type Voice } from './voice.js'

export interface MdnsParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Only this interface, by its address, whatever its kind; left out: all that are not loopback. */
  readonly onlyAddress?: string | undefined
  /** For tests: the networks that are up now. */
  readonly networks?: () => readonly Network[]
  /** For tests: what speaks on one network. */
  readonly open?: OpenVoice
}

export const turns = {
  /** Interfaces, expiry and what is due are looked at so often. */
  beatMs: 1_000,
  /** RFC 6762, section 5.2: 1 s, 2 s, 4 s, up to a minute (it would allow an hour). */
  ask: { firstMs: 1_000, mostMs: 60_000 },
  /** The library stops announcing after some hours. */
  announceMs: 60_000,
  /** RFC 6762, section 8.3: a second announcement, one second after the first. */
  announceAgainMs: 1_000,
  /** A question for what is about to expire is one for all. */
  refreshMs: 5_000,
  /** Announcements to newcomers: so many at once, then one in so long. */
  welcome: { burst: 5, everyMs: 10_000 },
  /** An interface that does not work is opened anew after so long; one that works but cannot send, too. */
  reopenMs: 3_000,
  /** The window is told of a flood of news in turns. */
  newsMs: 100,
  /** Wall time that passed without us: the machine slept, and its sockets may be deaf. */
  sleptMs: 10_000,
  /** Networks used at once; a device with IPv4 and IPv6 is on two. */
  interfaces: 32
} as const

/** One network, whether it is used or not. */
interface Channel {
  network: Network
  isOn: boolean
  sent: number
  heard: number
  lastSentAt?: number
  lastHeardAt?: number
  problem?: Problem
  /** Monotonic: since when there is a problem. */
  problemSince: number
  /** Not before; monotonic. */
  openAt: number
  /** Counts the voices of this channel: what an earlier one still says does not count. */
  generation: number
  voice?: Voice
  isOpening: boolean
}

export function createMdns(parts: MdnsParts): Discovery {
  return new Mdns(parts)
}

class Mdns implements Discovery {
  readonly #parts: MdnsParts
  readonly #instance: string
  readonly #sightings = new Sightings()
  readonly #echoes = new Echoes()
  readonly #channels = new Map<string, Channel>()
  readonly #opening = new Set<Promise<void>>()
  /** Farewells under way. */
  readonly #closing = new Map<string, Promise<void>>()
  #ownAddresses: ReadonlySet<string> = new Set()
  #options: DiscoveryOptions | undefined
  #port = 0
  #choices: Readonly<Record<string, boolean>> = {}
  #since = 0
  #isStopped = false
  #cancelAsk = nothing
  #cancelBeat = nothing
  #cancelWelcome = nothing
  #cancelNews = nothing
  #announceAt = Infinity
  #refreshedAt = -Infinity
  readonly #welcomes = { left: turns.welcome.burst as number, at: 0, isUnderWay: false }
  #newsAt = -Infinity
  #haveCountersChanged = false
  /** Whether it had looked for long at the last beat. */
  #wasLate = false
  /** Wall minus monotonic time at the last beat. */
  #wallOffset = 0

  constructor(parts: MdnsParts) {
    this.#parts = parts
    this.#instance = parts.random.bytes(8).toString('hex')
  }

  start(options: DiscoveryOptions): void {
    const { clock } = this.#parts
    this.#options = options
    this.#port = options.port
    this.#since = clock.now()
    this.#wallOffset = clock.now() - clock.monotonic()
    this.#welcomes.at = clock.monotonic()
    this.#beat()
    this.#askAgain(turns.ask.firstMs)
  }

  choose(interfaces: Readonly<Record<string, boolean>>): void {
    this.#choices = interfaces
    if (this.#isRunning) this.#watch()
  }

  announce(port: number): void {
    if (port === this.#port) return
    this.#port = port
    // The old port is taken back before the new one is told: both go by one name.
    this.#renewAll()
    if (this.#isRunning) this.#watch()
  }

  look(): void {
    if (!this.#isRunning) return
    for (const channel of this.#channels.values()) channel.openAt = 0
    this.#watch()
    this.#ask()
    this.#announceNow()
    this.#askAgain(turns.ask.firstMs)
  }

  view() {
    return {
      since: this.#since,
      interfaces: [...this.#channels.values()].map(viewOf),
      sightings: this.#sightings.view()
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const cancel of [this.#cancelAsk, this.#cancelBeat, this.#cancelWelcome, this.#cancelNews]) cancel()
    for (const channel of this.#channels.values()) this.#silence(channel)
    await Promise.all(this.#opening)
    await Promise.all(this.#closing.values())
  }

  get #isRunning(): boolean {
    return this.#options !== undefined && !this.#isStopped
  }

  #beat(): void {
    if (!this.#isRunning) return
    const { clock } = this.#parts
    this.#noteSleep()
    this.#watch()
    const now = clock.monotonic()
    this.#forget(this.#sightings.expire(now))
    if (now - this.#refreshedAt >= turns.refreshMs && this.#sightings.needRefresh(now)) {
      this.#refreshedAt = now
      this.#ask()
    }
    if (now >= this.#announceAt) this.#announceNow()
    const isLate = clock.now() - this.#since >= patienceMs
    // What the doctor finds changes then, though nothing else may.
    if (this.#haveCountersChanged || isLate !== this.#wasLate) this.#tell()
    this.#wasLate = isLate
    this.#cancelBeat = clock.after(turns.beatMs, () => this.#beat())
  }

  /** After sleep every socket is made anew: some are deaf then, and none says so. */
  #noteSleep(): void {
    const { clock, log } = this.#parts
    const offset = clock.now() - clock.monotonic()
    const slept = offset - this.#wallOffset
    this.#wallOffset = offset
    if (slept < turns.sleptMs) return
    log('info', 'woke-up', { ms: Math.round(slept) })
    this.#renewAll()
    this.#askAgain(turns.ask.firstMs)
  }

  #renewAll(): void {
    for (const channel of this.#channels.values()) {
      this.#silence(channel)
      channel.openAt = 0
    }
  }

  /** Brings the channels in line with the networks that are up and with what a person chose. */
  #watch(): void {
    const networks = (this.#parts.networks ?? (() => systemNetworks(this.#parts.onlyAddress)))()
    const there = new Map(networks.map((network) => [keyOf(network), network]))
    let isNews = false
    for (const [key, channel] of this.#channels) {
      const network = there.get(key)
      // A device that came back is another one for the system, though name and address are the same.
      if (
        network !== undefined &&
        network.index === channel.network.index &&
        network.netmask === channel.network.netmask
      )
        continue
      this.#channels.delete(key)
      this.#silence(channel)
      isNews = true
    }
    this.#ownAddresses = new Set(networks.map(({ address }) => address))
    let used = 0
    for (const [key, network] of there) {
      const isOn = this.#isUsed(network) && used++ < turns.interfaces
      const channel = this.#channels.get(key)
      if (channel?.isOn === isOn) continue
      if (channel !== undefined) this.#silence(channel)
      this.#channels.set(key, fresh(network, isOn))
      if (isOn) this.#since = this.#parts.clock.now()
      isNews = true
    }
    if (isNews) this.#forget(this.#sightings.leave((address) => !this.#isHeardHere(address)))
    for (const channel of this.#channels.values()) this.#mend(channel)
    if (isNews) this.#news()
  }

  #isUsed({ name, kind }: Network): boolean {
    return this.#parts.onlyAddress !== undefined || (this.#choices[name] ?? isOnByItself(kind))
  }

  #isHeardHere(address: string): boolean {
    return [...this.#channels.values()].some(({ isOn, network }) => isOn && isInSubnet(address, network))
  }

  #mend(channel: Channel): void {
    const now = this.#parts.clock.monotonic()
    if (!channel.isOn) return
    if (channel.problem !== undefined && channel.voice !== undefined && now - channel.problemSince >= turns.reopenMs)
      this.#silence(channel)
    if (channel.voice !== undefined || channel.isOpening || now < channel.openAt) return
    channel.openAt = now + turns.reopenMs
    // The new one gets as long to do better.
    channel.problemSince = now
    channel.isOpening = true
    const opening = this.#open(channel, ++channel.generation).finally(() => {
      channel.isOpening = false
      this.#opening.delete(opening)
    })
    this.#opening.add(opening)
  }

  async #open(channel: Channel, generation: number): Promise<void> {
    const { clock, random, log, open = openVoice } = this.#parts
    const { network } = channel
    const key = keyOf(network)
    const isCurrent = () => channel.generation === generation && this.#isRunning
    // The goodbye of the voice before this one must not take back what this one says.
    await this.#closing.get(key)
    if (!isCurrent()) return
    try {
      const voice = await open({
        clock,
        random,
        network,
        instance: this.#instance,
        port: this.#port,
        echoes: this.#echoes,
        isOwnAddress: (address) => this.#ownAddresses.has(address),
        isKnown: (address) => this.#sightings.knows(address, clock.monotonic()),
        onAnswer: (records, from) => {
          if (isCurrent()) this.#hear(records, from)
        },
        onHeard: () => {
          channel.heard++
          channel.lastHeardAt = clock.now()
          this.#haveCountersChanged = true
        },
        onSent: () => {
          channel.sent++
          channel.lastSentAt = clock.now()
          this.#haveCountersChanged = true
          if (channel.problem !== undefined && isCurrent()) this.#setProblem(channel, undefined)
        },
        onReady: () => {
          if (!isCurrent()) return
          this.#announceAt = clock.monotonic() + turns.announceAgainMs
          this.#askAgain(turns.ask.firstMs)
          channel.voice?.ask()
        },
        onProblem: (found, isOver) => {
          log('debug', 'mdns', { interface: network.name, code: found.code, detail: found.detail })
          if (!isCurrent()) return
          this.#setProblem(channel, found)
          if (isOver) this.#silence(channel)
        }
      })
      if (isCurrent()) channel.voice = voice
      else this.#farewell(key, voice)
    } catch (error) {
      log('error', 'mdns', { interface: network.name, error: String(error) })
      this.#setProblem(channel, problem('cannot-send', `${network.name}: ${String(error)}`))
    }
  }

  #setProblem(channel: Channel, found: Problem | undefined): void {
    if (channel.problem?.detail === found?.detail && channel.problem?.code === found?.code) return
    if (found === undefined) delete channel.problem
    else channel.problem = found
    channel.problemSince = this.#parts.clock.monotonic()
    this.#news()
  }

  /** Ends the voice of a channel; it gets another one if it is used. */
  #silence(channel: Channel): void {
    const { voice } = channel
    channel.generation++
    delete channel.voice
    if (voice !== undefined) this.#farewell(keyOf(channel.network), voice)
  }

  #farewell(key: string, voice: Voice): void {
    const before = this.#closing.get(key)
    const closing: Promise<void> = Promise.all([before, voice.close()]).then(() => {
      if (this.#closing.get(key) === closing) this.#closing.delete(key)
    })
    this.#closing.set(key, closing)
  }

  #hear(records: readonly AirRecord[], from: string): void {
    const { clock } = this.#parts
    const now = clock.monotonic()
    for (const record of records) {
      const sighting = readSighting(record, from)
      if (sighting === undefined || sighting.instance === this.#instance) continue
      if (record.ttl === 0) {
        if (this.#sightings.forget(sighting)) this.#forget([sighting])
        continue
      }
      const heard = this.#sightings.hear(sighting, (record.ttl ?? 0) * 1000, now, clock.now())
      if (heard.isNew) {
        this.#news()
        this.#welcome(now)
      }
      this.#forget(heard.gone)
      if (!heard.isDue) continue
      this.#parts.log('debug', 'sighted', { address: from, port: sighting.port })
      this.#options?.onSighting(sighting)
    }
  }

  #forget(gone: readonly Sighting[]): void {
    for (const sighting of gone) this.#options?.onGone(sighting)
    if (gone.length > 0) this.#news()
  }

  /** Whoever is new here may not have heard us: if one direction works, both learn of each other. */
  #welcome(now: number): void {
    const welcomes = this.#welcomes
    if (welcomes.isUnderWay) return
    const earned = Math.floor((now - welcomes.at) / turns.welcome.everyMs)
    if (earned > 0) {
      welcomes.left = Math.min(turns.welcome.burst, welcomes.left + earned)
      welcomes.at = now
    }
    if (welcomes.left <= 0) return
    welcomes.left--
    welcomes.isUnderWay = true
    this.#cancelWelcome = this.#parts.clock.after(turns.newsMs, () => {
      welcomes.isUnderWay = false
      this.#announceNow()
    })
  }

  #announceNow(): void {
    const { clock, random } = this.#parts
    this.#announceAt = clock.monotonic() + jittered(turns.announceMs, random)
    for (const { voice } of this.#channels.values()) voice?.announce()
  }

  #ask(): void {
    for (const { voice } of this.#channels.values()) voice?.ask()
  }

  /** Jitter, so that laptops that were switched on together do not ask together for ever. */
  #askAgain(pauseMs: number): void {
    const { clock, random } = this.#parts
    this.#cancelAsk()
    this.#cancelAsk = clock.after(jittered(pauseMs, random), () => {
      if (!this.#isRunning) return
      this.#ask()
      this.#askAgain(Math.min(pauseMs * 2, turns.ask.mostMs))
    })
  }

  /** Something that a person should see at once; more of it in the next moment is told together. */
  #news(): void {
    const { clock } = this.#parts
    const wait = this.#newsAt + turns.newsMs - clock.monotonic()
    this.#cancelNews()
    this.#cancelNews = nothing
    if (wait > 0) this.#cancelNews = clock.after(wait, () => this.#tell())
    else this.#tell()
  }

  #tell(): void {
    if (!this.#isRunning) return
    this.#haveCountersChanged = false
    this.#newsAt = this.#parts.clock.monotonic()
    this.#options?.onChange()
  }
}

function nothing(): void {
  // Nothing waits.
}

function jittered(ms: number, random: Random): number {
  return ms * (0.8 + random.unit() * 0.4)
}

function keyOf({ name, address }: Network): string {
  return `${name} ${address}`
}

function fresh(network: Network, isOn: boolean): Channel {
  return { network, isOn, sent: 0, heard: 0, problemSince: 0, openAt: 0, generation: 0, isOpening: false }
}

function viewOf({ network, isOn, sent, heard, lastSentAt, lastHeardAt, problem }: Channel): NetworkInterface {
  return {
    name: network.name,
    address: network.address,
    kind: network.kind,
    isOn,
    sent,
    heard,
    ...(lastSentAt === undefined ? {} : { lastSentAt }),
    ...(lastHeardAt === undefined ? {} : { lastHeardAt }),
    ...(problem === undefined ? {} : { problem })
  }
}

/** The node that an SRV record speaks of; its address is where the packet came from, whatever the record says. */
function readSighting({ type, name, data }: AirRecord, address: string): Sighting | undefined {
  if (type !== 'SRV' || typeof name !== 'string') return undefined
  const lower = name.toLowerCase()
  if (!lower.endsWith(`.${service}`)) return undefined
  const instance = lower.slice(0, -service.length - 1)
  const port = typeof data === 'object' && data !== null && 'port' in data ? data.port : undefined
  const isGood = /^[0-9a-f]{16}$/.test(instance) && typeof port === 'number' && port > 0 && port <= 65535
  return isGood ? { instance, address, port } : undefined
}
