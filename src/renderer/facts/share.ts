/** What a yes will share, computed with the same patterns that the engine's policy asks. */
import type { MissionSummary } from '@shared/model'
import { covers, scopeLimits, type Scope } from '@shared/scope'

export interface ShareChoice {
  /** Every mission, also those to come. */
  readonly all: boolean
  readonly missionIds: readonly string[]
  /** Take missions from it that this laptop does not have yet. */
  readonly takeNew: boolean
  readonly access: Scope['access']
}

export type UntilChoice = 'day' | 'month' | 'open'

export interface ShareTotals {
  readonly missions: number
  readonly entries: number
  readonly changes: number
}

const dayMs = 24 * 60 * 60 * 1000

export const firstChoice: ShareChoice = { all: true, missionIds: [], takeNew: true, access: 'write' }

export function choiceOf(scope: Scope, missions: readonly MissionSummary[]): ShareChoice {
  return {
    all: scope.out.includes('*') && scope.in.includes('*'),
    missionIds: missions.filter((mission) => covers(scope.out, mission)).map((mission) => mission.id),
    takeNew: scope.in.includes('*'),
    access: scope.access
  }
}

export function scopeOf(choice: ShareChoice): Scope {
  if (choice.all) return { out: ['*'], in: ['*'], access: choice.access }
  const chosen = choice.missionIds.map((id) => `id:${id}`)
  return { out: chosen, in: choice.takeNew ? ['*'] : chosen, access: choice.access }
}

/** What its creator does not want passed on stays with this laptop, whatever is chosen. */
export function isKept({ onward, role }: MissionSummary): boolean {
  return onward === 'none' && role !== 'owner'
}

export function isTooLong(choice: ShareChoice): boolean {
  return !choice.all && choice.missionIds.length > scopeLimits.patterns
}

export function totalsOf(scope: Scope, missions: readonly MissionSummary[]): ShareTotals {
  const shared = missions.filter((mission) => covers(scope.out, mission))
  const sum = (pick: (mission: MissionSummary) => number): number =>
    shared.reduce((total, mission) => total + pick(mission), 0)
  return {
    missions: shared.length,
    entries: sum((mission) => mission.entries),
    changes: sum((mission) => mission.changes)
  }
}

export function untilOf(choice: UntilChoice, now: number): number | undefined {
  if (choice === 'open') return undefined
  return now + (choice === 'day' ? dayMs : 30 * dayMs)
}
