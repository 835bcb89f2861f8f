/** Parse after print is identity: what one node writes, each other reads as it was meant, to the byte. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { encodeLine, isLineValue, parseLine, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import { privateKeyFromSeed, rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { limits } from '../../src/main/engine/limits.js'
import { decodeForkFrame, encodeForkFrame } from '../../src/main/engine/links/fork-frame.js'
import { FrameReader } from '../../src/main/engine/links/framing.js'
import { decodeRunFrame, RunFrame } from '../../src/main/engine/links/run-frame.js'
import { decodeFork, encodeFork, forkProof, verifyFork } from '../../src/main/engine/logs/fork.js'
import {
  chainNext,
  chainStart,
  decodeRun,
  encodeRun,
  parseHeader,
  sealRun,
  verifySeal,
  type Run
} from '../../src/main/engine/logs/run.js'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/main/engine/missions/checkpoint.js'
import { decodePresence, encodePresence, signPresence, verifyPresence } from '../../src/main/engine/presence/record.js'

const mission = 'ab'.repeat(32) as MissionId
const signingKey = privateKeyFromSeed(Buffer.alloc(32, 1))
const publicKey = rawPublicKey(signingKey)
const nodeId = nodeIdOf(publicKey)

const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).filter((one) => isLineValue(one))
const line = fc
  .dictionary(fc.string({ unit: 'binary', maxLength: 8 }), value, { maxKeys: 5 })
  .map((one) => ({ kind: 'odd', at: 1, ...one }) as JsonObject)
  .filter((one) => isLineValue(one))
const lines = fc.array(line, { minLength: 1, maxLength: 8 })

function runOf(all: readonly JsonObject[]): Run {
  const log = { author: nodeId, epoch: '01'.repeat(16) }
  const bytes = all.map(encodeLine)
  const hash = bytes.reduce((last, one) => chainNext(last, one), chainStart(mission, log))
  return sealRun(mission, log, 1, bytes, hash, signingKey)
}

describe('parse after print is identity:', () => {
  it('a line', () => {
    fc.assert(
      fc.property(line, (one) => {
        const bytes = encodeLine(one)
        const parsed = parseLine(bytes)
        expect(parsed).toEqual(JSON.parse(bytes.toString()))
        expect(typeof parsed === 'string' ? parsed : encodeLine(parsed)).toEqual(bytes)
      }),
      { numRuns: 500 }
    )
  })

  it('a run, its header, and its frame for either version', () => {
    fc.assert(
      fc.property(lines, fc.nat(100), (all, offset) => {
        const run = runOf(all)
        const encoded = encodeRun(run)
        expect(decodeRun(Buffer.concat([Buffer.alloc(offset), encoded]), offset)).toEqual({
          run,
          end: offset + encoded.length
        })
        expect(parseHeader(encoded.subarray(0, encoded.indexOf(0x0a)))).toEqual(run.header)
        expect(verifySeal(mission, run.header, signingKey)).toBe(true)
        for (const version of [1, 2] as const) {
          const frames: unknown[] = []
          const take = new FrameReader().read(
            new RunFrame(mission, encoded).for(version),
            () => limits.frameBytes,
            (frame) => frames.push(decodeRunFrame(frame)) > 0
          )
          expect(take).toBeUndefined()
          expect(frames).toEqual([{ mission, run }])
        }
      })
    )
  })

  it('the proof of a fork, and its frame', () => {
    fc.assert(
      fc.property(lines, lines, lines, (common, one, other) => {
        const [a, b] = [
          runOf([...common, { kind: 'a', at: 1 }, ...one]),
          runOf([...common, { kind: 'b', at: 1 }, ...other])
        ]
        const start = { seq: 0, hash: chainStart(mission, a.header) }
        const proof = forkProof(mission, publicKey, start, a, b)
        if (typeof proof === 'string') throw new Error(proof)
        expect(verifyFork(mission, proof)).toMatchObject({ author: nodeId, first: common.length + 1 })
        expect(decodeFork(encodeFork(proof))).toEqual(proof)
        const frames: unknown[] = []
        new FrameReader().read(
          encodeForkFrame(mission, proof),
          () => limits.frameBytes,
          (frame) => frames.push(decodeForkFrame(frame)) > 0
        )
        expect(frames).toEqual([{ mission, proof }])
      })
    )
  })

  it('a word of presence', () => {
    const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    const facts = fc.record({
      ...{ start: count, seq: count, at: fc.maxSafeInteger(), value },
      key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
      ttlMs: fc.integer({ min: 1, max: limits.presenceTtlMs })
    })
    fc.assert(
      fc.property(facts, fc.nat(2 ** 31), (given, ageMs) => {
        const record = signPresence(mission, { nodeId, publicKey, signingKey }, given)
        fc.pre(record !== undefined)
        const decoded = decodePresence(encodePresence(record, ageMs))
        if (typeof decoded === 'string') throw new Error(decoded)
        expect(decoded.ageMs).toBe(ageMs)
        // As JSON writes it: there is no minus zero on the wire.
        expect(decoded.record).toEqual({
          ...record,
          ...given,
          at: given.at + 0,
          value: JSON.parse(JSON.stringify(given.value))
        })
        expect(verifyPresence(decoded.record)).toBe(true)
      })
    )
  })

  it('a checkpoint', () => {
    fc.assert(
      fc.property(
        line,
        fc.array(fc.tuple(fc.nat(), fc.nat())),
        fc.dictionary(fc.string(), fc.nat()),
        (header, covered, counts) => {
          const texts = [{ field: 'name', name: 'x' as never, at: 1, value: header['value'] ?? null }]
          const summary = { version: 1, lastChangeAt: 2, conflicts: 3, counts, unknownKinds: counts, texts }
          const encoded = encodeCheckpoint({ header, covered, logs: [], admins: [], summary })
          const decoded = decodeCheckpoint(encoded)
          if (decoded === undefined) throw new Error('it is whole')
          expect(encodeCheckpoint(decoded)).toEqual(encoded)
          expect(decoded).toEqual(JSON.parse(JSON.stringify({ header, covered, logs: [], admins: [], summary })))
          expect(decodeCheckpoint(encoded.subarray(0, -1))).toBeUndefined()
        }
      )
    )
  })
})
