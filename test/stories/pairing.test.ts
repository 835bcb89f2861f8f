/** Two crews compare codes: both laptops, both persons, and all the ways in which it does not come to that. */
import { afterEach, describe, expect, it } from 'vitest'
import type { PairingRun } from '@shared/model.js'
import type { Scope } from '@shared/scope.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const minute = 60_000

async function strangers(seed: number): Promise<readonly [FieldNode, FieldNode]> {
  field = new Field(seed)
  const alpha = await field.node('alpha')
  const bravo = await field.node('bravo')
  await meet(alpha, bravo)
  return [alpha, bravo]
}

async function meet(one: FieldNode, other: FieldNode): Promise<void> {
  await one.add(other)
  await field.until('they met', () => one.peer(other) !== undefined && other.peer(one) !== undefined)
}

function current(node: FieldNode): PairingRun | undefined {
  return node.overview.pairing.current
}

function start(node: FieldNode, other: FieldNode) {
  return field.during(node.engine.commands.startPairing({ nodeId: other.id }))
}

function open(node: FieldNode, other: FieldNode) {
  return field.during(node.engine.commands.openPairing({ nodeId: other.id }))
}

function answer(node: FieldNode, other: FieldNode, equal: boolean, chosen: { scope?: Scope; until?: number } = {}) {
  return field.during(node.engine.commands.answerPairing({ nodeId: other.id, equal, ...chosen }))
}

function cancel(node: FieldNode, other: FieldNode) {
  return field.during(node.engine.commands.cancelPairing({ nodeId: other.id }))
}

function untilState(state: PairingRun['state'], ...nodes: readonly FieldNode[]): Promise<void> {
  return field.until(state, () => nodes.every((node) => current(node)?.state === state))
}

/** Both see the code. */
async function compare(one: FieldNode, other: FieldNode): Promise<void> {
  expect(await start(one, other)).toMatchObject({ ok: true })
  await field.until('asked', () => other.overview.pairing.requests.length > 0)
  expect(await open(other, one)).toMatchObject({ ok: true })
  await untilState('comparing', one, other)
}

/** Kinds and codes in the audit log, when what was noted is on disk. */
async function auditKinds(node: FieldNode): Promise<readonly string[]> {
  await field.time.run(1_000)
  const page = await field.during(node.engine.commands.listAudit({ offset: 0, limit: 50 }))
  return page.ok ? page.value.items.map(({ kind, code }) => (code === undefined ? kind : `${kind} ${code}`)) : []
}

describe('two laptops that pair', () => {
  it('show the same code, and are linked and verified once both persons said equal', async () => {
    const [alpha, bravo] = await strangers(101)
    await start(alpha, bravo)
    await field.until('asked', () => bravo.overview.pairing.requests.length > 0)
    expect(current(alpha)).toMatchObject({ nodeId: bravo.id, isOurs: true, state: 'calling' })
    expect(current(bravo)).toBeUndefined()
    await open(bravo, alpha)
    await untilState('comparing', alpha, bravo)
    expect(current(alpha)?.code).toEqual(current(bravo)?.code)
    expect(current(alpha)?.code?.words).toHaveLength(3)
    await answer(alpha, bravo, true)
    await field.until('bravo knows', () => current(bravo)?.state === 'they-agreed')
    expect([alpha.peer(bravo)?.level, bravo.peer(alpha)?.level]).not.toContain('trusted')
    await answer(bravo, alpha, true)
    await untilState('done', alpha, bravo)
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    for (const [node, other] of [
      [alpha, bravo],
      [bravo, alpha]
    ] as const) {
      const { code } = current(node) ?? {}
      expect(node.peer(other)?.decision).toMatchObject({ ground: 'code', compared: { ...code, by: node.name } })
      expect(node.overview.pairing).toMatchObject({ requests: [], tries: 0 })
    }
  })

  it('are given what each person chose, and until then', async () => {
    const [alpha, bravo] = await strangers(102)
    const mission = await alpha.createMission('Karst Ridge Fire')
    const other = await alpha.createMission('Not for them')
    await compare(alpha, bravo)
    const until = field.wallNow + minute
    const scope: Scope = { out: [`id:${mission}`], in: [], access: 'read' }
    expect(await answer(alpha, bravo, true, { scope, until: 5 })).toMatchObject({ problem: { code: 'bad-until' } })
    await answer(alpha, bravo, true, { scope, until })
    expect(current(alpha)).toMatchObject({ state: 'agreed', scope })
    await answer(bravo, alpha, true)
    await field.untilInStep(mission, alpha, bravo)
    expect(bravo.mission(other)).toBeUndefined()
    expect(alpha.peer(bravo)?.decision).toMatchObject({ scope, until, ground: 'code' })
    await field.until('it ended', () => alpha.peer(bravo)?.level === 'untrusted')
  })

  it('stay verified over a restart and when what is shared changes, not after a revocation', async () => {
    const [alpha, bravo] = await strangers(103)
    await compare(alpha, bravo)
    await answer(alpha, bravo, true)
    await answer(bravo, alpha, true)
    await untilState('done', alpha, bravo)
    const compared = alpha.peer(bravo)?.decision?.compared
    await alpha.restart()
    expect(current(alpha)).toBeUndefined()
    await alpha.decide(bravo, 'trusted', { out: [], in: ['*'], access: 'write' })
    expect(alpha.peer(bravo)?.decision).toMatchObject({ ground: 'code', compared, scope: { out: [] } })
    await alpha.decide(bravo, 'revoked')
    expect(await start(alpha, bravo)).toMatchObject({ ok: false, problem: { code: 'peer-revoked' } })
    await alpha.decide(bravo, 'trusted')
    expect(alpha.peer(bravo)?.decision?.ground).toBe('unseen')
    expect(alpha.peer(bravo)?.decision?.compared).toBeUndefined()
  })

  it('can do so when they are linked already, and when their first connection is long gone', async () => {
    const [alpha, bravo] = await strangers(104)
    await field.time.run(10 * minute)
    await compare(alpha, bravo)
    await answer(bravo, alpha, true)
    await answer(alpha, bravo, true)
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await compare(bravo, alpha)
    await answer(bravo, alpha, true)
    await answer(alpha, bravo, true)
    await untilState('done', alpha, bravo)
    expect(alpha.isLinked(bravo)).toBe(true)
  })

  it('keep their connection while the persons take all the time they have', async () => {
    const [alpha, bravo] = await strangers(107)
    await field.time.run(50_000)
    await start(alpha, bravo)
    await field.until('asked', () => bravo.overview.pairing.requests.length > 0)
    await field.time.run(55_000)
    await open(bravo, alpha)
    await untilState('comparing', alpha, bravo)
    await field.time.run(55_000)
    await answer(alpha, bravo, true)
    await answer(bravo, alpha, true)
    await untilState('done', alpha, bravo)
  })

  it('go on when both persons decide otherwise meanwhile', async () => {
    const [alpha, bravo] = await strangers(108)
    await compare(alpha, bravo)
    await alpha.decide(bravo, 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await answer(alpha, bravo, true)
    await answer(bravo, alpha, true)
    await untilState('done', alpha, bravo)
    expect(alpha.peer(bravo)?.decision?.ground).toBe('code')
  })

  it('end it when one person revokes meanwhile, and what was said before counts for nothing', async () => {
    const [alpha, bravo] = await strangers(109)
    await compare(alpha, bravo)
    await answer(alpha, bravo, true)
    await bravo.decide(alpha, 'revoked')
    await untilState('ended', alpha, bravo)
    expect(await answer(bravo, alpha, true)).toMatchObject({ ok: false, problem: { code: 'pairing-none' } })
    expect(bravo.peer(alpha)?.level).toBe('revoked')
    expect(alpha.peer(bravo)?.decision).toBeUndefined()
  })

  it('are not trusted on the side whose disk does not take the decision, which says so', async () => {
    const [alpha, bravo] = await strangers(110)
    await compare(alpha, bravo)
    alpha.disk.faults.isFull = true
    await answer(alpha, bravo, true)
    await answer(bravo, alpha, true)
    await untilState('ended', alpha)
    expect(current(alpha)?.problem?.code).toBe('disk-full')
    expect(alpha.peer(bravo)?.level).not.toBe('trusted')
    await untilState('done', bravo)
  })

  it('show the same code when both press at about the same time and dial each other, whenever', async () => {
    for (let offset = -40; offset <= 40; offset += 4) {
      const [alpha, bravo] = await strangers(150 + offset)
      // Both know the way to each other, and no link is there.
      await bravo.add(alpha)
      await field.time.run(2 * minute)
      const press = [alpha, bravo] as const
      const [first, second] = offset < 0 ? press : ([bravo, alpha] as const)
      const pressed = [first.engine.commands.startPairing({ nodeId: second.id })]
      await field.time.run(Math.abs(offset))
      pressed.push(second.engine.commands.startPairing({ nodeId: first.id }))
      for (const one of pressed) await field.during(one)
      await untilState('comparing', alpha, bravo)
      expect(current(alpha)?.code, `offset ${String(offset)}`).toEqual(current(bravo)?.code)
      await field.stop()
    }
  })

  it('take the start of the lower node ID when both press at once, and need nobody to open it', async () => {
    const [alpha, bravo] = await strangers(105)
    const pressed = [start(alpha, bravo), start(bravo, alpha)]
    expect(await Promise.all(pressed)).toMatchObject([{ ok: true }, { ok: true }])
    await untilState('comparing', alpha, bravo)
    expect(current(alpha)?.code).toEqual(current(bravo)?.code)
    const [lower, higher] = alpha.id < bravo.id ? [alpha, bravo] : [bravo, alpha]
    expect([current(lower)?.isOurs, current(higher)?.isOurs]).toEqual([true, false])
  })

  it('take a start as the answer to a request that waits', async () => {
    const [alpha, bravo] = await strangers(106)
    await start(alpha, bravo)
    await field.until('asked', () => bravo.overview.pairing.requests.length > 0)
    await start(bravo, alpha)
    await untilState('comparing', alpha, bravo)
  })
})

describe('a pairing that comes to nothing', () => {
  it('ends after 60 s when nobody opens the request, and counts for nothing', async () => {
    const [alpha, bravo] = await strangers(111)
    await start(alpha, bravo)
    await field.until('asked', () => bravo.overview.pairing.requests.length > 0)
    await field.time.run(59_000)
    expect(bravo.overview.pairing.requests).toHaveLength(1)
    await field.time.run(2_000)
    expect(bravo.overview.pairing.requests).toEqual([])
    expect(current(alpha)).toMatchObject({ state: 'ended', problem: { code: 'pairing-expired' } })
    expect(alpha.overview.pairing.tries + bravo.overview.pairing.tries).toBe(0)
    expect(await cancel(alpha, bravo)).toMatchObject({ ok: true })
    expect(current(alpha)).toBeUndefined()
    expect(await open(bravo, alpha)).toMatchObject({ ok: false, problem: { code: 'pairing-none' } })
  })

  it('ends when a person rejects the request, who is not asked again for a minute', async () => {
    const [alpha, bravo] = await strangers(112)
    await start(alpha, bravo)
    await field.until('asked', () => bravo.overview.pairing.requests.length > 0)
    await cancel(bravo, alpha)
    await untilState('ended', alpha)
    expect(current(alpha)?.problem?.code).toBe('pairing-declined')
    await start(alpha, bravo)
    await field.until('refused', () => current(alpha)?.problem?.code === 'pairing-too-soon')
    expect(bravo.overview.pairing.requests).toEqual([])
    await field.time.run(minute)
    await start(alpha, bravo)
    await field.until('asked again', () => bravo.overview.pairing.requests.length > 0)
  })

  it('is asked no more when a person rejects the laptop itself', async () => {
    const [alpha, bravo] = await strangers(122)
    await start(alpha, bravo)
    await field.until('asked', () => bravo.overview.pairing.requests.length > 0)
    await bravo.decide(alpha, 'untrusted')
    expect(bravo.overview.pairing.requests).toEqual([])
    await field.until('told', () => current(alpha)?.problem?.code === 'pairing-declined')
  })

  it('is not asked of a person who rejected this laptop, who can start', async () => {
    const [alpha, bravo] = await strangers(113)
    await bravo.decide(alpha, 'untrusted')
    await start(alpha, bravo)
    await field.until('refused', () => current(alpha)?.problem?.code === 'pairing-declined')
    await compare(bravo, alpha)
  })

  it('ends with words on both sides when the codes differ, and counts on both', async () => {
    const [alpha, bravo] = await strangers(114)
    await compare(alpha, bravo)
    await answer(alpha, bravo, true)
    await answer(bravo, alpha, false)
    await untilState('ended', alpha, bravo)
    expect(bravo.overview.pairing).toMatchObject({ tries: 1, current: { problem: { code: 'pairing-differ' } } })
    expect(alpha.overview.pairing).toMatchObject({ tries: 1, current: { problem: { code: 'pairing-they-differ' } } })
    expect(alpha.peer(bravo)?.decision).toBeUndefined()
    expect(await auditKinds(alpha)).toContain('pairing-failed pairing-they-differ')
  })

  it('is void when the link is lost, also after one side said equal', async () => {
    const [alpha, bravo] = await strangers(115)
    await compare(alpha, bravo)
    await answer(alpha, bravo, true)
    bravo.crash()
    await field.until('alpha knows', () => current(alpha)?.state === 'ended')
    expect(alpha.peer(bravo)?.decision).toBeUndefined()
    expect(['pairing-lost', 'pairing-expired']).toContain(current(alpha)?.problem?.code)
  })

  it('ends for both when the codes are compared for too long', async () => {
    const [alpha, bravo] = await strangers(116)
    await compare(alpha, bravo)
    await field.time.run(61_000)
    for (const node of [alpha, bravo])
      expect(node.overview.pairing).toMatchObject({ tries: 1, current: { problem: { code: 'pairing-expired' } } })
    expect(await answer(alpha, bravo, true)).toMatchObject({ ok: false, problem: { code: 'pairing-none' } })
  })

  it('pauses pairing for ten minutes after the third, in both directions', async () => {
    const [alpha, bravo] = await strangers(117)
    for (let count = 0; count < 3; count++) {
      await compare(alpha, bravo)
      await answer(bravo, alpha, false)
      await untilState('ended', alpha, bravo)
    }
    expect(bravo.overview.pairing).toMatchObject({ tries: 0, pausedUntil: expect.any(Number) as number })
    expect(await start(bravo, alpha)).toMatchObject({ ok: false, problem: { code: 'pairing-paused' } })
    expect(await auditKinds(bravo)).toContain('pairing-paused pairing-paused')
    await field.time.run(9 * minute)
    expect(await start(alpha, bravo)).toMatchObject({ ok: false, problem: { code: 'pairing-paused' } })
    await field.time.run(2 * minute)
    expect(bravo.overview.pairing.pausedUntil).toBeUndefined()
    await compare(alpha, bravo)
  })

  it('is told of a pause by a laptop that pauses alone', async () => {
    const [alpha, bravo] = await strangers(118)
    const charlie = await field.node('charlie')
    await meet(charlie, bravo)
    for (let count = 0; count < 3; count++) {
      await compare(alpha, bravo)
      await answer(bravo, alpha, false)
      await untilState('ended', alpha, bravo)
    }
    await start(charlie, bravo)
    await field.until('told', () => current(charlie)?.problem?.code === 'pairing-they-pause')
  })

  it('says why it cannot begin: nobody there, an older release, another one under way', async () => {
    const [alpha, bravo] = await strangers(119)
    const old = await field.node('old', { linkVersions: [1, 2, 3] })
    await meet(alpha, old)
    expect(await start(alpha, old)).toMatchObject({ ok: false, problem: { code: 'pairing-old-version' } })
    expect(current(alpha)?.problem?.code).toBe('pairing-old-version')
    await start(alpha, bravo)
    expect(await start(alpha, old)).toMatchObject({ ok: false, problem: { code: 'pairing-busy' } })
    await cancel(alpha, bravo)
    const { id } = bravo
    bravo.crash()
    await field.time.run(2 * minute)
    const started = await field.during(alpha.engine.commands.startPairing({ nodeId: id }))
    expect(started).toMatchObject({ ok: false, problem: { code: 'pairing-no-link' } })
  })

  it('waits its turn while another one runs', async () => {
    const [alpha, bravo] = await strangers(120)
    const charlie = await field.node('charlie')
    await meet(charlie, alpha)
    await compare(alpha, bravo)
    await start(charlie, alpha)
    await field.until('asked', () => alpha.overview.pairing.requests.length > 0)
    expect(await open(alpha, charlie)).toMatchObject({ ok: false, problem: { code: 'pairing-busy' } })
    await cancel(alpha, bravo)
    expect(await open(alpha, charlie)).toMatchObject({ ok: true })
    await untilState('comparing', alpha, charlie)
  })
})

describe('a crowd that asks', () => {
  it('of 22 laptops is 20 requests: the newest are refused, and told so', async () => {
    field = new Field(121)
    const alpha = await field.node('alpha')
    const crowd: FieldNode[] = []
    for (let count = 0; count < 22; count++) crowd.push(await field.node(`n${String(count)}`))
    for (const node of crowd) await meet(node, alpha)
    for (const node of crowd) await start(node, alpha)
    await field.until('the last were refused', () =>
      crowd.slice(20).every((node) => current(node)?.problem?.code === 'pairing-they-are-busy')
    )
    expect(alpha.overview.pairing.requests.map(({ nodeId }) => nodeId)).toEqual(crowd.slice(0, 20).map(({ id }) => id))
  })
})
