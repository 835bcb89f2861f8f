/** Stories of items on the map: what a person draws here is on the maps of the others, and only what changed is asked for. */
import { afterEach, describe, expect, it } from 'vitest'
import type { ArgumentOf } from '@shared/contract.js'
import type { Json, MissionId } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const kras = [13.5, 45.6, 14.1, 46] as const

async function items(node: FieldNode, missionId: MissionId, query: Partial<ArgumentOf<'listItems'>> = {}) {
  for (;;) {
    const listed = await field.during(node.engine.commands.listItems({ missionId, ...query }))
    if (!listed.ok) throw new Error(listed.problem.code)
    if (listed.value.left === 0) return listed.value
  }
}

async function draw(node: FieldNode, missionId: MissionId, uid: string, fields: Readonly<Record<string, Json>>) {
  const changes = Object.entries(fields).map(([name, value]) => ({ entity: `item/${uid}`, field: name, value }))
  const written = await field.during(node.engine.commands.write({ missionId, changes }))
  expect(written.ok).toBe(true)
}

async function pair(seed: number) {
  field = new Field(seed)
  const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
  const mission = (await alpha.createMission('Karst Ridge Fire')) as MissionId
  await field.untilInStep(mission, alpha, bravo)
  await field.until('both are members', () => bravo.mission(mission)?.role !== undefined)
  await field.untilInStep(mission, alpha, bravo)
  return { alpha, bravo, mission }
}

const at = (lat: number, lon: number) => ({ lat, lon })

describe('items on the map', () => {
  it('are on the other laptop, by the box that is looked at, and afterwards only what changed', async () => {
    const { alpha, bravo, mission } = await pair(61)
    await draw(alpha, mission, 'a', { type: 'a-f-G', title: 'Umag', point: at(45.8, 13.7) })
    await draw(alpha, mission, 'b', {
      type: 'u-d-f',
      title: 'Line B',
      points: [
        [45, 13],
        [45.7, 13.6]
      ]
    })
    await draw(alpha, mission, 'far', { type: 'a-f-G', title: 'Wien', point: at(48.2, 16.4) })
    await draw(alpha, mission, 'nowhere', { type: 'a-f-G', title: 'No place yet' })
    await field.untilInStep(mission, alpha, bravo)
    const first = await items(bravo, mission, { box: kras })
    expect(first).toMatchObject({ isWhole: true, found: 2, total: 4, more: 0 })
    expect(first.items.map(({ title }) => title).sort()).toEqual(['Line B', 'Umag'])
    expect((await items(bravo, mission)).found).toBe(4)
    expect((await items(bravo, mission, { text: 'wIEN' })).items).toMatchObject([{ uid: 'far', by: 'alpha' }])

    await draw(alpha, mission, 'far', { point: at(45.9, 13.9) })
    await draw(alpha, mission, 'a', { deleted: true })
    await field.untilInStep(mission, alpha, bravo)
    const next = await items(bravo, mission, { box: kras, since: first.cursor })
    expect(next).toMatchObject({ isWhole: false, found: 2, total: 3, gone: ['a'] })
    expect(next.items).toMatchObject([{ uid: 'far', title: 'Wien', point: [45.9, 13.9] }])
    expect(await items(bravo, mission, { box: kras, since: next.cursor })).toMatchObject({ items: [], gone: [] })
  })

  it('show the newest claim of two places, and that there are two', async () => {
    const { alpha, bravo, mission } = await pair(62)
    await draw(alpha, mission, 'a', { type: 'a-f-G', title: 'Umag', point: at(45.8, 13.7) })
    await field.untilInStep(mission, alpha, bravo)
    field.cut(alpha, bravo)
    await field.until('apart', () => !alpha.isLinked(bravo) && !bravo.isLinked(alpha))
    await draw(alpha, mission, 'a', { point: at(45.81, 13.71) })
    await field.time.run(1_000)
    await draw(bravo, mission, 'a', { point: at(45.82, 13.72) })
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    for (const node of [alpha, bravo])
      expect((await items(node, mission)).items).toMatchObject([{ uid: 'a', point: [45.82, 13.72], conflict: true }])
  })

  it('are read anew when what counts became less', async () => {
    const { alpha, bravo, mission } = await pair(63)
    await draw(alpha, mission, 'a', { type: 'a-f-G', title: 'Umag', point: at(45.8, 13.7) })
    await field.untilInStep(mission, alpha, bravo)
    field.cut(alpha, bravo)
    await field.until('apart', () => !alpha.isLinked(bravo) && !bravo.isLinked(alpha))
    await draw(bravo, mission, 'b', { type: 'a-f-G', title: 'Too late', point: at(45.9, 13.8) })
    const before = await items(bravo, mission)
    expect(before.found).toBe(2)
    // Alpha ends bravo's part without having seen the last of it.
    const removed = await field.during(
      alpha.engine.commands.removeMember({ missionId: mission, nodeId: bravo.engine.nodeId })
    )
    expect(removed.ok).toBe(true)
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    const after = await items(bravo, mission, { since: before.cursor })
    expect(after).toMatchObject({ isWhole: true, found: 1 })
    expect(after.items.map(({ uid }) => uid)).toEqual(['a'])
  })
})
