/** What holds for every set of administrative lines, and what a node may write about members. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Role } from '@shared/model.js'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import { administerProblem, roleSteps, wantsCut } from '../../src/main/engine/missions/administer.js'
import {
  isAdministrative,
  parseChange,
  type AcceptedHead,
  type AdminChange
} from '../../src/main/engine/missions/change.js'
import {
  affectedBy,
  effectiveEnd,
  permissionsOf,
  type AdminLine,
  type Permissions
} from '../../src/main/engine/missions/permissions.js'
import {
  admit,
  adopt,
  createRecord,
  cut,
  fork,
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

const everybody = Object.keys(nodes) as Who[]
const deputies = ['charlie', 'bravo'] as const
const create = createRecord(deputies)

const who = fc.constantFrom(...everybody)
const log = fc.integer({ min: 1, max: 3 })
const seq = fc.integer({ min: 1, max: 6 })
const headsOf = (author: Who): fc.Arbitrary<AcceptedHead[]> =>
  fc.uniqueArray(
    fc.tuple(seq, log, fc.constantFrom('held', 'held', 'other')).map((parts) => headOf(author, ...parts)),
    { selector: ({ epoch }) => epoch, maxLength: 3 }
  )
const name = fc.tuple(who, seq, log).map((parts) => nameOf(...parts))

const content: fc.Arbitrary<JsonObject> = who.chain((author) =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom<Role>('owner', 'subscriber', 'read-only').map((role) => admit(author, role))
    },
    { weight: 3, arbitrary: headsOf(author).map((heads) => cut(author, ...heads)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(headsOf(author), fc.array(name, { maxLength: 4 }))
        .map(([heads, lifts]) => adopt(author, heads, lifts))
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(seq, log, fc.constantFrom('held', 'other'))
        .map((parts) => settle(author, headOf(author, ...parts)))
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'admin/odd', at: 1 }) }
  )
)

/** One line per number of a log, as a node can hold them. Authors that end themselves come often enough. */
const lines = fc.uniqueArray(
  fc
    .tuple(who, seq, log)
    .chain(([author, at, number]) =>
      fc
        .oneof(
          { weight: 9, arbitrary: content },
          { weight: 1, arbitrary: headsOf(author).map((heads) => cut(author, ...heads)) }
        )
        .map((one) => line(author, at, one, number))
    ),
  { selector: (one) => one.name, maxLength: 40 }
)
const forks = fc.array(
  fc.tuple(who, seq, log).map((parts) => fork(...parts)),
  { maxLength: 3 }
)

function table(of: readonly AdminLine[], forked: Parameters<typeof permissionsOf>[2]): Permissions {
  return permissionsOf(create, of, forked, holds)
}

describe('the table', () => {
  it('is the same for the same set, in every order and with duplicates', () => {
    fc.assert(
      fc.property(
        lines.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all))
        ),
        forks,
        ([all, shuffled, again], forked) => {
          const expected = tableOf(table(all, forked))
          expect(tableOf(table([...again, ...shuffled], [...forked.toReversed(), ...forked]))).toEqual(expected)
        }
      ),
      { numRuns: 1000 }
    )
  })

  it('needs no line that has no effect: who holds only the others judges alike', () => {
    fc.assert(
      fc.property(lines, forks, (all, forked) => {
        const whole = table(all, forked)
        expect(tableOf(table(linesWithin(whole, all), forked))).toEqual(tableOf(whole))
      }),
      { numRuns: 3000 }
    )
  })

  it('lets a cut by the creator win over everything but its own word', () => {
    fc.assert(
      fc.property(lines, forks, who, seq, (all, forked, author, at) => {
        fc.pre(author !== 'alpha')
        // The creator did not end itself, and brings nothing back.
        const silent = all.filter(
          ({ log, change }) => log.author !== nodes.alpha || change.kind === 'admin/admit' || change.kind === 'unknown'
        )
        const byCreator = line('alpha', 1, cut(author, headOf(author, at)), 4)
        const after = table([byCreator, ...silent], forked)
        expect(after.mayWrite(nodes[author])).toBe(false)
        expect(after.limitOf(logOf(author, 2))?.seq ?? Infinity).toBe(0)
        expect(after.limitOf(logOf(author))?.seq ?? Infinity).toBeLessThanOrEqual(at)
      }),
      { numRuns: 500 }
    )
  })

  it('differs for nobody who is not affected', () => {
    fc.assert(
      fc.property(lines, lines, forks, (some, more, forked) => {
        const [before, after] = [table(some, []), table([...some, ...more], forked)]
        const affected = affectedBy(before, after)
        for (const author of everybody) {
          const seen = (permissions: Permissions) => [
            permissions.members.get(nodes[author])?.role,
            permissions.mayWrite(nodes[author]),
            [1, 2, 3, 4].map((number) => permissions.limitOf(logOf(author, number)))
          ]
          if (!affected.has(nodes[author])) expect(seen(after)).toEqual(seen(before))
        }
      }),
      { numRuns: 500 }
    )
  })
})

describe('a role taken away while its holder was writing elsewhere', () => {
  it('leaves what the cut and what was adopted later say, whatever came first', () => {
    const held = fc.integer({ min: 2, max: 6 })
    fc.assert(
      fc.property(
        fc.record({
          written: held,
          admitsAt: held,
          cutAt: seq,
          adoptedTo: fc.option(seq, { nil: 0 }),
          isLifted: fc.boolean(),
          order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 })
        }),
        ({ written, admitsAt, cutAt, adoptedTo, isLifted, order }) => {
          const said = [
            line('alpha', 1, admit('delta')),
            line('alpha', 2, cut('delta', headOf('delta', cutAt))),
            line('alpha', 3, adopt('delta', adoptedTo === 0 ? [] : [headOf('delta', adoptedTo)])),
            line('alpha', 4, adopt('delta', [], isLifted ? [nameOf('alpha', 2)] : [])),
            // Somebody whom the holder let in meanwhile.
            line('delta', admitsAt, admit('echo'))
          ]
          const table = permissionsOf(
            create,
            order.flatMap((at) => said[at] ?? []),
            [],
            holds
          )
          const counts = isLifted ? written : Math.min(written, Math.max(cutAt, adoptedTo))
          expect(effectiveEnd(table.limitOf(logOf('delta')), logOf('delta'), written, holds)).toBe(counts)
          expect(table.mayWrite(nodes.delta)).toBe(isLifted)
          expect(table.members.has(nodes.echo)).toBe(admitsAt <= (isLifted ? Infinity : Math.max(cutAt, adoptedTo)))
        }
      ),
      { numRuns: 500 }
    )
  })
})

describe('giving a role', () => {
  it('does what it says or names why not, and takes away nothing that counts', () => {
    const done = new Map<string, number>()
    fc.assert(
      fc.property(
        lines,
        fc.constantFrom(...deputies, 'alpha' as const),
        who,
        fc.constantFrom<Role>('owner', 'subscriber', 'read-only'),
        (all, self, author, role) => {
          const before = table(all, [])
          const steps = roleSteps(before, nodes[self], nodes[author], role)
          const kind = typeof steps === 'string' ? steps : steps.kind
          done.set(kind, (done.get(kind) ?? 0) + 1)
          if (typeof steps === 'string') return
          const held = [1, 2, 3].map((log) => headOf(author, before.limitOf(logOf(author, log))?.seq ?? 6, log))
          const said =
            steps.kind === 'cut'
              ? [cut(author, ...held.filter(({ seq }) => seq > 0))]
              : [
                  ...(steps.lifts.length > 0 ? [adopt(author, [], steps.lifts)] : []),
                  ...(steps.admits ? [admit(author, role)] : [])
                ]
          const after = table([...all, ...said.map((one, at) => line(self, at + 1, one, 4))], [])
          // What did not count before may hold its own end, which counts from now on.
          if (after.cutsOn(nodes[author]).some(({ rank }) => rank === undefined)) return
          const now = after.members.get(nodes[author])
          expect(after.mayWrite(nodes[author])).toBe(role !== 'read-only')
          if (steps.kind === 'give') expect(now).toMatchObject({ role, isRemoved: false })
          else expect(now).toMatchObject({ isRemoved: true })
          for (const log of [1, 2, 3])
            expect(after.limitOf(logOf(author, log))?.seq ?? Infinity).toBeGreaterThanOrEqual(
              before.counts(nodes[author]) ? Math.min(6, before.limitOf(logOf(author, log))?.seq ?? 6) : 0
            )
        }
      ),
      { numRuns: 3000 }
    )
    for (const kind of ['cut', 'give', 'nothing-to-change', 'outranked', 'stays-owner', 'retired'])
      expect(done.get(kind) ?? 0, kind).toBeGreaterThan(3)
  })
})

describe('a line about a member', () => {
  /** Codes that say: somebody may want this, but it must be asked for otherwise. */
  const mayStillAct = new Set(['mission-read-only', 'removed'])

  it('that is refused would have no effect', () => {
    let refused = 0
    fc.assert(
      fc.property(lines, who, content, (all, author, wanted) => {
        const before = table(all, [])
        const change = parseChange(wanted)
        if (!isAdministrative(change) || change.kind === 'unknown') return
        const problem = administerProblem(before, nodes[author], change)
        if (problem === undefined || mayStillAct.has(problem)) return
        refused++
        const after = table([...all, line(author, 1, wanted, 4)], [])
        expect([...affectedBy(before, after)]).toEqual([])
      }),
      { numRuns: 2000 }
    )
    expect(refused).toBeGreaterThan(100)
  })

  const base = [
    line('alpha', 1, admit('delta')),
    line('alpha', 2, admit('echo', 'read-only')),
    line('bravo', 1, cut('foxtrot'))
  ]

  it.each<readonly [string, Who, JsonObject, string | undefined]>([
    ['a member admits a stranger', 'delta', admit('delta'), 'nothing-to-change'],
    ['a member raises a role', 'delta', admit('echo'), undefined],
    ['a member makes an owner', 'delta', admit('echo', 'owner'), 'not-an-owner'],
    ['an owner makes an owner', 'bravo', admit('echo', 'owner'), undefined],
    ['an owner admits an owner', 'bravo', admit('alpha', 'owner'), 'nothing-to-change'],
    ['who may only read admits', 'echo', admit('delta'), 'not-a-member'],
    ['a stranger admits', 'foxtrot', admit('delta'), 'removed'],
    ['an owner admits who was removed', 'alpha', admit('foxtrot'), 'removed'],
    ['a member cuts', 'delta', cut('echo'), 'not-an-owner'],
    ['a member ends itself', 'delta', cut('delta'), undefined],
    ['an owner cuts a member', 'bravo', cut('delta'), undefined],
    ['an owner cuts a lower one', 'charlie', cut('bravo'), undefined],
    ['an owner cuts a higher one', 'bravo', cut('charlie'), 'outranked'],
    ['an owner lifts its cut', 'bravo', adopt('foxtrot', [], [nameOf('bravo', 1)]), undefined],
    ['a higher owner lifts a cut', 'charlie', adopt('foxtrot', [], [nameOf('bravo', 1)]), undefined],
    ['an owner accepts more', 'bravo', adopt('foxtrot', [headOf('foxtrot', 1)], []), undefined],
    ['an owner accepts what nobody cut', 'bravo', adopt('delta', [headOf('delta', 1)], []), 'nothing-to-change'],
    ['an owner lifts what does not stand', 'bravo', adopt('foxtrot', [], [nameOf('bravo', 2)]), 'nothing-to-change'],
    ['a member lifts a cut', 'delta', adopt('foxtrot', [], [nameOf('bravo', 1)]), 'not-an-owner'],
    ['an owner settles where nothing is forked', 'bravo', settle('delta', headOf('delta', 9, 2)), 'nothing-to-change'],
    ['an owner settles before the fork', 'bravo', settle('delta', headOf('delta', 4)), 'nothing-to-change'],
    ['an owner settles a log of its own', 'bravo', settle('bravo', headOf('bravo', 9)), 'outranked'],
    ['an owner settles a fork', 'bravo', settle('delta', headOf('delta', 5)), undefined],
    ['a member settles a fork', 'delta', settle('delta', headOf('delta', 5)), 'not-an-owner']
  ])('%s', (_, self, wanted, expected) => {
    const change = parseChange(wanted) as AdminChange
    const given = permissions(base, { deputies, forks: [fork('delta', 5)] })
    expect(administerProblem(given, nodes[self], change)).toBe(expected)
  })

  it('is refused where a higher owner cut, where the author ended itself, and in a mission that is read-only', () => {
    const lower = parseChange(adopt('delta', [], [nameOf('charlie', 1)])) as AdminChange
    const higher = permissions([...base, line('charlie', 1, cut('delta'))], { deputies })
    expect(administerProblem(higher, nodes.bravo, lower)).toBe('outranked')
    const heads = parseChange(adopt('delta', [headOf('delta', 1)], [])) as AdminChange
    expect(administerProblem(higher, nodes.bravo, heads)).toBe('outranked')
    expect(administerProblem(higher, nodes.alpha, heads)).toBeUndefined()
    const ended = permissions([...base, line('delta', 1, cut('delta'))], { deputies })
    expect(administerProblem(ended, nodes.alpha, lower)).toBe('retired')
    expect(administerProblem(ended, nodes.delta, parseChange(cut('delta')) as AdminChange)).toBe('removed')
    const odd = permissions([...base, line('bravo', 2, { kind: 'admin/odd', at: 1 })], { deputies })
    expect(administerProblem(odd, nodes.alpha, lower)).toBe('mission-read-only')
  })

  it('that removes a revoked node is wanted where we may, and where no cut of our rank or above stands', () => {
    const given = permissions([...base, line('charlie', 1, cut('echo'))], { deputies })
    const wanting = (self: Who) => everybody.filter((one) => wantsCut(given, nodes[self], nodes[one]))
    expect(wanting('alpha')).toEqual(['bravo', 'charlie', 'delta', 'echo', 'foxtrot'])
    expect(wanting('charlie')).toEqual(['bravo', 'delta', 'foxtrot'])
    expect(wanting('bravo')).toEqual(['delta'])
    expect(wanting('delta')).toEqual([])
    const ended = permissions([...base, line('delta', 1, cut('delta'))], { deputies })
    expect(wantsCut(ended, nodes.alpha, nodes.delta)).toBe(false)
  })
})
