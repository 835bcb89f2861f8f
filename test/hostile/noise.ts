/** Seeded noise and damage for parsers of what comes from outside. The seed is printed; MUSTER_SEED=… repeats a run. */
import { limits } from '../../src/main/engine/limits.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import { namedRandom, pick } from '../sim/random.js'

export const seed = Number(process.env['MUSTER_SEED'] ?? Date.now() % 2 ** 31)
console.log(`fuzz seed: MUSTER_SEED=${seed}`)

/** Computing time of this process in milliseconds: what else runs on the machine does not count. */
export function cpuMsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

export class Noise {
  readonly #random: Random

  constructor(name: string) {
    this.#random = namedRandom(seed, name)
  }

  below(most: number): number {
    return Math.floor(this.#random.unit() * most)
  }

  pick<T>(list: readonly T[]): T {
    return pick(this.#random, list)
  }

  bytes(length: number): Buffer {
    return this.#random.bytes(length)
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
export function extremes(): readonly Buffer[] {
  const deep = 100_000
  return [
    '',
    '{}',
    'null',
    '['.repeat(deep),
    '['.repeat(deep) + ']'.repeat(deep),
    `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    `{"muster":"document","version":1,"checksum":"","data":${'['.repeat(deep)}${']'.repeat(deep)}}`,
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
