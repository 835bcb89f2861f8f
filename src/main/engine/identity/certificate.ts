/**
 * The P-256 certificate of a node for TLS: self-signed, issued once, named by node ID. Nobody trusts it by its chain;
 * the identity record binds it to the signing key. The library is loaded only when a certificate is made.
 */
import { X509Certificate, webcrypto, type KeyObject } from 'node:crypto'
import type * as Library from '@peculiar/x509'
import type { X509CertificateCreateSelfSignedParams } from '@peculiar/x509'

export type { X509CertificateCreateSelfSignedParams }

export interface TlsIdentity {
  /** PKCS#8, PEM. */
  readonly key: string
  /** PEM. */
  readonly certificate: string
}

const twoDaysMs = 2 * 24 * 3600 * 1000
const twentyYearsMs = 20 * 365 * 24 * 3600 * 1000

/** Makes a key and a certificate for it. */
export type IssueCertificate = (nodeId: string, serial: Uint8Array, now: number) => Promise<TlsIdentity>

/** @param now wall time in ms; the certificate starts two days earlier, because clocks in the field are wrong. */
export async function issueCertificate(nodeId: string, serial: Uint8Array, now: number): Promise<TlsIdentity> {
  const x509 = await certificateLibrary()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(serial).toString('hex'),
    name: `CN=${nodeId.slice(0, 32)}`,
    notBefore: new Date(now - twoDaysMs),
    notAfter: new Date(now + twentyYearsMs),
    signingAlgorithm: algorithm,
    // The library's types name the browser's key pair; Node's is the same to it.
    keys: keys as X509CertificateCreateSelfSignedParams['keys'],
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // BoringSSL refuses certificates without digitalSignature; TAK federation those without clientAuth.
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth])
    ]
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { key: pem('PRIVATE KEY', pkcs8), certificate: pem('CERTIFICATE', Buffer.from(certificate.rawData)) }
}

/** Loaded when something is made with it. */
export async function certificateLibrary(): Promise<typeof Library> {
  // The library's container needs this polyfill loaded before it.
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

export function certificateDer(certificatePem: string): Buffer {
  return new X509Certificate(certificatePem).raw
}

/** The public key of a certificate from outside, or `undefined` when the bytes are not a certificate. */
export function certificateKey(der: Uint8Array): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey
  } catch {
    return undefined
  }
}
