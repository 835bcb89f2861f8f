import type { NodeId } from '@shared/model.js'
import type { Mission } from '../missions/mission.js'
import type { MissionFacts } from '../trust/policy.js'

/** What the policy asks about a mission, and about the peer that is to get it; left out: about nobody in particular. */
export function missionFacts(mission: Mission, ownId: NodeId, peer?: NodeId): MissionFacts {
  const { name, labels, onward } = mission.signed.create
  const member = peer === undefined ? undefined : mission.permissions.members.get(peer)
  const isMembers = member?.isRemoved === false
  return { id: mission.id, name, labels, onward, isOwn: mission.roleOf(ownId) === 'owner', isMembers }
}
