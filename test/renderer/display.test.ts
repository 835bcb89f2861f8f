import { describe, expect, it } from 'vitest'
import { createFormat } from '@/display/format'
import { showName, showText } from '@/display/name'
import { parsePort } from '@/display/port'
import { randomId } from '@/display/random-id'

describe('names from the network', () => {
  it('lose what turns or hides text', () => {
    expect(showName('Falke\u202e2 txet')).toBe('Falke2 txet')
    expect(showName('Pal\u200bmanova\u2066 1\u2069')).toBe('Palmanova 1')
    expect(showName('a\u0000b\nc\td')).toBe('a b c d')
  })

  it('are cut at 64 characters, not in the middle of one', () => {
    const long = '🚒'.repeat(80)
    expect([...showName(long)]).toHaveLength(64)
    expect(showName(long).endsWith('…')).toBe(true)
    expect(showName('x'.repeat(64))).toBe('x'.repeat(64))
  })

  it('keep every script', () => {
    expect(showName('Μαρία Ağaoğlu Đỗ 東京')).toBe('Μαρία Ağaoğlu Đỗ 東京')
  })

  it('keep line breaks in longer texts', () => {
    expect(showText('one\ntwo\u202e\u0007 ')).toBe('one\ntwo')
  })
})

describe('the format', () => {
  const format = createFormat('en-GB')
  const at = new Date(2026, 6, 24, 14, 32, 7).getTime()

  it('parts thousands with a thin no-break space', () => {
    expect(format.number(1408)).toBe('1\u202f408')
    expect(format.number(23)).toBe('23')
    expect(format.number(1_000_000)).toBe('1\u202f000\u202f000')
  })

  it('writes times with 24 hours, and the day only when it is not today', () => {
    expect(format.clock(at)).toBe('14:32:07')
    expect(format.moment(at, at + 60_000)).toBe('14:32')
    expect(format.moment(at, at + 3 * 86_400_000)).toBe('24 Jul 14:32')
    expect(format.moment(at, at + 400 * 86_400_000)).toBe('24 Jul 2026 14:32')
    expect(format.time(new Date(2026, 6, 24, 0, 5).getTime())).toBe('00:05')
  })

  it('keeps a unit with its number', () => {
    expect(format.bytes(0)).toBe('0\u00a0B')
    expect(format.bytes(412_000_000)).toBe('412\u00a0MB')
    expect(format.bytes(4_200_000)).toBe('4.2\u00a0MB')
    expect(format.bytes(999_999)).toBe('1.0\u00a0MB')
    expect(format.duration(12_000)).toBe('12\u00a0s')
    expect(format.duration(432_000)).toBe('7\u00a0min 12\u00a0s')
    expect(format.duration(13_200_000)).toBe('3\u00a0h 40')
    expect(format.duration(-5)).toBe('0\u00a0s')
    expect(format.duration(5 * 86_400_000)).toBe('5\u00a0d')
  })
})

describe('small parsers', () => {
  it('read a port', () => {
    expect(parsePort(' 47110 ')).toBe(47110)
    for (const text of ['', '0', '65536', '471100', '4711a', '-1', '1.5']) expect(parsePort(text)).toBeUndefined()
  })

  it('make identifiers that do not repeat', () => {
    const made = new Set(Array.from({ length: 1000 }, randomId))
    expect(made.size).toBe(1000)
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{16}$/)
  })
})
