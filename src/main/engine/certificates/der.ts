/**
 * Reading DER (X.690): strict, because what is read here decides about trust. OpenSSL also takes looser encodings; two
 * readers that see different things in the same bytes are how checks are passed by.
 */

/** One element. Only tags of one byte: X.509 needs no others. */
export interface Element {
  readonly tag: number
  /** Its content. */
  readonly value: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  teletexString: 0x14,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31
} as const

export class DerError extends Error {}

/** In one list; each costs a hundred times the two bytes that it may have, and no list that counts has nearly so many. */
const elementsMost = 20_000

/** The elements that fill these bytes. Throws DerError when anything else is in them. */
export function elementsOf(bytes: Buffer): readonly Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length;) {
    if (found.length === elementsMost) throw new DerError('too many elements')
    const element = elementAt(bytes, at)
    found.push(element)
    at += element.whole.length
  }
  return found
}

/** The content of a SEQUENCE that fills these bytes. */
export function sequenceOf(bytes: Buffer): readonly Element[] {
  const [element, ...more] = elementsOf(bytes)
  if (element?.tag !== tags.sequence || more.length > 0) throw new DerError('not one SEQUENCE')
  return elementsOf(element.value)
}

export function elementAt(bytes: Buffer, at: number): Element {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw new DerError('cut off')
  if ((tag & 0x1f) === 0x1f) throw new DerError('tag of more than one byte')
  const width = first < 0x80 ? 0 : first - 0x80
  if (first === 0x80 || width > 3) throw new DerError('indefinite or huge length')
  const start = at + 2 + width
  if (start > bytes.length) throw new DerError('cut off')
  const length = width === 0 ? first : bytes.readUIntBE(at + 2, width)
  if (width > 0 && (length < 0x80 || length >>> (8 * (width - 1)) === 0)) throw new DerError('length not minimal')
  if (start + length > bytes.length) throw new DerError('cut off')
  return { tag, value: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) }
}

/** `1.2.840.…`. */
export function oidOf({ tag, value }: Element): string {
  if (tag !== tags.oid || value.length === 0 || value.length > 64) throw new DerError('not an object identifier')
  const arcs: number[] = []
  let arc = 0
  for (const [index, byte] of value.entries()) {
    if (arc === 0 && byte === 0x80) throw new DerError('object identifier not minimal')
    arc = arc * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(arc)) throw new DerError('object identifier too large')
    if ((byte & 0x80) === 0) {
      arcs.push(arc)
      arc = 0
    } else if (index === value.length - 1) throw new DerError('object identifier cut off')
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

export function booleanOf({ tag, value }: Element): boolean {
  if (tag !== tags.boolean || value.length !== 1 || (value[0] !== 0 && value[0] !== 0xff))
    throw new DerError('not a boolean')
  return value[0] === 0xff
}

/** A small non-negative integer. */
export function countOf({ tag, value }: Element): number {
  if (tag !== tags.integer || value.length === 0 || value.length > 4) throw new DerError('not a small integer')
  const count = value.readIntBE(0, value.length)
  if (count < 0) throw new DerError('negative')
  return count
}

/** The numbers of the bits that are set; bit 0 is the first one. */
export function bitsOf({ tag, value }: Element): readonly number[] {
  const unused = value[0]
  if (tag !== tags.bitString || unused === undefined || unused > 7 || value.length > 5)
    throw new DerError('not a short bit string')
  const bits: number[] = []
  for (let bit = 0; bit < (value.length - 1) * 8 - unused; bit += 1)
    if (((value[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit)
  return bits
}

/** RFC 5280 4.1.2.5: `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on. Milliseconds since 1970. */
export function timeOf({ tag, value }: Element): number {
  const text = value.toString('latin1')
  const isShort = tag === tags.utcTime
  if (!isShort && tag !== tags.generalizedTime) throw new DerError('not a time')
  if (!(isShort ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) throw new DerError('not a time')
  const year = isShort ? `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text.slice(0, 2)}` : text.slice(0, 4)
  const [month, day, hour, minute, second] = text.slice(isShort ? 2 : 4).match(/\d\d/g) ?? []
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const time = Date.parse(iso)
  // Date.parse takes the 30th of February for the 1st of March.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw new DerError('no such time')
  return time
}

/** Text in any of the string types of X.520; what cannot be read as such becomes U+FFFD. */
export function textOf({ tag, value }: Element): string {
  if (tag === tags.bmpString)
    return Buffer.from(value.subarray(0, value.length & ~1))
      .swap16()
      .toString('utf16le')
  if (tag === tags.universalString) {
    const points: number[] = []
    for (let at = 0; at + 4 <= value.length; at += 4) points.push(Math.min(value.readUInt32BE(at), 0x110000))
    return points.map((point) => (point < 0x110000 ? String.fromCodePoint(point) : '\ufffd')).join('')
  }
  return value.toString(tag === tags.teletexString ? 'latin1' : 'utf8')
}
