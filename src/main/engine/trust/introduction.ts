/** What a trusted peer's word about another one does here (docs/protocol/introductions.md#what-counts), pure. */
import * as v from 'valibot'
import type { IntroductionView, NodeId } from '@shared/model.js'
import { HashSchema, NodeIdSchema } from '../bytes/ids.js'
import { limits } from '../limits.js'
import {
  hasEnded,
  introducerOf,
  isVouched,
  letsIn,
  mayBeLetIn,
  rightToIntroduce,
  type TrustState
} from './trust-state.js'

const Name = (least: number) =>
  v.pipe(
    v.string(),
    v.check((text) => text.isWellFormed() && text.length >= least && [...text].length <= limits.nameLength)
  )

export const IntroductionSchema = v.object({
  node: NodeIdSchema,
  callsign: Name(0),
  federation: Name(1),
  /** SHA-256 of the public key (SPKI) in its certificate. */
  key: HashSchema,
  ground: v.picklist(['code', 'words', 'unseen', 'api']),
  /** When the introducer's person decided, by its clock. */
  since: v.pipe(v.number(), v.safeInteger(), v.minValue(0))
})
export type Introduction = v.InferOutput<typeof IntroductionSchema>

export interface IntroductionFacts {
  readonly ownId: NodeId
  readonly introducer: NodeId
  readonly stateOfIntroducer: TrustState
  readonly introduction: Introduction
  /** Of who is introduced. */
  readonly state: TrustState
  /** A person took it off the list. */
  readonly wasRemoved: boolean
  /** As its signed record says; empty: withheld, or never met. */
  readonly claimedFederation: string
  /** Whether its federation is dealt with, and whether others than persons may let it in. */
  readonly mayDeal: boolean
  readonly mayVouch: boolean
  /** SHA-256 of the key that it showed since the start. */
  readonly keyShown: string | undefined
  /** The node that the key in the introduction belongs to here. */
  readonly owner: NodeId | undefined
  /** Its certificate is another node's, or was revoked. */
  readonly hasWarning: boolean
  /** The later of the own clock and the highest time ever seen. */
  readonly time: number
}

/** `undefined`: nothing, as if it was not said. */
export function judgeIntroduction(facts: IntroductionFacts): IntroductionView['effect'] | undefined {
  const { ownId, introducer, stateOfIntroducer, introduction, state, claimedFederation, keyShown, owner } = facts
  const { node, federation, key } = introduction
  const hasRight = rightToIntroduce(stateOfIntroducer) !== undefined && !isOver(stateOfIntroducer, facts.time)
  if (!hasRight || node === ownId || node === introducer || !facts.mayDeal) return undefined
  const isOthersKey = owner !== undefined && owner !== node
  // Once let in, a certificate that it renewed is no news: its node ID is the hash of a key that it proved.
  const isIn = state.level === 'trusted' && introducerOf(state) === introducer
  const isOtherKey = keyShown !== undefined && keyShown !== key && !isIn
  const isOtherFederation = claimedFederation !== '' && claimedFederation !== federation
  if (isOthersKey || isOtherKey || isOtherFederation) return 'differs'
  if (isSettled(state) || facts.wasRemoved) return 'advice'
  const counts = letsIn(stateOfIntroducer) !== undefined && mayBeLetIn(state) && facts.mayVouch && !facts.hasWarning
  // Met here, with the very key: what was said of somebody who never came lets in nobody.
  return counts && (isIn || keyShown === key) ? 'lets-in' : 'suggests'
}

function isOver({ decision }: TrustState, time: number): boolean {
  return decision !== undefined && hasEnded(decision, time)
}

/** Revoked, decided about by a person, or trusted by a certificate. */
function isSettled(state: TrustState): boolean {
  const { level, decision } = state
  if (level === 'revoked' || (decision !== undefined && !isVouched(state))) return true
  return level === 'trusted' && !mayBeLetIn(state)
}
