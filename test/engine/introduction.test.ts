/** What a peer's word about another one does, by what stands against it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision, Ground, NodeId } from '@shared/model.js'
import { covers, everything, isWithin, type Scope } from '@shared/scope.js'
import { judgeIntroduction, type IntroductionFacts } from '../../src/main/engine/trust/introduction.js'
import { stranger, type TrustState } from '../../src/main/engine/trust/trust-state.js'

const id = (digit: string) => digit.repeat(64) as NodeId
const [own, bravo, charlie, delta] = [id('a'), id('b'), id('c'), id('d')]
const [key, otherKey] = ['1'.repeat(64), '2'.repeat(64)]

function state(level: Decision['level'], ground: Ground, more: Partial<Decision> = {}): TrustState {
  return { level, decision: { level, at: 1, by: 'A', ground, scope: everything, ...more }, federation: 'field' }
}
const by = (nodeId: NodeId) => ({ introducedBy: [{ nodeId, callsign: 'B' }] })
const letsIn = { mayIntroduce: { letsIn: everything } }
const suggests = state('trusted', 'code', { mayIntroduce: {} })

const usual: IntroductionFacts = {
  ...{ ownId: own, introducer: bravo, stateOfIntroducer: state('trusted', 'code', letsIn), state: stranger },
  introduction: { node: charlie, callsign: 'C', federation: 'field', key, ground: 'code', since: 1 },
  ...{ wasRemoved: false, claimedFederation: 'field', mayDeal: true, mayVouch: true, keyShown: key },
  ...{ owner: undefined, hasWarning: false, time: 10 }
}

const cases: readonly (readonly [string, Partial<IntroductionFacts>, ReturnType<typeof judgeIntroduction>])[] = [
  ['a stranger with this very key', {}, 'lets-in'],
  ['the same, as only a suggestion', { stateOfIntroducer: suggests }, 'suggests'],
  ['by who may introduce nobody', { stateOfIntroducer: state('trusted', 'code') }, undefined],
  ['by who was introduced itself', { stateOfIntroducer: state('trusted', 'introduced', letsIn) }, undefined],
  ['by who is trusted by a certificate', { stateOfIntroducer: state('trusted', 'anchor', letsIn) }, undefined],
  ['by who is revoked', { stateOfIntroducer: state('revoked', 'code', letsIn) }, undefined],
  [
    'by whom trust has just ended',
    { stateOfIntroducer: state('trusted', 'code', { ...letsIn, until: 10 }) },
    undefined
  ],
  ['ourselves', { introduction: { ...usual.introduction, node: own } }, undefined],
  ['itself', { introduction: { ...usual.introduction, node: bravo } }, undefined],
  ['of a federation that is not dealt with', { mayDeal: false }, undefined],
  ['of one that only persons let in', { mayVouch: false }, 'suggests'],
  ['that claims another federation', { claimedFederation: 'drava' }, 'differs'],
  ['that withholds its federation', { claimedFederation: '' }, 'lets-in'],
  ['that shows another key', { keyShown: otherKey }, 'differs'],
  ['that was not met since the start', { keyShown: undefined }, 'suggests'],
  ['whose key is another one’s', { owner: delta }, 'differs'],
  ['whose key is known as its own', { owner: charlie }, 'lets-in'],
  ['whose certificate was taken back', { hasWarning: true }, 'suggests'],
  ['that a person took off the list', { wasRemoved: true }, 'advice'],
  ['that a person refused', { state: state('untrusted', 'unseen') }, 'advice'],
  ['that a person trusts', { state: state('trusted', 'unseen') }, 'advice'],
  ['that a person trusted until a time', { state: { ...state('trusted', 'unseen'), level: 'untrusted' } }, 'advice'],
  ['that is revoked', { state: state('revoked', 'statement') }, 'advice'],
  ['that an organisation lets in', { state: state('trusted', 'anchor') }, 'advice'],
  ['that an organisation let in once', { state: { ...state('trusted', 'anchor'), level: 'untrusted' } }, 'suggests'],
  ['that it let in', { state: state('trusted', 'introduced', by(bravo)) }, 'lets-in'],
  [
    'that it let in, with a newer certificate',
    { state: state('trusted', 'introduced', by(bravo)), keyShown: otherKey },
    'lets-in'
  ],
  ['that another one let in', { state: state('trusted', 'introduced', by(delta)) }, 'lets-in'],
  [
    'that another one let in once',
    { state: { ...state('trusted', 'introduced', by(delta)), level: 'pending' } },
    'lets-in'
  ]
]

describe('a word for', () => {
  it.each(cases)('somebody %s', (_, facts, effect) => {
    expect(judgeIntroduction({ ...usual, ...facts })).toBe(effect)
  })
})

describe('a scope within another one', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 5 })
  const pattern = fc.oneof(letters, fc.constantFrom('id:1', 'id:2', 'id*', '*'))
  const scope: fc.Arbitrary<Scope> = fc.record({
    out: fc.array(pattern, { maxLength: 3 }),
    in: fc.array(pattern, { maxLength: 3 }),
    access: fc.constantFrom('read', 'write')
  })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 })

  it('covers no mission that the other one does not', () => {
    fc.assert(
      fc.property(scope, scope, text, fc.constantFrom('1', '2', '3'), (narrow, wide, name, missionId) => {
        fc.pre(isWithin(narrow, wide))
        const mission = { id: missionId, name, labels: [] }
        for (const way of ['out', 'in'] as const)
          expect(covers(narrow[way], mission) && !covers(wide[way], mission)).toBe(false)
        expect(narrow.access === 'write' && wide.access === 'read').toBe(false)
      })
    )
  })

  it('may be the same, or narrower by its text', () => {
    const wide: Scope = { out: ['Karst*', 'id:1'], in: ['*'], access: 'write' }
    expect(isWithin(wide, wide)).toBe(true)
    expect(isWithin({ out: ['Karst Ridge*'], in: ['id:2'], access: 'read' }, wide)).toBe(true)
    for (const out of ['*', 'Kar*', 'id:2']) expect(isWithin({ ...wide, out: [out] }, wide)).toBe(false)
    expect(isWithin({ ...wide, access: 'write' }, { ...wide, access: 'read' })).toBe(false)
  })
})
