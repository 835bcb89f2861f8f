import type { NodeId } from '@shared/model.js'
import type { Mission } from '../missions/mission.js'
import type { MissionFacts } from '../trust/policy.js'

/** What the policy asks about a mission. */
export function missionFacts(mission: Mission, ownId: NodeId): MissionFacts {
  const { name, labels, onward } = mission.signed.create
  return { id: mission.id, name, labels, onward, isOwn: mission.roleOf(ownId) === 'owner' }
}
