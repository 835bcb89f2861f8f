/**
 * The presence of one mission as this node knows it, pure: the newest of each source and key, until its time is over.
 * What is over stays as a mark, so that nobody can bring it back, as long as there is room.
 */
import type { NodeId } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { PresenceRecord } from './record.js'

export interface Shown {
  readonly record: PresenceRecord
  /** Monotonic time of this node at which its time to live began, as far as is known. */
  readonly bornAt: number
  /** Who brought it; undefined: this node is its source. */
  readonly from: NodeId | undefined
}

export class Shelf {
  readonly #sources = new Map<NodeId, Map<string, Shown>>()
  #size = 0
  /** Grows with each that is taken. */
  version = 0

  get(source: NodeId, key: string): Shown | undefined {
    return this.#sources.get(source)?.get(key)
  }

  /** Whether there is room for it, made of what is over if need be. */
  hasRoom({ source, key }: Pick<PresenceRecord, 'source' | 'key'>, now: number): boolean {
    const own = this.#sources.get(source)
    return own?.has(key) === true || this.#makeRoom(own, now)
  }

  /** False when there is no room for it; it has to be news. */
  put(shown: Shown, now: number): boolean {
    const { source, key } = shown.record
    if (!this.hasRoom(shown.record, now)) return false
    const keys = this.#sources.get(source) ?? new Map<string, Shown>()
    this.#sources.set(source, keys)
    if (!keys.has(key)) this.#size++
    keys.set(key, shown)
    this.version++
    return true
  }

  /** Those whose time is not over, also those that were taken back. */
  *living(now: number): Generator<Shown> {
    for (const keys of this.#sources.values()) for (const shown of keys.values()) if (!isOver(shown, now)) yield shown
  }

  #makeRoom(own: ReadonlyMap<string, Shown> | undefined, now: number): boolean {
    if ((own?.size ?? 0) >= bounds.presencePerSource) this.#dropOver(now, own)
    if (this.#size >= bounds.presencePerMission) this.#dropOver(now)
    return (own?.size ?? 0) < bounds.presencePerSource && this.#size < bounds.presencePerMission
  }

  #dropOver(now: number, only?: ReadonlyMap<string, Shown>): void {
    for (const [source, keys] of this.#sources) {
      if (only !== undefined && keys !== only) continue
      for (const [key, shown] of keys) if (isOver(shown, now) && keys.delete(key)) this.#size--
      if (keys.size === 0 && only === undefined) this.#sources.delete(source)
    }
  }
}

export function ageOf({ bornAt }: Shown, now: number): number {
  return Math.max(0, now - bornAt)
}

export function isOver(shown: Shown, now: number): boolean {
  return ageOf(shown, now) >= shown.record.ttlMs
}
