/** What is in the air, simulated: announcements reach everybody on the same network after a moment, or are lost. */
import type { Discovery, DiscoveryOptions, Sighting } from '../../src/main/engine/discovery/discovery.js'
import { Sightings } from '../../src/main/engine/discovery/sightings.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import type { VirtualTime } from './time.js'
import type { Wire } from './wire.js'

const ttlMs = 120_000
const askEveryMs = 30_000

export class Air {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #wire: Wire
  readonly #hosts = new Map<string, Host>()
  /** Share of packets that nobody hears. */
  loss = 0

  constructor(time: VirtualTime, random: Random, wire: Wire) {
    this.#time = time
    this.#random = random
    this.#wire = wire
  }

  discovery(address: string): Discovery {
    const instance = this.#random.bytes(8).toString('hex')
    let host: Host | undefined
    return {
      start: (options) => {
        host = new Host(this, this.#time, { instance, address, port: options.port }, options)
        this.#hosts.set(address, host)
        host.speak()
      },
      look: () => host?.ask(),
      stop: () => {
        host?.end()
        this.#hosts.delete(address)
        return Promise.resolve()
      }
    }
  }

  /** A host that lost power says no goodbye. */
  silence(address: string): void {
    this.#hosts.get(address)?.vanish()
    this.#hosts.delete(address)
  }

  send(from: string, packet: Packet): void {
    for (const [address, host] of this.#hosts) {
      if (address === from || this.#wire.isCut(from, address) || this.#random.unit() < this.loss) continue
      this.#time.after(this.#random.unit() * 20, () => host.hear(packet))
    }
  }
}

type Packet = { readonly kind: 'here' | 'gone'; readonly sighting: Sighting } | { readonly kind: 'who' }

class Host {
  readonly #air: Air
  readonly #time: VirtualTime
  readonly #self: Sighting
  readonly #options: DiscoveryOptions
  readonly #heard = new Sightings()
  #isOver = false
  #cancel: () => void = () => undefined

  constructor(air: Air, time: VirtualTime, self: Sighting, options: DiscoveryOptions) {
    this.#air = air
    this.#time = time
    this.#self = self
    this.#options = options
  }

  speak(): void {
    if (this.#isOver) return
    this.#air.send(this.#self.address, { kind: 'here', sighting: this.#self })
    this.ask()
  }

  ask(): void {
    this.#cancel()
    this.#air.send(this.#self.address, { kind: 'who' })
    for (const sighting of this.#heard.expire(this.#time.now)) this.#options.onGone(sighting)
    this.#cancel = this.#time.after(askEveryMs, () => this.ask())
  }

  hear(packet: Packet): void {
    if (this.#isOver) return
    if (packet.kind === 'who') this.#air.send(this.#self.address, { kind: 'here', sighting: this.#self })
    else if (packet.kind === 'gone') {
      if (this.#heard.forget(packet.sighting)) this.#options.onGone(packet.sighting)
    } else if (this.#heard.hear(packet.sighting, ttlMs, this.#time.now)) this.#options.onSighting(packet.sighting)
  }

  end(): void {
    this.#air.send(this.#self.address, { kind: 'gone', sighting: this.#self })
    this.vanish()
  }

  vanish(): void {
    this.#isOver = true
    this.#cancel()
  }
}
