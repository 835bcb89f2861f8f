import { describe, expect, it } from 'vitest'
import { answersTo, readHint, writeHint } from '@/display/hint'
import type { NodeId, Target } from '@shared/model'

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

describe('what answered at the addresses of a hint', () => {
  const address = (last: number) => ({ address: `10.0.0.${String(last)}`, port: 1 })
  const target = (last: number, state: Target['state'], of?: string): Target => ({
    ...{ ...address(last), state, since: 0, attempts: 1 },
    ...(of === undefined ? {} : { nodeId: of.repeat(32) as NodeId })
  })
  const hint = { nodeId, addresses: [address(1), address(2)] }

  it('counts only who is reached there now', () => {
    expect(answersTo(hint, [target(3, 'reached', 'ab')])).toEqual({ dialled: [], isMet: false, others: [] })
    expect(answersTo(hint, [target(1, 'trying', 'ab'), target(2, 'waiting', 'cd')])).toMatchObject({
      ...{ isMet: false, others: [] }
    })
    const [ours, theirs] = [target(1, 'reached', 'ab'), target(2, 'reached', 'cd')]
    expect(answersTo(hint, [ours, theirs])).toEqual({ dialled: [ours, theirs], isMet: true, others: [theirs] })
    expect(answersTo(hint, [theirs]).isMet).toBe(false)
  })
})
