/**
 * A folder of segments, each a header line and then runs (docs/protocol/disk.md). Appends are grouped: everything that
 * waits while the disk syncs goes with the next sync. A segment that is full is never touched again. On opening, what a
 * checkpoint covers is not read; the tail of a segment that holds no whole run is cut; damage earlier in a segment is
 * copied aside and skipped to the next whole run. Knows nothing of what runs mean.
 */
import { fail, ok, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import { parseLine, type JsonObject } from '../bytes/line.js'
import { bounds, limits } from '../limits.js'
import { DamageFound, kept, type Disk, type LogFile } from '../storage/disk.js'
import { decodeRun, headerBytesMost, parseHeader, type Run } from './run.js'

export const journalVersion = 1

/** Where a stored run lies. */
export interface Place {
  readonly segment: number
  readonly offset: number
  readonly headerBytes: number
  readonly bodyBytes: number
}

export interface StoredRun {
  readonly run: Run
  readonly place: Place
}

/** Where reading goes on. */
export interface Position {
  readonly segment: number
  readonly offset: number
}

/** How many bytes of a segment are known to hold good runs, by its number. */
export type Coverage = ReadonlyMap<number, number>

export interface Damage {
  readonly segment: string
  readonly bytes: number
  /** Where the damaged bytes were copied to. */
  readonly aside: string
  /** `torn`: an unfinished run at the very end, as a power cut leaves it; nothing acknowledged is lost. */
  readonly kind: 'torn' | 'damaged'
  readonly isNew: boolean
}

export interface JournalReader {
  /** Called once, before any run; a problem ends the opening. */
  onHeader(header: JsonObject): Result<null>
  onRun(stored: StoredRun): boolean
  onDamage(damage: Damage): void
}

interface Segment {
  /** Where the good runs end. */
  size: number
  /** Only of the one that is written to. */
  file: LogFile | undefined
}

interface Waiting {
  readonly bytes: Buffer
  readonly headerBytes: number
  readonly done: (place: Place) => void
  readonly failed: (error: unknown) => void
}

export class Journal {
  readonly #disk: Disk
  readonly #folder: string
  readonly #segments = new Map<number, Segment>()
  #header: JsonObject = {}
  #current: number | undefined
  #waiting: Waiting[] = []
  #working: Promise<void> | undefined
  #unsaved = 0
  #isOpen = false

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Makes a new journal; durable on return. */
  async create(header: JsonObject): Promise<void> {
    this.#header = header
    await this.#newSegment()
    this.#isOpen = true
  }

  /**
   * Opens an existing journal: first its header, then every whole run, oldest first. `onRun` says whether the lines are
   * what their header promises. A problem when no header can be read, or when a newer version wrote it.
   */
  async open(reader: JournalReader): Promise<Result<null>> {
    let header: JsonObject | undefined
    for (const name of await this.#names()) {
      const path = this.#path(name)
      const bytes = (await this.#disk.read(path)) ?? Buffer.alloc(0)
      const headerEnd = bytes.indexOf(0x0a)
      const parsed = headerEnd < 0 ? 'no header' : parseLine(bytes.subarray(0, headerEnd))
      if (typeof parsed === 'string') {
        reader.onDamage(await copyAside(this.#disk, path, bytes, bytes.length === 0 ? 'torn' : 'damaged'))
        continue
      }
      const { version } = parsed
      if (typeof version === 'number' && version > journalVersion) return fail('newer-data', path)
      if (header === undefined) {
        const known = reader.onHeader(parsed)
        if (!known.ok) return known
        header = parsed
      }
      await this.#openSegment(name, bytes, headerEnd + 1, 0, reader)
    }
    if (header === undefined) return fail('file-damaged', `${this.#folder}: no readable segment`)
    this.#header = header
    this.#isOpen = true
    return ok(null)
  }

  /**
   * The same, but what a checkpoint covers is not read again. False, and nothing is opened, when the files are not those
   * that it covers.
   */
  async openAfter(covered: Coverage, header: JsonObject, reader: Omit<JournalReader, 'onHeader'>): Promise<boolean> {
    const names = await this.#names()
    const facts = await Promise.all(names.map((name) => this.#disk.facts(this.#path(name))))
    const found = new Map(names.map((name, index) => [numberOf(name), facts[index]?.size ?? 0]))
    const isCovered = [...covered].every(([number, size]) => (found.get(number) ?? -1) >= size)
    // A tail longer than a segment is as well read from the start, and a segment that is not covered must have a header.
    if (!isCovered || covered.size === 0) return false
    const last = Math.max(...covered.keys())
    if ([...found.keys()].some((number) => number < last && !covered.has(number))) return false
    this.#header = header
    // What a newer version wrote is for `open` to refuse.
    const line = this.#headerLine()
    const begins = await Promise.all(names.map((name) => this.#disk.readPart(this.#path(name), 0, line.length)))
    if (!begins.every((begin) => begin.length === 0 || begin.equals(line))) return false
    for (const name of names) {
      const number = numberOf(name)
      const from = covered.get(number)
      const size = found.get(number) ?? 0
      if (from !== undefined && size === from && number !== last) this.#segments.set(number, { size, file: undefined })
      else if (from === undefined) {
        const bytes = (await this.#disk.read(this.#path(name))) ?? Buffer.alloc(0)
        const headerEnd = bytes.indexOf(0x0a)
        if (headerEnd < 0) {
          reader.onDamage(await copyAside(this.#disk, this.#path(name), bytes, bytes.length === 0 ? 'torn' : 'damaged'))
          continue
        }
        await this.#openSegment(name, bytes, headerEnd + 1, 0, reader)
      } else {
        const tail = await this.#disk.readPart(this.#path(name), from, size - from)
        await this.#openSegment(name, tail, 0, from, reader)
      }
    }
    this.#isOpen = true
    return true
  }

  /** Bytes accepted and not yet durable. */
  get unsaved(): number {
    return this.#unsaved
  }

  segments(): readonly number[] {
    return [...this.#segments.keys()]
  }

  /** Bytes of all segments. */
  get size(): number {
    let sum = 0
    for (const { size } of this.#segments.values()) sum += size
    return sum
  }

  /** Resolves when the run is durable. Rejects when it is not; then the run may or may not be found after a restart. */
  append(encoded: Buffer): Promise<Place> {
    // Before that it is not known where the file ends, or even that there is one.
    if (!this.#isOpen) return Promise.reject(new Error(`${this.#folder} is not open yet`))
    const headerBytes = encoded.indexOf(0x0a) + 1
    this.#unsaved += encoded.length
    return new Promise<Place>((done, failed) => {
      this.#waiting.push({ bytes: encoded, headerBytes, done, failed })
      this.#working ??= this.#work()
    })
  }

  /** Where the first run is, if there is one. */
  get start(): Position {
    return { segment: Math.min(...this.#segments.keys()), offset: this.#headerLine().length }
  }

  /** Reads stored runs one after the other, whatever log they belong to; each read takes what the next calls may need. */
  reader(): RunReader {
    return new RunReader(this.#disk, this.#folder, this.#segments, this.#headerLine().length)
  }

  /** Resolves when nothing waits for the disk. */
  async settled(): Promise<void> {
    await this.#working
  }

  async close(): Promise<void> {
    await this.#working
    for (const { file } of this.#segments.values()) await file?.close()
  }

  async #work(): Promise<void> {
    // What is appended in this turn shares a sync: the runs of one request are kept or refused together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        const { number, segment, file } = await this.#writable()
        let offset = segment.size
        const [first] = group
        await file.append(
          group.length === 1 && first !== undefined ? first.bytes : Buffer.concat(group.map(({ bytes }) => bytes))
        )
        segment.size = file.size
        for (const { bytes, headerBytes, done } of group) {
          done({ segment: number, offset, headerBytes, bodyBytes: bytes.length - headerBytes })
          offset += bytes.length
        }
      } catch (error) {
        await this.#giveUp()
        for (const { failed } of group) failed(error)
      } finally {
        for (const { bytes } of group) this.#unsaved -= bytes.length
      }
    }
    // In the same turn as the last look at what waits, so that nothing can slip in between.
    this.#working = undefined
  }

  async #writable(): Promise<{ number: number; segment: Segment; file: LogFile }> {
    const before = this.#current === undefined ? undefined : this.#segments.get(this.#current)
    if (before !== undefined && before.size >= bounds.segmentBytes) await this.#leave()
    const number = this.#current ?? (await this.#newSegment())
    const segment = this.#segments.get(number)
    if (segment?.file === undefined) throw new Error(`no segment ${String(number)} in ${this.#folder}`)
    return { number, segment, file: segment.file }
  }

  /**
   * After a failed write the file's tail is unknown: what comes next goes into a new segment. The tail is cut, as
   * far as the disk lets us: reads may show it although it was not and will never be kept, and a later start, which knows
   * nothing of the failure, would go on behind it.
   */
  async #giveUp(): Promise<void> {
    const segment = this.#current === undefined ? undefined : this.#segments.get(this.#current)
    if (segment?.file !== undefined) await kept(segment.file.truncate(segment.size))
    await this.#leave()
  }

  /** Nothing more is written to the current segment. */
  async #leave(): Promise<void> {
    const segment = this.#current === undefined ? undefined : this.#segments.get(this.#current)
    this.#current = undefined
    const file = segment?.file
    if (segment !== undefined) segment.file = undefined
    await file?.close().catch(() => undefined) // What it held was synced, or is given up already.
  }

  async #newSegment(): Promise<number> {
    const number = Math.max(0, ...this.#segments.keys()) + 1
    const path = this.#path(nameOf(number))
    await this.#disk.replace(path, this.#headerLine())
    const file = await this.#disk.openLog(path)
    this.#segments.set(number, { size: file.size, file })
    this.#current = number
    return number
  }

  #headerLine(): Buffer {
    return Buffer.from(`${JSON.stringify(this.#header)}\n`)
  }

  async #names(): Promise<readonly string[]> {
    return (await this.#disk.list(this.#folder)).filter((name) => segmentPattern.test(name)).sort()
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`
  }

  /** @param base where in the file `bytes` begin. */
  async #openSegment(
    name: string,
    bytes: Buffer,
    from: number,
    base: number,
    reader: Omit<JournalReader, 'onHeader'>
  ): Promise<void> {
    const number = numberOf(name)
    const goodEnd = base + (await this.#scan(this.#path(name), number, bytes, from, base, reader))
    await this.#leave()
    const file = await this.#disk.openLog(this.#path(name))
    if (goodEnd < file.size) await file.truncate(goodEnd)
    // Whoever was killed wrote it, and perhaps did not sync it: what is told as durable must be so.
    else if (goodEnd > base) await file.sync()
    this.#segments.set(number, { size: goodEnd, file })
    this.#current = number
  }

  /** Walks through the runs of a segment; bytes that are no good run are copied aside. Returns where good bytes end. */
  async #scan(
    path: string,
    segment: number,
    bytes: Buffer,
    from: number,
    base: number,
    reader: Omit<JournalReader, 'onHeader'>
  ): Promise<number> {
    let offset = from
    let goodEnd = from
    while (offset < bytes.length) {
      const decoded = decodeRun(bytes, offset)
      const whole = decoded !== undefined && bytes[decoded.end - 1] === 0x0a
      if (whole) {
        const { run, end } = decoded
        const headerBytes = end - offset - run.body.length
        const place = { segment, offset: base + offset, headerBytes, bodyBytes: run.body.length }
        if (reader.onRun({ run, place })) {
          offset = goodEnd = end
          continue
        }
      }
      const next = whole ? decoded.end : findRun(bytes, offset)
      const kind = next === bytes.length && isCutRun(bytes.subarray(offset)) ? 'torn' : 'damaged'
      reader.onDamage(await copyAside(this.#disk, path, bytes.subarray(offset, next), kind))
      offset = next
    }
    return goodEnd
  }
}

/** Walks through the stored runs of a journal from a position on, whatever log they belong to. */
export class RunReader {
  readonly #disk: Disk
  readonly #folder: string
  readonly #segments: ReadonlyMap<number, Segment>
  readonly #firstOffset: number
  #chunk: { readonly segment: number; readonly from: number; readonly bytes: Buffer } | undefined

  constructor(disk: Disk, folder: string, segments: ReadonlyMap<number, Segment>, firstOffset: number) {
    this.#disk = disk
    this.#folder = folder
    this.#segments = segments
    this.#firstOffset = firstOffset
  }

  /** The run at a position or, where a segment ends, the first of the next one; `undefined` when nothing durable follows. */
  async read(from: Position): Promise<StoredRun | undefined> {
    let { segment, offset } = from
    let end = this.#segments.get(segment)?.size ?? 0
    while (offset >= end) {
      const next = Math.min(...[...this.#segments.keys()].filter((number) => number > segment))
      if (next === Infinity) return undefined
      segment = next
      offset = this.#firstOffset
      end = this.#segments.get(segment)?.size ?? 0
    }
    const found = this.held({ segment, offset })
    if (found !== undefined) return found
    const decoded = await this.#load(segment, offset, end)
    if (decoded === undefined) throw new DamageFound(`${this.#folder}/${nameOf(segment)} at ${String(offset)}`)
    return storedAt({ segment, offset }, decoded)
  }

  /** The run there, if an earlier read brought it along: a wait for each of many small runs costs more than the run. */
  held(at: Position): StoredRun | undefined {
    const decoded = this.#decode(at.segment, at.offset)
    return decoded === undefined ? undefined : storedAt(at, decoded)
  }

  #decode(segment: number, offset: number) {
    const chunk = this.#chunk
    if (chunk?.segment !== segment || offset < chunk.from || offset >= chunk.from + chunk.bytes.length) return undefined
    return decodeRun(chunk.bytes.subarray(offset - chunk.from))
  }

  async #load(segment: number, offset: number, end: number) {
    const path = `${this.#folder}/${nameOf(segment)}`
    const before = this.#chunk
    const goesOn = before?.segment === segment && offset > before.from && offset <= before.from + before.bytes.length
    // Who reads on wants more of it, and opening the file costs as much as reading a lot.
    const first = goesOn ? Math.min(2 * before.bytes.length, chunkBytesMost) : chunkBytes
    for (const length of [Math.max(first, chunkBytes), longestRun]) {
      const bytes = await this.#disk.readPart(path, offset, Math.min(length, end - offset))
      this.#chunk = { segment, from: offset, bytes }
      const decoded = this.#decode(segment, offset)
      if (decoded !== undefined || bytes.length < length) return decoded
    }
    return undefined
  }
}

function storedAt(
  { segment, offset }: Position,
  { run, end }: { readonly run: StoredRun['run']; readonly end: number }
): StoredRun {
  const bodyBytes = run.body.length
  return { run, place: { segment, offset, headerBytes: end - bodyBytes, bodyBytes } }
}

/** Where the run after this one begins, if the segment goes on. */
export function positionAfter({ segment, offset, headerBytes, bodyBytes }: Place): Position {
  return { segment, offset: offset + headerBytes + bodyBytes }
}

const chunkBytes = 128 * 1024
const chunkBytesMost = 1024 * 1024
const longestRun = limits.runBytes + headerBytesMost

const segmentPattern = /^\d{6}\.jsonl$/

function nameOf(segment: number): string {
  return `${String(segment).padStart(6, '0')}.jsonl`
}

function numberOf(name: string): number {
  return Number(name.slice(0, 6))
}

/** What a power cut leaves: a run that ends too early, or zeros where bytes should be. Anything else was whole once. */
function isCutRun(rest: Buffer): boolean {
  const headerEnd = rest.indexOf(0x0a)
  if (headerEnd < 0 || rest.includes(0)) return true
  const header = parseHeader(rest.subarray(0, headerEnd))
  return header !== undefined && headerEnd + 1 + header.bytes > rest.length
}

/** The offset of the next line that reads as a run header, or the end. */
function findRun(bytes: Buffer, from: number): number {
  for (let end = bytes.indexOf(0x0a, from); end >= 0; end = bytes.indexOf(0x0a, end + 1)) {
    const next = bytes.indexOf(0x0a, end + 1)
    if (next > 0 && next - end <= headerBytesMost && parseHeader(bytes.subarray(end + 1, next)) !== undefined)
      return end + 1
  }
  return bytes.length
}

/** Named by its content, so that the same damage found at each start is kept and reported once. */
async function copyAside(disk: Disk, path: string, bytes: Buffer, kind: Damage['kind']): Promise<Damage> {
  const name = `${path.replaceAll('/', '.')}.${sha256(bytes).toString('hex', 0, 6)}`
  const isNew = !(await disk.list('damaged')).includes(name)
  if (isNew) await disk.replace(`damaged/${name}`, bytes)
  return { segment: path, bytes: bytes.length, aside: `damaged/${name}`, kind, isNew }
}
