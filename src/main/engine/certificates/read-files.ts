/**
 * Certificate files as a person chose them (docs/protocol/certificates.md): told apart by their content, never by a name.
 * Several are one import, such as certificate, key and chain.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { fail, ok, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import { limits } from '../limits.js'
import { looksLikeList, readList, type RevocationList } from './crl.js'
import { DerError, elementAt, elementsOf, tags } from './der.js'
import { Effort } from './password-lock.js'
import { blockText, pemText, readPem, type PemBlock } from './pem.js'
import { readPkcs12, unlockPkcs8 } from './pkcs12.js'
import { parseCertificate, type Certificate } from './x509.js'

export interface ReadFiles {
  readonly format: 'pem' | 'der' | 'pkcs12'
  /** In the order of the files, each once. */
  readonly certificates: readonly Certificate[]
  /** Revocation lists; nothing of them was checked but their form. */
  readonly lists: readonly RevocationList[]
  /** Private; of several the one that fits a certificate. */
  readonly key?: KeyObject
}

const bytesMost = 1024 * 1024
const listsMost = 10

interface Found {
  readonly format: ReadFiles['format']
  /** DER. */
  readonly certificates: readonly Buffer[]
  readonly keys: readonly KeyObject[]
  readonly lists?: readonly Buffer[]
}

/**
 * @param password `undefined`: nobody was asked yet (`password-needed` asks), `''`: the empty one.
 * Codes: `certificate-file-too-large`, `chain-too-long`, `no-certificate`, `password-needed`, `wrong-password`,
 * `not-pkcs12`, `certificate-damaged`, `obsolete-cipher`, `no-integrity`. Never throws on what files hold.
 */
export async function readCertificateFiles(
  files: readonly Uint8Array[],
  password: string | undefined
): Promise<Result<ReadFiles>> {
  return readWithin(files, password, new Effort())
}

/** The same, with what is left of the effort for one import. */
export async function readWithin(
  files: readonly Uint8Array[],
  password: string | undefined,
  effort: Effort
): Promise<Result<ReadFiles>> {
  const bytes = files.reduce((sum, file) => sum + file.length, 0)
  if (bytes > bytesMost) return fail('certificate-file-too-large', `${bytes} bytes`)
  const found: Found[] = []
  for (const file of files) {
    const one = await readOne(Buffer.from(file), password, effort)
    if (!one.ok) return one
    found.push(one.value)
    await yieldToOthers()
  }
  const unique = new Map(
    found.flatMap(({ certificates }) => certificates).map((der) => [sha256(der).toString('hex'), der])
  )
  const lists: RevocationList[] = []
  for (const der of found.flatMap((one) => one.lists ?? [])) {
    if (lists.length === listsMost) return fail('chain-too-long', `more than ${String(listsMost)} revocation lists`)
    const list = await readList(der)
    if (!list.ok) return list
    lists.push(list.value)
  }
  if (unique.size + lists.length === 0) return fail('no-certificate')
  if (unique.size > limits.certificates) return fail('chain-too-long', `${unique.size} certificates`)
  const certificates: Certificate[] = []
  for (const der of unique.values()) {
    const certificate = parseCertificate(der)
    if (certificate === undefined) return fail('certificate-damaged', 'certificate')
    certificates.push(certificate)
  }
  const keys = found.flatMap((one) => one.keys)
  const key = keys.find((one) => certificates.some(({ x509 }) => x509.checkPrivateKey(one))) ?? keys[0]
  const formats = found.map(({ format }) => format)
  const format = (['pkcs12', 'pem', 'der'] as const).find((one) => formats.includes(one)) ?? 'der'
  return ok({ format, certificates, lists, ...(key === undefined ? {} : { key }) })
}

/** Whether a file among others is meant for an import; a key alone is not, and what is damaged counts. */
export function holdsCertificates(file: Buffer): boolean {
  const shape = file[0] === tags.sequence ? shapeOf(file) : 'other'
  if (shape === 'certificate' || shape === 'list' || shape === 'pkcs12') return true
  return /-----BEGIN (X509 |TRUSTED )?(CERTIFICATE|X509 CRL)-----/.test(pemText(file) ?? '')
}

async function readOne(file: Buffer, password: string | undefined, effort: Effort): Promise<Result<Found>> {
  const shape = file[0] === tags.sequence ? shapeOf(file) : 'other'
  // The tag of a SEQUENCE is also the digit 0, with which a text may begin.
  const text = shape === 'other' || shape === 'damaged' ? pemText(file) : undefined
  if (text !== undefined) return readPemFile(text, password, effort)
  switch (shape) {
    case 'certificate':
      return ok({ format: 'der', certificates: [file], keys: [] })
    case 'list':
      return ok({ format: 'der', certificates: [], keys: [], lists: [file] })
    case 'pkcs12': {
      const read = await readPkcs12(file, password, effort)
      if (!read.ok) return read
      const keys: KeyObject[] = []
      for (const der of read.value.keys) {
        const key = keyFrom(der, 'pkcs8')
        if (!key.ok) return key
        keys.push(key.value)
      }
      return ok({ format: 'pkcs12', certificates: read.value.certificates, keys })
    }
    case 'locked-pkcs8':
    case 'pkcs8':
    case 'pkcs1':
    case 'sec1': {
      const key = await readKey(shape, file, password, effort)
      return key.ok ? ok({ format: 'der', certificates: [], keys: [key.value] }) : key
    }
    case 'damaged':
      return fail('certificate-damaged')
    case 'other':
      return fail('no-certificate')
  }
}

async function readPemFile(text: string, password: string | undefined, effort: Effort): Promise<Result<Found>> {
  const blocks = readPem(text)
  if (!blocks.ok) return blocks
  const certificates: Buffer[] = []
  const keys: KeyObject[] = []
  const lists: Buffer[] = []
  for (const block of blocks.value) {
    if (/^(X509 |TRUSTED )?CERTIFICATE$/.test(block.label)) {
      const der = firstElement(block.der)
      // OpenSSL's own form has more behind the certificate, for its own use.
      if (der === undefined || (der.length < block.der.length && block.label !== 'TRUSTED CERTIFICATE'))
        return fail('certificate-damaged', 'certificate')
      certificates.push(der)
    } else if (block.label === 'X509 CRL') lists.push(block.der)
    else if (/^((RSA|EC|ENCRYPTED) )?PRIVATE KEY$/.test(block.label)) {
      const key = await readPemKey(block, password, effort)
      if (!key.ok) return key
      keys.push(key.value)
    }
  }
  const isEmpty = certificates.length + keys.length + lists.length === 0
  return isEmpty ? fail('no-certificate') : ok({ format: 'pem', certificates, keys, lists })
}

type KeyShape = 'pkcs8' | 'pkcs1' | 'sec1' | 'locked-pkcs8'

function readPemKey(block: PemBlock, password: string | undefined, effort: Effort): Promise<Result<KeyObject>> {
  const shapes: Readonly<Record<string, KeyShape>> = {
    'RSA PRIVATE KEY': 'pkcs1',
    'EC PRIVATE KEY': 'sec1',
    'ENCRYPTED PRIVATE KEY': 'locked-pkcs8'
  }
  if (block.headers.get('Proc-Type')?.includes('ENCRYPTED') === true)
    return Promise.resolve(readOldPemKey(block, password))
  return readKey(shapes[block.label] ?? 'pkcs8', block.der, password, effort)
}

/** Ciphers of the form before PKCS#8 that current OpenSSL still opens. */
const oldPemCiphers = /^(AES-(128|192|256)-CBC|DES-EDE3-CBC),/i

function readOldPemKey(block: PemBlock, password: string | undefined): Result<KeyObject> {
  const cipher = block.headers.get('DEK-Info') ?? ''
  if (!oldPemCiphers.test(cipher)) return fail('obsolete-cipher', cipher.split(',')[0] ?? '')
  if (password === undefined) return fail('password-needed')
  try {
    // One round of MD5 makes the key of this form: nothing that could keep us busy.
    return ok(
      createPrivateKey({ key: blockText(block), format: 'pem', passphrase: Buffer.from(password.toWellFormed()) })
    )
  } catch {
    return fail('wrong-password')
  }
}

async function readKey(
  shape: KeyShape,
  der: Buffer,
  password: string | undefined,
  effort: Effort
): Promise<Result<KeyObject>> {
  if (shape !== 'locked-pkcs8') return keyFrom(der, shape)
  // Not by node:crypto: it hashes the password as often as the file says, without an end, on this thread.
  const open = await unlockPkcs8(der, password, effort)
  if (!open.ok) return open
  const key = keyFrom(open.value, 'pkcs8')
  // One wrong password in 256 leaves a padding that looks right, and noise.
  return key.ok ? key : fail('wrong-password')
}

function keyFrom(der: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1'): Result<KeyObject> {
  try {
    return ok(createPrivateKey({ key: der, format: 'der', type }))
  } catch {
    return fail('certificate-damaged', 'private key')
  }
}

/** What a binary file is, from its first elements; BER may be inside PKCS#12 only, so its outside is looked at loosely. */
function shapeOf(file: Buffer): KeyShape | 'certificate' | 'list' | 'pkcs12' | 'damaged' | 'other' {
  // SEQUENCE { INTEGER 3, SEQUENCE: what every PKCS#12 file begins with, also one of indefinite length.
  const start = file[1] === undefined ? 0 : 2 + (file[1] > 0x80 ? file[1] - 0x80 : 0)
  if (file.subarray(start, start + 4).equals(Buffer.from([tags.integer, 1, 3, tags.sequence]))) return 'pkcs12'
  try {
    const outer = elementAt(file, 0)
    if (outer.whole.length !== file.length) return 'damaged'
    const [first, second, third] = elementsOf(outer.value)
    if (first?.tag === tags.sequence && third?.tag === tags.bitString)
      return looksLikeList(file) ? 'list' : 'certificate'
    if (first?.tag === tags.sequence) return second?.tag === tags.octetString ? 'locked-pkcs8' : 'other'
    if (first?.tag !== tags.integer) return 'other'
    if (second?.tag === tags.sequence) return 'pkcs8'
    return second?.tag === tags.octetString ? 'sec1' : second?.tag === tags.integer ? 'pkcs1' : 'other'
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return 'damaged'
  }
}

function firstElement(der: Buffer): Buffer | undefined {
  try {
    return elementAt(der, 0).whole
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return undefined
  }
}
