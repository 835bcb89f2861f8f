/** Stories of federations that deal with each other, or do not, told in the simulated field. */
import { afterEach, describe, expect, it } from 'vitest'
import { openPolicy, type Boundary, type FederationPolicy } from '@shared/boundary.js'
import type { MissionId } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const everything: FederationPolicy = { ...openPolicy, vouching: true, deletions: 'count' }

function bridgingTo(name: string, policy: Partial<FederationPolicy> = {}): Boundary {
  return { mode: 'bridging', federations: [{ name, ...everything, ...policy }] }
}

async function bound(node: FieldNode, boundary: Boundary): Promise<void> {
  const done = await field.during(node.engine.commands.setBoundary(boundary))
  if (!done.ok) throw new Error(done.problem.code)
}

async function missionOf(node: FieldNode, name: string, onward: 'none' | 'federation' | 'any'): Promise<MissionId> {
  const made = await field.during(node.engine.commands.createMission({ name, onward }))
  if (!made.ok) throw new Error(made.problem.code)
  return made.value.id
}

async function twoFederations(seed: number): Promise<readonly [FieldNode, FieldNode]> {
  field = new Field(seed)
  const alpha = await field.node('alpha', { federation: 'kras' })
  const delta = await field.node('delta', { federation: 'drava' })
  await bound(alpha, bridgingTo('drava'))
  await bound(delta, bridgingTo('kras'))
  return [alpha, delta]
}

describe('two federations', () => {
  it('do not link while one side is strict, and both see why', async () => {
    field = new Field(201)
    const alpha = await field.node('alpha', { federation: 'kras' })
    const delta = await field.node('delta', { federation: 'drava' })
    await bound(alpha, bridgingTo('drava'))
    await alpha.add(delta)
    await field.until('alpha met it', () => alpha.peer(delta) !== undefined)
    expect((await alpha.decide(delta, 'trusted')).ok).toBe(true)
    const reasonAt = (node: FieldNode, other: FieldNode) => {
      const link = node.peer(other)?.link
      return link?.state === 'down' ? link.reason : undefined
    }
    await field.until('the strict one sees why', () => reasonAt(delta, alpha) === 'federation-differs')
    await field.until('the other one, too', () => reasonAt(alpha, delta) === 'federation-refused')
    const decided = await delta.decide(alpha, 'trusted')
    expect(decided.ok ? 'taken' : decided.problem.code).toBe('federation-differs')
  })

  it('share what both allow, and nothing else', async () => {
    const [alpha, delta] = await twoFederations(202)
    await bound(alpha, bridgingTo('drava', { out: ['Flood*'], access: 'read' }))
    await field.befriend(alpha, delta)
    const flood = await missionOf(alpha, 'Flood', 'federation')
    const fire = await missionOf(alpha, 'Fire', 'federation')
    const theirs = await missionOf(delta, 'Dam', 'federation')
    await field.untilInStep(flood, alpha, delta)
    await field.untilInStep(theirs, alpha, delta)
    await field.time.run(60_000)
    expect(delta.mission(fire)).toBeUndefined()
    // Theirs is of a node that lets us write; ours lets them read.
    expect(alpha.mission(theirs)?.role).toBe('subscriber')
    expect(delta.mission(flood)?.role).toBeUndefined()
  })

  it('write together in a mission that stays with its members', async () => {
    const [alpha, delta] = await twoFederations(207)
    await field.befriend(alpha, delta)
    for (const onward of ['federation', 'none'] as const) {
      const mission = await missionOf(alpha, onward, onward)
      await field.until('delta may write', () => delta.mission(mission)?.role === 'subscriber')
      await delta.write(mission, 'log/1', 'text', 'from the other federation')
      await field.untilInStep(mission, alpha, delta)
      expect(await alpha.values(mission, 'log/1', 'text')).toEqual(['from the other federation'])
    }
  })

  it('are cut at once when the boundary narrows, also in the middle of it, and stay so after a restart', async () => {
    const [alpha, delta] = await twoFederations(203)
    await field.befriend(alpha, delta)
    const mission = await missionOf(alpha, 'Flood', 'any')
    await field.untilInStep(mission, alpha, delta)
    const changes = Array.from({ length: 500 }, (_, index) => ({
      entity: `log/${String(index)}`,
      field: 'text',
      value: 'x'.repeat(2_000)
    }))
    await field.during(alpha.engine.commands.write({ missionId: mission, changes }))
    const setting = alpha.engine.commands.setBoundary({ mode: 'strict', federations: [] })
    expect(alpha.isLinked(delta)).toBe(false) // Before the disk has it.
    await field.during(setting)
    const held = delta.digest(mission)
    await field.time.run(60_000)
    expect(delta.digest(mission)).toBe(held)
    await alpha.restart()
    await field.time.run(60_000)
    expect(alpha.isLinked(delta)).toBe(false)
    expect(alpha.overview.node.boundary.mode).toBe('strict')
    await bound(alpha, bridgingTo('drava'))
    await field.untilInStep(mission, alpha, delta)
  })

  it('get a mission by way of another node exactly when a node that has it may give it', async () => {
    field = new Field(204)
    const alpha = await field.node('alpha', { federation: 'kras' })
    const bravo = await field.node('bravo', { federation: 'kras' })
    const delta = await field.node('delta', { federation: 'drava' })
    await field.befriend(alpha, bravo)
    await bound(bravo, { mode: 'open', federations: [] })
    await bound(delta, { mode: 'open', federations: [] })
    await field.befriend(bravo, delta)
    const inside = await missionOf(alpha, 'Inside', 'federation')
    const anywhere = await missionOf(alpha, 'Anywhere', 'any')
    await field.untilInStep(inside, alpha, bravo)
    await field.untilInStep(anywhere, alpha, bravo, delta)
    await field.time.run(60_000)
    expect(delta.mission(inside)).toBeUndefined()
    // Directly it is the same question, and the same answer: no owner gives it either, until its boundary says so.
    await alpha.add(delta)
    await field.time.run(60_000)
    expect(delta.mission(inside)).toBeUndefined()
    await bound(alpha, { mode: 'open', federations: [] })
    await field.befriend(alpha, delta)
    await field.untilInStep(inside, alpha, bravo, delta)
  })

  it('ask each other to delete, unless a person lets them, and every node sees the same', async () => {
    const [alpha, delta] = await twoFederations(206)
    const bravo = await field.node('bravo', { federation: 'kras' })
    await bound(alpha, bridgingTo('drava', { deletions: 'request' }))
    await field.befriend(alpha, bravo)
    await field.befriend(alpha, delta)
    const mission = await missionOf(alpha, 'Flood', 'any')
    await alpha.write(mission, 'item/1', 'title', 'Dam')
    await field.until('delta may write', () => delta.mission(mission)?.role === 'subscriber')
    await delta.write(mission, 'item/1', 'deleted', true)
    await field.untilInStep(mission, alpha, bravo, delta)
    const nodes = [alpha, bravo, delta]
    for (const node of nodes) {
      expect(await node.values(mission, 'item/1', 'deletionAsked')).toEqual([true])
      expect(await node.values(mission, 'item/1', 'title')).toEqual(['Dam'])
    }
    // What its members take back of somebody's deletion is a request as well.
    await alpha.write(mission, 'item/1', 'deleted', true)
    await field.untilInStep(mission, ...nodes)
    await delta.write(mission, 'item/1', 'deleted', false)
    await field.untilInStep(mission, ...nodes)
    for (const node of nodes) expect(await node.values(mission, 'item/1', 'title')).toEqual([])
    await alpha.write(mission, 'item/1', 'deleted', false)
    await alpha.write(mission, 'item/2', 'title', 'Bridge')
    await field.untilInStep(mission, ...nodes)
    await delta.write(mission, 'item/2', 'deleted', true)
    await field.untilInStep(mission, ...nodes)
    // A person lets them: what was asked for so far is done, everywhere and after a restart.
    await bound(alpha, bridgingTo('drava'))
    await field.time.run(5_000)
    await field.untilInStep(mission, ...nodes)
    await bravo.restart()
    // Who brought the first one back had seen the request.
    for (const node of nodes) {
      expect(await node.values(mission, 'item/1', 'title')).toEqual(['Dam'])
      expect(await node.values(mission, 'item/2', 'title')).toEqual([])
    }
  })

  it('answer requests to delete: one is kept for good, one is deleted', async () => {
    const [alpha, delta] = await twoFederations(207)
    await bound(alpha, bridgingTo('drava', { deletions: 'request' }))
    await field.befriend(alpha, delta)
    const mission = await missionOf(alpha, 'Flood', 'any')
    await alpha.write(mission, 'item/1', 'title', 'Dam')
    await alpha.write(mission, 'item/2', 'title', 'Bridge')
    await field.until('delta asks', () => delta.mission(mission)?.asksToDelete === true)
    expect(alpha.mission(mission)?.asksToDelete).toBeUndefined()
    const listed = async (node: FieldNode) => {
      const page = await field.during(node.engine.commands.listAsked({ missionId: mission, offset: 0, limit: 1 }))
      if (!page.ok) throw new Error(page.problem.code)
      const { total, items } = page.value
      return { total, first: items.map(({ entity, byName }) => [entity.entity, byName]) }
    }
    expect(await listed(alpha)).toEqual({ total: 0, first: [] })
    await delta.write(mission, 'item/1', 'deleted', true)
    await field.time.run(1_000)
    await delta.write(mission, 'item/2', 'deleted', true)
    await field.untilInStep(mission, alpha, delta)
    for (const node of [alpha, delta]) expect(await listed(node)).toEqual({ total: 2, first: [['item/2', 'delta']] })
    const view = await field.during(alpha.engine.commands.viewMission({ missionId: mission }))
    const askers = view.ok ? view.value.memberList.filter(({ asksToDelete }) => asksToDelete) : []
    expect(askers.map(({ name }) => name)).toEqual(['delta'])
    const history = await field.during(
      delta.engine.commands.listHistory({ missionId: mission, entity: 'item/1', field: 'deletionAsked', limit: 10 })
    )
    const written = history.ok ? history.value.entries.map(({ change, tak }) => ({ change, tak })) : []
    expect(written).toMatchObject([{ change: { field: 'deletionAsked', value: true, isCurrent: true }, tak: {} }])

    await alpha.write(mission, 'item/2', 'deleted', true)
    const entity = await field.during(alpha.engine.commands.viewEntity({ missionId: mission, entity: 'item/1' }))
    const fields = entity.ok ? (entity.value?.fields ?? []) : []
    const seen = fields.flatMap(({ field: name, values }) =>
      name === 'deletionAsked' ? values.map((one) => one.name) : []
    )
    const changes = ['deletionAsked', 'deleted'].map((name) => ({ entity: 'item/1', field: name, value: false, seen }))
    await field.during(alpha.engine.commands.write({ missionId: mission, changes }))
    await field.untilInStep(mission, alpha, delta)
    for (const node of [alpha, delta]) expect(await listed(node)).toEqual({ total: 0, first: [] })
    // Once its members may delete, what they were refused stays.
    await bound(alpha, bridgingTo('drava'))
    await field.until('delta may delete', () => delta.mission(mission)?.asksToDelete === undefined)
    await field.untilInStep(mission, alpha, delta)
    for (const node of [alpha, delta]) {
      expect(await node.values(mission, 'item/1', 'title')).toEqual(['Dam'])
      expect(await node.values(mission, 'item/2', 'title')).toEqual([])
    }
  })

  it('find no way around the boundary by a bundle', async () => {
    const [alpha, delta] = await twoFederations(205)
    await bound(alpha, bridgingTo('drava', { out: ['Flood*'], in: ['Dam*'] }))
    await field.befriend(alpha, delta)
    const fire = await missionOf(alpha, 'Fire', 'any')
    const path = '/media/stick/fire.muster-bundle'
    const written = await field.during(alpha.engine.commands.writeBundle({ path, missions: [fire], to: [delta.id] }))
    expect(written.ok ? 'written' : written.problem.code).toBe('outside-boundary')
    const theirs = await missionOf(delta, 'Marathon', 'any')
    const path2 = '/media/stick/marathon.muster-bundle'
    const given = await field.during(
      delta.engine.commands.writeBundle({ path: path2, missions: [theirs], to: [alpha.id] })
    )
    expect(given.ok).toBe(true)
    const taken = await field.during(alpha.engine.commands.takeBundle({ path: path2 }))
    expect(taken.ok ? 'taken' : taken.problem.code).toBe('outside-boundary')
  })
})
