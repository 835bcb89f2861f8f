/** Randomness for the engine: secrets and names from `bytes`, jitter from `unit`. Seeded in the simulated field. */
import { randomBytes } from 'node:crypto'

export interface Random {
  bytes(count: number): Buffer
  /** Uniform in [0, 1). */
  unit(): number
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  unit: () => Math.random()
}
