/**
 * What is in the air, simulated: announcements reach everybody on the same network after a moment each, so in any order;
 * some twice, and some never.
 */
import type { Discovery, DiscoveryOptions, DiscoveryView, Sighting } from '../../src/main/engine/discovery/discovery.js'
import { Sightings } from '../../src/main/engine/discovery/sightings.js'
import type { Clock } from '../../src/main/engine/runtime/clock.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import type { VirtualTime } from './time.js'
import type { Wire } from './wire.js'

const ttlMs = 120_000
const askEveryMs = 30_000
/** The one interface of every host. */
export const simInterface = 'sim0'

export class Air {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #wire: Wire
  readonly #hosts = new Map<string, Host>()
  /** Share of packets that a host does not hear, and share that it hears twice. */
  loss = 0
  duplication = 0
  /** A packet takes up to so long. */
  delayMs = 20

  constructor(time: VirtualTime, random: Random, wire: Wire) {
    this.#time = time
    this.#random = random
    this.#wire = wire
  }

  discovery(address: string): Discovery {
    const instance = this.#random.bytes(8).toString('hex')
    const host = new Host(this, this.#time, instance, address)
    return {
      start: (options) => {
        this.#hosts.set(address, host)
        host.start(options)
      },
      choose: (interfaces) => host.choose(interfaces[simInterface] ?? true),
      announce: (port) => host.move(port),
      look: () => {
        host.announce()
        host.ask()
      },
      view: () => host.view(),
      stop: () => {
        host.end()
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
      const copies = this.#random.unit() < this.duplication ? 2 : 1
      for (let copy = 0; copy < copies; copy++)
        this.#time.after(this.#random.unit() * this.delayMs, () => host.hear(packet))
    }
  }
}

type Packet = { readonly kind: 'here' | 'gone'; readonly sighting: Sighting } | { readonly kind: 'who' }

class Host {
  readonly #air: Air
  readonly #time: VirtualTime
  readonly #clock: Clock
  readonly #instance: string
  readonly #address: string
  readonly #heard = new Sightings()
  #options: DiscoveryOptions | undefined
  #port = 0
  #since = 0
  #counts: { sent: number; heard: number; lastSentAt?: number; lastHeardAt?: number } = { sent: 0, heard: 0 }
  #haveCountersChanged = false
  #isOn = true
  #isOver = false
  #cancelAsk: () => void = () => undefined

  constructor(air: Air, time: VirtualTime, instance: string, address: string) {
    this.#air = air
    this.#time = time
    this.#clock = time.clock()
    this.#instance = instance
    this.#address = address
  }

  start(options: DiscoveryOptions): void {
    this.#options = options
    this.#port = options.port
    this.#since = this.#clock.now()
    this.announce()
    this.ask()
  }

  choose(isOn: boolean): void {
    if (isOn === this.#isOn) return
    if (!isOn) this.#sayGoodbye()
    this.#isOn = isOn
    this.#counts = { sent: 0, heard: 0 }
    this.#since = this.#clock.now()
    if (isOn) {
      this.announce()
      this.ask()
    } else this.#forget(this.#heard.leave(() => true))
    this.#options?.onChange()
  }

  move(port: number): void {
    if (port === this.#port) return
    this.#sayGoodbye()
    this.#port = port
    this.announce()
  }

  announce(): void {
    if (this.#port > 0) this.#send({ kind: 'here', sighting: this.#self })
  }

  ask(): void {
    this.#cancelAsk()
    if (!this.#isRunning) return
    this.#send({ kind: 'who' })
    this.#forget(this.#heard.expire(this.#time.now))
    if (this.#haveCountersChanged) this.#options?.onChange()
    this.#haveCountersChanged = false
    this.#cancelAsk = this.#time.after(askEveryMs, () => this.ask())
  }

  hear(packet: Packet): void {
    if (!this.#isRunning || !this.#isOn) return
    this.#counts.heard++
    this.#counts.lastHeardAt = this.#clock.now()
    this.#haveCountersChanged = true
    if (packet.kind === 'who') this.announce()
    else if (packet.kind === 'gone') {
      if (this.#heard.forget(packet.sighting)) this.#forget([packet.sighting])
    } else {
      const heard = this.#heard.hear(packet.sighting, ttlMs, this.#time.now, this.#clock.now())
      // Whoever is new here may not have heard us.
      if (heard.isNew) this.announce()
      if (heard.isNew) this.#options?.onChange()
      this.#forget(heard.gone)
      if (heard.isDue) this.#options?.onSighting(packet.sighting)
    }
  }

  view(): DiscoveryView {
    const { lastSentAt, lastHeardAt, ...counts } = this.#counts
    return {
      since: this.#since,
      interfaces: [
        {
          name: simInterface,
          address: this.#address,
          kind: 'cable',
          isOn: this.#isOn,
          ...counts,
          ...(lastSentAt === undefined ? {} : { lastSentAt }),
          ...(lastHeardAt === undefined ? {} : { lastHeardAt })
        }
      ],
      sightings: this.#heard.view()
    }
  }

  end(): void {
    this.#sayGoodbye()
    this.vanish()
  }

  vanish(): void {
    this.#isOver = true
    this.#cancelAsk()
  }

  get #self(): Sighting {
    return { instance: this.#instance, address: this.#address, port: this.#port }
  }

  get #isRunning(): boolean {
    return this.#options !== undefined && !this.#isOver
  }

  #sayGoodbye(): void {
    if (this.#port > 0) this.#send({ kind: 'gone', sighting: this.#self })
  }

  #forget(gone: readonly Sighting[]): void {
    for (const sighting of gone) this.#options?.onGone(sighting)
    if (gone.length > 0) this.#options?.onChange()
  }

  #send(packet: Packet): void {
    if (!this.#isRunning || !this.#isOn) return
    this.#counts.sent++
    this.#counts.lastSentAt = this.#clock.now()
    this.#haveCountersChanged = true
    this.#air.send(this.#address, packet)
  }
}
