/**
 * What an authority of one's own makes: its certificate, those that it issues, requests for them, and the list of what it
 * took back. Made with the library that makes a node's own certificate; judged afterwards by our own readers, like any other.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, webcrypto, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { NodeId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { isHex } from '../bytes/hash.js'
import { certificateLibrary, type X509CertificateCreateSelfSignedParams } from '../identity/certificate.js'
import { signatureProblem, laptopProblem } from './fitness.js'
import { reasons } from './crl.js'
import { nodeUriStart, parseCertificate, type Certificate } from './x509.js'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** Clocks in the field are wrong. */
const earlierMs = 2 * 24 * 3600 * 1000

/** DER of the certificate, and its key as PKCS#8 DER. */
export interface MadeAuthority {
  readonly certificate: Buffer
  readonly key: Buffer
}

export interface IssueOrder {
  readonly name: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer
  readonly use: 'laptop' | 'phone'
  /** The only node that the certificate is to vouch for. */
  readonly nodeId?: NodeId | undefined
  readonly now: number
  readonly until: number
  /** 16 bytes. */
  readonly serial: Buffer
}

export interface ListOrder {
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: readonly { readonly serial: string; readonly at: number; readonly reason: string }[]
}

/** A certificate with a fresh P-256 key that issues others, but no authorities. */
export async function makeAuthority(
  name: string,
  { now, until, serial }: Pick<IssueOrder, 'now' | 'until' | 'serial'>
): Promise<MadeAuthority> {
  const x509 = await certificateLibrary()
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialText(serial),
    name: [{ CN: [name] }],
    notBefore: new Date(now - earlierMs),
    notAfter: new Date(until),
    signingAlgorithm: algorithm,
    keys: keys as X509CertificateCreateSelfSignedParams['keys'],
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never)
    ]
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { certificate: Buffer.from(certificate.rawData), key }
}

/** Codes: `unsupported-key`, `wrong-usage`: what would be made would not be taken by any laptop. */
export async function issue(
  authority: Certificate,
  key: Buffer,
  { name, publicKey, use, nodeId, now, until, serial }: IssueOrder
): Promise<Result<Certificate>> {
  const x509 = await certificateLibrary()
  const usage = x509.ExtendedKeyUsage
  const names = nodeId === undefined ? [] : [{ type: 'url' as const, value: `${nodeUriStart}${nodeId}` }]
  const issuer = new x509.X509Certificate(viewOf(authority.der))
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: serialText(serial),
    subject: [{ CN: [name] }],
    issuer: issuer.subjectName,
    notBefore: new Date(Math.max(now - earlierMs, authority.notBefore)),
    notAfter: new Date(Math.min(until, authority.notAfter)),
    publicKey: new x509.PublicKey(viewOf(publicKey)),
    ...(await signerFor(key)),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // A phone's RSA key may also be asked to decipher, by TLS 1.2.
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | (use === 'phone' ? x509.KeyUsageFlags.keyEncipherment : 0),
        true
      ),
      new x509.ExtendedKeyUsageExtension(use === 'phone' ? [usage.clientAuth] : [usage.serverAuth, usage.clientAuth]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)
    ]
  })
  const certificate = parseCertificate(Buffer.from(made.rawData))
  if (certificate === undefined) return fail('unsupported-key')
  const unfit = signatureProblem(certificate) ?? (use === 'laptop' ? laptopProblem(certificate) : undefined)
  return unfit === undefined ? ok(certificate) : fail(unfit)
}

/** A revocation list with all of these, DER. */
export async function makeList(authority: Certificate, key: Buffer, order: ListOrder): Promise<Buffer> {
  const x509 = await certificateLibrary()
  const issuer = new x509.X509Certificate(viewOf(authority.der))
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(order.thisUpdate),
    nextUpdate: new Date(order.nextUpdate),
    ...(await signerFor(key)),
    entries: order.entries.map(({ serial, at, reason }) => ({
      serialNumber: serial,
      revocationDate: new Date(at),
      reason: Math.max(0, reasons.indexOf(reason as 'unspecified')) as number
    })),
    extensions: [
      new x509.Extension('2.5.29.20', false, viewOf(derInteger(order.number))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)
    ]
  })
  return Buffer.from(list.rawData)
}

/** A request for a certificate for this key (PKCS#10, DER), which names the node. */
export async function makeRequest(name: string, nodeId: NodeId, key: KeyObject): Promise<Result<Buffer>> {
  const x509 = await certificateLibrary()
  if (key.asymmetricKeyType !== 'ec') return fail('unsupported-key')
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
  const namedCurve = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256'
  const own = { ...algorithm, namedCurve }
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, own, false, ['sign'])
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const publicKey = await webcrypto.subtle.importKey('spki', spki, own, true, ['verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys: { privateKey, publicKey } as X509CertificateCreateSelfSignedParams['keys'],
    signingAlgorithm: own,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `${nodeUriStart}${nodeId}` }])]
  })
  return ok(Buffer.from(request.rawData))
}

export interface ReadRequest {
  readonly name: string
  /** As the request claims; a certificate that names another node helps nobody. */
  readonly nodeId?: NodeId
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer
}

const requestBytesMost = 32 * 1024

/** @param der PKCS#10. Codes: `certificate-damaged`: it is none, or not signed by the key that it names. */
export async function readRequest(der: Uint8Array): Promise<Result<ReadRequest>> {
  if (der.length > requestBytesMost) return fail('certificate-file-too-large', `${String(der.length)} bytes`)
  const x509 = await certificateLibrary()
  try {
    const request = new x509.Pkcs10CertificateRequest(viewOf(der))
    if (!(await request.verify())) return fail('certificate-damaged', 'request')
    const names = request.extensions.flatMap((one) =>
      one instanceof x509.SubjectAlternativeNameExtension ? one.names.items : []
    )
    const nodeId = names.map(({ value }) => nodeIdIn(value)).find((found) => found !== undefined)
    const [name = ''] = request.subjectName.getField('CN')
    const publicKey = Buffer.from(request.publicKey.rawData)
    return ok({ name, publicKey, ...(nodeId === undefined ? {} : { nodeId }) })
  } catch {
    // The library throws on whatever it does not understand; all of it only means that this is no request.
    return fail('certificate-damaged', 'request')
  }
}

/** The node that a name of a certificate stands for. */
export function nodeIdIn(uri: string): NodeId | undefined {
  const id = uri.startsWith(nodeUriStart) ? uri.slice(nodeUriStart.length) : ''
  return isHex(id, 32) ? (id as NodeId) : undefined
}

/** A key for a device that makes none itself: PKCS#8 DER and SubjectPublicKeyInfo DER. */
export async function makeDeviceKey(
  kind: 'p256' | 'rsa'
): Promise<{ readonly key: Buffer; readonly publicKey: Buffer }> {
  const make = promisify(generateKeyPair)
  const { privateKey, publicKey } = await (kind === 'rsa'
    ? make('rsa', { modulusLength: 2048 })
    : make('ec', { namedCurve: 'P-256' }))
  return {
    key: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicKey: publicKey.export({ format: 'der', type: 'spki' })
  }
}

/** As the key can sign; an authority that was made elsewhere may have any kind that is accepted as one. */
async function signerFor(key: Buffer) {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const isLarge = asymmetricKeyDetails?.namedCurve === 'secp384r1'
  const signingAlgorithm =
    asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : isLarge
        ? { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
        : algorithm
  const signingKey = await webcrypto.subtle.importKey('pkcs8', key, signingAlgorithm, false, ['sign'])
  return { signingAlgorithm, signingKey: signingKey as never }
}

/** A positive number in DER, whatever the random bytes are. */
function serialText(serial: Buffer): string {
  const bytes = Buffer.from(serial)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

function derInteger(value: number): Buffer {
  const hex = value.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  const bytes = Buffer.from(parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even, 'hex')
  return Buffer.concat([Buffer.from([0x02, bytes.length]), bytes])
}

function viewOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
