import type { MissionSummary } from '@shared/model'
import { amount, fact, saying, type Fact, type Saying } from './fact'

/** Conflicts first, then what is only here, then by last change. */
export function sortMissions(missions: readonly MissionSummary[]): readonly MissionSummary[] {
  const rank = (mission: MissionSummary): number => (mission.conflicts > 0 ? 0 : mission.onlyHere > 0 ? 1 : 2)
  return [...missions].sort((a, b) => rank(a) - rank(b) || b.lastChangeAt - a.lastChangeAt)
}

export function needsPerson(mission: MissionSummary): boolean {
  return mission.conflicts > 0 || mission.onlyHere > 0
}

export function conflictFact(mission: MissionSummary): Fact {
  return fact('conflict', 'conflict', saying('mission.conflicts', {}, mission.conflicts))
}

export function sharedFact(mission: MissionSummary): Fact {
  if (mission.onlyHere > 0) {
    return fact(
      'only-here',
      'waiting',
      saying('mission.onlyHere'),
      saying('mission.onlyHereProof', {}, mission.onlyHere)
    )
  }
  const linked = mission.holders.filter((holder) => holder.linked)
  const inStep = linked.filter((holder) => holder.state === 'in-step')
  const lacking = linked.filter((holder) => holder.theyLack > 0).length
  const missing = Math.max(0, ...linked.map((holder) => holder.weLack))
  if (inStep.length > 0) {
    const proof =
      lacking > 0
        ? saying('mission.lackingPeers', {}, lacking)
        : saying('step.provedAt', { at: amount('clock', Math.max(...inStep.map((holder) => holder.at))) })
    return fact('in-step', 'step', saying('mission.inStep', {}, inStep.length), proof)
  }
  if (missing > 0) return fact('ahead', 'waiting', saying('step.weLack', {}, missing))
  if (lacking > 0) return fact('behind', 'waiting', saying('mission.lackingPeers', {}, lacking))
  const { files } = mission.filesOnlyHere
  if (files > 0)
    return fact('only-here', 'waiting', saying('mission.onlyHere'), saying('mission.filesOnlyHereProof', {}, files))
  return fact('not-here', 'offline', saying('mission.nobodyHere'), saying('mission.nobodyHereProof'))
}

/** The one mark beside a mission in the rail. */
export function missionFact(mission: MissionSummary): Fact {
  return mission.conflicts > 0 ? conflictFact(mission) : sharedFact(mission)
}

/** What a person chooses from for a new mission. */
export const onwardWords = {
  none: 'create.onward.none',
  federation: 'create.onward.federation',
  any: 'create.onward.any'
} as const satisfies Readonly<Record<MissionSummary['onward'], string>>

export function onwardSaying(mission: MissionSummary, federation: string): Saying {
  if (mission.onward === 'any') return saying('mission.onward.any')
  if (mission.onward === 'none') return saying('mission.onward.none')
  return saying('mission.onward.federation', { federation })
}
