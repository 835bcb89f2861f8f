/**
 * Going back to a snapshot (docs/protocol/disk.md): everything is verified and laid out beside the data, then one record
 * commits to it, and the next start puts it in place by renaming. A crash before the record leaves all as it was, one
 * after it is gone on with. What must not go back stays: the journal of decisions, keys and peers, as long as they read.
 */
import * as v from 'valibot'
import { fail, ok, type Result } from '@shared/result.js'
import type { SnapshotSummary } from '@shared/model.js'
import { parseLine } from '../bytes/line.js'
import { kept, type Disk } from '../storage/disk.js'
import { moveAside, openDocument, parseDocument } from '../storage/document.js'
import { openStore, type StoreRandom } from '../storage/store.js'
import { folderVersion, writeFolderVersion } from '../storage/versions.js'
import { chosen, documents, folders, type SnapshotFile } from './manifest.js'
import type { Snapshots } from './snapshots.js'

const staging = 'restore'

/** What is put in place as one: a document, or a folder with all in it. */
type Part = (typeof documents)[number] | (typeof folders)[number]

const Commit = v.object({
  name: v.string(),
  /** Of what comes back. */
  folderVersion: v.number(),
  parts: v.array(v.object({ name: v.picklist([...documents, ...folders]), isEmpty: v.boolean() })),
  /** What is replaced is in a snapshot made before. */
  isReplacedKept: v.boolean()
})
type Commit = v.InferOutput<typeof Commit>

const commitOf = (disk: Disk) => openDocument(disk, `${staging}/commit.json`, Commit)

/** Lays a snapshot out and commits to it; it takes effect at the next start. `name` may be `latest`. */
export async function stageRestore(disk: Disk, snapshots: Snapshots, name: string): Promise<Result<SnapshotSummary>> {
  const laid = await kept(layOutAll(disk, snapshots, name))
  const staged = laid.ok ? laid.value : laid
  // On a full disk its beginnings would take the room that is needed to go on.
  if (!staged.ok) await kept(removeStaging(disk))
  return staged
}

async function layOutAll(disk: Disk, snapshots: Snapshots, name: string): Promise<Result<SnapshotSummary>> {
  const summary = chosen(await snapshots.list(), name)
  if (summary === undefined) return fail('not-found', `no snapshot ${name}`)
  const manifest = await snapshots.read(summary.name)
  if (!manifest.ok) return manifest
  if (manifest.value.folderVersion > folderVersion) return fail('newer-data', summary.name)
  const before = await snapshots.take('restore')
  const staying = await readable(disk)
  const files = manifest.value.files.filter(({ path }) => path !== 'folder.json' && !staying.has(partOf(path)))
  await removeStaging(disk)
  for (const file of files) {
    const laid = await layOut(disk, snapshots, file)
    if (!laid.ok) return laid
  }
  const parts = [...documents, ...folders].filter((part) => part !== 'folder.json' && !staying.has(part))
  await commitOf(disk).write({
    name: summary.name,
    folderVersion: manifest.value.folderVersion,
    parts: parts.map((part) => ({ name: part, isEmpty: !files.some(({ path }) => partOf(path) === part) })),
    isReplacedKept: before.ok
  })
  return ok(summary)
}

/** Ends what `stageRestore` began; gives the snapshot's name when there was one to go back to. */
export async function applyRestore(disk: Disk, random: StoreRandom): Promise<string | undefined> {
  const commit = await commitOf(disk).read()
  if (!commit.ok || commit.value === undefined) {
    // Never committed: nothing of it counts.
    await removeStaging(disk)
    return undefined
  }
  const { name, parts, isReplacedKept } = commit.value
  for (const part of parts) await putInPlace(disk, part)
  const hasTrust = parts.some((part) => part.name === 'trust' && !part.isEmpty)
  await (await openStore(disk, random)).renew(hasTrust ? `snapshots/${name}` : undefined)
  await writeFolderVersion(disk, commit.value.folderVersion)
  if (!isReplacedKept && (await isThere(disk, `${staging}/old`))) await moveAside(disk, `${staging}/old`)
  await removeStaging(disk)
  return name
}

/** The record first: what it commits to must be whole as long as it is there. */
async function removeStaging(disk: Disk): Promise<void> {
  await disk.remove(`${staging}/commit.json`)
  await disk.remove(staging)
}

/** First the old away, then the new in: whatever is missing after a crash tells how far it came. */
async function putInPlace(disk: Disk, { name, isEmpty }: Commit['parts'][number]): Promise<void> {
  const [next, old] = [`${staging}/files/${name}`, `${staging}/old/${name}`]
  const isDone = isEmpty ? await isThere(disk, old) : !(await isThere(disk, next))
  if (isDone) return
  if (await isThere(disk, name)) await disk.move(name, old)
  if (isEmpty) return
  await disk.remove(name) // An empty folder: Windows renames onto nothing.
  await disk.move(next, name)
}

async function isThere(disk: Disk, path: string): Promise<boolean> {
  return (await disk.facts(path)) !== undefined || (await disk.list(path)).length > 0
}

async function layOut(disk: Disk, snapshots: Snapshots, { path, size, pieces }: SnapshotFile): Promise<Result<null>> {
  const file = await disk.openLog(`${staging}/files/${path}`, 'at sync')
  try {
    for (const hash of pieces) {
      const piece = await snapshots.piece(hash)
      if (!piece.ok) return piece
      await file.append(piece.value)
    }
    await file.sync()
    if (file.size !== size) return fail('snapshot-damaged', path)
    return ok(null)
  } finally {
    await file.close()
  }
}

function partOf(path: string): Part | undefined {
  const first = path.split('/', 1)[0]
  return [...documents, ...folders].find((part) => part === first)
}

/**
 * What is here and reads stays: revocations must not be lost, peers have seen a newer record of this identity, and where
 * peers were met last is better known now than then.
 */
async function readable(disk: Disk): Promise<ReadonlySet<Part | undefined>> {
  const staying = new Set<Part>()
  for (const name of ['identity.json', 'peers.json'] as const) {
    const bytes = await disk.read(name)
    if (bytes !== undefined && parseDocument(bytes, v.unknown()).ok) staying.add(name)
  }
  for (const { path } of await disk.files('trust')) {
    const start = await disk.readPart(path, 0, 4096)
    const header = parseLine(start.subarray(0, Math.max(0, start.indexOf(0x0a))))
    if (typeof header !== 'string' && header['muster'] === 'trust') staying.add('trust')
  }
  return staying
}
