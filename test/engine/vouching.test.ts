/** What a shown certificate changes, as one pure table; and that no such trust goes against a person. */
import { describe, expect, it } from 'vitest'
import type { Decision, NodeId } from '@shared/model.js'
import { everything } from '@shared/scope.js'
import type { Certificate } from '../../src/main/engine/certificates/x509.js'
import { nextTrust, stranger, type TrustState } from '../../src/main/engine/trust/trust-state.js'
import { nextVouch, type VouchFacts } from '../../src/main/engine/trust/vouching.js'

const nodeId = 'a'.repeat(64) as NodeId
const other = 'b'.repeat(64) as NodeId
const key = '1'.repeat(64)
const accepted = {
  as: 'anchor' as const,
  sha256: 'c'.repeat(64),
  name: 'Feld-CA',
  data: Buffer.alloc(0),
  at: 0,
  by: 'alpha',
  scope: everything,
  // Not looked at here.
  certificate: {} as Certificate
}
const ground = { accepted, until: 1000 }

function decided(over: Partial<Decision>): TrustState {
  const decision: Decision = { level: 'trusted', at: 0, by: 'alpha', ground: 'unseen', scope: everything, ...over }
  return { level: decision.level, decision, federation: 'field' }
}

const vouched = decided({ ground: 'anchor', until: 1000, certificate: { sha256: accepted.sha256, name: 'Feld-CA' } })
const ended: TrustState = { ...vouched, level: 'untrusted' }

describe('what a shown certificate changes', () => {
  const rows: readonly [string, Partial<VouchFacts>, ReturnType<typeof nextVouch>][] = [
    ['a stranger without a ground stays one', { ground: undefined }, 'nothing'],
    ['a stranger with a ground is trusted', {}, 'trust'],
    ['one that asks and has a ground is trusted', { state: { level: 'pending' } }, 'trust'],
    ['the same ground again changes nothing', { state: vouched, shownKey: key, owner: nodeId }, 'nothing'],
    ['another key with the same ground is a new decision', { state: vouched, shownKey: '2'.repeat(64) }, 'trust'],
    ['another end is a new decision', { state: vouched, shownKey: key, ground: { accepted, until: 2000 } }, 'trust'],
    [
      'another scope is a new decision',
      {
        state: vouched,
        shownKey: key,
        ground: { accepted: { ...accepted, scope: { ...everything, access: 'read' } }, until: 1000 }
      },
      'trust'
    ],
    ['trust that rested on it is lost without it', { state: vouched, shownKey: key, ground: undefined }, 'lost'],
    ['after its end it counts again once there is a ground', { state: ended, shownKey: key }, 'trust'],
    ['after its end nothing more is lost', { state: ended, shownKey: key, ground: undefined }, 'nothing'],
    ['a key that let in another node waits for a person', { owner: other }, 'shared'],
    ['so does one that was trusted on another key', { state: vouched, shownKey: '2'.repeat(64), owner: other }, 'lost'],
    ['what a person trusts stays the person’s', { state: decided({}), ground: undefined }, 'nothing'],
    ['also with a ground', { state: decided({}) }, 'nothing'],
    ['what a person refused stays refused', { state: decided({ level: 'untrusted' }) }, 'nothing'],
    ['what was revoked stays revoked', { state: decided({ level: 'revoked' }) }, 'nothing'],
    ['what a person’s end ended stays ended', { state: { ...decided({ until: 5 }), level: 'untrusted' } }, 'nothing'],
    [
      'what was trusted on a certificate and then revoked stays revoked',
      { state: { ...vouched, level: 'revoked' } },
      'nothing'
    ]
  ]

  it.each(rows)('%s', (_, facts, expected) => {
    const facts0: VouchFacts = { nodeId, state: stranger, ground, key, shownKey: undefined, owner: undefined }
    expect(nextVouch({ ...facts0, ...facts })).toBe(expected)
  })
})

describe('the levels', () => {
  it('lose what rested on a certificate, and only that', () => {
    expect(nextTrust(vouched, { kind: 'unvouched' }).level).toBe('untrusted')
    expect(nextTrust(decided({}), { kind: 'unvouched' }).level).toBe('trusted')
    expect(nextTrust(decided({ level: 'revoked', ground: 'anchor' }), { kind: 'unvouched' }).level).toBe('revoked')
  })

  it('forget everything but a revocation', () => {
    expect(nextTrust(decided({}), { kind: 'forgotten' })).toEqual(stranger)
    expect(nextTrust(decided({ level: 'untrusted' }), { kind: 'forgotten' })).toEqual(stranger)
    expect(nextTrust(decided({ level: 'revoked' }), { kind: 'forgotten' }).level).toBe('revoked')
  })
})
