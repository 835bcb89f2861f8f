/** Stories of positions and other short-lived state that members of a mission share beside the log. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Json, MissionId } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const minute = 60_000

function share(node: FieldNode, missionId: MissionId, value: Json, key = 'position', ttlMs = minute) {
  return field.during(node.engine.commands.sharePresence({ missionId, key, value, ttlMs }))
}

async function presence(node: FieldNode, missionId: MissionId) {
  const listed = await field.during(node.engine.commands.listPresence({ missionId }))
  if (!listed.ok) throw new Error(listed.problem.code)
  return listed.value.presence
}

async function valuesOf(node: FieldNode, missionId: MissionId): Promise<readonly Json[]> {
  return (await presence(node, missionId)).map(({ value }) => value)
}

async function untilShown(node: FieldNode, missionId: MissionId, ...values: readonly Json[]): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (JSON.stringify(await valuesOf(node, missionId)) === JSON.stringify(values)) return
    await field.time.run(50)
  }
  expect(await valuesOf(node, missionId), `seed ${String(field.seed)}, at ${node.name}`).toEqual(values)
}

/** Nodes in a row that all may write in one mission. */
async function row(seed: number, ...names: readonly string[]) {
  field = new Field(seed)
  const nodes = await field.chain(...names)
  const mission = (await nodes[0]?.createMission('Karst Ridge Fire')) as MissionId
  await field.untilInStep(mission, ...nodes)
  await field.until('all are members', () => nodes.every((node) => node.mission(mission)?.role !== undefined))
  await field.untilInStep(mission, ...nodes)
  return { nodes: nodes as [FieldNode, FieldNode, FieldNode], mission }
}

describe('a position', () => {
  it('passes along a chain, the newest wins, and none of it is written into the mission', async () => {
    const { nodes, mission } = await row(41, 'alpha', 'bravo', 'charlie')
    const [alpha, bravo, charlie] = nodes
    const digest = alpha.digest(mission)
    expect(await share(alpha, mission, [45.9, 13.7])).toEqual({ ok: true, value: null })
    for (const node of nodes) await untilShown(node, mission, [45.9, 13.7])
    expect((await presence(charlie, mission))[0]).toMatchObject({
      source: alpha.id,
      callsign: 'alpha',
      key: 'position',
      isOwn: false
    })
    expect((await presence(alpha, mission))[0]).toMatchObject({ isOwn: true })
    await share(alpha, mission, [45.8, 13.8])
    for (const node of nodes) await untilShown(node, mission, [45.8, 13.8])
    await share(charlie, mission, 'on foot', 'state')
    await untilShown(alpha, mission, [45.8, 13.8], 'on foot')
    await share(alpha, mission, null)
    await untilShown(bravo, mission, 'on foot')
    await untilShown(charlie, mission, 'on foot')
    expect(nodes.map((node) => node.digest(mission))).toEqual([digest, digest, digest])
    expect(bravo.mission(mission)?.presenceVersion).toBeGreaterThan(0)
  })

  it('that is taken back is named as that, also to whoever links later, until that word is over', async () => {
    const { nodes, mission } = await row(81, 'alpha', 'bravo', 'charlie')
    const [alpha, bravo, charlie] = nodes
    const takenBack = async (node: FieldNode) => {
      const listed = await field.during(node.engine.commands.listPresence({ missionId: mission }))
      return listed.ok ? listed.value.takenBack : listed.problem
    }
    await share(alpha, mission, { lat: 45.9, lon: 13.7 }, 'position', 60 * minute)
    await untilShown(charlie, mission, { lat: 45.9, lon: 13.7 })
    field.cut(bravo, charlie)
    await field.until('apart', () => !bravo.isLinked(charlie) && !charlie.isLinked(bravo))
    await share(alpha, mission, null)
    await untilShown(bravo, mission)
    expect(await takenBack(bravo)).toEqual([{ source: alpha.id, key: 'position' }])
    expect(await takenBack(charlie)).toEqual([])
    field.mend(bravo, charlie)
    await untilShown(charlie, mission)
    expect(await takenBack(charlie)).toEqual([{ source: alpha.id, key: 'position' }])
    await field.time.run(minute)
    for (const node of nodes) expect(await takenBack(node)).toEqual([])
  })

  it('is over after its time, wherever it was meanwhile and however wrong clocks are', async () => {
    const { nodes, mission } = await row(42, 'alpha', 'bravo', 'charlie')
    const [alpha, bravo, charlie] = nodes
    bravo.wall.offsetMs = 10 * 365 * 24 * 3600 * 1000
    charlie.wall.offsetMs = -bravo.wall.offsetMs
    await share(alpha, mission, 'here', 'position', 20_000)
    for (const node of nodes) await untilShown(node, mission, 'here')
    // Bravo gives charlie late what it got early: its age goes along.
    field.cut(bravo, charlie)
    await field.until('apart', () => !bravo.isLinked(charlie) && !charlie.isLinked(bravo))
    field.mend(bravo, charlie)
    await field.until('linked', () => bravo.isLinked(charlie) && charlie.isLinked(bravo))
    await field.time.run(20_000)
    for (const node of nodes) expect(await valuesOf(node, mission)).toEqual([])
    await field.time.run(5 * minute)
    for (const node of nodes) expect(await valuesOf(node, mission)).toEqual([])
  })

  it('that is there already is given to whoever comes later, also one for whom the mission is new', async () => {
    const { nodes, mission } = await row(43, 'alpha', 'bravo')
    const [alpha, bravo] = nodes
    await share(alpha, mission, 'ridge')
    await share(bravo, mission, 'valley')
    await untilShown(bravo, mission, 'valley', 'ridge')
    const charlie = await field.node('charlie')
    await field.befriend(bravo, charlie)
    await field.untilInStep(mission, alpha, bravo, charlie)
    await field.time.run(2_000)
    expect([...(await valuesOf(charlie, mission))].sort()).toEqual(['ridge', 'valley'])
  })

  it('of a laptop that was started again is newer than any before, and one from a restored folder finds out', async () => {
    const { nodes, mission } = await row(44, 'alpha', 'bravo')
    const [alpha, bravo] = nodes
    await share(alpha, mission, 'first')
    await untilShown(bravo, mission, 'first')
    const folder = alpha.disk.copy()
    await alpha.restart()
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await share(alpha, mission, 'second')
    await untilShown(bravo, mission, 'second')
    await alpha.restart()
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    for (let count = 0; count < 5; count++) await share(alpha, mission, `third ${String(count)}`)
    await untilShown(bravo, mission, 'third 4')
    await alpha.stop()
    alpha.disk.restore(folder)
    await alpha.start()
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    // Bravo answers the first word, which is an old one to it; from the next one on alpha is heard again.
    await share(alpha, mission, 'fourth')
    await field.time.run(1_000)
    await share(alpha, mission, 'fifth')
    await untilShown(bravo, mission, 'fifth')
  })

  it('does not reach whom the mission may not be given to, nor a laptop of an earlier release', async () => {
    field = new Field(45)
    const alpha = await field.node('alpha')
    const outside = await field.node('outside')
    const old = await field.node('old', { linkVersions: [1] })
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.befriend(alpha, outside, { out: ['Other*'], in: ['*'], access: 'write' })
    await field.befriend(alpha, old)
    await field.untilInStep(mission, alpha, old)
    let bytes = 0
    field.wire.observer = {
      sent: ({ host, otherHost }, sent) => {
        if (host === alpha.address && otherHost === outside.address) bytes += sent.includes('not for everybody') ? 1 : 0
      },
      delivered: () => undefined
    }
    await share(alpha, mission, 'not for everybody')
    await field.time.run(minute / 2)
    expect(await valuesOf(alpha, mission)).toEqual(['not for everybody'])
    expect(await valuesOf(old, mission)).toEqual([])
    expect(await field.during(outside.engine.commands.listPresence({ missionId: mission }))).toMatchObject({
      ok: false,
      problem: { code: 'mission-unknown' }
    })
    expect(bytes).toBe(0)
    for (const peer of [outside, old]) expect(alpha.isLinked(peer)).toBe(true)
  })

  it('of whom a person revoked is gone at once, and refused from others', async () => {
    const { nodes, mission } = await row(46, 'alpha', 'bravo', 'charlie')
    const [alpha, bravo, charlie] = nodes
    await share(charlie, mission, 'here')
    await untilShown(alpha, mission, 'here')
    await field.befriend(alpha, charlie)
    await alpha.decide(charlie, 'revoked')
    expect(await valuesOf(alpha, mission)).toEqual([])
    await share(charlie, mission, 'there')
    await untilShown(bravo, mission, 'there')
    await field.time.run(1_000)
    expect(await valuesOf(alpha, mission)).toEqual([])
  })

  it('over a slow connection is the newest one, not every one', async () => {
    const { nodes, mission } = await row(47, 'alpha', 'bravo')
    const [alpha, bravo] = nodes
    const way = field.wire.way(alpha.address, bravo.address)
    way.bytesPerSecond = 2_000
    const value = (count: number) => `${String(count)} ${field.random.bytes(700).toString('hex')}`
    let bytes = 0
    field.wire.observer = {
      sent: ({ host }, sent) => {
        if (host === alpha.address) bytes += sent.length
      },
      delivered: () => undefined
    }
    let last = ''
    for (let count = 0; count < 2_000; count++) {
      last = value(count)
      await share(alpha, mission, last)
      await field.time.run(100)
    }
    await field.until('the last is there', () => bytes > 0 && (alpha.engine.counters()['bytes_waiting'] ?? 1) === 0)
    await untilShown(bravo, mission, last)
    // 200 seconds of what the line carries, and what the system took before it was full; not 2,000 words.
    expect(bytes).toBeLessThan(2_000 * 250 + 300 * 1_024)
    expect(bravo.isLinked(alpha)).toBe(true)
  })
})

describe('what cannot be shared', () => {
  it('is refused with a reason', async () => {
    const { nodes, mission } = await row(48, 'alpha', 'bravo')
    const [alpha] = nodes
    const unknown = '0'.repeat(64) as MissionId
    expect(await share(alpha, unknown, 1)).toMatchObject({ ok: false, problem: { code: 'mission-unknown' } })
    expect(await share(alpha, mission, 'x'.repeat(2_048))).toMatchObject({ problem: { code: 'too-large' } })
    for (let count = 0; count < 16; count++)
      expect((await share(alpha, mission, 1, `key ${String(count)}`)).ok).toBe(true)
    expect(await share(alpha, mission, 1, 'one more')).toMatchObject({ problem: { code: 'too-many' } })
    // The time of the others is over: there is room again.
    await field.time.run(minute)
    expect((await share(alpha, mission, 1, 'one more')).ok).toBe(true)
  })
})
