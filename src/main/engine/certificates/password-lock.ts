/**
 * Encryption under a password, as PKCS#12 files and encrypted PKCS#8 keys have it: PBES2 (RFC 8018) and the older schemes
 * of RFC 7292 appendix C. Key derivation never blocks: PBKDF2 and scrypt run in the thread pool, the older one yields.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash as hashOnce,
  pbkdf2 as pbkdf2Callback,
  scrypt as scryptCallback,
  timingSafeEqual,
  type ScryptOptions
} from 'node:crypto'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { promisify } from 'node:util'
import { fail, ok, type Result } from '@shared/result.js'
import { rc2Decrypt } from './rc2.js'

const pbkdf2 = promisify(pbkdf2Callback)
const scrypt = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scryptCallback)
/** OpenSSL, which is what makes such files, opens none that need more. */
const scryptBytesMost = 32 * 1024 * 1024

export type HashName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/**
 * What one import may cost. Files say themselves how often a password is hashed, so a hostile one could keep us busy for
 * hours. Real ones say 1 to 600,000; Java and Bouncy Castle stop at 5,000,000 as well, which is seconds here.
 */
export class Effort {
  #left = 5_000_000

  spend(iterations: number): Result<null> {
    if (!Number.isSafeInteger(iterations) || iterations < 1) return fail('certificate-damaged', 'iteration count')
    this.#left -= iterations
    return this.#left < 0 ? fail('obsolete-cipher', 'more than 5000000 iterations') : ok(null)
  }
}

/** A password in the two forms in which it is hashed. */
export interface Secret {
  readonly utf8: Buffer
  /** Big-endian UTF-16 with a zero at its end (RFC 7292 B.1). */
  readonly utf16: Buffer
}

/** The forms to try. For the empty password tools differ: some hash the zero at its end, some nothing. */
export function secretsOf(password: string): readonly Secret[] {
  const utf8 = Buffer.from(password.toWellFormed(), 'utf8')
  const secret = { utf8, utf16: Buffer.from(`${password}\0`, 'utf16le').swap16() }
  return password === '' ? [secret, { utf8, utf16: Buffer.alloc(0) }] : [secret]
}

export type CipherName = 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'des-ede3-cbc'
const keyBytes: Readonly<Record<CipherName, number>> = {
  'aes-128-cbc': 16,
  'aes-192-cbc': 24,
  'aes-256-cbc': 32,
  'des-ede3-cbc': 24
}

export interface Pbes2 {
  readonly scheme: 'pbes2'
  readonly cipher: CipherName
  readonly iv: Buffer
  readonly hash: HashName
  readonly salt: Buffer
  readonly iterations: number
}

/** PBES2 with scrypt (RFC 7914): its cost, block size and parallelization. */
export interface ScryptLock {
  readonly scheme: 'scrypt'
  readonly cipher: CipherName
  readonly iv: Buffer
  readonly salt: Buffer
  readonly n: number
  readonly r: number
  readonly p: number
}

/** SHA-1 with 3DES of 24 or 16 bytes of key, or RC2 of 16 or 5. */
export interface Pbes1 {
  readonly scheme: 'pbes1'
  readonly cipher: 'des-ede3' | 'rc2'
  readonly keyBytes: number
  readonly salt: Buffer
  readonly iterations: number
}

export type Lock = Pbes2 | ScryptLock | Pbes1

/** `wrong-password` also stands for damaged bytes: the two cannot be told apart here. */
export async function unlock(lock: Lock, data: Buffer, secret: Secret, effort: Effort): Promise<Result<Buffer>> {
  const allowed = effort.spend(workOf(lock))
  if (!allowed.ok) return allowed
  if (lock.scheme === 'scrypt') {
    const { n, r, p } = lock
    if (n < 2 || !Number.isInteger(Math.log2(n))) return fail('certificate-damaged', 'scrypt cost')
    if (128 * r * (n + p) > scryptBytesMost) return fail('obsolete-cipher', 'scrypt with more than 32 MiB')
  }
  try {
    const { cipher, key, iv } = await keysOf(lock, secret)
    if (cipher === 'rc2') {
      const open = await rc2Decrypt(key, iv, data)
      return open === undefined ? fail('wrong-password') : ok(open)
    }
    const decipher = createDecipheriv(cipher, key, iv)
    return ok(Buffer.concat([decipher.update(data), decipher.final()]))
  } catch {
    // Wrong padding or a wrong length of IV or data: no key that this password gives opens it.
    return fail('wrong-password')
  }
}

/** In iterations of PBKDF2, or what takes as long. */
function workOf(lock: Lock): number {
  if (lock.scheme === 'scrypt') return lock.n * lock.r * lock.p
  return lock.scheme === 'pbes1' ? lock.iterations * 2 : lock.iterations
}

export async function seal(lock: Lock, data: Uint8Array, secret: Secret): Promise<Buffer> {
  const { cipher, key, iv } = await keysOf(lock, secret)
  if (cipher === 'rc2') throw new Error('RC2 is only read')
  const sealer = createCipheriv(cipher, key, iv)
  return Buffer.concat([sealer.update(data), sealer.final()])
}

async function keysOf(lock: Lock, secret: Secret): Promise<{ cipher: CipherName | 'rc2'; key: Buffer; iv: Buffer }> {
  if (lock.scheme === 'pbes2') {
    const { cipher, iv, salt, iterations, hash } = lock
    return { cipher, iv, key: await pbkdf2(secret.utf8, salt, iterations, keyBytes[cipher], hash) }
  }
  if (lock.scheme === 'scrypt') {
    const { cipher, iv, salt, n: N, r, p } = lock
    // The library counts some bytes beside the large table.
    const options = { N, r, p, maxmem: scryptBytesMost + 64 * 1024 }
    return { cipher, iv, key: await scrypt(secret.utf8, salt, keyBytes[cipher], options) }
  }
  const { salt, iterations } = lock
  const derived = await pkcs12Key('sha1', secret.utf16, salt, 1, iterations, lock.keyBytes)
  const iv = await pkcs12Key('sha1', secret.utf16, salt, 2, iterations, 8)
  if (lock.cipher === 'rc2') return { cipher: 'rc2', key: derived, iv }
  // 3DES with two keys is 3DES with three, of which the last is the first.
  const key = derived.length === 16 ? Buffer.concat([derived, derived.subarray(0, 8)]) : derived
  return { cipher: 'des-ede3-cbc', key, iv }
}

export interface Mac {
  readonly hash: HashName
  readonly salt: Buffer
  readonly iterations: number
  readonly digest: Buffer
}

/** RFC 7292 B.4: the check value over a file's whole content. */
export async function macOf({ hash, salt, iterations }: Omit<Mac, 'digest'>, data: Uint8Array, secret: Secret) {
  const key = await pkcs12Key(hash, secret.utf16, salt, 3, iterations, sizes[hash].output)
  return createHmac(hash, key).update(data).digest()
}

/** The form of the password under which the check value holds; `undefined` when none does. */
export async function secretFor(
  mac: Mac,
  data: Uint8Array,
  password: string,
  effort: Effort
): Promise<Result<Secret | undefined>> {
  for (const secret of secretsOf(password)) {
    const allowed = effort.spend(mac.iterations)
    if (!allowed.ok) return allowed
    const digest = await macOf(mac, data, secret)
    if (digest.length === mac.digest.length && timingSafeEqual(digest, mac.digest)) return ok(secret)
  }
  return ok(undefined)
}

/** In bytes: what the hash gives, and the blocks it works on. */
const sizes: Readonly<Record<HashName, { output: number; block: number }>> = {
  sha1: { output: 20, block: 64 },
  sha224: { output: 28, block: 64 },
  sha256: { output: 32, block: 64 },
  sha384: { output: 48, block: 128 },
  sha512: { output: 64, block: 128 }
}

/** Some milliseconds of hashing. */
const iterationsAtOnce = 2_000

/** RFC 7292 B.2. @param purpose 1 for a key, 2 for an IV, 3 for a check value. */
export async function pkcs12Key(
  hash: HashName,
  secret: Buffer,
  salt: Buffer,
  purpose: 1 | 2 | 3,
  iterations: number,
  length: number
): Promise<Buffer> {
  const { block } = sizes[hash]
  const diversifier = Buffer.alloc(block, purpose)
  const input = Buffer.concat([stretched(salt, block), stretched(secret, block)])
  const blocks: Buffer[] = []
  for (let made = 0; made < length;) {
    let digest = hashOnce(hash, Buffer.concat([diversifier, input]), 'buffer')
    for (let done = 1; done < iterations; done += 1) {
      digest = hashOnce(hash, digest, 'buffer')
      if (done % iterationsAtOnce === 0) await yieldToOthers()
    }
    blocks.push(digest)
    made += digest.length
    const addend = repeated(digest, block)
    for (let at = 0; at < input.length; at += block) addInPlace(input.subarray(at, at + block), addend)
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** Repeated to a multiple of `block`; nothing stays nothing. */
function stretched(bytes: Buffer, block: number): Buffer {
  return repeated(bytes, Math.ceil(bytes.length / block) * block)
}

function repeated(bytes: Buffer, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes)
}

/** target + addend + 1 as one big-endian number, modulo its size. */
function addInPlace(target: Buffer, addend: Buffer): void {
  let carry = 1
  for (let at = target.length - 1; at >= 0; at -= 1) {
    const sum = (target[at] ?? 0) + (addend[at] ?? 0) + carry
    target[at] = sum & 0xff
    carry = sum >> 8
  }
}
