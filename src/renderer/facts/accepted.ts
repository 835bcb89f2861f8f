/** Certificates that a person accepted, as marks and words. */
import type { AnchorSummary, PinSummary } from '@shared/model'
import { endFact } from './certificate'
import { amount, fact, saying, type Fact, type Saying } from './fact'
import { listsFact } from './list'

export function anchorFact(anchor: AnchorSummary, now: number): Fact {
  if (anchor.state === 'ended') return fact('caution', 'conflict', saying('trust.ended'))
  if (anchor.state === 'revoked') return fact('revoked', 'danger', saying('trust.revoked'))
  return (
    endFact(anchor.certificate, now) ?? listsFact(anchor) ?? fact('organisation', 'trusted', saying('trust.active'))
  )
}

/** @param name who showed it, as it is called elsewhere. */
export function pinFact(pin: PinSummary, now: number, name: string): Fact {
  if (hasEnded(pin, now)) return fact('caution', 'conflict', saying('trust.ended'))
  const end = endFact(pin.certificate, now)
  if (end !== undefined) return end
  return pin.nodeId === undefined
    ? fact('waiting', 'waiting', saying('trust.pinWaits'))
    : fact('verified', 'trusted', saying('trust.pinShown', { name }))
}

export function untilSaying(accepted: AnchorSummary | PinSummary, now: number): Saying {
  if (accepted.until === undefined) return saying('trust.untilRemoved')
  const at = amount('moment', accepted.until)
  return saying(hasEnded(accepted, now) ? 'trust.endedAt' : 'trust.untilAt', { at })
}

function hasEnded({ until }: AnchorSummary | PinSummary, now: number): boolean {
  return until !== undefined && until <= now
}
