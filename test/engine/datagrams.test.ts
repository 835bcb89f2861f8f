/** Sealed datagrams: what opens, what does not, and by which way a word goes. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acksMost, decodeBody, encodeAck, encodeWord } from '../../src/main/engine/datagrams/body.js'
import { Path } from '../../src/main/engine/datagrams/path.js'
import {
  bodyBytesMost,
  epochPackets,
  keyIdBytes,
  keyIdOf,
  Opener,
  ReplayWindow,
  replayWindow,
  Sealer
} from '../../src/main/engine/datagrams/seal.js'
import { limits } from '../../src/main/engine/limits.js'

const keyId = Buffer.alloc(keyIdBytes, 7)

function pair(seq = 0) {
  const secret = randomBytes(32)
  return { sealer: new Sealer(Buffer.from(secret), keyId, seq), opener: new Opener(Buffer.from(secret)) }
}

function sealed(sealer: Sealer, text: string): Buffer {
  return sealer.seal(Buffer.from(text)).packet
}

function opened(opener: Opener, packet: Buffer): string {
  const found = opener.open(packet)
  return typeof found === 'string' ? found : `${String(found.seq)} ${found.body.toString()}`
}

describe('a sealed datagram', () => {
  it('opens once, in any order, and shows nothing of what is in it', () => {
    const { sealer, opener } = pair()
    const packets = ['zero', 'one', 'two'].map((text) => sealed(sealer, text))
    expect(packets.map((packet) => keyIdOf(packet))).toEqual(Array(3).fill('07'.repeat(8)))
    expect(Buffer.concat(packets).includes('one')).toBe(false)
    expect([2, 0, 1].map((index) => opened(opener, packets[index] ?? Buffer.alloc(0)))).toEqual([
      '2 two',
      '0 zero',
      '1 one'
    ])
    expect(packets.map((packet) => opened(opener, packet))).toEqual(Array(3).fill('replayed'))
  })

  it('of which one bit is another does not open, wherever that is, and the true one opens still', () => {
    const { sealer, opener } = pair()
    const packet = sealed(sealer, 'here')
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const other = Buffer.from(packet)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(['forged', 'too far ahead']).toContain(opened(opener, other))
    }
    expect(opened(opener, packet)).toBe('0 here')
  })

  it('with a shorter tag, or cut, or longer than may be, does not open', () => {
    const { sealer, opener } = pair()
    const packet = sealed(sealer, 'here')
    for (let length = 0; length < packet.length; length++)
      expect(opened(opener, packet.subarray(0, length))).toBe(length < 32 ? 'length' : 'forged')
    expect(opened(opener, Buffer.concat([packet, Buffer.alloc(limits.datagramBytes)]))).toBe('length')
    const largest = sealer.seal(Buffer.alloc(bodyBytesMost)).packet
    expect(largest.length).toBe(limits.datagramBytes)
    expect(opener.open(largest)).toMatchObject({ seq: 1 })
  })

  it('does not open with the key of another link, nor of the other direction', () => {
    const { sealer, opener } = pair()
    const others = pair()
    expect(opened(others.opener, sealed(sealer, 'here'))).toBe('forged')
    // Sent back to who sealed it: that one opens with the other direction's secret.
    expect(opened(opener, sealed(others.sealer, 'here'))).toBe('forged')
  })

  it('opens no more after the end, not even with the secret that was written over the true one', () => {
    const secret = randomBytes(32)
    const { sealer, opener } = { sealer: new Sealer(secret, keyId), opener: new Opener(secret) }
    const packets = [sealed(sealer, 'in time'), sealed(sealer, 'too late')] as const
    expect(opened(opener, packets[0])).toBe('0 in time')
    sealer.end()
    opener.end()
    secret.fill(0)
    const known = new Sealer(Buffer.alloc(32), keyId, 5)
    expect([packets[1], sealed(known, 'made up')].map((packet) => opened(opener, packet))).toEqual(['forged', 'forged'])
    expect(() => sealer.seal(Buffer.from('too late'))).toThrow('after the end')
  })

  it('that is older than the window is let go; a forged number pushes nothing out of it', () => {
    const { sealer, opener } = pair()
    const packets = Array.from({ length: replayWindow + 2 }, (_, index) => sealed(sealer, String(index)))
    const [first = keyId, second = keyId] = packets
    const forged = Buffer.from(first)
    forged.writeBigUInt64BE(BigInt(epochPackets), keyIdBytes)
    expect(opened(opener, forged)).toBe('forged')
    expect(opened(opener, packets.at(-2) ?? keyId)).toBe('1024 1024')
    expect(opened(opener, first)).toBe('too old')
    expect(opened(opener, second)).toBe('1 1')
  })

  it('goes on under the next key, with no gap at the change; a key further on is not even made', () => {
    const { sealer, opener } = pair(epochPackets - 2)
    const packets = Array.from({ length: 4 }, (_, index) => sealed(sealer, String(index)))
    for (const index of [2, 1, 3, 0])
      expect(opened(opener, packets[index] ?? keyId)).toBe(`${String(epochPackets - 2 + index)} ${String(index)}`)
    const secret = Buffer.alloc(32, 1)
    const far = new Sealer(secret, keyId, 2 * epochPackets).seal(Buffer.from('far')).packet
    expect(opened(new Opener(secret), far)).toBe('too far ahead')
    far.fill(0xff, keyIdBytes, keyIdBytes + 8)
    expect(opened(new Opener(secret), far)).toBe('too far ahead')
  })

  it('gives each packet a nonce of its own', () => {
    const { sealer } = pair()
    // The same under the same key: what is sealed differs by the nonce alone.
    const sealedOnly = () => sealer.seal(Buffer.alloc(64)).packet.subarray(16, -16)
    expect(new Set(Array.from({ length: 100 }, () => sealedOnly().toString('hex'))).size).toBe(100)
  })
})

it('the replay window takes each number once, as a set without bounds would, but for what is too old', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.nat(40),
          fc.nat(3_000),
          fc.nat(replayWindow).map((back) => -back)
        ),
        { maxLength: 200 }
      ),
      (steps) => {
        const window = new ReplayWindow()
        const taken = new Set<number>()
        let highest = -1
        for (const step of steps) {
          const seq = Math.max(0, highest + step)
          const expected = seq <= highest - replayWindow ? 'too old' : taken.has(seq) ? 'replayed' : undefined
          expect(window.refuse(seq)).toBe(expected)
          if (expected !== undefined) continue
          window.take(seq)
          taken.add(seq)
          highest = Math.max(highest, seq)
        }
      }
    )
  )
})

describe('the body of a datagram', () => {
  it('is a word or an acknowledgement; what else it is, is let go', () => {
    expect(decodeBody(encodeWord(Buffer.from('here')))).toEqual({ kind: 'word', payload: Buffer.from('here') })
    const seqs = [5, 3, 2 ** 40]
    expect(decodeBody(encodeAck(seqs))).toEqual({ kind: 'ack', seqs })
    for (const body of [
      Buffer.alloc(0),
      Buffer.from([3, 1, 2]),
      encodeAck([]),
      encodeAck([1]).subarray(0, 8),
      encodeAck(Array<number>(acksMost + 1).fill(1)),
      Buffer.concat([Buffer.from([2]), Buffer.alloc(8, 0xff)])
    ])
      expect(decodeBody(body)).toBeUndefined()
  })
})

describe('a path', () => {
  const send = (path: Path, from: number, count: number, everyMs: number) => {
    for (let index = 0; index < count; index++) path.sent(from + index * everyMs)
  }

  it('is not relied on before an acknowledgement came, and then is', () => {
    const path = new Path()
    expect(path.next(0)).toBe('both')
    path.sent(0)
    expect([path.next(100), path.state]).toEqual(['both', 'new'])
    path.acknowledged()
    expect([path.next(200), path.state]).toEqual(['datagram', 'good'])
  })

  it('of which nothing is heard is left, and tried with one word after 1 s, 2 s and so on up to 30 s', () => {
    const path = new Path()
    path.acknowledged()
    send(path, 0, 9, 200)
    expect(path.state).toBe('silent')
    const tries: number[] = []
    for (let now = 1_600; now < 150_000; now += 100)
      if (path.next(now) === 'both') {
        tries.push(now)
        send(path, now, 3, 1)
      }
    const gaps = tries.map((at, index) => at - (tries[index - 1] ?? 1_600))
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    path.acknowledged()
    expect(path.next(150_000)).toBe('datagram')
  })

  it('is not left for a burst that was not answered yet, nor for a few lost words', () => {
    const burst = new Path()
    burst.acknowledged()
    send(burst, 0, 200, 1)
    expect(burst.state).toBe('good')
    const slow = new Path()
    slow.acknowledged()
    for (let word = 0; word < 100; word++) {
      send(slow, word * 1_000, 8, 100)
      slow.acknowledged()
    }
    expect(slow.state).toBe('good')
  })
})
