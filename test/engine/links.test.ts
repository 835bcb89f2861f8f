import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bounds } from '../../src/main/engine/limits.js'
import { encodeFrame, FrameReader, frameTypes, type Frame } from '../../src/main/engine/links/framing.js'
import { Gatekeeper } from '../../src/main/engine/links/gatekeeper.js'
import { redialDelay, redialMs } from '../../src/main/engine/links/redial.js'

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 20 })),
        (payloads, cuts) => {
          const stream = Buffer.concat(
            payloads.map((payload, index) =>
              encodeFrame(index % 2 === 0 ? frameTypes.message : frameTypes.run, payload)
            )
          )
          const reader = new FrameReader()
          const frames: Frame[] = []
          let at = 0
          for (let turn = 0; at < stream.length; turn++) {
            const length = cuts[turn % Math.max(1, cuts.length)] ?? 7
            const broken = reader.read(
              stream.subarray(at, at + length),
              () => 1000,
              (frame) => {
                frames.push({ type: frame.type, payload: Buffer.from(frame.payload) })
                return true
              }
            )
            expect(broken).toBeUndefined()
            at += length
          }
          expect(frames.map(({ payload }) => [...payload])).toEqual(payloads.map((payload) => [...payload]))
        }
      )
    )
  })

  it('are refused by their length before anything is kept', () => {
    const reader = new FrameReader()
    const none = () => true
    expect(reader.read(Buffer.from([0xff, 0xff, 0xff, 0xff, 1]), () => 4096, none)).toBe('frame of 4294967295 bytes')
    expect(new FrameReader().read(Buffer.from([0, 0, 0, 0, 1]), () => 4096, none)).toBe('frame of 0 bytes')
    expect(new FrameReader().read(Buffer.from([0, 0, 0, 2, 9, 0]), () => 4096, none)).toBe('frame type 9')
  })

  it('stop when the reader says so', () => {
    const reader = new FrameReader()
    const stream = Buffer.concat([encodeFrame(1, Buffer.from('a')), encodeFrame(1, Buffer.from('b'))])
    let count = 0
    reader.read(
      stream,
      () => 100,
      () => ++count < 1
    )
    expect(count).toBe(1)
  })
})

describe('redial', () => {
  it('doubles from a second to a minute, with jitter below', () => {
    expect([1, 2, 3, 4, 7, 50].map((attempt) => redialDelay(attempt, 1))).toEqual([
      1000, 2000, 4000, 8000, 60_000, 60_000
    ])
    for (const attempt of [1, 3, 20])
      for (const unit of [0, 0.5, 0.99]) {
        expect(redialDelay(attempt, unit)).toBeGreaterThanOrEqual(redialMs.first / 2)
        expect(redialDelay(attempt, unit)).toBeLessThanOrEqual(redialMs.most)
      }
  })
})

describe('the gatekeeper', () => {
  function gate(known: readonly string[] = []) {
    const time = { now: 0 }
    return {
      time,
      gate: new Gatekeeper(
        () => time.now,
        (address) => known.includes(address)
      )
    }
  }

  it('lets a burst in and then a few a second, per address', () => {
    const { time, gate: keeper } = gate()
    const admit = () => {
      const isIn = keeper.admit('10.0.0.9')
      if (isIn) keeper.settled()
      return isIn
    }
    let admitted = 0
    for (let turn = 0; turn < 50; turn++) if (admit()) admitted++
    expect(admitted).toBe(bounds.perAddress.burst)
    expect(keeper.refused).toBe(50 - admitted)
    time.now = 1000
    expect([admit(), admit(), admit()]).toEqual([true, true, false])
    expect(keeper.admit('10.0.0.8')).toBe(true)
  })

  it('keeps places for known peers when strangers fill the rest', () => {
    const { gate: keeper } = gate(['10.0.0.1'])
    let strangers = 0
    for (let host = 0; host < 40; host++) if (keeper.admit(`10.1.0.${String(host)}`)) strangers++
    expect(strangers).toBe(bounds.handshakesAtOnce - bounds.handshakesForKnown)
    expect(keeper.admit('10.0.0.1')).toBe(true)
  })

  it('lets known peers in through a flood from everywhere', () => {
    const { gate: keeper } = gate(['10.0.0.1'])
    for (let host = 0; host < 500; host++)
      if (keeper.admit(`10.1.${String(host >> 8)}.${String(host & 255)}`)) keeper.settled()
    expect(keeper.admit('10.2.0.1')).toBe(false)
    expect(keeper.admit('10.0.0.1')).toBe(true)
  })
})
