/** Stories of laptops that went back to an older state of their data, and of folders that are only looked at. */
import { afterEach, describe, expect, it } from 'vitest'
import { encodeDocument } from '../../src/main/engine/storage/document.js'
import type { FieldNode } from '../sim/field.js'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

async function pair(seed: number): Promise<[FieldNode, FieldNode]> {
  field = new Field(seed)
  return (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
}

const snapshotsOf = async (node: FieldNode) => {
  const listed = await field.during(node.engine.commands.listSnapshots(null))
  if (!listed.ok) throw new Error(listed.problem.code)
  return listed.value.snapshots
}

describe('a laptop that goes back to a snapshot', () => {
  it('takes back from its peers what it wrote since, and revocations stay', async () => {
    const [alpha, bravo] = await pair(61)
    const charlie = await field.node('charlie')
    await field.befriend(alpha, charlie)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'before')
    const taken = await field.during(alpha.engine.commands.takeSnapshot(null))
    const name = taken.ok ? taken.value.name : taken.problem.code
    await alpha.write(mission, 'log/2', 'text', 'since')
    await field.untilInStep(mission, alpha, bravo)
    field.cut(alpha, bravo)
    await alpha.decide(charlie, 'revoked')
    const chosen = await field.during(alpha.engine.commands.restoreSnapshot({ name }))
    expect(chosen).toEqual({ ok: true, value: { name } })
    expect(await alpha.values(mission, 'log/2', 'text'), 'until the next start nothing changes').toEqual(['since'])
    await alpha.restart()
    expect(await alpha.values(mission, 'log/1', 'text')).toEqual(['before'])
    expect(await alpha.values(mission, 'log/2', 'text')).toEqual([])
    expect(alpha.peer(charlie)?.level).toBe('revoked')
    // It writes before it hears of its own later changes.
    await alpha.write(mission, 'log/3', 'text', 'after')
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    for (const node of [alpha, bravo]) {
      expect(await node.values(mission, 'log/2', 'text')).toEqual(['since'])
      expect(await node.values(mission, 'log/3', 'text')).toEqual(['after'])
    }
    await field.time.run(120_000)
    expect(alpha.isLinked(charlie)).toBe(false)
    expect((await snapshotsOf(alpha)).map(({ kind }) => kind)).toContain('restore')
  })

  it('links nobody until a person confirms, when its decisions had to come back too', async () => {
    const [alpha, bravo] = await pair(62)
    await field.during(alpha.engine.commands.takeSnapshot(null))
    await alpha.stop()
    alpha.disk.lose('trust/000001.jsonl')
    await alpha.start()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
    await alpha.stop()
    alpha.disk.lose('trust/000001.jsonl')
    alpha.disk.lose('trust/000002.jsonl')
    await alpha.start('latest')
    expect(alpha.peer(bravo)?.level, 'what was decided is known again').toBe('trusted')
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
    await field.time.run(120_000)
    expect(alpha.isLinked(bravo)).toBe(false)
    await alpha.restart()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
    await field.during(alpha.engine.commands.confirmJournal(null))
    await field.until('linked again', () => alpha.isLinked(bravo))
    await alpha.restart()
    await field.until('and after the next start', () => alpha.isLinked(bravo))
  })

  it('is linked again with an identity older than its peers saw, and they note that', async () => {
    const [alpha, bravo] = await pair(63)
    const mission = await alpha.createMission('Karst Ridge Fire')
    const copy = alpha.disk.copy()
    await field.during(alpha.engine.commands.renewCertificate(null))
    await alpha.write(mission, 'log/1', 'text', 'since')
    await field.until('linked under the new certificate', () => alpha.isLinked(bravo))
    await field.untilInStep(mission, alpha, bravo)
    await alpha.stop()
    alpha.disk.restore(copy)
    await alpha.start()
    await field.until('linked under the old one', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await field.untilInStep(mission, alpha, bravo)
    expect(await alpha.values(mission, 'log/1', 'text')).toEqual(['since'])
    const audit = await bravo.engine.commands.listAudit({ offset: 0, limit: 100 })
    const notes = audit.ok ? audit.value.items.filter(({ kind }) => kind === 'identity-older') : []
    expect(notes).toHaveLength(1)
  })
})

describe('a laptop that runs on', () => {
  it('makes a snapshot each hour and each day, and writes go on meanwhile', async () => {
    field = new Field(64)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (let hour = 0; hour < 50; hour++) {
      await alpha.write(mission, `log/${String(hour)}`, 'text', 'entry')
      await field.time.run(3_600_000)
    }
    const kinds = (await snapshotsOf(alpha)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'daily')).toHaveLength(3)
    expect(kinds.filter((kind) => kind === 'hourly')).toHaveLength(24)
    expect(alpha.overview.health.problems).toEqual([])
  })

  it('says when the disk is too full for snapshots, and still saves', async () => {
    field = new Field(65)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    alpha.disk.faults.capacity = 64 * 1024 * 1024
    await field.time.run(120_000)
    expect(alpha.overview.health.problems.map(({ code }) => code)).toEqual(['no-room-for-snapshot'])
    await alpha.write(mission, 'log/1', 'text', 'saved')
    alpha.disk.faults.capacity = 2 ** 40
    await field.time.run(3_600_000)
    expect(alpha.overview.health.problems).toEqual([])
  })

  it('is another store after damage, and the same from start to start', async () => {
    field = new Field(66)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'one')
    await alpha.write(mission, 'log/2', 'text', 'two')
    const store = async () => (await field.during(alpha.disk.read('store.json')))?.toString()
    const before = await store()
    await alpha.restart()
    expect(await store()).toBe(before)
    await alpha.stop()
    const path = alpha.disk.paths().find((name) => name.startsWith(`missions/${mission}/0`)) ?? ''
    alpha.disk.alter(path, (bytes) => bytes.write('z', bytes.indexOf('{"author"') + 5))
    await alpha.start()
    // The start reads a checkpoint; the damage is found in the background.
    await field.time.run(60_000)
    expect(await store()).not.toBe(before)
  })
})

describe('a folder of a newer version', () => {
  it('can be read; nothing is written, nobody is linked, and every command that changes something says why not', async () => {
    const [alpha, bravo] = await pair(67)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'one')
    await field.untilInStep(mission, alpha, bravo)
    await alpha.stop()
    await field.during(alpha.disk.replace('folder.json', encodeDocument({ version: 3 })))
    // Also with a torn end, which a start would cut off.
    const log = await field.during(alpha.disk.openLog('trust/000001.jsonl'))
    await field.during(log.append(Buffer.from('{"author":"ab')))
    const before = alpha.disk.copy()
    await alpha.start()
    expect(alpha.overview.node.readOnly).toBe('newer-data')
    expect(alpha.overview.health.problems.map(({ code }) => code)).toEqual(['newer-data'])
    expect(await alpha.values(mission, 'log/1', 'text')).toEqual(['one'])
    expect(alpha.peer(bravo)?.level).toBe('trusted')
    const { commands } = alpha.engine
    const refused = { ok: false, problem: { code: 'newer-data' } }
    expect(await alpha.tryWrite(mission, 'log/2', 'text', 'lost')).toMatchObject(refused)
    expect(await commands.createMission({ name: 'lost' })).toMatchObject(refused)
    expect(await commands.changeSettings({ callsign: 'lost' })).toMatchObject(refused)
    expect(await commands.decide({ nodeId: bravo.id, level: 'revoked' })).toMatchObject(refused)
    expect(await commands.addPeer({ address: bravo.address, port: 47110 })).toMatchObject(refused)
    expect(await commands.takeSnapshot(null)).toMatchObject(refused)
    await field.time.run(2 * 3_600_000)
    expect(alpha.isLinked(bravo)).toBe(false)
    expect(alpha.overview.node.linkPort).toBeUndefined()
    await alpha.stop()
    expect(alpha.disk.copy()).toEqual(before)
  })
})
