import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLineValue, parseLineText, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { limits } from '../../src/main/engine/limits.js'
import { isPlainWrite } from '../../src/main/engine/logs/plain-write.js'
import { hasLineShape } from '../../src/main/engine/logs/start-line.js'

/** In the middle of other bytes, as in a run; the whole check has to accept what is plain. */
function isPlain(line: string): boolean {
  const bytes = Buffer.from(`1${line}1`)
  const found = isPlainWrite(bytes, 1, bytes.length - 1)
  if (!found) return false
  const parsed = parseLineText(line)
  expect(typeof parsed, line).toBe('object')
  expect(hasLineShape(parsed as JsonObject)).toBe(true)
  expect((parsed as JsonObject)['kind']).toBe('set')
  return true
}

const withValue = (value: string) => `{"kind":"set","at":1,"entity":"log/1","field":"text","value":${value}}`

/** What a line may be made of, and what is near it. */
const token = fc.constantFrom(
  ...['{', '}', '[', ']', ',', ':', '"', '\\', ' ', '\n', '\u007f', 'é', '😀', '\ufeff', '\u2028', '\ud800'],
  ...['"a"', '"b"', '"1"', '"__proto__"', '"\\n"', '"\\u0041"', '"\\ud800"', '"a":', '"b":', '"1":', '"__proto__":'],
  ...['0', '-0', '1', '-1', '0.5', '-0.5', '1.0', '1.50', '01', '.5', '5.', '1e3', '1E3', '1e+21', '1e-7', '0.000001'],
  ...['0.0000001', '9007199254740991', '9007199254740992', '123456789012345', '1234567890.123456', 'true', 'false'],
  ...['null', 'nul', 'True', 'NaN', 'undefined', '{}', '[]', '{"a":1}', '[1,2]', ',"seen":["a"]', '"kind":"x"']
)
const decimal = fc
  .tuple(fc.constantFrom('', '-'), fc.nat(1e9), fc.stringMatching(/^[0-9]{0,16}$/))
  .map(([sign, whole, fraction]) => `${sign}${String(whole)}${fraction === '' ? '' : `.${fraction}`}`)

describe('a plain write', () => {
  it('is a line that the whole check accepts, whatever it is put together from', () => {
    const parts = fc.array(fc.oneof(token, token, decimal), { maxLength: 8 }).map((list) => list.join(''))
    const pairs = fc
      .array(fc.tuple(fc.constantFrom('"a":', '"b":', '"c":', '"1":', '"_":'), fc.oneof(token, decimal)), {
        maxLength: 5
      })
      .map((list) => `{${list.map((pair) => pair.join('')).join(',')}}`)
    let plain = 0
    fc.assert(
      fc.property(parts, pairs, fc.oneof(fc.integer().map(String), token), (inner, object, at) => {
        const begin = `{"kind":"set","at":${at},"entity":"a/b","field":"c","value":`
        for (const line of [withValue(inner), withValue(object), `${begin}${object}}`, `${begin}1${inner}}`])
          if (isPlain(line)) plain++
      }),
      { numRuns: 20_000 }
    )
    expect(plain).toBeGreaterThan(1_000)
  })

  it('is a line that the whole check accepts, also with a byte changed, gone or doubled', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.dictionary(fc.stringMatching(/^[a-c]{1,2}$/), fc.oneof(fc.string(), fc.double(), fc.integer()), { maxKeys: 4 })
    )
    let plain = 0
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(0x7f), fc.constantFrom(0, 1, 2), (content, at, byte, kept) => {
        if (!isLineValue(content)) return
        const line = withValue(JSON.stringify(content))
        const where = at % line.length
        for (const one of [line, line.slice(0, where) + String.fromCharCode(byte) + line.slice(where + kept)])
          if (isPlain(one)) plain++
      }),
      { numRuns: 20_000 }
    )
    expect(plain).toBeGreaterThan(1_000)
  })

  it('holds numbers just as they would be written', () => {
    let plain = 0
    fc.assert(
      fc.property(decimal, (number) => {
        if (!isPlain(withValue(number))) return
        plain++
        expect(JSON.stringify(Number(number))).toBe(number)
      }),
      { numRuns: 20_000 }
    )
    expect(plain).toBeGreaterThan(1_000)
  })

  it.each([
    ['"é, 日本, 😀, \u007f, \u2028"'],
    ['-46.12345'],
    ['0.000001'],
    ['-123456789012345'],
    ['0'],
    ['null'],
    ['{}'],
    ['{"text":"a","lat":-0.5,"on":true,"ref":"b"}'],
    ['1,"seen":["a","b"]']
  ])('may have the value %s', (value) => {
    expect(isPlain(withValue(value))).toBe(true)
  })

  it.each([
    ['an escape', '"\\n"'],
    ['a key like an index', '{"1":1}'],
    ['a long number', '9007199254740991'],
    ['an object in an object', '{"a":{}}'],
    ['the same key twice', '{"ab":1,"ac":2,"ab":3}'],
    ['__proto__', '{"__proto__":1}'],
    ['-0', '-0'],
    ['an exponent', '1e3'],
    ['a fraction that ends with 0', '1.50'],
    ['1e-7 written out', '0.0000001'],
    ['a digit too many', '123456.1234567891'],
    ['another brace', '1}'],
    ['a control character', '"\u0001"'],
    ['a comma too many', '{"a":1,}']
  ])('does not tell a line with %s', (_, value) => {
    expect(isPlain(withValue(value))).toBe(false)
  })

  it.each([['1.5'], ['"1"'], ['1,"kind":"x"'], ['1234567890123456']])('does not tell a line of the time %s', (at) => {
    expect(isPlain(`{"kind":"set","at":${at},"entity":"a/b","field":"c","value":1}`)).toBe(false)
  })

  it('costs little to tell, however many keys and strings a line has', () => {
    const many = (item: (index: number) => string) => {
      const items: string[] = []
      for (let length = 0; length < limits.lineBytes - 200; length += items.at(-1)?.length ?? 0)
        items.push(item(items.length))
      return items
    }
    const lines = [
      withValue(
        `{${many((index) => `"a${String(index)}":1,`)
          .join('')
          .slice(0, -1)}}`
      ),
      withValue(`{${many(() => '"a":1,').join('')}`),
      withValue(`1,"seen":[${many(() => '"a",').join('')}`),
      withValue('1'.repeat(limits.lineBytes - 200)),
      withValue(`"${'a'.repeat(limits.lineBytes - 200)}`)
    ].map((line) => Buffer.from(line))
    const before = process.cpuUsage()
    for (let round = 0; round < 10; round++) for (const line of lines) isPlainWrite(line, 0, line.length)
    const { user, system } = process.cpuUsage(before)
    // 50 lines of 64 KiB; time of the processor, so that a busy machine does not count.
    expect((user + system) / 1000).toBeLessThan(500)
  })
})
