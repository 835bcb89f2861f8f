/** Whether this laptop's clock agrees with those of linked, trusted peers. Most of them must differ before it is said. */
import type { PeerSummary } from '@shared/model'

export type ClockJudgement =
  | { readonly state: 'alone' }
  | { readonly state: 'agrees'; readonly peers: number }
  /** Theirs minus ours, the middle one of those that differ. */
  | { readonly state: 'differs'; readonly peers: number; readonly offsetMs: number }

const agreementMs = 60_000

/** @param offsetMs theirs minus ours. */
export function isFarOff(offsetMs: number): boolean {
  return Math.abs(offsetMs) > agreementMs
}

export function judgeClock(peers: readonly PeerSummary[]): ClockJudgement {
  const offsets = peers.flatMap((peer) =>
    peer.level === 'trusted' && peer.link.state === 'linked' && peer.link.clockOffsetMs !== undefined
      ? [peer.link.clockOffsetMs]
      : []
  )
  if (offsets.length === 0) return { state: 'alone' }
  const differing = offsets.filter(isFarOff).sort((a, b) => a - b)
  if (differing.length * 2 <= offsets.length) return { state: 'agrees', peers: offsets.length - differing.length }
  return { state: 'differs', peers: differing.length, offsetMs: differing[differing.length >> 1] ?? 0 }
}
