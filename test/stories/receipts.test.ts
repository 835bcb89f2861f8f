/** Stories of signed receipts: who is known to hold what, over restarts, while it is away, and after it went back. */
import { afterEach, describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import type { Scope } from '@shared/scope.js'
import { judgeLeave } from '../../src/renderer/facts/leave.js'
import type { FieldNode } from '../sim/field.js'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

async function pair(seed: number): Promise<[FieldNode, FieldNode]> {
  field = new Field(seed)
  return (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
}

const holder = (node: FieldNode, mission: MissionId, callsign: string) =>
  node.mission(mission)?.holders.find((one) => one.callsign === callsign)
const isSigned = (node: FieldNode, mission: MissionId, callsign: string) =>
  holder(node, mission, callsign)?.receipt?.isWhole === true
const leaveOf = ({ overview }: FieldNode) => judgeLeave(overview.missions, overview.peers)

/** As people see it: entity, field and text of what is listed, the newest first. */
async function onlyHere(node: FieldNode, missionId: MissionId, other?: FieldNode) {
  const about = other === undefined ? {} : { nodeId: other.id }
  const listed = await field.during(node.engine.commands.listOnlyHere({ missionId, ...about, offset: 0, limit: 200 }))
  if (!listed.ok) throw new Error(listed.problem.code)
  return listed.value
}

describe('a signed receipt', () => {
  it('says after a restart, and while the peer is away, what it holds', async () => {
    const [alpha, bravo] = await pair(81)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'before')
    await field.until('both signed', () => isSigned(alpha, mission, 'bravo') && isSigned(bravo, mission, 'alpha'))
    field.cut(alpha, bravo)
    // A while, so that what is kept is kept.
    await field.time.run(10_000)
    const bravoId = bravo.id
    await bravo.stop()
    alpha.crash()
    await alpha.start()
    const kept = holder(alpha, mission, 'bravo')
    expect(kept).toMatchObject({ nodeId: bravoId, linked: false, state: 'in-step', theyLack: 0 })
    expect(kept?.receipt?.isWhole).toBe(true)
    expect(leaveOf(alpha)).toMatchObject({ answer: 'yes', peers: 1, at: kept?.receipt?.heardAt })
    await alpha.write(mission, 'log/2', 'text', 'since')
    expect(holder(alpha, mission, 'bravo')).toMatchObject({ state: 'differs', receipt: { isWhole: false } })
    // The new log begins with a line of its own.
    expect(alpha.mission(mission)?.onlyHere).toBe(2)
    expect((await onlyHere(alpha, mission)).items.map(({ text }) => text)).toEqual(['since', undefined])
  })

  it('is void when its signer went back to a snapshot, until it signs again', async () => {
    const [alpha, bravo] = await pair(82)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'before')
    await field.untilInStep(mission, alpha, bravo)
    await field.during(bravo.engine.commands.takeSnapshot(null))
    await alpha.write(mission, 'log/2', 'text', 'since')
    await field.until('signed', () => isSigned(alpha, mission, 'bravo'))
    await bravo.stop()
    await field.until('away', () => !alpha.overview.peers.some(({ link }) => link.state === 'linked'))
    expect(isSigned(alpha, mission, 'bravo')).toBe(true)
    await bravo.start('latest')
    expect(await bravo.values(mission, 'log/2', 'text')).toEqual([])
    await field.until('void', () => holder(alpha, mission, 'bravo')?.receipt === undefined)
    expect(leaveOf(alpha).answer, 'nobody else holds it').toBe('not-yet')
    await field.until('signed again', () => isSigned(alpha, mission, 'bravo'))
    expect(await bravo.values(mission, 'log/2', 'text')).toEqual(['since'])
    expect(leaveOf(alpha).answer).toBe('yes')
  })

  it('is void after a restart, too, when its signer was restored meanwhile', async () => {
    const [alpha, bravo] = await pair(83)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.until('signed', () => isSigned(alpha, mission, 'bravo'))
    await field.during(bravo.engine.commands.takeSnapshot(null))
    await bravo.stop()
    await alpha.restart()
    expect(isSigned(alpha, mission, 'bravo')).toBe(true)
    await bravo.start('latest')
    await field.until('void', () => holder(alpha, mission, 'bravo')?.receipt === undefined)
    await field.until('signed again', () => isSigned(alpha, mission, 'bravo'))
  })

  it('comes from its signer only: in a row of three nobody speaks for another', async () => {
    field = new Field(84)
    const [alpha, bravo, charlie] = (await field.chain('alpha', 'bravo', 'charlie')) as [
      FieldNode,
      FieldNode,
      FieldNode
    ]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'from alpha')
    await field.untilInStep(mission, alpha, bravo, charlie)
    await field.until('the neighbours signed', () =>
      [
        [alpha, 'bravo'] as const,
        [bravo, 'alpha'] as const,
        [bravo, 'charlie'] as const,
        [charlie, 'bravo'] as const
      ].every(([node, other]) => isSigned(node, mission, other))
    )
    await field.time.run(30_000)
    expect(alpha.mission(mission)?.holders.map(({ callsign }) => callsign)).toEqual(['bravo'])
    await field.befriend(alpha, charlie)
    await field.until('learned directly', () => isSigned(alpha, mission, 'charlie'))
  })

  it('is not given by a laptop with an earlier release; it is in step all the same', async () => {
    field = new Field(85)
    const alpha = await field.node('alpha')
    const bravo = await field.node('bravo', { linkVersions: [1, 2] })
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.befriend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    await field.time.run(30_000)
    for (const node of [alpha, bravo]) {
      expect(node.mission(mission)?.holders).toMatchObject([{ state: 'in-step', linked: true }])
      expect(node.mission(mission)?.holders[0]?.receipt).toBeUndefined()
    }
  })
})

describe('"safe to leave?"', () => {
  it('turns when a peer holds everything, and back with the next word', async () => {
    const [alpha, bravo] = await pair(86)
    expect(leaveOf(alpha).answer).toBe('nothing')
    field.cut(alpha, bravo)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'one')
    await alpha.write(mission, 'task/1', 'title', 'Hose line B')
    expect(leaveOf(alpha).answer).toBe('not-yet')
    const alone = await onlyHere(alpha, mission)
    expect(alone.total).toBe(alpha.mission(mission)?.onlyHere)
    expect(alone.items.slice(0, 2)).toMatchObject([
      { entity: 'task/1', field: 'title', text: 'Hose line B', authorName: 'alpha' },
      { entity: 'log/1', field: 'text', text: 'one' }
    ])
    expect((await onlyHere(alpha, mission, bravo)).total).toBe(alone.total)
    field.mend(alpha, bravo)
    await field.until('yes', () => leaveOf(alpha).answer === 'yes')
    expect((await onlyHere(alpha, mission)).total).toBe(0)
    expect((await onlyHere(alpha, mission, bravo)).total).toBe(0)
    field.cut(alpha, bravo)
    await alpha.write(mission, 'log/2', 'text', 'two')
    expect(leaveOf(alpha).answer).toBe('not-yet')
    field.mend(alpha, bravo)
    await field.until('yes again', () => leaveOf(alpha).answer === 'yes')
    // Who is trusted no more cannot be counted on to give it back.
    await alpha.decide(bravo, 'untrusted')
    expect(leaveOf(alpha).answer).toBe('not-yet')
    expect((await onlyHere(alpha, mission)).total).toBe(alpha.mission(mission)?.changes)
  })
})

describe('a change of what is shared', () => {
  it('shows its effect before it applies, and has that effect', async () => {
    field = new Field(87)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    const fire = await alpha.createMission('Karst Ridge Fire')
    const flood = await alpha.createMission('Karst Flood')
    for (let count = 0; count < 5; count++) await alpha.write(fire, `log/${String(count)}`, 'text', 'entry')
    const only: Scope = { out: [`id:${flood}`], in: ['*'], access: 'write' }
    await field.befriend(alpha, bravo, only)
    // Bravo says what it holds of everything.
    await bravo.decide(alpha, 'trusted')
    await field.untilInStep(flood, alpha, bravo)
    const scope: Scope = { out: ['Karst R*'], in: ['*'], access: 'write' }
    const ask = async () => {
      const asked = await field.during(alpha.engine.commands.previewScope({ nodeId: bravo.id, scope }))
      if (!asked.ok) throw new Error(asked.problem.code)
      return asked.value
    }
    const before = await ask()
    expect(before.out).toMatchObject([{ id: fire, isNew: true, items: 5, changes: alpha.mission(fire)?.changes }])
    expect(before.ending.map(({ id }) => id)).toEqual([flood])
    expect(before.futureOut).toEqual(['Karst R*'])
    expect(before.totals.bytes).toBeGreaterThan(300)
    await alpha.decide(bravo, 'trusted', scope)
    await field.untilInStep(fire, alpha, bravo)
    await field.until('told', () => holder(alpha, fire, 'bravo')?.theyLack === 0)
    expect((await ask()).totals).toMatchObject({ out: 1, ending: 0, changes: 0, bytes: 0 })
    const until = field.wallNow - 1
    const past = await field.during(alpha.engine.commands.previewScope({ nodeId: bravo.id, scope, until }))
    expect(past).toMatchObject({ ok: false, problem: { code: 'bad-until' } })
  })
})
