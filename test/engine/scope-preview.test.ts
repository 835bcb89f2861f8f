import { describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { futurePatterns, type Scope } from '@shared/scope.js'
import { previewedMost, previewScope, type ScopedFacts } from '../../src/main/engine/trust/scope-preview.js'

const idOf = (number: number) => number.toString(16).padStart(64, '0') as MissionId

function mission(number: number, name: string, more: Partial<ScopedFacts> = {}): ScopedFacts {
  const sizes = { items: 10 * number, changes: 100 * number, bytes: 20_000 * number, theyLack: 100 * number }
  const common = { id: idOf(number), name, shownName: name, labels: [], onward: 'any' as const, isOwn: false }
  const made = { ...common, ...sizes, ...more }
  return { ...made, mayGo: made.onward !== 'none' || made.isOwn, mayCome: true }
}

const missions = [
  mission(1, 'Karst Ridge Fire', { labels: ['fire', 'north'], theyLack: 0 }),
  mission(2, 'Karst Flood', { labels: ['flood'], theyLack: 50 }),
  mission(3, 'Marathon', { onward: 'none' }),
  mission(4, 'Own only', { onward: 'none', isOwn: true })
]
const scopeOf = (out: readonly string[], taken: readonly string[] = []): Scope => ({ out, in: taken, access: 'read' })
const names = (some: readonly { readonly name: string }[]) => some.map(({ name }) => name)

describe('what a scope would do', () => {
  it.each([
    ['everything', ['*'], ['Karst Ridge Fire', 'Karst Flood', 'Own only'], ['Marathon'], ['*']],
    ['nothing', [], [], [], []],
    ['a wildcard, which stands for later names too', ['Karst*'], ['Karst Ridge Fire', 'Karst Flood'], [], ['Karst*']],
    ['a label, which a later mission may have', ['flood'], ['Karst Flood'], [], ['flood']],
    ['a name, which a later mission may have', ['Marathon'], [], ['Marathon'], ['Marathon']],
    ['one mission and no other ever', [`id:${idOf(2)}`], ['Karst Flood'], [], []],
    [
      'several patterns, each mission once',
      ['fire', 'Karst*', `id:${idOf(1)}`],
      ['Karst Ridge Fire', 'Karst Flood'],
      [],
      ['fire', 'Karst*']
    ]
  ])('%s', (_, out, given, withheld, future) => {
    const preview = previewScope(scopeOf(out), undefined, missions)
    expect(names(preview.out)).toEqual(given)
    expect(names(preview.withheld)).toEqual(withheld)
    expect(preview.futureOut).toEqual(future)
    expect(preview.totals).toMatchObject({ out: given.length, withheld: withheld.length, in: 0, ending: 0 })
  })

  it('counts what would cross: items of what is given, changes that the peer lacks, and about how many bytes', () => {
    const { out, totals } = previewScope(scopeOf(['Karst*']), undefined, missions)
    expect(totals).toMatchObject({ items: 30, changes: 50, bytes: 10_000 })
    expect(out).toMatchObject([
      { items: 10, changes: 0, bytes: 0 },
      { items: 20, changes: 50, bytes: 10_000 }
    ])
  })

  it('says what is new, what ends, and what stays as it is', () => {
    const before = scopeOf(['Karst Ridge Fire', 'Own only'])
    const preview = previewScope(scopeOf(['Karst*']), before, missions)
    expect(preview.out.map(({ isNew }) => isNew)).toEqual([false, true])
    expect(names(preview.ending)).toEqual(['Own only'])
    // What was withheld all the time does not end.
    expect(names(previewScope(scopeOf([]), scopeOf(['*']), missions).ending)).not.toContain('Marathon')
  })

  it('says what is taken, also of what is not given', () => {
    const preview = previewScope(scopeOf([], ['fire', 'Marathon']), undefined, missions)
    expect(names(preview.in)).toEqual(['Karst Ridge Fire', 'Marathon'])
    expect(preview.futureIn).toEqual(['fire', 'Marathon'])
    expect(preview.totals).toMatchObject({ in: 2, out: 0, changes: 0 })
  })

  it('goes by the name that the mission was created with, and shows the one of today', () => {
    const renamed = [mission(5, 'Karst Ridge Fire', { shownName: 'Karst, mopping up' })]
    expect(names(previewScope(scopeOf(['Karst Ridge*']), undefined, renamed).out)).toEqual(['Karst, mopping up'])
    expect(previewScope(scopeOf(['*mopping*']), undefined, renamed).out).toEqual([])
  })

  it('lists so many and counts all', () => {
    const many = Array.from({ length: previewedMost + 30 }, (_, index) => mission(index + 1, `m${String(index)}`))
    const { out, totals } = previewScope(scopeOf(['m*']), undefined, many)
    expect(out).toHaveLength(previewedMost)
    expect(totals.out).toBe(previewedMost + 30)
  })

  it('takes an empty mission for no bytes', () => {
    const empty = [mission(1, 'New', { items: 0, changes: 0, theyLack: 0 })]
    expect(previewScope(scopeOf(['*']), undefined, empty).totals.bytes).toBe(0)
  })
})

describe('patterns for missions to come', () => {
  it('are all but IDs', () => {
    expect(futurePatterns(['*', 'a*', 'a', `id:${idOf(1)}`])).toEqual(['*', 'a*', 'a'])
  })
})
