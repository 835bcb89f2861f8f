import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeLine, isLineValue, parseLine, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { limits } from '../../src/main/engine/limits.js'

describe('a line', () => {
  it.each([
    ['{"a":1,"b":[true,null,"x"],"c":{"d":0.5}}'],
    ['{"text":"a \\"quoted\\" line\\n with é, 日本, 😀"}'],
    ['{"big":9007199254740991,"small":-9007199254740991}'],
    ['{"text":"the word __proto__ is only a word here"}'],
    ['{"text":"a backslash, u and d: \\\\ud800"}']
  ])('may be %s', (text) => {
    expect(parseLine(Buffer.from(text))).toEqual(JSON.parse(text))
  })

  it.each([
    ['{"a": 1}', 'not canonical'],
    ['{"a":1,"a":1}', 'not canonical'],
    ['{"b":1,"1":2}', 'not canonical'],
    ['{"a":"\\u0041"}', 'not canonical'],
    ['{"a":"\\/"}', 'not canonical'],
    ['{"a":1.0}', 'not canonical'],
    ['{"a":1e3}', 'not canonical'],
    ['{"a":-0}', 'not canonical'],
    ['{"a":1e400}', 'not canonical'],
    ['\uFEFF{"a":1}', 'not JSON'],
    ['{"a":1}\n', 'not canonical'],
    ['[1]', 'not an object'],
    ['null', 'not an object'],
    ['"x"', 'not an object'],
    ['', 'not JSON'],
    ['{"a":9007199254740992}', 'forbidden content'],
    ['{"a":1e+21}', 'forbidden content'],
    ['{"a":"\\ud800"}', 'forbidden content'],
    ['{"\\udc00":1}', 'forbidden content'],
    ['{"__proto__":1}', 'forbidden content'],
    ['{"a":[{"__proto__":{}}]}', 'forbidden content']
  ])('may not be %s: %s', (text, reason) => {
    expect(parseLine(Buffer.from(text))).toBe(reason)
  })

  it('may not be something else than UTF-8', () => {
    expect(parseLine(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe('not UTF-8')
  })

  it('may be nested as deep as the limit, and not deeper', () => {
    const nested = (depth: number) => Buffer.from(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`)
    expect(typeof parseLine(nested(limits.nesting))).toBe('object')
    expect(parseLine(nested(limits.nesting + 1))).toBe('forbidden content')
    expect(parseLine(nested(30_000))).toBe('forbidden content')
    expect(isLineValue(JSON.parse('['.repeat(limits.nesting - 1) + ']'.repeat(limits.nesting - 1)))).toBe(true)
    expect(isLineValue(JSON.parse('['.repeat(limits.nesting) + ']'.repeat(limits.nesting)))).toBe(false)
  })

  it('looks into every number that could be too large', () => {
    fc.assert(
      fc.property(fc.double(), fc.string(), (number, text) => {
        const line = JSON.stringify({ [text]: [number, { n: number }] })
        const isGood = !Number.isInteger(number) || Number.isSafeInteger(number)
        if (!Number.isFinite(number) || text === '__proto__') return
        expect(typeof parseLine(Buffer.from(line)) === 'object').toBe(isGood && text.isWellFormed())
      })
    )
  })

  it('may be as long as the limit, and not longer', () => {
    const longest = Buffer.from(JSON.stringify({ a: 'x'.repeat(limits.lineBytes - 8) }))
    expect(longest.length).toBe(limits.lineBytes)
    expect(typeof parseLine(longest)).toBe('object')
    expect(parseLine(Buffer.from(JSON.stringify({ a: 'x'.repeat(limits.lineBytes - 7) })))).toBe('line too long')
  })

  it('comes back from what it was written from', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        if (!isLineValue(value)) return
        const object = value as JsonObject
        const line = encodeLine(object)
        expect(parseLine(line)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(encodeLine(parseLine(line) as JsonObject).equals(line)).toBe(true)
      })
    )
  })

  it('takes no value that would be refused as a line', () => {
    for (const value of [undefined, Number.NaN, Infinity, 2 ** 53, '\ud800', { a: undefined }, () => 1, 1n])
      expect(isLineValue(value), String(value)).toBe(false)
    for (const value of [null, 0.1, -5, 'text', [1, 2], { a: { b: 'c' } }]) expect(isLineValue(value)).toBe(true)
  })
})
