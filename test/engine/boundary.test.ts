/** Every pair of mode and path (docs/protocol/trust.md, "Federation"): what crosses a boundary, and under which code it does not. */
import { describe, expect, it } from 'vitest'
import { openPolicy, type Boundary, type BoundaryMode, type FederationPolicy } from '@shared/boundary.js'
import type { MissionId } from '@shared/model.js'
import { everything } from '@shared/scope.js'
import {
  mayDelete,
  refuseFederation,
  refuseGiving,
  refuseLink,
  refuseTaking,
  refuseVouching,
  refuseWriting,
  type MissionFacts,
  type PeerFacts
} from '../../src/main/engine/trust/policy.js'
import type { TrustState } from '../../src/main/engine/trust/trust-state.js'

const mission: MissionFacts = {
  id: 'a'.repeat(64) as MissionId,
  name: 'Fire north',
  labels: ['kras'],
  onward: 'any',
  isOwn: false,
  isMembers: false
}
const full: FederationPolicy = { out: ['*'], in: ['*'], access: 'write', vouching: true, deletions: 'count' }
const narrow: FederationPolicy = { out: ['Fire*'], in: [], access: 'read', vouching: false, deletions: 'request' }

function boundary(mode: BoundaryMode): Boundary {
  return {
    mode,
    federations: [
      { name: 'drava', ...full },
      { name: 'sava', ...narrow }
    ]
  }
}

/** Trusted by a person, with everything, under the federation that it claims. */
function peer(claimedFederation: string, boundaries: readonly Boundary[], more: Partial<PeerFacts> = {}): PeerFacts {
  const decision = { level: 'trusted', at: 1, by: 'alpha', ground: 'words', scope: everything } as const
  const trust: TrustState = { level: 'trusted', decision, federation: claimedFederation }
  return { trust, claimedFederation, ownFederation: 'field', boundaries, time: 100, isJournalGood: true, ...more }
}

const paths = {
  discovery: (facts: PeerFacts) => refuseFederation(facts),
  link: (facts: PeerFacts) => refuseLink(facts),
  vouching: (facts: PeerFacts) => refuseVouching(facts),
  inbound: (facts: PeerFacts) => refuseTaking(facts, mission),
  'outbound, as an owner': (facts: PeerFacts) => refuseGiving(facts, { ...mission, onward: 'federation', isOwn: true }),
  'relaying what may go anywhere': (facts: PeerFacts) => refuseGiving(facts, mission),
  'relaying what stays in the federation': (facts: PeerFacts) =>
    refuseGiving(facts, { ...mission, onward: 'federation' }),
  'relaying what is not passed on': (facts: PeerFacts) => refuseGiving(facts, { ...mission, onward: 'none' }),
  'giving back to a member': (facts: PeerFacts) => refuseGiving(facts, { ...mission, onward: 'none', isMembers: true }),
  'its changes': (facts: PeerFacts) => refuseWriting(facts, mission),
  'its deletions': (facts: PeerFacts) => (mayDelete(facts) ? undefined : 'a request')
}
type Path = keyof typeof paths

const yes = undefined
const differs = 'federation-differs'
const outside = 'outside-boundary'
const nothing: Readonly<Record<Path, string | undefined>> = {
  discovery: differs,
  link: differs,
  vouching: differs,
  inbound: differs,
  'outbound, as an owner': differs,
  'relaying what may go anywhere': differs,
  'relaying what stays in the federation': differs,
  'relaying what is not passed on': differs,
  'giving back to a member': differs,
  'its changes': differs,
  'its deletions': 'a request'
}
const own: typeof nothing = {
  discovery: yes,
  link: yes,
  vouching: yes,
  inbound: yes,
  'outbound, as an owner': yes,
  'relaying what may go anywhere': yes,
  'relaying what stays in the federation': yes,
  'relaying what is not passed on': 'outside-scope',
  'giving back to a member': yes,
  'its changes': yes,
  'its deletions': yes
}
const listed: typeof nothing = {
  ...own,
  'relaying what stays in the federation': outside,
  'relaying what is not passed on': outside
}
const listedNarrow: typeof nothing = {
  ...listed,
  vouching: differs,
  inbound: outside,
  'its changes': outside,
  'its deletions': 'a request'
}
const unlistedInOpen: typeof nothing = { ...listed, vouching: differs, 'its deletions': 'a request' }

const table: readonly (readonly [BoundaryMode, string, typeof nothing])[] = [
  ['strict', 'field', own],
  ['strict', 'drava', nothing],
  ['strict', 'sava', nothing],
  ['strict', 'mura', nothing],
  ['bridging', 'field', own],
  ['bridging', 'drava', listed],
  ['bridging', 'sava', listedNarrow],
  ['bridging', 'mura', nothing],
  ['open', 'field', own],
  ['open', 'drava', listed],
  ['open', 'sava', listedNarrow],
  ['open', 'mura', unlistedInOpen]
]

describe.each(table)('in mode %s, a peer of %s', (mode, federation, expected) => {
  it.each(Object.keys(paths) as Path[])('%s', (path) => {
    expect(paths[path](peer(federation, [boundary(mode)]))).toBe(expected[path])
  })

  it('gets no further than what each policy in force allows', () => {
    const facts = peer(federation, [boundary(mode), boundary('strict')])
    for (const path of Object.keys(paths) as Path[])
      expect(paths[path](facts), path).toBe((federation === 'field' ? own : nothing)[path])
  })
})

describe('a peer that does not say its federation', () => {
  it('is judged by the one that the decision recorded', () => {
    const silent = { ...peer('drava', [boundary('strict')]), claimedFederation: '' }
    expect(refuseLink(silent)).toBe('federation-differs')
    expect(refuseTaking(silent, mission)).toBe('federation-differs')
    expect(refuseTaking({ ...silent, boundaries: [boundary('bridging')] }, mission)).toBeUndefined()
  })

  it('is not judged while nobody knows it', () => {
    const stranger = peer('', [boundary('strict')], { trust: { level: 'untrusted' } })
    expect(refuseFederation(stranger)).toBeUndefined()
    expect(refuseLink(stranger)).toBe('peer-untrusted')
  })
})

it('an open boundary never lets a certificate or a deletion of an unknown federation in by itself', () => {
  expect(openPolicy).toMatchObject({ vouching: false, deletions: 'request' })
})
