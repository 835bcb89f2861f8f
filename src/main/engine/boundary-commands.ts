/** Commands about the boundary of the own federation. */
import type { Boundary } from '@shared/boundary.js'
import type { CommandHandlers } from '@shared/contract.js'
import type { BoundaryEffect, NodeId } from '@shared/model.js'
import { ok } from '@shared/result.js'
import type { LinkTable } from './links/link-table.js'
import type { Missions } from './missions/missions.js'
import { missionFacts } from './replication/mission-facts.js'
import type { PeerBook } from './trust/peer-book.js'
import { refuseGiving, refuseLink } from './trust/policy.js'
import type { TrustBook } from './trust/trust-book.js'

export interface BoundaryCommandParts {
  readonly ownId: NodeId
  readonly links: LinkTable
  readonly missions: Missions
  readonly peers: PeerBook
  readonly trust: TrustBook
}

/** Listed of them; the number speaks of all. */
const effectsMost = 200

export function createBoundaryCommands(
  parts: BoundaryCommandParts
): Pick<CommandHandlers, 'setBoundary' | 'previewBoundary'> {
  const { ownId, links, missions, peers, trust } = parts
  return {
    setBoundary: (boundary) => trust.setBoundary(boundary),
    previewBoundary(boundary) {
      const effects = [...peers.peers.values()]
        .filter(({ nodeId }) => trust.stateOf(nodeId).level === 'trusted')
        .map(({ nodeId, callsign, federation }) => ({ nodeId, callsign, federation, ...effectOn(nodeId, boundary) }))
        .filter(({ mayLink, missions: given }) => mayLink[0] !== mayLink[1] || given[0] !== given[1])
      return Promise.resolve(ok({ total: effects.length, effects: effects.slice(0, effectsMost) }))
    }
  }

  function effectOn(nodeId: NodeId, boundary: Boundary): Pick<BoundaryEffect, 'mayLink' | 'missions'> {
    const now = links.factsOf(nodeId)
    const then = { ...now, boundaries: [boundary] }
    const given = (facts: typeof now) =>
      missions.all().filter((mission) => refuseGiving(facts, missionFacts(mission, ownId, nodeId)) === undefined).length
    return {
      mayLink: [refuseLink(now) === undefined, refuseLink(then) === undefined],
      missions: [given(now), given(then)]
    }
  }
}
