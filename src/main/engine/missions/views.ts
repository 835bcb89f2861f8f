/** What the window and the local API see of a mission: plain data made from the fold, and the values read for it. */
import type { ConflictView, EntityPage, EntityView, FieldView, FieldValue, Json, Member } from '@shared/model.js'
import type { ChangeName } from '@shared/model.js'
import type { JsonObject } from '../bytes/line.js'
import type { EntityIndex, Fold, FoldSummary, Ref } from './fold.js'
import type { Mission } from './mission.js'

/** The changes that the current values of some entities stand in. */
type Values = ReadonlyMap<ChangeName, JsonObject>

async function valuesOf(mission: Mission, entities: readonly EntityIndex[]): Promise<Values> {
  const refs = entities.flatMap(({ fields }) => fields.flatMap(({ values }) => values))
  const lines = await mission.read(refs)
  return new Map(refs.map(({ name }, index) => [name, lines[index] ?? {}]))
}

function entityView(mission: Mission, index: EntityIndex, values: Values): EntityView {
  const { author } = index.created.ref.log
  return {
    entity: index.entity,
    createdAt: index.created.at,
    createdBy: author,
    createdByName: mission.nameOf(author),
    deleted: index.deleted,
    fields: index.fields.map(({ field, values: refs }) => fieldView(mission, field, refs, values))
  }
}

function fieldView(mission: Mission, field: string, refs: readonly Ref[], values: Values): FieldView {
  return { field, values: refs.map((ref) => fieldValue(mission, ref, values.get(ref.name) ?? {})) }
}

function fieldValue(mission: Mission, { name, log }: Ref, line: JsonObject): FieldValue {
  return {
    name,
    value: line['value'] ?? null,
    author: log.author,
    authorName: mission.nameOf(log.author),
    at: line['at'] as number
  }
}

/** The entity `mission` itself; it is there even if nobody wrote a field of it. */
export async function missionEntity(mission: Mission, fold: Fold): Promise<EntityView> {
  const index = fold.entity('mission')
  if (index !== undefined) return entityView(mission, index, await valuesOf(mission, [index]))
  return {
    entity: 'mission',
    createdAt: mission.signed.create.at,
    createdBy: mission.creator,
    createdByName: mission.nameOf(mission.creator),
    deleted: false,
    fields: []
  }
}

export async function conflictList(mission: Mission, fold: Fold): Promise<readonly ConflictView[]> {
  const conflicts = fold.conflicts()
  const values = await valuesOf(
    mission,
    conflicts.map(({ entity, field }) => ({ ...entity, fields: entity.fields.filter((one) => one.field === field) }))
  )
  return conflicts.map(({ entity, field }) => ({
    entity: entity.entity,
    createdAt: entity.created.at,
    field: fieldView(mission, field, entity.fields.find((one) => one.field === field)?.values ?? [], values)
  }))
}

export function memberList(mission: Mission): readonly Member[] {
  const changes = new Map<string, number>()
  for (const { author, seq } of mission.logs.counting()) changes.set(author, (changes.get(author) ?? 0) + seq)
  return [...mission.permissions.members].map(([nodeId, { role, admittedBy }]) => ({
    nodeId,
    name: mission.nameOf(nodeId),
    role,
    changes: changes.get(nodeId) ?? 0,
    ...(admittedBy === undefined ? {} : { admittedBy, admittedByName: mission.nameOf(admittedBy) })
  }))
}

/** What the mission is called or described as; of several values the one with the newest claim. */
export function currentText({ texts }: FoldSummary, field: 'name' | 'description'): string | undefined {
  const newest = texts.filter((text) => text.field === field).sort((a, b) => b.at - a.at)[0]
  return typeof newest?.value === 'string' ? newest.value : undefined
}

export interface EntityQuery {
  readonly type: string
  readonly offset: number
  readonly limit: number
  readonly order: 'newest' | 'oldest'
  readonly filter?: string | undefined
}

export async function entityPage(mission: Mission, query: EntityQuery): Promise<EntityPage> {
  const fold = await mission.fold()
  const { version } = fold
  const { offset, limit } = query
  const listed = fold.list(query.type)
  const at = (index: number) => listed.at(query.order === 'oldest' ? index : listed.length - 1 - index)
  const filter = query.filter?.toLowerCase() ?? ''
  if (filter !== '') return { version, ...(await filtered(mission, listed.length, at, filter, offset, limit)), offset }
  const page: EntityIndex[] = []
  for (let index = offset; index < Math.min(listed.length, offset + limit); index++) {
    const entity = at(index)
    if (entity !== undefined) page.push(entity)
  }
  const values = await valuesOf(mission, page)
  const items = page.map((index) => entityView(mission, index, values))
  return { version, total: listed.length, offset, items }
}

/** Looks through all of them, some at a time, so that a long list blocks nobody. */
async function filtered(
  mission: Mission,
  length: number,
  at: (index: number) => EntityIndex | undefined,
  filter: string,
  offset: number,
  limit: number
): Promise<Pick<EntityPage, 'total' | 'items'>> {
  const items: EntityView[] = []
  let total = 0
  for (let from = 0; from < length; from += lookedAtOnce) {
    const some: EntityIndex[] = []
    for (let index = from; index < Math.min(length, from + lookedAtOnce); index++) {
      const entity = at(index)
      if (entity !== undefined) some.push(entity)
    }
    const values = await valuesOf(mission, some)
    for (const index of some) {
      if (!textOf(index, values).includes(filter)) continue
      if (total >= offset && items.length < limit) items.push(entityView(mission, index, values))
      total++
    }
  }
  return { total, items }
}

const lookedAtOnce = 500

function textOf({ fields }: EntityIndex, values: Values): string {
  const texts = fields.flatMap(({ values: refs }) => refs.map(({ name }) => values.get(name)?.['value'] ?? null))
  return texts
    .map((value: Json) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join('\n')
    .toLowerCase()
}
