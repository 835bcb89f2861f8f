/**
 * This node's own keys: created at the first start, loaded afterwards, kept in identity.json (0600). A damaged file
 * stops the start: a second identity made in silence would leave the node's own logs without an author.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { NodeId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { openDocument } from '../storage/document.js'
import type { Disk } from '../storage/disk.js'
import type { Random } from '../runtime/random.js'
import { certificateDer, issueCertificate, type TlsIdentity } from './certificate.js'
import { nodeIdOf, signRecord, type IdentityRecord } from './identity-record.js'
import { sha256 } from '../bytes/hash.js'
import { privateKeyFromSeed, rawPublicKey } from './signature.js'

const IdentityFile = v.object({
  /** Ed25519 seed and X25519 private key (PKCS#8 DER), base64url. */
  signingSeed: v.string(),
  sealingKey: v.string(),
  tls: v.object({ key: v.string(), certificate: v.string() }),
  federation: v.string(),
  counter: v.number()
})
type IdentityFile = v.InferOutput<typeof IdentityFile>

export interface Identity {
  readonly nodeId: NodeId
  readonly signingKey: KeyObject
  /** 32 bytes. */
  readonly publicKey: Buffer
  readonly tls: TlsIdentity
  /** SHA-256 of the certificate's DER. */
  readonly certificateHash: Buffer
  readonly record: IdentityRecord
}

export const identityFileName = 'identity.json'

/** @param federation names the group this node belongs to; another name than last time renews the record. */
export async function loadOrCreateIdentity(
  disk: Disk,
  federation: string | undefined,
  random: Random,
  now: number
): Promise<Result<{ identity: Identity; created: boolean }>> {
  const document = openDocument<IdentityFile>(disk, identityFileName, IdentityFile, {
    mode: 0o600,
    // It stays where it is, so that the next start does not take its absence for a new node.
    keepDamaged: true
  })
  const read = await document.read()
  if (!read.ok && read.problem.code === 'newer-data') return read
  if (!read.ok) return fail('identity-damaged', read.problem.detail)
  let file = read.value
  const created = file === undefined
  if (created && (await hasHistory(disk))) return fail('identity-damaged', `${identityFileName} is missing`)
  if (file === undefined) {
    file = await createFile(federation ?? defaultFederation, random, now)
    await document.write(file)
  } else if (federation !== undefined && federation !== file.federation) {
    file = { ...file, federation, counter: file.counter + 1 }
    await document.write(file)
  }
  return ok({ identity: fromFile(file), created })
}

/** Whether this folder belonged to a node before. */
async function hasHistory(disk: Disk): Promise<boolean> {
  const lists = await Promise.all(['trust', 'missions'].map((folder) => disk.list(folder)))
  return lists.some((names) => names.length > 0)
}

/** Fresh installs belong to it. */
export const defaultFederation = 'field'

async function createFile(federation: string, random: Random, now: number): Promise<IdentityFile> {
  const seed = random.bytes(32)
  const nodeId = nodeIdOf(rawPublicKey(privateKeyFromSeed(seed)))
  const serial = random.bytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40 // A positive number in DER.
  return {
    signingSeed: seed.toString('base64url'),
    sealingKey: generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url'),
    tls: await issueCertificate(nodeId, serial, now),
    federation,
    counter: 1
  }
}

function fromFile(file: IdentityFile): Identity {
  const signingKey = privateKeyFromSeed(Buffer.from(file.signingSeed, 'base64url'))
  const sealingKey = createPrivateKey({ key: Buffer.from(file.sealingKey, 'base64url'), format: 'der', type: 'pkcs8' })
  const publicKey = rawPublicKey(signingKey)
  const certificateHash = sha256(certificateDer(file.tls.certificate))
  return {
    nodeId: nodeIdOf(publicKey),
    signingKey,
    publicKey,
    tls: file.tls,
    certificateHash,
    record: signRecord(
      {
        signingKey: publicKey.toString('base64url'),
        sealingKey: rawPublicKey(sealingKey).toString('base64url'),
        certificateHash: certificateHash.toString('base64url'),
        federation: file.federation,
        counter: file.counter
      },
      signingKey,
      createPrivateKey(file.tls.key)
    )
  }
}
