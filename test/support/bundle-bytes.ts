/** Bundles taken apart and put together again otherwise, signed by whoever is named: what a hostile sender can make. */
import type { KeyObject } from 'node:crypto'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import {
  bundleMagic,
  encodeManifest,
  footerBytes,
  holdsRevocations,
  revocationMagic,
  type Manifest
} from '../../src/main/engine/bundles/manifest.js'
import type { Source } from '../../src/main/engine/bundles/source.js'

export interface Apart {
  readonly manifest: Manifest
  readonly parts: readonly Buffer[]
}

/** Of one in the open. */
export function takeApart(payload: Buffer): Apart {
  const length = payload.readUInt32BE(payload.length - footerBytes)
  const line = payload.subarray(payload.length - footerBytes - length, payload.length - footerBytes)
  const { manifest } = JSON.parse(line.toString()) as { manifest: Manifest }
  let at = bundleMagic.length
  const parts = manifest.parts.map(({ size }) => payload.subarray(at, (at += size)))
  return { manifest, parts }
}

export function putTogether({ manifest, parts }: Apart, key: KeyObject): Buffer {
  const end = encodeManifest(manifest, key)
  if (end === undefined) throw new Error('too long')
  return Buffer.concat([holdsRevocations(manifest) ? revocationMagic : bundleMagic, ...parts, end])
}

/** With the sizes and hashes that its parts have now. */
export function honest({ manifest, parts }: Apart): Apart {
  const entries = manifest.parts.map((entry, index) => {
    const part = parts[index] ?? Buffer.alloc(0)
    return { ...entry, size: part.length, sha256: sha256(part).toString('hex') }
  })
  return { manifest: { ...manifest, parts: entries }, parts }
}

export function inMemory(bytes: Buffer): Source {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) throw new Error('outside of the file')
      return Promise.resolve(bytes.subarray(offset, offset + length))
    }
  }
}
