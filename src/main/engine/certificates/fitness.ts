/** What a single certificate is good for, at a time. Pure; the first code that applies is the answer. */
import type { ProblemCode } from '@shared/problems.js'
import type { Certificate } from './x509.js'

const rsa = '1.2.840.113549.1.1.1'
const ec = '1.2.840.10045.2.1'
/** P-256 and P-384, by name: parameters written out may describe a curve whose secrets somebody knows. */
const curves: ReadonlySet<string> = new Set(['1.2.840.10045.3.1.7', '1.3.132.0.34'])

/** RSA (PKCS#1 v1.5) and ECDSA: the kind of key that signs so, and the hash. */
const signatures: ReadonlyMap<string, { readonly keyAlgorithm: string; readonly digest: string }> = new Map([
  ['1.2.840.113549.1.1.11', { keyAlgorithm: rsa, digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyAlgorithm: rsa, digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyAlgorithm: rsa, digest: 'sha512' }],
  ['1.2.840.10045.4.3.2', { keyAlgorithm: ec, digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyAlgorithm: ec, digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyAlgorithm: ec, digest: 'sha512' }]
])

/** An identity record has room for a signature of 525 bytes (docs/protocol/identity.md). */
const laptopRsaBits = { least: 2048, most: 4096 }
/** BoringSSL takes no larger ones. */
const authorityRsaBits = { least: 2048, most: 8192 }

export function timeProblem({ notBefore, notAfter }: Certificate, time: number): ProblemCode | undefined {
  if (notAfter <= time) return 'certificate-expired'
  return notBefore > time ? 'certificate-not-yet-valid' : undefined
}

/** As the certificate of a laptop: TLS client and server, and signer of its identity record. */
export function laptopProblem(certificate: Certificate): ProblemCode | undefined {
  const { isCa, usages, netscapeTypes, unknownCritical } = certificate
  if (!hasKey(certificate, laptopRsaBits)) return 'unsupported-key'
  // An authority's key belongs into a safe; shown by a laptop it is a mistake, or somebody who took it.
  if (isCa || unknownCritical.length > 0) return 'wrong-usage'
  if (usages !== undefined && !usages.includes('digitalSignature')) return 'wrong-usage'
  if (!allowsBothEnds(certificate)) return 'wrong-usage'
  // Bits of the old Netscape extension: 0 client, 1 server.
  if (netscapeTypes !== undefined && !(netscapeTypes.includes(0) && netscapeTypes.includes(1))) return 'wrong-usage'
  return undefined
}

export function authorityProblem(certificate: Certificate): ProblemCode | undefined {
  const { isCa, usages, unknownCritical } = certificate
  if (!isCa || (usages !== undefined && !usages.includes('keyCertSign'))) return 'not-an-authority'
  if (!hasKey(certificate, authorityRsaBits)) return 'unsupported-key'
  // An authority limited to other uses cannot issue for ours; so do OpenSSL and BoringSSL judge it.
  return unknownCritical.length > 0 || !allowsBothEnds(certificate) ? 'wrong-usage' : undefined
}

/** How it was signed; not asked of what a person accepted itself. */
export function signatureProblem({ signatureAlgorithm }: Certificate): ProblemCode | undefined {
  return signatures.has(signatureAlgorithm) ? undefined : 'unsupported-key'
}

/** With which hash to check a signature of this kind by this certificate's key; `undefined`: not with it, or not at all. */
export function digestOf(signatureAlgorithm: string, { keyAlgorithm }: Certificate): string | undefined {
  const found = signatures.get(signatureAlgorithm)
  return found?.keyAlgorithm === keyAlgorithm ? found.digest : undefined
}

/** `anyExtendedKeyUsage` is not enough: TLS libraries want the two named. */
function allowsBothEnds({ extendedUsages }: Certificate): boolean {
  return (
    extendedUsages === undefined || (extendedUsages.includes('clientAuth') && extendedUsages.includes('serverAuth'))
  )
}

function hasKey({ keyAlgorithm, curve, key }: Certificate, bits: { least: number; most: number }): boolean {
  if (key === undefined) return false
  if (keyAlgorithm === ec) return curve !== undefined && curves.has(curve)
  const length = keyAlgorithm === rsa ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0
  return length >= bits.least && length <= bits.most
}
