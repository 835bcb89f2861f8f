/** Seeded randomness (mulberry32): one seed, one run. */
import type { Random } from '../../src/main/engine/runtime/random.js'

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    unit: () => next() / 2 ** 32,
    bytes(count) {
      const bytes = Buffer.alloc(count)
      for (let at = 0; at < count; at++) bytes[at] = next() & 0xff
      return bytes
    }
  }
}

/** Its own stream for each name: what one part of a field draws does not change what the others get. */
export function namedRandom(seed: number, name: string): Random {
  let hash = seed >>> 0
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x9e3779b1) >>> 0
  return seededRandom(hash ^ (hash >>> 15))
}

export function pick<T>(random: Random, list: readonly T[]): T {
  const found = list[Math.floor(random.unit() * list.length)]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}
