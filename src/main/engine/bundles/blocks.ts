/**
 * Runs in a bundle: blocks, each a length (u32) and so many bytes of raw DEFLATE, which unpack to whole runs as they are
 * stored. Blocks are small enough to be packed and unpacked in turn, beside all other work.
 */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { limits } from '../limits.js'
import { decodeRun, type Run } from '../logs/run.js'
import { damaged } from './refusal.js'
import type { PartReader } from './source.js'

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)
const lengthBytes = 4
/** What does not pack at all grows by less than this. */
const packedMost = limits.bundleBlockBytes + 64 * 1024
const packing = { level: 3, chunkSize: 256 * 1024 }

/** @param runs as {@link encodeRun} gives them, together at most a block. */
export async function packBlock(runs: readonly Buffer[]): Promise<Buffer> {
  const packed = await deflate(Buffer.concat(runs), packing)
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(packed.length)
  return Buffer.concat([length, packed])
}

/** The runs of a part, block by block. Throws BundleRefused when they are none. */
export async function* unpackBlocks(part: PartReader): AsyncGenerator<readonly Run[]> {
  while (part.left > 0) {
    const length = (await part.take(lengthBytes)).readUInt32BE()
    if (length > packedMost) throw damaged('a block is too long')
    yield runsOf(await unpack(await part.take(length)))
  }
}

async function unpack(packed: Buffer): Promise<Buffer> {
  try {
    return await inflate(packed, { maxOutputLength: limits.bundleBlockBytes, chunkSize: 256 * 1024 })
  } catch {
    throw damaged('a block does not unpack')
  }
}

function runsOf(bytes: Buffer): readonly Run[] {
  const runs: Run[] = []
  for (let at = 0; at < bytes.length;) {
    const decoded = decodeRun(bytes, at)
    if (decoded === undefined) throw damaged('not a run')
    runs.push(decoded.run)
    at = decoded.end
  }
  return runs
}
