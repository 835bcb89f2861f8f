/**
 * Decoders of what comes from outside, under noise and under valid input that was damaged: they answer, never throw, and
 * never take long.
 */
import { expect, test } from 'vitest'
import { encodeFrame, FrameReader, frameTypes } from '../../src/main/engine/links/framing.js'
import { limits } from '../../src/main/engine/limits.js'
import { makeDecoders } from './decoders.js'
import { cpuMsSince, extremes, Noise } from './noise.js'

const casesPerDecoder = 20_000
/** For one call, whatever it is given. */
const cpuMsMost = 500

const decoders = await makeDecoders()

test.each(decoders)('$name: never throws and never takes long', async ({ name, valid, decode, rarity = 1 }) => {
  const noise = new Noise(name)
  const once = async (bytes: Buffer) => {
    const began = process.cpuUsage()
    const shown = `${name}, ${bytes.length} bytes: ${bytes.toString('latin1', 0, 300)}`
    try {
      const taken = decode(bytes, noise)
      // Most answer at once, and waiting for each would take longer than they do.
      if (taken instanceof Promise) await taken
    } catch (error) {
      throw new Error(`thrown: ${shown}`, { cause: error })
    }
    const cpuMs = cpuMsSince(began)
    if (cpuMs > cpuMsMost) throw new Error(`${cpuMs} ms: ${shown}`)
  }
  for (const bytes of valid) expect(await decode(bytes, noise), bytes.toString('latin1', 0, 300)).toBe(true)
  for (let count = 0; count < casesPerDecoder / rarity; count++) {
    if (count % 4 === 0) await once(noise.bytes(noise.below(64)))
    else await once(noise.damaged(noise.pick(valid)))
  }
  for (const bytes of extremes()) await once(bytes)
})

test('FrameReader, a frame of the highest length byte by byte', () => {
  const reader = new FrameReader()
  const bytes = encodeFrame(frameTypes.run, Buffer.alloc(limits.frameBytes - 1, 7))
  let frames = 0
  const began = process.cpuUsage()
  for (let at = 0; at < bytes.length; at++)
    reader.read(
      bytes.subarray(at, at + 1),
      () => limits.frameBytes,
      ({ payload }) => {
        frames++
        return payload.length === limits.frameBytes - 1
      }
    )
  expect(frames).toBe(1)
  expect(cpuMsSince(began)).toBeLessThan(5_000)
})
