/** Every state of trust with every event, as the table of docs/protocol/trust.md says. */
import { describe, expect, it } from 'vitest'
import type { Decision } from '@shared/model.js'
import { everything } from '@shared/scope.js'
import { nextTrust, stranger, type TrustEvent, type TrustState } from '../../src/main/engine/trust/trust-state.js'

function decided(level: Decision['level'], ground: Decision['ground'] = 'words'): TrustEvent {
  return { kind: 'decided', decision: { level, at: 1, by: 'alpha', ground, scope: everything }, federation: 'field' }
}

const retired: TrustEvent = {
  kind: 'retired',
  decision: { level: 'revoked', at: 2, by: 'bravo', ground: 'statement', scope: everything }
}
/** By its ground: a person's word, or a certificate. */
const events = {
  asked: { kind: 'asked' },
  withdrew: { kind: 'withdrew' },
  'decided: trusted': decided('trusted'),
  'decided: trusted by certificate': decided('trusted', 'anchor'),
  'decided: untrusted': decided('untrusted'),
  'decided: revoked': decided('revoked'),
  ended: { kind: 'ended' },
  unvouched: { kind: 'unvouched' },
  regrounded: { kind: 'regrounded', scope: { out: [], in: [], access: 'read' }, until: 9 },
  forgotten: { kind: 'forgotten' },
  retired
} satisfies Readonly<Record<string, TrustEvent>>

const after = (...all: readonly TrustEvent[]): TrustState => all.reduce(nextTrust, stranger)
const states = {
  stranger: after(),
  pending: after(events.asked),
  refused: after(events.asked, events['decided: untrusted']),
  trusted: after(events['decided: trusted']),
  vouched: after(events['decided: trusted by certificate']),
  over: after(events['decided: trusted'], events.ended),
  revoked: after(events['decided: revoked']),
  retired: after(retired)
} satisfies Readonly<Record<string, TrustState>>

/** The state by name, `narrowed` where its decision gives less, or another level with the decision that was there. */
function nameOf(state: TrustState): string {
  const { level, decision } = state
  if (state.isRetired === true) return 'retired'
  if (level === 'revoked') return 'revoked'
  if (level === 'pending') return decision === undefined ? 'pending' : 'asks-again'
  if (level === 'trusted') {
    if (decision?.ground !== 'anchor') return 'trusted'
    return decision.until === 9 && decision.scope.access === 'read' ? 'narrowed' : 'vouched'
  }
  if (decision === undefined) return 'stranger'
  return decision.level === 'untrusted' ? 'refused' : 'over'
}

/** In the order of `states`. */
const table: Readonly<Record<keyof typeof events, string>> = {
  asked: 'pending pending refused trusted vouched asks-again revoked retired',
  withdrew: 'stranger stranger refused trusted vouched over revoked retired',
  'decided: trusted': 'trusted trusted trusted trusted trusted trusted trusted retired',
  'decided: trusted by certificate': 'vouched vouched vouched vouched vouched vouched vouched retired',
  'decided: untrusted': 'refused refused refused refused refused refused refused retired',
  'decided: revoked': 'revoked revoked revoked revoked revoked revoked revoked retired',
  ended: 'stranger pending refused over over over revoked retired',
  unvouched: 'stranger pending refused trusted over over revoked retired',
  regrounded: 'stranger pending refused trusted narrowed over revoked retired',
  forgotten: 'stranger stranger stranger stranger stranger stranger revoked retired',
  retired: 'retired retired retired retired retired retired retired retired'
}

describe('trust', () => {
  it('names each state apart', () => {
    expect(Object.values(states).map(nameOf)).toEqual(Object.keys(states))
  })

  it.each(Object.keys(events) as (keyof typeof events)[])('takes "%s" in every state as the table says', (name) => {
    expect(Object.values(states).map((state) => nameOf(nextTrust(state, events[name])))).toEqual(table[name].split(' '))
  })

  it('has no event that the table leaves out', () => {
    const kinds: Readonly<Record<TrustEvent['kind'], true>> = {
      ...{ asked: true, withdrew: true, decided: true, ended: true, unvouched: true, regrounded: true },
      ...{ forgotten: true, retired: true }
    }
    expect(new Set(Object.values(events).map(({ kind }) => kind))).toEqual(new Set(Object.keys(kinds)))
  })
})
