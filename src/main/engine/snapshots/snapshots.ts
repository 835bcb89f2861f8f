/**
 * Copies of what the data folder holds, made while the node runs (docs/protocol/disk.md). Files lie in pieces named by
 * their hash, each stored once however many snapshots hold it, and never the original itself: damage there does not reach
 * them. A snapshot is there when its manifest is; pieces that no manifest names are left over and are removed.
 */
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import type { SnapshotKind, SnapshotSummary } from '@shared/model.js'
import { sha256 } from '../bytes/hash.js'
import { bounds } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import { kept, systemCode, type Disk, type FileFacts } from '../storage/disk.js'
import { openDocument } from '../storage/document.js'
import { readFolderVersion } from '../storage/versions.js'
import {
  documents,
  due,
  expired,
  folders,
  hasRoom,
  isDocument,
  isKept,
  ManifestSchema,
  nameOf,
  numberOf,
  summaryOf,
  type Manifest,
  type SnapshotFile
} from './manifest.js'

const folder = 'snapshots'
const piecesFolder = `${folder}/pieces`

const firstCheckMs = 60_000
const checkMs = 10 * 60_000

export interface SnapshotsParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly log: Log
  /** Why none can be made now. */
  readonly onProblem: (found: Problem | undefined) => void
}

export class Snapshots {
  readonly #parts: SnapshotsParts
  /** Of manifests that were read: they change only in `forget`. */
  readonly #summaries = new Map<string, SnapshotSummary>()
  #turn: Promise<unknown> = Promise.resolve()
  #cancelCheck: () => void = () => undefined
  #endPause: () => void = () => undefined
  #stopped = false

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /** Removes what a crash left, then makes one whenever an hour or a day has passed. */
  start(): void {
    const check = async (): Promise<void> => {
      const kind = due(await this.list(), this.#parts.clock.now())
      if (kind !== undefined) await this.take(kind)
      if (kind === 'daily') await this.#inTurn(() => this.#removeRotten())
    }
    const later = (ms: number): void => {
      if (this.#stopped) return
      this.#cancelCheck = this.#parts.clock.after(ms, () => this.#unlessStopped(check).finally(() => later(checkMs)))
    }
    void this.#unlessStopped(() => this.#inTurn(() => this.#sweep()))
    later(firstCheckMs)
  }

  /** One that is being made is given up; its pieces are found at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelCheck()
    this.#endPause()
    await this.#turn
  }

  /** Newest first. */
  async list(): Promise<readonly SnapshotSummary[]> {
    const summaries: SnapshotSummary[] = []
    for (const name of await this.#names()) {
      const summary = this.#summaries.get(name) ?? (await this.#summary(name))
      if (summary !== undefined) summaries.push(summary)
    }
    return summaries
  }

  async #summary(name: string): Promise<SnapshotSummary | undefined> {
    const manifest = await this.read(name)
    if (!manifest.ok) return undefined
    const summary = summaryOf(name, manifest.value)
    this.#summaries.set(name, summary)
    return summary
  }

  async read(name: string): Promise<Result<Manifest>> {
    if (numberOf(name) === undefined) return fail('not-found', name)
    const read = await openDocument(this.#parts.disk, `${folder}/${name}.json`, ManifestSchema).read()
    if (!read.ok) return read.problem.code === 'newer-data' ? read : fail('snapshot-damaged', read.problem.detail)
    return read.value === undefined ? fail('not-found', name) : ok(read.value)
  }

  /** A piece as it was stored, or a problem when it is not that any more. */
  async piece(hash: string): Promise<Result<Buffer>> {
    const bytes = await this.#parts.disk.read(`${piecesFolder}/${hash}`)
    return bytes !== undefined && sha256(bytes).toString('hex') === hash
      ? ok(bytes)
      : fail('snapshot-damaged', `piece ${hash}`)
  }

  /** Answers when it is durable. Those that time asks for leave the disk to others half of the time. */
  take(kind: SnapshotKind): Promise<Result<SnapshotSummary>> {
    return this.#inTurn(async () => {
      const taken = await kept(this.#take(kind))
      const result = taken.ok ? taken.value : taken
      const { onProblem, log } = this.#parts
      if (result.ok) log('info', 'snapshot', { name: result.value.name, bytes: result.value.bytes })
      else if (result.problem.code !== 'stopping') log('warn', 'no-snapshot', { code: result.problem.code })
      if (result.ok || result.problem.code !== 'stopping') onProblem(result.ok ? undefined : result.problem)
      return result
    })
  }

  /** Takes files out of every snapshot; answers when no snapshot and no piece holds them any more. */
  async forget(isGone: (path: string) => boolean): Promise<Result<null>> {
    const done = await kept(this.#inTurn(() => this.#forget(isGone)))
    return done.ok ? ok(null) : done
  }

  async #forget(isGone: (path: string) => boolean): Promise<void> {
    for (const name of await this.#names()) {
      const manifest = await this.read(name)
      if (!manifest.ok || !manifest.value.files.some(({ path }) => isGone(path))) continue
      const files = manifest.value.files.filter(({ path }) => !isGone(path))
      const document = openDocument(this.#parts.disk, `${folder}/${name}.json`, ManifestSchema)
      await document.write({ ...manifest.value, files })
      this.#summaries.delete(name)
    }
    await this.#sweep()
  }

  /** One after the other: sweeping must not meet pieces of one that is being made. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work)
    this.#turn = next.catch(() => undefined)
    return next
  }

  async #unlessStopped(work: () => Promise<void>): Promise<void> {
    const { log, onProblem } = this.#parts
    try {
      if (!this.#stopped) await work()
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      log('warn', 'snapshots-failed', { error: String(error) })
      onProblem(problem('disk-failed', String(error)))
    }
  }

  async #take(kind: SnapshotKind): Promise<Result<SnapshotSummary>> {
    const { disk, clock } = this.#parts
    if (this.#stopped) return fail('stopping')
    const isPaced = kind === 'hourly' || kind === 'daily'
    const names = await this.#names()
    const known = new Set(await disk.list(piecesFolder))
    const before = names[0] === undefined ? undefined : await this.read(names[0])
    const same = unchangedSince(before?.ok === true ? before.value.files : [], known)
    const present = await this.#present()
    const wanted = present.reduce((sum, facts) => sum + (same(facts) === undefined ? facts.size : 0), 0)
    if (!hasRoom(await disk.free(), wanted)) return fail('no-room-for-snapshot')
    const files: SnapshotFile[] = []
    for (const facts of present) {
      const file = same(facts) ?? (await this.#store(facts, known, isPaced))
      if (this.#stopped) return fail('stopping')
      if (file !== undefined) files.push(file)
    }
    const version = await readFolderVersion(disk)
    if (!version.ok) return version
    const manifest = { kind, at: clock.now(), folderVersion: version.value, files }
    const name = nameOf((numberOf(names[0] ?? '') ?? 0) + 1, kind)
    await openDocument(disk, `${folder}/${name}.json`, ManifestSchema).write(manifest)
    await this.#removeExpired()
    return ok(summaryOf(name, manifest))
  }

  /** Every file that a snapshot holds, as it is now. */
  async #present(): Promise<readonly FileFacts[]> {
    const { disk } = this.#parts
    const single = await Promise.all(documents.map((path) => disk.facts(path)))
    const grown = await Promise.all(folders.map((path) => disk.files(path)))
    return [...single.filter((one) => one !== undefined), ...grown.flat().filter(({ path }) => isKept(path))]
  }

  /** `undefined` when it is gone meanwhile. What it grows while it is read is for the next one. */
  async #store({ path, size, modified }: FileFacts, known: Set<string>, isPaced: boolean) {
    const { disk, clock } = this.#parts
    const whole = isDocument(path) ? await disk.read(path) : undefined
    const pieces: string[] = []
    let offset = 0
    try {
      while (offset < (whole?.length ?? size) && !this.#stopped) {
        const startedAt = clock.monotonic()
        const length = Math.min(bounds.snapshotPieceBytes, (whole?.length ?? size) - offset)
        const bytes = whole?.subarray(offset, offset + length) ?? (await disk.readPart(path, offset, length))
        if (bytes.length === 0) break // Cut meanwhile.
        const hash = sha256(bytes).toString('hex')
        if (!known.has(hash)) await disk.replace(`${piecesFolder}/${hash}`, bytes, { mode: 0o600 })
        known.add(hash)
        pieces.push(hash)
        offset += bytes.length
        if (isPaced) await this.#pause(clock.monotonic() - startedAt)
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    }
    return { path, size: offset, modified, pieces }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const cancel = this.#parts.clock.after(ms, done)
      this.#endPause = () => {
        cancel()
        done()
      }
    })
  }

  async #removeExpired(): Promise<void> {
    const gone = expired(await this.list())
    for (const { name } of gone) {
      await this.#parts.disk.remove(`${folder}/${name}.json`)
      this.#summaries.delete(name)
    }
    if (gone.length > 0) await this.#sweep()
  }

  /** Pieces that no snapshot names, and what a crash left in the middle of a write. */
  async #sweep(): Promise<void> {
    const { disk } = this.#parts
    const named = new Set<string>()
    for (const name of await this.#names()) {
      const manifest = await this.read(name)
      // One that cannot be read may still be of use to somebody, as long as its pieces are there.
      if (!manifest.ok && manifest.problem.code === 'newer-data') return
      if (manifest.ok) for (const { pieces } of manifest.value.files) for (const hash of pieces) named.add(hash)
    }
    for (const name of await disk.list(folder)) if (name.endsWith('.new')) await disk.remove(`${folder}/${name}`)
    for (const hash of await disk.list(piecesFolder)) {
      if (this.#stopped) return
      if (!named.has(hash)) await disk.remove(`${piecesFolder}/${hash}`)
    }
  }

  /** Pieces that are not what their name says: the next snapshot stores them anew, if the original still has them. */
  async #removeRotten(): Promise<void> {
    const { disk, clock, log } = this.#parts
    for (const hash of await disk.list(piecesFolder)) {
      if (this.#stopped) return
      const startedAt = clock.monotonic()
      if (!(await this.piece(hash)).ok) {
        log('warn', 'snapshot-rotten', { piece: hash })
        await disk.remove(`${piecesFolder}/${hash}`)
      }
      await this.#pause(clock.monotonic() - startedAt)
    }
  }

  /** Newest first. */
  async #names(): Promise<readonly string[]> {
    const names = (await this.#parts.disk.list(folder)).flatMap((name) =>
      name.endsWith('.json') && numberOf(name.slice(0, -5)) !== undefined ? [name.slice(0, -5)] : []
    )
    return names.sort((one, other) => (numberOf(other) ?? 0) - (numberOf(one) ?? 0))
  }
}

/** Files that need not be read again: as they were then, with all their pieces there. */
function unchangedSince(before: readonly SnapshotFile[], known: ReadonlySet<string>) {
  const files = new Map(before.map((file) => [file.path, file]))
  return ({ path, size, modified }: FileFacts): SnapshotFile | undefined => {
    const file = files.get(path)
    const isSame = file?.size === size && file.modified === modified && file.pieces.every((hash) => known.has(hash))
    return isSame ? file : undefined
  }
}
