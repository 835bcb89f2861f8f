/**
 * A file of map tiles that a person opened. What it holds is from outside: every read has a bound, what is packed is
 * unpacked up to a bound, and whatever breaks its format is a reason, never a crash. Files are only ever read.
 */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip } from 'node:zlib'
import type { MapFileSummary } from '@shared/model.js'

/** What a map file says of itself. */
export type MapFacts = Pick<
  MapFileSummary,
  'kind' | 'name' | 'attribution' | 'bounds' | 'minZoom' | 'maxZoom' | 'tiles' | 'layers' | 'bytes'
>

export interface MapFile {
  readonly facts: MapFacts
  /** Bytes of a tile as they stand in the file; `undefined` when it has none there. Rejects with `BadMap`. */
  tile(z: number, x: number, y: number): Promise<Buffer | undefined>
  close(): Promise<void>
}

/** The file is not what it should be; the message says why. */
export class BadMap extends Error {}

/** Bounds of what is read: packed and unpacked, in bytes. */
export const mapLimits = {
  tileBytes: 4 * 1024 * 1024,
  /** Directories and metadata. */
  partBytes: 1024 * 1024,
  zoom: 22,
  layers: 200,
  /** Side of a picture. */
  pixels: 2_048
} as const

const gunzipAsync = promisify(gunzip)
const brotliAsync = promisify(brotliDecompress)

export type Packing = 'none' | 'gzip' | 'brotli'

export async function unpack(bytes: Buffer, packing: Packing, most: number): Promise<Buffer> {
  if (packing === 'none') {
    if (bytes.length > most) throw new BadMap(`a part of ${String(bytes.length)} bytes`)
    return bytes
  }
  try {
    return await (packing === 'gzip' ? gunzipAsync : brotliAsync)(bytes, { maxOutputLength: most })
  } catch (error) {
    throw new BadMap(error instanceof Error ? error.message : String(error))
  }
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Text from a file for a person: one line, bounded; markup in it is shown as it is written, never run. */
export function plainText(value: unknown, most: number): string {
  if (typeof value !== 'string') return ''
  const text = value
    .replace(/<[^>]*>/g, ' ')
    .replace(/&copy;/g, '©')
    .replace(/[\p{C}\s]+/gu, ' ')
  return [...text.trim()].slice(0, most).join('')
}

/** Bounds that make sense, or the whole world. */
export function boundsFrom(values: readonly unknown[]): MapFacts['bounds'] {
  const [west, south, east, north] = values.map(Number)
  const isBox =
    west !== undefined &&
    south !== undefined &&
    east !== undefined &&
    north !== undefined &&
    west < east &&
    south < north
  if (!isBox || west < -180 || east > 180 || south < -90 || north > 90) return [-180, -85, 180, 85]
  return [west, south, east, north]
}

export function zoomsFrom(min: unknown, max: unknown): Pick<MapFacts, 'minZoom' | 'maxZoom'> {
  const clamp = (value: unknown, usual: number) =>
    Number.isInteger(Number(value)) ? Math.min(mapLimits.zoom, Math.max(0, Number(value))) : usual
  const minZoom = clamp(min, 0)
  return { minZoom, maxZoom: Math.max(minZoom, clamp(max, 14)) }
}

/** Names of vector layers from TileJSON's `vector_layers`. */
export function layersFrom(metadata: unknown): readonly string[] {
  const found = (metadata as { readonly vector_layers?: unknown } | null)?.vector_layers
  if (!Array.isArray(found)) return []
  return found
    .slice(0, mapLimits.layers)
    .map((layer: unknown) => (layer as { readonly id?: unknown } | null)?.id)
    .filter((id): id is string => typeof id === 'string' && id !== '' && id.length <= 100)
}

/** Media type of a tile by its first bytes; a picture larger than the bound, or another thing, is refused. */
export function tileType(bytes: Buffer, tiles: MapFacts['tiles']): string {
  if (tiles === 'vector') return 'application/x-protobuf'
  const size = pictureSize(bytes)
  if (size === undefined) throw new BadMap('a tile that is no PNG, JPEG or WebP')
  if (Math.max(size.width, size.height) > mapLimits.pixels)
    throw new BadMap(`a picture of ${String(size.width)} × ${String(size.height)}`)
  return size.type
}

interface PictureSize {
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp'
  readonly width: number
  readonly height: number
}

/** Read from the head of the file, as a decoder would: a small file can unpack into a picture of gigabytes. */
function pictureSize(bytes: Buffer): PictureSize | undefined {
  if (bytes.length >= 24 && bytes.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n')
    return { type: 'image/png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
  if (bytes.length >= 30 && bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP')
    return webpSize(bytes)
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegSize(bytes)
  return undefined
}

function webpSize(bytes: Buffer): PictureSize | undefined {
  const type = 'image/webp'
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { type, width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21)
      return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8X':
      return { type, width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
    default:
      return undefined
  }
}

/** The first frame header (SOF, ISO/IEC 10918-1 B.2.2). */
function jpegSize(bytes: Buffer): PictureSize | undefined {
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { type: 'image/jpeg', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    at += 2 + Math.max(2, bytes.readUInt16BE(at + 2))
  }
  return undefined
}
