/** Indexes of the missions that are looked at, one of a kind for each; let go when nobody asked for a while. */
import type { MissionId } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import type { Mission } from './mission.js'

/** The mission that is looked at, and the one before it. */
const indexesMost = 2

export class IndexShelf<Index> {
  readonly #clock: Clock
  readonly #make: (mission: Mission) => Index
  /** The one asked last is at the end. */
  readonly #kept = new Map<MissionId, { readonly mission: Mission; readonly index: Index; usedAt: number }>()
  #isTimed = false

  constructor(clock: Clock, make: (mission: Mission) => Index) {
    this.#clock = clock
    this.#make = make
  }

  of(mission: Mission): Index {
    const known = this.#kept.get(mission.id)
    // A mission whose files were read anew is another object.
    const index = known?.mission === mission ? known.index : this.#make(mission)
    this.#kept.delete(mission.id)
    this.#kept.set(mission.id, { mission, index, usedAt: this.#clock.monotonic() })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > indexesMost && oldest !== undefined) this.#kept.delete(oldest)
    this.#letGoLater()
    return index
  }

  #letGoLater(): void {
    if (this.#isTimed || this.#kept.size === 0) return
    this.#isTimed = true
    this.#clock.after(bounds.foldIdleMs, () => {
      this.#isTimed = false
      for (const [id, { usedAt }] of this.#kept)
        if (this.#clock.monotonic() - usedAt >= bounds.foldIdleMs) this.#kept.delete(id)
      this.#letGoLater()
    })
  }
}
