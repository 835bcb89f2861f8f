/** May this laptop drive away? Only what a peer proved counts as held elsewhere. */
import type { Holder, MissionId, MissionSummary, PeerSummary } from '@shared/model'
import { amount, saying, type Saying } from './fact'
import { remainingMs, type Progress } from './pace'
import { provedAt } from './receipt'

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
  const times = proofs.flat().map((holder) => (holder === undefined ? 0 : provedAt(holder)))
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

/** One mission as a peer holds it. */
export interface HeldMission {
  readonly mission: MissionSummary
  readonly holder: Holder
}

/** A trusted peer, with the missions that it may have from this laptop. */
export interface LeavePeer {
  readonly peer: PeerSummary
  readonly linked: boolean
  readonly missions: readonly HeldMission[]
  readonly lack: number
}

/** Those who lack most first. */
export function leavePeers(missions: readonly MissionSummary[], peers: readonly PeerSummary[]): readonly LeavePeer[] {
  return peers
    .filter((peer) => peer.level === 'trusted')
    .map((peer) => ({
      peer,
      linked: peer.link.state === 'linked',
      missions: missions.flatMap((mission) => {
        const holder = mission.holders.find(({ nodeId }) => nodeId === peer.nodeId)
        return holder === undefined ? [] : [{ mission, holder }]
      }),
      lack: peer.step.theyLack
    }))
    .sort((a, b) => b.lack - a.lack || a.peer.callsign.localeCompare(b.peer.callsign))
}

/** Named in the answer; the list below names all. */
const namedMost = 3

/** What some peers lack, one sentence each, below the answer: "GZ Koper lacks 12, 25 s left." */
export function lackSayings(
  peers: readonly LeavePeer[],
  nameOf: (peer: PeerSummary) => string,
  progressOf: (peer: PeerSummary) => Progress | undefined,
  now: number
): readonly Saying[] {
  return peers
    .filter(({ lack, peer }) => lack > 0 && peer.step.state !== 'unknown')
    .sort((a, b) => Number(b.linked) - Number(a.linked))
    .slice(0, namedMost)
    .map(({ peer, linked, lack }) => {
      const name = nameOf(peer)
      if (!linked) return saying('leave.lacksAway', { name }, lack)
      const progress = progressOf(peer)
      const left = progress === undefined ? undefined : remainingMs(progress, now)
      return left === undefined
        ? saying('leave.lacks', { name }, lack)
        : saying('leave.lacksLeft', { name, left: amount('duration', left) }, lack)
    })
}

/** What of a mission is listed: own changes that nobody has, or all that one peer lacks. */
export interface LackedQuery {
  readonly missionId: MissionId
  readonly nodeId?: PeerSummary['nodeId']
}
