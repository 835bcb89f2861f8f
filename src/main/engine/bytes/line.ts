/**
 * What may be stored or sent as one line (docs/protocol/bytes.md): UTF-8 JSON that JSON.stringify would write just so,
 * without lone surrogates, without a key `__proto__`, integers within ±(2^53 − 1). Whether a line is valid depends on
 * its bytes alone, so that every node decides alike; an author's bytes are never re-encoded.
 */
import { isUtf8 } from 'node:buffer'
import type { Json } from '@shared/model.js'
import { limits } from '../limits.js'

export type JsonObject = { readonly [key: string]: Json }

/** The object in a line, or the reason why the line is refused. */
export function parseLine(bytes: Uint8Array): JsonObject | string {
  if (bytes.length > limits.lineBytes) return 'line too long'
  if (!isUtf8(bytes)) return 'not UTF-8'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  if (JSON.stringify(value) !== text) return 'not canonical'
  // Both are rare: one look at the text saves walking through nearly every line.
  const suspicious = text.includes('__proto__') || text.includes('\\ud')
  if ((suspicious || hasLongNumber.test(text)) && !isPlain(value)) return 'forbidden content'
  return value as JsonObject
}

/** Thrown for an object that cannot become a line; input is checked before, so this shows a size or a mistake of ours. */
export class LineRefused extends Error {}

/** The line for an object of ours. */
export function encodeLine(value: JsonObject): Buffer {
  const bytes = Buffer.from(JSON.stringify(value))
  const parsed = parseLine(bytes)
  if (typeof parsed === 'string') throw new LineRefused(parsed)
  return bytes
}

/** Whether a value from outside may become part of a line; the same rules, before there is a line. */
export function isLineValue(value: unknown): value is Json {
  try {
    return typeof parseLine(Buffer.from(JSON.stringify({ value }))) !== 'string' && isPlain(value)
  } catch {
    return false // Cyclic, or a BigInt: no JSON.
  }
}

/** Sixteen digits or an exponent: only such a number can leave the safe integers. */
const hasLongNumber = /\d{16}|\de/i

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
    case 'boolean':
      return true
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isPlain)
      return Object.entries(value).every(([key, part]) => key !== '__proto__' && key.isWellFormed() && isPlain(part))
    default:
      return false
  }
}
