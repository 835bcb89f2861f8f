/**
 * Policy: may this peer do that, now? Pure, asked at every use and never remembered, so that a revocation bites in the
 * middle of a transfer. Answers with the code of the refusal, or nothing when it may.
 */
import { policyFor, type Boundary, type FederationPolicy } from '@shared/boundary.js'
import type { ProblemCode } from '@shared/problems.js'
import { covers } from '@shared/scope.js'
import type { MissionId } from '@shared/model.js'
import { hasEnded, type TrustState } from './trust-state.js'

export interface PeerFacts {
  readonly trust: TrustState
  /** What the peer's signed identity record says now. */
  readonly claimedFederation: string
  readonly ownFederation: string
  /** All of them hold: a new one that is on its way to disk narrows what the one before allows, and widens nothing yet. */
  readonly boundaries: readonly Boundary[]
  /** The later of the own clock and the highest time ever seen. */
  readonly time: number
  /** False while the journal of decisions is damaged or missing and no person has confirmed. */
  readonly isJournalGood: boolean
}

export interface MissionFacts {
  readonly id: MissionId
  readonly name: string
  readonly labels: readonly string[]
  readonly onward: 'none' | 'federation' | 'any'
  /** Whether this node is an owner. */
  readonly isOwn: boolean
  /** Whether the peer is a member: what it gets it has a right to by the mission's own word, so nothing is passed on. */
  readonly isMembers: boolean
}

/** As it claims now; of one that withholds it, as the decision recorded; empty: not known. */
function federationOf({ claimedFederation, trust }: PeerFacts): string {
  return claimedFederation === '' ? (trust.federation ?? '') : claimedFederation
}

/** How far the peer's federation is dealt with: nothing to ask for the own one, `undefined` in it for one that is not. */
function foreignPolicies(facts: PeerFacts): readonly (FederationPolicy | undefined)[] {
  const federation = federationOf(facts)
  if (federation === facts.ownFederation || federation === '') return []
  return facts.boundaries.map((boundary) => policyFor(boundary, federation))
}

/** Whether all policies that hold for the peer's federation allow it. */
function crosses(facts: PeerFacts, isAllowed: (policy: FederationPolicy) => boolean): boolean {
  return foreignPolicies(facts).every((policy) => policy !== undefined && isAllowed(policy))
}

/**
 * Is the peer's federation dealt with? Asked before any decision, so a mismatch shows on both sides; while a stranger
 * withholds its federation it cannot be asked yet, and the link does not rise.
 */
export function refuseFederation(facts: PeerFacts): ProblemCode | undefined {
  return crosses(facts, () => true) ? undefined : 'federation-differs'
}

/** Does a certificate that a person accepted here let in this peer, as far as its federation goes? */
export function refuseVouching(facts: PeerFacts): ProblemCode | undefined {
  return crosses(facts, ({ vouching }) => vouching) ? undefined : 'federation-differs'
}

/** Do deletions that the peer writes count as such? */
export function mayDelete(facts: PeerFacts): boolean {
  return crosses(facts, ({ deletions }) => deletions === 'count')
}

export function refuseLink(facts: PeerFacts): ProblemCode | undefined {
  const { trust } = facts
  if (trust.level === 'revoked') return 'peer-revoked'
  if (!facts.isJournalGood) return 'journal-damaged'
  const federation = refuseFederation(facts)
  if (federation !== undefined) return federation
  if (trust.decision !== undefined && hasEnded(trust.decision, facts.time)) return 'trust-ended'
  if (trust.level !== 'trusted') return 'peer-untrusted'
  if (facts.claimedFederation === '') return undefined
  return trust.federation === facts.claimedFederation ? undefined : 'federation-changed'
}

/** Whether this node may give it to anybody of its own federation; its create record says so. */
export function isPassedOn({
  onward,
  isOwn,
  isMembers
}: Pick<MissionFacts, 'onward' | 'isOwn' | 'isMembers'>): boolean {
  return onward !== 'none' || isOwn || isMembers
}

/**
 * Whether a mission may cross to the peer's federation: owners decide for theirs, members get what is
 * theirs, and all others need its create record's word.
 */
export function refuseCrossing(facts: PeerFacts, mission: MissionFacts): ProblemCode | undefined {
  const mayCross = mission.isOwn || mission.isMembers || mission.onward === 'any'
  return crosses(facts, ({ out }) => mayCross && covers(out, mission)) ? undefined : 'outside-boundary'
}

/** May the peer receive this mission from us? */
export function refuseGiving(facts: PeerFacts, mission: MissionFacts): ProblemCode | undefined {
  const link = refuseLink(facts)
  if (link !== undefined) return link
  const crossing = refuseCrossing(facts, mission)
  if (crossing !== undefined) return crossing
  if (!isPassedOn(mission)) return 'outside-scope'
  return covers(facts.trust.decision?.scope.out ?? [], mission) ? undefined : 'outside-scope'
}

/** Do we take such a mission from the peer's federation? */
export function refuseComing(
  facts: PeerFacts,
  mission: Omit<MissionFacts, 'isOwn' | 'isMembers'>
): ProblemCode | undefined {
  return crosses(facts, (policy) => covers(policy.in, mission)) ? undefined : 'outside-boundary'
}

/** Do we take this mission's changes from the peer? */
export function refuseTaking(
  facts: PeerFacts,
  mission: Omit<MissionFacts, 'isOwn' | 'isMembers'>
): ProblemCode | undefined {
  const link = refuseLink(facts)
  if (link !== undefined) return link
  const coming = refuseComing(facts, mission)
  if (coming !== undefined) return coming
  return covers(facts.trust.decision?.scope.in ?? [], mission) ? undefined : 'outside-scope'
}

/** Do the peer's own changes count in this mission by our word? */
export function refuseWriting(facts: PeerFacts, mission: MissionFacts): ProblemCode | undefined {
  const giving = refuseGiving(facts, mission)
  if (giving !== undefined) return giving
  if (!crosses(facts, ({ access }) => access === 'write')) return 'outside-boundary'
  return facts.trust.decision?.scope.access === 'write' ? undefined : 'outside-scope'
}
