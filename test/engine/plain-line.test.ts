import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLineValue, parseLineText, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { isPlainLine } from '../../src/main/engine/bytes/plain-line.js'
import { isPlainWrite } from '../../src/main/engine/logs/plain-write.js'
import { hasLineShape } from '../../src/main/engine/logs/start-line.js'

/** Between bytes that would go on with it, as in a run. */
function placed(text: string, around = '1'): { bytes: Buffer; start: number; end: number } {
  const bytes = Buffer.from(`${around}${text}${around}`)
  return { bytes, start: around.length, end: bytes.length - around.length }
}

function isPlain(text: string): boolean {
  const { bytes, start, end } = placed(text)
  const [one, other] = [isPlainLine(bytes, start, end), isPlainLine(Buffer.from(text), 0, Buffer.byteLength(text))]
  expect(one).toBe(other)
  return one
}

/** What a line may be made of, and what is near it. */
const token = fc.constantFrom(
  ...['{', '}', '[', ']', ',', ':', '"', '\\', ' ', '\n', '\u007f', 'é', '😀', '\ufeff', '\u2028', '\ud800'],
  ...['"a"', '"b"', '"1"', '"__proto__"', '"\\n"', '"\\u0041"', '"\\ud800"', '"a":', '"b":', '"kind":"set","at":'],
  ...['0', '-0', '1', '-1', '0.5', '-0.5', '1.0', '1.50', '01', '.5', '5.', '1e3', '1E3', '1e+21', '1e-7', '0.000001'],
  ...['0.0000001', '9007199254740991', '9007199254740992', '123456789012345', '1234567890.123456', 'true', 'false'],
  ...['null', 'nul', 'True', 'NaN', 'undefined', '{}', '[]', '{"a":1}', '[1,2]']
)
const decimal = fc
  .tuple(fc.constantFrom('', '-'), fc.nat(1e9), fc.stringMatching(/^[0-9]{0,16}$/))
  .map(([sign, whole, fraction]) => `${sign}${String(whole)}${fraction === '' ? '' : `.${fraction}`}`)

describe('a line that is plain', () => {
  it('is one that the whole check accepts, whatever it is put together from', () => {
    const inner = fc.array(fc.oneof(token, token, decimal), { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(inner, fc.boolean(), (text, isWhole) => {
        for (const line of [text, isWhole ? `{"a":${text}}` : `{"kind":"set","at":1,${text}}`])
          if (isPlain(line)) expect(typeof parseLineText(line)).toBe('object')
      }),
      { numRuns: 20_000 }
    )
  })

  it('is one that the whole check accepts, also with a byte changed, gone or doubled', () => {
    const value = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
    let plain = 0
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(0x7f), fc.constantFrom(0, 1, 2), (object, at, byte, kept) => {
        if (!isLineValue(object)) return
        const text = JSON.stringify(object)
        const where = at % text.length
        const other = text.slice(0, where) + String.fromCharCode(byte) + text.slice(where + kept)
        for (const line of [text, other])
          if (isPlain(line)) {
            plain++
            expect(typeof parseLineText(line)).toBe('object')
          }
      }),
      { numRuns: 20_000 }
    )
    expect(plain).toBeGreaterThan(1_000)
  })

  it('holds numbers of up to 15 digits just as they would be written', () => {
    fc.assert(
      fc.property(decimal, (number) => {
        if (isPlain(`{"a":${number}}`)) expect(JSON.stringify(Number(number))).toBe(number)
      }),
      { numRuns: 20_000 }
    )
  })

  it.each([
    ['{}'],
    ['{"a":[],"b":{},"c":[{"a":1},{"a":1}],"d":[true,false,null]}'],
    ['{"text":"é, 日本, 😀, \u007f, \u2028","number":-46.12345,"small":0.000001,"big":-123456789012345}'],
    ['{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}']
  ])('is %s', (line) => {
    expect(isPlain(line)).toBe(true)
  })

  it.each([
    ['a good line with an escape', '{"a":"\\n"}'],
    ['a good line with a key like an index', '{"1":1}'],
    ['a good line with a long number', '{"a":9007199254740991}'],
    ['the same key twice', '{"ab":1,"ac":2,"ab":3}'],
    ['__proto__', '{"__proto__":1}'],
    ['-0', '{"a":-0}'],
    ['an exponent', '{"a":1e3}'],
    ['a fraction that ends with 0', '{"a":1.50}'],
    ['1e-7 written out', '{"a":0.0000001}'],
    ['no object', '[1]'],
    ['something behind it', '{"a":1}}'],
    ['a control character', '{"a":"\u0001"}']
  ])('is not: %s', (_, line) => {
    expect(isPlain(line)).toBe(false)
  })

  it('ends where it is said to end', () => {
    for (const text of ['{"a":true}', '{"a":"b"}', '{"a":12}', '{"a":[1]}'])
      for (let end = 0; end < text.length; end++) expect(isPlainLine(Buffer.from(text), 0, end)).toBe(false)
  })
})

describe('a plain write', () => {
  it('is a valid line with kind and time, whatever stands in it', () => {
    const begin = fc.constantFrom(
      '{"kind":"set","at":',
      '{"kind":"set", "at":',
      '{"kind":"set","to":',
      '{"kind":"se","at":'
    )
    const rest = fc.array(fc.oneof(token, decimal), { maxLength: 6 }).map((parts) => parts.join(''))
    let found = 0
    fc.assert(
      fc.property(
        begin,
        fc.oneof(fc.integer().map(String), decimal, token),
        rest,
        fc.jsonValue(),
        (head, at, middle, value) => {
          for (const text of [`${head}${at},"value":${JSON.stringify(value)}}`, `${head}${at}${middle}}`]) {
            const { bytes, start, end } = placed(text)
            if (!isPlainWrite(bytes, start, end)) continue
            found++
            const parsed = parseLineText(text)
            expect(typeof parsed).toBe('object')
            expect(hasLineShape(parsed as JsonObject)).toBe(true)
            expect((parsed as JsonObject)['kind']).toBe('set')
          }
        }
      ),
      { numRuns: 20_000 }
    )
    expect(found).toBeGreaterThan(500)
  })

  it.each([['{"kind":"set","at":1.5,"a":1}'], ['{"kind":"set","at":"1","a":1}'], ['{"kind":"set","at":1,"kind":"x"}']])(
    'is not %s',
    (text) => {
      expect(isPlainWrite(Buffer.from(text), 0, text.length)).toBe(false)
    }
  )
})
