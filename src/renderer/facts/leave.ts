/** May this laptop drive away? Only what a peer proved counts as held elsewhere. */
import { unreachable } from '@shared/feed'
import type { FileAmount, Holder, MissionId, MissionSummary, PeerSummary } from '@shared/model'
import type { MessageKey } from '../i18n'
import { amount, saying, type Saying } from './fact'
import { remainingMs, type Progress } from './pace'
import { provedAt } from './receipt'

export type Leave =
  | { readonly answer: 'nothing' }
  /** Peers that hold every mission of this laptop, and when the oldest of these proofs was given. */
  | { readonly answer: 'yes'; readonly peers: number; readonly at: number }
  /** Every change and file is on some other laptop, but no single one holds all. */
  | { readonly answer: 'spread' }
  | { readonly answer: 'not-yet'; readonly changes: number; readonly files: FileAmount; readonly missions: number }

export function isAlone({ onlyHere, filesOnlyHere }: MissionSummary): boolean {
  return onlyHere > 0 || filesOnlyHere.files > 0
}

export function sumOfFiles(amounts: readonly FileAmount[]): FileAmount {
  return {
    files: amounts.reduce((sum, { files }) => sum + files, 0),
    bytes: amounts.reduce((sum, { bytes }) => sum + bytes, 0)
  }
}

export function judgeLeave(missions: readonly MissionSummary[], peers: readonly PeerSummary[]): Leave {
  const filled = missions.filter((mission) => mission.changes > 0)
  if (filled.length === 0) return { answer: 'nothing' }
  const alone = filled.filter(isAlone)
  if (alone.length > 0) {
    return {
      answer: 'not-yet',
      changes: alone.reduce((sum, mission) => sum + mission.onlyHere, 0),
      files: sumOfFiles(alone.map(({ filesOnlyHere }) => filesOnlyHere)),
      missions: alone.length
    }
  }
  const proofs = peers
    .filter((peer) => peer.level === 'trusted')
    .map((peer) => filled.map((mission) => mission.holders.find((holder) => holder.nodeId === peer.nodeId)))
    .filter((held) => held.every((holder) => holder?.state === 'in-step' && holder.lacksFiles.files === 0))
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
      return leave.changes > 0
        ? saying('leave.short.notYet', {}, leave.changes)
        : saying('leave.short.notYetFiles', {}, leave.files.files)
    default:
      return unreachable(leave)
  }
}

/** Sentences that follow each other. */
export function leaveLong(leave: Leave): readonly Saying[] {
  switch (leave.answer) {
    case 'nothing':
      return [saying('leave.long.nothing')]
    case 'yes':
      return [saying('leave.long.yes', { at: amount('clock', leave.at) }, leave.peers)]
    case 'spread':
      return [saying('leave.long.spread')]
    case 'not-yet':
      return notYet(leave)
    default:
      return unreachable(leave)
  }
}

function notYet({ changes, files }: Extract<Leave, { readonly answer: 'not-yet' }>): readonly Saying[] {
  if (changes === 0) return [filesSaying('leave.long.notYetFiles', files)]
  const said = saying('leave.long.notYet', {}, changes)
  return files.files === 0 ? [said] : [said, filesSaying('leave.long.alsoFiles', files)]
}

/** @param key of a text with the number of files and `{bytes}`. */
export function filesSaying(key: MessageKey, { files, bytes }: FileAmount): Saying {
  return saying(key, { bytes: amount('bytes', bytes) }, files)
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
  /** Files here that it is not known to hold. */
  readonly files: FileAmount
}

/** Those who lack most first. */
export function leavePeers(missions: readonly MissionSummary[], peers: readonly PeerSummary[]): readonly LeavePeer[] {
  return peers
    .filter((peer) => peer.level === 'trusted')
    .map((peer) => {
      const held = missions.flatMap((mission) => {
        const holder = mission.holders.find(({ nodeId }) => nodeId === peer.nodeId)
        return holder === undefined ? [] : [{ mission, holder }]
      })
      return {
        ...{ peer, missions: held, lack: peer.step.theyLack },
        linked: peer.link.state === 'linked',
        files: sumOfFiles(held.map(({ holder }) => holder.lacksFiles))
      }
    })
    .sort((a, b) => b.lack - a.lack || b.files.files - a.files.files || a.peer.callsign.localeCompare(b.peer.callsign))
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
