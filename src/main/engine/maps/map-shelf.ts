/** The maps that a person opened on this machine: a list that is kept, and the files that are open now. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { isAbsolute, basename } from 'node:path'
import * as v from 'valibot'
import type { MapFileSummary } from '@shared/model.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import type { Disk } from '../storage/disk.js'
import { kept, systemCode } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import { BadMap, mapLimits, tileType, type MapFile } from './map-file.js'
import { openMbtiles } from './mbtiles-file.js'
import { openPmtiles } from './pmtiles-file.js'

const mapsMost = 50
const openMost = 4

const Degrees = v.pipe(v.number(), v.minValue(-180), v.maxValue(180))
const Zoom = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mapLimits.zoom))
const MapsFile = v.object({
  maps: v.array(
    v.object({
      id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
      path: v.string(),
      kind: v.picklist(['pmtiles', 'mbtiles']),
      name: v.string(),
      attribution: v.string(),
      bounds: v.tuple([Degrees, Degrees, Degrees, Degrees]),
      minZoom: Zoom,
      maxZoom: Zoom,
      tiles: v.picklist(['raster', 'vector']),
      layers: v.array(v.string()),
      bytes: v.number()
    })
  )
})

export interface MapTile {
  /** Media type. */
  readonly type: string
  readonly bytes: Buffer
}

export class MapShelf {
  readonly #document: Document<{ readonly maps: readonly MapFileSummary[] }>
  readonly #onProblem: (problem: Problem | undefined) => void
  #maps: Promise<readonly MapFileSummary[]> | undefined
  /** The one used last is at the end. */
  readonly #open = new Map<string, Promise<MapFile>>()

  constructor(disk: Disk, onProblem: (problem: Problem | undefined) => void) {
    this.#document = openDocument(disk, 'maps.json', MapsFile)
    this.#onProblem = onProblem
  }

  async list(): Promise<readonly MapFileSummary[]> {
    this.#maps ??= this.#read()
    return this.#maps
  }

  /** Opening the same file again takes its facts anew. */
  async add(path: string): Promise<Result<MapFileSummary>> {
    if (!isAbsolute(path)) return fail('map-not-readable', 'the whole path, from the root of the disk')
    const maps = await this.list()
    const id = sha256(path).toString('hex').slice(0, 16)
    const others = maps.filter((map) => map.id !== id)
    if (others.length >= mapsMost) return fail('too-many', `${String(mapsMost)} maps`)
    await this.#shut(id)
    const opened = await opening(this.#openFile(id, path))
    if (!opened.ok) return opened
    const map: MapFileSummary = { id, path, ...opened.value.facts }
    const saved = await this.#save([...others, map])
    return saved.ok ? ok(map) : saved
  }

  async remove(id: string): Promise<Result<null>> {
    const maps = await this.list()
    if (!maps.some((map) => map.id === id)) return fail('not-found')
    await this.#shut(id)
    return this.#save(maps.filter((map) => map.id !== id))
  }

  /** `undefined` in the answer: the map has no tile there. */
  async tile(id: string, z: number, x: number, y: number): Promise<Result<MapTile | undefined>> {
    const map = (await this.list()).find((one) => one.id === id)
    if (map === undefined) return fail('not-found')
    const isPlace = [z, x, y].every((number) => Number.isInteger(number) && number >= 0)
    if (!isPlace || z > mapLimits.zoom || x >= 2 ** z || y >= 2 ** z) return fail('bad-request', 'no such tile')
    return opening(
      (async () => {
        const file = await this.#openFile(id, map.path)
        const bytes = await file.tile(z, x, y)
        return bytes === undefined ? undefined : { type: tileType(bytes, file.facts.tiles), bytes }
      })()
    )
  }

  async close(): Promise<void> {
    for (const id of [...this.#open.keys()]) await this.#shut(id)
  }

  #openFile(id: string, path: string): Promise<MapFile> {
    const file = this.#open.get(id) ?? openMapFile(path)
    this.#open.delete(id)
    this.#open.set(id, file)
    const [oldest] = this.#open.keys()
    if (this.#open.size > openMost && oldest !== undefined) void this.#shut(oldest)
    // What could not be opened may be there the next time: a stick that was pulled, say.
    file.catch(() => this.#open.get(id) === file && this.#open.delete(id))
    return file
  }

  async #shut(id: string): Promise<void> {
    const file = this.#open.get(id)
    this.#open.delete(id)
    await file?.then((opened) => opened.close()).catch(() => undefined)
  }

  async #read(): Promise<readonly MapFileSummary[]> {
    const read = await kept(this.#document.read())
    const outcome = read.ok ? read.value : read
    this.#onProblem(outcome.ok ? undefined : outcome.problem)
    return outcome.ok ? (outcome.value?.maps ?? []) : []
  }

  async #save(maps: readonly MapFileSummary[]): Promise<Result<null>> {
    const saved = await kept(this.#document.write({ maps }))
    if (!saved.ok) return saved
    this.#maps = Promise.resolve(maps)
    return ok(null)
  }
}

/** By its first bytes, never by its name. */
export async function openMapFile(path: string): Promise<MapFile> {
  // Not blocking: a named pipe would keep us waiting for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  let isHandedOn = false
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new BadMap(`${basename(path)} is not a file`)
    const head = Buffer.alloc(16)
    await file.read(head, 0, head.length, 0)
    if (head.toString('latin1', 0, 7) === 'PMTiles') {
      const opened = await openPmtiles(file, path, facts.size)
      isHandedOn = true
      return opened
    }
    if (head.toString('latin1') === 'SQLite format 3\0') return await openMbtiles(path, facts.size)
    throw new BadMap(`${basename(path)} is neither PMTiles nor MBTiles`)
  } finally {
    if (!isHandedOn) await file.close()
  }
}

async function opening<T>(work: Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work)
  } catch (error) {
    if (error instanceof BadMap) return { ok: false, problem: problem('map-damaged', error.message) }
    if (systemCode(error) !== undefined) return fail('map-not-readable', String(error))
    throw error
  }
}
