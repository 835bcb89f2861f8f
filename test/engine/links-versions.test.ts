import { deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { FrameReader, frameTypes, type Frame } from '../../src/main/engine/links/framing.js'
import { commonVersion } from '../../src/main/engine/links/hello.js'
import { decodeRunFrame, RunFrame } from '../../src/main/engine/links/run-frame.js'
import { limits } from '../../src/main/engine/limits.js'
import { chainStart, encodeRun, sealRun } from '../../src/main/engine/logs/run.js'
import { privateKeyFromSeed } from '../../src/main/engine/identity/signature.js'

describe('the version of a link', () => {
  it('is the highest that both speak', () => {
    expect(commonVersion([1, 2], [1, 2])).toBe(2)
    expect(commonVersion([1, 2], [2, 1, 7])).toBe(2)
    expect(commonVersion([1, 2], [1])).toBe(1)
    expect(commonVersion([1], [1, 2])).toBe(1)
    expect(commonVersion([1], [2])).toBeUndefined()
    expect(commonVersion([1, 2], [])).toBeUndefined()
    expect(commonVersion([1, 2, 3], [3, 2, 1])).toBe(3)
    expect(commonVersion([1, 2, 3, 4], [4, 3, 2, 1])).toBe(4)
    // What this program does not know counts for nothing, even if both name it.
    expect(commonVersion([1, 9], [1, 9])).toBe(1)
    expect(commonVersion([1, 2], [1.5, NaN])).toBeUndefined()
  })

  it('is the same for both sides', () => {
    const versions = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 })
    fc.assert(fc.property(versions, versions, (one, other) => commonVersion(one, other) === commonVersion(other, one)))
  })
})

describe('a run in a frame', () => {
  const mission = '17'.repeat(32) as MissionId
  const log = { author: '2a'.repeat(32), epoch: '0f'.repeat(16) } as Parameters<typeof chainStart>[1]
  const key = privateKeyFromSeed(Buffer.alloc(32, 3))
  const encodedRun = (lines: number) =>
    encodeRun(
      sealRun(
        mission,
        log,
        1,
        Array.from({ length: lines }, (_, index) => Buffer.from(`{"kind":"set","at":${String(index)}}`)),
        chainStart(mission, log),
        key
      )
    )

  function frameIn(bytes: Buffer): Frame {
    const frames: Frame[] = []
    const broken = new FrameReader().read(
      bytes,
      () => limits.frameBytes,
      (frame) => frames.push(frame) > 0
    )
    const [frame] = frames
    if (broken !== undefined || frame === undefined || frames.length > 1) throw new Error(broken ?? 'not one frame')
    return frame
  }

  it('comes out as it went in, in either version', () => {
    for (const count of [1, 3, 1000])
      for (const version of [1, 2] as const) {
        const encoded = encodedRun(count)
        const decoded = decodeRunFrame(frameIn(new RunFrame(mission, encoded).for(version)))
        expect(decoded?.mission).toBe(mission)
        expect(decoded === undefined ? undefined : encodeRun(decoded.run)).toEqual(encoded)
      }
  })

  it('is packed for version 2 when it is long enough, and once for all links', () => {
    const frames = new RunFrame(mission, encodedRun(1000))
    expect(frameIn(frames.for(1)).type).toBe(frameTypes.run)
    expect(frameIn(frames.for(2)).type).toBe(frameTypes.packedRun)
    expect(frames.for(2)).toBe(frames.for(2))
    expect(frames.for(1)).toBe(frames.for(1))
    expect(inflateRawSync(frameIn(frames.for(2)).payload.subarray(32))).toEqual(encodedRun(1000))
    expect(frameIn(new RunFrame(mission, encodedRun(2)).for(2)).type).toBe(frameTypes.run)
  })

  it('that packing would make longer stays as it is', () => {
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * at * 7919 + (at >> 3) * 104729) % 251))
    const frames = new RunFrame(mission, deflateRawSync(noise))
    expect(frameIn(frames.for(2)).type).toBe(frameTypes.run)
  })
})
