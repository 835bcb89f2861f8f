/**
 * MBTiles 1.3: SQLite, read by node-sqlite3-wasm, which is loaded when the first such file is opened. A query runs in
 * this thread to its end, so only files whose tiles are found by an index are opened, and only schemas in which looking
 * up a tile runs no code of the file's maker (generated columns, functions and recursion in views, virtual tables).
 */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Database } from 'node-sqlite3-wasm'
import { boundsFrom, BadMap, isGzip, layersFrom, mapLimits, plainText, unpack, zoomsFrom } from './map-file.js'
import type { MapFile } from './map-file.js'

const tileQuery = 'SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?'
const lengthQuery = tileQuery.replace('tile_data', 'length(tile_data) AS length')
const schemaMost = 200
const metadataMost = 200

/** @param bytes size of the file. */
export async function openMbtiles(path: string, bytes: number): Promise<MapFile> {
  const { default: sqlite } = await import('node-sqlite3-wasm')
  const link = await linkTo(path)
  let database: Database
  try {
    database = new sqlite.Database(link.path, { readOnly: true, fileMustExist: true })
  } catch (error) {
    await link.remove()
    throw asBadMap(error)
  }
  const close = async () => {
    database.close()
    await link.remove()
  }
  try {
    checkSchema(database)
    const said = metadataOf(database)
    const format = said.get('format')
    const tiles = format === 'pbf' ? 'vector' : 'raster'
    const tile = async (z: number, x: number, y: number) => {
      // Rows count from the south (TMS).
      const place = [z, x, 2 ** z - 1 - y]
      const { length } = read(() => database.get(lengthQuery, place)) ?? {}
      if (length === undefined || length === null) return undefined
      if (Number(length) > mapLimits.tileBytes) throw new BadMap(`a tile of ${String(length)} bytes`)
      const data = read(() => database.get(tileQuery, place))?.['tile_data']
      if (!(data instanceof Uint8Array)) throw new BadMap('a tile that is no bytes')
      const held = Buffer.from(data)
      return isGzip(held) ? unpack(held, 'gzip', mapLimits.tileBytes) : held
    }
    return {
      facts: {
        kind: 'mbtiles',
        name: plainText(said.get('name'), 100) || basename(path),
        attribution: plainText(said.get('attribution'), 300),
        bounds: boundsFrom((said.get('bounds') ?? '').split(',')),
        ...zoomsFrom(said.get('minzoom'), said.get('maxzoom')),
        tiles,
        layers: tiles === 'vector' ? layersFrom(parsedJson(said.get('json'))) : [],
        bytes
      },
      tile,
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * The library locks a file by a folder beside it, which a read-only disk refuses and a crash leaves behind. Opened by a
 * link in a folder of our own, the lock lies there. Where links are not allowed (Windows), the file is opened as it is.
 */
async function linkTo(path: string): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-map-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const link = join(folder, 'map')
  try {
    await symlink(path, link)
    return { path: link, remove }
  } catch {
    await remove()
    return { path, remove: () => Promise.resolve() }
  }
}

function checkSchema(database: Database): void {
  const schema = read(() =>
    database.all(`SELECT type, name, substr(sql, 1, 4000) AS sql FROM sqlite_schema LIMIT ${String(schemaMost + 1)}`)
  )
  if (schema.length > schemaMost) throw new BadMap('too many tables')
  for (const { type, name, sql } of schema) {
    const text = String(sql ?? '')
    if (type === 'view' && !isPlainView(text)) throw new BadMap(`a view that does more than join: ${String(name)}`)
    if (type !== 'table') continue
    if (/^\s*CREATE\s+VIRTUAL/i.test(text)) throw new BadMap(`a virtual table: ${String(name)}`)
    const columns = read(() => database.all('SELECT hidden FROM pragma_table_xinfo(?)', [String(name)]))
    if (columns.some(({ hidden }) => hidden !== 0)) throw new BadMap(`a generated column: ${String(name)}`)
  }
  const plan = read(() => database.all(`EXPLAIN QUERY PLAN ${tileQuery}`, [0, 0, 0]))
  if (plan.length === 0 || plan.some(({ detail }) => !String(detail).startsWith('SEARCH')))
    throw new BadMap('no index over its tiles')
}

/** Only names, joins and comparisons: nothing that computes. */
function isPlainView(sql: string): boolean {
  const [, head = '', body = ''] = /^(.*?\bAS\b)(.*)$/is.exec(sql) ?? []
  return (
    /^\s*CREATE\s+VIEW\s/i.test(head) &&
    !/[^\w\s.,="`[\]]/.test(body) &&
    !/\b(WITH|UNION|EXCEPT|INTERSECT)\b/i.test(body)
  )
}

function metadataOf(database: Database): ReadonlyMap<string, string> {
  const rows = read(() =>
    database.all(
      `SELECT substr(name, 1, 100) AS name, substr(value, 1, ${String(mapLimits.partBytes)}) AS value FROM metadata LIMIT ${String(metadataMost)}`
    )
  )
  return new Map(rows.map(({ name, value }) => [String(name), String(value)]))
}

function parsedJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '{}')
  } catch {
    return {}
  }
}

type Row = Readonly<Record<string, unknown>>

function read<T extends Row | null | readonly Row[]>(query: () => T): T {
  try {
    return query()
  } catch (error) {
    throw asBadMap(error)
  }
}

function asBadMap(error: unknown): BadMap {
  return new BadMap(error instanceof Error ? error.message : String(error))
}
