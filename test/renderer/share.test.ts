import { describe, expect, it } from 'vitest'
import { everything } from '@shared/scope'
import { choiceOf, firstChoice, isTooLong, scopeOf, totalsOf, untilOf } from '@/facts/share'
import { missionIdOf, richField } from '../window/recorded'

const { missions } = richField(1_700_000_000_000).overview

describe('what a yes shares', () => {
  it('is every mission, also future ones, as the first choice', () => {
    expect(scopeOf(firstChoice)).toEqual(everything)
    expect(totalsOf(scopeOf(firstChoice), missions)).toEqual({
      missions: 3,
      entries: 60 + 23 + 96,
      changes: 72 + 30 + 120
    })
  })

  it('names missions by ID once one is left out', () => {
    const choice = { all: false, missionIds: [missionIdOf(1), missionIdOf(3)], takeNew: false, access: 'read' as const }
    const scope = scopeOf(choice)
    expect(scope).toEqual({
      out: [`id:${missionIdOf(1)}`, `id:${missionIdOf(3)}`],
      in: [`id:${missionIdOf(1)}`, `id:${missionIdOf(3)}`],
      access: 'read'
    })
    expect(totalsOf(scope, missions)).toMatchObject({ missions: 2, entries: 156 })
  })

  it('takes new missions from the peer only when that was said', () => {
    expect(scopeOf({ all: false, missionIds: [], takeNew: true, access: 'write' })).toEqual({
      out: [],
      in: ['*'],
      access: 'write'
    })
  })

  it('counts by the patterns that the engine asks, names and stars included', () => {
    expect(totalsOf({ out: ['K*'], in: [], access: 'read' }, missions).missions).toBe(2)
    expect(totalsOf({ out: ['Host nation support'], in: [], access: 'read' }, missions).entries).toBe(23)
    expect(totalsOf({ out: [], in: ['*'], access: 'write' }, missions)).toEqual({ missions: 0, entries: 0, changes: 0 })
  })

  it('reads an earlier decision back into the same choice', () => {
    const choice = { all: false, missionIds: [missionIdOf(2)], takeNew: true, access: 'read' as const }
    expect(choiceOf(scopeOf(choice), missions)).toEqual(choice)
    expect(choiceOf(everything, missions).all).toBe(true)
  })

  it('refuses more patterns than a scope may have', () => {
    const ids = Array.from({ length: 65 }, (_, index) => String(index))
    expect(isTooLong({ all: false, missionIds: ids, takeNew: true, access: 'read' })).toBe(true)
    expect(isTooLong({ all: true, missionIds: ids, takeNew: true, access: 'read' })).toBe(false)
  })

  it('ends after a day, after thirty, or never', () => {
    expect(untilOf('day', 0)).toBe(86_400_000)
    expect(untilOf('month', 0)).toBe(30 * 86_400_000)
    expect(untilOf('open', 0)).toBeUndefined()
  })
})
