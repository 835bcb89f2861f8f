import { describe, expect, it } from 'vitest'
import { runPlan } from './run-plan.js'
import { keptSeeds } from './seeds.js'

describe('a seed that failed once', () => {
  for (const [name, { about, isOpen = false, plan }] of keptSeeds()) {
    // One that is still open has to fail: whoever mends it takes the mark away.
    const test = isOpen ? it.fails : it
    test(`${name}: ${about}`, async () => {
      expect((await runPlan(plan)).faults).toEqual([])
    })
  }
})
