/** What a scope would do in a recorded field, who lacks what of it, and its tasks in their order. */
import type { ArgumentOf } from '@shared/contract'
import type {
  AuditEntry,
  EntityView,
  LackedPage,
  NodeId,
  Overview,
  ScopePreview,
  TaskPage,
  TrustStory
} from '@shared/model'
import { compareTasks, isTaskDone, taskStanding } from '@shared/task-order'
import { previewScope } from '../../src/main/engine/trust/scope-preview'
import type { Recorded } from './recorded'

/** Of a usual change. */
const bytesEach = 290

export function previewOf({ missions, peers }: Overview, { nodeId, scope }: ArgumentOf<'previewScope'>): ScopePreview {
  const peer = peers.find((item) => item.nodeId === nodeId)
  const before = peer?.level === 'trusted' ? peer.decision?.scope : undefined
  const facts = missions.map((mission) => ({
    ...mission,
    shownName: mission.name,
    isOwn: mission.role === 'owner',
    mayGo: mission.onward !== 'none' || mission.role === 'owner',
    mayCome: true,
    items: mission.entries,
    bytes: bytesEach * mission.changes,
    theyLack: mission.holders.find((item) => item.nodeId === nodeId)?.theyLack ?? mission.changes
  }))
  return previewScope(scope, before, facts)
}

export function lackedIn(
  { missions }: Recorded,
  overview: Overview,
  { missionId, nodeId, offset, limit }: ArgumentOf<'listOnlyHere'>
): LackedPage | undefined {
  const mission = missions.get(missionId)
  const summary = overview.missions.find((item) => item.id === missionId)
  if (mission === undefined || summary === undefined) return undefined
  const holder = summary.holders.find((item) => item.nodeId === nodeId)
  const total = nodeId === undefined ? summary.onlyHere : (holder?.theyLack ?? summary.changes)
  const changes = mission.entities
    .flatMap(({ entity, fields }) =>
      fields.flatMap(({ field, values }) => values.map((one) => ({ entity, field, one })))
    )
    .sort((a, b) => b.one.at - a.one.at)
    .slice(offset, Math.min(total, offset + limit))
  const items = changes.map(({ entity, field, one: { value, ...rest } }) => ({
    ...rest,
    ...{ entity, field, kind: 'set', text: typeof value === 'string' ? value : JSON.stringify(value) }
  }))
  return { total, offset, items }
}

export function tasksIn(entities: readonly EntityView[], offset: number, limit: number): Omit<TaskPage, 'version'> {
  const tasks = entities
    .filter((one) => one.entity.startsWith('task/') && !one.deleted)
    .sort((a, b) => compareTasks(taskStanding(a), taskStanding(b)))
  const open = tasks.filter((task) => !isTaskDone(task)).length
  return { total: tasks.length, open, offset, items: tasks.slice(offset, offset + limit) }
}

export function storyOf(
  { peers, missions }: Overview,
  audit: readonly AuditEntry[],
  nodeId: NodeId
): TrustStory | undefined {
  const peer = peers.find((item) => item.nodeId === nodeId)
  if (peer === undefined) return undefined
  const given = peer.level === 'trusted' ? missions : []
  return {
    firstMet: peer.firstMet,
    entries: audit.filter((entry) => entry.nodeId === nodeId && entry.decision !== undefined),
    statements: peer.statements ?? [],
    given: peer.given,
    missions: given.map(({ id, name }) => ({ id, name })),
    revoking: {
      endsLink: peer.link.state === 'linked',
      missions: given.length,
      cuts: given.filter(({ role }) => role === 'owner').length
    }
  }
}
