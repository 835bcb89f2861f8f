/** Map files that a person opened: what is read of them, and what is refused. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMapFile, MapShelf } from '../../src/main/engine/maps/map-shelf.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { pmtiles, smallPng, writeMbtiles } from '../support/map-files.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-maps-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let count = 0
async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${String(++count)}.map`)
  await writeFile(path, bytes)
  return path
}

async function reasonFor(path: string): Promise<string> {
  try {
    const file = await openMapFile(path)
    await file.close()
    return 'taken'
  } catch (error) {
    return String(error)
  }
}

const tile = { z: 3, x: 4, y: 2, bytes: smallPng }
const shelfOn = () => new MapShelf(new SimDisk(seededRandom(1)), () => undefined)

describe('PMTiles', () => {
  it('gives facts and tiles', async () => {
    const file = await openMapFile(await fileOf(pmtiles([tile, { ...tile, x: 5 }], { maxZoom: 9 })))
    expect(file.facts).toMatchObject({
      ...{ kind: 'pmtiles', name: 'Kras', tiles: 'raster', minZoom: 0, maxZoom: 9 },
      bounds: [13.5, 45.6, 14.1, 46]
    })
    expect(await file.tile(3, 4, 2)).toEqual(smallPng)
    expect(await file.tile(3, 0, 0)).toBeUndefined()
    await file.close()
  })

  it('unpacks vector tiles, up to a bound', async () => {
    const bytes = Buffer.alloc(1_000, 7)
    const bomb = Buffer.alloc(5 * 1024 * 1024)
    const path = await fileOf(
      pmtiles(
        [
          { ...tile, bytes },
          { ...tile, x: 5, bytes: bomb }
        ],
        {
          ...{ tileType: 1, isPacked: true },
          metadata: { name: 'A <b>map</b>\u202e', vector_layers: [{ id: 'roads' }, { id: 5 }, null] }
        }
      )
    )
    const file = await openMapFile(path)
    expect(file.facts).toMatchObject({ tiles: 'vector', layers: ['roads'], name: 'A map' })
    expect(await file.tile(3, 4, 2)).toEqual(bytes)
    await expect(file.tile(3, 5, 2)).rejects.toThrow(/larger than/)
    await file.close()
  })

  it('refuses a directory that claims more than it holds, before it makes anything of it', async () => {
    const good = pmtiles([tile])
    const directory = gzipSync(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1, 1]))
    const header = Buffer.from(good.subarray(0, 127))
    header.writeBigUInt64LE(BigInt(directory.length), 16)
    expect(await reasonFor(await fileOf(Buffer.concat([header, directory])))).toMatch(/claims more than it holds/)
  })

  it('refuses a directory that unpacks into very much', async () => {
    const good = pmtiles([tile])
    const directory = gzipSync(Buffer.alloc(16 * 1024 * 1024))
    const header = Buffer.from(good.subarray(0, 127))
    header.writeBigUInt64LE(BigInt(directory.length), 16)
    expect(await reasonFor(await fileOf(Buffer.concat([header, directory, Buffer.alloc(20_000)])))).toMatch(
      /larger than|16384|outside|unexpected end/
    )
  })
})

describe('MBTiles', () => {
  const joined = [
    'CREATE TABLE map (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_id TEXT)',
    'CREATE UNIQUE INDEX map_index ON map (zoom_level, tile_column, tile_row)',
    'CREATE TABLE images (tile_data BLOB, tile_id TEXT PRIMARY KEY)',
    'CREATE TABLE metadata (name TEXT, value TEXT)'
  ]
  async function made(schema?: readonly string[], tiles = [tile]): Promise<string> {
    const path = join(folder, `${String(++count)}.mbtiles`)
    writeMbtiles(path, tiles, undefined, schema)
    return path
  }

  it('gives facts and tiles, leaves nothing beside the file, and nothing locked', async () => {
    const path = await made()
    const before = await readdir(folder)
    const file = await openMapFile(path)
    expect(file.facts).toMatchObject({ kind: 'mbtiles', name: 'Kras', tiles: 'raster', bounds: [13.5, 45.6, 14.1, 46] })
    expect(await file.tile(3, 4, 2)).toEqual(smallPng)
    expect(await file.tile(3, 4, 5)).toBeUndefined()
    expect(await readdir(folder)).toEqual(before)
    await file.close()
  })

  it('takes tiles from a view that joins', async () => {
    const path = await made(
      [
        ...joined,
        'CREATE VIEW tiles AS SELECT map.zoom_level AS zoom_level, map.tile_column AS tile_column, map.tile_row AS tile_row, images.tile_data AS tile_data FROM map JOIN images ON images.tile_id = map.tile_id'
      ],
      []
    )
    expect(await reasonFor(path)).toBe('taken')
  })

  it.each([
    ['without an index', ['CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data)', joined[3]], /no index/],
    [
      'whose view computes',
      [
        ...joined,
        'CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, zeroblob(1000000000) AS tile_data FROM map'
      ],
      /more than join/
    ],
    [
      'whose view never ends',
      [
        joined[3],
        'CREATE VIEW tiles AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT x AS zoom_level, x AS tile_column, x AS tile_row, x AS tile_data FROM n'
      ],
      /more than join/
    ],
    [
      'with a column that computes',
      [
        'CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data BLOB AS (zeroblob(1000000000)), PRIMARY KEY (zoom_level, tile_column, tile_row))',
        joined[3]
      ],
      /generated column/
    ],
    ['without tiles', [joined[3]], /no such table/]
  ])('refuses a file %s', async (_, schema, reason) => {
    expect(await reasonFor(await made(schema as string[], []))).toMatch(reason)
  })
})

describe('the maps on this laptop', () => {
  it('refuses what is no map, and says so', async () => {
    const shelf = shelfOn()
    const code = async (path: string) => {
      const added = await shelf.add(path)
      return added.ok ? 'ok' : added.problem.code
    }
    expect(await code(await fileOf(Buffer.from('nothing of the kind')))).toBe('map-damaged')
    expect(await code(folder)).toBe('map-damaged')
    expect(await code(join(folder, 'not-there'))).toBe('map-not-readable')
    expect(await code('relative.pmtiles')).toBe('map-not-readable')
    expect(await shelf.list()).toEqual([])
  })

  it('are known after a restart, and a tile that is a picture of gigabytes is refused', async () => {
    const disk = new SimDisk(seededRandom(1))
    const shelf = new MapShelf(disk, () => undefined)
    const huge = Buffer.from(smallPng)
    huge.writeUInt32BE(60_000, 16)
    const path = await fileOf(pmtiles([tile, { ...tile, x: 5, bytes: huge }]))
    const added = await shelf.add(path)
    if (!added.ok) throw new Error(added.problem.detail)
    const { id } = added.value
    expect(await shelf.tile(id, 3, 4, 2)).toMatchObject({ ok: true, value: { type: 'image/png', bytes: smallPng } })
    expect(await shelf.tile(id, 3, 5, 2)).toMatchObject({ problem: { code: 'map-damaged' } })
    expect(await shelf.tile(id, 3, 8, 2)).toMatchObject({ problem: { code: 'bad-request' } })
    expect(await shelf.tile(id, 3, 0, 0)).toEqual({ ok: true, value: undefined })
    await shelf.close()

    const again = new MapShelf(disk, () => undefined)
    expect(await again.list()).toEqual([added.value])
    expect((await again.tile(id, 3, 4, 2)).ok).toBe(true)
    await rm(path)
    await again.close()
    expect(await again.tile(id, 3, 4, 2)).toMatchObject({ problem: { code: 'map-not-readable' } })
    expect(await again.remove(id)).toEqual({ ok: true, value: null })
    expect(await again.list()).toEqual([])
  })
})
