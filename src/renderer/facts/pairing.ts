/** A pairing as people read it. Pure. */
import type { PairingRun, PeerSummary } from '@shared/model'
import type { ProblemCode } from '@shared/problems'
import type { MessageKey } from '../i18n'

type State = PairingRun['state']

export function isOver({ state }: PairingRun): boolean {
  return state === 'done' || state === 'ended'
}

/** Whether it is up to our person now. */
export function isComparing({ state }: PairingRun): boolean {
  return state === 'comparing' || state === 'they-agreed'
}

export const titles: Readonly<Record<State, MessageKey>> = {
  reaching: 'pairing.title',
  calling: 'pairing.title',
  answered: 'pairing.title',
  comparing: 'pairing.trust',
  'they-agreed': 'pairing.trust',
  agreed: 'pairing.trust',
  done: 'pairing.verified',
  ended: 'pairing.not'
}

export const sentences: Readonly<Record<State, MessageKey>> = {
  reaching: 'pairing.reaching',
  calling: 'pairing.calling',
  answered: 'pairing.answered',
  comparing: 'pairing.comparing',
  'they-agreed': 'pairing.theyAgreed',
  agreed: 'pairing.agreed',
  done: 'pairing.done',
  ended: 'pairing.ended'
}

const againAfter: ReadonlySet<ProblemCode> = new Set([
  'pairing-expired',
  'pairing-lost',
  'pairing-no-link',
  'pairing-cancelled',
  'pairing-they-cancelled'
])

/** Whether starting anew may help; not where the codes differed, or nobody there wants to. */
export function mayStartAgain({ problem }: PairingRun): boolean {
  return problem !== undefined && againAfter.has(problem.code)
}

/** One more pairing makes nobody more verified. */
export function mayPair({ level, decision }: PeerSummary): boolean {
  return level !== 'revoked' && !(level === 'trusted' && decision?.ground === 'code')
}

/** In two groups, as a radio says them. */
export function groupedDigits(digits: string): string {
  return `${digits.slice(0, 3)} ${digits.slice(3)}`
}
