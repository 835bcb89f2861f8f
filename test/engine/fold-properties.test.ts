/** The fold beside a model of a few lines that is obviously right and slow: the same view in every order, also from disk. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ChangeName, Json, NodeId } from '@shared/model.js'
import { nameOfLine, type LogLine } from '../../src/main/engine/logs/log-store.js'
import { logKey, type LogKey } from '../../src/main/engine/logs/run.js'
import { parseChange, setLine, type SetChange } from '../../src/main/engine/missions/change.js'
import { Fold, typeOf } from '../../src/main/engine/missions/fold.js'
import { namedLine } from '../support/folding.js'

const authors = ['a', 'b', 'c'].map((digit) => digit.repeat(64) as NodeId)
const linesMost = 8
const entities = ['mission', 'log/1', 'log/2', 'task/1'] as const
const createdAt = 2

interface Written {
  readonly line: LogLine
  readonly name: ChangeName
  readonly change: SetChange
}

function nameOf(author: number, seq: number): ChangeName {
  // The second half differs, too: a fold that keeps one half only is found out.
  return `${authors[author] ?? ''}.${'0'.repeat(32)}.${seq}.${`${author}${seq}`.repeat(8)}`.slice(
    0,
    97 + 1 + String(seq).length + 17
  ) as ChangeName
}

interface Drawn {
  readonly author: number
  /** A write, or a kind that nobody knows. */
  readonly content: Content | string
}

interface Content {
  readonly at: number
  readonly entity: string
  readonly field: string
  readonly value: Json
  /** What was written to this field before, counted back. */
  readonly saw: readonly number[]
  /** Whatever a hostile author names. */
  readonly named: readonly (readonly [number, number])[]
}

const fields = ['text', 'deleted', 'name', 'description']
const lines: fc.Arbitrary<readonly Drawn[]> = fc.array(
  fc.record({
    author: fc.nat(2),
    content: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record({
          at: fc.integer({ min: 0, max: 4 }),
          entity: fc.constantFrom(...entities),
          field: fc.constantFrom('text', ...fields),
          value: fc.constantFrom<Json[]>('a', 'b', '1', 1, true, true, false, null, [1]),
          saw: fc.array(fc.nat(2), { maxLength: 3 }),
          named: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: linesMost })), { maxLength: 2 })
        })
      },
      { weight: 1, arbitrary: fc.constantFrom('later', 'admin/later') }
    )
  }),
  { maxLength: 3 * linesMost }
)

/** A log of each author, in an order that keeps each log's own. */
function numbered(drawn: readonly Drawn[]): readonly LogLine[] {
  const counts = [0, 0, 0]
  /** By field, the newest first. */
  const written = new Map<string, readonly ChangeName[]>()
  return drawn.map(({ author, content }) => {
    const seq = (counts[author] ?? 0) + 1
    counts[author] = seq
    const name = nameOf(author, seq)
    if (typeof content === 'string') return namedLine(name, { kind: content, at: 9 })
    const { at, entity, field, value, saw, named } = content
    const before = written.get(`${entity} ${field}`) ?? []
    written.set(`${entity} ${field}`, [name, ...before])
    const seen = new Set([...saw.flatMap((back) => before[back] ?? []), ...named.map((one) => nameOf(...one))])
    // A name holds the hash of its line: no line can say its own.
    seen.delete(name)
    return namedLine(name, setLine(at, entity, field, value, [...seen]))
  })
}

/** The same lines in another order of the logs. */
function reordered(all: readonly LogLine[], picks: readonly number[]): readonly LogLine[] {
  const waiting = authors.map((author) => all.filter(({ log }) => log.author === author))
  const found: LogLine[] = []
  for (let at = 0; waiting.some((log) => log.length > 0); at++) {
    const left = waiting.filter((log) => log.length > 0)
    const next = left[(picks[at % picks.length] ?? 0) % left.length]?.shift()
    if (next !== undefined) found.push(next)
  }
  return found
}

function isWrite(line: LogLine): Written[] {
  const change = parseChange(line.line)
  return change.kind === 'set' ? [{ line, name: nameOfLine(line), change }] : []
}

function model(all: readonly LogLine[]) {
  const writes = all.flatMap(isWrite)
  const byName = (one: ChangeName, other: ChangeName) => (one < other ? -1 : 1)
  const valuesOf = (entity: string, field: string) => {
    const here = writes.filter(({ change }) => change.entity === entity && change.field === field)
    const replaced = new Set(here.flatMap(({ change }) => change.seen))
    return here.filter(({ name }) => !replaced.has(name)).sort((a, b) => byName(a.name, b.name))
  }
  const views = [...new Set(writes.map(({ change }) => change.entity))].map((entity) => {
    const here = writes.filter(({ change }) => change.entity === entity)
    const [first] = here.sort((a, b) => a.change.at - b.change.at || byName(a.name, b.name))
    const written = [...new Set(here.map(({ change }) => change.field))].sort()
    return {
      entity,
      created: { at: first?.change.at ?? 0, name: first?.name },
      deleted: valuesOf(entity, 'deleted').some(({ change }) => change.value === true),
      fields: written.map((field) => ({ field, values: valuesOf(entity, field).map(({ name }) => name) }))
    }
  })
  const live = views.filter(({ deleted }) => !deleted)
  const conflicts = views.flatMap(({ entity, fields }) =>
    fields
      .filter(
        ({ field }) => new Set(valuesOf(entity, field).map(({ change }) => JSON.stringify(change.value))).size > 1
      )
      .map(({ field }) => `${entity}\n${field}`)
  )
  const texts = ['name', 'description'].flatMap((field) =>
    valuesOf('mission', field).map(({ name, change: { at, value } }) => ({ field, name, at, value }))
  )
  const counted = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, names.filter((one) => one === name).length]))
  return {
    deleted: views.filter(({ deleted }) => deleted).map(({ entity }) => entity),
    views: views.toSorted((a, b) => (a.entity < b.entity ? -1 : 1)),
    lists: ['mission', 'log', 'task', 'none'].map((type) =>
      live
        .filter(({ entity }) => typeOf(entity) === type)
        .sort(
          (a, b) =>
            a.created.at - b.created.at ||
            byName(a.created.name ?? ('' as ChangeName), b.created.name ?? ('' as ChangeName))
        )
        .map(({ entity }) => entity)
    ),
    current: entities.map((entity) => valuesOf(entity, 'text').map(({ name }) => name)),
    conflicts: conflicts.sort(),
    summary: {
      version: all.length,
      lastChangeAt: Math.max(createdAt, ...writes.map(({ change }) => change.at)),
      conflicts: conflicts.length,
      counts: counted(live.map(({ entity }) => typeOf(entity))),
      unknownKinds: counted(all.filter(({ line }) => line['kind'] !== 'set').map(({ line }) => line['kind'] as string)),
      texts: texts.sort((a, b) => byName(a.name, b.name))
    },
    size: views.length,
    extent: Object.fromEntries(all.map(({ log, seq }) => [logKey(log), seq]))
  }
}

function shown(fold: Fold, all: readonly LogLine[]): ReturnType<typeof model> {
  const summary = fold.summary()
  return {
    deleted: [...fold.deletedEntities()].map((number) => fold.at(number).entity).toReversed(),
    views: [...fold.entityNames()].sort().map((name) => {
      const view = fold.entity(name)
      const number = fold.numberOf(name)
      if (view === undefined || number === undefined) throw new Error(`${name} is listed and not there`)
      const { entity, created, deleted } = view
      expect(fold.at(number)).toEqual(view)
      expect([fold.createdAt(number), fold.isDeleted(number)]).toEqual([created.at, deleted])
      const found = view.fields
        .toSorted((a, b) => (a.field < b.field ? -1 : 1))
        .map(({ field, values }) => ({ field, values: values.map(({ name }) => name) }))
      const shownIn = new Map(found.map(({ field, values }) => [field, values]))
      const currentIn = (field: string) =>
        all.filter(({ log, seq }) => fold.isCurrent(number, field, logKey(log), seq)).map(nameOfLine)
      const asked = [...fields, 'none']
      expect(asked.map((field) => currentIn(field).sort())).toEqual(asked.map((field) => shownIn.get(field) ?? []))
      return { entity, created: { at: created.at, name: created.ref.name }, deleted, fields: found }
    }),
    lists: ['mission', 'log', 'task', 'none'].map((type) => {
      const list = fold.list(type)
      expect([list.at(list.length), list.numberAt(list.length)]).toEqual([undefined, undefined])
      return Array.from({ length: list.length }, (_, index) => {
        const entity = list.at(index)?.entity ?? ''
        expect(list.numberAt(index)).toBe(fold.numberOf(entity))
        return entity
      })
    }),
    current: entities.map((entity) => [...fold.current(entity, 'text')]),
    conflicts: fold.conflicts().map(({ entity, field }) => `${entity}\n${field}`),
    summary: {
      ...summary,
      counts: Object.fromEntries(Object.entries(summary.counts).filter(([, count]) => count !== 0)),
      unknownKinds: { ...summary.unknownKinds },
      texts: [...summary.texts]
    },
    size: fold.size,
    extent: Object.fromEntries([...fold.logs()].map((key: LogKey) => [key, fold.foldedTo(key)]))
  }
}

it('shows what the model shows, in every order, whenever somebody looks, and after any restart', () => {
  fc.assert(
    fc.property(
      lines,
      fc.array(fc.nat(2), { minLength: 1, maxLength: 30 }),
      fc.array(fc.constantFrom('go on', 'go on', 'look', 'restart'), { minLength: 1, maxLength: 30 }),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      (drawn, picks, events, seed) => {
        const all = reordered(numbered(drawn), picks)
        let fold = new Fold(seed, createdAt)
        all.forEach((line, index) => {
          fold.apply(line)
          const event = events[index % events.length]
          if (event === 'look') expect(shown(fold, all)).toEqual(model(all.slice(0, index + 1)))
          if (event !== 'restart') return
          const loaded = Fold.load(fold.save())
          if (loaded === undefined) throw new Error('what is saved can be loaded')
          expect(loaded.save()).toEqual(fold.save())
          fold = loaded
        })
        expect(shown(fold, all)).toEqual(model(all))
        expect(fold.foldedTo('nobody' as LogKey)).toBe(0)
        expect(fold.entity('log/none')).toBeUndefined()
        expect(fold.current('log/none', 'text')).toEqual([])
      }
    ),
    { numRuns: 200 }
  )
})

it('says what was written to since a version, and all that was there when it was loaded later', () => {
  fc.assert(
    fc.property(lines, fc.nat(), (drawn, where) => {
      const all = numbered(drawn)
      const restart = where % (all.length + 1)
      const whole = new Fold(Buffer.alloc(8, 1), 0)
      let loaded = new Fold(Buffer.alloc(8, 1), 0)
      all.forEach((line, index) => {
        if (index === restart) loaded = Fold.load(loaded.save()) ?? whole
        whole.apply(line)
        loaded.apply(line)
      })
      expect([whole.version, loaded.version]).toEqual([all.length, all.length])
      if (restart === all.length) loaded = Fold.load(loaded.save()) ?? whole
      const writes = all.flatMap(isWrite)
      const isAmong = (some: readonly LogLine[], entity: string) =>
        some.flatMap(isWrite).some(({ change }) => change.entity === entity)
      for (const type of ['mission', 'log', 'none'])
        for (let version = 0; version <= all.length; version++) {
          const known = [...new Set(writes.map(({ change }) => change.entity))].filter((name) => typeOf(name) === type)
          const changed = known.filter((name) => isAmong(all.slice(version), name))
          expect(whole.changedSince(type, version)).toEqual(changed)
          const there = known.filter((name) => version < restart && isAmong(all.slice(0, restart), name))
          expect(new Set(loaded.changedSince(type, version))).toEqual(new Set([...changed, ...there]))
        }
    }),
    { numRuns: 100 }
  )
})

it('takes some 150 bytes for an entity with one field, however often that was written to and in which order', () => {
  const fold = new Fold(Buffer.alloc(8, 1), 0)
  const count = 300
  for (let entity = 0; entity < count; entity++) {
    const [first, late, other] = [nameOf(0, 2 * entity + 1), nameOf(0, 2 * entity + 2), nameOf(1, entity + 1)]
    const write = (name: ChangeName, seen: readonly ChangeName[]) =>
      fold.apply(namedLine(name, setLine(1, `log/${String(entity)}`, 'text', name, seen)))
    write(first, [])
    // On top of what came, and of what comes only after it.
    write(other, [first, late])
    write(late, [])
    expect(fold.current(`log/${String(entity)}`, 'text')).toEqual([other])
  }
  expect(fold.save().length / count).toBeLessThan(150)
})
