/** What is true about one peer, as shape, word and colour. Pure: time comes in as an argument. */
import type { Decision, PeerSummary, StepWith } from '@shared/model'
import type { ProblemCode } from '@shared/problems'
import { unreachable } from '@shared/feed'
import { showName } from '../display/name'
import type { MarkName } from '../components/marks'
import type { MessageKey } from '../i18n'
import { amount, fact, saying, type Fact, type Saying } from './fact'

export type PeerGroup = 'needs' | 'linked' | 'away'

export type Need =
  | { readonly kind: 'pairs' }
  | { readonly kind: 'asks' }
  | { readonly kind: 'undecided' }
  /** A peer that may introduce others vouches for it. */
  | { readonly kind: 'introduced' }
  | { readonly kind: 'waits' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'warning'; readonly code: ProblemCode }

/**
 * `sought`: a person here typed its address. Anybody else who was only met is a stranger and asks nothing of a person:
 * whoever knocks at a port must not fill this list. `pairs`: it asks to compare codes.
 */
export function needOf(peer: PeerSummary, now: number, sought = false, pairs = false): Need | undefined {
  if (pairs) return { kind: 'pairs' }
  if (sought && peer.level === 'untrusted' && peer.decision === undefined) return { kind: 'undecided' }
  if (peer.level === 'pending') return { kind: peer.theirLevel === 'trusted' ? 'asks' : 'undecided' }
  if (peer.warning !== undefined) return { kind: 'warning', code: peer.warning }
  if (isSuggested(peer)) return { kind: 'introduced' }
  if (hasLapsed(peer)) return { kind: 'ended' }
  if (peer.level !== 'trusted') return undefined
  const reason = peer.link.state === 'linked' ? undefined : peer.link.reason
  if (reason === 'trust-ended' || hasEnded(peer.decision, now)) return { kind: 'ended' }
  if (reason === 'federation-changed') return { kind: 'warning', code: reason }
  if (reason === 'peer-waits') return { kind: 'waits' }
  return undefined
}

function isSuggested({ level, introductions = [] }: PeerSummary): boolean {
  return level === 'untrusted' && introductions.some(({ effect }) => effect === 'suggests')
}

/** A person or a certificate said yes, and that no longer holds: not the same as a no. */
function hasLapsed({ level, decision }: PeerSummary): boolean {
  return level === 'untrusted' && decision?.level === 'trusted'
}

export function hasEnded(decision: Decision | undefined, now: number): boolean {
  return decision?.until !== undefined && decision.until <= now
}

export function groupOf(peer: PeerSummary, now: number, sought = false, pairs = false): PeerGroup {
  if (needOf(peer, now, sought, pairs) !== undefined) return 'needs'
  return peer.level === 'trusted' && peer.link.state === 'linked' ? 'linked' : 'away'
}

export function needFact(need: Need, peer: PeerSummary): Fact {
  const heard = lastHeard(peer)
  const since = saying('peer.need.since', { at: amount('moment', peer.link.since) })
  const proof = heard === undefined ? since : saying('peer.heard', { ago: amount('ago', heard) })
  switch (need.kind) {
    case 'pairs':
      return fact('waiting', 'waiting', saying('peer.need.pairs'), proof)
    case 'asks':
      return fact('waiting', 'waiting', saying('peer.need.asks'), proof)
    case 'undecided':
      return fact('waiting', 'waiting', saying('peer.need.undecided'), proof)
    case 'introduced':
      return fact('waiting', 'waiting', saying('peer.need.introduced'), proof)
    case 'waits':
      return fact('waiting', 'waiting', saying('peer.need.waits'), since)
    case 'ended':
      return fact('caution', 'conflict', saying('peer.need.ended'), endedAt(peer.decision))
    case 'warning':
      return fact('failure', 'danger', saying(warningWords[need.code] ?? 'peer.need.look'), since)
    default:
      return unreachable(need)
  }
}

const warningWords: Readonly<Partial<Record<ProblemCode, MessageKey>>> = {
  'two-places': 'peer.need.twoPlaces',
  'certificate-shared': 'peer.need.sharedCertificate',
  'certificate-lost': 'peer.need.lostCertificate',
  'certificate-revoked': 'peer.need.revokedCertificate',
  'list-lost': 'peer.need.lostList',
  'anchor-removed': 'peer.need.lostOrganisation',
  'introduction-lost': 'peer.need.lostIntroducer'
}

function endedAt(decision: Decision | undefined): Saying | undefined {
  return decision?.until === undefined
    ? undefined
    : saying('peer.need.endedAt', { at: amount('moment', decision.until) })
}

const needLines: Readonly<Record<Exclude<Need['kind'], 'warning'>, MessageKey>> = {
  pairs: 'peer.need.pairsLine',
  asks: 'peer.need.asksLine',
  undecided: 'peer.need.undecidedLine',
  introduced: 'peer.need.introducedLine',
  waits: 'peer.need.waitsLine',
  ended: 'peer.need.endedLine'
}

/** Why a peer stands under "Needs a decision"; a warning is said by its problem. */
export function needLine(need: Exclude<Need, { readonly kind: 'warning' }>): Saying {
  return saying(needLines[need.kind])
}

/** Which laptop of which federation; before a decision it is only what the laptop says of itself. */
export function claimSaying({ level, laptop, federation }: PeerSummary): Saying {
  const named = { laptop: showName(laptop), federation: showName(federation) }
  const hasLaptop = named.laptop !== ''
  if (level === 'trusted') return saying(hasLaptop ? 'peer.federationLaptop' : 'peer.federation', named)
  if (named.federation === '') return saying(hasLaptop ? 'peer.claimsOnlyLaptop' : 'peer.claimsNothing', named)
  return saying(hasLaptop ? 'peer.claimsLaptop' : 'peer.claims', named)
}

/** Who vouched for it when it was decided. */
export function vouchersOf({ introducedBy = [] }: Decision): string {
  return introducedBy.map(({ callsign }) => showName(callsign)).join(', ')
}

export function groundSaying(decision: Decision): Saying {
  if (decision.late !== undefined) return saying('late.ground', { name: showName(decision.certificate?.name ?? '') })
  switch (decision.ground) {
    case 'code':
      return saying('ground.code')
    case 'words':
      return saying('ground.words')
    case 'unseen':
      return saying('ground.unseen')
    case 'api':
      return saying('ground.api')
    case 'certificate':
      return saying('ground.certificate', { name: showName(decision.certificate?.name ?? '') })
    case 'anchor':
      return saying('ground.anchor', { name: showName(decision.certificate?.name ?? '') })
    case 'statement':
      return saying('ground.statement')
    case 'introduced':
      return saying('ground.introduced', { name: vouchersOf(decision) })
    default:
      return unreachable(decision.ground)
  }
}

export function trustFact(peer: PeerSummary): Fact {
  const { decision } = peer
  switch (peer.level) {
    case 'trusted':
      return fact(
        trustedMark(decision),
        'trusted',
        saying(trustedWord(decision)),
        decision === undefined ? undefined : untilSaying(decision)
      )
    case 'pending':
      return fact('waiting', 'waiting', saying('peer.need.undecided'))
    case 'revoked':
      return fact('revoked', 'danger', saying('peer.trust.revoked'), decidedAt(decision))
    case 'untrusted':
      if (hasLapsed(peer)) return fact('caution', 'conflict', saying('peer.need.ended'), endedAt(decision))
      return decision === undefined
        ? fact('stranger', 'offline', saying('peer.trust.stranger'), saying('peer.trust.seesNothing'))
        : fact('revoked', 'danger', saying('peer.trust.rejected'), decidedAt(decision))
    default:
      return unreachable(peer.level)
  }
}

/** Verified is who was compared by a code, and nobody else: words only recognise, and a file came from somewhere. */
function trustedMark(decision: Decision | undefined): MarkName {
  if (decision?.late !== undefined) return 'caution'
  if (decision?.ground === 'anchor') return 'organisation'
  return decision?.ground === 'code' ? 'verified' : 'unverified'
}

function trustedWord(decision: Decision | undefined): MessageKey {
  if (decision?.late !== undefined) return 'late.tag'
  switch (decision?.ground) {
    case 'code':
      return 'peer.trust.verified'
    case 'anchor':
      return 'peer.trust.organisation'
    case 'introduced':
      return 'peer.trust.introduced'
    case 'certificate':
      return 'peer.trust.trusted'
    default:
      return 'peer.trust.unverified'
  }
}

function decidedAt(decision: Decision | undefined): Saying | undefined {
  return decision === undefined ? undefined : saying('peer.trust.at', { at: amount('moment', decision.at) })
}

function untilSaying(decision: Decision): Saying {
  // Which organisation says more than until when; the end is in the detail.
  if (decision.ground === 'anchor' && decision.late === undefined)
    return saying('peer.trust.by', { name: showName(decision.certificate?.name ?? '') })
  if (decision.ground === 'introduced') return saying('peer.trust.by', { name: vouchersOf(decision) })
  if (decision.until !== undefined) return saying('peer.trust.until', { at: amount('moment', decision.until) })
  return groundSaying(decision)
}

export function lastHeard(peer: PeerSummary): number | undefined {
  return peer.link.lastHeard
}

export function linkFact(peer: PeerSummary): Fact {
  const { link } = peer
  if (link.state === 'linked') {
    const heard = saying('peer.heard', { ago: amount('ago', link.lastHeard) })
    const word =
      link.roundTripMs === undefined
        ? saying('peer.link.linked')
        : saying('peer.link.linkedMs', { ms: Math.max(1, Math.round(link.roundTripMs)) })
    return fact('linked', 'text', word, heard)
  }
  const heard = link.lastHeard
  const proof =
    heard === undefined
      ? saying('peer.link.neverHeard')
      : saying('peer.link.lastHeard', { at: amount('moment', heard) })
  // It answers, but nothing may flow before both people have decided.
  if (heard !== undefined && (link.reason === 'peer-untrusted' || link.reason === 'peer-waits')) {
    return fact(
      'not-linked',
      'offline',
      saying('peer.link.notLinked'),
      saying('peer.heard', { ago: amount('ago', heard) })
    )
  }
  if (link.state === 'connecting') return fact('not-linked', 'offline', saying('peer.link.connecting'), proof)
  return fact('not-here', 'offline', saying('peer.link.notHere'), proof)
}

/** `proved` is false while there is no link: then what was known is a memory, not a state. */
export function stepFact(step: StepWith & { readonly missions?: number }, proved: boolean): Fact {
  if (step.missions === 0) return fact(undefined, 'offline', saying('step.sharesNothing'))
  if (step.state === 'unknown') return fact(undefined, 'offline', saying('step.unknown'))
  if (!proved)
    return fact('not-here', 'offline', pastWord(step), saying('step.asOf', { at: amount('moment', step.at) }))
  const at = saying('step.at', { at: amount('clock', step.at) })
  if (step.state === 'in-step') return fact('in-step', 'step', saying('step.inStep'), at)
  const both = step.theyLack > 0 && step.weLack > 0
  if (step.theyLack > 0) {
    return fact(
      'behind',
      'waiting',
      saying('step.lacks', {}, step.theyLack),
      both ? saying('step.weLackToo', {}, step.weLack) : at
    )
  }
  if (step.weLack > 0) return fact('ahead', 'waiting', saying('step.weLack', {}, step.weLack), at)
  return fact(undefined, 'offline', saying('step.comparing'), at)
}

function pastWord(step: StepWith): Saying {
  if (step.state === 'in-step') return saying('step.wasInStep')
  return step.theyLack > 0 ? saying('step.lacks', {}, step.theyLack) : saying('step.weLack', {}, step.weLack)
}
