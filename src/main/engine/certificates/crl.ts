/**
 * Revocation lists (CRL, RFC 5280 section 5): read strictly from DER, in one pass with pauses, because a list of a large
 * organisation has tens of thousands of entries. Only whole lists that an authority made about its own certificates; a
 * list that speaks for a part, or for others, is refused rather than half understood.
 */
import { verify } from 'node:crypto'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { fail, ok, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import { limits } from '../limits.js'
import { countOf, DerError, elementAt, elementsOf, sequenceOf, tags, timeOf, type Element } from './der.js'
import { digestOf } from './fitness.js'
import { canonicalName, extensionsOf, firstOid, nameOf, type Certificate, type Extension, type Name } from './x509.js'

export interface RevocationList {
  readonly der: Buffer
  /** Of the DER, hex. */
  readonly sha256: string
  readonly issuer: Name
  /** Of its issuer's lists, grows; hex. `undefined`: of the first form (v1), which has none. */
  readonly number: string | undefined
  readonly thisUpdate: number
  /** By then a newer one is due; `undefined`: its issuer did not say. */
  readonly nextUpdate: number | undefined
  /** Serial numbers (hex of the DER integer) and where in `der` each entry is. */
  readonly serials: ReadonlyMap<string, number>
  /** What is signed, how, and the signature. */
  readonly signed: Buffer
  readonly signatureAlgorithm: string
  readonly signature: Buffer
}

export interface ListEntry {
  readonly revokedAt: number
  /** A name of RFC 5280 5.3.1; `undefined`: not said. */
  readonly reason: string | undefined
}

const oids = {
  number: '2.5.29.20',
  reason: '2.5.29.21',
  /** Helps to find the key; the signature says whether it is the right one. */
  authorityKey: '2.5.29.35'
} as const

/** A pause after so many entries: each costs a few microseconds. */
const entriesAtOnce = 500

/** Its outside, so that a file of any other kind costs no more than a look. */
export function looksLikeList(der: Buffer): boolean {
  try {
    const [signed, algorithm, signature, ...more] = sequenceOf(der)
    if (signed?.tag !== tags.sequence || algorithm?.tag !== tags.sequence) return false
    if (signature?.tag !== tags.bitString || more.length > 0) return false
    let at = 0
    let element = elementAt(signed.value, at)
    const next = () => (element = elementAt(signed.value, (at += element.whole.length)))
    if (element.tag === tags.integer) next()
    // Algorithm, issuer, and then a time, where a certificate has its validity.
    return element.tag === tags.sequence && next().tag === tags.sequence && isTime(next())
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return false
  }
}

/** Codes: `certificate-damaged`, `certificate-file-too-large`, `list-unsupported` with what it asks for. */
export async function readList(bytes: Uint8Array): Promise<Result<RevocationList>> {
  if (bytes.length > limits.listBytes) return fail('certificate-file-too-large', `${String(bytes.length)} bytes`)
  try {
    return await read(Buffer.from(bytes))
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return fail('certificate-damaged', `revocation list: ${error.message}`)
  }
}

async function read(der: Buffer): Promise<Result<RevocationList>> {
  const [signed, algorithm, signature, ...more] = sequenceOf(der)
  if (signed?.tag !== tags.sequence || algorithm === undefined || signature?.tag !== tags.bitString || more.length > 0)
    throw new DerError('not a list')
  const parts = [...elementsOf(signed.value)]
  const version = parts[0]?.tag === tags.integer ? countOf(parts.shift() as Element) : 0
  const [inner, issuer, thisUpdate] = parts.splice(0, 3)
  if (inner === undefined || issuer === undefined || thisUpdate === undefined || version > 1)
    throw new DerError('not a list')
  if (!inner.whole.equals(algorithm.whole)) throw new DerError('two signature algorithms')
  const nextUpdate = parts[0] !== undefined && isTime(parts[0]) ? parts.shift() : undefined
  const entries = parts[0]?.tag === tags.sequence ? parts.shift() : undefined
  const wrapper = parts[0]?.tag === 0xa0 ? parts.shift() : undefined
  if (parts.length > 0) throw new DerError('more than a list')
  if (version === 0 && wrapper !== undefined) throw new DerError('extensions in the first form')
  if (signature.value[0] !== 0) throw new DerError('signature of odd bits')
  const extensions = extensionsOf(wrapper)
  const unknown = [...extensions].find(([oid, { critical }]) => critical && oid !== oids.number)
  if (unknown !== undefined) return fail('list-unsupported', unknown[0])
  const serials = new Map<string, number>()
  if (entries !== undefined) {
    const odd = await readEntries(entries.value, entries.value.byteOffset - der.byteOffset, serials)
    if (odd !== undefined) return fail('list-unsupported', odd)
  }
  return ok({
    der,
    sha256: sha256(der).toString('hex'),
    issuer: nameOf(issuer),
    number: numberOf(extensions.get(oids.number)),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: nextUpdate && timeOf(nextUpdate),
    serials,
    signed: signed.whole,
    signatureAlgorithm: firstOid(algorithm),
    signature: signature.value.subarray(1)
  })
}

/** Fills `serials`; an extension of an entry that must be understood and is not is the answer. */
async function readEntries(bytes: Buffer, offset: number, serials: Map<string, number>): Promise<string | undefined> {
  for (let at = 0; at < bytes.length;) {
    const entry = elementAt(bytes, at)
    const { serial, critical } = partsOf(entry)
    const odd = critical.find((oid) => oid !== oids.reason)
    if (odd !== undefined) return odd
    serials.set(serial, offset + at)
    at += entry.whole.length
    if (serials.size % entriesAtOnce === 0) await yieldToOthers()
  }
  return undefined
}

function partsOf(entry: Element): ListEntry & { readonly serial: string; readonly critical: readonly string[] } {
  if (entry.tag !== tags.sequence) throw new DerError('not an entry')
  const [serial, at, wrapper, ...more] = elementsOf(entry.value)
  if (serial?.tag !== tags.integer || at === undefined || more.length > 0) throw new DerError('not an entry')
  if (wrapper !== undefined && wrapper.tag !== tags.sequence) throw new DerError('not an entry')
  const extensions =
    wrapper === undefined ? new Map<string, Extension>() : extensionsOf({ ...wrapper, value: wrapper.whole })
  const critical = [...extensions].flatMap(([oid, one]) => (one.critical ? [oid] : []))
  return {
    serial: serial.value.toString('hex'),
    revokedAt: timeOf(at),
    reason: reasonOf(extensions.get(oids.reason)),
    critical
  }
}

/** RFC 5280 5.3.1, by number; 7 is not used. */
export const reasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise'
] as const

function reasonOf(extension: Extension | undefined): string | undefined {
  if (extension === undefined) return undefined
  const [element, ...more] = elementsOf(extension.value)
  if (element?.tag !== tags.enumerated || element.value.length !== 1 || more.length > 0)
    throw new DerError('not a reason')
  const reason = reasons[element.value[0] ?? -1]
  if (reason === undefined) throw new DerError('no such reason')
  return reason
}

/** RFC 5280 5.2.3: at most 20 bytes, never negative. Hex without zeros in front, so that equal numbers are equal texts. */
function numberOf(extension: Extension | undefined): string | undefined {
  if (extension === undefined) return undefined
  const [element, ...more] = elementsOf(extension.value)
  const bytes = element?.value
  if (element?.tag !== tags.integer || bytes === undefined || more.length > 0) throw new DerError('not a number')
  if (bytes.length === 0 || bytes.length > 21 || ((bytes[0] ?? 0) & 0x80) !== 0) throw new DerError('not a number')
  return BigInt(`0x${bytes.toString('hex')}`).toString(16)
}

function isTime({ tag }: Element): boolean {
  return tag === tags.utcTime || tag === tags.generalizedTime
}

/** What a list says about a certificate of its issuer; `undefined`: it is not on it. */
export function entryFor(list: RevocationList, serial: string): ListEntry | undefined {
  const at = list.serials.get(serial)
  if (at === undefined) return undefined
  const { revokedAt, reason } = partsOf(elementAt(list.der, at))
  return { revokedAt, reason }
}

/** All that a list says, in its order. */
export function entriesOf(list: RevocationList): readonly (ListEntry & { readonly serial: string })[] {
  return [...list.serials].map(([serial, at]) => {
    const { revokedAt, reason } = partsOf(elementAt(list.der, at))
    return { serial, revokedAt, reason }
  })
}

export function isNamedBy(list: RevocationList, authority: Certificate): boolean {
  return JSON.stringify(canonicalName(list.issuer)) === JSON.stringify(canonicalName(authority.subject))
}

/** Whether this authority signed the list and may: its own name, a key for signing lists, and a signature that holds. */
export function isListOf(list: RevocationList, authority: Certificate): boolean {
  const { key, isCa, usages } = authority
  if (key === undefined || !isCa || (usages !== undefined && !usages.includes('cRLSign'))) return false
  const digest = digestOf(list.signatureAlgorithm, authority)
  if (digest === undefined || !isNamedBy(list, authority)) return false
  try {
    return verify(digest, list.signed, key, list.signature)
  } catch {
    // A signature that this crypto library cannot check proves nothing.
    return false
  }
}

export interface ListAge {
  readonly number?: string | undefined
  readonly thisUpdate: number
}

/** Of two lists of one authority: by number, then by time (RFC 5280 5.2.3); a list without a number is the older one. */
export function isNewer(one: ListAge, other: ListAge): boolean {
  const [first, second] = [one, other].map(({ number }) => (number === undefined ? -1n : BigInt(`0x${number}`)))
  if (first === undefined || second === undefined || first === second) return one.thisUpdate > other.thisUpdate
  return first > second
}
