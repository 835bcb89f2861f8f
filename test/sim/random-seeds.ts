/**
 * 2,000 random stories, in several files so that they run side by side: whatever happened, the history is one that may
 * be. `npm run sim` tells more of them, and longer ones.
 */
import { expect, it } from 'vitest'
import { trySeed } from './seeds.js'

const seedsInAll = 2_000
const seedsPerTest = 50

/** The tests of one of so many files. */
export function tellSeeds(file: number, files: number): void {
  const count = seedsInAll / files
  const end = file * count
  for (let from = end - count + 1; from <= end; from += seedsPerTest)
    it(`seeds ${String(from)} to ${String(from + seedsPerTest - 1)}`, { timeout: 120_000 }, async () => {
      for (let seed = from; seed < from + seedsPerTest; seed++) {
        const { failure } = await trySeed(seed)
        expect(failure).toBeUndefined()
      }
    })
}
