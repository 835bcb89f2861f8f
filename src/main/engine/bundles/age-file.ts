/**
 * Files in the format of age (age-encryption.org/v1, C2SP). The library makes and reads the header, in which the file key
 * is wrapped for each recipient; the payload is enciphered here with the system's ChaCha20-Poly1305, which is 15 times as
 * fast as the library's and can be entered at any chunk (docs/decisions/0030-age-payload.md).
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { bech32 } from '@scure/base'
import { BundleRefused, damaged } from './refusal.js'
import type { Source } from './source.js'

export const ageMagic = Buffer.from('age-encryption.org/v1\n')
const nonceBytes = 16
const chunkBytes = 64 * 1024
const tagBytes = 16
const sealedChunkBytes = chunkBytes + tagBytes
/** With 200 recipients a header has 24 KiB. */
const headerBytesMost = 64 * 1024

/** How age writes the public half of an X25519 key, 32 bytes. */
export function ageRecipient(sealingKey: Uint8Array): string {
  return bech32.encodeFromBytes('age', sealingKey)
}

/** And the private half. */
export function ageIdentity(secret: Uint8Array): string {
  return bech32.encodeFromBytes('AGE-SECRET-KEY-', secret).toUpperCase()
}

/** A new file for these X25519 keys, 32 bytes each: what it begins with, and how its payload goes on. */
export async function newAgeFile(
  sealingKeys: readonly Uint8Array[],
  nonce: Buffer
): Promise<{ readonly begin: Buffer; readonly sealer: Sealer }> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  let fileKey: Uint8Array = new Uint8Array()
  // Wraps for nobody: it is how the library gives the key away.
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = key
      return []
    }
  })
  for (const key of sealingKeys) encrypter.addRecipient(ageRecipient(key))
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array()))
  const header = empty.subarray(0, empty.length - nonceBytes - tagBytes)
  return { begin: Buffer.concat([header, nonce]), sealer: new Sealer(payloadKey(fileKey, nonce)) }
}

/** The payload of an age file that is for this X25519 secret, 32 bytes; read at any place, each chunk authenticated. */
export async function openAgeFile(file: Source, secret: Uint8Array): Promise<Source> {
  const begin = await file.read(0, Math.min(file.size, headerBytesMost))
  const header = begin.subarray(0, headerEnd(begin))
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  decrypter.addIdentity(ageIdentity(secret))
  let isForOthers = false
  // Asked when the one before could not.
  decrypter.addIdentity({
    unwrapFileKey() {
      isForOthers = true
      return null
    }
  })
  let fileKey: Uint8Array
  try {
    fileKey = await decrypter.decryptHeader(header)
  } catch (error) {
    if (isForOthers) throw new BundleRefused('bundle-not-for-us')
    throw damaged(`header: ${String(error)}`)
  }
  const start = header.length + nonceBytes
  if (file.size < start + tagBytes) throw damaged('cut in its header')
  const nonce = await file.read(header.length, nonceBytes)
  return openPayload(file, start, payloadKey(fileKey, nonce))
}

/** Where the header ends: after the line that begins with three dashes. */
function headerEnd(begin: Buffer): number {
  const last = begin.indexOf('\n--- ')
  const end = last < 0 ? -1 : begin.indexOf('\n', last + 1)
  if (end < 0) throw damaged('no end of the header')
  return end + 1
}

function payloadKey(fileKey: Uint8Array, nonce: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32))
}

/** Eleven bytes of number and one that says whether it is the last. */
function chunkNonce(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Takes bytes of any length and gives them back sealed, as soon as there is a whole chunk. */
export class Sealer {
  readonly #key: Buffer
  #rest = Buffer.alloc(0)
  #number = 0

  constructor(key: Buffer) {
    this.#key = key
  }

  seal(bytes: Buffer): Buffer {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const sealed: Buffer[] = []
    let at = 0
    // The last chunk is sealed in another way, so a whole one waits for more.
    for (; all.length - at > chunkBytes; at += chunkBytes)
      sealed.push(...this.#chunk(all.subarray(at, at + chunkBytes), false))
    this.#rest = Buffer.from(all.subarray(at))
    return Buffer.concat(sealed)
  }

  end(): Buffer {
    return Buffer.concat(this.#chunk(this.#rest, true))
  }

  #chunk(bytes: Buffer, isLast: boolean): readonly Buffer[] {
    const cipher = createCipheriv('chacha20-poly1305', this.#key, chunkNonce(this.#number++, isLast), {
      authTagLength: tagBytes
    })
    return [cipher.update(bytes), cipher.final(), cipher.getAuthTag()]
  }
}

function openPayload(file: Source, start: number, key: Buffer): Source {
  const sealedBytes = file.size - start
  const chunks = Math.ceil(sealedBytes / sealedChunkBytes)
  const lastBytes = sealedBytes - (chunks - 1) * sealedChunkBytes
  if (lastBytes < tagBytes || (lastBytes === tagBytes && chunks > 1)) throw damaged('cut in its last chunk')
  const open = (number: number, sealed: Buffer): Buffer => {
    const isLast = number === chunks - 1
    const cipher = createDecipheriv('chacha20-poly1305', key, chunkNonce(number, isLast), { authTagLength: tagBytes })
    cipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    const bytes = cipher.update(sealed.subarray(0, sealed.length - tagBytes))
    try {
      cipher.final()
    } catch {
      throw damaged(`chunk ${String(number)} was altered, or is not the last`)
    }
    return bytes
  }
  return {
    size: sealedBytes - chunks * tagBytes,
    async read(offset, length) {
      if (length === 0) return Buffer.alloc(0)
      const first = Math.floor(offset / chunkBytes)
      const last = Math.floor((offset + length - 1) / chunkBytes)
      const from = first * sealedChunkBytes
      const sealed = await file.read(start + from, Math.min((last + 1) * sealedChunkBytes, sealedBytes) - from)
      const opened: Buffer[] = []
      for (let number = first; number <= last; number++) {
        const at = (number - first) * sealedChunkBytes
        opened.push(open(number, sealed.subarray(at, at + sealedChunkBytes)))
      }
      const skipped = offset - first * chunkBytes
      return Buffer.concat(opened).subarray(skipped, skipped + length)
    }
  }
}
