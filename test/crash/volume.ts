/**
 * Files in memory behind the calls of `node:fs/promises`, with what a power cut may leave of them. Each change is a step;
 * a step is durable once the sync that covers it has returned: of the file for its bytes, of the folder for its names. A
 * write to a file that was opened with O_DSYNC is a step and then a sync of this step alone, in one call.
 * Of all others any may be lost, whatever came later, and a write may be torn. That is more than most file systems allow
 * themselves, and no less than POSIX does. A sync that fails drops what it should have saved, as Linux does: reads show
 * it until the power goes, and no later sync saves it.
 */
import { constants } from 'node:fs'
import type { Random } from '../../src/main/engine/runtime/random.js'
import { systemError } from '../sim/disk.js'

/** A file by its number, so that a rename takes its bytes along. */
type Entry = 'folder' | number

type Step =
  | { readonly kind: 'folder' | 'remove'; readonly path: string }
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  /** `only`: of nothing else in the file. */
  | { readonly kind: 'sync' | 'failed sync'; readonly file: number; readonly only?: Step }
  | { readonly kind: 'sync folder'; readonly path: string }

/** What became of a step that was not durable. `short`: so many bytes; `zeros`: whole length, zeros from there on. */
export type Fate = 'kept' | 'lost' | { readonly torn: 'short' | 'zeros'; readonly at: number }

/** Files as they are; contents are never changed in place. */
export interface Image {
  readonly entries: ReadonlyMap<string, Entry>
  readonly contents: ReadonlyMap<number, Buffer>
}

class Tree implements Image {
  readonly entries: Map<string, Entry>
  readonly contents: Map<number, Buffer>

  constructor({ entries, contents }: Image) {
    this.entries = new Map(entries)
    this.contents = new Map(contents)
  }

  apply(step: Step, fate: Fate = 'kept'): void {
    if (fate === 'lost') return
    if (step.kind === 'folder') this.entries.set(step.path, 'folder')
    else if (step.kind === 'create') this.entries.set(step.path, step.file)
    else if (step.kind === 'remove') this.entries.delete(step.path)
    else if (step.kind === 'rename') this.#rename(step.from, step.to)
    else if (step.kind === 'write')
      this.#write(step.file, step.at, fate === 'kept' ? step.bytes : torn(step.bytes, fate))
    else if (step.kind === 'truncate') {
      const bytes = this.#bytes(step.file)
      const grown = Buffer.alloc(Math.max(0, step.size - bytes.length))
      this.contents.set(step.file, Buffer.concat([bytes.subarray(0, step.size), grown]))
    }
  }

  /** Without what lies in folders that are not there. */
  pruned(): Image {
    for (const path of [...this.entries.keys()].sort())
      if (folderOf(path) !== '' && this.entries.get(folderOf(path)) !== 'folder') this.entries.delete(path)
    return this
  }

  #bytes(file: number): Buffer {
    return this.contents.get(file) ?? Buffer.alloc(0)
  }

  #write(file: number, at: number, bytes: Buffer): void {
    const before = this.#bytes(file)
    const gap = Buffer.alloc(Math.max(0, at - before.length))
    this.contents.set(file, Buffer.concat([before.subarray(0, at), gap, bytes, before.subarray(at + bytes.length)]))
  }

  #rename(from: string, to: string): void {
    for (const [path, entry] of [...this.entries]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.entries.delete(path)
      this.entries.set(to + path.slice(from.length), entry)
    }
  }
}

function torn(bytes: Buffer, fate: Exclude<Fate, string>): Buffer {
  const kept = bytes.subarray(0, fate.at)
  return fate.torn === 'short' ? kept : Buffer.concat([kept, Buffer.alloc(bytes.length - fate.at)])
}

export const emptyImage: Image = { entries: new Map(), contents: new Map() }

/** What is durable after some steps, and what is not. */
export class PowerCut {
  readonly #base: Tree
  /** From the first step that is not durable on. */
  #rest: { readonly step: Step; state: 'durable' | 'pending' | 'dropped' }[] = []

  constructor(image: Image = emptyImage) {
    this.#base = new Tree(image)
  }

  take(step: Step): void {
    if (step.kind === 'sync' || step.kind === 'failed sync' || step.kind === 'sync folder') {
      for (const one of this.#rest)
        if (one.state === 'pending' && isCovered(one.step, step))
          one.state = step.kind === 'failed sync' ? 'dropped' : 'durable'
      while (this.#rest[0]?.state === 'durable') this.#base.apply((this.#rest.shift() as { step: Step }).step)
    } else this.#rest.push({ step, state: 'pending' })
  }

  /** Steps that a power cut now may undo. */
  get open(): readonly Step[] {
    return this.#rest.flatMap(({ step, state }) => (state === 'durable' ? [] : [step]))
  }

  /** @param fates one for each open step */
  image(fates: readonly Fate[]): Image {
    const tree = new Tree(this.#base)
    let index = 0
    for (const { step, state } of this.#rest) tree.apply(step, state === 'durable' ? 'kept' : fates[index++])
    return tree.pruned()
  }

  /**
   * All combinations of lost, torn and kept while at most `most` steps are open (each write torn in one way); else, or
   * where `count` is smaller, so many that chance picks. The one that loses everything is always there.
   */
  *fates(random: Random, most: number, count: number): Generator<readonly Fate[]> {
    const open = this.open
    const choices = open.map((step): readonly Fate[] => ['lost', 'kept', ...tears(step, random)])
    const all = choices.reduce((product, { length }) => product * length, 1)
    if (open.length <= most && all <= count) {
      for (let number = 0; number < all; number++) {
        let left = number
        yield choices.map((fates) => {
          const fate = fates[left % fates.length] ?? 'lost'
          left = Math.floor(left / fates.length)
          return fate
        })
      }
      return
    }
    yield choices.map(() => 'lost')
    for (let number = 1; number < count; number++)
      yield choices.map((fates) => fates[Math.floor(random.unit() * fates.length)] ?? 'lost')
  }
}

function tears(step: Step, random: Random): readonly Fate[] {
  if (step.kind !== 'write' || step.bytes.length < 2) return []
  const at = 1 + Math.floor(random.unit() * (step.bytes.length - 1))
  return [{ torn: random.unit() < 0.5 ? 'short' : 'zeros', at }]
}

function isCovered(step: Step, by: Step): boolean {
  if (by.kind === 'sync folder') {
    if (step.kind === 'rename') return folderOf(step.to) === by.path || folderOf(step.from) === by.path
    return 'path' in step && folderOf(step.path) === by.path
  }
  if ((step.kind !== 'write' && step.kind !== 'truncate') || !('file' in by) || step.file !== by.file) return false
  return !('only' in by) || by.only === step
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

export interface FileCall {
  /** From 1. */
  readonly number: number
  readonly name: string
  readonly path: string
}

const volumes = new Map<string, Volume>()

export class Volume {
  /** Where it is mounted: paths below it are its own. */
  readonly mount: string
  readonly steps: Step[] = []
  calls = 0
  /** Asked before each call; throws to make it fail, without effect except that of a failed sync. */
  onCall: (call: FileCall) => void = () => undefined
  /** Before each step is taken. */
  onStep: () => void = () => undefined
  /** How long the disk works at a sync. */
  wait: () => Promise<void> = () => Promise.resolve()
  readonly #tree: Tree
  #files: number
  readonly #modified = new Map<number, number>()
  #times = 1
  static #count = 0

  constructor(image: Image = emptyImage) {
    this.mount = `/volume-${String(++Volume.#count)}`
    this.#tree = new Tree(image)
    const files = [...image.entries.values()].filter((entry) => entry !== 'folder')
    this.#files = Math.max(0, ...files, ...image.contents.keys())
    volumes.set(this.mount, this)
  }

  /** Frees its memory; calls after that fail. */
  unmount(): void {
    volumes.delete(this.mount)
  }

  get image(): Image {
    return this.#tree
  }

  paths(): readonly string[] {
    return [...this.#tree.entries.keys()].sort()
  }

  begin(name: string, path: string): void {
    this.onCall({ number: ++this.calls, name, path })
  }

  entry(path: string): Entry | undefined {
    return path === '' ? 'folder' : this.#tree.entries.get(path)
  }

  bytes(file: number): Buffer {
    return this.#tree.contents.get(file) ?? Buffer.alloc(0)
  }

  /** As `node:fs` tells it, as far as the real disk asks. */
  stats(entry: Entry) {
    const isFile = entry !== 'folder'
    return {
      size: isFile ? this.bytes(entry).length : 0,
      mtimeMs: isFile ? (this.#modified.get(entry) ?? 0) : 0,
      isFile: () => isFile,
      isDirectory: () => !isFile,
      // A power cut leaves the folder where it is.
      ino: 1n,
      birthtimeNs: 1n
    }
  }

  newFile(path: string): number {
    const file = ++this.#files
    this.take({ kind: 'create', path, file })
    return file
  }

  names(path: string): readonly string[] {
    return this.paths().flatMap((other) =>
      folderOf(other) === path ? [other.slice(path.length).replace('/', '')] : []
    )
  }

  take(step: Step): void {
    this.onStep()
    this.steps.push(step)
    this.#tree.apply(step)
    if (step.kind === 'write' || step.kind === 'truncate') this.#modified.set(step.file, ++this.#times)
  }
}

function locate(path: string): { readonly volume: Volume; readonly path: string } {
  const parts = path.replaceAll('\\', '/').split('/')
  const volume = volumes.get(`/${parts[1] ?? ''}`)
  if (volume === undefined) throw systemError('EIO', `${path}: not on a volume`)
  return { volume, path: parts.slice(2).join('/') }
}

function existing(name: string, at: string) {
  const { volume, path } = locate(at)
  volume.begin(name, path)
  const entry = volume.entry(path)
  if (entry === undefined) throw systemError('ENOENT', `${name} ${at}`)
  return { volume, path, entry }
}

function withParent(name: string, at: string) {
  const { volume, path } = locate(at)
  volume.begin(name, path)
  const parent = volume.entry(folderOf(path))
  if (parent === undefined) throw systemError('ENOENT', `${name} ${at}`)
  if (parent !== 'folder') throw systemError('ENOTDIR', `${name} ${at}`)
  return { volume, path, entry: volume.entry(path) }
}

function openFile(volume: Volume, path: string, entry: Entry, isSynced: boolean) {
  const file = () => {
    if (entry === 'folder') throw systemError('EISDIR', path)
    return entry
  }
  const syncStep = async (covered: { readonly only?: Step } = {}) => {
    try {
      volume.begin('sync', path)
    } catch (error) {
      if (entry !== 'folder') volume.take({ kind: 'failed sync', file: entry, ...covered })
      throw error
    }
    await volume.wait()
    volume.take(entry === 'folder' ? { kind: 'sync folder', path } : { kind: 'sync', file: entry, ...covered })
  }
  const sync = () => syncStep()
  return {
    async writeFile(bytes: Uint8Array) {
      volume.begin('write', path)
      volume.take({ kind: 'write', file: file(), at: 0, bytes: Buffer.from(bytes) })
    },
    async write(bytes: Uint8Array, from: number, length: number, position: number) {
      volume.begin('write', path)
      const part = Buffer.from(bytes.subarray(from, from + length))
      const step: Step = { kind: 'write', file: file(), at: position, bytes: part }
      volume.take(step)
      if (isSynced) await syncStep({ only: step })
      return { bytesWritten: length, buffer: bytes }
    },
    async writev(parts: readonly Uint8Array[], position: number) {
      volume.begin('write', path)
      const bytes = Buffer.concat(parts)
      const step: Step = { kind: 'write', file: file(), at: position, bytes }
      volume.take(step)
      if (isSynced) await syncStep({ only: step })
      return { bytesWritten: bytes.length, buffers: parts }
    },
    async read(buffer: Uint8Array, at: number, length: number, position: number) {
      volume.begin('read', path)
      const part = volume.bytes(file()).subarray(position, position + length)
      buffer.set(part, at)
      return { bytesRead: part.length, buffer }
    },
    sync,
    datasync: sync,
    async truncate(size = 0) {
      volume.begin('truncate', path)
      volume.take({ kind: 'truncate', file: file(), size })
    },
    async stat() {
      volume.begin('stat', path)
      return volume.stats(file())
    },
    close: () => Promise.resolve()
  }
}

/** What the real disk uses of `node:fs/promises`; what it does not use yet is missing here, and asking for it fails. */
export const volumeCalls = {
  async mkdir(at: string) {
    const { volume, path, entry } = withParent('mkdir', at)
    if (entry !== undefined) throw systemError('EEXIST', at)
    volume.take({ kind: 'folder', path })
  },
  async open(at: string, flags: string | number) {
    const { volume, path, entry } = withParent('open', at)
    const isNew = entry === undefined
    const mayCreate = typeof flags === 'number' ? (flags & constants.O_CREAT) !== 0 : flags.startsWith('w')
    if (isNew && !mayCreate) throw systemError('ENOENT', at)
    if (entry === 'folder' && flags !== 'r') throw systemError('EISDIR', at)
    const file = entry ?? volume.newFile(path)
    if (!isNew && flags === 'w' && file !== 'folder') volume.take({ kind: 'truncate', file, size: 0 })
    return openFile(volume, path, file, typeof flags === 'number' && (flags & constants.O_DSYNC) !== 0)
  },
  async readdir(at: string) {
    const { volume, path, entry } = existing('readdir', at)
    if (entry !== 'folder') throw systemError('ENOTDIR', at)
    return volume.names(path)
  },
  async readFile(at: string) {
    const { volume, entry } = existing('readFile', at)
    if (entry === 'folder') throw systemError('EISDIR', at)
    return Buffer.from(volume.bytes(entry))
  },
  async rename(from: string, to: string) {
    const source = existing('rename', from)
    const target = locate(to)
    if (target.volume.entry(folderOf(target.path)) !== 'folder') throw systemError('ENOENT', to)
    source.volume.take({ kind: 'rename', from: source.path, to: target.path })
  },
  async stat(at: string) {
    const { volume, entry } = existing('stat', at)
    return volume.stats(entry)
  },
  async unlink(at: string) {
    const { volume, path, entry } = existing('unlink', at)
    if (entry === 'folder') throw systemError('EISDIR', at)
    volume.take({ kind: 'remove', path })
  },
  async rm(at: string, { force = false, recursive = false }: { readonly force?: boolean; recursive?: boolean } = {}) {
    const { volume, path } = locate(at)
    const entry = volume.entry(path)
    if (force && entry === undefined) volume.begin('unlink', path)
    else if (recursive && entry === 'folder') {
      for (const name of volume.names(path)) await volumeCalls.rm(`${at}/${name}`, { recursive })
      volume.begin('rmdir', path)
      volume.take({ kind: 'remove', path })
    } else await volumeCalls.unlink(at)
  },
  async statfs(at: string) {
    const { volume, path } = locate(at)
    volume.begin('statfs', path)
    return { bavail: 2 ** 28, bsize: 4096 }
  }
}
