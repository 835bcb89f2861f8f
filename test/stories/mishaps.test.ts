/** Stories of bad moments: decisions in quick succession, slow and failing disks, givers that are lost. */
import { afterEach, describe, expect, it } from 'vitest'
import { systemError } from '../sim/disk.js'
import type { FieldNode } from '../sim/field.js'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

function entries(count: number, size: number, prefix: string) {
  return Array.from({ length: count }, (_, index) => ({
    entity: `log/${prefix}${String(index)}`,
    field: 'text',
    value: 'x'.repeat(size)
  }))
}

describe('a decision', () => {
  it('that takes trust away is not undone by a yes that was still on its way to disk', async () => {
    field = new Field(41)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    await alpha.add(bravo)
    await field.until('they met', () => alpha.peer(bravo) !== undefined && bravo.peer(alpha) !== undefined)
    await bravo.decide(alpha, 'trusted')
    await field.until('asked', () => alpha.peer(bravo)?.level === 'pending')
    alpha.disk.faults.syncMs = 50
    const yes = alpha.engine.commands.decide({ nodeId: bravo.id, level: 'trusted' })
    await field.time.step()
    const no = alpha.engine.commands.decide({ nodeId: bravo.id, level: 'revoked' })
    expect(alpha.peer(bravo)?.level).toBe('revoked')
    await field.during(yes)
    expect(alpha.peer(bravo)?.level).toBe('revoked')
    await field.during(no)
    expect(alpha.peer(bravo)?.level).toBe('revoked')
    expect(alpha.isLinked(bravo)).toBe(false)
  })

  it('is missed when the newest entry of the journal is damaged', async () => {
    field = new Field(42)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    await bravo.stop()
    await field.time.run(60_000)
    const peer = alpha.overview.peers[0]
    if (peer === undefined) throw new Error('alpha knows bravo')
    await field.during(alpha.engine.commands.decide({ nodeId: peer.nodeId, level: 'revoked' }))
    alpha.crash()
    const path = 'trust/000001.jsonl'
    alpha.disk.alter(path, (bytes) => bytes.write('z', bytes.lastIndexOf('{"author"') + 5))
    await alpha.start()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['file-damaged', 'journal-damaged'])
    )
    await bravo.start()
    await field.time.run(120_000)
    expect(alpha.isLinked(bravo)).toBe(false)
  })

  it('that widens the scope acts on a link that is up, both ways', async () => {
    field = new Field(43)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    const [one, two] = [await alpha.createMission('one'), await alpha.createMission('two')]
    const three = await bravo.createMission('three')
    await field.befriend(alpha, bravo, { out: ['one'], in: ['one'], access: 'read' })
    await field.untilInStep(one, alpha, bravo)
    await field.time.run(60_000)
    expect(bravo.mission(two)).toBeUndefined()
    expect(alpha.mission(three)).toBeUndefined()
    for (const [node, other] of [
      [alpha, bravo],
      [bravo, alpha]
    ] as const)
      await node.decide(other, 'trusted', { out: ['*'], in: ['*'], access: 'read' })
    await field.untilInStep(two, alpha, bravo)
    await field.untilInStep(three, alpha, bravo)
  })
})

describe('a disk', () => {
  it('that is slow is not taken for a silent peer', async () => {
    field = new Field(44)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
    bravo.disk.faults.syncMs = 12_000
    await field.during(alpha.engine.commands.write({ missionId: mission, changes: entries(8_000, 900, 'a') }))
    for (let second = 0; second < 120; second++) {
      await field.time.run(1_000)
      expect(bravo.isLinked(alpha), `after ${String(second)} s`).toBe(true)
    }
    await field.untilInStep(mission, alpha, bravo)
  })

  it('that fails once while changes come in costs nothing but a second fetch', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      field = new Field(440 + seed)
      const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
      const mission = await alpha.createMission('Karst Ridge Fire')
      await field.untilInStep(mission, alpha, bravo)
      await field.until('bravo may write', () => bravo.mission(mission)?.role === 'subscriber')
      await field.time.run(1_000)
      bravo.disk.faults.syncMs = 8
      let syncs = 0
      bravo.disk.faults.onCall = (operation, path) => {
        if (operation === 'sync' && path.includes(mission) && ++syncs === 2 + (seed % 4))
          throw systemError('EIO', 'once')
      }
      for (let index = 0; index < 60; index++) {
        void alpha.engine.commands.write({
          missionId: mission,
          changes: [{ entity: `log/${String(index)}`, field: 'text', value: `entry ${String(index)}` }]
        })
        await field.time.run(1 + ((index * seed) % 7))
      }
      await field.untilInStep(mission, alpha, bravo)
      for (const node of [alpha, bravo]) expect(node.mission(mission)?.entries, `seed ${String(seed)}`).toBe(60)
      await field.stop()
    }
  })

  it('that does not give one mission leaves the others', async () => {
    field = new Field(45)
    const alpha = await field.node('alpha')
    const lost = await alpha.createMission('one')
    const kept = await alpha.createMission('two')
    await alpha.stop()
    alpha.disk.faults.onCall = (operation, path) => {
      if (operation === 'read' && path.includes(lost)) throw systemError('EIO', path)
    }
    await alpha.start()
    expect(alpha.mission(kept)).toBeDefined()
    expect(alpha.mission(lost)).toBeUndefined()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('disk-failed')
  })

  it('that is full refuses a write whole, and takes it when there is room', async () => {
    field = new Field(46)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/0', 'text', 'before')
    alpha.disk.faults.isFull = true
    const changes = entries(3_000, 20, 'full')
    const refused = await field.during(alpha.engine.commands.write({ missionId: mission, changes }))
    expect(refused).toMatchObject({ ok: false, problem: { code: 'disk-full' } })
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('disk-full')
    expect(alpha.mission(mission)?.entries).toBe(1)
    alpha.disk.faults.isFull = false
    await alpha.write(mission, 'log/1', 'text', 'after')
    expect(alpha.overview.health.problems).toEqual([])
    await alpha.restart()
    expect(alpha.mission(mission)?.entries).toBe(2)
  })
})

describe('a mission', () => {
  it('whose first giver is lost comes from the next', async () => {
    for (let offset = 0; offset <= 6; offset += 0.5) {
      field = new Field(47)
      const [alpha, bravo, charlie] = [
        await field.node('alpha'),
        await field.node('bravo'),
        await field.node('charlie')
      ]
      await field.befriend(alpha, bravo)
      await field.befriend(alpha, charlie)
      await field.befriend(bravo, charlie)
      await field.time.run(20_000)
      const mission = await alpha.createMission('Karst Ridge Fire')
      await field.time.run(offset)
      field.cut(alpha, charlie)
      await field.until(`charlie has it, cut after ${String(offset)} ms`, () => charlie.mission(mission) !== undefined)
      await field.stop()
    }
  })
})
