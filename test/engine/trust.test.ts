import { describe, expect, it } from 'vitest'
import { strictBoundary } from '@shared/boundary.js'
import type { Decision, MissionId } from '@shared/model.js'
import { covers, everything, matchesPattern, type Scope } from '@shared/scope.js'
import {
  refuseGiving,
  refuseLink,
  refuseTaking,
  refuseWriting,
  type MissionFacts,
  type PeerFacts
} from '../../src/main/engine/trust/policy.js'
import { nextTrust, stranger, type TrustEvent, type TrustState } from '../../src/main/engine/trust/trust-state.js'

function decision(level: Decision['level'], scope: Scope = everything, until?: number): Decision {
  return { level, at: 1, by: 'alpha', ground: 'words', scope, ...(until === undefined ? {} : { until }) }
}
function decided(level: Decision['level']): TrustEvent {
  return { kind: 'decided', decision: decision(level), federation: 'field' }
}
function after(...events: readonly TrustEvent[]): TrustState {
  return events.reduce(nextTrust, stranger)
}

describe('the trust machine', () => {
  it.each<[string, readonly TrustEvent[], TrustState['level']]>([
    ['a stranger is untrusted', [], 'untrusted'],
    ['who asks is pending', [{ kind: 'asked' }], 'pending'],
    ['who asks and withdraws is untrusted', [{ kind: 'asked' }, { kind: 'withdrew' }], 'untrusted'],
    ['a decision trusts', [{ kind: 'asked' }, decided('trusted')], 'trusted'],
    ['a decision trusts also unasked', [decided('trusted')], 'trusted'],
    ['asking changes nothing for a trusted one', [decided('trusted'), { kind: 'asked' }], 'trusted'],
    ['withdrawing changes nothing for a trusted one', [decided('trusted'), { kind: 'withdrew' }], 'trusted'],
    ['trust ends', [decided('trusted'), { kind: 'ended' }], 'untrusted'],
    ['who asks after the end is pending', [decided('trusted'), { kind: 'ended' }, { kind: 'asked' }], 'pending'],
    ['a rejected one does not ask again', [{ kind: 'asked' }, decided('untrusted'), { kind: 'asked' }], 'untrusted'],
    ['revoked from trusted', [decided('trusted'), decided('revoked')], 'revoked'],
    ['revoked from untrusted', [decided('revoked')], 'revoked'],
    ['asking does not lift a revocation', [decided('revoked'), { kind: 'asked' }], 'revoked'],
    ['an end does not lift a revocation', [decided('revoked'), { kind: 'ended' }], 'revoked'],
    ['only a person lifts a revocation', [decided('revoked'), decided('trusted')], 'trusted']
  ])('%s', (_, events, level) => {
    expect(after(...events).level).toBe(level)
  })
})

const mission: MissionFacts = {
  id: 'a'.repeat(64) as MissionId,
  name: 'Fire north',
  labels: ['kras'],
  onward: 'federation',
  isOwn: false,
  isMembers: false
}

function facts(trust: TrustState, more: Partial<PeerFacts> = {}): PeerFacts {
  const ours = { ownFederation: 'field', boundaries: [strictBoundary], time: 100, isJournalGood: true }
  return { trust, claimedFederation: 'field', ...ours, ...more }
}
function trusting(scope: Scope = everything, until?: number): TrustState {
  return { level: 'trusted', decision: decision('trusted', scope, until), federation: 'field' }
}

describe('the policy', () => {
  it('lets a trusted peer of the own federation have everything', () => {
    const peer = facts(trusting())
    expect([
      refuseLink(peer),
      refuseGiving(peer, mission),
      refuseTaking(peer, mission),
      refuseWriting(peer, mission)
    ]).toEqual([undefined, undefined, undefined, undefined])
  })

  it.each<[string, PeerFacts, string]>([
    ['a stranger', facts(stranger), 'peer-untrusted'],
    ['one who waits', facts({ level: 'pending' }), 'peer-untrusted'],
    ['a revoked one', facts(after(decided('trusted'), decided('revoked'))), 'peer-revoked'],
    ['one of another federation', facts(trusting(), { claimedFederation: 'drava' }), 'federation-differs'],
    ['one who changed federation with us', facts({ ...trusting(), federation: 'old' }), 'federation-changed'],
    ['one whose end has come', facts(trusting(everything, 100)), 'trust-ended'],
    ['anybody while the journal is damaged', facts(trusting(), { isJournalGood: false }), 'journal-damaged']
  ])('refuses %s on every path', (_, peer, code) => {
    expect([
      refuseLink(peer),
      refuseGiving(peer, mission),
      refuseTaking(peer, mission),
      refuseWriting(peer, mission)
    ]).toEqual([code, code, code, code])
  })

  it('revokes also while the journal is damaged', () => {
    expect(refuseLink(facts(after(decided('revoked')), { isJournalGood: false }))).toBe('peer-revoked')
  })

  it('keeps out and in apart', () => {
    const peer = facts(trusting({ out: ['Fire*'], in: ['Flood*'], access: 'write' }))
    expect(refuseGiving(peer, mission)).toBeUndefined()
    expect(refuseTaking(peer, mission)).toBe('outside-scope')
  })

  it('gives to read without letting write', () => {
    const peer = facts(trusting({ ...everything, access: 'read' }))
    expect(refuseGiving(peer, mission)).toBeUndefined()
    expect(refuseWriting(peer, mission)).toBe('outside-scope')
  })

  it('passes a mission on only if its create record says so', () => {
    const peer = facts(trusting())
    expect(refuseGiving(peer, { ...mission, onward: 'none' })).toBe('outside-scope')
    expect(refuseGiving(peer, { ...mission, onward: 'none', isOwn: true })).toBeUndefined()
    expect(refuseGiving(peer, { ...mission, onward: 'none', isMembers: true })).toBeUndefined()
  })
})

describe('a mission pattern', () => {
  it.each([
    ['*', true],
    ['Fire north', true],
    ['Fire*', true],
    ['*north', true],
    ['F*e*n*h', true],
    ['kras', true],
    ['k*s', true],
    [`id:${'a'.repeat(64)}`, true],
    ['Fire', false],
    ['fire north', false],
    ['north*', false],
    ['', false],
    [`id:${'b'.repeat(64)}`, false],
    ['Fire north*x', false]
  ])('%s covers it: %s', (pattern, expected) => {
    expect(matchesPattern(pattern, mission)).toBe(expected)
  })

  it('takes no time over a hostile pattern', () => {
    const started = performance.now()
    matchesPattern('*a'.repeat(64), { id: '', name: 'a'.repeat(63) + 'b', labels: [] })
    expect(performance.now() - started).toBeLessThan(200)
  })

  it('covers when one of several does', () => {
    expect(covers(['x', 'kras'], mission)).toBe(true)
    expect(covers([], mission)).toBe(false)
  })
})
