/**
 * Whether bytes are a line that every check of `parseLineText` accepts, told in one look at each byte: reading and
 * writing JSON to compare it costs eight times as much. It knows only what nearly every line is made of; of anything
 * else (escapes, keys that look like numbers, exponents, numbers of more than 15 digits, deep or wide objects) it says
 * no, and the whole check decides. So it may say no to a good line, and never yes to a bad one.
 */

/** Nested deeper, or with more keys in one object, a line is rare. */
const depthMost = 8
const keysMost = 16

/** Every double has at most one decimal of so many digits (DBL_DIG), so such a decimal is the shortest one. */
const digitsMost = 15
/** From 1e-7 on numbers are written with an exponent. */
const zerosMost = 5

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const underscore = 0x5f
const openBrace = 0x7b
const closeBrace = 0x7d

/** 1: stands in a string as it is. Quotes, backslashes and control characters do not. */
const ordinary = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x20 || byte === quote || byte === 0x5c ? 0 : 1))

/** Start and end of the keys of each object that is open, by depth. */
const keys = new Int32Array(2 * keysMost * depthMost)

const no = -1

/** @param bytes well-formed UTF-8, of which the line stands between `start` and `end`. */
export function isPlainLine(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === openBrace && skipObject(bytes, start, end, 0) === end
}

// Each answers where what it skipped ends, or `no`. None reads beyond `end`.

function skipValue(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (at >= end) return no
  const byte = bytes[at] ?? 0
  switch (byte) {
    case quote:
      return skipString(bytes, at, end)
    case openBrace:
      return skipObject(bytes, at, end, depth)
    case openBracket:
      return skipArray(bytes, at, end, depth)
    case 0x74:
      return skipWord(bytes, at, end, words.true)
    case 0x66:
      return skipWord(bytes, at, end, words.false)
    case 0x6e:
      return skipWord(bytes, at, end, words.null)
    default:
      return skipNumber(bytes, at, end)
  }
}

const words = { true: Buffer.from('true'), false: Buffer.from('false'), null: Buffer.from('null') }

function skipWord(bytes: Uint8Array, at: number, end: number, word: Uint8Array): number {
  if (at + word.length > end) return no
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return no
  return at + word.length
}

function skipString(bytes: Uint8Array, at: number, end: number): number {
  let next = at + 1
  while (next < end && ordinary[bytes[next] ?? 0] === 1) next++
  return next < end && bytes[next] === quote ? next + 1 : no
}

function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  let next = bytes[at] === minus ? at + 1 : at
  const whole = next
  next = skipDigits(bytes, next, end)
  const wholeDigits = next - whole
  if (wholeDigits === 0 || wholeDigits > digitsMost) return no
  const isZero = bytes[whole] === zero
  if (isZero && wholeDigits > 1) return no
  if (next >= end || bytes[next] !== dot) return isZero && whole > at ? no : next
  const fraction = next + 1
  next = skipDigits(bytes, fraction, end)
  if (next === fraction || wholeDigits + next - fraction > digitsMost || bytes[next - 1] === zero) return no
  if (isZero) {
    let zeros = fraction
    while (bytes[zeros] === zero) zeros++
    if (zeros - fraction > zerosMost) return no
  }
  // An exponent is no digit: whoever reads on stumbles over it.
  return next
}

function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  let next = at
  while (next < end && isDigit(bytes[next] ?? 0)) next++
  return next
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine
}

function skipArray(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (depth === depthMost) return no
  let next = at + 1
  if (next < end && bytes[next] === closeBracket) return next + 1
  for (;;) {
    next = skipValue(bytes, next, end, depth + 1)
    if (next === no || next >= end) return no
    if (bytes[next] === closeBracket) return next + 1
    if (bytes[next] !== comma) return no
    next++
  }
}

function skipObject(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (depth === depthMost) return no
  let next = at + 1
  if (next < end && bytes[next] === closeBrace) return next + 1
  for (let count = 0; ; count++) {
    if (count === keysMost || next >= end || bytes[next] !== quote) return no
    const key = next + 1
    next = skipString(bytes, next, end)
    if (next === no || !isNewKey(bytes, key, next - 1, depth, count)) return no
    if (next >= end || bytes[next] !== colon) return no
    next = skipValue(bytes, next + 1, end, depth + 1)
    if (next === no || next >= end) return no
    if (bytes[next] === closeBrace) return next + 1
    if (bytes[next] !== comma) return no
    next++
  }
}

/** Keys like array indexes would be put in another order, a second one of the same name dropped, `__proto__` refused. */
function isNewKey(bytes: Uint8Array, start: number, end: number, depth: number, count: number): boolean {
  const first = bytes[start] ?? 0
  if (first === underscore || isDigit(first)) return false
  const base = 2 * keysMost * depth
  for (let index = 0; index < count; index++) {
    const other = keys[base + 2 * index] ?? 0
    if ((keys[base + 2 * index + 1] ?? 0) - other !== end - start) continue
    let length = 0
    while (start + length < end && bytes[start + length] === bytes[other + length]) length++
    if (start + length === end) return false
  }
  keys[base + 2 * count] = start
  keys[base + 2 * count + 1] = end
  return true
}
