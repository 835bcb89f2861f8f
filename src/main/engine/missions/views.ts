/** What the window and the local API see of a mission: plain data made from the fold, and the values read for it. */
import type {
  BeyondLine,
  BeyondPage,
  ChangeName,
  ConflictPage,
  ConflictView,
  DeletedEditView,
  DeletedPage,
  EntityPage,
  EntityView,
  FieldValue,
  FieldView,
  Member,
  NodeId
} from '@shared/model.js'
import type { JsonObject } from '../bytes/line.js'
import { bounds } from '../limits.js'
import { nameOfLine, type LogLine } from '../logs/log-store.js'
import { logKey, parseChangeName } from '../logs/run.js'
import { deletedField, deletionAskedField, parseChange } from './change.js'
import type { EntityIndex, Fold, FoldSummary, Ref } from './fold.js'
import type { Mission } from './mission.js'
import { receivedAt } from './received.js'

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

/** One entity; `undefined` when nobody wrote anything of it. */
export async function entityOf(mission: Mission, fold: Fold, name: string): Promise<EntityView | undefined> {
  const index = fold.entity(name)
  return index === undefined ? undefined : entityView(mission, index, await valuesOf(mission, [index]))
}

/** Of these names, in their order, what is there. */
export async function entitiesNamed(
  mission: Mission,
  fold: Fold,
  names: readonly string[]
): Promise<readonly EntityView[]> {
  const indexes = names.flatMap((name) => fold.entity(name) ?? [])
  const values = await valuesOf(mission, indexes)
  return indexes.map((index) => entityView(mission, index, values))
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

/** What entities are called, for those that have a title or a name; of several values the first. */
export async function titlesOf(
  mission: Mission,
  entities: readonly EntityIndex[]
): Promise<ReadonlyMap<string, string>> {
  const titled = entities.flatMap(({ entity, fields }) => {
    const field = fields.find((one) => one.field === 'title' && one.values.length > 0) ?? fields.find(isNaming)
    const [ref] = field?.values ?? []
    return ref === undefined ? [] : [{ entity, ref }]
  })
  const lines = await mission.read(titled.map(({ ref }) => ref))
  return new Map(
    titled.flatMap(({ entity }, index) => {
      const value = lines[index]?.['value']
      return typeof value === 'string' && value !== '' ? [[entity, value] as const] : []
    })
  )
}

function isNaming({ field, values }: EntityIndex['fields'][number]): boolean {
  return field === 'name' && values.length > 0
}

export interface PageQuery {
  readonly offset: number
  readonly limit: number
}

export async function conflictPage(mission: Mission, fold: Fold, { offset, limit }: PageQuery): Promise<ConflictPage> {
  const conflicts = fold.conflicts()
  const { version } = fold
  const shown = conflicts.slice(offset, offset + limit).flatMap(({ entity, field }) => {
    const index = fold.entity(entity)
    const refs = index?.fields.find((one) => one.field === field)?.values ?? []
    return index === undefined ? [] : [{ index, field, refs }]
  })
  const values = await valuesOf(
    mission,
    shown.map(({ index, field, refs }) => ({ ...index, fields: [{ field, values: refs }] }))
  )
  const titles = await titlesOf(
    mission,
    shown.map(({ index }) => index)
  )
  const received = await receivedTimes(
    mission,
    shown.flatMap(({ refs }) => refs)
  )
  const items: ConflictView[] = []
  for (const { index, field, refs } of shown) {
    const title = titles.get(index.entity)
    const before = await valueBefore(mission, refs, values)
    const view = fieldView(mission, field, refs, values)
    items.push({
      entity: index.entity,
      createdAt: index.created.at,
      ...(title === undefined ? {} : { title }),
      field: { field, values: view.values.map((value) => withTime(value, received.get(value.name))) },
      ...(before === undefined ? {} : { before })
    })
  }
  return { version, total: conflicts.length, offset, items }
}

/** When changes came here. */
async function receivedTimes(mission: Mission, refs: readonly Ref[]): Promise<ReadonlyMap<ChangeName, number>> {
  const receipts = await mission.received.all()
  const found = new Map<ChangeName, number>()
  for (const { name, log, seq } of refs) {
    const place = await mission.logs.placeOf(logKey(log), seq)
    const at = place === undefined ? undefined : receivedAt(receipts, place)
    if (at !== undefined) found.set(name, at)
  }
  return found
}

function withTime(value: FieldValue, at: number | undefined): FieldValue {
  return at === undefined ? value : { ...value, receivedAt: at }
}

/** What all of these values replaced; of several the one with the latest claim. */
async function valueBefore(mission: Mission, refs: readonly Ref[], values: Values): Promise<FieldValue | undefined> {
  const [first = [], ...others] = refs.map(({ name }) => (values.get(name)?.['seen'] ?? []) as readonly ChangeName[])
  const common = first.filter((name) => others.every((names) => names.includes(name)))
  const found: FieldValue[] = []
  for (const name of common) {
    const { key, seq } = parseChangeName(name)
    const log = mission.logs.log(key)?.id
    // Replaced by name before it came.
    if (log === undefined || seq > mission.logs.countingSeq(key)) continue
    const [line] = await mission.read([{ log, seq, name }])
    if (line !== undefined) found.push(fieldValue(mission, { log, seq, name }, line))
  }
  return found.sort((a, b) => b.at - a.at)[0]
}

/**
 * Entities that are deleted, with current values that the deletion did not know: its author had not seen them. Of a
 * deletion that says nothing of other fields nothing can be said.
 */
export async function deletedEdits(mission: Mission, fold: Fold): Promise<readonly DeletedEditView[]> {
  const found: DeletedEditView[] = []
  let looked = 0
  for (const number of fold.deletedEntities()) {
    if (++looked > bounds.deletedLookedAt) break
    const index = fold.at(number)
    const values = await valuesOf(mission, [index])
    const deletions = index.fields
      .filter(({ field }) => field === deletedField)
      .flatMap(({ values: refs }) => refs)
      .filter(({ name }) => values.get(name)?.['value'] === true)
    const known = deletions.map(({ name }) => new Set((values.get(name)?.['seen'] ?? []) as readonly ChangeName[]))
    // Who asked for the deletion as well has edited nothing.
    const others = index.fields.filter(({ field }) => field !== deletedField && field !== deletionAskedField)
    const isTold = known.some((names) => others.some(({ values: refs }) => refs.some(({ name }) => names.has(name))))
    if (!isTold) continue
    const edits = others
      .map(({ field, values: refs }) => ({
        field,
        values: refs.filter((ref) => !isKnown(ref, deletions, known))
      }))
      .filter(({ values: refs }) => refs.length > 0)
    if (edits.length === 0) continue
    const title = (await titlesOf(mission, [index])).get(index.entity)
    found.push({
      entity: index.entity,
      ...(title === undefined ? {} : { title }),
      deletions: fieldView(mission, deletedField, deletions, values).values,
      edits: edits.map(({ field, values: refs }) => fieldView(mission, field, refs, values))
    })
  }
  return found
}

/** Who deleted it had seen this value, or wrote it before in the same log. */
function isKnown(ref: Ref, deletions: readonly Ref[], known: readonly ReadonlySet<ChangeName>[]): boolean {
  return deletions.some(
    (deletion, index) =>
      known[index]?.has(ref.name) === true || (logKey(deletion.log) === logKey(ref.log) && ref.seq < deletion.seq)
  )
}

export function memberList(mission: Mission): readonly Member[] {
  const changes = new Map<string, number>()
  for (const { author, seq } of mission.logs.counting()) changes.set(author, (changes.get(author) ?? 0) + seq)
  return [...mission.permissions.members].map(([nodeId, { role, admittedBy, rank, isRemoved, asksToDelete }]) => {
    const beyond = mission.beyond(nodeId).reduce((sum, { counts, head }) => sum + head.seq - counts, 0)
    const enders = new Set(mission.permissions.cutsOn(nodeId).map(({ by }) => by))
    return {
      nodeId,
      name: mission.nameOf(nodeId),
      role,
      changes: changes.get(nodeId) ?? 0,
      ...(admittedBy === undefined ? {} : { admittedBy, admittedByName: mission.nameOf(admittedBy) }),
      ...(rank === undefined ? {} : { rank }),
      ...(asksToDelete === undefined ? {} : { asksToDelete }),
      ...(isRemoved ? { removedBy: [...enders].map((by) => ({ nodeId: by, name: mission.nameOf(by) })) } : {}),
      ...(beyond === 0 ? {} : { beyond })
    }
  })
}

/** What is held of an author and does not count, as it was written, log by log. */
export async function beyondPage(
  mission: Mission,
  { nodeId, offset, limit }: { readonly nodeId: NodeId; readonly offset: number; readonly limit: number }
): Promise<BeyondPage> {
  const lines: BeyondLine[] = []
  let total = 0
  for (const { id, counts, head } of mission.beyond(nodeId)) {
    const from = counts + 1 + Math.max(0, offset - total)
    const to = Math.min(head.seq, from + limit - lines.length - 1)
    total += head.seq - counts
    if (from > to) continue
    for await (const some of mission.logs.readLines(logKey(id), from, to)) lines.push(...some.map(beyondLine))
  }
  return { total, lines }
}

function beyondLine(line: LogLine): BeyondLine {
  const change = parseChange(line.line)
  const seen = { name: nameOfLine(line), at: line.line['at'] as number, kind: line.line['kind'] as string }
  if (change.kind !== 'set') return seen
  const { entity, field, value } = change
  return { ...seen, set: { entity, field, value } }
}

/** For how long what was deleted is listed, by the claim of who deleted it; nothing is thrown away then. */
export const restorableMs = 30 * 24 * 3_600_000

/** How many entities are read at once. */
const lookedAtOnce = 500

/** What was deleted of late, the newest first. */
export async function deletedPage(
  mission: Mission,
  { since, ...range }: PageQuery & { readonly since: number }
): Promise<DeletedPage> {
  const fold = await mission.fold()
  return markedPage(mission, fold, { ...range, since, field: deletedField, numbers: fold.deletedEntities() })
}

/** What somebody asks to delete, the newest first. */
export async function askedPage(mission: Mission, range: PageQuery): Promise<DeletedPage> {
  const fold = await mission.fold()
  return markedPage(mission, fold, {
    ...range,
    ...{ since: -Infinity, field: deletionAskedField, numbers: fold.askedEntities() }
  })
}

interface Marked extends PageQuery {
  /** Left out: what was marked before, by the claim of who did. */
  readonly since: number
  /** In which `true` is the mark. */
  readonly field: string
  readonly numbers: Iterable<number>
}

async function markedPage(
  mission: Mission,
  fold: Fold,
  { offset, limit, since, field: markField, numbers }: Marked
): Promise<DeletedPage> {
  const { version } = fold
  const listed: { readonly index: EntityIndex; readonly at: number; readonly by: NodeId }[] = []
  const marked = [...numbers]
  for (let from = 0; from < marked.length; from += lookedAtOnce) {
    const some = marked.slice(from, from + lookedAtOnce).map((number) => fold.at(number))
    const marks = some.map((index) => ({ ...index, fields: index.fields.filter(({ field }) => field === markField) }))
    const values = await valuesOf(mission, marks)
    for (const [at, index] of some.entries()) {
      const by = (marks[at]?.fields[0]?.values ?? [])
        .map((ref) => ({ ref, line: values.get(ref.name) ?? {} }))
        .filter(({ line }) => line['value'] === true)
        .sort((a, b) => (b.line['at'] as number) - (a.line['at'] as number))[0]
      const claimed = by?.line['at'] as number
      if (by !== undefined && claimed >= since) listed.push({ index, at: claimed, by: by.ref.log.author })
    }
  }
  listed.sort((a, b) => b.at - a.at || (a.index.entity < b.index.entity ? -1 : 1))
  const page = listed.slice(offset, offset + limit)
  const values = await valuesOf(
    mission,
    page.map(({ index }) => index)
  )
  const items = page.map(({ index, at, by }) => ({
    entity: entityView(mission, index, values),
    at,
    by,
    byName: mission.nameOf(by)
  }))
  return { version, total: listed.length, items }
}

/** What the mission is called or described as; of several values the one with the newest claim. */
export function currentText({ texts }: FoldSummary, field: 'name' | 'description'): string | undefined {
  const newest = texts.filter((text) => text.field === field).sort((a, b) => b.at - a.at)[0]
  return typeof newest?.value === 'string' ? newest.value : undefined
}

export interface EntityQuery extends PageQuery {
  readonly type: string
  readonly order: 'newest' | 'oldest'
}

/** @param found only those entities of the fold, by their numbers. */
export async function entityPage(
  mission: Mission,
  fold: Fold,
  query: EntityQuery,
  found?: Uint8Array
): Promise<EntityPage> {
  const { version } = fold
  const { offset, limit } = query
  const listed = fold.list(query.type)
  const numberAt = (index: number) => listed.numberAt(query.order === 'oldest' ? index : listed.length - 1 - index)
  const page: EntityIndex[] = []
  let total = found === undefined ? listed.length : 0
  if (found === undefined)
    for (let index = offset; index < Math.min(listed.length, offset + limit); index++) {
      const number = numberAt(index)
      if (number !== undefined) page.push(fold.at(number))
    }
  else
    for (let index = 0; index < listed.length; index++) {
      const number = numberAt(index)
      if (number === undefined || found[number] !== 1) continue
      if (total >= offset && page.length < limit) page.push(fold.at(number))
      total++
    }
  const values = await valuesOf(mission, page)
  return { version, total, offset, items: page.map((index) => entityView(mission, index, values)) }
}

/** All entities of a type of which a mission has few, the oldest first; never for items, log entries, files. */
export async function entitiesOf(mission: Mission, type: string): Promise<readonly EntityView[]> {
  const fold = await mission.fold()
  const listed = fold.list(type)
  const indexes = Array.from({ length: listed.length }, (_, at) => listed.numberAt(at))
    .filter((one) => one !== undefined)
    .map((number) => fold.at(number))
  const values = await valuesOf(mission, indexes)
  return indexes.map((index) => entityView(mission, index, values))
}
