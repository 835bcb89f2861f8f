/** Bundles in words: what a preview says, what was done, how far it is. */
import type {
  BundleEstimate,
  BundleMission,
  BundlePreview,
  BundleProgress,
  BundleTaken,
  BundleWritten,
  MissionId,
  MissionSummary,
  PeerSummary
} from '@shared/model'
import { covers } from '@shared/scope'
import { amount, saying, type Saying } from './fact'
import { hasEnded } from './peer-status'

/** Who a bundle of any of these missions may be for, and how many trusted laptops it may not be for. */
export function recipientsOf(
  peers: readonly PeerSummary[],
  missions: readonly MissionSummary[],
  now: number
): { readonly may: readonly PeerSummary[]; readonly mayNot: number } {
  const trusted = peers.filter(({ level, decision }) => level === 'trusted' && !hasEnded(decision, now))
  const may = trusted.filter(({ decision }) => missions.some((mission) => covers(decision?.scope.out ?? [], mission)))
  return {
    may: may.toSorted((a, b) => a.callsign.localeCompare(b.callsign)),
    mayNot: trusted.length - may.length
  }
}

export interface BundleChoice {
  /** What may go to everybody chosen; without an estimate while that is asked. */
  readonly may: readonly { readonly mission: MissionSummary; readonly estimate: BundleEstimate | undefined }[]
  readonly mayNot: number
  /** Of what may go. */
  readonly chosen: readonly MissionId[]
  /** Of what is chosen, before packing; `undefined` while it is asked. */
  readonly bytes: number | undefined
}

/** @param wanted what a person chose, whether or not it may go; `all`: whatever may. */
export function choiceOf(
  missions: readonly MissionSummary[],
  estimates: readonly BundleEstimate[] | undefined,
  wanted: ReadonlySet<MissionId> | 'all'
): BundleChoice {
  const byId = new Map(estimates?.map((estimate) => [estimate.id, estimate]))
  const rows = missions.map((mission) => ({ mission, estimate: byId.get(mission.id) }))
  const may = rows.filter(({ estimate }) => estimate?.refused === undefined)
  const chosen = may.filter(({ mission }) => wanted === 'all' || wanted.has(mission.id))
  return {
    may,
    mayNot: rows.length - may.length,
    chosen: chosen.map(({ mission }) => mission.id),
    bytes: estimates === undefined ? undefined : chosen.reduce((sum, { estimate }) => sum + (estimate?.bytes ?? 0), 0)
  }
}

export function weightSaying({ changes, files, bytes }: BundleEstimate): Saying {
  const size = amount('bytes', bytes)
  return files === 0
    ? saying('bundle.weight', { size }, changes)
    : saying('bundle.weightFiles', { size, files }, changes)
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

/** Whether taking it does anything here: who is shut out is worth it also where no mission is taken. */
export function bringsAnything({ missions, revocations }: BundlePreview): boolean {
  return revocations !== undefined || missions.some(({ refused }) => refused === undefined)
}

/** What it says about laptops that were taken back. */
export function revocationSayings({ revocations }: BundlePreview): readonly Saying[] {
  const { laptops = 0, shutOut = 0, lists = 0 } = revocations ?? {}
  return [
    ...(shutOut === 0 ? [] : [saying('bundle.shutsOut', {}, shutOut)]),
    ...(laptops - shutOut <= 0 ? [] : [saying('bundle.advises', {}, laptops - shutOut)]),
    ...(lists === 0 ? [] : [saying('bundle.bringsLists', {}, lists)])
  ]
}

export function revokedSayings({ revocations: { statements, lists } }: BundleTaken): readonly Saying[] {
  const words = statements + lists
  return words === 0 ? [] : [saying('bundle.takenRevocations', {}, words)]
}

export function takenSaying({ changes, files, revocations: { statements, lists } }: BundleTaken): Saying {
  if (changes === 0 && files === 0 && statements + lists > 0) return saying('bundle.takenNoMission')
  if (changes === 0 && files === 0) return saying('bundle.takenNothing')
  return files === 0 ? saying('bundle.taken', {}, changes) : saying('bundle.takenFiles', { files }, changes)
}
