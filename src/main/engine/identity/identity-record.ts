/**
 * The identity record (docs/protocol/identity.md): says which sealing key, TLS certificate and federation belong to a
 * signing key. Signed by the signing key and by the certificate's key, so that neither can claim the other. The counter
 * grows with each renewal: of two records of one node the higher one counts.
 */
import { sign, verify, type KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { NodeId } from '@shared/model.js'
import { certificateKey } from './certificate.js'
import { parseBase64Url, sha256, uint64 } from '../bytes/hash.js'
import { limits } from '../limits.js'
import { parsePublicKey, signedBytes, signFor, verifyFor } from './signature.js'

export interface IdentityRecord {
  /** Ed25519, 32 bytes, base64url. The node ID is its SHA-256. */
  readonly signingKey: string
  /** X25519, 32 bytes, base64url: bundles are encrypted to it. */
  readonly sealingKey: string
  /** SHA-256 of the certificate's DER, base64url. */
  readonly certificateHash: string
  readonly federation: string
  readonly counter: number
  /** Ed25519 by the signing key, base64url. */
  readonly signature: string
  /** ECDSA with SHA-256 over the same bytes, by the certificate's key, DER, base64url. */
  readonly certificateSignature: string
}

export const IdentityRecordSchema = v.strictObject({
  signingKey: v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, '32 bytes, base64url'),
  sealingKey: v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, '32 bytes, base64url'),
  certificateHash: v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, '32 bytes, base64url'),
  federation: v.pipe(v.string(), v.maxLength(2 * limits.nameLength)),
  counter: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  signature: v.custom<string>((value) => parseBase64Url(value, 64) !== undefined, '64 bytes, base64url'),
  certificateSignature: v.pipe(v.string(), v.maxLength(2048))
}) satisfies v.GenericSchema<unknown, IdentityRecord>

export type Unsigned = Omit<IdentityRecord, 'signature' | 'certificateSignature'>

export function nodeIdOf(rawSigningKey: Uint8Array): NodeId {
  return sha256(rawSigningKey).toString('hex') as NodeId
}

function fieldsOf(record: Unsigned): Buffer[] {
  return [
    Buffer.from(record.signingKey, 'base64url'),
    Buffer.from(record.sealingKey, 'base64url'),
    Buffer.from(record.certificateHash, 'base64url'),
    Buffer.from(record.federation),
    uint64(record.counter)
  ]
}

export function signRecord(record: Unsigned, signingKey: KeyObject, certificatePrivateKey: KeyObject): IdentityRecord {
  const fields = fieldsOf(record)
  return {
    ...record,
    signature: signFor('identity', fields, signingKey).toString('base64url'),
    certificateSignature: sign('sha256', signedBytes('identity', fields), certificatePrivateKey).toString('base64url')
  }
}

/** Checks a record against the keys that were proved on this connection; false if anything differs. */
export function verifyRecord(record: IdentityRecord, signingKey: Uint8Array, certificateDer: Uint8Array): boolean {
  const key = parsePublicKey(signingKey)
  const tlsKey = certificateKey(certificateDer)
  const signature = parseBase64Url(record.signature, 64)
  if (key === undefined || tlsKey === undefined || signature === undefined) return false
  if (record.signingKey !== Buffer.from(signingKey).toString('base64url')) return false
  if (record.certificateHash !== sha256(certificateDer).toString('base64url')) return false
  if (parseBase64Url(record.sealingKey, 32) === undefined) return false
  const fields = fieldsOf(record)
  const certificateSignature = Buffer.from(record.certificateSignature, 'base64url')
  return verifyFor('identity', fields, key, signature) && verifyByCertificate(tlsKey, fields, certificateSignature)
}

/** What can be checked of a record without the certificate that it names: that its node signed it. */
export function isSignedRecord(record: IdentityRecord): boolean {
  const key = parsePublicKey(Buffer.from(record.signingKey, 'base64url'))
  const signature = parseBase64Url(record.signature, 64)
  return key !== undefined && signature !== undefined && verifyFor('identity', fieldsOf(record), key, signature)
}

/** A certificate from outside may hold any kind of key; one that cannot verify such a signature verifies none. */
function verifyByCertificate(key: KeyObject, fields: readonly Buffer[], signature: Buffer): boolean {
  if (key.asymmetricKeyType !== 'ec' && key.asymmetricKeyType !== 'rsa') return false
  try {
    return verify('sha256', signedBytes('identity', fields), key, signature)
  } catch {
    return false
  }
}
