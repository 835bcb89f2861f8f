/**
 * This node's own keys: created at the first start, loaded afterwards, kept in identity.json (0600), wrapped by the
 * system's key store if a person wished so. A damaged file stops the start: a second identity made in silence would
 * leave the node's own logs without an author.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { KeyProtection, NodeId } from '@shared/model.js'
import { fail, ok, problem, type Result } from '@shared/result.js'
import type { Document } from '../storage/document.js'
import { kept, type Disk } from '../storage/disk.js'
import type { Random } from '../runtime/random.js'
import { certificateDer, issueCertificate, type IssueCertificate, type TlsIdentity } from './certificate.js'
import { identityDocument, identityFileName, openSecrets, wrapSecrets, type IdentityFile } from './identity-file.js'
import type { CarriedIdentity } from './identity-transfer.js'
import { nodeIdOf, signRecord, type IdentityRecord } from './identity-record.js'
import type { KeyStore } from './key-store.js'
import { dataKeyStore, openUnder, refusePassphrase, sealUnder, type ScryptCost } from './passphrase.js'
import { sha256 } from '../bytes/hash.js'
import { privateKeyFromSeed, rawPublicKey, sealingKeyFromSeed } from './signature.js'

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

/** Fresh installs belong to it. */
export const defaultFederation = 'field'

export interface IdentityParts {
  readonly disk: Disk
  readonly random: Random
  /** Wall time of the first certificate, in ms. */
  readonly now: number
  readonly keyStore?: KeyStore | undefined
  /** What keys under a passphrase are wrapped with (`openDataKey`). Left out, such an identity stays locked. */
  readonly dataKey?: Buffer | undefined
  /** Of a new passphrase. Left out: the usual one. */
  readonly passphraseCost?: ScryptCost | undefined
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
  #dataKey: Buffer | undefined
  /** With the secrets in the open; what is written may hold them wrapped. */
  #file: IdentityFile
  #shown: Shown
  /** Four signatures, made when somebody says hello first. */
  #records: { readonly full: IdentityRecord; readonly withheld: IdentityRecord } | undefined

  private constructor(parts: IdentityParts, document: Document<IdentityFile>, file: IdentityFile) {
    this.#parts = parts
    this.#dataKey = parts.dataKey
    this.#document = document
    this.#file = file
    this.signingKey = privateKeyFromSeed(Buffer.from(file.signingSeed, 'base64url'))
    this.publicKey = rawPublicKey(this.signingKey)
    this.nodeId = nodeIdOf(this.publicKey)
    this.#shown = shownOf(file)
  }

  static async open(parts: IdentityParts): Promise<Result<{ identity: OwnIdentity; isNew: boolean }>> {
    const { disk, federation } = parts
    const document = identityDocument(disk)
    // A crash in the middle of a change leaves what was not to be kept; a disk that says no now is asked at the next start.
    await kept(disk.remove(`${identityFileName}.new`))
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
    const isLocked = read.value.underPassphrase !== undefined
    if (isLocked && parts.dataKey === undefined) return fail('node-locked')
    const opened = openSecrets(
      read.value,
      parts.dataKey === undefined ? parts.keyStore : dataKeyStore(parts.dataKey, parts.random)
    )
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
    if (this.#file.underPassphrase !== undefined) return { state: 'passphrase' }
    const isLocked = this.#file.locked !== undefined
    const { keyStore } = this.#parts
    // A store that holds the keys works; asking it anyway could open a prompt.
    const found = isLocked ? undefined : keyStore === undefined ? problem('no-key-store') : keyStore.problem()
    return { state: isLocked ? 'locked' : 'file', ...(found === undefined ? {} : { problem: found }) }
  }

  /** What wraps other secrets of this node as its keys are wrapped now; `undefined`: they lie in the open. */
  get keyStore(): KeyStore | undefined {
    if (this.#file.locked === undefined) return undefined
    return this.#file.underPassphrase === undefined ? this.#parts.keyStore : this.#dataStore
  }

  /** Whether copies of the keys from before a passphrase are still to be removed from snapshots. */
  get wantsSweep(): boolean {
    return this.#file.sweeps === true
  }

  /** They are removed. */
  async swept(): Promise<void> {
    const { sweeps: _, ...file } = this.#file
    await this.#renewFile(file)
  }

  get #dataStore(): KeyStore | undefined {
    return this.#dataKey === undefined ? undefined : dataKeyStore(this.#dataKey, this.#parts.random)
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
    if (this.#file.underPassphrase !== undefined) return fail('under-passphrase')
    const found = keyStore === undefined ? problem('no-key-store') : keyStore.problem()
    if (isWanted && found !== undefined) return { ok: false, problem: found }
    if (isWanted && !this.#isKeptBy(keyStore)) return fail('no-key-store', 'it does not give back what it was given')
    const { locked: _, ...open } = this.#file
    await this.#renewFile(isWanted ? { ...open, locked: '' } : open)
    return ok(null)
  }

  /**
   * Whether a person who asks for it knows the passphrase; `ok` where there is none. Takes as long as unlocking.
   */
  async prove(passphrase: string | undefined): Promise<Result<null>> {
    const under = this.#file.underPassphrase
    if (under === undefined) return ok(null)
    if (passphrase === undefined) return fail('wrong-passphrase')
    const opened = await openUnder(under, passphrase, 'data-key')
    if (!opened.ok) return opened
    opened.value.fill(0)
    return ok(null)
  }

  /**
   * Puts the keys under a passphrase, under another one, or, without a new one, back into the open file. One write changes
   * all: whenever it is cut, either the old passphrase opens the file or the new one does.
   */
  async usePassphrase(passphrase: string | undefined): Promise<Result<null>> {
    const { random, passphraseCost: cost } = this.#parts
    const { underPassphrase: _, locked: __, signingKey: ___, sweeps: ____, ...open } = this.#file
    if (passphrase === undefined) {
      await this.#renewFile(open)
      this.forget()
      return ok(null)
    }
    const refused = refusePassphrase(passphrase)
    if (refused !== undefined) return fail(refused)
    // A new passphrase seals the same key: other files are wrapped with it, too, and no crash may part them.
    const dataKey = this.#dataKey ?? random.bytes(32)
    const underPassphrase = await sealUnder(passphrase, dataKey, 'data-key', { random, cost })
    this.#dataKey = dataKey
    const signingKey = this.publicKey.toString('base64url')
    await this.#renewFile({ ...open, locked: '', underPassphrase, signingKey, sweeps: true })
    return ok(null)
  }

  /** A copy that outlives this one; `undefined` where no passphrase is. */
  dataKey(): Buffer | undefined {
    if (this.#file.underPassphrase === undefined || this.#dataKey === undefined) return undefined
    return Buffer.from(this.#dataKey)
  }

  /** For a file that a person keeps elsewhere. */
  carried(): CarriedIdentity {
    const { signingSeed, sealingKey, tls, federation, counter } = this.#file
    const { callsign, laptop } = this
    return { identity: { signingSeed, sealingKey, tls, federation, counter }, callsign, laptop }
  }

  /** Another identity, kept as this one is; as it is to be written. */
  async successor(now: number, carried?: CarriedIdentity['identity']): Promise<IdentityFile> {
    const { locked, underPassphrase } = this.#file
    const made =
      carried === undefined ? await createFile({ ...this.#parts, now, federation: this.federation }) : carried
    const signingKey = rawPublicKey(privateKeyFromSeed(Buffer.from(made.signingSeed, 'base64url'))).toString(
      'base64url'
    )
    const file: IdentityFile = {
      ...made,
      // Peers may have seen a later record than the one that was carried.
      counter: carried === undefined ? made.counter : carried.counter + 1,
      ...(locked === undefined ? {} : { locked: '' }),
      ...(underPassphrase === undefined ? {} : { underPassphrase, signingKey }),
      sweeps: true,
      isNew: true
    }
    return wrapSecrets(file, this.keyStore)
  }

  /** The last use of the keys is over: what can be wiped of them is. */
  forget(): void {
    this.#dataKey?.fill(0)
    this.#dataKey = undefined
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
    await this.#document.write(wrapSecrets(this.#file, this.keyStore))
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
