/** Levels of trust under every sequence of events: a revocation ends by nothing but a person's word. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision } from '@shared/model.js'
import type { Scope } from '@shared/scope.js'
import {
  hasEnded,
  isVouched,
  mayVouch,
  nextTrust,
  regrounded,
  stranger,
  type TrustEvent
} from '../../src/main/engine/trust/trust-state.js'

const scope: Scope = { out: ['*'], in: ['*'], access: 'write' }
const narrow: Scope = { out: [], in: [], access: 'read' }
const end = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined })
const decision: fc.Arbitrary<Decision> = fc
  .tuple(
    fc.constantFrom<Decision['level']>('trusted', 'untrusted', 'revoked'),
    fc.constantFrom<Decision['ground']>('words', 'unseen', 'api', 'certificate', 'anchor', 'introduced'),
    end
  )
  .map(([level, ground, until]) => ({
    level,
    ground,
    at: 1,
    by: 'A',
    scope,
    ...(until === undefined ? {} : { until })
  }))
const decided = decision.map((one): TrustEvent => ({ kind: 'decided', decision: one, federation: 'field' }))
const other: fc.Arbitrary<TrustEvent> = fc.oneof(
  fc.constantFrom<TrustEvent>(
    ...(['asked', 'withdrew', 'ended', 'unvouched', 'forgotten'] as const).map((kind) => ({ kind }))
  ),
  end.map((until): TrustEvent => ({ kind: 'regrounded', scope: narrow, until }))
)
const events = fc.array(fc.oneof(decided, other), { maxLength: 12 })

function after(all: readonly TrustEvent[]) {
  return all.reduce(nextTrust, stranger)
}

describe('trust', () => {
  it('that was revoked stays so through everything but a decision', () => {
    fc.assert(
      fc.property(events, decision, fc.array(other), (before, last, since) => {
        const revoked = after([
          ...before,
          { kind: 'decided', decision: { ...last, level: 'revoked' }, federation: 'x' }
        ])
        expect(since.reduce(nextTrust, revoked)).toEqual(revoked)
        expect(mayVouch(revoked)).toBe(false)
      })
    )
  })

  it('of who retired is over for good, whatever anybody decides', () => {
    fc.assert(
      fc.property(events, decision, events, (before, said, since) => {
        const retired = after([...before, { kind: 'retired', decision: { ...said, level: 'revoked' } }])
        expect(retired.level).toBe('revoked')
        expect(since.reduce(nextTrust, retired)).toEqual(retired)
        expect(mayVouch(retired)).toBe(false)
      })
    )
  })

  it('comes from a decision only, and is the last one that was made', () => {
    fc.assert(
      fc.property(events, other, decided, (before, event, last) => {
        const state = after(before)
        const next = nextTrust(state, event)
        if (next.level === 'trusted') expect(state.level).toBe('trusted')
        if (last.kind !== 'decided') throw new Error('a decision')
        const { level } = last.decision
        expect(nextTrust(state, last)).toEqual({ level, decision: last.decision, federation: 'field' })
      })
    )
  })

  it('is asked for by who is not trusted and was not refused', () => {
    fc.assert(
      fc.property(events, (before) => {
        const state = after(before)
        const mayAsk = state.level === 'untrusted' && state.decision?.level !== 'untrusted'
        const asked = nextTrust(state, { kind: 'asked' })
        expect(asked).toEqual(mayAsk ? { ...state, level: 'pending' } : state)
        const isPending = state.level === 'pending'
        expect(nextTrust(state, { kind: 'withdrew' })).toEqual(isPending ? { ...state, level: 'untrusted' } : state)
      })
    )
  })

  it('ends with its time, with its certificate and with its introducer, and the decision stays to be read', () => {
    fc.assert(
      fc.property(events, (before) => {
        const state = after(before)
        const isTrusted = state.level === 'trusted'
        const fallen = { ...state, level: 'untrusted' }
        expect(nextTrust(state, { kind: 'ended' })).toEqual(isTrusted ? fallen : state)
        const rests = ['anchor', 'certificate', 'introduced'].includes(state.decision?.ground ?? '')
        expect(isVouched(state)).toBe(rests)
        expect(nextTrust(state, { kind: 'unvouched' })).toEqual(isTrusted && rests ? fallen : state)
        const isRevoked = state.level === 'revoked'
        expect(nextTrust(state, { kind: 'forgotten' })).toEqual(isRevoked ? state : stranger)
        expect(mayVouch(state)).toBe(!isRevoked && (state.decision === undefined || rests))
      })
    )
  })

  it('gets another scope and no later end with another ground, where it rests on a certificate', () => {
    fc.assert(
      fc.property(events, end, (before, until) => {
        const state = after(before)
        const next = nextTrust(state, { kind: 'regrounded', scope: narrow, until })
        if (state.level !== 'trusted' || !isVouched(state) || state.decision === undefined) {
          expect(next).toEqual(state)
          return
        }
        const ends = [state.decision.until, until].filter((one) => one !== undefined)
        const expected = {
          ...state.decision,
          scope: narrow,
          ...(ends.length === 0 ? {} : { until: Math.min(...ends) })
        }
        expect(next).toEqual({ ...state, decision: expected })
        expect(regrounded(state.decision, { scope: narrow, until })).toEqual(expected)
        expect('until' in expected).toBe('until' in (next.decision ?? {}))
      })
    )
  })

  it.each([
    [undefined, 5, false],
    [4, 5, true],
    [5, 5, true],
    [6, 5, false]
  ])('until %s has ended at %s: %s', (until, time, expected) => {
    const base: Decision = { level: 'trusted', ground: 'words', at: 1, by: 'A', scope }
    expect(hasEnded(until === undefined ? base : { ...base, until }, time)).toBe(expected)
  })
})
