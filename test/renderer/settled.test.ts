/** Which changes count as settlements of the last day, and what comes later does to them. */
import { describe, expect, it } from 'vitest'
import type { ChangeName, HistoryEntry, NodeId } from '@shared/model'
import { settledForMs, settlementsOf } from '@/facts/settled'

const now = 1_795_252_261_057
const since = now - settledForMs

function entry(name: string, replaces: readonly string[], more: { field?: string; at?: number; here?: number } = {}) {
  const { field = 'state', at = now - 1_000, here } = more
  return {
    ...{ name: name as ChangeName, author: 'a0'.repeat(32) as NodeId, authorName: 'alpha', at, tak: {} },
    ...(here === undefined ? {} : { receivedAt: here }),
    change: {
      ...{ kind: 'set' as const, entity: 'task/1', createdAt: 0, field, value: 'done' },
      ...{ replaces: replaces as readonly ChangeName[], isFirst: false, isCurrent: true }
    }
  } satisfies HistoryEntry
}

const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)

describe('settlements', () => {
  it('are writes over more than one value, of the last day, and no deletions', () => {
    const fresh: readonly HistoryEntry[] = [
      entry('settles', ['a', 'b']),
      entry('writes', ['a']),
      entry('makes', []),
      entry('deletes', ['a', 'b'], { field: 'deleted' }),
      entry('old', ['a', 'b'], { at: since - 1 }),
      entry('came late', ['a', 'b'], { at: since - 1, here: now }),
      {
        ...entry('admits', []),
        change: { kind: 'admit', nodeId: 'b0'.repeat(32) as NodeId, name: 'bravo', role: 'owner' }
      }
    ]
    expect(namesOf(settlementsOf(fresh, [], since))).toEqual(['settles', 'came late'])
  })

  it('are known on, until their day is over, and say when they were written over', () => {
    const known = settlementsOf([entry('second', ['c', 'd']), entry('first', ['a', 'b'], { at: since })], [], since)
    const later = settlementsOf([entry('third', ['second', 'e']), entry('undoes', ['first'])], known, since)
    expect(later.map(({ name, change }) => [name, change.isCurrent])).toEqual([
      ['third', true],
      ['second', false],
      ['first', false]
    ])
    expect(namesOf(settlementsOf([], later, since + 1))).toEqual(['third', 'second'])
  })
})
