import { describe, expect, it } from 'vitest'
import { planOf, type Plan, type Turn } from './plan.js'
import { runPlan } from './run-plan.js'
import { leastOf, shrink } from './shrink.js'

describe('one seed', () => {
  it.each([4, 11, 36])('is one run: seed %i', async (seed) => {
    const [first, second] = [await runPlan(planOf(seed)), await runPlan(planOf(seed))]
    expect(second.trace).toBe(first.trace)
    expect(second.history).toEqual(first.history)
    expect(first.frames).toBeGreaterThan(50)
  })

  it('is another run than the next', async () => {
    const [first, second] = [await runPlan(planOf(4)), await runPlan({ ...planOf(4), seed: 5 })]
    expect(second.trace).not.toBe(first.trace)
  })

  it('gives every kind of turn, between them', () => {
    const kinds = new Set<Turn['do']>()
    for (let seed = 1; seed <= 300; seed++) for (const turn of planOf(seed).turns) kinds.add(turn.do)
    expect([...kinds].sort()).toEqual(
      [
        ...['clock', 'copy', 'crash', 'cut', 'cut-one-way', 'delete', 'disk-fails', 'disk-full', 'enter', 'far'],
        ...['half-open', 'hostile', 'in-pieces', 'look', 'lossy', 'mend', 'off', 'on', 'reset', 'reset-within'],
        ...['restart', 'restore', 'revoke', 'set', 'slow', 'trust', 'wait']
      ].sort()
    )
  })

  it('leaves a history with everything in it that is judged', async () => {
    const kinds = new Set<string>()
    for (let seed = 1; seed <= 12; seed++)
      for (const event of (await runPlan(planOf(seed))).history.events)
        kinds.add(event.kind === 'frame' ? `frame ${event.type}` : event.kind)
    for (const kind of [
      'saved',
      'deleted',
      'shown',
      'trust',
      'read',
      'wanted',
      'frame run',
      'frame have',
      'frame level'
    ])
      expect(kinds).toContain(kind)
  })
})

describe('a failing plan', () => {
  it('is made as small as it can be', async () => {
    const plan = planOf(7, { nodes: 6, turns: 60 })
    const needs = (turns: readonly Turn[]) =>
      turns.some((turn) => turn.do === 'enter' && turn.count > 1) && turns.some((turn) => turn.do === 'wait')
    expect(needs(plan.turns)).toBe(true)
    const smallest = await shrink(plan, ({ turns, nodes }: Plan) => Promise.resolve(needs(turns) && nodes > 1))
    expect(smallest.turns.map((turn) => turn.do).sort()).toEqual(['enter', 'wait'])
    expect(smallest).toMatchObject({ clocks: {}, earlier: [], fooled: [] })
    expect(smallest.nodes).toBeLessThan(6)
    expect(smallest.edges).toHaveLength(smallest.nodes - 1)
  })

  it('stays as it is when every part is needed, and takes no more runs than allowed', async () => {
    expect(await leastOf([1, 2, 3, 4], (part) => Promise.resolve(part.length === 4))).toEqual([1, 2, 3, 4])
    let runs = 0
    const most = 10
    await shrink(planOf(7), () => Promise.resolve(runs++ < 0), most)
    expect(runs).toBeLessThanOrEqual(most)
  })
})
