/** Requests to delete (docs/protocol/missions.md#requests-to-delete): who asks, and what answers. */
import type { ChangeName, EntityView, FieldValue, MissionSummary, NodeId, WriteRequest } from '@shared/model'
import { showName } from '../display/name'
import { fieldOf } from '../display/value'
import { mayWrite } from './role'
import { saying, type Saying } from './fact'

const field = 'deletionAsked'

/** Of what is deleted already nobody asks it. */
export function requestsOf(entity: EntityView | undefined): readonly FieldValue[] {
  if (entity === undefined || entity.deleted) return []
  return (fieldOf(entity, field)?.values ?? []).filter(({ value }) => value === true)
}

export function asksItself(entity: EntityView | undefined, own: NodeId | undefined): boolean {
  return requestsOf(entity).some(({ author }) => author === own)
}

/** Each who asks, once. */
export function askedSayings(entity: EntityView, own: NodeId | undefined): readonly Saying[] {
  const names = new Map(requestsOf(entity).map(({ author, authorName }) => [author, showName(authorName)]))
  const isMine = own !== undefined && names.delete(own)
  const others = names.size === 0 ? [] : [saying('asked.others', { names: [...names.values()].join(', ') }, names.size)]
  return isMine ? [...others, saying('asked.mine')] : others
}

/** Who may delete here, and so says yes or no to others. */
export function mayDelete(mission: MissionSummary): boolean {
  return mayWrite(mission) && mission.asksToDelete !== true
}

const namesIn = (entity: EntityView, name: string): readonly ChangeName[] =>
  (fieldOf(entity, name)?.values ?? []).map((value) => value.name)

/** A no, that also holds once who asked may delete. */
export function keepingChanges(entity: EntityView): readonly WriteRequest[] {
  const asked = namesIn(entity, field)
  return [
    { entity: entity.entity, field, value: false, seen: asked },
    { entity: entity.entity, field: 'deleted', value: false, seen: [...namesIn(entity, 'deleted'), ...asked] }
  ]
}

/** Takes back what this node asked itself: what it writes into `deleted` stands among the requests. */
export function withdrawingChanges(entity: EntityView, own: NodeId | undefined): readonly WriteRequest[] {
  const seen = requestsOf(entity).flatMap(({ author, name }) => (author === own ? [name] : []))
  return [{ entity: entity.entity, field: 'deleted', value: false, seen }]
}
