import type { MissionSummary } from '@shared/model'
import type { Scope } from '@shared/scope'
import { saying, type Saying } from './fact'
import { totalsOf } from './share'

/** What a scope gives out, in one line, from the missions there are today. */
export function scopeSaying(scope: Scope, missions: readonly MissionSummary[]): Saying {
  const totals = totalsOf(scope, missions)
  if (scope.out.includes('*'))
    return saying(scope.access === 'write' ? 'scope.allWrite' : 'scope.allRead', {}, totals.missions)
  if (totals.missions === 0) return saying('scope.nothing')
  return saying(
    scope.access === 'write' ? 'scope.someWrite' : 'scope.someRead',
    { entries: totals.entries },
    totals.missions
  )
}
