import { expect, it } from 'vitest'
import { converge } from './convergence.js'

it(
  'a field of any size is in step again soon after a split, at a cost that follows its size',
  { timeout: 120_000 },
  async () => {
    const workload = { seed: 1, writers: 3, changesEach: 4 }
    const [small, large] = [await converge({ ...workload, nodes: 10 }), await converge({ ...workload, nodes: 30 })]
    for (const { ms, changes, cut } of [small, large]) {
      expect(changes).toBe(24)
      expect(cut).toBeGreaterThan(5)
      // The longest pause between two dials is a minute.
      expect(ms).toBeLessThan(2 * 60_000)
    }
    expect(large.frames).toBeGreaterThan(small.frames)
    // Three times as many nodes, with as many links each: nine times as much would be everybody talking to everybody.
    expect(large.frames).toBeLessThan(9 * small.frames)
  }
)
