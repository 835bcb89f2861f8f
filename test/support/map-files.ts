/** Small map files for tests: PMTiles put together by its specification, MBTiles written by SQLite itself. */
import { gzipSync } from 'node:zlib'
import sqlite from 'node-sqlite3-wasm'
import { zxyToTileId } from 'pmtiles'

export interface TestTile {
  readonly z: number
  readonly x: number
  readonly y: number
  readonly bytes: Uint8Array
}

export interface PmtilesFacts {
  readonly metadata?: unknown
  /** 1: vector, 2: PNG. */
  readonly tileType?: number
  readonly maxZoom?: number
  /** Tiles are packed with gzip. */
  readonly isPacked?: boolean
}

/** A PNG of one colour, 1 × 1: what a raster tile at least is. */
export const smallPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64'
)

/** PMTiles version 3 with one directory. */
export function pmtiles(tiles: readonly TestTile[], facts: PmtilesFacts = {}): Buffer {
  const { metadata = { name: 'Kras' }, tileType = 2, maxZoom = 14, isPacked = false } = facts
  const sorted = [...tiles]
    .map(({ z, x, y, bytes }) => ({ id: zxyToTileId(z, x, y), bytes: isPacked ? gzipSync(bytes) : Buffer.from(bytes) }))
    .sort((a, b) => a.id - b.id)
  let last = 0
  const steps = sorted.map(({ id }) => {
    const step = id - last
    last = id
    return step
  })
  const directory = gzipSync(
    Buffer.concat(
      [
        [sorted.length],
        steps,
        sorted.map(() => 1),
        sorted.map(({ bytes }) => bytes.length),
        sorted.map((_, index) => (index === 0 ? 1 : 0))
      ]
        .flat()
        .map(varint)
    )
  )
  const said = gzipSync(JSON.stringify(metadata))
  const data = Buffer.concat(sorted.map(({ bytes }) => bytes))
  const header = Buffer.alloc(127)
  header.write('PMTiles', 'latin1')
  header[7] = 3
  const sections = [directory, said, Buffer.alloc(0), data]
  let at = header.length
  for (const [index, section] of sections.entries()) {
    header.writeBigUInt64LE(BigInt(at), 8 + 16 * index)
    header.writeBigUInt64LE(BigInt(section.length), 16 + 16 * index)
    at += section.length
  }
  for (const place of [72, 80, 88]) header.writeBigUInt64LE(BigInt(sorted.length), place)
  header[97] = 2
  header[98] = isPacked ? 2 : 1
  header[99] = tileType
  header[101] = maxZoom
  const box = [13.5, 45.6, 14.1, 46]
  for (const [index, degrees] of box.entries()) header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * index)
  return Buffer.concat([header, ...sections])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80)
  return Buffer.from([...bytes, value])
}

/** @param schema statements that make `tiles` and `metadata`; left out: as the specification has them. */
export function writeMbtiles(
  path: string,
  tiles: readonly TestTile[],
  metadata: Readonly<Record<string, string>> = { name: 'Kras', format: 'png', bounds: '13.5,45.6,14.1,46' },
  schema: readonly string[] = [
    'CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)',
    'CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)',
    'CREATE TABLE metadata (name TEXT, value TEXT)'
  ]
): void {
  const database = new sqlite.Database(path)
  try {
    for (const statement of schema) database.exec(statement)
    for (const { z, x, y, bytes } of tiles)
      database.run('INSERT INTO tiles VALUES (?, ?, ?, ?)', [z, x, 2 ** z - 1 - y, bytes])
    for (const pair of Object.entries(metadata)) database.run('INSERT INTO metadata VALUES (?, ?)', pair)
  } finally {
    database.close()
  }
}
