/** What the benchmark says of its figures: a missed must can never read as met. */
import { describe, expect, it } from 'vitest'
import { judge, table } from '../../bench/report.mjs'

const time = { workload: 'W1 one change, p50', unit: 'ms', floor: 2 }
const rate = { workload: 'W2 catch up', unit: 'changes/s', floor: 1_000 }

describe('the judgement of a figure', () => {
  it('holds a time to a most, as a multiple of the floor', () => {
    const must = { ratioAtMost: 1.5 }
    expect(judge({ ...time, ours: 3, must })).toMatchObject({ ratio: 1.5, isMet: true, missedBy: 1 })
    expect(judge({ ...time, ours: 6, must })).toMatchObject({ ratio: 3, isMet: false, missedBy: 2 })
  })

  it('holds a rate to a least', () => {
    const must = { ratioAtLeast: 0.5 }
    expect(judge({ ...rate, ours: 500, must })).toMatchObject({ isMet: true })
    expect(judge({ ...rate, ours: 250, must })).toMatchObject({ isMet: false, missedBy: 2 })
  })

  it('holds a figure to a most of its own, whatever the floor took', () => {
    const bytes = { workload: 'W2 on the wire', unit: 'B/change', floor: 300, must: { atMost: 60 } }
    expect(judge({ ...bytes, ours: 90 })).toMatchObject({ ratio: 0.3, isMet: false, missedBy: 1.5 })
    expect(judge({ ...bytes, ours: 60 })).toMatchObject({ isMet: true })
  })

  it('tells must and aim apart', () => {
    const goals = { must: { ratioAtMost: 2 }, aim: { ratioAtMost: 1 } }
    expect(judge({ ...time, ours: 3, ...goals })).toMatchObject({ isMet: true, isAimMet: false })
    expect(judge({ ...time, ours: 2, ...goals })).toMatchObject({ isMet: true, isAimMet: true })
  })

  it('says nothing of what was not measured', () => {
    const row = judge({ ...time, must: { ratioAtMost: 1 }, missing: 'no such thing here' })
    expect(row).not.toHaveProperty('isMet')
    expect(table([row])).toMatch(/not measured[^]*W1: no such thing here/)
  })

  it('cannot take a figure that is no number for met', () => {
    expect(judge({ ...time, ours: Number.NaN, must: { ratioAtMost: 1 } })).toMatchObject({ isMet: false })
  })
})

describe('the ratio', () => {
  it('is left out where the floor took nothing', () => {
    const nothing = { workload: 'W3 memory', unit: 'MiB', ours: 0.1, floor: 0 }
    expect(judge(nothing)).not.toHaveProperty('ratio', Infinity)
    expect(judge({ ...nothing, must: { ratioAtMost: 2 } })).toMatchObject({ isMet: false })
  })
})

describe('the table', () => {
  it('shows by how much a must was missed, and Hypercore only where it took part', () => {
    const missed = judge({ ...time, ours: 6, must: { ratioAtMost: 1.5 } })
    expect(table([missed])).toMatch(/MISSED x2\.00/)
    expect(table([missed])).not.toMatch('hypercore')
    expect(table([{ ...missed, rival: 9 }])).toMatch(/hypercore[^]*9\.00/)
  })

  it('shows the ratio of an earlier run beside', () => {
    const [earlier, now] = [judge({ ...time, ours: 6 }), judge({ ...time, ours: 4 })]
    expect(table([now], [earlier])).toMatch(/ratio +before[^]*2\.00x +3\.00x/)
    expect(table([now])).not.toMatch('before')
  })
})
