/**
 * What may be stored or sent as one line (docs/protocol/bytes.md): UTF-8 JSON that JSON.stringify would write just so,
 * without lone surrogates, without a key `__proto__`, integers within ±(2^53 − 1), nested 32 deep at most. Whether a line is valid depends on
 * its bytes alone, so that every node decides alike; an author's bytes are never re-encoded.
 */
import { isUtf8 } from 'node:buffer'
import type { Json } from '@shared/model.js'
import { limits } from '../limits.js'

export type JsonObject = { readonly [key: string]: Json }

/** The object in a line, or the reason why the line is refused. */
export function parseLine(bytes: Buffer): JsonObject | string {
  if (bytes.length > limits.lineBytes) return 'line too long'
  return isUtf8(bytes) ? parseLineText(bytes.toString('utf8')) : 'not UTF-8'
}

/** The same for a line whose length and encoding are checked already. */
export function parseLineText(text: string): JsonObject | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  // Before anything that walks by recursion.
  if (mayBeDeep(text) && !isPlain(value)) return 'forbidden content'
  if (JSON.stringify(value) !== text) return 'not canonical'
  // Both are rare: one look at the text saves walking through nearly every line.
  const suspicious = text.includes('__proto__') || text.includes('\\ud')
  if ((suspicious || hasLongNumber.test(text)) && !isPlain(value)) return 'forbidden content'
  return value as JsonObject
}

/** The line for an object of ours, whose values passed isLineValue; then what stringify writes is canonical. */
export function encodeLine(value: JsonObject): Buffer {
  const bytes = Buffer.from(JSON.stringify(value))
  if (bytes.length > limits.lineBytes) throw new Error('a line is measured before it is written')
  return bytes
}

export function fitsLine(value: JsonObject): boolean {
  const text = JSON.stringify(value)
  // No character takes more than three bytes per unit of UTF-16, so most lines need no count.
  return text.length * 3 <= limits.lineBytes || Buffer.byteLength(text) <= limits.lineBytes
}

/** Whether a value from outside may become part of a line. */
export function isLineValue(value: unknown): value is Json {
  // The object that becomes the line is one level above.
  return isPlain(value, 1)
}

/** More brackets than levels are allowed: only then the depth can be too large. Two searches, where a pattern costs more. */
function mayBeDeep(text: string): boolean {
  let count = 0
  for (let at = text.indexOf('['); at >= 0 && count <= limits.nesting; at = text.indexOf('[', at + 1)) count++
  for (let at = text.indexOf('{'); at >= 0 && count <= limits.nesting; at = text.indexOf('{', at + 1)) count++
  return count > limits.nesting
}

/**
 * Sixteen digits or an exponent: only such a number can leave the safe integers. In canonical JSON a number follows one
 * of these three signs; hexadecimal names inside strings, which nearly every line holds, must not match.
 */
const hasLongNumber = /[:,[]-?\d(?:\d{15}|[\d.]*e)/

function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
    case 'boolean':
      return true
    case 'object':
      if (value === null) return true
      if (depth === limits.nesting) return false
      if (Array.isArray(value)) return value.every((part) => isPlain(part, depth + 1))
      // Dates and the like would be written as something else than they are.
      if (Object.getPrototypeOf(value) !== Object.prototype) return false
      return Object.entries(value).every(
        ([key, part]) => key !== '__proto__' && key.isWellFormed() && isPlain(part, depth + 1)
      )
    default:
      return false
  }
}
