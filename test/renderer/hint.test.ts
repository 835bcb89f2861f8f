import { describe, expect, it } from 'vitest'
import { readHint, writeHint } from '@/display/hint'
import type { NodeId } from '@shared/model'

const nodeId = 'ab'.repeat(32) as NodeId
const at = (...addresses: string[]) => `muster:add?node=${nodeId}${addresses.map((one) => `&at=${one}`).join('')}`
const codeOf = (text: string) => {
  const read = readHint(text)
  return read.ok ? 'ok' : read.problem.code
}

describe('the text of a picture', () => {
  it('is written and read again', () => {
    const addresses = [
      { address: '10.0.0.1', port: 47_110 },
      { address: 'fd00::1:2', port: 1 }
    ]
    expect(writeHint(nodeId, addresses)).toBe(at('10.0.0.1:47110', '[fd00::1:2]:1'))
    expect(readHint(at('10.0.0.1:47110', '[fd00::1:2]:1'))).toEqual({ ok: true, value: { nodeId, addresses } })
  })

  it('names no zone, at most eight addresses, and is not written without any', () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ address: `10.0.0.${String(index)}`, port: 1 }))
    const text = writeHint(nodeId, [{ address: 'fe80::1%eth0', port: 1 }, ...many])
    expect(text).toBe(at(...many.slice(0, 8).map(({ address }) => `${address}:1`)))
    expect(writeHint(nodeId, [{ address: 'fe80::1%eth0', port: 1 }])).toBeUndefined()
  })

  it('is refused unless it has exactly this form', () => {
    expect(codeOf(at('10.0.0.1:65535'))).toBe('ok')
    for (const text of [
      ...['', 'https://example.org', 'muster:add', `muster:add?node=${nodeId}`, `${at('10.0.0.1:1')}\n`],
      ...[
        at('10.0.0.1:1').toUpperCase(),
        at('10.0.0.1:1').replace('ab', 'AB'),
        at('10.0.0.1:1').replace('add', 'open')
      ],
      ...[`${at('10.0.0.1:1')}&x=1`, at('10.0.0.1'), at('10.0.0.1:0'), at('10.0.0.1:01'), at('10.0.0.1:65536')],
      ...[
        at('10.0.0.256:1'),
        at('10.1:1'),
        at('[10.0.0.1]:1'),
        at('fd00::1:1'),
        at('[fd00::1]'),
        at('[fe80::1%eth0]:1')
      ],
      ...[at('laptop.local:1'), at('[::1'), at(...Array.from({ length: 9 }, () => '10.0.0.1:1'))]
    ])
      expect(codeOf(text), text).toBe('picture-foreign')
  })
})
