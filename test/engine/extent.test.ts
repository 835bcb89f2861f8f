/** How far somebody holds each log, as far as heads tell it (docs/protocol/logs.md#heads-and-digest: coverage). */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdsAll, raise, spreadHeads, type Extent } from '../../src/main/engine/logs/extent.js'
import type { HeldLog } from '../../src/main/engine/logs/log-store.js'
import { logKey, type Head } from '../../src/main/engine/logs/run.js'
import { headOf, heldLog, lookup } from '../support/held-logs.js'

const keys = [0, 1, 2].map((log) => logKey(headOf(0, log, 1)))

/** How far each of one author's three logs is held; 0 where nothing is said of it. */
function spread(heads: readonly Head[], known: readonly HeldLog[]): readonly number[] {
  const extent = spreadHeads(heads, lookup(known))
  expect([...extent.keys()].filter((key) => !keys.includes(key))).toEqual([])
  return keys.map((key) => extent.get(key) ?? 0)
}

describe('an extent', () => {
  it('only grows', () => {
    const [key, other] = [logKey(headOf(0, 0, 1)), logKey(headOf(0, 1, 1))]
    const extent: Extent = new Map()
    for (const seq of [2, 1, 2, 3]) raise(extent, key, seq)
    expect([...extent]).toEqual([[key, 3]])
    raise(extent, key, 0)
    expect(extent.get(key)).toBe(3)
    // A log of which nothing is held is not in it.
    raise(extent, other, 0)
    expect([...extent]).toEqual([[key, 3]])
  })

  const extents = fc
    .array(fc.tuple(fc.constantFrom(...keys), fc.integer({ min: 1, max: 3 })))
    .map((said): Extent => new Map(said))

  it('holds all of another that would add nothing to it', () => {
    fc.assert(
      fc.property(extents, extents, (one, other) => {
        const both = new Map(one)
        for (const [key, seq] of other) raise(both, key, seq)
        const addsNothing = [...both].every(([key, seq]) => one.get(key) === seq)
        expect(holdsAll(one, other)).toBe(addsNothing)
        expect(holdsAll(both, other)).toBe(true)
      })
    )
  })
})

describe('who lists the head of a log', () => {
  const first = heldLog(headOf(0, 0, 5))
  const second = heldLog(headOf(0, 1, 4), headOf(0, 0, 5))
  const third = heldLog(headOf(0, 2, 3), headOf(0, 1, 4))

  it('holds every log that it continues, up to where it continues it', () => {
    expect(spread([headOf(0, 2, 1)], [first, second, third])).toEqual([5, 4, 1])
    expect(spread([headOf(0, 1, 9)], [first, second, third])).toEqual([5, 9, 0])
  })

  it('is believed about a log that is unknown here, and about no other', () => {
    expect(spread([headOf(0, 2, 7)], [])).toEqual([0, 0, 7])
    // What a log continues need not be held: where it is limited to nothing, nobody passes it on.
    expect(spread([headOf(0, 2, 7)], [third])).toEqual([0, 4, 7])
  })

  // The second log continues the first up to 3, as after a copy was restored, and the first goes on beyond.
  const restored = heldLog(headOf(0, 1, 4), headOf(0, 0, 3))
  const ways: readonly (readonly [string, readonly [Head, Head]])[] = [
    ['before', [headOf(0, 0, 5), headOf(0, 1, 4)]],
    ['after', [headOf(0, 1, 4), headOf(0, 0, 5)]]
  ]
  it.each(ways)('says itself of a log how far it is held, %s the log that continues it: further', (_, heads) => {
    expect(spread(heads, [first, restored])).toEqual([5, 4, 0])
  })

  it.each(ways)('says itself of a log how far it is held, %s the log that continues it: less far', (_, heads) => {
    const less = heads.map((head) => (head.epoch === first.id.epoch ? headOf(0, 0, 2) : head))
    expect(spread(less, [first, restored])).toEqual([2, 4, 0])
  })

  it('holds of a log that two others continue as much as either says', () => {
    const heads = [headOf(0, 1, 1), headOf(0, 2, 1)]
    const [upTo3, upTo5] = [headOf(0, 0, 3), headOf(0, 0, 5)]
    for (const [left, right] of [
      [upTo3, upTo5],
      [upTo5, upTo3]
    ])
      expect(spread(heads, [first, heldLog(headOf(0, 1, 1), left), heldLog(headOf(0, 2, 1), right)])).toEqual([5, 1, 1])
  })

  it('is not followed in a circle, where branches of forked logs name each other', () => {
    const ring = [heldLog(headOf(0, 0, 5), headOf(0, 1, 4)), heldLog(headOf(0, 1, 4), headOf(0, 0, 5)), third]
    expect(spread([headOf(0, 2, 3)], ring)).toEqual([5, 4, 3])
  })
})
