/**
 * Bytes under a passphrase (docs/protocol/identity.md#under-a-passphrase): scrypt (RFC 7914) makes a key of it, AES-256-GCM
 * seals with that key. The cost stands beside what it seals, so that it can grow from one version to the next.
 */
import { createCipheriv, createDecipheriv, scrypt as scryptCallback } from 'node:crypto'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { fail, ok, type Result } from '@shared/result.js'
import { lengthPrefixed, parseBase64Url } from '../bytes/hash.js'
import type { Random } from '../runtime/random.js'
import type { KeyStore } from './key-store.js'

const scrypt = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scryptCallback
)

export interface ScryptCost {
  /** A power of two. Memory is 128 · N · r bytes, time grows with N · r · p. */
  readonly N: number
  readonly r: number
  readonly p: number
}

/** 128 MiB and some 0.4 s on a small laptop (docs/decisions/0051-keys-under-a-passphrase.md). */
export const usualCost: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }
/** A file says itself what opening it costs; four times the memory of today, so that a hostile one cannot take all. */
const memoryMost = 512 * 1024 * 1024
const passesMost = 4

const Bytes = (length: number) =>
  v.custom<string>((value) => parseBase64Url(value, length) !== undefined, `${String(length)} bytes, base64url`)
const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

export const UnderPassphraseSchema = v.strictObject({
  kdf: v.literal('scrypt'),
  N: Whole,
  r: Whole,
  p: Whole,
  salt: Bytes(16),
  nonce: Bytes(12),
  /** Sealed bytes, and behind them the tag of 16 bytes. */
  box: v.pipe(v.string(), v.maxLength(256 * 1024), v.regex(/^[A-Za-z0-9_-]+$/))
})
export type UnderPassphrase = v.InferOutput<typeof UnderPassphraseSchema>

/** What is sealed; stored, never rename. Sealed for one purpose, it opens for no other. */
export type SealedPurpose = 'data-key' | 'identity-file'

/** Spaces count, but not how an accent was typed. */
function normal(passphrase: string): string {
  return passphrase.toWellFormed().normalize('NFC')
}

function keyOf(passphrase: string, salt: Buffer, { N, r, p }: ScryptCost): Promise<Buffer> {
  // Node counts a little more than 128 · N · r.
  return scrypt(normal(passphrase), salt, 32, { N, r, p, maxmem: 129 * N * r + 1024 * 1024 })
}

function boundTo(purpose: SealedPurpose, { N, r, p }: ScryptCost, salt: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`muster/1 sealed ${purpose}\0`),
    lengthPrefixed([Buffer.from(`${String(N)} ${String(r)} ${String(p)}`), salt])
  ])
}

export async function sealUnder(
  passphrase: string,
  secret: Uint8Array,
  purpose: SealedPurpose,
  { random, cost = usualCost }: { readonly random: Random; readonly cost?: ScryptCost | undefined }
): Promise<UnderPassphrase> {
  const [salt, nonce] = [random.bytes(16), random.bytes(12)]
  const key = await keyOf(passphrase, salt, cost)
  const box = seal(key, nonce, secret, boundTo(purpose, cost, salt))
  key.fill(0)
  const { N, r, p } = cost
  return {
    kdf: 'scrypt',
    ...{ N, r, p },
    salt: salt.toString('base64url'),
    nonce: nonce.toString('base64url'),
    box: box.toString('base64url')
  }
}

/** `wrong-passphrase` also stands for altered bytes: the two cannot be told apart here. */
export async function openUnder(
  sealed: UnderPassphrase,
  passphrase: string,
  purpose: SealedPurpose
): Promise<Result<Buffer>> {
  const refused = refuseCost(sealed)
  if (refused !== undefined) return fail('passphrase-cost', refused)
  const [salt, nonce, box] = [sealed.salt, sealed.nonce, sealed.box].map((text) => Buffer.from(text, 'base64url'))
  if (salt === undefined || nonce === undefined || box === undefined) return fail('wrong-passphrase')
  const key = await keyOf(passphrase, salt, sealed)
  const opened = open(key, nonce, box, boundTo(purpose, sealed, salt))
  key.fill(0)
  return opened === undefined ? fail('wrong-passphrase') : ok(opened)
}

/** Before anything is computed. */
function refuseCost({ N, r, p }: ScryptCost): string | undefined {
  const isPower = N >= 2 && Number.isInteger(Math.log2(N))
  if (!isPower) return 'N is no power of two'
  if (p > passesMost || 128 * N * r > memoryMost) return `N ${String(N)}, r ${String(r)}, p ${String(p)}`
  return undefined
}

function seal(key: Buffer, nonce: Buffer, secret: Uint8Array, bound: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound)
  return Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()])
}

function open(key: Buffer, nonce: Buffer, box: Buffer, bound: Buffer): Buffer | undefined {
  if (box.length < 16) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(bound)
    decipher.setAuthTag(box.subarray(-16))
    return Buffer.concat([decipher.update(box.subarray(0, -16)), decipher.final()])
  } catch {
    return undefined // What OpenSSL says of a key is nothing for a log.
  }
}

const wrappedFor = Buffer.from('muster/1 wrapped\0')

/** Wraps as the system's key store would, with a key that itself lies under a passphrase. */
export function dataKeyStore(dataKey: Buffer, random: Random): KeyStore {
  return {
    problem: () => undefined,
    wrap(secret) {
      const nonce = random.bytes(12)
      return Buffer.concat([nonce, seal(dataKey, nonce, secret, wrappedFor)])
    },
    unwrap: (wrapped) => open(dataKey, wrapped.subarray(0, 12), wrapped.subarray(12), wrappedFor)
  }
}

export const passphraseLeast = 10
export const passphraseMost = 256

/** What a new passphrase must have: length is what resists; nothing else is asked. */
export function refusePassphrase(passphrase: string): 'passphrase-short' | undefined {
  return [...normal(passphrase)].length < passphraseLeast ? 'passphrase-short' : undefined
}
