/** Commands about the people of a mission, and about what of it does not count or was deleted. */
import type { CommandHandlers } from '@shared/contract.js'
import type { MissionId } from '@shared/model.js'
import { ok, type Result } from '@shared/result.js'
import type { Mission } from './missions/mission.js'
import { askedPage, beyondPage, deletedPage, restorableMs } from './missions/views.js'
import type { Clock } from './runtime/clock.js'
import { kept } from './storage/disk.js'

export interface MemberCommandParts {
  readonly clock: Clock
  readonly known: (id: MissionId) => Result<Mission>
}

export function createMemberCommands({
  clock,
  known
}: MemberCommandParts): Pick<
  CommandHandlers,
  'removeMember' | 'setRole' | 'listBeyond' | 'adoptBeyond' | 'listDeleted' | 'listAsked'
> {
  return {
    async removeMember({ missionId, nodeId }) {
      const mission = known(missionId)
      if (!mission.ok) return mission
      const removed = await mission.value.remove(nodeId)
      return removed.ok ? ok(null) : removed
    },
    async setRole({ missionId, nodeId, role }) {
      const mission = known(missionId)
      if (!mission.ok) return mission
      const set = await mission.value.setRole(nodeId, role)
      return set.ok ? ok(null) : set
    },
    async listBeyond({ missionId, ...query }) {
      const mission = known(missionId)
      return mission.ok ? kept(beyondPage(mission.value, query)) : mission
    },
    async adoptBeyond({ missionId, nodeId }) {
      const mission = known(missionId)
      if (!mission.ok) return mission
      const adopted = await mission.value.adoptBeyond(nodeId)
      return adopted.ok ? ok(null) : adopted
    },
    async listDeleted({ missionId, ...range }) {
      const mission = known(missionId)
      const since = clock.now() - restorableMs
      return mission.ok ? kept(deletedPage(mission.value, { ...range, since })) : mission
    },
    async listAsked({ missionId, ...range }) {
      const mission = known(missionId)
      return mission.ok ? kept(askedPage(mission.value, range)) : mission
    }
  }
}
