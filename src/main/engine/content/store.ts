/**
 * Files by the SHA-256 of their bytes (docs/protocol/content.md#disk), each stored once however many missions name it.
 * A file is visible when all of it is durable and is what its name says; it is read only for a mission by which it
 * entered, since a hash is no proof that somebody may have the bytes.
 */
import type { MissionId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, type Result } from '@shared/result.js'
import { isHex } from '../bytes/hash.js'
import { bounds } from '../limits.js'
import { DamageFound, kept, systemCode, type Disk } from '../storage/disk.js'
import { moveAside } from '../storage/document.js'
import { blockBytes, decodeSums, Incoming, readBlocks, sumsOf } from './incoming.js'

const folder = 'content'
const [files, sums, partial, arriving, entries] = ['files', 'sums', 'partial', 'arriving', 'missions'].map(
  (name) => `${folder}/${name}`
) as [string, string, string, string, string]
const wantedMark = '.wanted'
/** While a file of unknown length comes in, room is looked at again after so many bytes. */
const roomEveryBytes = 16 * 1024 * 1024
const sumsInMemory = 64
/** Read at once. */
const blocksAtOnce = 4

export interface ContentStoreParts {
  readonly disk: Disk
  /** What all files together may take, in bytes; `undefined`: half of what is free and taken by them. */
  readonly quota: () => number | undefined
  /** What the disk gave was not what was stored: the file was moved aside. */
  readonly onDamage: (sha256: string, detail: string) => void
}

export interface Stored {
  readonly sha256: string
  readonly size: number
}

/** How much files may take, and how much must be left for everything else. Pure. */
export function roomProblem(
  wanted: number,
  used: number,
  free: number,
  quota: number | undefined
): ProblemCode | undefined {
  if (free - wanted < bounds.contentReserveBytes) return 'disk-full'
  return used + wanted > (quota ?? (used + free) / 2) ? 'content-full' : undefined
}

export class ContentStore {
  readonly #parts: ContentStoreParts
  /** Whole files, by hash. */
  readonly #sizes = new Map<string, number>()
  readonly #entered = new Map<string, Set<string>>()
  readonly #wanted = new Map<string, Set<string>>()
  /** Files that are not whole, by mission and hash: what they take, or will. */
  readonly #coming = new Map<string, number>()
  /** Of the files that were read last. */
  readonly #sums = new Map<string, readonly number[]>()
  #used = 0
  #arrivals = 0

  private constructor(parts: ContentStoreParts) {
    this.#parts = parts
  }

  static async open(parts: ContentStoreParts): Promise<ContentStore> {
    const store = new ContentStore(parts)
    const { disk } = parts
    for (const { path, size } of await disk.files(files)) store.#keep(nameOf(path), size)
    for (const { path, size } of await disk.files(partial)) if (!path.endsWith('.sums')) store.#coming.set(path, size)
    for (const { path } of await disk.files(entries)) {
      const [, , mission = '', name = ''] = path.split('/')
      const isWanted = name.endsWith(wantedMark)
      const sha256 = isWanted ? name.slice(0, -wantedMark.length) : name
      if (isHex(mission, 32) && isHex(sha256, 32)) note(isWanted ? store.#wanted : store.#entered, mission, sha256)
    }
    // Nobody was told that these were kept.
    await disk.remove(arriving)
    return store
  }

  /** Whether it is here, whole, and entered by this mission. */
  has(mission: string, sha256: string): boolean {
    return this.#sizes.has(sha256) && this.#entered.get(mission)?.has(sha256) === true
  }

  /** Whether it entered by this mission once, also where it is damaged now. */
  hasEntered(mission: string, sha256: string): boolean {
    return this.#entered.get(mission)?.has(sha256) === true
  }

  /** Whether its bytes are here, whoever brought them; to be told to nobody. */
  hasBytes(sha256: string): boolean {
    return this.#sizes.has(sha256)
  }

  sizeOf(sha256: string): number | undefined {
    return this.#sizes.get(sha256)
  }

  /** What a file that is not whole takes here, or will; 0: nothing of it came. */
  comingOf(mission: string, sha256: string): number {
    return this.#coming.get(partialOf(mission, sha256)) ?? 0
  }

  /** Files that entered by this mission and are here. */
  of(mission: string): readonly string[] {
    return [...(this.#entered.get(mission) ?? [])].filter((sha256) => this.#sizes.has(sha256))
  }

  isWanted(mission: string, sha256: string): boolean {
    return this.#wanted.get(mission)?.has(sha256) === true
  }

  get used(): number {
    return this.#used
  }

  get count(): number {
    return this.#sizes.size
  }

  /** Why so many bytes more cannot be kept. */
  async roomFor(bytes: number): Promise<ProblemCode | undefined> {
    const { disk, quota } = this.#parts
    const coming = [...this.#coming.values()].reduce((sum, size) => sum + size, 0)
    return roomProblem(bytes, this.#used + coming, await disk.free(), quota())
  }

  /**
   * Takes bytes in; answers when they are durable, and entered by this mission. Nothing is left of what is refused.
   * @param expected what their SHA-256 must be; left out: whatever it is.
   */
  async add(
    mission: MissionId,
    source: AsyncIterable<Buffer>,
    length: number | undefined,
    expected?: string
  ): Promise<Result<Stored>> {
    const { disk } = this.#parts
    const path = `${arriving}/${String(++this.#arrivals)}`
    const added = await kept(this.#add(mission, path, source, length, expected))
    const result = added.ok ? added.value : added
    if (!result.ok) for (const one of [path, sumsOf(path)]) await disk.remove(one).catch(() => undefined)
    return result
  }

  async #add(
    mission: MissionId,
    path: string,
    source: AsyncIterable<Buffer>,
    length: number | undefined,
    expected: string | undefined
  ): Promise<Result<Stored>> {
    const { disk } = this.#parts
    let checked = length ?? roomEveryBytes
    const refused = await this.roomFor(checked)
    if (refused !== undefined) return fail(refused)
    const incoming = await Incoming.open(disk, path)
    try {
      for await (const bytes of inBlocks(source)) {
        if (incoming.size + bytes.length > checked) {
          const full = await this.roomFor(roomEveryBytes)
          if (full !== undefined) return fail(full)
          checked = incoming.size + bytes.length + roomEveryBytes
        }
        await incoming.append(bytes)
      }
      const { size } = incoming
      const sha256 = await incoming.finish()
      if (expected !== undefined && sha256 !== expected) return fail('content-damaged', expected)
      if (this.#sizes.has(sha256)) for (const one of [path, sumsOf(path)]) await disk.remove(one)
      else await this.#putInPlace(path, sha256, size)
      await this.enter(mission, sha256)
      return ok({ sha256, size })
    } finally {
      await incoming.close().catch(() => undefined) // It is closed already where all went well.
    }
  }

  /**
   * Goes on with a file that peers give by this mission. What they gave by another one does not count: who gives the
   * rest need not have had it.
   */
  async begin(mission: MissionId, sha256: string, size: number): Promise<Incoming> {
    const path = partialOf(mission, sha256)
    let incoming = await Incoming.open(this.#parts.disk, path)
    if (incoming.size > size) {
      await incoming.close()
      await this.giveUp(mission, sha256)
      incoming = await Incoming.open(this.#parts.disk, path)
    }
    this.#coming.set(path, size)
    return incoming
  }

  /** All of it came: from now on it is there, entered by this mission. False when it is not what its name says; then nothing is left of it. */
  async complete(mission: MissionId, sha256: string, incoming: Incoming): Promise<boolean> {
    const { size } = incoming
    const path = partialOf(mission, sha256)
    if ((await incoming.finish()) !== sha256) {
      await this.giveUp(mission, sha256)
      return false
    }
    await this.#putInPlace(path, sha256, size)
    this.#coming.delete(path)
    await this.enter(mission, sha256)
    return true
  }

  /** Forgets what came of a file that is not whole. */
  async giveUp(mission: string, sha256: string): Promise<void> {
    const path = partialOf(mission, sha256)
    this.#coming.delete(path)
    for (const one of [path, sumsOf(path)]) await this.#parts.disk.remove(one)
  }

  /** From now on it may be read and given away for this mission; durable on return. */
  async enter(mission: MissionId, sha256: string): Promise<void> {
    if (this.#entered.get(mission)?.has(sha256) !== true) await this.#mark(`${entries}/${mission}/${sha256}`)
    note(this.#entered, mission, sha256)
    await this.want(mission, sha256, false)
  }

  /** What a person decided about a file that is not here; durable on return. */
  async want(mission: MissionId, sha256: string, isWanted: boolean): Promise<void> {
    if (this.isWanted(mission, sha256) === isWanted) return
    const path = `${entries}/${mission}/${sha256}${wantedMark}`
    if (isWanted) await this.#mark(path)
    else await this.#parts.disk.remove(path)
    if (isWanted) note(this.#wanted, mission, sha256)
    else this.#wanted.get(mission)?.delete(sha256)
  }

  /** One block of 256 KiB. Rejects when it is not what was stored; then the file is no longer here. */
  readBlock(sha256: string, index: number): Promise<Buffer> {
    return this.#readBlocks(sha256, index, 1)
  }

  async #readBlocks(sha256: string, index: number, count: number): Promise<Buffer> {
    const path = `${files}/${sha256}`
    try {
      return await readBlocks(this.#parts.disk, path, await this.sumsOf(sha256), index, count)
    } catch (error) {
      if (error instanceof DamageFound || systemCode(error) === 'ENOENT') await this.#putAside(sha256, String(error))
      throw error
    }
  }

  /** CRC-32 of each block of a stored file. */
  async sumsOf(sha256: string): Promise<readonly number[]> {
    const known = this.#sums.get(sha256) ?? decodeSums((await this.#parts.disk.read(`${sums}/${sha256}`)) ?? none)
    this.#remember(sha256, known)
    return known
  }

  /** A range of a file; rejects in the middle when the rest is not what was stored. */
  async *read(sha256: string, from: number, to: number): AsyncGenerator<Buffer> {
    for (let at = from; at < to;) {
      const index = Math.floor(at / blockBytes)
      const start = index * blockBytes
      const count = Math.min(blocksAtOnce, Math.ceil(to / blockBytes) - index)
      const blocks = await this.#readBlocks(sha256, index, count)
      const part = blocks.subarray(at - start, Math.min(blocks.length, to - start))
      if (part.length === 0) return
      yield part
      at += part.length
    }
  }

  #keep(sha256: string, size: number): void {
    if (!isHex(sha256, 32)) return
    this.#used += size - (this.#sizes.get(sha256) ?? 0)
    this.#sizes.set(sha256, size)
  }

  /** The sums first: a file without them cannot be read. */
  async #putInPlace(path: string, sha256: string, size: number): Promise<void> {
    const { disk } = this.#parts
    await disk.move(sumsOf(path), `${sums}/${sha256}`)
    await disk.move(path, `${files}/${sha256}`)
    this.#keep(sha256, size)
  }

  async #mark(path: string): Promise<void> {
    const file = await this.#parts.disk.openLog(path)
    await file.close()
  }

  async #putAside(sha256: string, detail: string): Promise<void> {
    const { disk, onDamage } = this.#parts
    const size = this.#sizes.get(sha256)
    if (size === undefined) return // Somebody else met the same damage.
    this.#sizes.delete(sha256)
    this.#sums.delete(sha256)
    this.#used -= size
    onDamage(sha256, detail)
    const moved = await kept(moveAside(disk, `${files}/${sha256}`))
    if (moved.ok) await disk.remove(`${sums}/${sha256}`)
  }

  #remember(sha256: string, known: readonly number[]): void {
    this.#sums.delete(sha256)
    this.#sums.set(sha256, known)
    const [oldest] = this.#sums.keys()
    if (this.#sums.size > sumsInMemory && oldest !== undefined) this.#sums.delete(oldest)
  }
}

const none = Buffer.alloc(0)

function partialOf(mission: string, sha256: string): string {
  return `${partial}/${mission}/${sha256}`
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? ''
}

function note(sets: Map<string, Set<string>>, mission: string, sha256: string): void {
  sets.set(mission, (sets.get(mission) ?? new Set()).add(sha256))
}

/** The same bytes in pieces of a block each, as a disk likes them. */
async function* inBlocks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const bytes of source) {
    waiting.push(bytes)
    length += bytes.length
    if (length < blockBytes) continue
    yield Buffer.concat(waiting, length)
    waiting = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(waiting, length)
}
