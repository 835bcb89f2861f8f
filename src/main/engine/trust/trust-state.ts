/**
 * Levels of trust as one pure machine (drawing in docs/protocol/trust.md):
 *
 *                 asked                  decided: trusted
 *   untrusted ───────────▶ pending ─────────────────────────▶ trusted
 *       ▲  ◀───────────────  │                                 │  │
 *       │  withdrew, decided: untrusted                        │  │
 *       │                                  decided: untrusted, │  │
 *       ◀──────────────────────────────────────────── ended ───┘  │
 *       │                                                         │
 *       └──────── decided: revoked, from any level ───▶ revoked ◀─┘
 *
 * Only a decision leads to trusted, and only a person's decision leads out of revoked. Decisions that rest on a
 * certificate are made for a person who accepted that certificate: see vouching.ts, which asks `mayVouch` first.
 * A statement that counts (statement-shelf.ts) gives a decision `revoked`; `retired` leads to revoked from any level, for good.
 * Who is let in by an introduction (introduction.ts) rests on its introducer in the same way; trust-book.ts ends the one with the other.
 * `unvouched` and `forgotten` lead from trusted to untrusted, too; `regrounded` changes what a trusted one may do.
 */
import type { Decision, IntroducerRight, Level, NodeId } from '@shared/model.js'
import type { Scope } from '@shared/scope.js'
import { unreachable } from '@shared/feed.js'

export interface TrustState {
  readonly level: Level
  /** The newest decision of a person; stays after its end, so that the window can say what it was. */
  readonly decision?: Decision
  /** The federation that the decision recorded. */
  readonly federation?: string
  /** It said itself that it is out of use: revoked, and nobody lifts that. */
  readonly isRetired?: true
}

/** What the certificate or the introducer that a decision rests on gives. */
export interface Ground {
  readonly scope: Scope
  readonly until?: number | undefined
}

export type TrustEvent =
  /** The peer said that it trusts us. */
  | { readonly kind: 'asked' }
  /** The peer said that it does not trust us (any more). */
  | { readonly kind: 'withdrew' }
  | { readonly kind: 'decided'; readonly decision: Decision; readonly federation: string }
  | { readonly kind: 'ended' }
  /** The certificate that the decision rests on is not shown any more, or was removed here, or its introducer has no say any more. */
  | { readonly kind: 'unvouched' }
  /** A person gave the certificate or the introducer that the decision rests on another scope or end. */
  | ({ readonly kind: 'regrounded' } & Ground)
  /** A person took the peer off the list. */
  | { readonly kind: 'forgotten' }
  /** The peer signed that it is out of use. */
  | { readonly kind: 'retired'; readonly decision: Decision }

export const stranger: TrustState = { level: 'untrusted' }

export function nextTrust(state: TrustState, event: TrustEvent): TrustState {
  if (state.isRetired === true) return state
  switch (event.kind) {
    case 'asked':
      // A rejected request does not ask again by itself: it stays listed, and the person can open it at any time.
      return state.level === 'untrusted' && !wasRejected(state) ? { ...state, level: 'pending' } : state
    case 'withdrew':
      return state.level === 'pending' ? { ...state, level: 'untrusted' } : state
    case 'decided':
      return { level: event.decision.level, decision: event.decision, federation: event.federation }
    case 'ended':
      return state.level === 'trusted' ? { ...state, level: 'untrusted' } : state
    case 'unvouched':
      return state.level === 'trusted' && isVouched(state) ? { ...state, level: 'untrusted' } : state
    case 'regrounded':
      return state.level === 'trusted' && isVouched(state) && state.decision !== undefined
        ? { ...state, decision: regrounded(state.decision, event) }
        : state
    case 'forgotten':
      return state.level === 'revoked' ? state : stranger
    case 'retired':
      return { ...state, level: 'revoked', decision: event.decision, isRetired: true }
    default:
      return unreachable(event)
  }
}

/** The decision with the scope of the certificate it rests on, and no later end. */
export function regrounded(decision: Decision, { scope, until }: Ground): Decision {
  const end = Math.min(decision.until ?? Infinity, until ?? Infinity)
  return { ...decision, scope, ...(end === Infinity ? {} : { until: end }) }
}

function wasRejected({ decision }: TrustState): boolean {
  return decision?.level === 'untrusted'
}

/** Whether the newest decision rests on a certificate or an introduction, and not on a person's word about this peer. */
export function isVouched({ decision }: TrustState): boolean {
  return decision?.ground === 'anchor' || decision?.ground === 'certificate' || decision?.ground === 'introduced'
}

/** The peer whose word the newest decision rests on alone. */
export function introducerOf({ decision }: TrustState): NodeId | undefined {
  return decision?.ground === 'introduced' ? decision.introducedBy?.[0]?.nodeId : undefined
}

/** What this peer may say about others. Only a person gives that right, so who was introduced introduces nobody. */
export function rightToIntroduce(state: TrustState): IntroducerRight | undefined {
  return state.level === 'trusted' && !isVouched(state) ? state.decision?.mayIntroduce : undefined
}

/** What whoever this peer lets in gets; `undefined`: it lets in nobody. */
export function letsIn(state: TrustState): Ground | undefined {
  const scope = rightToIntroduce(state)?.letsIn
  return scope && { scope, until: state.decision?.until }
}

/** Whether an introduction may make this peer trusted: never against what a person or a certificate said about it. */
export function mayBeLetIn(state: TrustState): boolean {
  return state.level !== 'revoked' && (state.decision === undefined || introducerOf(state) !== undefined)
}

/** Whether a certificate may make this peer trusted: never against what a person decided about it. */
export function mayVouch(state: TrustState): boolean {
  return state.level !== 'revoked' && (state.decision === undefined || isVouched(state))
}

/** Whether a decision's end has come. `time` is the later of the own clock and the highest time ever seen. */
export function hasEnded(decision: Decision, time: number): boolean {
  return decision.until !== undefined && decision.until <= time
}
