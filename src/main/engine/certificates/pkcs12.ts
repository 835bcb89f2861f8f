/**
 * PKCS#12 (RFC 7292) and encrypted PKCS#8 keys (RFC 5958): their structure, which in the field is BER as often as DER.
 * Certificates and keys are taken out byte for byte, never written anew. The libraries are loaded when a file is read or
 * made; encryption and check value are password-lock's part.
 */
import { randomBytes } from 'node:crypto'
import type { AsnType as AnyElement, BaseBlock } from 'asn1js'
import { fail, ok, type Result } from '@shared/result.js'
import {
  macOf,
  seal,
  secretFor,
  secretsOf,
  unlock,
  type CipherName,
  type Effort,
  type HashName,
  type Lock,
  type Mac,
  type Pbes1,
  type Pbes2,
  type Secret
} from './password-lock.js'

export interface Pkcs12Content {
  /** DER. */
  readonly certificates: readonly Buffer[]
  /** PKCS#8, DER. */
  readonly keys: readonly Buffer[]
}

const oids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  safeContentsBag: '1.2.840.113549.1.12.10.1.6',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  /** Java takes a certificate without a key for trusted only with this attribute, and it names what for. */
  javaTrusted: '2.16.840.1.113894.746875.1.1',
  anyUsage: '2.5.29.37.0',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  scrypt: '1.3.6.1.4.1.11591.4.11',
  sha1And3Des: '1.2.840.113549.1.12.1.3'
} as const

const macHashes: Readonly<Record<string, HashName>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512'
}

const pbkdf2Hashes: Readonly<Record<string, HashName>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512'
}

const ciphers: Readonly<Record<string, CipherName>> = {
  '2.16.840.1.101.3.4.1.2': 'aes-128-cbc',
  '2.16.840.1.101.3.4.1.22': 'aes-192-cbc',
  '2.16.840.1.101.3.4.1.42': 'aes-256-cbc',
  '1.2.840.113549.3.7': 'des-ede3-cbc'
}

/** RFC 7292 appendix C, without RC4. */
const oldSchemes: Readonly<Record<string, { cipher: 'des-ede3' | 'rc2'; keyBytes: number }>> = {
  [oids.sha1And3Des]: { cipher: 'des-ede3', keyBytes: 24 },
  '1.2.840.113549.1.12.1.4': { cipher: 'des-ede3', keyBytes: 16 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', keyBytes: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', keyBytes: 5 }
}

type Libraries = Awaited<ReturnType<typeof loadLibraries>>

async function loadLibraries() {
  const [asn1, pki] = await Promise.all([import('asn1js'), import('pkijs')])
  return { asn1, pki }
}

/** Bytes that are not what their beginning says; ends in a value at the edge of this file. */
class Malformed extends Error {}

/** @param password `undefined`: nobody was asked yet; files under the empty password open all the same. */
export async function readPkcs12(
  bytes: Uint8Array,
  password: string | undefined,
  effort: Effort
): Promise<Result<Pkcs12Content>> {
  const libraries = await loadLibraries()
  return guarded(async () => {
    const opened = outerOf(libraries, bytes)
    if (!opened.ok) return opened
    const { content, mac } = opened.value
    const secret = await secretFor(mac, content, password ?? '', effort)
    if (!secret.ok) return secret
    if (secret.value === undefined) return fail(password === undefined ? 'password-needed' : 'wrong-password')
    const found = { certificates: [] as Buffer[], keys: [] as Buffer[] }
    for (const part of childrenOf(parsed(libraries, content))) {
      const open = await partOf(libraries, part, secret.value, effort)
      if (!open.ok) return open
      const taken = await takeBags(libraries, parsed(libraries, open.value), secret.value, effort, found)
      if (!taken.ok) return taken
    }
    return ok(found)
  })
}

/** PKCS#8 in DER from an EncryptedPrivateKeyInfo; `wrong-password` also stands for damaged bytes. */
export async function unlockPkcs8(
  bytes: Uint8Array,
  password: string | undefined,
  effort: Effort
): Promise<Result<Buffer>> {
  const libraries = await loadLibraries()
  return guarded(async () => {
    const element = parsed(libraries, bytes)
    const [secret] = secretsOf(password ?? '')
    if (password === undefined || secret === undefined) return fail('password-needed')
    return unlockShrouded(libraries, element, secret, effort)
  })
}

async function guarded<T>(read: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await read()
  } catch (error) {
    // Both libraries throw plain errors, and a RangeError where bytes nest too deeply: all mean malformed bytes.
    return fail('certificate-damaged', error instanceof Malformed ? error.message : undefined)
  }
}

/** The whole content and its check value, before anything in it is believed. */
function outerOf({ asn1, pki }: Libraries, bytes: Uint8Array): Result<{ content: Buffer; mac: Mac }> {
  const { result, offset } = asn1.fromBER(viewOf(bytes))
  // Bytes behind it do no harm: the check value is over all that counts.
  if (offset === -1) return fail('certificate-damaged')
  const pfx = attempt(() => new pki.PFX({ schema: result }))
  if (pfx === undefined || pfx.version !== 3) return fail('not-pkcs12')
  if (pfx.authSafe.contentType !== oids.data) return fail('no-integrity', 'not under a password')
  const { macData } = pfx
  if (macData === undefined) return fail('no-integrity')
  const { digestAlgorithm, digest } = macData.mac
  const hash = macHashes[digestAlgorithm.algorithmId]
  if (hash === undefined) return fail('obsolete-cipher', `check value ${digestAlgorithm.algorithmId}`)
  return ok({
    content: octetsOf(pfx.authSafe.content as unknown),
    mac: { hash, salt: octetsOf(macData.macSalt), iterations: macData.iterations ?? 1, digest: octetsOf(digest) }
  })
}

/** What one part of the file holds, in the open. */
async function partOf({ pki }: Libraries, part: AnyElement, secret: Secret, effort: Effort): Promise<Result<Buffer>> {
  const info = new pki.ContentInfo({ schema: part })
  const content = info.content as unknown
  if (info.contentType === oids.data) return ok(octetsOf(content))
  if (info.contentType !== oids.encryptedData) return fail('obsolete-cipher', `content ${info.contentType}`)
  const { encryptedContentInfo } = new pki.EncryptedData({ schema: content as AnyElement })
  const { contentEncryptionAlgorithm: algorithm } = encryptedContentInfo
  const lock = lockOf(pki, algorithm.algorithmId, algorithm.algorithmParams as unknown)
  return lock.ok ? unlock(lock.value, Buffer.from(encryptedContentInfo.getEncryptedContent()), secret, effort) : lock
}

async function takeBags(
  libraries: Libraries,
  safe: AnyElement,
  secret: Secret,
  effort: Effort,
  found: { readonly certificates: Buffer[]; readonly keys: Buffer[] }
): Promise<Result<null>> {
  for (const bag of childrenOf(safe)) {
    const [kind, wrapper] = childrenOf(bag)
    const [value] = wrapper === undefined ? [] : childrenOf(wrapper)
    if (kind === undefined || value === undefined) throw new Malformed('bag')
    switch (oidText(kind)) {
      case oids.certBag: {
        const [type, inner] = childrenOf(value)
        const [octets] = inner === undefined ? [] : childrenOf(inner)
        if (type !== undefined && oidText(type) === oids.x509Certificate) found.certificates.push(octetsOf(octets))
        break
      }
      case oids.keyBag:
        found.keys.push(Buffer.from(value.valueBeforeDecodeView))
        break
      case oids.shroudedKeyBag: {
        const key = await unlockShrouded(libraries, value, secret, effort)
        if (!key.ok) return key
        found.keys.push(key.value)
        break
      }
      case oids.safeContentsBag: {
        const taken = await takeBags(libraries, value, secret, effort, found)
        if (!taken.ok) return taken
        break
      }
      // Lists of revoked certificates and other secrets: not ours.
    }
  }
  return ok(null)
}

async function unlockShrouded(
  { pki }: Libraries,
  element: AnyElement,
  secret: Secret,
  effort: Effort
): Promise<Result<Buffer>> {
  const { encryptionAlgorithm, encryptedData } = new pki.PKCS8ShroudedKeyBag({ schema: element })
  const lock = lockOf(pki, encryptionAlgorithm.algorithmId, encryptionAlgorithm.algorithmParams as unknown)
  return lock.ok ? unlock(lock.value, octetsOf(encryptedData), secret, effort) : lock
}

function lockOf(pki: Libraries['pki'], oid: string, parameters: unknown): Result<Lock> {
  const old = oldSchemes[oid]
  if (old !== undefined) {
    const [salt, iterations] = childrenOf(parameters)
    return ok({ scheme: 'pbes1', ...old, salt: octetsOf(salt), iterations: integerOf(iterations) })
  }
  if (oid !== oids.pbes2) return fail('obsolete-cipher', oid)
  const { keyDerivationFunc, encryptionScheme } = new pki.PBES2Params({ schema: parameters as AnyElement })
  const cipher = ciphers[encryptionScheme.algorithmId]
  if (cipher === undefined) return fail('obsolete-cipher', encryptionScheme.algorithmId)
  const iv = octetsOf(encryptionScheme.algorithmParams as unknown)
  if (keyDerivationFunc.algorithmId === oids.scrypt) {
    const [salt, n, r, p] = childrenOf(keyDerivationFunc.algorithmParams as unknown)
    return ok({ scheme: 'scrypt', cipher, iv, salt: octetsOf(salt), n: integerOf(n), r: integerOf(r), p: integerOf(p) })
  }
  if (keyDerivationFunc.algorithmId !== oids.pbkdf2) return fail('obsolete-cipher', keyDerivationFunc.algorithmId)
  const { salt, iterationCount, prf } = new pki.PBKDF2Params({
    schema: keyDerivationFunc.algorithmParams as AnyElement
  })
  const hash = prf === undefined ? 'sha1' : pbkdf2Hashes[prf.algorithmId]
  if (hash === undefined) return fail('obsolete-cipher', prf?.algorithmId)
  return ok({ scheme: 'pbes2', cipher, hash, iv, salt: octetsOf(salt as unknown), iterations: iterationCount })
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

function viewOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function parsed({ asn1 }: Libraries, bytes: Uint8Array): AnyElement {
  const { result, offset } = asn1.fromBER(viewOf(bytes))
  if (offset === -1) throw new Malformed('ASN.1')
  return result
}

interface Readable {
  readonly idBlock: { readonly tagClass: number; readonly tagNumber: number }
  readonly valueBlock: object
}

function isElement(value: unknown): value is BaseBlock & Readable {
  return typeof value === 'object' && value !== null && 'idBlock' in value && 'valueBlock' in value
}

function childrenOf(element: unknown): readonly AnyElement[] {
  const value: unknown = isElement(element) && 'value' in element.valueBlock ? element.valueBlock.value : undefined
  if (!Array.isArray(value)) throw new Malformed('structure')
  return value as AnyElement[]
}

function universal(element: unknown, tag: number, what: string): BaseBlock & Readable {
  if (!isElement(element) || element.idBlock.tagClass !== 1 || element.idBlock.tagNumber !== tag)
    throw new Malformed(what)
  return element
}

/** Also of octet strings that are made of several. */
function octetsOf(element: unknown): Buffer {
  const octets = universal(element, 4, 'octets')
  if (!('getValue' in octets) || typeof octets.getValue !== 'function') throw new Malformed('octets')
  return Buffer.from(octets.getValue() as ArrayBuffer)
}

function oidText(element: unknown): string {
  return universal(element, 6, 'object identifier').valueBlock.toString()
}

/** 0, which no count may be, when it is larger than a number can be. */
function integerOf(element: unknown): number {
  const { valueBlock } = universal(element, 2, 'integer')
  return 'valueDec' in valueBlock && typeof valueBlock.valueDec === 'number' ? valueBlock.valueDec : 0
}

/** What is in a trust store is public; the count only keeps the password from being guessed for nothing. */
const iterations = { aes: 100_000, old: 2_048 }

/**
 * A PKCS#12 trust store: certificates that its reader shall trust, without a key. `aes`: AES-256 and SHA-256 as current
 * programs write it; `old`: 3DES and SHA-1, the one form that all older TAK devices read.
 */
export function makeTrustStore(
  certificates: readonly NamedCertificate[],
  password: string,
  kind: 'aes' | 'old'
): Promise<Buffer> {
  return makeStore(certificates, password, kind)
}

export interface NamedCertificate {
  readonly der: Buffer
  readonly name: string
}

/** A key (PKCS#8 DER) with its certificate, which comes first, and those that issued it. */
export function makeKeyStore(
  key: Buffer,
  certificates: readonly NamedCertificate[],
  password: string,
  kind: 'aes' | 'old'
): Promise<Buffer> {
  return makeStore(certificates, password, kind, key)
}

async function makeStore(
  certificates: readonly NamedCertificate[],
  password: string,
  kind: 'aes' | 'old',
  key?: Buffer
): Promise<Buffer> {
  const { asn1, pki } = await loadLibraries()
  const [secret] = secretsOf(password)
  if (secret === undefined) throw new Error('no password')
  const oid = (value: string) => new asn1.ObjectIdentifier({ value })
  const octets = (valueHex: Uint8Array) => new asn1.OctetString({ valueHex: viewOf(valueHex) })
  const explicit = (value: BaseBlock) =>
    new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [value] })
  const list = (...value: BaseBlock[]) => new asn1.Sequence({ value })
  const attribute = (type: string, value: BaseBlock) => list(oid(type), new asn1.Set({ value: [value] }))
  const bytesOf = (element: BaseBlock) => Buffer.from(element.toBER())

  // Key and certificate find each other by this name.
  const pair = attribute(oids.localKeyId, octets(Buffer.from([1])))
  const named = (name: string) => attribute(oids.friendlyName, new asn1.BmpString({ value: name }))
  const bags = certificates.map(({ der, name }, index) => {
    const role = key === undefined ? attribute(oids.javaTrusted, oid(oids.anyUsage)) : index === 0 ? pair : undefined
    return list(
      oid(oids.certBag),
      explicit(list(oid(oids.x509Certificate), explicit(octets(der)))),
      new asn1.Set({ value: [named(name), ...(role === undefined ? [] : [role])] })
    )
  })
  const newLock = (): Pbes1 | Pbes2 =>
    kind === 'aes'
      ? {
          scheme: 'pbes2',
          cipher: 'aes-256-cbc',
          hash: 'sha256',
          iv: randomBytes(16),
          salt: randomBytes(16),
          iterations: iterations.aes
        }
      : { scheme: 'pbes1', cipher: 'des-ede3', keyBytes: 24, salt: randomBytes(16), iterations: iterations.old }
  const algorithmOf = (lock: Pbes1 | Pbes2) => {
    const count = new asn1.Integer({ value: lock.iterations })
    if (lock.scheme === 'pbes1') return list(oid(oids.sha1And3Des), list(octets(lock.salt), count))
    const hash = list(oid(keyOf(pbkdf2Hashes, lock.hash)), new asn1.Null())
    const kdf = list(oid(oids.pbkdf2), list(octets(lock.salt), count, hash))
    return list(oid(oids.pbes2), list(kdf, list(oid(keyOf(ciphers, lock.cipher)), octets(lock.iv))))
  }
  const lock = newLock()
  const sealed = new asn1.Primitive({
    idBlock: { tagClass: 3, tagNumber: 0 },
    valueHex: viewOf(await seal(lock, bytesOf(list(...bags)), secret))
  })
  const encrypted = list(new asn1.Integer({ value: 0 }), list(oid(oids.data), algorithmOf(lock), sealed))
  const parts = [list(oid(oids.encryptedData), explicit(encrypted))]
  if (key !== undefined) {
    const keyLock = newLock()
    const shrouded = list(algorithmOf(keyLock), octets(await seal(keyLock, key, secret)))
    const attributes = new asn1.Set({ value: [named(certificates[0]?.name ?? ''), pair] })
    const bag = list(oid(oids.shroudedKeyBag), explicit(shrouded), attributes)
    parts.push(list(oid(oids.data), explicit(octets(bytesOf(list(bag))))))
  }
  const content = bytesOf(list(...parts))
  const mac = { hash: kind === 'aes' ? ('sha256' as const) : ('sha1' as const), salt: randomBytes(20) }
  const digest = await macOf({ ...mac, iterations: lock.iterations }, content, secret)
  const pfx = new pki.PFX({
    version: 3,
    authSafe: new pki.ContentInfo({ contentType: oids.data, content: octets(content) }),
    macData: new pki.MacData({
      mac: new pki.DigestInfo({
        digestAlgorithm: new pki.AlgorithmIdentifier({
          algorithmId: keyOf(macHashes, mac.hash),
          algorithmParams: new asn1.Null()
        }),
        digest: octets(digest)
      }),
      macSalt: octets(mac.salt),
      iterations: lock.iterations
    })
  })
  return bytesOf(pfx.toSchema())
}

function keyOf<T>(table: Readonly<Record<string, T>>, wanted: T): string {
  const found = Object.entries(table).find(([, value]) => value === wanted)
  if (found === undefined) throw new Error('not in the table')
  return found[0]
}
