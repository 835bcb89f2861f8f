/**
 * One certificate (RFC 5280), read strictly: what node:crypto does not tell (usages, path length, name constraints, which
 * extensions are critical, how it is signed) from its DER. Keys, signatures and names as text come from node:crypto.
 */
import { X509Certificate, type KeyObject } from 'node:crypto'
import {
  bitsOf,
  booleanOf,
  countOf,
  DerError,
  elementsOf,
  oidOf,
  sequenceOf,
  tags,
  textOf,
  timeOf,
  type Element
} from './der.js'

/** `kind`: `rfc822`, `dns`, `directory`, `uri`, `ip`, or the number of a rarer form (RFC 5280 4.2.1.6). */
export interface GeneralName {
  readonly kind: 'rfc822' | 'dns' | 'directory' | 'uri' | 'ip' | number
  /** Text of `rfc822`, `dns` and `uri`. */
  readonly text: string
  readonly bytes: Buffer
  /** Of `directory`. */
  readonly name: Name
}

/** Relative names from the root on; each is a set of `type=value`, of which there is nearly always one. */
export type Name = readonly (readonly { readonly type: string; readonly value: string }[])[]

export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

export interface Certificate {
  readonly der: Buffer
  readonly x509: X509Certificate
  readonly subject: Name
  readonly issuer: Name
  /** Hex of the DER integer, as revocation lists have it. */
  readonly serial: string
  readonly notBefore: number
  readonly notAfter: number
  /** Object identifiers. */
  readonly signatureAlgorithm: string
  readonly keyAlgorithm: string
  /** Of an elliptic curve that is named; `undefined` else. */
  readonly curve: string | undefined
  /** Absent when this crypto library does not know the kind of key. */
  readonly key: KeyObject | undefined
  readonly isCa: boolean
  readonly pathLength: number | undefined
  /** `undefined` when the certificate does not limit it. */
  readonly usages: readonly string[] | undefined
  readonly extendedUsages: readonly string[] | undefined
  readonly netscapeTypes: readonly number[] | undefined
  readonly alternativeNames: readonly GeneralName[]
  readonly constraints: NameConstraints | undefined
  /** Critical extensions that are not handled here: whoever meets one must refuse (RFC 5280 4.2). */
  readonly unknownCritical: readonly string[]
}

/** Of a URI in a certificate that is for one node: its node ID follows. */
export const nodeUriStart = 'muster:node:'

const usageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly'
]

const extendedUsageNames: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
  '2.5.29.37.0': 'anyExtendedKeyUsage'
}

const oids = {
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  /** Says under which rules it was issued; we ask for none, so it limits nothing. */
  policies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
  netscapeType: '2.16.840.1.113730.1.1'
} as const
const handled: ReadonlySet<string> = new Set(Object.values(oids))

export const attributes = { commonName: '2.5.4.3', organisation: '2.5.4.10', email: '1.2.840.113549.1.9.1' } as const

/** `undefined` when the bytes are not exactly one well-formed certificate. */
export function parseCertificate(bytes: Uint8Array): Certificate | undefined {
  try {
    // A copy: what was judged must not change with a buffer of somebody else.
    return parse(Buffer.from(bytes))
  } catch {
    // Two readers throw here, node:crypto and ours; both only ever mean that these bytes are not a certificate.
    return undefined
  }
}

function parse(der: Buffer): Certificate {
  const [tbs, signatureAlgorithm, signature, ...more] = sequenceOf(der)
  if (tbs?.tag !== tags.sequence || signatureAlgorithm === undefined || signature?.tag !== tags.bitString)
    throw new DerError('not a certificate')
  const parts = [...elementsOf(tbs.value)]
  if (more.length > 0) throw new DerError('more than a certificate')
  if (parts[0]?.tag === 0xa0) parts.shift()
  const [serial, innerAlgorithm, issuer, validity, subject, keyInfo, ...rest] = parts
  if (serial?.tag !== tags.integer || !innerAlgorithm || !issuer || !validity || !subject || !keyInfo)
    throw new DerError('not a certificate')
  // The outer one is not signed (RFC 5280 4.1.1.2).
  if (!innerAlgorithm.whole.equals(signatureAlgorithm.whole)) throw new DerError('two signature algorithms')
  const [notBefore, notAfter] = sequenceOf(validity.whole)
  if (notBefore === undefined || notAfter === undefined) throw new DerError('no validity')
  const extensions = extensionsOf(rest.find(({ tag }) => tag === 0xa3))
  const x509 = new X509Certificate(der)
  if (!x509.raw.equals(der)) throw new DerError('read differently')
  const basic = extensions.get(oids.basicConstraints)?.value
  const { isCa, pathLength } = basic === undefined ? { isCa: false, pathLength: undefined } : basicConstraintsOf(basic)
  const read = <T>(oid: string, reader: (value: Buffer) => T): T | undefined => {
    const extension = extensions.get(oid)
    return extension === undefined ? undefined : reader(extension.value)
  }
  const keyAlgorithm = sequenceOf(sequenceOf(keyInfo.whole)[0]?.whole ?? Buffer.alloc(0))
  return {
    der,
    x509,
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    serial: serial.value.toString('hex'),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    signatureAlgorithm: firstOid(signatureAlgorithm),
    keyAlgorithm: keyAlgorithm[0] === undefined ? '' : oidOf(keyAlgorithm[0]),
    curve: keyAlgorithm[1]?.tag === tags.oid ? oidOf(keyAlgorithm[1]) : undefined,
    key: publicKeyOf(x509),
    isCa,
    pathLength,
    usages: read(oids.keyUsage, (value) => bitsOf(only(value)).map((bit) => usageNames[bit] ?? `bit ${bit}`)),
    extendedUsages: read(oids.extendedKeyUsage, (value) =>
      sequenceOf(value).map((element) => extendedUsageNames[oidOf(element)] ?? oidOf(element))
    ),
    netscapeTypes: read(oids.netscapeType, (value) => bitsOf(only(value))),
    alternativeNames: read(oids.alternativeNames, (value) => sequenceOf(value).map(generalNameOf)) ?? [],
    constraints: read(oids.nameConstraints, nameConstraintsOf),
    unknownCritical: [...extensions].flatMap(([oid, { critical }]) => (critical && !handled.has(oid) ? [oid] : []))
  }
}

function publicKeyOf(x509: X509Certificate): KeyObject | undefined {
  try {
    return x509.publicKey
  } catch {
    return undefined
  }
}

function only(bytes: Buffer): Element {
  const [element, ...more] = elementsOf(bytes)
  if (element === undefined || more.length > 0) throw new DerError('not one element')
  return element
}

export function firstOid({ whole }: Element): string {
  const [oid] = sequenceOf(whole)
  if (oid === undefined) throw new DerError('no algorithm')
  return oidOf(oid)
}

export interface Extension {
  readonly critical: boolean
  readonly value: Buffer
}

/** @param wrapper holds the SEQUENCE of them. */
export function extensionsOf(wrapper: Pick<Element, 'value'> | undefined): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>()
  for (const extension of wrapper === undefined ? [] : sequenceOf(wrapper.value)) {
    const [oid, ...rest] = sequenceOf(extension.whole)
    const critical = rest[0]?.tag === tags.boolean ? booleanOf(rest[0]) : false
    const value = rest.at(-1)
    if (oid === undefined || value?.tag !== tags.octetString || rest.length > 2) throw new DerError('not an extension')
    const name = oidOf(oid)
    // RFC 5280 4.2: not twice. Which of two counts is what readers would differ in.
    if (found.has(name)) throw new DerError('an extension twice')
    found.set(name, { critical, value: value.value })
  }
  return found
}

function basicConstraintsOf(value: Buffer): { isCa: boolean; pathLength: number | undefined } {
  const parts = [...sequenceOf(value)]
  const isCa = parts[0]?.tag === tags.boolean ? booleanOf(parts.shift() as Element) : false
  const [length, ...more] = parts
  if (more.length > 0) throw new DerError('not basic constraints')
  return { isCa, pathLength: length === undefined ? undefined : countOf(length) }
}

function nameConstraintsOf(value: Buffer): NameConstraints {
  const subtrees = (tag: number) => {
    const list = sequenceOf(value).find((element) => element.tag === tag)
    return (list === undefined ? [] : elementsOf(list.value)).map((subtree) => {
      const [base, ...limits] = sequenceOf(subtree.whole)
      // RFC 5280 4.2.1.10: minimum is 0, which DER leaves out, and maximum is absent.
      if (base === undefined || limits.length > 0) throw new DerError('not a subtree of RFC 5280')
      return generalNameOf(base)
    })
  }
  return { permitted: subtrees(0xa0), excluded: subtrees(0xa1) }
}

const nameKinds: Readonly<Record<number, GeneralName['kind']>> = {
  1: 'rfc822',
  2: 'dns',
  4: 'directory',
  6: 'uri',
  7: 'ip'
}

function generalNameOf(element: Element): GeneralName {
  if ((element.tag & 0xc0) !== 0x80) throw new DerError('not a general name')
  const kind = nameKinds[element.tag & 0x1f] ?? element.tag & 0x1f
  const isText = kind === 'rfc822' || kind === 'dns' || kind === 'uri'
  return {
    kind,
    text: isText ? element.value.toString('latin1') : '',
    bytes: element.value,
    name: kind === 'directory' ? nameOf(only(element.value)) : []
  }
}

export function nameOf({ whole }: Element): Name {
  return sequenceOf(whole).map((set) => {
    if (set.tag !== tags.set) throw new DerError('not a name')
    return elementsOf(set.value).map((pair) => {
      const [type, value, ...more] = sequenceOf(pair.whole)
      if (type === undefined || value === undefined || more.length > 0) throw new DerError('not a name')
      return { type: oidOf(type), value: textOf(value) }
    })
  })
}

/** For comparing: case and runs of spaces do not count (RFC 5280 7.1, as OpenSSL does it). */
export function canonicalName(name: Name): readonly string[] {
  return name.map((set) =>
    set
      .map(({ type, value }) => `${type}=${value.trim().replace(/\s+/g, ' ').toLowerCase()}`)
      .sort()
      .join('\0')
  )
}

export function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return JSON.stringify(canonicalName(subject)) === JSON.stringify(canonicalName(issuer))
}

/** Whether `issuer` signed `certificate`: names, key identifiers and usages fit, and the signature holds. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (issuer.key === undefined) return false
  try {
    return certificate.x509.checkIssued(issuer.x509) && certificate.x509.verify(issuer.key)
  } catch {
    // A signature that this crypto library cannot check proves nothing.
    return false
  }
}

/** Also without the right to sign certificates, which a laptop's own certificate does not have. */
export function isSelfSigned(certificate: Certificate): boolean {
  const { key, x509 } = certificate
  try {
    return isSelfIssued(certificate) && key !== undefined && x509.verify(key)
  } catch {
    return false
  }
}

/** The newest value of this type: names go from the general to the particular. */
export function attributeOf(name: Name, type: string): string | undefined {
  return name
    .flat()
    .filter((pair) => pair.type === type)
    .at(-1)?.value
}
