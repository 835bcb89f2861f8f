/**
 * This node's own keys: created at the first start, loaded afterwards, kept in identity.json (0600), wrapped by the
 * system's key store if a person wished so. A damaged file stops the start: a second identity made in silence would
 * leave the node's own logs without an author.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { KeyProtection, NodeId } from '@shared/model.js'
import { fail, ok, problem, type Result } from '@shared/result.js'
import { openDocument, type Document } from '../storage/document.js'
import type { Disk } from '../storage/disk.js'
import type { Random } from '../runtime/random.js'
import { certificateDer, issueCertificate, type IssueCertificate, type TlsIdentity } from './certificate.js'
import { nodeIdOf, signRecord, type IdentityRecord } from './identity-record.js'
import type { KeyStore } from './key-store.js'
import { sha256 } from '../bytes/hash.js'
import { privateKeyFromSeed, rawPublicKey, sealingKeyFromSeed } from './signature.js'

const Secrets = v.object({
  /** Ed25519 seed and X25519 private key (PKCS#8 DER), base64url. */
  signingSeed: v.string(),
  sealingKey: v.string(),
  /** PKCS#8, PEM. */
  tlsKey: v.string()
})
type Secrets = v.InferOutput<typeof Secrets>

const IdentityFile = v.object({
  /** The secrets are empty here while they are `locked`: wrapped by the key store, base64. */
  signingSeed: v.string(),
  sealingKey: v.string(),
  tls: v.object({
    key: v.string(),
    certificate: v.string(),
    /** It came from a file, not from here. */
    isImported: v.optional(v.boolean())
  }),
  locked: v.optional(v.string()),
  federation: v.string(),
  counter: v.number(),
  /** Until the first start has made the journal of decisions: its absence is no loss then. */
  isNew: v.optional(v.literal(true))
})
type IdentityFile = v.InferOutput<typeof IdentityFile>

/** Who this node is. Keys and node ID stay; names, certificate and record may change while it runs. */
export interface Identity {
  readonly nodeId: NodeId
  readonly signingKey: KeyObject
  /** 32 bytes. */
  readonly publicKey: Buffer
  readonly callsign: string
  readonly laptop: string
  readonly federation: string
  readonly tls: TlsIdentity
  /** SHA-256 of the certificate's DER. */
  readonly certificateHash: Buffer
  readonly record: IdentityRecord
  /** The same without the federation, for nodes that are not to know it yet. */
  readonly strangerRecord: IdentityRecord
}

export const identityFileName = 'identity.json'
/** Fresh installs belong to it. */
export const defaultFederation = 'field'

export interface IdentityParts {
  readonly disk: Disk
  readonly random: Random
  /** Wall time of the first certificate, in ms. */
  readonly now: number
  readonly keyStore?: KeyStore | undefined
  /** Left out: P-256. */
  readonly issue?: IssueCertificate | undefined
  /** Names the group this node belongs to; another name than last time renews the record. */
  readonly federation?: string | undefined
}

export class OwnIdentity implements Identity {
  readonly nodeId: NodeId
  readonly signingKey: KeyObject
  readonly publicKey: Buffer
  callsign = ''
  laptop = ''
  readonly #document: Document<IdentityFile>
  readonly #parts: IdentityParts
  /** With the secrets in the open; what is written may hold them wrapped. */
  #file: IdentityFile
  #shown: Shown
  /** Four signatures, made when somebody says hello first. */
  #records: { readonly full: IdentityRecord; readonly withheld: IdentityRecord } | undefined

  private constructor(parts: IdentityParts, document: Document<IdentityFile>, file: IdentityFile) {
    this.#parts = parts
    this.#document = document
    this.#file = file
    this.signingKey = privateKeyFromSeed(Buffer.from(file.signingSeed, 'base64url'))
    this.publicKey = rawPublicKey(this.signingKey)
    this.nodeId = nodeIdOf(this.publicKey)
    this.#shown = shownOf(file)
  }

  static async open(parts: IdentityParts): Promise<Result<{ identity: OwnIdentity; isNew: boolean }>> {
    const { disk, federation } = parts
    const document = openDocument<IdentityFile>(disk, identityFileName, IdentityFile, {
      mode: 0o600,
      // It stays where it is, so that the next start does not take its absence for a new node.
      keepDamaged: true
    })
    const read = await document.read()
    if (!read.ok && read.problem.code === 'newer-data') return read
    if (!read.ok) return fail('identity-damaged', read.problem.detail)
    if (read.value === undefined && (await hasHistory(disk)))
      return fail('identity-damaged', `${identityFileName} is missing`)
    if (read.value === undefined) {
      const identity = new OwnIdentity(parts, document, await createFile(parts))
      await identity.#save()
      return ok({ identity, isNew: true })
    }
    const opened = openSecrets(read.value, parts.keyStore)
    if (!opened.ok) return opened
    const identity = OwnIdentity.#of(parts, document, opened.value)
    if (identity === undefined) return fail('identity-damaged', 'the keys are not readable')
    const isNew = read.value.isNew === true
    if (federation !== undefined && federation !== identity.federation) await identity.useFederation(federation)
    return ok({ identity, isNew })
  }

  /** `undefined` when keys or certificate are none. */
  static #of(parts: IdentityParts, document: Document<IdentityFile>, file: IdentityFile): OwnIdentity | undefined {
    try {
      return new OwnIdentity(parts, document, file)
    } catch {
      // OpenSSL throws, and what it says of a key is nothing for a log.
      return undefined
    }
  }

  get tls(): TlsIdentity {
    return this.#file.tls
  }

  get record(): IdentityRecord {
    return this.#signed().full
  }

  get strangerRecord(): IdentityRecord {
    return this.#signed().withheld
  }

  get certificateHash(): Buffer {
    return this.#shown.certificateHash
  }

  get federation(): string {
    return this.#shown.federation
  }

  get isCertificateImported(): boolean {
    return this.#file.tls.isImported === true
  }

  get protection(): KeyProtection {
    const isLocked = this.#file.locked !== undefined
    const { keyStore } = this.#parts
    // A store that holds the keys works; asking it anyway could open a prompt.
    const found = isLocked ? undefined : keyStore === undefined ? problem('no-key-store') : keyStore.problem()
    return { state: isLocked ? 'locked' : 'file', ...(found === undefined ? {} : { problem: found }) }
  }

  /** The first start is past the point from which a missing journal means loss. */
  async begun(): Promise<void> {
    const { isNew: _, ...file } = this.#file
    await this.#renewFile(file)
  }

  /** X25519, 32 bytes: opens what others sealed for this node. */
  get sealingSecret(): Buffer {
    return Buffer.from(this.#file.sealingKey, 'base64url').subarray(-32)
  }

  async useFederation(federation: string): Promise<void> {
    await this.#renew({ ...this.#file, federation })
  }

  /** Another certificate for TLS: the node stays the same, and its record is signed anew by both keys. */
  async useCertificate(tls: TlsIdentity): Promise<void> {
    await this.#renew({ ...this.#file, tls: { ...tls, isImported: true } })
  }

  /** A fresh certificate with a fresh key, made here. */
  async issueCertificate(now: number): Promise<void> {
    const { random, issue = issueCertificate } = this.#parts
    await this.#renew({ ...this.#file, tls: await issue(this.nodeId, serial(random), now) })
  }

  /** Wraps the secrets with the key store, or unwraps them. */
  async lock(isWanted: boolean): Promise<Result<null>> {
    const { keyStore } = this.#parts
    const found = keyStore === undefined ? problem('no-key-store') : keyStore.problem()
    if (isWanted && found !== undefined) return { ok: false, problem: found }
    if (isWanted && !this.#isKeptBy(keyStore)) return fail('no-key-store', 'it does not give back what it was given')
    const { locked: _, ...open } = this.#file
    await this.#renewFile(isWanted ? { ...open, locked: '' } : open)
    return ok(null)
  }

  /** Asked before the keys leave the file: what the store cannot give back would be the end of this node. */
  #isKeptBy(keyStore: KeyStore | undefined): boolean {
    const probe = this.#parts.random.bytes(32)
    try {
      return keyStore?.unwrap(keyStore.wrap(probe))?.equals(probe) === true
    } catch {
      return false // However a store of the system fails, it is none.
    }
  }

  async #renew(file: IdentityFile): Promise<void> {
    await this.#renewFile({ ...file, counter: file.counter + 1 })
  }

  /** On disk first: what peers were told must not be forgotten by a crash. */
  async #renewFile(file: IdentityFile): Promise<void> {
    const before = this.#file
    this.#file = file
    try {
      await this.#save()
      this.#shown = shownOf(file)
      this.#records = undefined
    } catch (error) {
      this.#file = before
      throw error
    }
  }

  async #save(): Promise<void> {
    const { keyStore } = this.#parts
    const { signingSeed, sealingKey, tls, locked } = this.#file
    if (locked === undefined || keyStore === undefined) {
      await this.#document.write(this.#file)
      return
    }
    const secrets: Secrets = { signingSeed, sealingKey, tlsKey: tls.key }
    await this.#document.write({
      ...this.#file,
      signingSeed: '',
      sealingKey: '',
      tls: { ...tls, key: '' },
      locked: keyStore.wrap(Buffer.from(JSON.stringify(secrets))).toString('base64')
    })
  }

  #signed(): { readonly full: IdentityRecord; readonly withheld: IdentityRecord } {
    if (this.#records !== undefined) return this.#records
    const { sealingKey, certificateHash, certificateKey, federation, counter } = this.#shown
    const unsigned = {
      signingKey: this.publicKey.toString('base64url'),
      sealingKey: sealingKey.toString('base64url'),
      certificateHash: certificateHash.toString('base64url'),
      federation,
      counter
    }
    this.#records = {
      full: signRecord(unsigned, this.signingKey, certificateKey),
      withheld: signRecord({ ...unsigned, federation: '' }, this.signingKey, certificateKey)
    }
    return this.#records
  }
}

/** What the records say of a file that is durable, and the key that signs them beside the node's own. */
interface Shown {
  readonly federation: string
  readonly counter: number
  /** 32 bytes, public. */
  readonly sealingKey: Buffer
  readonly certificateHash: Buffer
  readonly certificateKey: KeyObject
}

/** Throws when keys or certificate are none. */
function shownOf({ sealingKey, tls, federation, counter }: IdentityFile): Shown {
  const sealing = createPrivateKey({ key: Buffer.from(sealingKey, 'base64url'), format: 'der', type: 'pkcs8' })
  return {
    federation,
    counter,
    sealingKey: rawPublicKey(sealing),
    certificateHash: sha256(certificateDer(tls.certificate)),
    certificateKey: createPrivateKey(tls.key)
  }
}

/** The file with its secrets in the open. */
function openSecrets(file: IdentityFile, keyStore: KeyStore | undefined): Result<IdentityFile> {
  if (file.locked === undefined) return ok(file)
  const bytes = keyStore?.unwrap(Buffer.from(file.locked, 'base64'))
  if (bytes === undefined) return fail('keys-locked', keyStore === undefined ? 'this host has no key store' : undefined)
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch {
    return fail('identity-damaged', 'the wrapped keys are not readable')
  }
  const secrets = v.safeParse(Secrets, json)
  if (!secrets.success) return fail('identity-damaged', 'the wrapped keys are incomplete')
  const { signingSeed, sealingKey, tlsKey } = secrets.output
  return ok({ ...file, signingSeed, sealingKey, tls: { ...file.tls, key: tlsKey } })
}

/** Whether this folder belonged to a node before. */
async function hasHistory(disk: Disk): Promise<boolean> {
  const lists = await Promise.all(['trust', 'missions'].map((folder) => disk.list(folder)))
  return lists.some((names) => names.length > 0)
}

async function createFile(parts: IdentityParts): Promise<IdentityFile> {
  const { random, now, issue = issueCertificate, federation = defaultFederation } = parts
  const seed = random.bytes(32)
  const nodeId = nodeIdOf(rawPublicKey(privateKeyFromSeed(seed)))
  return {
    signingSeed: seed.toString('base64url'),
    sealingKey: sealingKeyFromSeed(random.bytes(32)).export({ format: 'der', type: 'pkcs8' }).toString('base64url'),
    tls: await issue(nodeId, serial(random), now),
    federation,
    counter: 1,
    isNew: true
  }
}

function serial(random: Random): Buffer {
  const bytes = random.bytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40 // A positive number in DER.
  return bytes
}
