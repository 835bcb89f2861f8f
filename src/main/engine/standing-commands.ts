/** Commands about who has what, and about what a scope would do. */
import type { CommandHandlers } from '@shared/contract.js'
import type { LackedChange, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok } from '@shared/result.js'
import type { LinkTable } from './links/link-table.js'
import { nameOfLine, type LogLine } from './logs/log-store.js'
import { parseChange } from './missions/change.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import { currentText } from './missions/views.js'
import { missionFacts } from './replication/mission-facts.js'
import type { Standing } from './replication/standing.js'
import { countOf, pageOf, type Stretch } from './replication/sync.js'
import { kept } from './storage/disk.js'
import { isPassedOn, refuseComing, refuseCrossing, refuseLink } from './trust/policy.js'
import { previewScope, type ScopedFacts } from './trust/scope-preview.js'
import type { TrustBook } from './trust/trust-book.js'

export interface StandingCommandParts {
  readonly ownId: NodeId
  readonly missions: Missions
  readonly links: LinkTable
  readonly trust: TrustBook
  readonly standing: Standing
  readonly nameOf: (mission: Mission, author: NodeId) => string
}

/** Of a value that is shown in a list; in characters. */
const shownTextMost = 200

export function createStandingCommands(
  parts: StandingCommandParts
): Pick<CommandHandlers, 'listOnlyHere' | 'previewScope'> {
  const { ownId, missions, links, trust, standing } = parts
  return {
    async listOnlyHere({ missionId, nodeId, offset, limit }) {
      const mission = missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const lacked = nodeId === undefined ? standing.heldByNobody(mission) : standing.lackedBy(mission, nodeId)
      const lines = await kept(readPage(mission, pageOf(lacked, offset, limit)))
      if (!lines.ok) return lines
      const items = lines.value.map((line) => lackedChange(line, parts.nameOf(mission, line.log.author)))
      return ok({ total: countOf(lacked), offset, items })
    },
    async previewScope({ nodeId, scope, until }) {
      if (until !== undefined && until <= trust.time) return fail('bad-until')
      const state = nodeId === undefined ? undefined : trust.stateOf(nodeId)
      const before = state?.level === 'trusted' ? state.decision?.scope : undefined
      const facts = missions.all().map((mission) => factsOf(mission, nodeId))
      const refused = nodeId === undefined ? undefined : refuseAfterYes(nodeId)
      return ok({ ...previewScope(scope, before, facts), ...(refused === undefined ? {} : { refused }) })
    }
  }

  /** Why nothing would cross although a person says yes. */
  function refuseAfterYes(nodeId: NodeId): ProblemCode | undefined {
    const refused = refuseLink(links.factsOf(nodeId))
    // The decision is what the yes would change.
    return refused === 'federation-differs' || refused === 'journal-damaged' ? refused : undefined
  }

  function factsOf(mission: Mission, nodeId: NodeId | undefined): ScopedFacts {
    const { summary, logs } = mission
    const items = Object.entries(summary.counts).reduce((sum, [type, n]) => sum + (type === 'mission' ? 0 : n), 0)
    const { changes, bytes } = logs
    const policed = missionFacts(mission, ownId, nodeId)
    const peer = nodeId === undefined ? undefined : links.factsOf(nodeId)
    return {
      ...policed,
      mayGo: isPassedOn(policed) && (peer === undefined || refuseCrossing(peer, policed) === undefined),
      mayCome: peer === undefined || refuseComing(peer, policed) === undefined,
      shownName: currentText(summary, 'name') ?? mission.signed.create.name,
      items,
      changes,
      bytes,
      theyLack: nodeId === undefined ? changes : countOf(standing.lackedBy(mission, nodeId))
    }
  }
}

async function readPage(mission: Mission, page: readonly Stretch[]): Promise<readonly LogLine[]> {
  const lines: LogLine[] = []
  for (const { key, from, to } of page) {
    const stretch: LogLine[] = []
    for await (const some of mission.logs.readLines(key, from, to)) stretch.push(...some)
    lines.push(...stretch.reverse())
  }
  return lines
}

function lackedChange(line: LogLine, authorName: string): LackedChange {
  const change = parseChange(line.line)
  const common = {
    name: nameOfLine(line),
    kind: line.line['kind'] as string,
    author: line.log.author,
    authorName,
    at: line.line['at'] as number
  }
  if (change.kind !== 'set') return common
  const { entity, field, value } = change
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return { ...common, entity, field, text: [...text.slice(0, 2 * shownTextMost)].slice(0, shownTextMost).join('') }
}
