/** Parts of history and search by themselves: what came when, TAK's names, plain texts, and what an index finds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeId } from '@shared/model.js'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import type { LogLine, LogStore } from '../../src/main/engine/logs/log-store.js'
import { parseChange, type Change } from '../../src/main/engine/missions/change.js'
import { Fold } from '../../src/main/engine/missions/fold.js'
import { excerpt, plainText, wordsOf } from '../../src/main/engine/missions/plain-text.js'
import { endAt, parseReceipts, receivedAt } from '../../src/main/engine/missions/received.js'
import { takName } from '../../src/main/engine/missions/tak-change.js'
import { TextIndex } from '../../src/main/engine/missions/text-index.js'
import { VirtualTime } from '../sim/time.js'

describe('notes of when a journal grew', () => {
  const read = (text: string) => parseReceipts(Buffer.from(text))
  const minute = 60_000

  it('tell when a place came, and where the journal ended at a time', () => {
    const notes = read('[1,100,1000000]\n[1,900,1060000]\n[2,50,2000000]\n')
    expect(receivedAt(notes, { segment: 1, offset: 99 })).toBeUndefined()
    expect(receivedAt(notes, { segment: 1, offset: 100 })).toBe(1_000_000)
    expect(receivedAt(notes, { segment: 1, offset: 5000 })).toBe(1_060_000)
    expect(receivedAt(notes, { segment: 2, offset: 50 })).toBe(2_000_000)
    expect(endAt(notes, 999_999)).toBeUndefined()
    expect(endAt(notes, 1_000_000 + minute - 1)).toMatchObject({ segment: 1, offset: 900 })
    expect(endAt(notes, 1_500_000)).toMatchObject({ segment: 2, offset: 50 })
    expect(endAt(notes, 3_000_000)).toBe('everything')
    expect(endAt([], 3_000_000)).toBeUndefined()
  })

  it('forget what a power cut took from the journal, and lines that are cut', () => {
    expect(read('[1,100,1]\n[1,900,2]\n[1,500,3]\n')).toEqual([
      { segment: 1, offset: 100, at: 1 },
      { segment: 1, offset: 500, at: 3 }
    ])
    expect(read('[1,100,1]\n[1,900,17952\n[1,950,3]\nx\n[0,1,1]\n[1,1e3,1]')).toEqual([
      { segment: 1, offset: 100, at: 1 },
      { segment: 1, offset: 950, at: 3 }
    ])
  })
})

describe('a change by TAK’s name', () => {
  const set = (entity: string, field: string, value: unknown = 'x'): Change =>
    parseChange({ kind: 'set', at: 1, entity, field, value } as JsonObject) as Change
  it.each([
    ['mission', 'name', 'x', false, undefined, 't-x-m-c-m'],
    ['mission', 'keywords', ['x'], false, undefined, 't-x-m-c-k'],
    ['mission', 'deleted', true, false, 'DELETE_MISSION', 't-x-m-d'],
    ['mission', 'deleted', false, false, 'CREATE_MISSION', 't-x-m-n'],
    ['item/1', 'type', 'a-f-G', true, 'ADD_CONTENT', 't-x-m-c'],
    ['item/1', 'title', 'x', false, undefined, undefined],
    ['item/1', 'deleted', true, false, 'REMOVE_CONTENT', 't-x-m-c'],
    ['item/1', 'keywords', [], false, undefined, 't-x-m-c-k-u'],
    ['content/1', 'keywords', [], false, undefined, 't-x-m-c-k-c'],
    ['content/1', 'deleted', false, false, 'ADD_CONTENT', 't-x-m-c'],
    ['content/1', 'layer', 'x', false, undefined, 't-x-m-c-h'],
    ['log/1', 'text', 'x', true, undefined, 't-x-m-c-l'],
    ['layer/1', 'name', 'x', true, undefined, 't-x-m-c-h'],
    ['invitation/1', 'state', 'open', true, undefined, 't-x-m-i'],
    ['task/1', 'title', 'x', true, undefined, undefined]
  ])('%s %s %j, first: %s', (entity, field, value, isFirst, type, announcement) => {
    const expected = {
      ...(type === undefined ? {} : { type }),
      ...(announcement === undefined ? {} : { announcement })
    }
    expect(takName(set(entity, field, value), isFirst)).toEqual(expected)
  })

  it('of members is their role', () => {
    const admit = parseChange({ kind: 'admin/admit', at: 1, author: 'ab'.repeat(32), role: 'owner' }) as Change
    expect(takName(admit, false)).toEqual({ announcement: 't-x-m-r' })
  })
})

describe('plain texts', () => {
  it('have no case and no accents', () => {
    expect(plainText('Žižek ŁÓDŹ Straße İzmir Œuvre Smørrebrød ΣΊΣΥΦΟΣ Čerček')).toBe(
      'zizek lodz strasse izmir oeuvre smorrebrod σισυφοσ cercek'
    )
    expect(wordsOf('  Žižek\tžizek\nroad ')).toEqual(['zizek', 'road'])
  })

  it('are found in any text, and marked where they stand', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'aáÁßŁł😀 žZx\u0301Σς'), maxLength: 60 })
    fc.assert(
      fc.property(letters, letters, letters, (before, word, after) => {
        const [wanted] = wordsOf(word)
        fc.pre(wanted !== undefined)
        const { text, marks } = excerpt(`${before} ${word} ${after}`, [wanted], 40)
        let end = 0
        for (const [from, to] of marks) {
          expect(from).toBeGreaterThanOrEqual(end)
          expect(to).toBeLessThanOrEqual(text.length)
          expect(plainText(text.slice(from, to))).toContain(wanted[0])
          end = to
        }
        expect(text.isWellFormed()).toBe(true)
        expect(text.length).toBeLessThanOrEqual(43)
      })
    )
  })
})

describe('an index of texts', () => {
  const log = { author: 'ab'.repeat(32) as NodeId, epoch: '1'.repeat(32) }
  const entities = ['log/1', 'log/2', 'task/1']
  const fields = ['text', 'title', 'keywords']
  const words = ['road', 'ridge', 'roads', 'Žiga']
  const write = fc.record({
    entity: fc.constantFrom(...entities),
    field: fc.constantFrom(...fields),
    value: fc.oneof(
      fc.array(fc.constantFrom(...words), { maxLength: 3 }),
      fc.array(fc.constantFrom(...words), { maxLength: 3 }).map((some) => some.join(' ')),
      fc.constant(7)
    ),
    replaces: fc.boolean(),
    /** Whether somebody searches after it. */
    asks: fc.boolean()
  })

  it('finds what a look at every current text finds, whenever it is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 30 }), async (writes) => {
        const fold = new Fold(Buffer.alloc(8, 7), 0)
        const lines: LogLine[] = []
        const logs = {
          async *readLines(_: string, from: number, to: number) {
            yield lines.slice(from - 1, to)
          }
        } as unknown as LogStore
        const index = new TextIndex(fold, logs)
        const clock = new VirtualTime().clock()
        for (const { entity, field, value, replaces, asks } of writes) {
          const seq = lines.length + 1
          const hash = Buffer.alloc(32, seq)
          const seen = replaces ? fold.current(entity, field) : []
          const line: LogLine = { log, seq, hash, line: { kind: 'set', at: seq, entity, field, value, seen } }
          lines.push(line)
          fold.apply(line)
          if (asks) await index.catchUp(clock)
        }
        await index.catchUp(clock)
        expect(index.progress).toEqual({ done: lines.length, total: lines.length })
        for (const asked of ['road', 'ROADS zig', 'ridge road', 'nothing']) {
          const plain = wordsOf(asked)
          const found = index.find(plain)
          for (const [number, entity] of fold.entityNames().entries()) {
            const current = fold
              .at(number)
              .fields.flatMap(({ values }) => values.map(({ seq }) => lines[seq - 1]?.line))
            const texts = current.map((line) => plainText([line?.['value']].flat().filter(isText).join('\n')))
            const expected = plain.every((word) => texts.some((text) => text.includes(word)))
            expect(found[number] === 1, `${asked} in ${entity}`).toBe(expected)
          }
        }
      })
    )
  })
})

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
