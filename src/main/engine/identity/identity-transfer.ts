/**
 * An identity in one file under a passphrase, to be kept elsewhere and taken back on a fresh laptop
 * (docs/protocol/identity.md#identity-in-a-file). It holds keys and certificate; no missions and no decisions.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as v from 'valibot'
import { fail, ok, type Result } from '@shared/result.js'
import { parseBase64Url, sha256 } from '../bytes/hash.js'
import { limits } from '../limits.js'
import type { Random } from '../runtime/random.js'
import type { IdentityFile } from './identity-file.js'
import { openUnder, sealUnder, UnderPassphraseSchema, type ScryptCost } from './passphrase.js'
import { privateKeyFromSeed, rawPublicKey } from './signature.js'

const version = 1
/** Keys, and a certificate with those that issued it, are far less. */
export const transferBytesMost = 512 * 1024

const Envelope = v.object({ muster: v.literal('identity'), version: v.pipe(v.number(), v.safeInteger()) })
const Version1 = v.strictObject({
  muster: v.literal('identity'),
  version: v.literal(version),
  /** SHA-256 of JSON.stringify(sealed), hex: tells a file that was cut or altered from a wrong passphrase. */
  checksum: v.string(),
  sealed: UnderPassphraseSchema
})

const Name = v.pipe(v.string(), v.maxLength(2 * limits.nameLength))
const Content = v.strictObject({
  signingSeed: v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, '32 bytes, base64url'),
  /** PKCS#8 DER, base64url. */
  sealingKey: v.string(),
  tls: v.strictObject({ key: v.string(), certificate: v.string(), isImported: v.boolean() }),
  federation: Name,
  counter: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  callsign: Name,
  laptop: Name
})

export interface CarriedIdentity {
  readonly identity: Pick<IdentityFile, 'signingSeed' | 'sealingKey' | 'tls' | 'federation' | 'counter'>
  readonly callsign: string
  readonly laptop: string
}

export async function writeTransfer(
  { identity, callsign, laptop }: CarriedIdentity,
  passphrase: string,
  parts: { readonly random: Random; readonly cost?: ScryptCost | undefined }
): Promise<Buffer> {
  const { signingSeed, sealingKey, tls, federation, counter } = identity
  const content: v.InferOutput<typeof Content> = {
    ...{ signingSeed, sealingKey, federation, counter, callsign, laptop },
    tls: { key: tls.key, certificate: tls.certificate, isImported: tls.isImported === true }
  }
  const bytes = Buffer.from(JSON.stringify(content))
  const sealed = await sealUnder(passphrase, bytes, 'identity-file', parts)
  bytes.fill(0)
  const file = { muster: 'identity', version, checksum: checksumOf(sealed), sealed }
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`)
}

/** Anything from outside: read, or refused with a reason. */
export async function readTransfer(bytes: Buffer, passphrase: string): Promise<Result<CarriedIdentity>> {
  const envelope = parseEnvelope(bytes)
  if (!envelope.ok) return envelope
  const opened = await openUnder(envelope.value.sealed, passphrase, 'identity-file')
  if (!opened.ok) return opened
  return parseContent(opened.value)
}

function parseEnvelope(bytes: Buffer): Result<v.InferOutput<typeof Version1>> {
  if (bytes.length > transferBytesMost) return fail('identity-file-damaged', 'it is too long')
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch {
    return fail('identity-file-damaged')
  }
  const envelope = v.safeParse(Envelope, json)
  if (!envelope.success) return fail('identity-file-damaged')
  if (envelope.output.version > version)
    return fail('identity-file-newer', `version ${String(envelope.output.version)}, this one knows ${String(version)}`)
  const file = v.safeParse(Version1, json)
  if (!file.success) return fail('identity-file-damaged', v.summarize(file.issues).slice(0, 200))
  if (file.output.checksum !== checksumOf(file.output.sealed)) return fail('identity-file-damaged', 'checksum differs')
  return ok(file.output)
}

function parseContent(bytes: Buffer): Result<CarriedIdentity> {
  try {
    const content = v.safeParse(Content, JSON.parse(bytes.toString('utf8')))
    if (!content.success) return fail('identity-file-damaged', v.summarize(content.issues).slice(0, 200))
    const { callsign, laptop, ...identity } = content.output
    const sealing = createPrivateKey({
      key: Buffer.from(identity.sealingKey, 'base64url'),
      format: 'der',
      type: 'pkcs8'
    })
    const isWhole =
      rawPublicKey(privateKeyFromSeed(Buffer.from(identity.signingSeed, 'base64url'))).length === 32 &&
      sealing.asymmetricKeyType === 'x25519' &&
      new X509Certificate(identity.tls.certificate).checkPrivateKey(createPrivateKey(identity.tls.key))
    return isWhole ? ok({ identity, callsign, laptop }) : fail('identity-file-damaged', 'keys that do not fit')
  } catch {
    // OpenSSL throws, and what it says of a key is nothing for a log.
    return fail('identity-file-damaged', 'keys that are none')
  } finally {
    bytes.fill(0)
  }
}

function checksumOf(sealed: unknown): string {
  return sha256(JSON.stringify(sealed)).toString('hex')
}
