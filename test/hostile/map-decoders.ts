/** Decoders of map files that a person opened, and of what a mission's items say of themselves. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '@shared/model.js'
import { BadMap, tileType, type MapFile } from '../../src/main/engine/maps/map-file.js'
import { openMbtiles } from '../../src/main/engine/maps/mbtiles-file.js'
import { openPmtiles } from '../../src/main/engine/maps/pmtiles-file.js'
import { isInBox, mapFields, mapItem } from '../../src/main/engine/missions/map-item.js'
import { pmtiles, smallPng, writeMbtiles } from '../support/map-files.js'
import type { Decoder } from './decoders.js'

const tile = { z: 3, x: 4, y: 2, bytes: smallPng }
const world = [-180, -90, 180, 90] as const

export function makeMapDecoders(): readonly Decoder[] {
  const folder = mkdtempSync(join(tmpdir(), 'muster-fuzz-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'fuzzed')
  const given = join(folder, 'given')
  writeMbtiles(given, [tile])
  const items = [
    {
      type: 'a-f-G-U-C',
      title: 'ДСНС',
      point: { lat: 45.9, lon: 13.7, hae: 3 },
      color: '#00ff00',
      stale: 5,
      layer: 'x'
    },
    { type: 'u-d-f', points: [[45, 13], [46, 14], [45, 14]], closed: true } // prettier-ignore
  ]
  return [
    {
      name: 'a PMTiles file',
      valid: [pmtiles([tile, { ...tile, x: 5 }]), pmtiles([tile], { tileType: 1, isPacked: true })],
      decode: (bytes) =>
        takes(async () => {
          const read = async (buffer: Buffer, offset: number, length: number, position: number) => ({
            bytesRead: bytes.copy(buffer, offset, position, position + length)
          })
          return openPmtiles({ read, close: () => Promise.resolve() }, 'fuzzed', bytes.length)
        }),
      rarity: 10
    },
    {
      name: 'an MBTiles file',
      valid: [readFileSync(given)],
      decode(bytes) {
        writeFileSync(path, bytes)
        return takes(() => openMbtiles(path, bytes.length))
      },
      rarity: 400
    },
    {
      name: 'the picture of a tile',
      valid: [smallPng, Buffer.from('ffd8ffe000044142ffc0000b080010001001011100', 'hex'), webp()],
      decode(bytes) {
        try {
          return tileType(bytes, 'raster').startsWith('image/')
        } catch (error) {
          if (error instanceof BadMap) return false
          throw error
        }
      }
    },
    {
      name: 'what an item says',
      valid: items.map((item) => Buffer.from(JSON.stringify(item))),
      decode(bytes) {
        const said = parsed(bytes)
        if (typeof said !== 'object' || said === null) return false
        const values = said as Readonly<Record<string, Json>>
        const fields = [...mapFields].flatMap((field) => {
          const value = Object.hasOwn(values, field) ? values[field] : undefined
          return value === undefined ? [] : [[field, [{ value, at: 1 }]] as const]
        })
        const item = mapItem('1', 'A', 0, new Map(fields))
        return isInBox(item, world)
      },
      rarity: 4
    }
  ]
}

/** Whether it was opened and gave the tile. */
async function takes(open: () => Promise<MapFile>): Promise<boolean> {
  try {
    const file = await open()
    try {
      return (await file.tile(tile.z, tile.x, tile.y)) !== undefined
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof BadMap) return false
    throw error
  }
}

function webp(): Buffer {
  const bytes = Buffer.alloc(30)
  bytes.write('RIFF', 'latin1')
  bytes.write('WEBPVP8X', 8, 'latin1')
  return bytes
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
