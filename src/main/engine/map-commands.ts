/** Commands about maps and tasks: the items of a mission on a map, map files that a person opened, tasks in their order. */
import type { CommandHandlers } from '@shared/contract.js'
import { fail, ok } from '@shared/result.js'
import type { MapShelf } from './maps/map-shelf.js'
import { IndexShelf } from './missions/index-shelf.js'
import { ItemIndex } from './missions/item-index.js'
import type { Missions } from './missions/missions.js'
import { TaskIndex } from './missions/task-index.js'
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

/** How long an answer waits for what is still being read. */
const patienceMs = 300

type Handled = 'listItems' | 'listTasks' | 'viewEntity' | 'listMaps' | 'addMap' | 'removeMap'

export function createMapCommands(parts: MapParts): Pick<CommandHandlers, Handled> {
  const { missions, shelf, clock, random } = parts
  const items = new IndexShelf(clock, (mission) => new ItemIndex(mission, () => random.bytes(8).toString('hex')))
  const tasks = new IndexShelf(clock, (mission) => new TaskIndex(mission))
  const patience = () => new Promise<void>((done) => clock.after(patienceMs, done))
  return {
    async listItems({ missionId, ...query }) {
      const mission = missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const index = items.of(mission)
      const refreshed = await kept(Promise.race([index.refresh(), patience()]))
      return refreshed.ok ? ok(index.answer(query)) : refreshed
    },
    async listTasks({ missionId, ...query }) {
      const mission = missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const index = tasks.of(mission)
      return kept(index.refresh().then(() => index.page(query)))
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
