import type { ChangeName, MissionId, NodeId } from '@shared/model.js'
import { describe, expect, it } from 'vitest'
import { askedWithoutPause, faultsOf, type History, type HistoryEvent, type Standing } from './history.js'

const mission = 'a'.repeat(64) as MissionId
const author = 'b'.repeat(64) as NodeId
const epoch = 'c'.repeat(32)
const log = `${author}.${epoch}`
const nameOf = (seq: number) => `${log}.${String(seq)}.0123456789abcdef` as ChangeName

function standing(node: number, entries: readonly number[], other: Partial<Standing> = {}): Standing {
  const values = entries.map((seq) => ({ entity: `log/${String(seq)}`, field: 'text', name: nameOf(seq), text: '"x"' }))
  return { node, group: 0, mission, digest: 'd'.repeat(64), isCreator: node === 0, values, ...other }
}

function saved(node: number, seq: number): HistoryEvent {
  const entity = `log/${String(seq)}`
  return { kind: 'saved', node, mission, entity, field: 'text', name: nameOf(seq), isOnly: true }
}

function shown(node: number, ...entries: readonly number[]): HistoryEvent {
  return { kind: 'shown', node, mission, entities: new Set(entries.map((seq) => `log/${String(seq)}`)) }
}

const deleted = (node: number, seq: number): HistoryEvent => ({
  kind: 'deleted',
  node,
  mission,
  entity: `log/${String(seq)}`,
  name: `${'d'.repeat(64)}.${'0'.repeat(32)}.${String(seq)}.${'0'.repeat(16)}` as ChangeName
})
const run = (from: number, to: number, first: number, last: number, connection = 1): HistoryEvent => ({
  kind: 'frame',
  connection,
  from,
  to,
  type: 'run',
  lines: { mission, log, first, last }
})
const read = (from: number, first: number, last: number): HistoryEvent => ({
  kind: 'read',
  connection: 1,
  from,
  lines: { mission, log, first, last }
})
const wants = (from: number, to: number, last: number): HistoryEvent[] => [
  { kind: 'frame', connection: 1, from, to, type: 'want' },
  { kind: 'wanted', at: 0, connection: 1, from, mission, holds: last === 0 ? [] : [{ log, last }] }
]
const trust = (node: number, about: number, isRevoked: boolean): HistoryEvent => ({
  kind: 'trust',
  node,
  about,
  isRevoked
})
const cut = (last: number): HistoryEvent => ({
  kind: 'cut',
  mission,
  place: `cut at ${String(last)}`,
  author,
  accepted: [{ epoch, last }]
})

function faults(events: readonly HistoryEvent[], end: readonly Standing[] = []): readonly string[] {
  return faultsOf({ events, end })
}

describe('a history', () => {
  it('may be one in which all went well', () => {
    const history: History = {
      events: [
        saved(0, 1),
        run(0, 1, 1, 1),
        read(0, 1, 1),
        saved(0, 2),
        run(0, 1, 2, 2),
        shown(1, 1, 2),
        saved(1, 3),
        deleted(1, 2),
        shown(1, 1, 3)
      ],
      end: [standing(0, [1, 3]), standing(1, [1, 3])]
    }
    expect(faultsOf(history)).toEqual([])
  })

  it('may not be one in which something broke', () => {
    expect(faults([{ kind: 'broke', node: 1, what: 'writing: TypeError' }])).toEqual(['node 1: writing: TypeError'])
  })
})

describe('what was acknowledged', () => {
  it('is not lost by its author', () => {
    expect(faults([saved(0, 1)], [standing(0, [])])).toEqual(['node 0 lacks log/1, which node 0 had saved'])
  })

  it('is not lost by others of its group', () => {
    const end = [standing(0, [1]), standing(1, [], { digest: 'other' })]
    expect(faults([saved(0, 1)], end)).toContain('node 1 lacks log/1, which node 0 had saved')
  })

  it('need not be where its author is not reached', () => {
    expect(faults([saved(0, 1)], [standing(0, [1]), standing(1, [], { group: 1 })])).toEqual([])
  })

  it('may be gone with the only folder that held it', () => {
    expect(faults([saved(0, 1), { kind: 'went-back', node: 0, lost: [nameOf(1)] }], [standing(0, [])])).toEqual([])
    expect(faults([saved(0, 1), { kind: 'went-back', node: 0, lost: [nameOf(2)] }], [standing(0, [])])).toHaveLength(1)
  })

  it('need not be shown when it was deleted, or written after its author was cut', () => {
    expect(faults([saved(0, 1), deleted(0, 1)], [standing(0, [])])).toEqual([])
    expect(faults([saved(0, 2), cut(1)], [standing(0, [])])).toEqual([])
    expect(faults([saved(0, 2), cut(2)], [standing(0, [])])).toHaveLength(1)
  })
})

describe('digests', () => {
  const other = { digest: 'e'.repeat(64) }

  it('are equal in a group', () => {
    expect(faults([], [standing(0, [1]), standing(1, [1], other)])).toEqual([
      'nodes 0 and 1 hold different sets of changes'
    ])
    expect(faults([], [standing(0, [1]), standing(1, [1], { digest: undefined })])).toHaveLength(1)
    expect(faults([], [standing(0, [1]), standing(1, [1], { ...other, group: 1 })])).toEqual([])
  })

  it('stand for one view', () => {
    expect(faults([], [standing(0, [1]), standing(1, [1, 2])])).toEqual([
      'nodes 0 and 1 show different things for one digest'
    ])
  })
})

describe('what was deleted', () => {
  it('is not shown where the deletion is known', () => {
    expect(faults([deleted(0, 1)], [standing(0, [1]), standing(1, [1])])).toEqual([
      'node 0 shows log/1, which node 0 deleted',
      'node 1 shows log/1, which node 0 deleted'
    ])
  })

  it('does not come back', () => {
    const events = [deleted(2, 1), shown(0, 1), shown(0), shown(0, 1)]
    expect(faults(events)).toEqual(['node 0 shows log/1 again'])
    expect(faults([shown(0, 1), deleted(2, 1), shown(0)], [standing(0, [1])])).toEqual(['node 0 shows log/1 again'])
  })

  it('may come back on a node that went back to an older folder', () => {
    expect(
      faults([deleted(2, 1), shown(0, 1), shown(0), { kind: 'went-back', node: 0, lost: [] }, shown(0, 1)])
    ).toEqual([])
  })
})

describe('a cut author', () => {
  it('shows nothing beyond its cut where the mission’s creator is reached', () => {
    const end = [standing(0, [1, 2]), standing(1, [1, 2]), standing(2, [1, 2], { group: 1 })]
    expect(faults([cut(1)], end)).toEqual([
      'node 0 shows log/2, written after its author was cut',
      'node 1 shows log/2, written after its author was cut'
    ])
    expect(faults([cut(2)], end)).toEqual([])
  })

  it('is held to the narrower of two cuts, and by no epoch that a cut does not name', () => {
    expect(faults([cut(2), cut(1)], [standing(0, [1, 2])])).toHaveLength(1)
    const elsewhere: HistoryEvent = {
      kind: 'cut',
      mission,
      place: 'elsewhere',
      author,
      accepted: [{ epoch: 'f'.repeat(32), last: 9 }]
    }
    expect(faults([elsewhere], [standing(0, [1])])).toHaveLength(1)
  })
})

describe('who was revoked', () => {
  it('gets nothing that says more than who is there', () => {
    const frame = (type: string): HistoryEvent => ({ kind: 'frame', connection: 1, from: 0, to: 1, type })
    expect(faults([frame('have'), trust(0, 1, true), frame('intro'), frame('proof')])).toEqual([])
    expect(faults([trust(0, 1, true), frame('level')])).toEqual(['node 0 sent level to node 1, which it had revoked'])
    expect(faults([trust(1, 0, true), frame('have')])).toEqual([])
    expect(faults([trust(0, 1, true), trust(0, 1, false), frame('have')])).toEqual([])
  })
})

describe('a run', () => {
  it('does not cross a connection twice', () => {
    expect(faults([run(0, 1, 1, 2), run(0, 1, 1, 2)])).toEqual([
      'node 0 sent 1 to 2 of log bbbbbbbb to node 1, which held up to 2'
    ])
    expect(faults([run(0, 1, 1, 3), run(0, 1, 2, 2)])).toHaveLength(1)
  })

  it('may cross another connection, and begin with what is held', () => {
    expect(faults([run(0, 1, 1, 2), run(0, 1, 1, 2, 2)])).toEqual([])
    expect(faults([run(0, 1, 1, 2), run(0, 1, 1, 3)])).toEqual([])
  })

  it('is not sent back once it was read', () => {
    expect(faults([run(0, 1, 1, 2), run(1, 0, 1, 2)])).toEqual([])
    const hello: HistoryEvent = { kind: 'frame', connection: 1, from: 1, to: 0, type: 'intro' }
    // Who reads is known from what it sent before: its intro at least.
    expect(faults([hello, run(0, 1, 1, 2), read(0, 1, 2), run(1, 0, 1, 2)])).toEqual([
      'node 1 sent 1 to 2 of log bbbbbbbb to node 0, which held up to 2'
    ])
  })

  it('may be sent again to who asks and does not name it', () => {
    expect(faults([run(0, 1, 1, 2), ...wants(1, 0, 0), run(0, 1, 1, 2)])).toEqual([])
    expect(faults([run(0, 1, 1, 2), ...wants(1, 0, 2), run(0, 1, 1, 2)])).toHaveLength(1)
    expect(faults([...wants(1, 0, 2), run(0, 1, 1, 2)])).toHaveLength(1)
  })

  it('may be sent by a hostile peer as often as it likes', () => {
    expect(faults([run(-1, 1, 1, 2), run(-1, 1, 1, 2)])).toEqual([])
  })
})

describe('asking', () => {
  const asked = (at: number): HistoryEvent => ({ kind: 'wanted', at, connection: 1, from: 0, mission, holds: [] })

  it('has pauses', () => {
    const often = Array.from({ length: 31 }, (_, index) => asked(index * 10))
    expect(askedWithoutPause({ events: often, end: [] })).toEqual(['node 0 asked more than 30 times within a second'])
    const seldom = Array.from({ length: 31 }, (_, index) => asked(index * 100))
    expect(askedWithoutPause({ events: seldom, end: [] })).toEqual([])
  })
})
