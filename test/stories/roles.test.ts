/** Roles that are given and taken away, what was written without a right, what was deleted, and invitations. */
import { afterEach, describe, expect, it } from 'vitest'
import type { AnswerOf, ArgumentOf, CommandName } from '@shared/contract.js'
import type { MissionId, Role } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

async function three(seed: number): Promise<{ nodes: readonly [FieldNode, FieldNode, FieldNode]; mission: MissionId }> {
  field = new Field(seed)
  const alpha = await field.node('alpha')
  const [bravo, charlie] = [await field.node('bravo'), await field.node('charlie')]
  const nodes = [alpha, bravo, charlie] as const
  await field.befriend(alpha, bravo)
  await field.befriend(alpha, charlie)
  await field.befriend(bravo, charlie)
  const mission = await alpha.createMission('Karst Ridge Fire')
  await field.until('all may write', () => nodes.every((node) => node.mission(mission)?.role !== undefined))
  await field.untilInStep(mission, ...nodes)
  return { nodes, mission }
}

async function ask<Name extends CommandName>(
  node: FieldNode,
  name: Name,
  argument: ArgumentOf<Name>
): Promise<AnswerOf<Name> | string> {
  const answer = await field.during(node.engine.commands[name](argument))
  return answer.ok ? answer.value : answer.problem.code
}

const give = (node: FieldNode, mission: MissionId, to: FieldNode, role: Role) =>
  ask(node, 'setRole', { missionId: mission, nodeId: to.id, role })

async function member(node: FieldNode, mission: MissionId, who: FieldNode) {
  const view = await ask(node, 'viewMission', { missionId: mission })
  return typeof view === 'string' ? view : view.memberList.find(({ nodeId }) => nodeId === who.id)
}

describe('a role', () => {
  it('is taken away, what was written meanwhile is shown, and an owner takes it in after all', async () => {
    const { nodes, mission } = await three(81)
    const [alpha, bravo, charlie] = nodes
    expect(await give(alpha, mission, charlie, 'owner')).toBeNull()
    await field.untilInStep(mission, ...nodes)
    await bravo.write(mission, 'log/1', 'text', 'before')
    await field.untilInStep(mission, ...nodes)
    // Charlie, an owner too, hears what bravo writes while alpha lets bravo only read.
    field.cut(alpha, bravo)
    field.cut(alpha, charlie)
    expect(await give(alpha, mission, bravo, 'read-only')).toBeNull()
    await bravo.write(mission, 'log/2', 'text', 'meanwhile')
    await bravo.write(mission, 'log/1', 'deleted', true)
    await field.untilInStep(mission, bravo, charlie)
    field.mend(alpha, charlie)
    await field.untilInStep(mission, ...nodes)
    for (const node of nodes) {
      expect(node.mission(mission)?.entries, node.name).toBe(1)
      const seen = await member(node, mission, bravo)
      const beyond = node === alpha ? {} : { beyond: 2 }
      expect(seen, node.name).toMatchObject({ removedBy: [{ nodeId: alpha.id, name: 'alpha' }], ...beyond })
    }
    expect(bravo.mission(mission)?.isRemoved).toBe(true)
    const written = { missionId: mission, nodeId: bravo.id, offset: 0, limit: 10 }
    expect(await ask(alpha, 'listBeyond', written)).toEqual({ total: 0, lines: [] })
    const held = await ask(charlie, 'listBeyond', written)
    expect(held).toMatchObject({
      total: 2,
      lines: [
        { kind: 'set', set: { entity: 'log/2', field: 'text', value: 'meanwhile' } },
        { kind: 'set', set: { entity: 'log/1', field: 'deleted', value: true } }
      ]
    })
    expect(await ask(charlie, 'listBeyond', { ...written, offset: 1, limit: 1 })).toMatchObject({
      total: 2,
      lines: [{ set: { entity: 'log/1' } }]
    })
    // Charlie ranks below alpha; alpha does not have these changes.
    expect(await ask(charlie, 'adoptBeyond', { missionId: mission, nodeId: bravo.id })).toBe('outranked')
    expect(await ask(alpha, 'adoptBeyond', { missionId: mission, nodeId: bravo.id })).toBe('nothing-to-change')
    // Given back, all counts; then it may only read again, and what is held by now stays.
    expect(await give(alpha, mission, bravo, 'subscriber')).toBeNull()
    await field.until(
      'alpha has it',
      () => alpha.mission(mission)?.entries === 1 && alpha.mission(mission)?.changes === bravo.mission(mission)?.changes
    )
    await field.untilInStep(mission, ...nodes)
    expect(await alpha.values(mission, 'log/2', 'text')).toEqual(['meanwhile'])
    expect(await member(alpha, mission, bravo)).not.toHaveProperty('removedBy')
  })

  it('that a lower owner took away: what it holds beyond, it takes in, and nothing more', async () => {
    const { nodes, mission } = await three(82)
    const [alpha, bravo, charlie] = nodes
    expect(await give(alpha, mission, charlie, 'owner')).toBeNull()
    await field.untilInStep(mission, ...nodes)
    field.cut(alpha, charlie)
    field.cut(bravo, charlie)
    await ask(charlie, 'removeMember', { missionId: mission, nodeId: bravo.id })
    await bravo.write(mission, 'log/1', 'text', 'heard by alpha')
    await field.untilInStep(mission, alpha, bravo)
    field.mend(alpha, charlie)
    await field.untilInStep(mission, ...nodes)
    expect(alpha.mission(mission)?.entries).toBe(0)
    expect(await ask(alpha, 'adoptBeyond', { missionId: mission, nodeId: bravo.id })).toBeNull()
    await field.untilInStep(mission, ...nodes)
    for (const node of nodes) expect(node.mission(mission)?.entries, node.name).toBe(1)
    expect(await bravo.tryWrite(mission, 'log/2', 'text', 'x')).toMatchObject({ problem: { code: 'removed' } })
    expect(await member(charlie, mission, bravo)).toMatchObject({ removedBy: [{ name: 'charlie' }] })
  })

  it('is given and taken by owners only, and an owner stays one while it writes', async () => {
    const { nodes, mission } = await three(83)
    const [alpha, bravo, charlie] = nodes
    expect(await give(bravo, mission, charlie, 'owner')).toBe('not-an-owner')
    expect(await give(alpha, mission, alpha, 'read-only')).toBe('outranked')
    expect(await give(alpha, mission, bravo, 'subscriber')).toBe('nothing-to-change')
    expect(await give(alpha, mission, bravo, 'owner')).toBeNull()
    await field.untilInStep(mission, ...nodes)
    expect(bravo.mission(mission)?.role).toBe('owner')
    expect(await give(bravo, mission, alpha, 'read-only')).toBe('outranked')
    expect(await give(alpha, mission, bravo, 'subscriber')).toBe('stays-owner')
    expect(await give(bravo, mission, charlie, 'read-only')).toBeNull()
    await field.untilInStep(mission, ...nodes)
    expect(await charlie.tryWrite(mission, 'log/1', 'text', 'x')).toMatchObject({ problem: { code: 'removed' } })
    expect(await give(bravo, mission, charlie, 'owner')).toBeNull()
    await field.untilInStep(mission, ...nodes)
    expect(charlie.mission(mission)).toMatchObject({ role: 'owner' })
    await charlie.write(mission, 'log/1', 'text', 'as an owner')
  })
})

describe('what was deleted', () => {
  it('is listed everywhere with who did it, is restored, and is listed for 30 days', async () => {
    const { nodes, mission } = await three(84)
    const [alpha, bravo] = nodes
    for (const name of ['log/1', 'task/1', 'layer/1']) await alpha.write(mission, name, 'deleted', false)
    await alpha.write(mission, 'log/1', 'text', 'kept')
    await field.untilInStep(mission, ...nodes)
    await bravo.write(mission, 'log/1', 'deleted', true)
    await field.time.run(1_000)
    await bravo.write(mission, 'task/1', 'deleted', true)
    await field.untilInStep(mission, ...nodes)
    const listed = await ask(alpha, 'listDeleted', { missionId: mission, offset: 0, limit: 10 })
    expect(listed).toMatchObject({
      total: 2,
      items: [
        { entity: { entity: 'task/1' }, byName: 'bravo' },
        { entity: { entity: 'log/1', deleted: true }, by: bravo.id }
      ]
    })
    expect(await ask(alpha, 'listDeleted', { missionId: mission, offset: 1, limit: 1 })).toMatchObject({
      total: 2,
      items: [{ entity: { entity: 'log/1' } }]
    })
    await alpha.write(mission, 'log/1', 'deleted', false)
    await field.untilInStep(mission, ...nodes)
    expect(bravo.mission(mission)?.entries).toBe(1)
    expect(await bravo.values(mission, 'log/1', 'text')).toEqual(['kept'])
    for (const node of nodes) await node.stop()
    await field.time.run(30 * 24 * 3_600_000)
    await bravo.start()
    expect(await ask(bravo, 'listDeleted', { missionId: mission, offset: 0, limit: 10 })).toMatchObject({ total: 0 })
  })
})

describe('an invitation', () => {
  it('that its invitee accepts gives the role, also when the answer comes after a restart', async () => {
    const { nodes, mission } = await three(85)
    const [alpha, bravo, charlie] = nodes
    const invite = async (to: FieldNode, id: string) => {
      const values = { invitee: to.id, role: 'owner', state: 'open' }
      for (const [name, value] of Object.entries(values)) await alpha.write(mission, `invitation/${id}`, name, value)
    }
    await invite(bravo, '1')
    await invite(charlie, '2')
    await field.untilInStep(mission, ...nodes)
    // Bravo accepts for charlie, and takes charlie's place: neither gives anything.
    await bravo.write(mission, 'invitation/2', 'state', 'accepted')
    await bravo.write(mission, 'invitation/2', 'invitee', bravo.id)
    await field.untilInStep(mission, ...nodes)
    await field.time.run(1_000)
    for (const node of [bravo, charlie]) expect(node.mission(mission)?.role, node.name).toBe('subscriber')
    field.cut(alpha, bravo)
    field.cut(bravo, charlie)
    await bravo.write(mission, 'invitation/1', 'state', 'accepted')
    await alpha.restart()
    field.mend(alpha, bravo)
    await field.until('it is an owner', () => bravo.mission(mission)?.role === 'owner')
    expect(await give(alpha, mission, bravo, 'read-only')).toBeNull()
    await field.untilInStep(mission, alpha, bravo)
    await alpha.restart()
    await alpha.write(mission, 'invitation/3', 'note', 'looked at again')
    await field.untilInStep(mission, alpha, bravo)
    expect(bravo.mission(mission)?.isRemoved).toBe(true)
  })
})
