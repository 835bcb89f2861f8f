// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import type { BundlePreview, BundleTaken, MissionSummary } from '@shared/model'
import { problem } from '@shared/result'
import {
  bringsAnything,
  choiceOf,
  recipientsOf,
  revocationSayings,
  revokedSayings,
  takenSaying,
  weightSaying
} from '@/facts/bundle'
import { richField } from '../window/recorded'

const now = 1_700_000_000_000
const { missions, peers } = richField(now).overview
const [first, second, third] = missions as [MissionSummary, MissionSummary, MissionSummary]
const estimates = missions.map(({ id }, index) => ({ id, changes: 10, files: index, bytes: 1_000 * (index + 1) }))

describe('what goes into a bundle', () => {
  it('is what was chosen, with its weight once that is known', () => {
    const wanted = new Set([first.id, third.id])
    expect(choiceOf(missions, undefined, wanted)).toMatchObject({ mayNot: 0, chosen: [first.id, third.id] })
    expect(choiceOf(missions, undefined, wanted).bytes).toBeUndefined()
    expect(choiceOf(missions, estimates, wanted).bytes).toBe(4_000)
  })

  it('is never what may not go to everybody chosen, also where all was chosen', () => {
    const refused = estimates.map((one) => (one.id === first.id ? { ...one, refused: 'outside-scope' as const } : one))
    expect(choiceOf(missions, refused, new Set([first.id]))).toMatchObject({ mayNot: 1, chosen: [], bytes: 0 })
    const all = choiceOf(missions, refused, 'all')
    expect(all.chosen).toEqual(missions.slice(1).map(({ id }) => id))
    expect(all.may.map(({ mission }) => mission.id)).not.toContain(first.id)
  })

  it('is said with files where there are any', () => {
    expect(weightSaying({ id: first.id, changes: 1, files: 0, bytes: 5 }).key).toBe('bundle.weight')
    expect(weightSaying({ id: first.id, changes: 1, files: 2, bytes: 5 }).key).toBe('bundle.weightFiles')
  })
})

describe('what a bundle says of laptops that were taken back', () => {
  const base = { missions: [{ refused: problem('outside-scope') }] } as unknown as BundlePreview
  const saying = (laptops: number, shutOut: number, lists: number) => ({
    ...base,
    revocations: { laptops, shutOut, lists }
  })
  const keys = (preview: BundlePreview) => revocationSayings(preview).map(({ key, count }) => [key, count])

  it('is said by what it would do here', () => {
    expect(keys(base)).toEqual([])
    expect(keys(saying(3, 2, 1))).toEqual([
      ['bundle.shutsOut', 2],
      ['bundle.advises', 1],
      ['bundle.bringsLists', 1]
    ])
    expect(keys(saying(2, 2, 0))).toEqual([['bundle.shutsOut', 2]])
  })

  it('is worth taking where no mission is', () => {
    expect([bringsAnything(base), bringsAnything(saying(1, 0, 0))]).toEqual([false, true])
  })

  it('is said when it was taken', () => {
    const taken = { changes: 0, files: 0, revocations: { statements: 2, lists: 1 } } as BundleTaken
    expect(takenSaying(taken).key).toBe('bundle.takenNoMission')
    expect(revokedSayings(taken)).toMatchObject([{ key: 'bundle.takenRevocations', count: 3 }])
    const nothing = { ...taken, revocations: { statements: 0, lists: 0 } }
    expect([takenSaying(nothing).key, revokedSayings(nothing)]).toEqual(['bundle.takenNothing', []])
  })
})

describe('whom a bundle may be for', () => {
  it('is who may have any of its missions', () => {
    const [someone] = peers.filter(({ level }) => level === 'trusted')
    if (someone?.decision === undefined) throw new Error('somebody is trusted')
    const scope = { out: [`id:${second.id}`], in: ['*'], access: 'write' as const }
    const only = [{ ...someone, decision: { ...someone.decision, scope } }]
    expect(recipientsOf(only, [first], now)).toEqual({ may: [], mayNot: 1 })
    expect(recipientsOf(only, [first, second], now)).toEqual({ may: only, mayNot: 0 })
  })
})
