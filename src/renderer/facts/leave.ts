/** May this laptop drive away? Only what a peer proved counts as held elsewhere. */
import type { MissionSummary, PeerSummary } from '@shared/model'
import { amount, saying, type Saying } from './fact'

export type Leave =
  | { readonly answer: 'nothing' }
  /** Peers that hold every mission of this laptop, and when the oldest of these proofs was given. */
  | { readonly answer: 'yes'; readonly peers: number; readonly at: number }
  /** Every change is on some other laptop, but no single one holds all. */
  | { readonly answer: 'spread' }
  | { readonly answer: 'not-yet'; readonly changes: number; readonly missions: number }

export function judgeLeave(missions: readonly MissionSummary[], peers: readonly PeerSummary[]): Leave {
  const filled = missions.filter((mission) => mission.changes > 0)
  if (filled.length === 0) return { answer: 'nothing' }
  const alone = filled.filter((mission) => mission.onlyHere > 0)
  if (alone.length > 0) {
    return {
      answer: 'not-yet',
      changes: alone.reduce((sum, mission) => sum + mission.onlyHere, 0),
      missions: alone.length
    }
  }
  const proofs = peers
    .filter((peer) => peer.level === 'trusted')
    .map((peer) => filled.map((mission) => mission.holders.find((holder) => holder.nodeId === peer.nodeId)))
    .filter((held) => held.every((holder) => holder?.state === 'in-step'))
  if (proofs.length === 0) return { answer: 'spread' }
  const times = proofs.flat().map((holder) => holder?.at ?? 0)
  return { answer: 'yes', peers: proofs.length, at: Math.min(...times) }
}

export function leaveShort(leave: Leave): Saying {
  switch (leave.answer) {
    case 'nothing':
      return saying('leave.short.nothing')
    case 'yes':
      return saying('leave.short.yes', {}, leave.peers)
    case 'spread':
      return saying('leave.short.spread')
    case 'not-yet':
      return saying('leave.short.notYet', {}, leave.changes)
  }
}

export function leaveLong(leave: Leave): Saying {
  switch (leave.answer) {
    case 'nothing':
      return saying('leave.long.nothing')
    case 'yes':
      return saying('leave.long.yes', { at: amount('clock', leave.at) }, leave.peers)
    case 'spread':
      return saying('leave.long.spread')
    case 'not-yet':
      return saying('leave.long.notYet', {}, leave.changes)
  }
}
