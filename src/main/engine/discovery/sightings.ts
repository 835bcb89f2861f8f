/** The table of what is in the air, pure: merges, expires, and is bounded, because anybody can send anything. */
import { bounds } from '../limits.js'
import type { HeardSighting, Sighting } from './discovery.js'

export const sightingLimits = {
  /** A sighting that stays is reported again after so long, so that a failed hello is tried again. */
  reportAgainMs: 30_000,
  /** Another instance at a known address and port is not reported sooner after the one before it. */
  replaceMs: 2_000,
  /** Shorter would be a way to be reported without end; longer would show laptops that left. */
  ttlLeastMs: 10_000,
  ttlMostMs: 240_000,
  /** Nodes on one laptop. */
  perAddress: 16,
  /** Whoever stayed so long gives way to nobody. */
  seniorMs: 10_000
} as const

/** When to ask for what is about to expire, in parts of its time to live (RFC 6762, section 5.2). */
const refreshAt = [0.8, 0.85, 0.9, 0.95] as const

interface Entry {
  readonly sighting: Sighting
  /** Monotonic, as `now` of every call. */
  readonly since: number
  readonly wallSince: number
  reportedAt: number
  heardAt: number
  ttlMs: number
  lastHeard: number
  /** Index into `refreshAt` of the next question. */
  refreshes: number
}

export interface Heard {
  /** Tell about it: it is new, or was not told for a while. */
  readonly isDue: boolean
  readonly isNew: boolean
  /** What it replaces or pushed out. */
  readonly gone: readonly Sighting[]
}

const nothing: Heard = { isDue: false, isNew: false, gone: [] }

export class Sightings {
  /** By address, then by port: only one program can listen there. */
  readonly #hosts = new Map<string, Map<number, Entry>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Takes what was heard. A full table makes room at the cost of whoever fills it, or takes nothing new. */
  hear(sighting: Sighting, ttlMs: number, now: number, wall = now): Heard {
    const host = this.#hosts.get(sighting.address)
    const known = host?.get(sighting.port)
    const ttl = Math.min(Math.max(ttlMs, sightingLimits.ttlLeastMs), sightingLimits.ttlMostMs)
    if (known?.sighting.instance === sighting.instance) {
      const isDue = now - known.reportedAt >= sightingLimits.reportAgainMs
      Object.assign(known, { heardAt: now, lastHeard: wall, ttlMs: ttl, refreshes: 0 })
      if (isDue) known.reportedAt = now
      return isDue ? { isDue, isNew: false, gone: [] } : nothing
    }
    if (known !== undefined && now - known.reportedAt < sightingLimits.replaceMs) return nothing
    const moved = [...(host?.values() ?? [])].find((entry) => entry.sighting.instance === sighting.instance)
    const gone = [known, moved].flatMap((entry) => (entry === undefined ? [] : [entry.sighting]))
    for (const one of gone) this.#delete(one)
    if (gone.length === 0) {
      if ((host?.size ?? 0) >= sightingLimits.perAddress) return nothing
      if (this.#size >= bounds.sightings) {
        const victim = this.#whoGivesWay(host?.size ?? 0, now)
        if (victim === undefined) return nothing
        this.#delete(victim)
        gone.push(victim)
      }
    }
    this.#put({
      sighting,
      since: now,
      wallSince: wall,
      reportedAt: now,
      heardAt: now,
      ttlMs: ttl,
      lastHeard: wall,
      refreshes: 0
    })
    return { isDue: true, isNew: true, gone }
  }

  /** It said goodbye; true when it was known. */
  forget(sighting: Sighting): boolean {
    const known = this.#hosts.get(sighting.address)?.get(sighting.port)
    if (known?.sighting.instance !== sighting.instance) return false
    this.#delete(sighting)
    return true
  }

  /** Takes out and returns what was not heard in time. */
  expire(now: number): readonly Sighting[] {
    return this.#takeOut(({ heardAt, ttlMs }) => heardAt + ttlMs <= now)
  }

  /** Takes out and returns what was heard on a network that is used no more. */
  leave(isLeft: (address: string) => boolean): readonly Sighting[] {
    return this.#takeOut(({ sighting }) => isLeft(sighting.address))
  }

  /** Whether something is about to expire and should be asked for; each is asked for four times at most. */
  needRefresh(now: number): boolean {
    let isNeeded = false
    for (const entry of this.#entries()) {
      const part = refreshAt[entry.refreshes]
      if (part === undefined || now < entry.heardAt + entry.ttlMs * part) continue
      entry.refreshes++
      isNeeded = true
    }
    return isNeeded
  }

  /** Whether this address has been here for a while. */
  knows(address: string, now: number): boolean {
    for (const { since } of this.#hosts.get(address)?.values() ?? [])
      if (now - since >= sightingLimits.seniorMs) return true
    return false
  }

  view(): readonly HeardSighting[] {
    return [...this.#entries()].map(({ sighting, wallSince, lastHeard }) => ({
      ...sighting,
      since: wallSince,
      lastHeard
    }))
  }

  /** A newcomer of the address that has most of them, unless the one that wants in has as many. */
  #whoGivesWay(own: number, now: number): Sighting | undefined {
    let victim: Sighting | undefined
    let most = own
    for (const host of this.#hosts.values()) {
      if (host.size <= most) continue
      for (const { sighting, since } of host.values()) {
        if (now - since >= sightingLimits.seniorMs) continue
        victim = sighting
        most = host.size
        break
      }
    }
    return victim
  }

  *#entries(): Generator<Entry> {
    for (const host of this.#hosts.values()) yield* host.values()
  }

  #takeOut(isOver: (entry: Entry) => boolean): readonly Sighting[] {
    const gone = [...this.#entries()].filter(isOver).map(({ sighting }) => sighting)
    for (const sighting of gone) this.#delete(sighting)
    return gone
  }

  #put(entry: Entry): void {
    const { address, port } = entry.sighting
    const host = this.#hosts.get(address) ?? new Map<number, Entry>()
    this.#hosts.set(address, host.set(port, entry))
    this.#size++
  }

  #delete({ address, port }: Sighting): void {
    const host = this.#hosts.get(address)
    if (host?.delete(port) !== true) return
    this.#size--
    if (host.size === 0) this.#hosts.delete(address)
  }
}
