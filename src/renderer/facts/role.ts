import type { MissionSummary } from '@shared/model'

export function mayWrite(mission: MissionSummary): boolean {
  return (
    mission.readOnly === undefined &&
    mission.isRemoved !== true &&
    (mission.role === 'owner' || mission.role === 'subscriber')
  )
}
