/** What a person can ask about a peer: what its trust rests on, what it was given since, and what revoking it would stop. */
import type { CommandHandlers } from '@shared/contract.js'
import type { NodeId } from '@shared/model.js'
import { fail, ok } from '@shared/result.js'
import type { LinkTable } from './links/link-table.js'
import { wantsCut } from './missions/administer.js'
import type { Missions } from './missions/missions.js'
import { currentText } from './missions/views.js'
import { statementView } from './overview.js'
import { missionFacts } from './replication/mission-facts.js'
import type { PeerBook } from './trust/peer-book.js'
import { refuseGiving } from './trust/policy.js'
import type { TrustBook } from './trust/trust-book.js'

export interface TrustStoryParts {
  readonly ownId: NodeId
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly links: LinkTable
}

/** Listed of them; the numbers speak of all. */
const missionsMost = 200
/** The newest. */
const statementsMost = 100

export function createTrustStory({
  ownId,
  trust,
  peers,
  missions,
  links
}: TrustStoryParts): Pick<CommandHandlers, 'trustStory'> {
  return {
    async trustStory({ nodeId }) {
      const peer = peers.peers.get(nodeId)
      if (peer === undefined) return fail('not-found')
      const facts = links.factsOf(nodeId)
      const given = missions.all().filter((one) => refuseGiving(facts, missionFacts(one, ownId, nodeId)) === undefined)
      const ours = missions.all().filter((one) => one.roleOf(ownId) === 'owner')
      return ok({
        firstMet: peer.firstMet,
        entries: trust.historyOf(nodeId),
        statements: trust.statementsAbout(nodeId).slice(-statementsMost).map(statementView),
        given: peer.given,
        missions: given.slice(0, missionsMost).map(({ id, summary, signed }) => ({
          id,
          name: currentText(summary, 'name') ?? signed.create.name
        })),
        revoking: {
          endsLink: links.linkTo(nodeId)?.state === 'up',
          missions: given.length,
          cuts: ours.filter(({ permissions }) => wantsCut(permissions, ownId, nodeId)).length
        }
      })
    }
  }
}
