/** The table of what is in the air, pure: merges, expires, and is bounded, because anybody can send anything. */
import { bounds } from '../limits.js'
import type { Sighting } from './discovery.js'

interface Entry {
  readonly sighting: Sighting
  readonly reportedAt: number
  readonly goneAt: number
}

export const sightingLimits = {
  /** A sighting that stays is reported again after so long, so that a failed hello is tried again. */
  reportAgainMs: 30_000,
  ttlMostMs: 240_000
} as const

export class Sightings {
  readonly #entries = new Map<string, Entry>()

  get size(): number {
    return this.#entries.size
  }

  /** Takes what was heard; true when it should be reported. A full table takes nothing new. */
  hear(sighting: Sighting, ttlMs: number, now: number): boolean {
    const key = keyOf(sighting)
    const known = this.#entries.get(key)
    if (known === undefined && this.#entries.size >= bounds.sightings) return false
    const isDue = known === undefined || now - known.reportedAt >= sightingLimits.reportAgainMs
    const goneAt = now + Math.min(ttlMs, sightingLimits.ttlMostMs)
    this.#entries.set(key, { sighting, goneAt, reportedAt: isDue ? now : known.reportedAt })
    return isDue
  }

  /** It said goodbye. */
  forget(sighting: Sighting): boolean {
    return this.#entries.delete(keyOf(sighting))
  }

  /** Takes out and returns what was not heard in time. */
  expire(now: number): readonly Sighting[] {
    const gone = [...this.#entries.values()].filter(({ goneAt }) => goneAt <= now).map(({ sighting }) => sighting)
    for (const sighting of gone) this.forget(sighting)
    return gone
  }
}

function keyOf({ instance, address, port }: Sighting): string {
  return `${instance} ${address} ${String(port)}`
}
