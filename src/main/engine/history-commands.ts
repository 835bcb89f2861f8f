/** Commands that look into missions: lists, conflicts, history, as it was, search. Nothing is written. */
import type { CommandHandlers } from '@shared/contract.js'
import type { MissionId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { historyPage } from './missions/history.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import { PastViews } from './missions/past.js'
import { filtered, search } from './missions/search.js'
import { conflictPage, deletedEdits, entityPage } from './missions/views.js'
import type { Clock } from './runtime/clock.js'
import type { Random } from './runtime/random.js'
import { kept } from './storage/disk.js'

export interface HistoryCommandParts {
  readonly clock: Clock
  readonly random: Random
  readonly missions: Missions
}

type Looking = 'listEntities' | 'listConflicts' | 'listDeletedEdits' | 'listHistory' | 'openPast' | 'search'

export function createHistoryCommands({
  clock,
  random,
  missions
}: HistoryCommandParts): Pick<CommandHandlers, Looking> {
  const pasts = new PastViews(clock, random)
  async function look<Answer>(id: MissionId, read: (mission: Mission) => Promise<Answer>): Promise<Result<Answer>> {
    const mission = missions.get(id)
    return mission === undefined ? fail('mission-unknown') : kept(read(mission))
  }
  return {
    async listEntities({ missionId, filter = '', pastAt, ...query }) {
      if (pastAt === undefined)
        return look(missionId, async (mission) => {
          const { fold, found } = await filtered(mission, clock, filter)
          return entityPage(mission, fold, query, found)
        })
      const past = pasts.find(missionId, pastAt)
      if (past === undefined) return fail('past-closed')
      if (filter.trim() !== '') return fail('bad-request', 'a filter is for the mission as it is now')
      return look(missionId, (mission) => entityPage(mission, past, query))
    },
    listConflicts: ({ missionId, ...query }) =>
      look(missionId, async (mission) => conflictPage(mission, await mission.fold(), query)),
    listDeletedEdits: ({ missionId }) =>
      look(missionId, async (mission) => ({ items: await deletedEdits(mission, await mission.fold()) })),
    listHistory: ({ missionId, ...query }) => look(missionId, (mission) => historyPage(mission, clock, query)),
    openPast: ({ missionId, at }) => look(missionId, (mission) => pasts.open(mission, at)),
    async search({ text, missionId, limit }) {
      if (missionId !== undefined) return look(missionId, (mission) => search([mission], clock, { text, limit }))
      const found = await kept(search(missions.all(), clock, { text, limit }))
      return found.ok ? ok(found.value) : found
    }
  }
}
