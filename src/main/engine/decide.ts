/** A person decides about a peer: written into the journal, and what follows from it in the missions that we own. */
import type { DecisionRequest, Introduced } from '@shared/contract.js'
import type { ComparedCode, Decision, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, type Result } from '@shared/result.js'
import { everything, isWithin } from '@shared/scope.js'
import type { OwnIdentity } from './identity/identity.js'
import { bounds, limits } from './limits.js'
import type { LinkTable } from './links/link-table.js'
import { wantsCut } from './missions/administer.js'
import type { Missions } from './missions/missions.js'
import type { Clock } from './runtime/clock.js'
import type { PeerBook } from './trust/peer-book.js'
import { refuseFederation, type PeerFacts } from './trust/policy.js'
import type { TrustBook } from './trust/trust-book.js'
import { readStatement, signStatement } from './trust/statement.js'
import { hasEnded, introducerOf, stranger } from './trust/trust-state.js'
import type { Introductions } from './trust/introductions.js'
import type { Vouching } from './trust/vouching.js'

export interface DecideParts {
  readonly identity: OwnIdentity
  readonly clock: Clock
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly vouching: Vouching
  readonly links: LinkTable
  readonly introductions: Introductions
}

/**
 * @param compared with a pairing: the code that was equal. Once compared, it goes with every later `trusted` in a row: the
 * node ID is a hash of the key that it proved.
 */
export async function decide(
  parts: DecideParts,
  request: DecisionRequest,
  compared?: ComparedCode
): Promise<Result<null>> {
  const { trust, peers, clock, identity } = parts
  const peer = peers.peers.get(request.nodeId)
  if (peer === undefined) return fail('not-found', 'no peer of this node ID has said hello')
  const { level, scope = everything, until, reason, mayRevoke, mayIntroduce } = request
  const refused = refuseDecision(request, parts.links.factsOf(request.nodeId))
  if (refused !== undefined) return fail(refused)
  if (level !== 'revoked' && trust.isRetired(request.nodeId)) return fail('peer-retired')
  const before = trust.stateOf(request.nodeId).decision
  const proof =
    level === 'trusted' ? (compared ?? (before?.level === 'trusted' ? before.compared : undefined)) : undefined
  const ground = proof === undefined ? (request.ground ?? 'unseen') : 'code'
  const decision: Decision = {
    level,
    at: clock.now(),
    by: identity.callsign,
    ground,
    scope,
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
    ...(proof === undefined ? {} : { compared: proof }),
    ...(mayRevoke === undefined ? {} : { mayRevoke }),
    ...(mayIntroduce === undefined ? {} : { mayIntroduce }),
    ...noteVouchers(parts, request, before)
  }
  if (level === 'trusted' && trust.stateOf(request.nodeId).level !== 'trusted') peers.count(request.nodeId, undefined)
  // Who withholds its federation says it once it trusts; the decision counts for ours only.
  const federation = peer.federation || identity.federation
  const key = parts.vouching.keyShownBy(request.nodeId)
  const decided = await trust.decide({ nodeId: request.nodeId, callsign: peer.callsign, federation, decision, key })
  if (level === 'revoked') {
    const { nodeId, callsign } = { ...peer, nodeId: request.nodeId }
    await stateRevocation(parts, { nodeId, callsign, ...(reason === undefined ? {} : { reason }) })
  }
  // Also when the disk did not take the decision: it is in force, and each cut stands for itself.
  const ours = parts.missions.all().filter((mission) => mission.roleOf(identity.nodeId) === 'owner')
  if (level === 'revoked' && request.keepsChanges !== true)
    for (const mission of ours) {
      if (wantsCut(mission.permissions, identity.nodeId, request.nodeId)) await mission.remove(request.nodeId)
    }
  if (level === 'trusted')
    for (const mission of ours) {
      if (mission.permissions.cutsOn(request.nodeId).length > 0) await mission.takeBack(request.nodeId)
    }
  const settled = await settleIntroduced(parts, request.nodeId, request.introduced)
  return decided.ok ? settled : decided
}

/** Who vouches for it now, and did when it was trusted before. */
function noteVouchers(
  { introductions }: DecideParts,
  { level, nodeId }: DecisionRequest,
  before: Decision | undefined
): Pick<Decision, 'introducedBy'> {
  if (level !== 'trusted') return {}
  const all = [...(before?.introducedBy ?? []), ...introductions.vouchersOf(nodeId)]
  const each = [...new Map(all.map((one) => [one.nodeId, one])).values()].slice(0, bounds.vouchersNoted)
  return each.length === 0 ? {} : { introducedBy: each }
}

/**
 * A person says what becomes of those whom a peer introduced that may do so no more. Who was let in by its word is out already; who
 * is kept is trusted by a person's word from now on, with what it had.
 */
export async function settleIntroduced(
  { trust, peers, identity, clock }: Pick<DecideParts, 'trust' | 'peers' | 'identity' | 'clock'>,
  introducer: NodeId,
  { keep = [], takeBack = [] }: Introduced = {}
): Promise<Result<null>> {
  const settle = async (
    nodeId: NodeId,
    decision: Pick<Decision, 'level' | 'ground' | 'scope' | 'until' | 'introducedBy'>
  ) => {
    const peer = peers.peers.get(nodeId)
    const federation = trust.stateOf(nodeId).federation ?? peer?.federation ?? identity.federation
    return trust.decide({
      ...{ nodeId, callsign: peer?.callsign ?? '', federation, key: trust.keyOf(nodeId) },
      decision: { ...decision, at: clock.now(), by: identity.callsign }
    })
  }
  for (const nodeId of keep) {
    const state = trust.stateOf(nodeId)
    const { decision, level } = state
    if (level === 'trusted' || level === 'revoked' || decision === undefined || introducerOf(state) !== introducer)
      continue
    if (hasEnded(decision, trust.time)) continue
    const { scope, until, introducedBy = [] } = decision
    const end = until === undefined ? {} : { until }
    const kept = await settle(nodeId, { level: 'trusted', ground: 'unseen', scope, ...end, introducedBy })
    if (!kept.ok) return kept
  }
  for (const nodeId of takeBack) {
    const { level, decision } = trust.stateOf(nodeId)
    if (level !== 'trusted' || decision?.introducedBy?.some((one) => one.nodeId === introducer) !== true) continue
    const taken = await settle(nodeId, { level: 'untrusted', ground: 'unseen', scope: everything })
    if (!taken.ok) return taken
  }
  return ok(null)
}

/** Signs for others that a node is to be shut out, or that this one retires; in force and told at once. */
export async function stateRevocation(
  { trust, identity, clock }: Pick<DecideParts, 'trust' | 'identity' | 'clock'>,
  about: { readonly nodeId: NodeId; readonly callsign: string; readonly reason?: string }
): Promise<Result<null>> {
  const facts = {
    ...{ key: identity.publicKey.toString('base64url'), by: identity.callsign, node: about.nodeId },
    ...{ callsign: about.callsign.toWellFormed(), keys: trust.keysOf(about.nodeId).slice(-limits.statementKeys) },
    ...{ at: clock.now(), ...(about.reason === undefined ? {} : { reason: about.reason }) }
  }
  const statement = readStatement(signStatement(facts, identity.signingKey))
  if (typeof statement === 'string') throw new Error(statement)
  return trust.takeStatement(statement)
}

export function refuseDecision(
  {
    level,
    until,
    mayRevoke,
    mayIntroduce,
    scope = everything
  }: Pick<DecisionRequest, 'level' | 'until' | 'mayRevoke' | 'mayIntroduce' | 'scope'>,
  facts: PeerFacts
): ProblemCode | undefined {
  if ((mayRevoke === true || mayIntroduce !== undefined) && level !== 'trusted') return 'bad-request'
  if (until !== undefined && (level !== 'trusted' || until <= facts.time)) return 'bad-until'
  if (level !== 'trusted') return undefined
  if (mayIntroduce?.letsIn !== undefined && !isWithin(mayIntroduce.letsIn, scope)) return 'bad-scope'
  // What an earlier decision recorded is nothing that this one rests on.
  return refuseFederation({ ...facts, trust: stranger })
}
