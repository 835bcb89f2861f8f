/** What a snapshot holds, which files go in, when the next is due, and which are given up. All pure. */
import * as v from 'valibot'
import type { SnapshotKind, SnapshotSummary } from '@shared/model.js'
import { HashSchema } from '../bytes/ids.js'
import { bounds } from '../limits.js'

const kinds = ['hourly', 'daily', 'migration', 'import', 'restore', 'asked'] as const satisfies readonly SnapshotKind[]

/** Small files that are replaced whole; all others only grow. `store.json` is left out: it names this very copy. */
export const documents = ['folder.json', 'identity.json', 'settings.json', 'peers.json'] as const
export const folders = ['trust', 'missions'] as const

const grown = /^(?:trust|missions\/[0-9a-f]{64}(?:\/forks)?)\/[A-Za-z0-9_-][A-Za-z0-9._-]*$/
/** Rebuilt from the rest, or left by a crash in the middle of a write. */
const passing = /\/(?:checkpoint[^/]*|view\.bin)$|\.new$/

export function isKept(path: string): boolean {
  return documents.some((name) => name === path) || (grown.test(path) && !passing.test(path))
}

export function isDocument(path: string): boolean {
  return !path.includes('/')
}

const Size = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const SnapshotFileSchema = v.object({
  // A path of a manifest is written to on a restore: nothing but what a snapshot may hold.
  path: v.pipe(v.string(), v.check(isKept, 'a path that no snapshot holds')),
  size: Size,
  modified: v.number(),
  /** SHA-256 of each piece, in order. */
  pieces: v.array(HashSchema)
})
export const ManifestSchema = v.object({
  kind: v.picklist(kinds),
  at: v.number(),
  folderVersion: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  files: v.array(SnapshotFileSchema)
})
export type Manifest = v.InferOutput<typeof ManifestSchema>
export type SnapshotFile = v.InferOutput<typeof SnapshotFileSchema>

const namePattern = /^(\d{6,9})-([a-z]+)$/

/** By number: the wall clock may have been wrong when one was made. */
export function numberOf(name: string): number | undefined {
  const [, number, kind] = namePattern.exec(name) ?? []
  return number !== undefined && kinds.some((one) => one === kind) ? Number(number) : undefined
}

export function nameOf(number: number, kind: SnapshotKind): string {
  return `${String(number).padStart(6, '0')}-${kind}`
}

export function summaryOf(name: string, { kind, at, files }: Manifest): SnapshotSummary {
  const missions = new Set(files.flatMap(({ path }) => (path.startsWith('missions/') ? [path.split('/')[1]] : [])))
  return { name, kind, at, bytes: files.reduce((sum, { size }) => sum + size, 0), missions: missions.size }
}

const hourMs = 3_600_000

/** What time asks for now. Any snapshot counts for the hour; a clock that was set makes one more at most. */
export function due(newestFirst: readonly SnapshotSummary[], now: number): 'hourly' | 'daily' | undefined {
  const age = (found: SnapshotSummary | undefined) => (found === undefined ? Infinity : Math.abs(now - found.at))
  if (age(newestFirst.find(({ kind }) => kind === 'daily')) >= 24 * hourMs) return 'daily'
  return age(newestFirst[0]) >= hourMs ? 'hourly' : undefined
}

/** Of each kind the newest stay. */
export function expired(newestFirst: readonly SnapshotSummary[]): readonly SnapshotSummary[] {
  const { hourly, daily, others } = bounds.snapshots
  return kinds.flatMap((kind) => {
    const most = kind === 'hourly' ? hourly : kind === 'daily' ? daily : others
    return newestFirst.filter((one) => one.kind === kind).slice(most)
  })
}

export function hasRoom(freeBytes: number, wantedBytes: number): boolean {
  return freeBytes - wantedBytes >= bounds.snapshotReserveBytes
}

/** `latest` is the newest that is not what a restore left behind: going back twice goes to the same. */
export function chosen(newestFirst: readonly SnapshotSummary[], name: string): SnapshotSummary | undefined {
  return newestFirst.find((one) => (name === 'latest' ? one.kind !== 'restore' : one.name === name))
}
