/**
 * A folder of segments, each a header line and then runs (docs/protocol/disk.md). Appends are grouped: everything that
 * waits while the disk syncs goes with the next sync. On opening, the tail of a segment that holds no whole run is
 * cut; damage earlier in a segment is copied aside and skipped to the next whole run. Knows nothing of what runs mean.
 */
import { fail, ok, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import { parseLine, type JsonObject } from '../bytes/line.js'
import type { Disk, LogFile } from '../storage/disk.js'
import { decodeRun, parseHeader, type Run } from './run.js'

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

interface Waiting {
  readonly bytes: Buffer
  readonly headerBytes: number
  readonly done: (place: Place) => void
  readonly failed: (error: unknown) => void
}

export class Journal {
  readonly #disk: Disk
  readonly #folder: string
  readonly #segments = new Map<number, LogFile>()
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
    const names = (await this.#disk.list(this.#folder)).filter((name) => segmentPattern.test(name)).sort()
    let header: JsonObject | undefined
    for (const name of names) {
      const path = `${this.#folder}/${name}`
      const number = Number(name.slice(0, 6))
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
      const goodEnd = await this.#scan(path, number, bytes, headerEnd + 1, reader)
      const file = await this.#disk.openLog(path)
      if (goodEnd < file.size) await file.truncate(goodEnd)
      this.#segments.set(number, file)
      this.#current = number
    }
    if (header === undefined) return fail('file-damaged', `${this.#folder}: no readable segment`)
    this.#header = header
    this.#isOpen = true
    return ok(null)
  }

  /** Bytes accepted and not yet durable. */
  get unsaved(): number {
    return this.#unsaved
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

  async read(segment: number, offset: number, length: number): Promise<Buffer> {
    return this.#file(segment).read(offset, length)
  }

  /** Resolves when nothing waits for the disk. */
  async settled(): Promise<void> {
    await this.#working
  }

  async close(): Promise<void> {
    await this.#working
    for (const file of this.#segments.values()) await file.close()
  }

  async #work(): Promise<void> {
    // What is appended in this turn shares a sync: the runs of one request are kept or refused together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        this.#current ??= await this.#newSegment()
        const segment = this.#current
        const file = this.#file(segment)
        let offset = file.size
        await file.append(Buffer.concat(group.map(({ bytes }) => bytes)))
        await file.sync()
        for (const { bytes, headerBytes, done } of group) {
          done({ segment, offset, headerBytes, bodyBytes: bytes.length - headerBytes })
          offset += bytes.length
        }
      } catch (error) {
        // After a failed write or sync the file's tail is unknown: what comes next goes into a new segment.
        this.#current = undefined
        for (const { failed } of group) failed(error)
      } finally {
        for (const { bytes } of group) this.#unsaved -= bytes.length
      }
    }
    // In the same turn as the last look at what waits, so that nothing can slip in between.
    this.#working = undefined
  }

  #file(number: number): LogFile {
    const file = this.#segments.get(number)
    if (file === undefined) throw new Error(`no segment ${String(number)} in ${this.#folder}`)
    return file
  }

  async #newSegment(): Promise<number> {
    const number = Math.max(0, ...this.#segments.keys()) + 1
    const path = `${this.#folder}/${String(number).padStart(6, '0')}.jsonl`
    await this.#disk.replace(path, Buffer.from(`${JSON.stringify(this.#header)}\n`))
    this.#segments.set(number, await this.#disk.openLog(path))
    this.#current = number
    return number
  }

  /** Walks through the runs of a segment; bytes that are no good run are copied aside. Returns where good bytes end. */
  async #scan(path: string, segment: number, bytes: Buffer, from: number, reader: JournalReader): Promise<number> {
    let offset = from
    let goodEnd = from
    while (offset < bytes.length) {
      const decoded = decodeRun(bytes, offset)
      const whole = decoded !== undefined && bytes[decoded.end - 1] === 0x0a
      if (whole) {
        const { run, end } = decoded
        const headerBytes = end - offset - run.body.length
        if (reader.onRun({ run, place: { segment, offset, headerBytes, bodyBytes: run.body.length } })) {
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

const segmentPattern = /^\d{6}\.jsonl$/

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
    if (next > 0 && next - end <= 512 && parseHeader(bytes.subarray(end + 1, next)) !== undefined) return end + 1
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
