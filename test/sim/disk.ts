/**
 * A disk in memory that loses what was not synced, tears what was being written, fills up and fails on purpose. Survives
 * the crash of its node: hand the same disk to the next engine.
 */
import type { Disk, Durable, FileFacts, LogFile } from '../../src/main/engine/storage/disk.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import type { VirtualTime } from './time.js'

interface StoredFile {
  bytes: Buffer
  /** Length of what survives a crash for sure. */
  synced: number
  /** Grows with each write to any file. */
  modified: number
}

export interface DiskFaults {
  isFull: boolean
  /** Called before every operation; throw to make it fail. */
  onCall: (operation: string, path: string) => void
  syncMs: number
  /** Bytes that it holds in all. */
  capacity: number
}

export class SimDisk implements Disk {
  readonly faults: DiskFaults = { isFull: false, onCall: () => undefined, syncMs: 0.3, capacity: Infinity }
  readonly #time: VirtualTime | undefined
  readonly #random: Random
  #files = new Map<string, StoredFile>()
  /** Grows with each crash: what an old engine still does reaches nothing. */
  #life = 0
  #places = 0
  #writes = 0
  calls = 0

  constructor(random: Random, time?: VirtualTime) {
    this.#random = random
    this.#time = time
  }

  /** Power cut: of each file's un-synced tail a random part remains, and its last bytes may be garbage. */
  crash(): void {
    this.#life++
    for (const [path, file] of this.#files) {
      const tail = file.bytes.length - file.synced
      const kept = Math.floor(this.#random.unit() * (tail + 1))
      const bytes = Buffer.from(file.bytes.subarray(0, file.synced + kept))
      if (kept > 0 && this.#random.unit() < 0.5) bytes.fill(0, file.synced + Math.floor(kept / 2))
      this.#files.set(path, { bytes, synced: bytes.length, modified: ++this.#writes })
    }
  }

  get used(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** The disk as one engine sees it: after a crash that one reaches nothing any more. */
  alive(): Disk {
    const life = this.#life
    const mortal =
      <Arguments extends unknown[], Answer>(call: (...given: Arguments) => Promise<Answer>) =>
      (...given: Arguments): Promise<Answer> =>
        life === this.#life ? call.apply(this, given) : Promise.reject(systemError('EIO', 'the disk went away'))
    return {
      read: mortal((path) => this.read(path)),
      readPart: mortal((path, offset, length) => this.readPart(path, offset, length)),
      replace: mortal((path, bytes) => this.replace(path, bytes)),
      openLog: mortal((path) => this.openLog(path)),
      list: mortal((folder) => this.list(folder)),
      move: mortal((from, to) => this.move(from, to)),
      remove: mortal((path) => this.remove(path)),
      facts: mortal((path) => this.facts(path)),
      files: mortal((folder) => this.files(folder)),
      free: mortal(() => this.free()),
      place: mortal(() => this.place())
    }
  }

  /** All files as they are now, for going back to an older copy of the folder. */
  copy(): ReadonlyMap<string, Buffer> {
    return new Map([...this.#files].map(([path, { bytes }]) => [path, bytes]))
  }

  restore(copy: ReadonlyMap<string, Buffer>): void {
    this.#life++
    this.#places++
    this.#files = new Map(
      [...copy].map(([path, bytes]) => [path, { bytes, synced: bytes.length, modified: ++this.#writes }])
    )
  }

  /** Damages a stored file in place. */
  alter(path: string, change: (bytes: Buffer) => void): void {
    const file = this.#files.get(path)
    if (file === undefined) throw new Error(`no ${path}`)
    file.bytes = Buffer.from(file.bytes) // A copy of the folder may share it.
    change(file.bytes)
  }

  /** By somebody's mistake; nothing of the engine does it. */
  lose(path: string): void {
    this.#files.delete(path)
  }

  paths(): readonly string[] {
    return [...this.#files.keys()].sort()
  }

  async read(path: string): Promise<Buffer | undefined> {
    await this.#begin('read', path)
    const file = this.#files.get(path)
    return file === undefined ? undefined : Buffer.from(file.bytes)
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#begin('replace', path, bytes.length)
    this.#files.set(path, { bytes: Buffer.from(bytes), synced: bytes.length, modified: ++this.#writes })
  }

  async openLog(path: string, durable: Durable = 'at append'): Promise<LogFile> {
    await this.#begin('open', path)
    const life = this.#life
    if (!this.#files.has(path)) this.#files.set(path, { bytes: Buffer.alloc(0), synced: 0, modified: ++this.#writes })
    const file = () => {
      const found = this.#files.get(path)
      if (found === undefined || life !== this.#life) throw systemError('EIO', 'the disk went away')
      return found
    }
    const call = (operation: string, size = 0) => this.#call(operation, path, size)
    const begin = (operation: string) => this.#begin(operation, path)
    const nextWrite = () => ++this.#writes
    const sync = async () => {
      await begin('sync')
      const stored = file()
      stored.synced = stored.bytes.length
    }
    return {
      get size() {
        return file().bytes.length
      },
      async append(...parts) {
        const [first = Buffer.alloc(0)] = parts
        const bytes = parts.length === 1 ? first : Buffer.concat(parts)
        call('append', bytes.length)
        const stored = file()
        // The first bytes are shared, as many nodes write the same reserve.
        stored.bytes =
          stored.bytes.length === 0
            ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
            : appended(stored.bytes, bytes)
        stored.modified = nextWrite()
        // From here on reads show it, and until the sync ends, or when it fails, a power cut may take or tear it.
        await (durable === 'at append' ? sync() : begin('append'))
      },
      sync,
      async truncate(size) {
        await begin('truncate')
        file().bytes = file().bytes.subarray(0, size)
        file().synced = size
        file().modified = nextWrite()
      },
      close: () => Promise.resolve()
    }
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.#begin('list', folder)
    const names = new Set<string>()
    const start = folder === '.' ? '' : `${folder}/`
    for (const path of this.#files.keys())
      if (path.startsWith(start)) names.add(path.slice(start.length).split('/', 1)[0] ?? '')
    return [...names].sort()
  }

  async move(from: string, to: string): Promise<void> {
    await this.#begin('move', from)
    const isThere = [...this.#files.keys()].some((path) => path === from || path.startsWith(`${from}/`))
    if (!isThere) throw systemError('ENOENT', from)
    for (const [path, file] of [...this.#files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.#files.delete(path)
      this.#files.set(to + path.slice(from.length), file)
    }
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path)
    for (const one of [...this.#files.keys()]) if (one === path || one.startsWith(`${path}/`)) this.#files.delete(one)
  }

  async facts(path: string): Promise<FileFacts | undefined> {
    await this.#begin('read', path)
    const file = this.#files.get(path)
    return file === undefined ? undefined : factsOf(path, file)
  }

  async files(folder: string): Promise<readonly FileFacts[]> {
    await this.#begin('read', folder)
    return this.paths().flatMap((path) => {
      const file = this.#files.get(path)
      return file !== undefined && path.startsWith(`${folder}/`) ? [factsOf(path, file)] : []
    })
  }

  async readPart(path: string, offset: number, length: number): Promise<Buffer> {
    await this.#begin('readPart', path)
    const file = this.#files.get(path)
    if (file === undefined) throw systemError('ENOENT', path)
    return Buffer.from(file.bytes.subarray(offset, offset + length))
  }

  async free(): Promise<number> {
    await this.#begin('read', '')
    return this.faults.isFull ? 0 : Math.max(0, this.faults.capacity - this.used)
  }

  place(): Promise<string> {
    return Promise.resolve(String(this.#places))
  }

  #call(operation: string, path: string, size: number): void {
    this.calls++
    this.faults.onCall(operation, path)
    if (size > 0 && (this.faults.isFull || this.used + size > this.faults.capacity)) throw systemError('ENOSPC', path)
  }

  async #begin(operation: string, path: string, size = 0): Promise<void> {
    const life = this.#life
    this.#call(operation, path, size)
    if (this.#time !== undefined && !operation.startsWith('read')) await this.#time.wait(this.faults.syncMs)
    if (life !== this.#life) throw systemError('EIO', 'the disk went away')
  }
}

function factsOf(path: string, { bytes, modified }: StoredFile): FileFacts {
  return { path, size: bytes.length, modified }
}

/** Into the room behind what is there, if there is some; else there will be twice as much. */
function appended(before: Buffer, more: Uint8Array): Buffer {
  const length = before.length + more.length
  const { buffer, byteOffset } = before
  // Only behind the last byte: an older copy of the file ends before, and must not write into a younger one.
  const isLast = rooms.get(buffer) === byteOffset + before.length
  if (!isLast || byteOffset + length > buffer.byteLength) {
    const room = Buffer.alloc(2 * length)
    before.copy(room)
    room.set(more, before.length)
    rooms.set(room.buffer, room.byteOffset + length)
    return room.subarray(0, length)
  }
  const whole = Buffer.from(buffer, byteOffset, length)
  whole.set(more, before.length)
  rooms.set(buffer, byteOffset + length)
  return whole
}

/** Made here, for one file each: where its bytes end. */
const rooms = new WeakMap<ArrayBufferLike, number>()

export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}
