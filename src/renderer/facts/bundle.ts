/** Bundles in words: what a preview says, what was done, how far it is. */
import type {
  BundleMission,
  BundleProgress,
  BundleTaken,
  BundleWritten,
  MissionSummary,
  PeerSummary
} from '@shared/model'
import { covers } from '@shared/scope'
import { amount, saying, type Saying } from './fact'
import { hasEnded } from './peer-status'

/** Who a bundle of this mission may be for, and how many trusted laptops it may not be for. */
export function recipientsOf(
  peers: readonly PeerSummary[],
  mission: MissionSummary,
  now: number
): { readonly may: readonly PeerSummary[]; readonly mayNot: number } {
  const trusted = peers.filter(({ level, decision }) => level === 'trusted' && !hasEnded(decision, now))
  const may = trusted.filter(({ decision }) => covers(decision?.scope.out ?? [], mission))
  return {
    may: may.toSorted((a, b) => a.callsign.localeCompare(b.callsign)),
    mayNot: trusted.length - may.length
  }
}

/** Every part of it counts as so many; bytes only where a drive is read. */
export function progressSaying(progress: BundleProgress | undefined): Saying {
  if (progress === undefined) return saying('bundle.progress.begin')
  const { kind, step, done, total } = progress
  const percent = Math.floor((100 * Math.min(done, total)) / Math.max(1, total))
  if (step === 'writing') return saying('bundle.progress.writing', { percent })
  if (step === 'applying') return saying('bundle.progress.applying', { percent })
  return saying(kind === 'write' ? 'bundle.progress.again' : 'bundle.progress.checking', {
    done: amount('bytes', done),
    total: amount('bytes', total),
    percent
  })
}

/** What of one mission is new here. */
export function newsOf(mission: BundleMission): Saying {
  if (mission.refused !== undefined) return saying('bundle.mission.refused', { why: mission.refused.message })
  if (mission.isNew) return saying('bundle.mission.new', {}, mission.newChanges)
  if (mission.newChanges === 0 && mission.newFiles === 0) return saying('bundle.mission.nothing')
  return saying('bundle.mission.some', {}, mission.newChanges)
}

export function filesOf({ files, newFiles, fileBytes }: BundleMission): Saying | undefined {
  if (files === 0) return undefined
  return saying('bundle.mission.files', { size: amount('bytes', fileBytes), new: newFiles }, files)
}

export function leftOutSaying(leftOut: number): Saying | undefined {
  return leftOut === 0 ? undefined : saying('bundle.leftOut', {}, leftOut)
}

export function writtenSaying({ changes, contents, bytes }: BundleWritten): Saying {
  const size = amount('bytes', bytes)
  return contents === 0
    ? saying('bundle.written', { size }, changes)
    : saying('bundle.writtenFiles', { size, files: contents }, changes)
}

export function takenSaying({ changes, files }: BundleTaken): Saying {
  if (changes === 0 && files === 0) return saying('bundle.takenNothing')
  return files === 0 ? saying('bundle.taken', {}, changes) : saying('bundle.takenFiles', { files }, changes)
}
