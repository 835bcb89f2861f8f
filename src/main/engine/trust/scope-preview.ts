/** What a scope would do if a person said yes to it now, pure: the same policy is asked as afterwards. */
import type { ScopedMission, ScopePreview } from '@shared/model.js'
import { covers, futurePatterns, type Scope } from '@shared/scope.js'
import type { MissionFacts } from './policy.js'

export interface ScopedFacts extends Omit<MissionFacts, 'isMembers'> {
  /** As people call it now; patterns go by `name`, that of the create record. */
  readonly shownName: string
  readonly items: number
  readonly changes: number
  /** Of the whole mission on this disk. */
  readonly bytes: number
  /** Changes that the peer is not known to hold. */
  readonly theyLack: number
  /** Whether it may go to the peer, and come from it, as far as create record and federation say. */
  readonly mayGo: boolean
  readonly mayCome: boolean
}

/** Listed of each kind; the numbers speak of all. */
export const previewedMost = 200

/** @param before what counts today; left out: nothing crosses. */
export function previewScope(
  scope: Scope,
  before: Scope | undefined,
  missions: readonly ScopedFacts[]
): Omit<ScopePreview, 'refused'> {
  const isGiven = (under: Scope | undefined, mission: ScopedFacts) =>
    under !== undefined && mission.mayGo && covers(under.out, mission)
  const out = missions.filter((mission) => isGiven(scope, mission))
  const taken = missions.filter((mission) => mission.mayCome && covers(scope.in, mission))
  const ending = missions.filter((mission) => isGiven(before, mission) && !isGiven(scope, mission))
  const withheld = missions.filter((mission) => covers(scope.out, mission) && !mission.mayGo)
  const listed = (some: readonly ScopedFacts[]) =>
    some.slice(0, previewedMost).map((mission) => scoped(mission, !isGiven(before, mission)))
  const sum = (pick: (mission: ScopedFacts) => number) => out.reduce((total, mission) => total + pick(mission), 0)
  return {
    out: listed(out),
    in: listed(taken),
    ending: listed(ending),
    withheld: listed(withheld),
    totals: {
      out: out.length,
      in: taken.length,
      ending: ending.length,
      withheld: withheld.length,
      items: sum(({ items }) => items),
      changes: sum(({ theyLack }) => theyLack),
      bytes: sum(bytesToGo)
    },
    futureOut: futurePatterns(scope.out),
    futureIn: futurePatterns(scope.in)
  }
}

function scoped(mission: ScopedFacts, isNew: boolean): ScopedMission {
  const { id, shownName, onward, items, theyLack } = mission
  return { id, name: shownName, onward, items, changes: theyLack, bytes: bytesToGo(mission), isNew }
}

/** Changes of one mission are taken to be of one size. */
function bytesToGo({ changes, bytes, theyLack }: ScopedFacts): number {
  return changes === 0 ? 0 : Math.round((bytes * Math.min(theyLack, changes)) / changes)
}
