/** A person decides about a peer: written into the journal, and what follows from it in the missions that we own. */
import type { DecisionRequest } from '@shared/contract.js'
import type { ComparedCode, Decision, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, type Result } from '@shared/result.js'
import { everything } from '@shared/scope.js'
import type { OwnIdentity } from './identity/identity.js'
import { limits } from './limits.js'
import type { LinkTable } from './links/link-table.js'
import { wantsCut } from './missions/administer.js'
import type { Missions } from './missions/missions.js'
import type { Clock } from './runtime/clock.js'
import type { PeerBook } from './trust/peer-book.js'
import { refuseFederation, type PeerFacts } from './trust/policy.js'
import type { TrustBook } from './trust/trust-book.js'
import { readStatement, signStatement } from './trust/statement.js'
import { stranger } from './trust/trust-state.js'
import type { Vouching } from './trust/vouching.js'

export interface DecideParts {
  readonly identity: OwnIdentity
  readonly clock: Clock
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly vouching: Vouching
  readonly links: LinkTable
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
  const { level, scope = everything, until, reason, mayRevoke } = request
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
    ...(mayRevoke === undefined ? {} : { mayRevoke })
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
  return decided
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
  { level, until, mayRevoke }: Pick<DecisionRequest, 'level' | 'until' | 'mayRevoke'>,
  facts: PeerFacts
): ProblemCode | undefined {
  if (mayRevoke === true && level !== 'trusted') return 'bad-request'
  if (until !== undefined && (level !== 'trusted' || until <= facts.time)) return 'bad-until'
  if (level !== 'trusted') return undefined
  // What an earlier decision recorded is nothing that this one rests on.
  return refuseFederation({ ...facts, trust: stranger })
}
