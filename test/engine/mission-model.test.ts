/** What the fields of a mission hold: what is read of them, and what is not. */
import { describe, expect, it } from 'vitest'
import { fieldsOf, idOf, type EntityType } from '@shared/mission-model.js'
import type { ChangeName, EntityView, Json, NodeId } from '@shared/model.js'
import { acceptedInvitation } from '../../src/main/engine/missions/invitations.js'

const ours = 'a0'.repeat(32) as NodeId
const theirs = 'b0'.repeat(32) as NodeId
const other = 'c0'.repeat(32) as NodeId
const sha = '5f'.repeat(32)

function view(entity: string, fields: Readonly<Record<string, readonly (readonly [Json, NodeId])[]>>): EntityView {
  return {
    entity,
    createdAt: 1,
    createdBy: ours,
    createdByName: 'alpha',
    deleted: false,
    fields: Object.entries(fields).map(([field, values]) => ({
      field,
      values: values.map(([value, author], index) => ({
        name: `${author}.${String(index)}` as ChangeName,
        value,
        author,
        authorName: 'x',
        at: 1
      }))
    }))
  }
}

/** What is read of one value of one field. */
function readOf(entity: string, field: string, value: Json): unknown {
  const [type = ''] = entity.split('/', 1)
  const read: Readonly<Record<string, unknown>> = fieldsOf(
    type as EntityType,
    view(entity, { [field]: [[value, ours]] })
  )
  return Object.hasOwn(read, field) ? read[field] : undefined
}

describe('a value', () => {
  it.each<readonly [string, string, Json]>([
    ['mission', 'keywords', ['fire', 'north']],
    ['mission', 'keywords', Array<string>(32).fill('k'.repeat(64))],
    ['item/uid-1', 'point', { lat: -90, lon: 180, hae: 12.5 }],
    [
      'item/uid-1',
      'points',
      [
        [45.1, 13.9],
        [45.2, 14]
      ]
    ],
    ['item/uid-1', 'type', 'a-f-G-U-C'],
    ['item/uid-1', 'color', '#ff8800'],
    [`content/${sha}`, 'size', 0],
    ['log/1', 'attachments', [sha]],
    ['task/1', 'state', 'work'],
    ['task/1', 'due', 1_795_252_262_010],
    ['layer/1', 'type', 'GROUP'],
    ['invitation/1', 'role', 'read-only'],
    ['invitation/1', 'invitee', ours]
  ])('%s %s may be %j', (entity, field, value) => {
    expect(readOf(entity, field, value)).toEqual(value)
  })

  it.each<readonly [string, string, Json]>([
    ['mission', 'name', 7],
    ['mission', 'keywords', ['']],
    ['mission', 'keywords', Array<string>(33).fill('k')],
    ['mission', 'keywords', ['k'.repeat(65)]],
    ['item/1', 'point', { lat: 91, lon: 0 }],
    ['item/1', 'point', { lat: 1 }],
    ['item/1', 'point', { lat: 1, lon: 1, ce: 'near' }],
    ['item/1', 'point', [1, 1]],
    ['item/1', 'points', [[1, 1]]],
    ['item/1', 'points', [[1, 1], [1]]],
    ['item/1', 'closed', 'yes'],
    ['item/1', 'color', 'red'],
    ['item/1', 'time', 8_640_000_000_000_001],
    ['item/1', 'time', 1.5],
    [`content/${sha}`, 'size', -1],
    ['log/1', 'text', { a: 1 }],
    ['log/1', 'attachments', ['abc']],
    ['log/1', 'deleted', 'true'],
    ['task/1', 'state', 'in work'],
    ['task/1', 'layer', 'two words'],
    ['layer/1', 'type', 'FOLDER'],
    ['invitation/1', 'invitee', 'alpha'],
    ['task/1', 'due', null],
    // What the table does not know.
    ['task/1', 'priority', { any: ['thing'] }],
    ['vehicle/1', 'state', 7],
    ['task/1', 'constructor', 7],
    ['constructor/1', 'name', 7]
  ])('%s %s is not %j', (entity, field, value) => {
    expect(readOf(entity, field, value)).toBeUndefined()
  })
})

describe('what is read of an entity', () => {
  it('leaves out what is not as it should be, and what is of another type', () => {
    const task = view('task/7', {
      title: [['Hold line B', ours]],
      state: [['in work', ours]],
      due: [[null, ours]],
      odd: [[1, ours]],
      assignee: [
        ['Ana', ours],
        ['Jörg', theirs]
      ]
    })
    expect(fieldsOf('task', task)).toEqual({ title: 'Hold line B', assignee: 'Ana' })
    expect(fieldsOf('log', task)).toEqual({})
    expect([idOf('task/7'), idOf('mission')]).toEqual(['7', ''])
  })
})

describe('an invitation', () => {
  const open = { invitee: [[theirs, ours]], role: [['owner', ours]], state: [['accepted', theirs]] } as const

  it('of ours that the invited accepted gives the role', () => {
    expect(acceptedInvitation(view('invitation/1', open), ours)).toEqual({ invitee: theirs, role: 'owner' })
  })

  it.each<readonly [string, Parameters<typeof view>[1]]>([
    ['somebody else accepted', { ...open, state: [['accepted', other]] }],
    ['we wrote the answer ourselves', { ...open, state: [['accepted', ours]] }],
    ['somebody else wrote the role', { ...open, role: [['owner', theirs]] }],
    ['somebody put itself in', { ...open, invitee: [[other, other]], state: [['accepted', other]] }],
    ['it is open', { ...open, state: [['open', theirs]] }],
    [
      'it was withdrawn at the same time',
      {
        ...open,
        state: [
          ['accepted', theirs],
          ['withdrawn', ours]
        ]
      }
    ],
    [
      'a role was added to it',
      {
        ...open,
        role: [
          ['subscriber', ours],
          ['owner', theirs]
        ]
      }
    ],
    ['no role is said', { invitee: open.invitee, state: open.state }]
  ])('gives nothing when %s', (_, fields) => {
    expect(acceptedInvitation(view('invitation/1', fields), ours)).toBeUndefined()
  })
})
