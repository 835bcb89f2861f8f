/**
 * Addresses that were not heard: out of a list that a person opened, or from a DNS server. Nothing says whether anybody is
 * there now, so each is reported again after longer and longer pauses.
 */
import type { Address } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import type { Discovery, DiscoveryOptions, DiscoveryView, Sighting } from './discovery.js'

export const toldTurns = { beatMs: 5_000, againMs: { first: 30_000, most: 600_000 } } as const

interface Entry extends Sighting {
  readonly since: number
  lastHeard: number
  /** Monotonic. */
  until: number
  againAt: number
  pauseMs: number
}

export class Told implements Discovery {
  readonly #clock: Clock
  readonly #instance: string
  readonly #entries = new Map<string, Entry>()
  #options: DiscoveryOptions | undefined
  #since = 0
  #cancelBeat: () => void = () => undefined

  /** @param instance stands for the unknown start of the node at each address; the same for all. */
  constructor(clock: Clock, instance: string) {
    this.#clock = clock
    this.#instance = instance
  }

  start(options: DiscoveryOptions): void {
    this.#options = options
    this.#since = this.#clock.now()
    this.#beat()
  }

  /** These and no others, each for its time or until something else is said. */
  replace(addresses: readonly (Address & { readonly ttlMs?: number })[]): void {
    const keys = new Set(addresses.map(keyOf))
    for (const [key, entry] of this.#entries) if (!keys.has(key)) this.#drop(key, entry)
    for (const { ttlMs, ...address } of addresses) this.tell(address, ttlMs)
  }

  /** One more, or one that is known for longer now. @param ttlMs left out: until something else is said. */
  tell({ address, port }: Address, ttlMs = Infinity): void {
    const key = keyOf({ address, port })
    const until = this.#clock.monotonic() + ttlMs
    const known = this.#entries.get(key)
    if (known !== undefined) {
      Object.assign(known, { until, lastHeard: this.#clock.now() })
      return
    }
    if (this.#entries.size >= bounds.sightings) return
    const now = this.#clock.now()
    this.#entries.set(key, {
      ...{ instance: this.#instance, address, port, until },
      ...{ since: now, lastHeard: now, againAt: 0, pauseMs: toldTurns.againMs.first }
    })
    if (this.#options !== undefined) this.#beat()
  }

  choose(): void {
    // What is told comes by no interface.
  }

  announce(): void {
    // Nobody is told of this node by this way.
  }

  look(): void {
    for (const entry of this.#entries.values()) Object.assign(entry, { againAt: 0, pauseMs: toldTurns.againMs.first })
    if (this.#options !== undefined) this.#beat()
  }

  view(): DiscoveryView {
    const sightings = [...this.#entries.values()].map(({ instance, address, port, since, lastHeard }) => ({
      ...{ instance, address, port, since, lastHeard }
    }))
    return { since: this.#since, interfaces: [], sightings }
  }

  stop(): Promise<void> {
    this.#cancelBeat()
    this.#options = undefined
    return Promise.resolve()
  }

  #beat(): void {
    this.#cancelBeat()
    const now = this.#clock.monotonic()
    let isNews = false
    for (const [key, entry] of this.#entries) {
      if (entry.until <= now) {
        this.#drop(key, entry)
        isNews = true
      } else if (entry.againAt <= now) {
        entry.againAt = now + entry.pauseMs
        entry.pauseMs = Math.min(entry.pauseMs * 2, toldTurns.againMs.most)
        this.#options?.onSighting(plain(entry))
        isNews = true
      }
    }
    if (isNews) this.#options?.onChange()
    this.#cancelBeat = this.#clock.after(toldTurns.beatMs, () => this.#beat())
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#options?.onGone(plain(entry))
  }
}

function plain({ instance, address, port }: Sighting): Sighting {
  return { instance, address, port }
}

function keyOf({ address, port }: Address): string {
  return `${address} ${String(port)}`
}
