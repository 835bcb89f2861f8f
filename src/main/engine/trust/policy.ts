/**
 * Policy: may this peer do that, now? Pure, asked at every use and never remembered, so that a revocation bites in the
 * middle of a transfer. Answers with the code of the refusal, or nothing when it may.
 */
import type { ProblemCode } from '@shared/problems.js'
import { covers } from '@shared/scope.js'
import type { MissionId } from '@shared/model.js'
import { hasEnded, type TrustState } from './trust-state.js'

export interface PeerFacts {
  readonly trust: TrustState
  /** What the peer's signed identity record says now. */
  readonly claimedFederation: string
  readonly ownFederation: string
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
}

/**
 * Mode `strict`: only nodes of the own federation. Asked before any decision, so a mismatch shows on both sides; while a
 * stranger withholds its federation (empty) it cannot be asked yet, and the link does not rise.
 */
export function refuseFederation({ claimedFederation, ownFederation }: PeerFacts): ProblemCode | undefined {
  return claimedFederation === ownFederation || claimedFederation === '' ? undefined : 'federation-differs'
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

/** Whether this node may give it to anybody; its create record says so. */
export function isPassedOn({ onward, isOwn }: Pick<MissionFacts, 'onward' | 'isOwn'>): boolean {
  return onward !== 'none' || isOwn
}

/** May the peer receive this mission from us? */
export function refuseGiving(facts: PeerFacts, mission: MissionFacts): ProblemCode | undefined {
  const link = refuseLink(facts)
  if (link !== undefined) return link
  if (!isPassedOn(mission)) return 'outside-scope'
  return covers(facts.trust.decision?.scope.out ?? [], mission) ? undefined : 'outside-scope'
}

/** Do we take this mission's changes from the peer? */
export function refuseTaking(facts: PeerFacts, mission: Omit<MissionFacts, 'isOwn'>): ProblemCode | undefined {
  const link = refuseLink(facts)
  if (link !== undefined) return link
  return covers(facts.trust.decision?.scope.in ?? [], mission) ? undefined : 'outside-scope'
}

/** Do the peer's own changes count in this mission by our word? */
export function refuseWriting(facts: PeerFacts, mission: MissionFacts): ProblemCode | undefined {
  const giving = refuseGiving(facts, mission)
  if (giving !== undefined) return giving
  return facts.trust.decision?.scope.access === 'write' ? undefined : 'outside-scope'
}
