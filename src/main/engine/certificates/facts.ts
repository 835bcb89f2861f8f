/** What people see of a certificate (`CertificateFacts`). */
import type { CertificateFacts } from '@shared/model.js'
import { sha256 } from '../bytes/hash.js'
import { attributeOf, attributes, isSelfSigned, parseCertificate, type Certificate, type GeneralName } from './x509.js'

/** `undefined` when the bytes are not exactly one certificate. Texts are as the certificate has them: untrusted. */
export function certificateFacts(der: Uint8Array): CertificateFacts | undefined {
  const certificate = parseCertificate(der)
  return certificate === undefined ? undefined : factsOf(certificate)
}

export function factsOf(certificate: Certificate): CertificateFacts {
  const { x509, subject, issuer, pathLength } = certificate
  const subjectText = rfc2253(x509.subject)
  const issuerText = rfc2253(x509.issuer)
  return {
    subject: subjectText,
    name: shortName(subject, subjectText),
    issuer: issuerText,
    issuerName: shortName(issuer, issuerText),
    serial: x509.serialNumber.toLowerCase(),
    sha256: sha256(certificate.der).toString('hex'),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    ca: certificate.isCa,
    ...(pathLength === undefined ? {} : { pathLength }),
    key: keyText(certificate),
    usages: certificate.usages ?? [],
    extendedUsages: certificate.extendedUsages ?? [],
    alternativeNames: certificate.alternativeNames.map(alternativeText),
    isSelfSigned: isSelfSigned(certificate)
  }
}

/** node:crypto gives one relative name per line, the most general one first, escaped; empty names as `undefined`. */
function rfc2253(lines: string | undefined): string {
  return (lines ?? '').split('\n').filter(Boolean).reverse().join(', ')
}

/** Common name, else organisation, else the text. */
export function shortName(name: Certificate['subject'], text: string): string {
  return attributeOf(name, attributes.commonName) || attributeOf(name, attributes.organisation) || text
}

const curveNames: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** `P-256`, `RSA 2048`, `Ed25519`, …; of a kind unknown here its object identifier. */
export function keyText({ key, keyAlgorithm, curve }: Certificate): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key ?? {}
  if (type === 'rsa' || type === 'rsa-pss') return `${type.toUpperCase()} ${details?.modulusLength ?? '?'}`
  if (type === 'ec') return curveNames[details?.namedCurve ?? ''] ?? details?.namedCurve ?? curve ?? 'EC'
  if (type === 'ed25519') return 'Ed25519'
  if (type === 'ed448') return 'Ed448'
  return type ?? keyAlgorithm
}

function alternativeText({ kind, text, bytes, name }: GeneralName): string {
  if (kind === 'dns') return `DNS:${text}`
  if (kind === 'uri') return `URI:${text}`
  if (kind === 'rfc822') return `email:${text}`
  if (kind === 'ip') return `IP:${ipText(bytes)}`
  if (kind === 'directory')
    return `DirName:${name
      .flat()
      .map(({ value }) => value)
      .reverse()
      .join(', ')}`
  return `other (${kind})`
}

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.')
  if (bytes.length !== 16) return bytes.toString('hex')
  return (bytes.toString('hex').match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':')
}
