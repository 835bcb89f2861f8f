/** identity.json (docs/protocol/disk.md#identityjson): how it looks, and how its secrets are wrapped and opened. */
import * as v from 'valibot'
import type { NodeId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { parseBase64Url } from '../bytes/hash.js'
import type { Disk } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import { nodeIdOf } from './identity-record.js'
import type { KeyStore } from './key-store.js'
import { openUnder, UnderPassphraseSchema } from './passphrase.js'

export const identityFileName = 'identity.json'

const Secrets = v.object({
  /** Ed25519 seed and X25519 private key (PKCS#8 DER), base64url. */
  signingSeed: v.string(),
  sealingKey: v.string(),
  /** PKCS#8, PEM. */
  tlsKey: v.string()
})
type Secrets = v.InferOutput<typeof Secrets>

export const IdentityFileSchema = v.object({
  /** The secrets are empty here while they are `locked`: wrapped, base64. */
  signingSeed: v.string(),
  sealingKey: v.string(),
  tls: v.object({
    key: v.string(),
    certificate: v.string(),
    /** It came from a file, not from here. */
    isImported: v.optional(v.boolean())
  }),
  locked: v.optional(v.string()),
  /** What `locked` is wrapped with, under a passphrase; absent: the system's key store wraps. */
  underPassphrase: v.optional(UnderPassphraseSchema),
  /** Ed25519, public, base64url; with `underPassphrase`, to tell who this is while it is locked. */
  signingKey: v.optional(v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, '32 bytes, base64url')),
  /** Copies of this file in snapshots are older than the passphrase, and are still to be removed. */
  sweeps: v.optional(v.literal(true)),
  federation: v.string(),
  counter: v.number(),
  /** Until the first start has made the journal of decisions: its absence is no loss then. */
  isNew: v.optional(v.literal(true))
})
export type IdentityFile = v.InferOutput<typeof IdentityFileSchema>

export function identityDocument(disk: Disk): Document<IdentityFile> {
  return openDocument<IdentityFile>(disk, identityFileName, IdentityFileSchema, {
    mode: 0o600,
    // It stays where it is, so that the next start does not take its absence for a new node.
    keepDamaged: true
  })
}

/** The file with its secrets in the open. */
export function openSecrets(file: IdentityFile, keyStore: KeyStore | undefined): Result<IdentityFile> {
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

/** As it is written: wrapped where it is `locked`. */
export function wrapSecrets(file: IdentityFile, keyStore: KeyStore | undefined): IdentityFile {
  const { signingSeed, sealingKey, tls, locked } = file
  if (locked === undefined || keyStore === undefined) return file
  const secrets: Secrets = { signingSeed, sealingKey, tlsKey: tls.key }
  return {
    ...file,
    signingSeed: '',
    sealingKey: '',
    tls: { ...tls, key: '' },
    locked: keyStore.wrap(Buffer.from(JSON.stringify(secrets))).toString('base64')
  }
}

/** What is told of a node while its keys are under a passphrase. */
export interface LockedIdentity {
  readonly nodeId: NodeId
  readonly federation: string
  /** PEM. */
  readonly certificate: string
  readonly isCertificateImported: boolean
}

export async function lockedIdentity(disk: Disk): Promise<Result<LockedIdentity>> {
  const read = await identityDocument(disk).read()
  if (!read.ok) return read
  const { signingKey, federation, tls } = read.value ?? {}
  if (signingKey === undefined || federation === undefined || tls === undefined)
    return fail('identity-damaged', 'nothing says whose keys are locked')
  return ok({
    nodeId: nodeIdOf(Buffer.from(signingKey, 'base64url')),
    federation,
    certificate: tls.certificate,
    isCertificateImported: tls.isImported === true
  })
}

/** What the keys in the file are wrapped with. */
export async function openDataKey(disk: Disk, passphrase: string): Promise<Result<Buffer>> {
  const read = await identityDocument(disk).read()
  if (!read.ok) return read
  const under = read.value?.underPassphrase
  return under === undefined ? fail('no-passphrase') : openUnder(under, passphrase, 'data-key')
}
