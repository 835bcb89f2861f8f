/**
 * Parsers of what comes from outside, under noise and under valid input that was damaged: they answer, never throw, and
 * never take long. The seed is printed; MUSTER_SEED=… repeats a run.
 */
import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import * as v from 'valibot'
import type { MissionId } from '@shared/model.js'
import { parseLine } from '../../src/main/engine/bytes/line.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { encodeFrame, FrameReader, frameTypes } from '../../src/main/engine/links/framing.js'
import { parseMessage } from '../../src/main/engine/links/messages.js'
import { decodeRunFrame } from '../../src/main/engine/links/run-frame.js'
import { limits } from '../../src/main/engine/limits.js'
import { decodeRun, encodeRun, parseHeader } from '../../src/main/engine/logs/run.js'
import { parseSignedCreate, signCreate } from '../../src/main/engine/missions/create-record.js'
import { decodePresence, encodePresence, signPresence, verifyPresence } from '../../src/main/engine/presence/record.js'
import { encodeDocument, parseDocument } from '../../src/main/engine/storage/document.js'
import { HostileLog, makeIdentity, setLine } from './hostile-peer.js'

const seed = Number(process.env['MUSTER_SEED'] ?? Date.now() % 2 ** 31)
console.log(`fuzz seed: MUSTER_SEED=${seed}`)

const casesPerParser = 20_000
/** For one call, whatever it is given. */
const patienceMs = 500

/** Mulberry32: small, and the same everywhere. */
function createRandom(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

class Noise {
  readonly #random: () => number

  constructor(name: string) {
    this.#random = createRandom(seed ^ createHash('sha256').update(name).digest().readInt32LE())
  }

  below(most: number): number {
    return Math.floor(this.#random() * most)
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)]
    if (one === undefined) throw new Error('an empty list')
    return one
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; at++) bytes[at] = this.below(256)
    return bytes
  }

  /** Cut, doubled, overwritten, or with a piece of something that parsers have feelings about. */
  damaged(good: Buffer): Buffer {
    let bytes = Buffer.from(good)
    for (let round = this.below(4); round >= 0; round--) {
      const at = this.below(bytes.length + 1)
      const to = Math.min(bytes.length, at + this.below(16))
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(to)]
      switch (this.below(6)) {
        case 0:
          bytes = Buffer.concat([before, this.bytes(to - at), after])
          break
        case 1:
          bytes = Buffer.concat([before, after])
          break
        case 2:
          bytes = Buffer.concat([before, Buffer.from(this.pick(pieces)), after])
          break
        case 3:
          bytes = Buffer.from(before)
          break
        case 4:
          bytes = Buffer.concat([before, bytes.subarray(at, to), bytes.subarray(at)])
          break
        default:
          if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8))
      }
    }
    return bytes
  }
}

// prettier-ignore
const pieces = [
  '{', '}', '[', ']', '"', '\\', '\n', ',', ':', 'null', 'true', '-0', '1e400', '1e-7', '9007199254740993', '-1', '0.5',
  '"__proto__":{},', '"constructor":', '\\ud800', '\\u0000', '\ufeff', '\0', '[[[[[[[[', '{"a":', '"t":"have",', '"":0,'
]

/** Deep, long and wide: what a small generator would hardly find. */
function extremes(): readonly Buffer[] {
  const deep = 100_000
  return [
    '',
    '{}',
    'null',
    '['.repeat(deep),
    '['.repeat(deep) + ']'.repeat(deep),
    `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    `{"create":${'['.repeat(30_000)}${']'.repeat(30_000)},"signature":""}`,
    `{"t":"heads","mission":"${'0'.repeat(64)}","heads":[],"create":${'['.repeat(deep)}${']'.repeat(deep)}}`,
    `{"t":"have","mission":"${'0'.repeat(64)}","digest":"${'0'.repeat(64)}","moved":[${'0,'.repeat(500_000)}0]}`,
    `{"t":"want","mission":"${'0'.repeat(64)}","create":true,"heads":[${'[],'.repeat(300_000)}[]]}`,
    `{"t":"intro","versions":[${'"",'.repeat(300_000)}""]}`,
    `{"t":"answer","callsign":"${'\ud83d\ude00'.repeat(200_000)}"}`,
    `{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":0`).join(',')}}`,
    `{"a":"${'\\u0000'.repeat(10_000)}"}`,
    `{"a":${'9'.repeat(60_000)}}`,
    `{"a":0.${'1'.repeat(60_000)}}`,
    `{"a":"${'__proto__'.repeat(7_000)}"}`,
    ' '.repeat(limits.frameBytes),
    '\n'.repeat(limits.frameBytes),
    '\0'.repeat(limits.frameBytes),
    'f'.repeat(limits.frameBytes)
  ].map((text) => Buffer.from(text))
}

let identity: Identity
let good: { runs: Buffer[]; lines: Buffer[]; messages: Buffer[]; creates: Buffer[]; documents: Buffer[] }

beforeAll(async () => {
  identity = await makeIdentity()
  const mission = 'ab'.repeat(32)
  const log = new HostileLog(mission, identity)
  const runs = [
    log.begin(setLine('log/1', 'text', 'ä 😀 "quoted"')),
    log.run(...Array.from({ length: 20 }, (_, index) => setLine(`task/${index}`, 'done', index % 2 === 0)))
  ].map(encodeRun)
  const head = [identity.nodeId, '0'.repeat(32), 7, '1'.repeat(64)]
  const create = {
    creator: identity.record.signingKey,
    nonce: '0'.repeat(32),
    name: 'Fuzz',
    labels: ['a', 'b'],
    deputies: [identity.nodeId],
    defaultRole: 'subscriber' as const,
    onward: 'any' as const,
    fold: 1,
    at: 1
  }
  const signed = signCreate(create, identity.signingKey)
  const nonce = Buffer.alloc(32, 7).toString('base64url')
  good = {
    runs,
    lines: [
      setLine('log/1', 'text', { a: [1, 2.5, null, true, 'ä'] }),
      { kind: 'admin/admit', at: 1, author: identity.nodeId, role: 'subscriber' }
    ].map((line) => Buffer.from(JSON.stringify(line))),
    messages: [
      { t: 'intro', key: identity.record.signingKey, nonce, versions: [1], run: '0'.repeat(32) },
      { t: 'proof', signature: Buffer.alloc(64, 1).toString('base64url') },
      { t: 'answer', record: identity.record, callsign: 'FUZZ', port: 1, trusts: true },
      { t: 'have', mission, digest: mission, moved: [head] },
      { t: 'want', mission, heads: [head, head], create: true },
      { t: 'heads', mission, heads: [head], create: signed },
      { t: 'done', mission, digest: mission },
      { t: 'ping', n: 1, at: 2 }
    ].map((message) => Buffer.from(JSON.stringify(message))),
    creates: [Buffer.from(JSON.stringify(signed))],
    documents: [encodeDocument({ peers: [], targets: [{ address: 'a', port: 1 }] })]
  }
})

/** Runs a parser over everything. It answers whether it took the bytes: one that refuses all would pass in silence. */
function hammer(name: string, valid: readonly Buffer[], parse: (bytes: Buffer, noise: Noise) => boolean): void {
  const noise = new Noise(name)
  let slowest = 0
  const once = (bytes: Buffer) => {
    const began = performance.now()
    try {
      parse(bytes, noise)
    } catch (error) {
      throw new Error(`${name} threw on ${bytes.length} bytes ${bytes.toString('latin1', 0, 300)}`, { cause: error })
    }
    slowest = Math.max(slowest, performance.now() - began)
    expect(slowest, `${name} on ${bytes.length} bytes ${bytes.toString('latin1', 0, 80)}`).toBeLessThan(patienceMs)
  }
  for (const bytes of valid) expect(parse(bytes, noise), `${name} takes what is valid`).toBe(true)
  for (let count = 0; count < casesPerParser; count++) {
    if (count % 4 === 0) once(noise.bytes(noise.below(64)))
    else once(noise.damaged(noise.pick(valid)))
  }
  for (const bytes of extremes()) once(bytes)
}

describe('never throws and never takes long:', () => {
  test('decodeRun', () => {
    hammer('decodeRun', good.runs, (bytes, noise) => {
      decodeRun(bytes, noise.below(2 * bytes.length))
      return decodeRun(bytes) !== undefined
    })
  })

  test.each([frameTypes.run, frameTypes.packedRun])('decodeRunFrame, type %s', (type) => {
    const mission = Buffer.alloc(32, 7)
    const payloads = good.runs.map((run) =>
      Buffer.concat([mission, type === frameTypes.run ? run : deflateRawSync(run)])
    )
    hammer('decodeRunFrame', payloads, (payload) => {
      const decoded = decodeRunFrame({ type, payload })
      if (decoded === undefined) return false
      expect(decoded.run.body.length).toBeLessThanOrEqual(limits.runBytes)
      return true
    })
  })

  test('decodePresence', () => {
    const facts = { start: 1, seq: 2, key: 'position', ttlMs: 60_000, at: 1, value: { lat: 45.9, lon: [13.7] } }
    const record = signPresence('17'.repeat(32) as MissionId, identity, facts)
    if (record === undefined) throw new Error('it fits')
    hammer('decodePresence', [encodePresence(record, 0), encodePresence(record, 5_000)], (payload) => {
      const decoded = decodePresence(payload)
      if (typeof decoded === 'string') return false
      expect(encodePresence(decoded.record, decoded.ageMs)).toEqual(payload)
      verifyPresence(decoded.record)
      return true
    })
  })

  test('parseHeader', () => {
    const headers = good.runs.map((run) => run.subarray(0, run.indexOf(0x0a)))
    hammer('parseHeader', headers, (bytes) => parseHeader(bytes) !== undefined)
  })

  test('parseMessage', () => {
    hammer('parseMessage', good.messages, (bytes) => typeof parseMessage(bytes) !== 'string')
  })

  test('parseLine', () => {
    hammer('parseLine', good.lines, (bytes) => {
      const parsed = parseLine(bytes)
      if (typeof parsed === 'string') return false
      // What is taken is what its author wrote, to the byte.
      expect(JSON.stringify(parsed)).toBe(bytes.toString('utf8'))
      return true
    })
  })

  test('parseSignedCreate', () => {
    hammer('parseSignedCreate', good.creates, (bytes) => {
      let json: unknown
      try {
        json = JSON.parse(bytes.toString('utf8'))
      } catch {
        return false
      }
      const parsed = parseSignedCreate(json)
      if (typeof parsed === 'string') return false
      // Nothing but the very record that was signed.
      expect(JSON.stringify(parsed)).toBe(good.creates[0]?.toString('utf8'))
      return true
    })
  })

  test('parseDocument', () => {
    const schema = v.object({ peers: v.array(v.unknown()), targets: v.array(v.unknown()) })
    hammer('parseDocument', good.documents, (bytes) => parseDocument(bytes, schema).ok)
  })

  test('FrameReader, in whatever pieces', () => {
    const streams = good.messages.map((message) =>
      Buffer.concat([encodeFrame(frameTypes.message, message), encodeFrame(frameTypes.run, Buffer.alloc(40, 1))])
    )
    hammer('FrameReader', streams, (bytes, noise) => {
      const reader = new FrameReader()
      let frames = 0
      let length = 0
      const pieceMost = Math.max(1 + noise.below(64), bytes.length >> 12)
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + noise.below(pieceMost)
        const broken = reader.read(
          bytes.subarray(at, end),
          () => limits.frameBytesBeforeTrust,
          ({ payload }) => {
            frames++
            length += payload.length + 5
            return true
          }
        )
        if (broken !== undefined) return false
        at = end
      }
      expect(length).toBeLessThanOrEqual(bytes.length)
      return frames > 0
    })
  })

  test('FrameReader, a frame of the highest length byte by byte', () => {
    const reader = new FrameReader()
    const bytes = encodeFrame(frameTypes.run, Buffer.alloc(limits.frameBytes - 1, 7))
    let frames = 0
    const began = performance.now()
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
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
