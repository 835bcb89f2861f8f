/**
 * Every signature of the protocol (docs/protocol/bytes.md): Ed25519 over "muster/1 <purpose>\0" and length-prefixed
 * fields. Keys and R values of small order or in a non-canonical encoding are refused before verifying: OpenSSL 3.0 and
 * BoringSSL accept signatures by them, OpenSSL 3.5 does not, and nodes that disagree on one change part for ever.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { lengthPrefixed } from '../bytes/hash.js'

/** All purposes. A signature for one can never pass for another. Stored and sent: never rename. */
export type Purpose =
  | 'identity'
  | 'hello'
  | 'mission'
  | 'seal'
  | 'presence'
  | 'receipt'
  | 'bundle'
  | 'bundle-receipt'
  | 'pairing'
  | 'revocation'

export function signedBytes(purpose: Purpose, fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(`muster/1 ${purpose}\0`), lengthPrefixed(fields)])
}

export function signFor(purpose: Purpose, fields: readonly Uint8Array[], key: KeyObject): Buffer {
  return sign(null, signedBytes(purpose, fields), key)
}

export function verifyFor(
  purpose: Purpose,
  fields: readonly Uint8Array[],
  key: KeyObject,
  signature: Uint8Array
): boolean {
  if (signature.length !== 64 || !isSafePoint(signature.subarray(0, 32))) return false
  return verify(null, signedBytes(purpose, fields), key, signature)
}

/** The eight points of small order, least significant byte first, with the sign bit cleared (RFC 8032, section 5.1.2). */
const smallOrder = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
])

/** Whether 32 bytes are a canonical encoding (y < 2^255 - 19) of a point that is not of small order. */
export function isSafePoint(encoded: Uint8Array): boolean {
  if (encoded.length !== 32) return false
  const y = Buffer.from(encoded)
  y[31] = (y[31] ?? 0) & 0x7f
  const aboveField = y[31] === 0x7f && (y[0] ?? 0) >= 0xed && y.subarray(1, 31).every((byte) => byte === 0xff)
  return !aboveField && !smallOrder.has(y.toString('hex'))
}

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const sealingPkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** Making a key object costs half of verifying a signature with it, and the same few keys come again and again. */
const parsed = new Map<string, KeyObject>()
const parsedMost = 1_000

/** The key object for 32 raw bytes, or `undefined` for an unsafe key. */
export function parsePublicKey(raw: Uint8Array): KeyObject | undefined {
  const name = Buffer.from(raw).toString('latin1')
  const known = parsed.get(name)
  if (known !== undefined) return known
  if (!isSafePoint(raw)) return undefined
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
    if (parsed.size >= parsedMost) parsed.clear()
    parsed.set(name, key)
    return key
  } catch {
    // Some runtimes refuse points that are not on the curve here, others when verifying; both mean: no key.
    return undefined
  }
}

export function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
}

export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
}

/** An X25519 private key; any 32 bytes are one (RFC 7748, section 5). */
export function sealingKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([sealingPkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
}
