/** What the window and the local API see of a mission: plain data made from the fold. */
import type { ConflictView, EntityPage, EntityView, FieldView, Member } from '@shared/model.js'
import { isDeleted, typeOf, type Entity, type Register } from './fold.js'
import type { Mission } from './mission.js'

export function entityView(mission: Mission, name: string, entity: Entity): EntityView {
  return {
    entity: name,
    createdAt: entity.created.at,
    createdBy: entity.created.author,
    createdByName: mission.nameOf(entity.created.author),
    deleted: isDeleted(entity),
    fields: [...entity.fields].map(([field, register]) => fieldView(mission, field, register))
  }
}

export function fieldView(mission: Mission, field: string, register: Register): FieldView {
  return { field, values: register.values.map((value) => ({ ...value, authorName: mission.nameOf(value.author) })) }
}

/** The entity `mission` itself; it is there even if nobody wrote a field of it. */
export function missionEntity(mission: Mission): EntityView {
  const entity = mission.fold.entities.get('mission')
  if (entity !== undefined) return entityView(mission, 'mission', entity)
  return {
    entity: 'mission',
    createdAt: mission.signed.create.at,
    createdBy: mission.creator,
    createdByName: mission.nameOf(mission.creator),
    deleted: false,
    fields: []
  }
}

export function conflictList(mission: Mission): readonly ConflictView[] {
  return [...mission.fold.conflicts].sort().flatMap((key) => {
    const [name = '', field = ''] = key.split('\n')
    const entity = mission.fold.entities.get(name)
    const register = entity?.fields.get(field)
    if (entity === undefined || register === undefined) return []
    return [{ entity: name, createdAt: entity.created.at, field: fieldView(mission, field, register) }]
  })
}

export function memberList(mission: Mission): readonly Member[] {
  return [...mission.fold.members].map(([nodeId, { role, admittedBy }]) => ({
    nodeId,
    name: mission.nameOf(nodeId),
    role,
    changes: mission.fold.changesBy.get(nodeId) ?? 0,
    ...(admittedBy === undefined ? {} : { admittedBy, admittedByName: mission.nameOf(admittedBy) })
  }))
}

/** The text of a field with one value; with several, of the newest claim. */
export function currentText(mission: Mission, entity: string, field: string): string | undefined {
  const newest = [...mission.fold.current(entity, field)].sort((a, b) => b.at - a.at)[0]
  return typeof newest?.value === 'string' ? newest.value : undefined
}

export interface EntityQuery {
  readonly type: string
  readonly offset: number
  readonly limit: number
  readonly order: 'newest' | 'oldest'
  readonly filter?: string | undefined
}

/** The sorted names of one type, kept until the mission changes: a window scrolls through the same list many times. */
const sortedLists = new WeakMap<Mission, { version: number; lists: Map<string, readonly string[]> }>()

export function entityPage(mission: Mission, query: EntityQuery): EntityPage {
  const { fold } = mission
  let names = sortedNames(mission, query.type)
  const filter = query.filter?.toLowerCase()
  if (filter !== undefined && filter !== '')
    names = names.filter((name) => {
      const entity = fold.entities.get(name)
      return entity !== undefined && textOf(entity).includes(filter)
    })
  const total = names.length
  const from = query.order === 'oldest' ? query.offset : Math.max(0, total - query.offset - query.limit)
  const to = query.order === 'oldest' ? query.offset + query.limit : total - query.offset
  const range = names.slice(from, Math.max(from, to))
  if (query.order === 'newest') range.reverse()
  const items = range.flatMap((name) => {
    const entity = fold.entities.get(name)
    return entity === undefined ? [] : [entityView(mission, name, entity)]
  })
  return { version: fold.version, total, offset: query.offset, items }
}

function sortedNames(mission: Mission, type: string): readonly string[] {
  const { fold } = mission
  let kept = sortedLists.get(mission)
  if (kept === undefined || kept.version !== fold.version) {
    kept = { version: fold.version, lists: new Map() }
    sortedLists.set(mission, kept)
  }
  let names = kept.lists.get(type)
  if (names === undefined) {
    names = [...fold.entities]
      .filter(([name, entity]) => typeOf(name) === type && !isDeleted(entity))
      .sort(([, a], [, b]) => a.created.at - b.created.at || (a.created.name < b.created.name ? -1 : 1))
      .map(([name]) => name)
    kept.lists.set(type, names)
  }
  return names
}

function textOf(entity: Entity): string {
  return [...entity.fields.values()]
    .flatMap(({ values }) => values.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value))))
    .join('\n')
    .toLowerCase()
}
