/** Where what is being read went when a list changed: decided by what most rows did. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostAlike, placesNow, type PlacedRow } from '@/facts/reading-place'

const height = 50

function rowsOf(keys: readonly (string | number)[], from: number, to: number): readonly PlacedRow[] {
  return keys.map((key, index) => ({ key, index, start: index * height, end: (index + 1) * height })).slice(from, to)
}

function went(before: readonly (string | number)[], after: readonly string[], from = 0, to = before.length) {
  const rows = rowsOf(before, from, to)
  const found = mostAlike(
    rows,
    placesNow(rows, after.length, (index) => after[index] ?? index)
  )
  return found && [found.row.key, found.now]
}

describe('the place of a reader', () => {
  it('moves with what came in above', () => {
    expect(went(['a', 'b', 'c', 'd'], ['x', 'y', 'a', 'b', 'c', 'd'], 1, 3)).toEqual(['b', 3])
  })

  it('does not follow one row that was put elsewhere', () => {
    expect(went(['a', 'b', 'c', 'd'], ['b', 'c', 'd', 'e', 'f', 'a'])).toEqual(['b', 0])
  })

  it('is at the next row when the first one went', () => {
    expect(went(['a', 'b', 'c'], ['b', 'c'])).toEqual(['b', 0])
  })

  it('is nowhere when nothing is left, or nothing was known of what was there', () => {
    expect(went(['a', 'b'], ['x', 'y'])).toBeUndefined()
    expect(went([0, 1], ['a', 'b'])).toBeUndefined()
  })

  it('moves by as many as came in above, wherever somebody reads', () => {
    const list = Array.from({ length: 40 }, (_, index) => `r${String(index)}`)
    fc.assert(
      fc.property(fc.nat(30), fc.nat(20), (first, count) => {
        const fresh = Array.from({ length: count }, (_, index) => `new${String(index)}`)
        expect(went(list, [...fresh, ...list], first, first + 9)).toEqual([`r${String(first)}`, first + count])
      })
    )
  })
})
