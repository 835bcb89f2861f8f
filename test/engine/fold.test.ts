/** The fold gives the same view for the same set of lines, in every order (docs/protocol/missions.md: registers, deletion). */
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChangeName, NodeId } from '@shared/model.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import { rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { nameOfLine, type LogLine } from '../../src/main/engine/logs/log-store.js'
import { logKey } from '../../src/main/engine/logs/run.js'
import { creatorOf, type CreateRecord } from '../../src/main/engine/missions/create-record.js'
import { admitLine, setLine } from '../../src/main/engine/missions/change.js'
import { Fold, typeOf } from '../../src/main/engine/missions/fold.js'
import { Folded, namedLine } from '../support/folding.js'

const key = rawPublicKey(generateKeyPairSync('ed25519').privateKey)
const create: CreateRecord = {
  creator: key.toString('base64url'),
  nonce: '00'.repeat(16),
  name: 'Fire',
  labels: [],
  deputies: [],
  defaultRole: 'subscriber',
  onward: 'federation',
  fold: 1,
  at: 1000
}
const owner = creatorOf(create)
const other = 'b'.repeat(64) as NodeId
const third = 'c'.repeat(64) as NodeId
const epoch = '0'.repeat(32)

function nameOf(author: NodeId, seq: number): ChangeName {
  return `${author}.${epoch}.${String(seq)}.${String(seq).padStart(16, '0')}` as ChangeName
}

function line(author: NodeId, seq: number, content: JsonObject): LogLine {
  return namedLine(nameOf(author, seq), content)
}

/** With an admit of the other two before it, by the owner. */
function folded(...lines: readonly LogLine[]): Folded {
  const admits = [other, third].map((author, index) => line(owner, index + 1, admitLine(1, author, 'subscriber')))
  const moved = lines.map((one) => (one.log.author === owner ? line(owner, one.seq + 2, one.line) : one))
  return new Folded(create, [...admits, ...moved])
}

const at = fc.integer({ min: 0, max: 5 })
const author = fc.constantFrom(owner, other, third)
const content: fc.Arbitrary<JsonObject> = fc.oneof(
  fc
    .record({
      at,
      entity: fc.constantFrom('mission', 'log/1', 'log/2', 'task/1'),
      field: fc.constantFrom('text', 'deleted', 'name'),
      value: fc.constantFrom('a', 'b', true, null),
      seen: fc.array(fc.record({ author, seq: fc.integer({ min: 1, max: 12 }) }), { maxLength: 3 })
    })
    .map(({ at, entity, field, value, seen }) =>
      setLine(
        at,
        entity,
        field,
        value,
        seen.map((one) => nameOf(one.author, one.seq))
      )
    ),
  fc
    .record({ at, author, role: fc.constantFrom('subscriber' as const, 'read-only' as const) })
    .map((one) => admitLine(one.at, one.author, one.role)),
  fc.constantFrom({ kind: 'odd', at: 1 }, { kind: 'admin/odd', at: 1 }, { kind: 'set', at: 1, entity: '' })
)
const lines = fc.array(fc.tuple(author, content), { maxLength: 36 }).map((list) => {
  const seqs = new Map<NodeId, number>()
  return list.map(([who, what]) => {
    const seq = (seqs.get(who) ?? 0) + 1
    seqs.set(who, seq)
    return line(who, seq, what)
  })
})
/** A set of lines in two orders; lines of one log keep theirs, as the chain has it. */
const twoOrders = lines.chain((list) =>
  fc.tuple(
    fc.constant(list),
    fc.shuffledSubarray(
      list.map(({ log }) => log.author),
      { minLength: list.length }
    )
  )
)

function interleaved(list: readonly LogLine[], order: readonly NodeId[]): readonly LogLine[] {
  const waiting = new Map<NodeId, LogLine[]>()
  for (const one of list) waiting.set(one.log.author, [...(waiting.get(one.log.author) ?? []), one])
  return order.flatMap((who) => waiting.get(who)?.shift() ?? [])
}

function listed(fold: Fold, type: string): readonly (string | undefined)[] {
  const list = fold.list(type)
  return Array.from({ length: list.length }, (_, index) => list.at(index)?.entity)
}

describe('the fold', () => {
  it('gives one view for one set, in every order', () => {
    fc.assert(
      fc.property(twoOrders, ([list, order]) => {
        expect(new Folded(create, interleaved(list, order)).view()).toEqual(new Folded(create, list).view())
      }),
      { numRuns: 500 }
    )
  })

  it('is the same after it was saved and loaded in the middle', () => {
    fc.assert(
      fc.property(lines, fc.nat(), (list, where) => {
        const whole = new Fold(Buffer.alloc(8, 1), 0)
        let resumed = new Fold(Buffer.alloc(8, 2), 0)
        for (const [index, one] of list.entries()) {
          whole.apply(one)
          resumed.apply(one)
          if (index === where % (list.length + 1)) resumed = Fold.load(resumed.save()) ?? resumed
        }
        const loaded = Fold.load(resumed.save())
        expect(loaded?.summary()).toEqual(whole.summary())
        expect(loaded?.entityNames()).toEqual(whole.entityNames())
        for (const name of whole.entityNames()) expect(loaded?.entity(name)).toEqual(whole.entity(name))
        for (const { log } of list) expect(loaded?.foldedTo(logKey(log))).toBe(whole.foldedTo(logKey(log)))
      }),
      { numRuns: 200 }
    )
  })

  it('does not load what was altered or cut', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    fold.apply(line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])))
    const saved = fold.save()
    expect(Fold.load(saved)).toBeDefined()
    for (let at = 0; at < saved.length; at += 7) {
      const altered = Buffer.from(saved)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(Fold.load(altered)).toBeUndefined()
      expect(Fold.load(saved.subarray(0, at))).toBeUndefined()
    }
  })

  it('does not load what another version wrote', () => {
    const saved = new Fold(Buffer.alloc(8, 1), 0).save()
    const body = saved.toString('latin1', 0, saved.length - 32)
    const sealed = (text: string) => Buffer.concat([Buffer.from(text, 'latin1'), sha256(Buffer.from(text, 'latin1'))])
    expect(Fold.load(sealed(body))).toBeDefined()
    expect(body).toMatch(/^[^\n]*"version":2,/)
    expect(Fold.load(sealed(body.replace('"version":2,', '"version":1,')))).toBeUndefined()
  })

  it('tells equal contents by its seed: who does not know it can aim at none', () => {
    const columns = [1, 2].map((seed) => {
      const fold = new Fold(Buffer.alloc(8, seed), 0)
      fold.apply(line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])))
      const saved = fold.save()
      return saved.toString('hex', saved.indexOf('\n'), saved.length - 32)
    })
    expect(columns[0]).not.toBe(columns[1])
  })

  it('lists the entities of a type by the time their authors claim, without those that are deleted', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    fold.apply(line(owner, 1, setLine(30, 'log/c', 'text', 'x', [])))
    fold.apply(line(owner, 2, setLine(10, 'log/a', 'text', 'x', [])))
    expect(listed(fold, 'log')).toEqual(['log/a', 'log/c'])
    fold.apply(line(owner, 3, setLine(20, 'log/b', 'text', 'x', [])))
    fold.apply(line(owner, 4, setLine(5, 'task/1', 'text', 'x', [])))
    expect(listed(fold, 'log')).toEqual(['log/a', 'log/b', 'log/c'])
    fold.apply(line(owner, 5, setLine(40, 'log/b', 'deleted', true, [])))
    expect(listed(fold, 'log')).toEqual(['log/a', 'log/c'])
    fold.apply(line(owner, 6, setLine(41, 'log/b', 'deleted', false, [nameOf(owner, 5)])))
    expect(listed(fold, 'log')).toEqual(['log/a', 'log/b', 'log/c'])
    // An earlier claim that comes later moves it.
    fold.apply(line(other, 1, setLine(1, 'log/c', 'text', 'y', [])))
    expect(listed(fold, 'log')).toEqual(['log/c', 'log/a', 'log/b'])
    expect(fold.summary().counts).toEqual({ log: 3, task: 1 })
  })

  it('moves and adds what came since somebody looked', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    for (const [index, name] of ['a', 'b'].entries())
      fold.apply(line(owner, index + 1, setLine(10 * (index + 1), `log/${name}`, 'text', 'x', [])))
    expect(listed(fold, 'log')).toEqual(['log/a', 'log/b'])
    fold.apply(line(other, 1, setLine(1, 'log/b', 'text', 'y', [])))
    fold.apply(line(other, 2, setLine(5, 'log/c', 'text', 'y', [])))
    expect(listed(fold, 'log')).toEqual(['log/b', 'log/c', 'log/a'])
    fold.apply(line(other, 3, setLine(7, 'log/d', 'text', 'y', [])))
    expect(listed(fold, 'log')).toEqual(['log/b', 'log/c', 'log/d', 'log/a'])
  })

  it('lists what claims one time in the order of the names of the changes that made it, as text', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    const made: { readonly entity: string; readonly name: ChangeName }[] = []
    for (let seq = 1; seq <= 120; seq++)
      for (const author of [other, owner, third]) {
        const entity = `log/${author.slice(0, 4)}-${String(seq)}`
        fold.apply(line(author, seq, setLine(5, entity, 'text', 'x', [])))
        made.push({ entity, name: nameOf(author, seq) })
      }
    // A change 10 stands before a change 9, as its name does.
    const sorted = made.toSorted((one, two) => (one.name < two.name ? -1 : 1))
    expect(listed(fold, 'log')).toEqual(sorted.map(({ entity }) => entity))
  })

  it('calls what stands before the first slash of an entity its type', () => {
    expect(['mission', 'log/7', 'item/a/b', 'x/'].map(typeOf)).toEqual(['mission', 'log', 'item', 'x'])
  })

  it('keeps both values when neither author saw the other', () => {
    const made = folded(
      line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])),
      line(other, 1, setLine(2, 'log/1', 'text', 'two', []))
    )
    expect([...made.values('log/1', 'text')].sort()).toEqual(['one', 'two'])
    expect(made.fold.summary().conflicts).toBe(1)
  })

  it('shows a conflict until a write has seen all of it', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    const conflicts = () => [fold.summary().conflicts, fold.conflicts()]
    const both = [1, [{ entity: 'log/1', field: 'text' }]]
    fold.apply(line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])))
    fold.apply(line(other, 1, setLine(1, 'log/1', 'text', 'two', [])))
    fold.apply(line(third, 1, setLine(1, 'log/1', 'text', 'three', [])))
    expect(conflicts()).toEqual(both)
    fold.apply(line(owner, 2, setLine(2, 'log/1', 'text', 'one and two', [nameOf(owner, 1), nameOf(other, 1)])))
    expect(conflicts()).toEqual(both)
    fold.apply(line(other, 2, setLine(2, 'log/1', 'text', 'all', [nameOf(owner, 2), nameOf(third, 1)])))
    expect(conflicts()).toEqual([0, []])
  })

  it('lists conflicts by entity and field, whichever came first', () => {
    const places = [
      { entity: 'log/1', field: 'note' },
      { entity: 'log/1', field: 'text' },
      { entity: 'task/1', field: 'text' }
    ]
    for (const arrived of [places, places.toReversed()]) {
      const fold = new Fold(Buffer.alloc(8, 1), 0)
      arrived.forEach(({ entity, field }, index) => {
        fold.apply(line(owner, index + 1, setLine(1, entity, field, 'one', [])))
        fold.apply(line(other, index + 1, setLine(1, entity, field, 'two', [])))
      })
      expect(fold.conflicts()).toEqual(places)
    }
  })

  it('sees no conflict with a value that was replaced before it came', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    fold.apply(line(owner, 1, setLine(1, 'log/1', 'text', 'new', [nameOf(other, 1)])))
    fold.apply(line(other, 1, setLine(1, 'log/1', 'text', 'old', [])))
    expect(fold.summary().conflicts).toBe(0)
  })

  it('calls the same content written twice no conflict, and texts no other kind of content', () => {
    const made = folded(
      line(owner, 1, setLine(1, 'log/1', 'text', { a: 1 }, [])),
      line(other, 1, setLine(2, 'log/1', 'text', { a: 1 }, []))
    )
    expect(made.fold.summary().conflicts).toBe(0)
    const unlike = folded(
      line(owner, 1, setLine(1, 'log/1', 'text', 'true', [])),
      line(other, 1, setLine(2, 'log/1', 'text', true, []))
    )
    expect(unlike.fold.summary().conflicts).toBe(1)
  })

  it('lets a write replace what it names, and nothing else', () => {
    const made = folded(
      line(owner, 1, setLine(1, 'log/1', 'text', 'old', [])),
      line(other, 1, setLine(2, 'log/1', 'text', 'unseen', [])),
      line(owner, 2, setLine(3, 'log/1', 'text', 'new', [nameOf(owner, 3)])),
      line(owner, 3, setLine(3, 'log/2', 'text', 'elsewhere', [nameOf(other, 1)]))
    )
    expect([...made.values('log/1', 'text')].sort()).toEqual(['new', 'unseen'])
  })

  it('takes a value for replaced whose replacement came first', () => {
    const made = folded(
      line(other, 1, setLine(2, 'log/1', 'text', 'new', [nameOf(third, 1)])),
      line(third, 1, setLine(1, 'log/1', 'text', 'old', []))
    )
    expect(made.values('log/1', 'text')).toEqual(['new'])
  })

  it('never lets a clock decide', () => {
    const made = folded(
      line(owner, 1, setLine(9_000_000_000_000, 'log/1', 'text', 'from the future', [])),
      line(other, 1, setLine(1, 'log/1', 'text', 'settled', [nameOf(owner, 3)]))
    )
    expect(made.values('log/1', 'text')).toEqual(['settled'])
  })

  it('leaves an entity deleted that somebody edits at the same time', () => {
    const made = folded(
      line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])),
      line(owner, 2, setLine(2, 'log/1', 'deleted', true, [])),
      line(other, 1, setLine(3, 'log/1', 'text', 'edited', [nameOf(owner, 3)]))
    )
    expect(made.fold.entity('log/1')?.deleted).toBe(true)
    expect(made.fold.summary().counts['log']).toBe(0)
  })

  it('leaves an entity deleted that somebody brings back who saw another deletion', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    fold.apply(line(owner, 1, setLine(1, 'log/1', 'deleted', true, [])))
    fold.apply(line(other, 1, setLine(1, 'log/1', 'deleted', true, [])))
    fold.apply(line(other, 2, setLine(2, 'log/1', 'deleted', false, [nameOf(other, 1)])))
    expect(fold.entity('log/1')?.deleted).toBe(true)
    fold.apply(line(other, 3, setLine(3, 'log/1', 'deleted', false, [nameOf(owner, 1), nameOf(other, 2)])))
    expect(fold.entity('log/1')?.deleted).toBe(false)
  })

  it('keeps what two call the mission in the order of the names of their changes, not what was replaced before it came', () => {
    const fold = new Fold(Buffer.alloc(8, 1), 0)
    const [one, two] = [owner, other].sort()
    fold.apply(line(two!, 1, setLine(1, 'mission', 'name', 'second', [])))
    fold.apply(line(one!, 1, setLine(1, 'mission', 'name', 'first', [nameOf(third, 1)])))
    fold.apply(line(third, 1, setLine(1, 'mission', 'name', 'replaced', [])))
    expect(fold.summary().texts.map(({ value }) => value)).toEqual(['first', 'second'])
  })

  it('keeps what the mission is called, as long as it is current', () => {
    const made = folded(
      line(owner, 1, setLine(1, 'mission', 'name', 'Old', [])),
      line(owner, 2, setLine(2, 'mission', 'name', 'New', [nameOf(owner, 3)])),
      line(owner, 3, setLine(2, 'log/1', 'name', 'of an entry', []))
    )
    expect(made.fold.summary().texts.map(({ value }) => value)).toEqual(['New'])
  })

  it('counts unknown kinds, which have no effect', () => {
    const made = folded(line(owner, 1, { kind: 'later', at: 1, entity: 'log/1' }))
    expect(made.fold.summary().unknownKinds).toEqual({ later: 1 })
    expect(made.fold.entity('log/1')).toBeUndefined()
    expect(made.permissions.isReadOnly).toBe(false)
  })

  it('folds each line once and in its turn', () => {
    const fold = new Fold(Buffer.alloc(8), 0)
    fold.apply(line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])))
    expect(() => fold.apply(line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])))).toThrow('in its turn')
    expect(() => fold.apply(line(owner, 3, setLine(1, 'log/1', 'text', 'one', [])))).toThrow('in its turn')
    expect(nameOfLine(line(owner, 1, {}))).toBe(nameOf(owner, 1))
  })
})
