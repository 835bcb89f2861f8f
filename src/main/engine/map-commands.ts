/** Commands about maps: the items of a mission on one, and the map files that a person opened. */
import type { CommandHandlers } from '@shared/contract.js'
import type { MissionId } from '@shared/model.js'
import { fail, ok } from '@shared/result.js'
import { bounds } from './limits.js'
import type { MapShelf } from './maps/map-shelf.js'
import { ItemIndex } from './missions/item-index.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import { entityOf } from './missions/views.js'
import type { Clock } from './runtime/clock.js'
import type { Random } from './runtime/random.js'
import { kept } from './storage/disk.js'

export interface MapParts {
  readonly missions: Missions
  readonly shelf: MapShelf
  readonly clock: Clock
  readonly random: Random
}

/** Missions whose items are kept in memory: the one that is looked at, and the one before it. */
const indexesMost = 2
/** How long an answer waits for what is still being read. */
const patienceMs = 300

type Handled = 'listItems' | 'viewEntity' | 'listMaps' | 'addMap' | 'removeMap'

export function createMapCommands(parts: MapParts): Pick<CommandHandlers, Handled> {
  const { missions, shelf } = parts
  const indexes = new Indexes(parts)
  return {
    async listItems({ missionId, ...query }) {
      const mission = missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const index = indexes.of(mission)
      const refreshed = await kept(Promise.race([index.refresh(), indexes.patience()]))
      return refreshed.ok ? ok(index.answer(query)) : refreshed
    },
    async viewEntity({ missionId, entity }) {
      const mission = missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      return kept(mission.fold().then(async (fold) => (await entityOf(mission, fold, entity)) ?? null))
    },
    async listMaps() {
      return ok({ maps: await shelf.list() })
    },
    async addMap({ path }) {
      return shelf.add(path)
    },
    async removeMap({ id }) {
      return shelf.remove(id)
    }
  }
}

class Indexes {
  readonly #parts: MapParts
  /** The one asked last is at the end. */
  readonly #kept = new Map<MissionId, { readonly mission: Mission; readonly index: ItemIndex; usedAt: number }>()
  #isTimed = false

  constructor(parts: MapParts) {
    this.#parts = parts
  }

  of(mission: Mission): ItemIndex {
    const { clock, random } = this.#parts
    const known = this.#kept.get(mission.id)
    // A mission whose files were read anew is another object.
    const index =
      known?.mission === mission ? known.index : new ItemIndex(mission, () => random.bytes(8).toString('hex'))
    this.#kept.delete(mission.id)
    this.#kept.set(mission.id, { mission, index, usedAt: clock.monotonic() })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > indexesMost && oldest !== undefined) this.#kept.delete(oldest)
    this.#letGoLater()
    return index
  }

  patience(): Promise<void> {
    return new Promise((done) => this.#parts.clock.after(patienceMs, done))
  }

  #letGoLater(): void {
    const { clock } = this.#parts
    if (this.#isTimed || this.#kept.size === 0) return
    this.#isTimed = true
    clock.after(bounds.foldIdleMs, () => {
      this.#isTimed = false
      for (const [id, { usedAt }] of this.#kept)
        if (clock.monotonic() - usedAt >= bounds.foldIdleMs) this.#kept.delete(id)
      this.#letGoLater()
    })
  }
}
