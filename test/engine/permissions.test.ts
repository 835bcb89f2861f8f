/** Whose changes count, rule by rule (docs/protocol/missions.md, "Members"). */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import type { NodeId, Role } from '@shared/model.js'
import type { ForkPoint } from '../../src/main/engine/logs/fork.js'
import { admitLine, cutLines, isAdministrative, parseChange } from '../../src/main/engine/missions/change.js'
import {
  affectedBy,
  permissionsOf,
  type AdminLine,
  type Permissions
} from '../../src/main/engine/missions/permissions.js'
import {
  admit,
  adopt,
  createRecord,
  cut,
  epoch,
  fork,
  hashAt,
  headOf,
  holds,
  line,
  linesWithin,
  logOf,
  nameOf,
  nodes,
  permissions,
  settle,
  tableOf,
  type Who
} from '../support/table.js'

function rolesOf({ members }: Permissions): Record<string, Role> {
  const found: Record<string, Role> = {}
  for (const who of Object.keys(nodes) as Who[]) {
    const role = members.get(nodes[who])?.role
    if (role !== undefined) found[who] = role
  }
  return found
}

function limit(table: Permissions, who: Who, log = 1): number | undefined {
  return table.limitOf(logOf(who, log))?.seq
}

function ranksOf(table: Permissions): readonly (number | undefined)[] {
  return (Object.keys(nodes) as Who[]).map((who) => table.members.get(nodes[who])?.rank)
}

describe('owners', () => {
  it('are the creator, then the deputies in their order, each once', () => {
    const table = permissions([], { deputies: ['delta', 'bravo', 'alpha', 'delta'] })
    expect(ranksOf(table)).toEqual([0, 2, undefined, 1, undefined, undefined])
    expect(table.members.get(nodes.delta)).toEqual({ role: 'owner', rank: 1, isRemoved: false })
  })

  it('are then those whom owners admit: by the rank of who admits, then by ID', () => {
    const table = permissions(
      [
        line('delta', 1, admit('bravo', 'owner')),
        line('alpha', 5, admit('foxtrot', 'owner')),
        line('alpha', 6, admit('echo', 'owner')),
        line('echo', 1, admit('charlie', 'owner'))
      ],
      { deputies: ['delta'] }
    )
    expect(ranksOf(table)).toEqual([0, 4, 5, 1, 2, 3])
    expect(table.members.get(nodes.charlie)).toEqual({
      role: 'owner',
      admittedBy: nodes.echo,
      rank: 5,
      isRemoved: false
    })
  })

  it('keep the highest rank that somebody gives them', () => {
    const table = permissions(
      [line('bravo', 1, admit('alpha', 'owner')), line('bravo', 2, admit('charlie', 'owner'))],
      {
        deputies: ['bravo', 'charlie']
      }
    )
    expect(ranksOf(table)).toEqual([0, 1, 2, undefined, undefined, undefined])
  })

  it('are made by owners only', () => {
    const table = permissions([line('alpha', 1, admit('bravo')), line('bravo', 1, admit('charlie', 'owner'))])
    expect(rolesOf(table)).toEqual({ alpha: 'owner', bravo: 'subscriber' })
  })
})

describe('members', () => {
  it('are found through chains of admits, in whatever order those came', () => {
    const table = permissions([
      line('charlie', 1, admit('delta', 'read-only')),
      line('bravo', 1, admit('charlie')),
      line('alpha', 1, admit('bravo'))
    ])
    expect(rolesOf(table)).toEqual({ alpha: 'owner', bravo: 'subscriber', charlie: 'subscriber', delta: 'read-only' })
    expect(limit(table, 'charlie')).toBeUndefined()
  })

  it('admit nobody while they may only read', () => {
    const table = permissions([line('alpha', 1, admit('bravo', 'read-only')), line('bravo', 1, admit('charlie'))])
    expect(rolesOf(table)).toEqual({ alpha: 'owner', bravo: 'read-only' })
    expect([limit(table, 'bravo'), table.counts(nodes.bravo), table.mayWrite(nodes.bravo)]).toEqual([0, false, false])
  })

  it('have the highest role that somebody gives them', () => {
    const table = permissions([
      line('alpha', 1, admit('bravo', 'read-only')),
      line('alpha', 2, admit('bravo')),
      line('alpha', 3, admit('bravo', 'read-only')),
      line('alpha', 4, admit('alpha', 'read-only'))
    ])
    expect(rolesOf(table)).toEqual({ alpha: 'owner', bravo: 'subscriber' })
  })

  it('are named as admitted by who is nearest to the create record, so that the names lead there', () => {
    const table = permissions([
      line('alpha', 1, admit('delta')),
      line('delta', 1, admit('charlie')),
      line('charlie', 1, admit('bravo')),
      line('bravo', 1, admit('delta')),
      line('bravo', 2, admit('charlie')),
      line('alpha', 2, admit('foxtrot')),
      line('foxtrot', 1, admit('echo')),
      line('delta', 2, admit('echo'))
    ])
    const by = (who: Who) => table.members.get(nodes[who])?.admittedBy
    expect([by('bravo'), by('charlie'), by('delta')]).toEqual([nodes.charlie, nodes.delta, nodes.alpha])
    expect(by('echo')).toBe(nodes.delta)
  })

  it('are nobody whom no chain leads to', () => {
    const table = permissions([line('bravo', 1, admit('charlie')), line('charlie', 1, admit('bravo'))])
    expect(rolesOf(table)).toEqual({ alpha: 'owner' })
    expect(limit(table, 'bravo')).toBe(0)
  })
})

describe('requests to delete', () => {
  const asking = (table: Permissions) =>
    (Object.keys(nodes) as Who[]).filter((who) => table.members.get(nodes[who])?.asksToDelete === true)

  it('are what a member makes whom nobody admitted without saying so, and whom it admits', () => {
    const table = permissions([
      line('alpha', 5, admit('bravo', 'subscriber', 'request')),
      line('alpha', 6, admit('charlie')),
      line('bravo', 1, admit('delta'))
    ])
    expect(asking(table)).toEqual(['bravo', 'delta'])
    expect(table.askers).toEqual([nodes.bravo, nodes.delta].sort())
  })

  it('end when somebody who may delete admits without saying so', () => {
    const lines = [
      line('alpha', 5, admit('bravo', 'subscriber', 'request')),
      line('alpha', 6, admit('charlie')),
      line('bravo', 1, admit('delta')),
      line('delta', 1, admit('bravo')),
      line('charlie', 1, admit('delta'))
    ]
    expect(asking(permissions(lines.slice(0, 4)))).toEqual(['bravo', 'delta'])
    expect(asking(permissions(lines))).toEqual([])
    expect([...affectedBy(permissions(lines.slice(0, 4)), permissions(lines))].sort()).toEqual(
      [nodes.bravo, nodes.delta].sort()
    )
  })

  it('are never made by owners', () => {
    const table = permissions([
      line('alpha', 5, admit('bravo', 'subscriber', 'request')),
      line('alpha', 6, admit('bravo', 'owner'))
    ])
    expect(asking(table)).toEqual([])
  })
})

describe('a cut', () => {
  const member = line('alpha', 1, admit('bravo'))

  it('leaves what it lists, and nothing of other logs', () => {
    const table = permissions([member, line('alpha', 2, cut('bravo', headOf('bravo', 5), headOf('bravo', 2, 3)))])
    expect(table.limitOf(logOf('bravo'))).toEqual({ seq: 5, hash: hashAt('bravo', 1, 5) })
    expect([limit(table, 'bravo', 2), limit(table, 'bravo', 3)]).toEqual([0, 2])
    expect(table.members.get(nodes.bravo)).toMatchObject({ role: 'subscriber', isRemoved: true })
    expect([table.counts(nodes.bravo), table.mayWrite(nodes.bravo)]).toEqual([true, false])
    expect(table.cutsOn(nodes.bravo)).toEqual([{ name: nameOf('alpha', 2), by: nodes.alpha, rank: 0 }])
  })

  it('wins over admits, earlier and later ones, by whomever', () => {
    const table = permissions([
      line('alpha', 1, cut('bravo', headOf('bravo', 5))),
      line('alpha', 2, admit('bravo')),
      line('alpha', 3, admit('charlie')),
      line('charlie', 1, admit('bravo'))
    ])
    expect([limit(table, 'bravo'), table.mayWrite(nodes.bravo)]).toEqual([5, false])
  })

  it('keeps out who is no member yet', () => {
    const table = permissions([line('alpha', 1, cut('bravo'))])
    expect(table.members.has(nodes.bravo)).toBe(false)
    expect(table.cutsOn(nodes.bravo).length).toBe(1)
  })

  it('counts with others: of each log what all of them leave', () => {
    const table = permissions([
      member,
      line('alpha', 2, cut('bravo', headOf('bravo', 5), headOf('bravo', 7, 2), headOf('bravo', 1, 3))),
      line('alpha', 3, cut('bravo', headOf('bravo', 6), headOf('bravo', 4, 2)))
    ])
    expect([limit(table, 'bravo'), limit(table, 'bravo', 2), limit(table, 'bravo', 3)]).toEqual([5, 4, 0])
  })

  it('names one hash where two name the same number', () => {
    const hashes = ['held', 'other'].map((branch) => hashAt('bravo', 1, 5, branch)).sort()
    const cuts = [
      line('alpha', 2, cut('bravo', headOf('bravo', 5, 1, 'held'))),
      line('alpha', 3, cut('bravo', headOf('bravo', 5, 1, 'other')))
    ]
    for (const order of [cuts, cuts.toReversed()])
      expect(permissions([member, ...order]).limitOf(logOf('bravo'))?.hash).toBe(hashes[0])
  })

  it('takes the effect from what its author decided beyond it, and from all that rests on that', () => {
    const lines = [
      member,
      line('bravo', 5, admit('charlie')),
      line('bravo', 6, admit('delta')),
      line('delta', 1, admit('echo')),
      line('alpha', 2, cut('bravo', headOf('bravo', 5)))
    ]
    expect(rolesOf(permissions(lines))).toEqual({ alpha: 'owner', bravo: 'subscriber', charlie: 'subscriber' })
    expect(limit(permissions(lines), 'delta')).toBe(0)
  })

  it('is for owners', () => {
    const table = permissions([member, line('alpha', 2, admit('charlie')), line('bravo', 1, cut('charlie'))])
    expect([limit(table, 'charlie'), table.mayWrite(nodes.charlie)]).toEqual([undefined, true])
  })

  it('goes down the ranks only', () => {
    const table = permissions(
      [
        line('charlie', 1, cut('bravo')),
        line('charlie', 2, cut('alpha')),
        line('bravo', 1, cut('delta', headOf('delta', 3)))
      ],
      { deputies: ['bravo', 'charlie', 'delta'] }
    )
    expect([limit(table, 'alpha'), limit(table, 'bravo'), limit(table, 'delta')]).toEqual([undefined, undefined, 3])
  })

  it('of an owner takes the effect from the cuts and owners that it made beyond', () => {
    const table = permissions(
      [
        line('bravo', 3, cut('charlie', headOf('charlie', 1))),
        line('bravo', 4, admit('delta', 'owner')),
        line('bravo', 5, cut('charlie')),
        line('bravo', 6, admit('echo', 'owner')),
        line('alpha', 1, cut('bravo', headOf('bravo', 4)))
      ],
      { deputies: ['bravo', 'charlie'] }
    )
    expect(limit(table, 'charlie')).toBe(1)
    expect(rolesOf(table)).toEqual({ alpha: 'owner', bravo: 'owner', charlie: 'owner', delta: 'owner' })
    expect(table.members.get(nodes.bravo)).toMatchObject({ rank: 1, isRemoved: true })
  })

  it('of two owners who cut each other counts from the higher one', () => {
    const table = permissions([line('bravo', 1, cut('charlie')), line('charlie', 1, cut('bravo'))], {
      deputies: ['bravo', 'charlie']
    })
    expect([limit(table, 'bravo'), limit(table, 'charlie')]).toEqual([undefined, 0])
  })
})

describe('an adopt', () => {
  const deputies = ['bravo', 'charlie'] as const
  const member = line('alpha', 1, admit('delta'))
  const removed = line('bravo', 1, cut('delta', headOf('delta', 5), headOf('delta', 9, 2)))

  it('brings back more of a log, and logs that the cut does not list; it takes nothing away', () => {
    const table = permissions(
      [
        member,
        removed,
        line('bravo', 2, adopt('delta', [headOf('delta', 8), headOf('delta', 2, 2), headOf('delta', 3, 3)]))
      ],
      { deputies }
    )
    expect([1, 2, 3, 4].map((log) => limit(table, 'delta', log))).toEqual([8, 9, 3, 0])
    expect(table.mayWrite(nodes.delta)).toBe(false)
  })

  it('of several the furthest counts', () => {
    const table = permissions(
      [
        member,
        removed,
        line('bravo', 2, adopt('delta', [headOf('delta', 8)])),
        line('alpha', 2, adopt('delta', [headOf('delta', 7)]))
      ],
      { deputies }
    )
    expect(limit(table, 'delta')).toBe(8)
  })

  it('brings nothing back that a higher rank cut', () => {
    const table = permissions([member, removed, line('charlie', 1, adopt('delta', [headOf('delta', 8)]))], { deputies })
    expect(limit(table, 'delta')).toBe(5)
    const both = permissions(
      [
        member,
        removed,
        line('charlie', 1, cut('delta', headOf('delta', 3))),
        line('bravo', 2, adopt('delta', [headOf('delta', 4)]))
      ],
      { deputies }
    )
    expect(limit(both, 'delta')).toBe(4)
  })

  it('of an owner comes from above', () => {
    const lines = [line('bravo', 1, cut('charlie', headOf('charlie', 5)))]
    const own = line('charlie', 1, adopt('charlie', [headOf('charlie', 8)]))
    const lower = line('delta', 1, adopt('charlie', [headOf('charlie', 8)], [nameOf('bravo', 1)]))
    const given = { deputies: ['bravo', 'charlie', 'delta'] as const }
    expect(limit(permissions([...lines, own, lower], given), 'charlie')).toBe(5)
    expect(
      limit(permissions([...lines, line('alpha', 1, adopt('charlie', [headOf('charlie', 8)]))], given), 'charlie')
    ).toBe(8)
  })

  it('of a member comes from an owner', () => {
    const table = permissions(
      [member, removed, line('alpha', 2, admit('echo')), line('echo', 1, adopt('delta', [headOf('delta', 8)]))],
      { deputies }
    )
    expect(limit(table, 'delta')).toBe(5)
  })

  it('lifts the cuts that it names; replaying them does nothing, a new one counts', () => {
    const lifting = line('bravo', 2, adopt('delta', [], [nameOf('bravo', 1)]))
    const lifted = permissions([member, removed, lifting, removed], { deputies })
    expect([limit(lifted, 'delta'), lifted.mayWrite(nodes.delta)]).toEqual([undefined, true])
    const again = permissions([member, removed, lifting, line('bravo', 3, cut('delta', headOf('delta', 6)))], {
      deputies
    })
    expect([limit(again, 'delta'), again.mayWrite(nodes.delta)]).toEqual([6, false])
    expect(again.cutsOn(nodes.delta).map(({ name }) => name)).toEqual([nameOf('bravo', 3)])
  })

  it('lifts no cut of a higher rank, and none of another author', () => {
    const names = [nameOf('bravo', 1)]
    const lower = line('charlie', 1, adopt('delta', [], names))
    const other = line('bravo', 2, adopt('echo', [], names))
    expect(limit(permissions([member, removed, lower, other], { deputies }), 'delta')).toBe(5)
    const higher = line('alpha', 2, adopt('delta', [], names))
    expect(limit(permissions([member, removed, lower, higher], { deputies }), 'delta')).toBeUndefined()
  })

  it('says as much as is needed with any number of logs', () => {
    const heads = Array.from({ length: 1100 }, (_, index) => headOf('delta', index + 1, index + 1))
    const lines = cutLines(1, nodes.delta, heads)
    expect(lines.length).toBe(3)
    for (const one of lines) expect(JSON.stringify(one).length).toBeLessThan(64 * 1024)
    const table = permissions([member, ...lines.map((one, index) => line('alpha', 2 + index, one))])
    for (const [index, { seq }] of heads.entries()) expect(limit(table, 'delta', index + 1)).toBe(seq)
    expect(limit(table, 'delta', 1101)).toBe(0)
  })
})

describe('an author that ends itself', () => {
  const member = line('alpha', 1, admit('bravo'))
  const end = line('bravo', 4, cut('bravo', headOf('bravo', 3), headOf('bravo', 8, 2)))

  it('leaves its log up to that line, and of others what it lists', () => {
    const table = permissions([member, end])
    expect(table.limitOf(logOf('bravo'))).toEqual({ seq: 4, hash: hashAt('bravo', 1, 4) })
    expect([limit(table, 'bravo', 2), limit(table, 'bravo', 3)]).toEqual([8, 0])
    expect(table.mayWrite(nodes.bravo)).toBe(false)
    expect(table.cutsOn(nodes.bravo)).toEqual([{ name: nameOf('bravo', 4), by: nodes.bravo }])
  })

  it('cannot be brought back, not even by the creator', () => {
    const back = line('alpha', 2, adopt('bravo', [headOf('bravo', 9), headOf('bravo', 9, 3)], [nameOf('bravo', 4)]))
    const table = permissions([member, end, back])
    expect([limit(table, 'bravo'), limit(table, 'bravo', 3), table.mayWrite(nodes.bravo)]).toEqual([4, 0, false])
  })

  it('may be an owner, the creator too', () => {
    const table = permissions([line('alpha', 2, cut('alpha')), line('alpha', 3, admit('bravo'))])
    expect([limit(table, 'alpha'), table.mayWrite(nodes.alpha)]).toEqual([2, false])
    expect(rolesOf(table)).toEqual({ alpha: 'owner' })
  })

  it('says so in vain beyond a cut, and again when that is lifted', () => {
    const earlier = line('alpha', 2, cut('bravo', headOf('bravo', 2)))
    expect(limit(permissions([member, end, earlier]), 'bravo')).toBe(2)
    expect(permissions([member, end, earlier]).cutsOn(nodes.bravo).length).toBe(1)
    const lifted = permissions([member, end, earlier, line('alpha', 3, adopt('bravo', [], [nameOf('alpha', 2)]))])
    expect([limit(lifted, 'bravo'), lifted.mayWrite(nodes.bravo)]).toEqual([4, false])
  })

  it('in two places keeps both lines that say so, and of other logs what both list', () => {
    const other = line('bravo', 6, cut('bravo', headOf('bravo', 2), headOf('bravo', 5, 2), headOf('bravo', 5, 4)), 3)
    const table = permissions([member, end, other])
    expect([1, 2, 3, 4].map((log) => limit(table, 'bravo', log))).toEqual([4, 5, 6, 0])
  })

  it('says it once per log: the first time counts', () => {
    const table = permissions([member, end, line('bravo', 6, cut('bravo', headOf('bravo', 1, 2)))])
    expect([limit(table, 'bravo'), limit(table, 'bravo', 2)]).toEqual([4, 8])
  })
})

describe('a fork', () => {
  const deputies = ['bravo', 'charlie'] as const
  const member = line('alpha', 1, admit('delta'))
  const late = line('delta', 6, admit('echo'))
  const early = line('delta', 3, admit('foxtrot'))
  const forks = [fork('delta', 5)]

  it('ends a log before the first line of which there are two, and no other log', () => {
    const table = permissions([member, late, early], { deputies, forks })
    expect(table.limitOf(logOf('delta'))).toEqual({ seq: 4, hash: hashAt('delta', 1, 4) })
    expect(limit(table, 'delta', 2)).toBeUndefined()
    expect([table.members.has(nodes.echo), table.members.has(nodes.foxtrot)]).toEqual([false, true])
    expect(table.mayWrite(nodes.delta)).toBe(true)
    expect(table.forkOf(logOf('delta'))).toEqual(forks[0])
  })

  it('at the first line leaves nothing', () => {
    expect(permissions([member], { forks: [fork('delta', 1)] }).limitOf(logOf('delta'))).toEqual({ seq: 0, hash: '' })
  })

  it('that begins earliest counts', () => {
    for (const order of [
      [fork('delta', 5), fork('delta', 3)],
      [fork('delta', 3), fork('delta', 5)]
    ])
      expect(limit(permissions([member], { forks: order }), 'delta')).toBe(2)
  })

  it('counts for owners before what they decided', () => {
    const table = permissions(
      [line('bravo', 5, cut('charlie')), line('bravo', 2, cut('delta', headOf('delta', 2))), member],
      {
        deputies,
        forks: [fork('bravo', 5)]
      }
    )
    expect([limit(table, 'charlie'), limit(table, 'delta')]).toEqual([undefined, 2])
  })

  it('is settled by an owner: the chosen branch counts up to there', () => {
    const table = permissions([member, late, line('bravo', 1, settle('delta', headOf('delta', 8)))], {
      deputies,
      forks
    })
    expect(table.limitOf(logOf('delta'))).toEqual({ seq: 8, hash: hashAt('delta', 1, 8), fork: forks[0] })
    expect(table.members.has(nodes.echo)).toBe(true)
  })

  it('settled for the branch that is not held here gives no effect to what is', () => {
    const other = line('bravo', 1, settle('delta', headOf('delta', 8, 1, 'other')))
    const table = permissions([member, late, early, other], { deputies, forks })
    expect(limit(table, 'delta')).toBe(8)
    expect([table.members.has(nodes.echo), table.members.has(nodes.foxtrot)]).toEqual([false, true])
  })

  it('is not settled before it, nor where there is none', () => {
    const table = permissions(
      [
        member,
        line('alpha', 2, settle('delta', headOf('delta', 4))),
        line('alpha', 3, settle('delta', headOf('delta', 9, 2)))
      ],
      { forks }
    )
    expect([limit(table, 'delta'), limit(table, 'delta', 2)]).toEqual([4, undefined])
  })

  it('is settled by the highest rank that did; of its words the furthest, then the smaller hash', () => {
    const words = [
      line('charlie', 1, settle('delta', headOf('delta', 12))),
      line('bravo', 1, settle('delta', headOf('delta', 7))),
      line('bravo', 2, settle('delta', headOf('delta', 8, 1, 'other'))),
      line('bravo', 3, settle('delta', headOf('delta', 8)))
    ]
    const hashes = ['held', 'other'].map((branch) => hashAt('delta', 1, 8, branch)).sort()
    for (const order of [words, words.toReversed()])
      expect(permissions([member, ...order], { deputies, forks }).limitOf(logOf('delta'))).toMatchObject({
        seq: 8,
        hash: hashes[0]
      })
  })

  it('of an owner is settled from above, never by itself', () => {
    const own = [
      line('bravo', 1, settle('bravo', headOf('bravo', 8)), 2),
      line('charlie', 1, settle('bravo', headOf('bravo', 8)))
    ]
    const given = { deputies, forks: [fork('bravo', 5)] }
    expect(limit(permissions(own, given), 'bravo')).toBe(4)
    expect(limit(permissions([...own, line('alpha', 1, settle('bravo', headOf('bravo', 7)))], given), 'bravo')).toBe(7)
  })

  it('is not settled by who is no owner', () => {
    const table = permissions(
      [member, line('alpha', 2, admit('echo')), line('echo', 1, settle('delta', headOf('delta', 8)))],
      {
        forks
      }
    )
    expect(limit(table, 'delta')).toBe(4)
  })

  it.each([
    [2, undefined, 2],
    [6, undefined, 4],
    [2, 8, 2],
    [6, 8, 4],
    [8, 8, 8],
    [9, 8, 8]
  ])('and a cut at %s, settled at %s: up to %s', (cutAt, settledAt, expected) => {
    const lines = [member, line('alpha', 2, cut('delta', headOf('delta', cutAt)))]
    if (settledAt !== undefined) lines.push(line('alpha', 3, settle('delta', headOf('delta', settledAt))))
    expect(limit(permissions(lines, { forks }), 'delta')).toBe(expected)
  })

  it('of a log that a cut does not list leaves nothing', () => {
    const lines = [member, line('alpha', 2, cut('delta')), line('alpha', 3, settle('delta', headOf('delta', 8)))]
    expect(limit(permissions(lines, { forks }), 'delta')).toBe(0)
  })

  it('settled keeps its branch whole when its author ended itself in it', () => {
    const lines = [
      member,
      line('delta', 6, cut('delta')),
      line('delta', 7, admit('echo')),
      line('bravo', 1, settle('delta', headOf('delta', 8)))
    ]
    const table = permissions(lines, { deputies, forks })
    expect([limit(table, 'delta'), limit(table, 'delta', 2), table.mayWrite(nodes.delta)]).toEqual([8, 0, false])
    expect(limit(permissions(lines.slice(0, 3), { deputies, forks }), 'delta', 2)).toBeUndefined()
  })
})

describe('what is not understood', () => {
  it.each<readonly [string, readonly AdminLine[], boolean]>([
    ['by an owner makes the mission read-only', [line('alpha', 1, { kind: 'admin/odd', at: 1 })], true],
    ['by a stranger does nothing', [line('bravo', 1, { kind: 'admin/odd', at: 1 })], false],
    [
      'by a member makes the mission read-only, whichever came first',
      [line('bravo', 1, { kind: 'admin/odd', at: 1 }), line('alpha', 1, admit('bravo'))],
      true
    ],
    [
      'by a member that may only read does nothing',
      [line('bravo', 1, { kind: 'admin/odd', at: 1 }), line('alpha', 1, admit('bravo', 'read-only'))],
      false
    ],
    [
      'beyond a cut does nothing',
      [
        line('bravo', 2, { kind: 'admin/odd', at: 1 }),
        line('alpha', 1, admit('bravo')),
        line('alpha', 2, cut('bravo', headOf('bravo', 1)))
      ],
      false
    ]
  ])('%s', (_, lines, expected) => {
    expect(permissions(lines).isReadOnly).toBe(expected)
  })

  it('in the create record makes the mission read-only', () => {
    expect(permissions([], { fold: 2 }).isReadOnly).toBe(true)
  })

  it.each([
    { kind: 'admin/admit', at: 1, author: nodes.bravo, role: 'boss' },
    { kind: 'admin/admit', at: 1, author: 'bravo', role: 'owner' },
    { kind: 'admin/cut', at: 1, author: nodes.bravo },
    { kind: 'admin/cut', at: 1, author: nodes.bravo, heads: [[epoch(1), 0, hashAt('bravo', 1, 0)]] },
    { kind: 'admin/cut', at: 1, author: nodes.bravo, heads: [[epoch(1), 1, 'x']] },
    { kind: 'admin/cut', at: 1, author: nodes.bravo, heads: [[epoch(1), 1]] },
    { kind: 'admin/cut', at: 1, author: 'x', heads: [] },
    {
      kind: 'admin/cut',
      at: 1,
      author: nodes.bravo,
      heads: [1, 2].map((seq) => [epoch(1), seq, hashAt('bravo', 1, seq)])
    },
    {
      kind: 'admin/cut',
      at: 1,
      author: nodes.bravo,
      heads: Array.from({ length: 501 }, (_, log) => [epoch(log), 1, hashAt('bravo', log, 1)])
    },
    { kind: 'admin/adopt', at: 1, author: nodes.bravo },
    { kind: 'admin/adopt', at: 1, author: nodes.bravo, heads: [], lifts: ['x'] },
    { kind: 'admin/adopt', at: 1, author: nodes.bravo, heads: [], lifts: Array(65).fill(nameOf('alpha', 1)) },
    { kind: 'admin/adopt', at: 1, author: 'x', heads: [], lifts: [] },
    { kind: 'admin/settle', at: 1, author: nodes.bravo, epoch: epoch(1), seq: 0, hash: hashAt('bravo', 1, 0) },
    { kind: 'admin/settle', at: 1, author: nodes.bravo, epoch: 'x', seq: 1, hash: hashAt('bravo', 1, 1) },
    { kind: 'admin/settle', at: 1, author: 'x', epoch: epoch(1), seq: 1, hash: hashAt('bravo', 1, 1) }
  ] satisfies readonly JsonObject[])(
    'a kind with parts that are not as they must be is not understood: %j',
    (content) => {
      expect(parseChange(content)).toEqual({ kind: 'unknown', name: content.kind, administrative: true })
    }
  )

  it('what we write is understood', () => {
    const heads = [headOf('bravo', 3), headOf('bravo', 1, 2)]
    expect(parseChange(cut('bravo', ...heads))).toEqual({ kind: 'admin/cut', at: 1, author: nodes.bravo, heads })
    const lifts = [nameOf('alpha', 2)]
    const adopted = adopt('bravo', heads, lifts)
    expect(parseChange(adopted)).toEqual({ kind: 'admin/adopt', at: 1, author: nodes.bravo, heads, lifts })
    expect(parseChange(adopt('bravo', []))).toMatchObject({ heads: [], lifts: [] })
    const settled = settle('bravo', headOf('bravo', 3))
    expect(parseChange(settled)).toEqual({ kind: 'admin/settle', at: 1, author: nodes.bravo, ...headOf('bravo', 3) })
    expect(isAdministrative(parseChange(settled))).toBe(true)
    expect(isAdministrative(parseChange({ kind: 'set', at: 1, entity: 'log/1', field: 'text', value: 1 }))).toBe(false)
    expect(isAdministrative(parseChange({ kind: 'odd', at: 1 }))).toBe(false)
  })
})

describe('from one table to the next', () => {
  const start = [
    line('alpha', 1, admit('bravo')),
    line('bravo', 4, admit('charlie')),
    line('charlie', 1, admit('delta'))
  ]

  it.each<readonly [string, JsonObject, readonly Who[]]>([
    ['a new member is affected', admit('echo'), ['echo']],
    ['an admit of who is a member affects nobody', admit('delta'), []],
    ['a cut affects its author', cut('bravo', headOf('bravo', 4)), ['bravo']],
    ['a cut affects those who rest on what it takes', cut('bravo', headOf('bravo', 3)), ['bravo', 'charlie', 'delta']],
    ['a higher role affects', admit('delta', 'owner'), ['delta']],
    ['a cut of who is no member affects nobody', cut('foxtrot'), []]
  ])('%s', (_, content, expected) => {
    const affected = affectedBy(permissions(start), permissions([...start, line('alpha', 2, content)]))
    expect([...affected].sort()).toEqual(expected.map((who) => nodes[who]))
  })

  it('another limit of a log affects', () => {
    const once = [...start, line('alpha', 2, cut('delta', headOf('delta', 4)))]
    const twice = [...once, line('alpha', 3, cut('delta', headOf('delta', 3)))]
    expect([...affectedBy(permissions(once), permissions(twice))]).toEqual([nodes.delta])
    expect([...affectedBy(permissions(start), permissions(start, { forks: [fork('delta', 2)] }))]).toEqual([
      nodes.delta
    ])
    const sameHash = [...start, line('alpha', 2, cut('delta', { ...headOf('delta', 4), seq: 5 }))]
    expect([...affectedBy(permissions(once), permissions(sameHash))]).toEqual([nodes.delta])
    expect(affectedBy(permissions(once), permissions(once)).size).toBe(0)
  })
})

/** How often an administrative line is looked at while all of them are judged, per line. */
function looksPerLine(members: number): number {
  const ids = Array.from({ length: members }, (_, index) => String(index).padStart(64, '0') as NodeId)
  const lines: AdminLine[] = []
  let looks = 0
  const add = (author: NodeId, seq: number, content: JsonObject) => {
    const hash = (author + String(seq)).slice(-64)
    const change = parseChange(content)
    if (!isAdministrative(change)) return
    const line = { log: { author, epoch: epoch(1) }, seq, hash, name: nameOf('alpha', seq) }
    lines.push({
      ...line,
      get change() {
        looks++
        return change
      }
    })
  }
  for (const [index, id] of ids.entries()) {
    add(index === 0 ? nodes.alpha : (ids[Math.floor(index / 3)] ?? id), index + 1, admitLine(1, id, 'subscriber'))
    for (let other = 1; other <= 5; other++)
      add(id, 5000 + other, admitLine(1, ids[(index + other) % members] ?? id, 'subscriber'))
  }
  const forks: ForkPoint[] = []
  for (const id of ids.slice(0, members / 10)) {
    const heads = Array.from({ length: 20 }, (_, log) => headOf('bravo', 9000, log))
    add(nodes.alpha, 6000 + lines.length, cutLines(1, id, heads)[0] ?? {})
    forks.push({ author: id, epoch: epoch(1), first: 9500, hashBefore: hashAt('bravo', 1, 1) })
  }
  expect(permissionsOf(createRecord(), lines, forks, holds).members.size).toBe(members + 1)
  return looks / lines.length
}

it('the work of judging grows with the number of members, not with its square', () => {
  const [few, many] = [looksPerLine(100), looksPerLine(1_000)]
  console.log(`looks per line: ${few.toFixed(1)} of 100 members, ${many.toFixed(1)} of 1,000`)
  expect(many).toBeLessThan(few * 1.5)
})

it('lines beyond the limits are not needed for the table', () => {
  const lines = [
    line('alpha', 1, admit('bravo')),
    line('bravo', 5, admit('charlie')),
    line('charlie', 1, cut('charlie')),
    line('alpha', 2, cut('bravo', headOf('bravo', 4)))
  ]
  const table = permissions(lines)
  const within = linesWithin(table, lines)
  expect(within.length).toBe(2)
  expect(tableOf(permissions(within))).toEqual(tableOf(table))
})
