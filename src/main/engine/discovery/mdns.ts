/**
 * Discovery by multicast DNS (RFC 6762, RFC 6763), service `_muster._tcp`. bonjour-service publishes, one object per
 * interface; its browser is not used, because it never forgets and never asks again: the raw responses of its socket go
 * into a table of ours.
 */
import { networkInterfaces } from 'node:os'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import type { Discovery, DiscoveryOptions, Sighting } from './discovery.js'
import { Sightings } from './sightings.js'

export interface MdnsParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Only this interface, by its address; left out: all that are not loopback. */
  readonly onlyAddress?: string | undefined
}

const service = '_muster._tcp.local'
const askMs = { first: 1_000, most: 60_000 } as const
const interfacesEveryMs = 5_000
const goodbyeWithinMs = 500

interface Network {
  readonly address: string
  readonly netmask: string
}

interface Record {
  readonly type: string
  readonly name: string
  readonly ttl?: number
  readonly data?: unknown
}

/** The parts of multicast-dns that bonjour-service keeps to itself and that its types leave out. */
interface RawSocket {
  on(
    event: 'response',
    listener: (packet: { answers: Record[]; additionals: Record[] }, from: { address: string }) => void
  ): void
  on(event: 'error' | 'warning', listener: (error: Error) => void): void
  query(question: { questions: { name: string; type: string }[] }, done: (error?: Error) => void): void
}

interface Voice {
  readonly network: Network
  readonly socket: RawSocket
  close(): Promise<void>
}

export function createMdns(parts: MdnsParts): Discovery {
  const { clock, random, log } = parts
  const instance = random.bytes(8).toString('hex')
  const sightings = new Sightings()
  const voices = new Map<string, Voice>()
  let options: DiscoveryOptions | undefined
  let cancelAsk = () => {}
  let cancelWatch = () => {}
  let isStopped = false

  function hear(
    network: Network,
    packet: { answers: Record[]; additionals: Record[] },
    from: { address: string }
  ): void {
    // A socket receives what arrives on any interface; the subnet tells which one it came by.
    if (options === undefined || !isInSubnet(from.address, network)) return
    for (const record of [...packet.answers, ...packet.additionals]) {
      const sighting = readSighting(record, from.address)
      if (sighting === undefined || sighting.instance === instance) continue
      if (record.ttl === 0) {
        if (sightings.forget(sighting)) options.onGone(sighting)
      } else if (sightings.hear(sighting, (record.ttl ?? 120) * 1000, clock.monotonic())) options.onSighting(sighting)
    }
  }

  async function open(network: Network, port: number): Promise<void> {
    const { Bonjour } = await import('bonjour-service')
    if (isStopped || voices.has(network.address)) return
    const onError = (error: unknown) => log('debug', 'mdns', { interface: network.address, error: String(error) })
    // Bound to all addresses: a socket bound to one address hears no multicast on Linux.
    const bonjour = new Bonjour({ interface: network.address, bind: '0.0.0.0' } as object, onError)
    const socket = (bonjour as unknown as { server: { mdns: RawSocket } }).server.mdns
    // Without these two, a taken port or a lost network would end the process.
    socket.on('error', onError)
    socket.on('warning', onError)
    socket.on('response', (packet, from) => hear(network, packet, from))
    const published = bonjour.publish({
      name: instance,
      type: 'muster',
      port,
      host: `${instance}.local`,
      txt: { v: '1' },
      // The name is random: nobody else has it, and probing would send goodbyes for others' names.
      probe: false,
      disableIPv6: true
    })
    published.on('error', onError)
    voices.set(network.address, {
      network,
      socket,
      close: () =>
        new Promise((done) => {
          let isDone = false
          const end = () => {
            if (isDone) return
            isDone = true
            bonjour.destroy()
            done()
          }
          bonjour.unpublishAll(end)
          // On a network that is gone the goodbye is never sent.
          setTimeout(end, goodbyeWithinMs).unref()
        })
    })
    ask()
  }

  /** Opens interfaces that came and closes those that went; a device that returns gets a new socket. */
  function watch(): void {
    if (isStopped || options === undefined) return
    const networks = currentNetworks(parts.onlyAddress)
    for (const [address, voice] of voices)
      if (!networks.some((network) => network.address === address)) {
        voices.delete(address)
        void voice.close()
      }
    for (const network of networks)
      if (!voices.has(network.address))
        open(network, options.port).catch((error: unknown) => log('warn', 'mdns', { error: String(error) }))
    for (const sighting of sightings.expire(clock.monotonic())) options.onGone(sighting)
    cancelWatch = clock.after(interfacesEveryMs, watch)
  }

  function ask(): void {
    for (const { socket } of voices.values())
      socket.query({ questions: [{ name: service, type: 'PTR' }] }, (error) => {
        if (error !== undefined && error !== null) log('debug', 'mdns', { error: String(error) })
      })
  }

  function askAgain(pauseMs: number): void {
    if (isStopped) return
    // Jitter, so that laptops that were switched on together do not ask together for ever.
    cancelAsk = clock.after(pauseMs * (0.8 + random.unit() * 0.4), () => {
      ask()
      askAgain(Math.min(pauseMs * 2, askMs.most))
    })
  }

  return {
    start(given) {
      options = given
      watch()
      askAgain(askMs.first)
    },
    look() {
      cancelAsk()
      ask()
      askAgain(askMs.first)
    },
    async stop() {
      isStopped = true
      cancelAsk()
      cancelWatch()
      await Promise.all([...voices.values()].map((voice) => voice.close()))
    }
  }
}

/** The node that an SRV record speaks of; its address is where the packet came from, whatever the record says. */
function readSighting({ type, name, data }: Record, address: string): Sighting | undefined {
  if (type !== 'SRV' || typeof name !== 'string' || !name.endsWith(`.${service}`)) return undefined
  const instance = name.slice(0, -service.length - 1)
  const port = typeof data === 'object' && data !== null && 'port' in data ? data.port : undefined
  const isGood = /^[0-9a-f]{16}$/.test(instance) && typeof port === 'number' && port > 0 && port <= 65535
  return isGood ? { instance, address, port } : undefined
}

function currentNetworks(onlyAddress: string | undefined): readonly Network[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(
      ({ family, internal, address }) =>
        family === 'IPv4' && (onlyAddress === undefined ? !internal : address === onlyAddress)
    )
    .map(({ address, netmask }) => ({ address, netmask }))
}

function isInSubnet(address: string, { address: own, netmask }: Network): boolean {
  const [a, b, mask] = [address, own, netmask].map(toNumber)
  return a !== undefined && b !== undefined && mask !== undefined && (a & mask) === (b & mask)
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0)
}
