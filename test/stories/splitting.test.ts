/** Stories of being apart and coming together again, told in the simulated field. */
import { afterEach, describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { decodeCheckpoint } from '../../src/main/engine/missions/checkpoint.js'
import type { FieldNode } from '../sim/field.js'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

function checkpointOf(node: FieldNode, mission: MissionId) {
  const bytes = node.disk.copy().get(`missions/${mission}/checkpoint.json`)
  return bytes && decodeCheckpoint(bytes)
}

const week = 7 * 24 * 3600 * 1000

describe('a mission', () => {
  it('passes through a chain of five, and back', async () => {
    field = new Field(11)
    const nodes = await field.chain('alpha', 'bravo', 'charlie', 'delta', 'echo')
    const [alpha] = nodes
    const echo = nodes.at(-1)
    if (alpha === undefined || echo === undefined) throw new Error('five nodes')
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, ...nodes)
    await alpha.write(mission, 'log/1', 'text', 'from the first')
    await field.untilInStep(mission, ...nodes)
    expect(await echo.values(mission, 'log/1', 'text')).toEqual(['from the first'])
    // The chain of admits reaches the last one, whom the first never met.
    await field.until('the last may write', () => echo.mission(mission)?.role === 'subscriber')
    await echo.write(mission, 'log/2', 'text', 'from the last')
    await field.untilInStep(mission, ...nodes)
    expect(await alpha.values(mission, 'log/2', 'text')).toEqual(['from the last'])
  })

  it('is in step minutes after a week apart, and shows what both wrote as a conflict', async () => {
    field = new Field(12)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
    await alpha.write(mission, 'task/1', 'state', 'open')
    await field.untilInStep(mission, alpha, bravo)
    await field.until('bravo may write', () => bravo.mission(mission)?.role === 'subscriber')

    field.cut(alpha, bravo)
    await alpha.write(mission, 'task/1', 'state', 'done')
    await bravo.write(mission, 'task/1', 'state', 'work')
    for (let count = 0; count < 20; count++) {
      await alpha.write(mission, `log/a${String(count)}`, 'text', `alpha ${String(count)}`)
      await bravo.write(mission, `log/b${String(count)}`, 'text', `bravo ${String(count)}`)
    }
    await field.time.run(week)
    expect(alpha.isLinked(bravo)).toBe(false)
    expect(alpha.peer(bravo)?.link.state).not.toBe('linked')

    field.mend(alpha, bravo)
    const before = field.time.now
    await field.untilInStep(mission, alpha, bravo)
    expect(field.time.now - before).toBeLessThan(3 * 60_000)
    for (const node of [alpha, bravo]) {
      expect(node.mission(mission)).toMatchObject({ entries: 40, conflicts: 1 })
      expect([...(await node.values(mission, 'task/1', 'state'))].sort()).toEqual(['done', 'work'])
    }
    await alpha.write(mission, 'task/1', 'state', 'done')
    await field.untilInStep(mission, alpha, bravo)
    for (const node of [alpha, bravo]) {
      expect(node.mission(mission)?.conflicts).toBe(0)
      expect(await node.values(mission, 'task/1', 'state')).toEqual(['done'])
    }
  })

  it('comes by any route and any number of times, and is the same', async () => {
    field = new Field(13)
    const nodes: FieldNode[] = []
    for (const name of ['alpha', 'bravo', 'charlie', 'delta']) nodes.push(await field.node(name))
    for (const [index, one] of nodes.entries())
      for (const other of nodes.slice(index + 1)) await field.befriend(one, other)
    const [alpha, bravo, charlie, delta] = nodes as [FieldNode, FieldNode, FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, ...nodes)
    await field.until('all may write', () => nodes.every((node) => node.mission(mission)?.role !== undefined))
    for (let round = 0; round < 10; round++) {
      const [one, other] = [nodes[round % 4], nodes[(round * 3 + 1) % 4]] as [FieldNode, FieldNode]
      if (one !== other) field.cut(one, other)
      for (const node of nodes)
        await node.write(mission, `log/${node.name}${String(round)}`, 'text', `round ${String(round)}`)
      await field.time.run(Math.floor(field.random.unit() * 30_000))
      if (one !== other) field.mend(one, other)
    }
    await field.untilInStep(mission, alpha, bravo, charlie, delta)
    for (const node of nodes) expect(node.mission(mission)?.entries).toBe(40)
  })

  it('survives restarts of everybody, in the middle of everything', async () => {
    field = new Field(14)
    const nodes = await field.chain('alpha', 'bravo', 'charlie')
    const [alpha, bravo, charlie] = nodes as [FieldNode, FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, ...nodes)
    for (const [round, node] of [bravo, charlie, alpha, bravo].entries()) {
      await alpha.write(mission, `log/${String(round)}`, 'text', 'before the restart')
      await node.restart()
      await field.untilInStep(mission, ...nodes)
    }
    expect(charlie.mission(mission)?.entries).toBe(4)
    expect(bravo.peer(alpha)?.level).toBe('trusted')
  })

  it('keeps every acknowledged change through a power cut', async () => {
    field = new Field(15)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    const kept: string[] = []
    for (let round = 0; round < 12; round++) {
      // Some are acknowledged, some are on their way when the power goes.
      const count = Math.floor(field.random.unit() * 6)
      for (let index = 0; index < count; index++) {
        const id = `log/${String(round)}-${String(index)}`
        await alpha.write(mission, id, 'text', 'kept')
        kept.push(id)
      }
      for (let index = 0; index < 3; index++)
        void alpha.engine.commands.write({
          missionId: mission,
          changes: [{ entity: `log/lost-${String(round)}-${String(index)}`, field: 'text', value: 'perhaps' }]
        })
      for (let steps = Math.floor(field.random.unit() * 3); steps > 0; steps--) await field.time.step()
      alpha.crash()
      await alpha.start()
      for (const id of kept)
        expect(await alpha.values(mission, id, 'text'), `${id} after power cut ${String(round)}`).toEqual(['kept'])
    }
    expect(kept.length).toBeGreaterThan(10)
  })

  it('takes lost own changes back after an old copy of the folder was restored', async () => {
    field = new Field(16)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'in the copy')
    await field.untilInStep(mission, alpha, bravo)
    const copy = alpha.disk.copy()
    await alpha.write(mission, 'log/2', 'text', 'after the copy')
    await field.untilInStep(mission, alpha, bravo)

    await alpha.stop()
    alpha.disk.restore(copy)
    await alpha.start()
    // It writes at once, before it meets anybody: an old copy must not use a number twice.
    await alpha.write(mission, 'log/3', 'text', 'from the old copy')
    await field.untilInStep(mission, alpha, bravo)
    for (const node of [alpha, bravo])
      for (const [id, text] of [
        ['log/1', 'in the copy'],
        ['log/2', 'after the copy'],
        ['log/3', 'from the old copy']
      ] as const)
        expect(await node.values(mission, id, 'text')).toEqual([text])
  })

  it('that came in bulk is not read again whole after a stop before it was folded', async () => {
    field = new Field(19)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
    field.cut(alpha, bravo)
    const changes = Array.from({ length: 500 }, (_, index) => ({
      entity: `log/${String(index)}`,
      field: 'text',
      value: `entry ${String(index)}`
    }))
    await field.during(alpha.engine.commands.write({ missionId: mission, changes }))
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    expect(bravo.mission(mission)?.entries).toBe(0) // Not folded yet.
    await bravo.stop()
    const left = checkpointOf(bravo, mission)
    // A start line, an admit, and the 500.
    expect(left?.logs.map(({ seq }) => seq)).toContain(502)
    expect(left).not.toHaveProperty('summary')
    await bravo.start()
    expect(bravo.mission(mission)?.changes).toBe(alpha.mission(mission)?.changes)
    await field.until('it is folded', () => bravo.mission(mission)?.entries === 500)
    await bravo.stop()
    expect(checkpointOf(bravo, mission)?.summary?.counts).toEqual({ log: 500 })
  })

  it('gets back from a peer what a damaged file lost', async () => {
    field = new Field(17)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (let index = 0; index < 10; index++)
      await alpha.write(mission, `log/${String(index)}`, 'text', `entry ${String(index)}`)
    await field.untilInStep(mission, alpha, bravo)
    await alpha.stop()
    alpha.disk.alter(`missions/${mission}/000001.jsonl`, (bytes) => {
      const at = bytes.indexOf('entry 4')
      bytes.write('ENTRY', at)
    })
    await alpha.start()
    // The start read a checkpoint only; what it covers is read in the background.
    await field.until('the damage is found', () =>
      alpha.overview.health.problems.some(({ code }) => code === 'file-damaged')
    )
    expect(alpha.disk.paths().some((path) => path.startsWith('damaged/'))).toBe(true)
    await field.untilInStep(mission, alpha, bravo)
    expect(alpha.mission(mission)?.entries).toBe(10)
    expect(await alpha.values(mission, 'log/4', 'text')).toEqual(['entry 4'])
    await alpha.write(mission, 'log/10', 'text', 'goes on')
    await field.untilInStep(mission, alpha, bravo)
  })

  it('loses no link when one peer is silent: the others go on', async () => {
    field = new Field(18)
    const [alpha, bravo, charlie] = [await field.node('alpha'), await field.node('bravo'), await field.node('charlie')]
    await field.befriend(alpha, bravo)
    await field.befriend(alpha, charlie)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo, charlie)
    await field.until('bravo said so', () => alpha.peer(bravo)?.step.state === 'in-step')
    field.cut(alpha, bravo)
    await alpha.write(mission, 'log/1', 'text', 'one')
    await field.untilInStep(mission, alpha, charlie)
    await field.until(
      'the loss is said',
      () => {
        const link = alpha.peer(bravo)?.link
        return link?.state !== 'linked' && link?.reason !== undefined
      },
      15_000
    )
    expect(alpha.isLinked(charlie)).toBe(true)
    expect(alpha.mission(mission)?.holders.find(({ nodeId }) => nodeId === bravo.id)).toMatchObject({
      linked: false,
      theyLack: 1
    })
  })
})

describe('trust', () => {
  it('ends at its time, and a clock set back does not bring it back', async () => {
    field = new Field(21)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const until = alpha.overview.node.startedAt + 3_600_000
    await alpha.decide(bravo, 'trusted', undefined, until)
    expect(alpha.isLinked(bravo)).toBe(true)
    await field.time.run(3_600_000)
    await field.until('it ended', () => !alpha.isLinked(bravo))
    expect(alpha.peer(bravo)?.link).toMatchObject({ state: 'down', reason: 'trust-ended' })
    alpha.wall.offsetMs = -48 * 3_600_000
    await alpha.restart()
    // Twice: what is written while an ended decision is read must not harm the journal that holds it.
    await alpha.restart()
    expect(alpha.peer(bravo)?.decision?.level).toBe('trusted')
    await field.time.run(120_000)
    expect(alpha.isLinked(bravo)).toBe(false)
  })

  it('covers only the missions in its scope, in both directions', async () => {
    field = new Field(22)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    const fire = await alpha.createMission('Fire north')
    const flood = await alpha.createMission('Flood south')
    const secret = await bravo.createMission('Secret')
    const shared = await bravo.createMission('Fire from bravo')
    await field.befriend(alpha, bravo, { out: ['Fire*'], in: ['Fire*'], access: 'write' })
    await field.untilInStep(fire, alpha, bravo)
    await field.untilInStep(shared, alpha, bravo)
    await field.time.run(60_000)
    expect(bravo.mission(flood)).toBeUndefined()
    expect(alpha.mission(secret)).toBeUndefined()
    const refused = await alpha.tryWrite(shared, 'log/1', 'text', 'may write')
    expect(refused.ok).toBe(true)
  })

  it('to read only admits nobody to write', async () => {
    field = new Field(23)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    const mission = await alpha.createMission('Fire north')
    await field.befriend(alpha, bravo, { out: ['*'], in: ['*'], access: 'read' })
    await field.untilInStep(mission, alpha, bravo)
    await field.time.run(10_000)
    expect(await bravo.tryWrite(mission, 'log/1', 'text', 'no')).toMatchObject({
      ok: false,
      problem: { code: 'not-a-member' }
    })
  })

  it('links nobody when its journal is gone, until a person confirms', async () => {
    field = new Field(24)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    await alpha.stop()
    alpha.disk.lose('trust/000001.jsonl')
    await alpha.start()
    await field.time.run(60_000)
    expect(alpha.isLinked(bravo)).toBe(false)
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
    await alpha.restart()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
    await field.during(alpha.engine.commands.confirmJournal(null))
    await alpha.decide(bravo, 'trusted')
    await field.until('linked again', () => alpha.isLinked(bravo))
  })

  it('keeps revocations that stand after a damaged place of the journal', async () => {
    field = new Field(27)
    const alpha = await field.node('alpha')
    const bravo = await field.node('bravo')
    const charlie = await field.node('charlie')
    await field.befriend(alpha, bravo)
    await field.befriend(alpha, charlie)
    await alpha.decide(charlie, 'revoked')
    await field.time.run(1_000)
    await alpha.stop()
    alpha.disk.alter('trust/000001.jsonl', (bytes) => {
      const at = bytes.indexOf('"level":"trusted"')
      bytes.write('"level":"TRUSTED"', at)
    })
    for (let start = 0; start < 2; start++) {
      await alpha.start()
      expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
      expect(alpha.peer(charlie)?.level).toBe('revoked')
      await field.time.run(30_000)
      expect(alpha.isLinked(bravo)).toBe(false)
      await alpha.stop()
    }
    await alpha.start()
    await field.during(alpha.engine.commands.confirmJournal(null))
    await alpha.decide(bravo, 'trusted')
    await field.until('linked again', () => alpha.isLinked(bravo))
    expect(alpha.peer(charlie)?.level).toBe('revoked')
    await alpha.restart()
    expect(alpha.overview.health.problems.map(({ code }) => code)).not.toContain('journal-damaged')
  })

  it('never makes a second identity for a folder that had one', async () => {
    field = new Field(28)
    const alpha = await field.node('alpha')
    const { id } = alpha
    await alpha.stop()
    const whole = alpha.disk.copy()
    alpha.disk.alter('identity.json', (bytes) => bytes.fill(0, 40, 60))
    for (let start = 0; start < 2; start++)
      expect(await alpha.tryStart()).toMatchObject({ ok: false, problem: { code: 'identity-damaged' } })
    alpha.disk.lose('identity.json')
    expect(await alpha.tryStart()).toMatchObject({ ok: false, problem: { code: 'identity-damaged' } })
    alpha.disk.restore(whole)
    await alpha.start()
    expect(alpha.id).toBe(id)
  })

  it('survives a crash after every decision, revocations first', async () => {
    field = new Field(25)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    await alpha.decide(bravo, 'revoked')
    alpha.crash()
    await alpha.start()
    await field.time.run(60_000)
    expect(alpha.peer(bravo)?.level).toBe('revoked')
    expect(alpha.isLinked(bravo)).toBe(false)
    await alpha.decide(bravo, 'trusted')
    await field.until('reinstated by a person', () => alpha.isLinked(bravo))
  })

  it('shows one identity in two places', async () => {
    field = new Field(26)
    const alpha = await field.node('alpha')
    const bravo = await field.node('bravo')
    const twin = await field.node('twin')
    await field.befriend(alpha, bravo)
    await twin.stop()
    twin.disk.restore(bravo.disk.copy())
    await twin.start()
    for (let round = 0; round < 6; round++) {
      await twin.add(alpha)
      await field.time.run(5_000)
      await bravo.add(alpha)
      await field.time.run(5_000)
    }
    await field.until('it is shown', () => alpha.peer(bravo)?.warning === 'two-places')
  })
})
