/** PMTiles version 3, by the library pmtiles, over bounded reads of a file. */
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { Compression, PMTiles, ResolvedValueCache, TileType, type Header, type Source } from 'pmtiles'
import { boundsFrom, BadMap, layersFrom, mapLimits, plainText, unpack, zoomsFrom } from './map-file.js'
import type { MapFile, Packing } from './map-file.js'

/** Directories are tens of kilobytes each; a few cover what is looked at. */
const directoriesKept = 8

/** What is needed of an open file. */
export type ReadFile = Pick<FileHandle, 'close'> & {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
}

/** @param bytes size of the file. */
export async function openPmtiles(file: ReadFile, path: string, bytes: number): Promise<MapFile> {
  const source: Source = {
    getKey: () => path,
    async getBytes(offset, length) {
      const isInside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
      if (!isInside || offset > bytes || length > mapLimits.tileBytes) throw new BadMap('a part outside of the file')
      const buffer = Buffer.alloc(Math.min(length, bytes - offset))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
      return { data: arrayBufferOf(buffer.subarray(0, bytesRead)) }
    }
  }
  const archive = new PMTiles(
    source,
    new ResolvedValueCache(directoriesKept, undefined, unpackDirectory),
    async (part, packing) => arrayBufferOf(await unpack(Buffer.from(part), packingOf(packing), mapLimits.tileBytes))
  )
  const header = await asBadMap(archive.getHeader())
  if (header.specVersion !== 3) throw new BadMap(`PMTiles version ${String(header.specVersion)}`)
  const tiles = tilesOf(header)
  if (header.jsonMetadataLength > mapLimits.partBytes) throw new BadMap('metadata that are too large')
  const metadata = await asBadMap(archive.getMetadata())
  const said = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as Readonly<Record<string, unknown>>
  return {
    facts: {
      kind: 'pmtiles',
      name: plainText(said['name'], 100) || basename(path),
      attribution: plainText(said['attribution'], 300),
      bounds: boundsFrom([header.minLon, header.minLat, header.maxLon, header.maxLat]),
      ...zoomsFrom(header.minZoom, header.maxZoom),
      tiles,
      layers: tiles === 'vector' ? layersFrom(said) : [],
      bytes
    },
    async tile(z, x, y) {
      const found = await asBadMap(archive.getZxyAttempt(z, x, y))
      return found === undefined ? undefined : Buffer.from(found.data)
    },
    close: () => file.close()
  }
}

/**
 * The library believes the number of entries that a directory claims; an entry takes at least four bytes, so a directory
 * that claims more than it holds is refused before anything is made of it.
 */
async function unpackDirectory(part: ArrayBuffer, packing: Compression): Promise<ArrayBuffer> {
  const bytes = await unpack(Buffer.from(part), packingOf(packing), mapLimits.partBytes)
  let claimed = 0
  for (let at = 0; at < 10; at++) {
    const byte = bytes[at] ?? 0
    claimed += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) break
  }
  if (claimed * 4 + 1 > bytes.length) throw new BadMap('a directory that claims more than it holds')
  return arrayBufferOf(bytes)
}

function tilesOf({ tileType }: Header): 'raster' | 'vector' {
  if (tileType === TileType.Mvt) return 'vector'
  if (tileType === TileType.Png || tileType === TileType.Jpeg || tileType === TileType.Webp) return 'raster'
  throw new BadMap('tiles of a kind that is not known')
}

function packingOf(packing: Compression): Packing {
  switch (packing) {
    case Compression.None:
      return 'none'
    case Compression.Gzip:
      return 'gzip'
    case Compression.Brotli:
      return 'brotli'
    default:
      throw new BadMap('packed in a way that is not known')
  }
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}

/** The library's errors are about the file; what the system says of the disk stays as it is. */
async function asBadMap<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof BadMap || (error instanceof Error && 'code' in error)) throw error
    throw new BadMap(error instanceof Error ? error.message : String(error))
  }
}
