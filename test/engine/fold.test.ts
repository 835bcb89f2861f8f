/** The fold gives the same view for the same set of lines, in every order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChangeName, NodeId } from '@shared/model.js'
import { generateKeyPairSync } from 'node:crypto'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import { rawPublicKey } from '../../src/main/engine/identity/signature.js'
import type { LogLine } from '../../src/main/engine/logs/log-store.js'
import { creatorOf, type CreateRecord } from '../../src/main/engine/missions/create-record.js'
import { admitLine, setLine } from '../../src/main/engine/missions/change.js'
import { Fold, isDeleted } from '../../src/main/engine/missions/fold.js'

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
  return { log: { author, epoch }, seq, name: nameOf(author, seq), line: content }
}

function fold(lines: readonly LogLine[]): Fold {
  const made = new Fold(create)
  for (const one of lines) made.apply(one)
  return made
}

/** Everything that a view is made of, in a comparable form. */
function viewOf(made: Fold): unknown {
  return {
    entities: [...made.entities]
      .map(([name, { fields, created }]) => ({
        name,
        created,
        fields: [...fields]
          .map(([field, { values }]) => ({ field, values }))
          .sort((a, b) => (a.field < b.field ? -1 : 1))
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    members: [...made.members].sort(),
    conflicts: [...made.conflicts].sort(),
    counts: [...made.counts].sort(),
    unknown: [...made.unknownKinds].sort(),
    readOnly: made.readOnly
  }
}

const at = fc.integer({ min: 0, max: 5 })
const author = fc.constantFrom(owner, other, third)
const content: fc.Arbitrary<JsonObject> = fc.oneof(
  fc
    .record({
      at,
      entity: fc.constantFrom('mission', 'log/1', 'log/2', 'task/1'),
      field: fc.constantFrom('text', 'deleted'),
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

describe('the fold', () => {
  it('gives one view for one set, in every order', () => {
    fc.assert(
      fc.property(
        lines.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(viewOf(fold(shuffled))).toEqual(viewOf(fold(list)))
        }
      ),
      { numRuns: 500 }
    )
  })

  it('keeps both values when neither author saw the other', () => {
    const made = fold([
      line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])),
      line(other, 1, setLine(2, 'log/1', 'text', 'two', []))
    ])
    expect(
      made
        .current('log/1', 'text')
        .map(({ value }) => value)
        .sort()
    ).toEqual(['one', 'two'])
    expect(made.conflicts.size).toBe(1)
  })

  it('calls the same content written twice no conflict', () => {
    const made = fold([
      line(owner, 1, setLine(1, 'log/1', 'text', { a: 1 }, [])),
      line(other, 1, setLine(2, 'log/1', 'text', { a: 1 }, []))
    ])
    expect(made.conflicts.size).toBe(0)
  })

  it('lets a write replace what it names, and nothing else', () => {
    const made = fold([
      line(owner, 1, setLine(1, 'log/1', 'text', 'old', [])),
      line(other, 1, setLine(2, 'log/1', 'text', 'unseen', [])),
      line(owner, 2, setLine(3, 'log/1', 'text', 'new', [nameOf(owner, 1)])),
      line(owner, 3, setLine(3, 'log/2', 'text', 'elsewhere', [nameOf(other, 1)]))
    ])
    expect(
      made
        .current('log/1', 'text')
        .map(({ value }) => value)
        .sort()
    ).toEqual(['new', 'unseen'])
  })

  it('never lets a clock decide', () => {
    const made = fold([
      line(owner, 1, setLine(9_000_000_000_000, 'log/1', 'text', 'from the future', [])),
      line(other, 1, setLine(1, 'log/1', 'text', 'settled', [nameOf(owner, 1)]))
    ])
    expect(made.current('log/1', 'text').map(({ value }) => value)).toEqual(['settled'])
  })

  it('leaves an entity deleted that somebody edits at the same time', () => {
    const made = fold([
      line(owner, 1, setLine(1, 'log/1', 'text', 'one', [])),
      line(owner, 2, setLine(2, 'log/1', 'deleted', true, [])),
      line(other, 1, setLine(3, 'log/1', 'text', 'edited', [nameOf(owner, 1)]))
    ])
    const entity = made.entities.get('log/1')
    expect(entity !== undefined && isDeleted(entity)).toBe(true)
    expect(made.counts.get('log')).toBe(0)
  })

  it('keeps unknown kinds without effect, and is read-only after an unknown administrative one', () => {
    const made = fold([line(owner, 1, { kind: 'later', at: 1, entity: 'log/1' })])
    expect([...made.unknownKinds]).toEqual([['later', 1]])
    expect(made.readOnly).toBe(false)
    made.apply(line(owner, 2, { kind: 'admin/cut', at: 1 }))
    expect(made.readOnly).toBe(true)
    expect(new Fold({ ...create, fold: 2 }).readOnly).toBe(true)
  })

  it('admits, and says who may write from now on', () => {
    const made = new Fold(create)
    expect(made.mayWrite(other)).toBe(false)
    expect(made.apply(line(owner, 1, admitLine(1, other, 'read-only')))).toBeUndefined()
    expect(made.mayWrite(other)).toBe(false)
    expect(made.apply(line(owner, 2, admitLine(1, other, 'subscriber')))).toBe(other)
    expect(made.mayWrite(other)).toBe(true)
    expect(made.apply(line(owner, 3, admitLine(1, owner, 'read-only')))).toBeUndefined()
    expect(made.members.get(owner)?.role).toBe('owner')
  })
})
