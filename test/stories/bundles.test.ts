/** Stories of missions that travel on a drive. */
import { afterEach, describe, expect, it } from 'vitest'
import type { BundleRequest } from '@shared/contract.js'
import type { MissionId } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const path = '/media/stick/fire.muster-bundle'

async function write(node: FieldNode, to: readonly FieldNode[], mission: MissionId, more: Partial<BundleRequest> = {}) {
  const request = { path, missions: [mission], to: to.map(({ id }) => id), ...more }
  const written = await field.during(node.engine.commands.writeBundle(request))
  if (!written.ok) throw new Error(`${written.problem.code} ${written.problem.detail ?? ''}`)
  return written.value
}

const take = (node: FieldNode, from = path) => field.during(node.engine.commands.takeBundle({ path: from }))
const preview = (node: FieldNode, from = path) => field.during(node.engine.commands.previewBundle({ path: from }))

async function taken(node: FieldNode, from = path) {
  const done = await take(node, from)
  if (!done.ok) throw new Error(`${done.problem.code} ${done.problem.detail ?? ''}`)
  return done.value
}

/** Two that trust each other and were driven apart before there was a mission. */
async function apart(seed: number): Promise<[FieldNode, FieldNode]> {
  field = new Field(seed)
  const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
  field.cut(alpha, bravo)
  await field.until('apart', () => !alpha.isLinked(bravo) && !bravo.isLinked(alpha))
  return [alpha, bravo]
}

describe('a bundle on a drive', () => {
  it('brings a mission to a laptop that was never linked since, and its receipt tells the sender', async () => {
    const [alpha, bravo] = await apart(501)
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (let number = 1; number <= 20; number++)
      await alpha.write(mission, `log/${String(number)}`, 'text', `entry ${String(number)}`)
    await field.time.run(1_000)
    const written = await write(alpha, [bravo], mission)
    expect(written).toMatchObject({ missions: 1, files: [{ name: 'fire.muster-bundle' }] })
    const before = bravo.disk.copy()
    const seen = await preview(bravo)
    expect(seen).toMatchObject({
      ok: true,
      value: {
        isSealed: true,
        sender: { nodeId: alpha.id, callsign: 'alpha', isKnown: true },
        audience: [bravo.id],
        warnings: []
      }
    })
    expect(seen.ok && seen.value.missions).toMatchObject([
      {
        id: mission,
        name: 'Karst Ridge Fire',
        isNew: true,
        changes: written.changes,
        newChanges: written.changes,
        leftOut: 0
      }
    ])
    expect(bravo.disk.copy(), 'a preview writes nothing').toEqual(before)
    const bundle = field.drive.copy().get('fire.muster-bundle')
    const done = await taken(bravo)
    expect(done).toMatchObject({ from: alpha.id, newMissions: 1, changes: written.changes, waiting: 0, refused: 0 })
    expect(bravo.digest(mission)).toBe(alpha.digest(mission))
    expect(await bravo.values(mission, 'log/20', 'text')).toEqual(['entry 20'])
    expect(field.drive.copy().get('fire.muster-bundle'), 'the bundle is as it was').toEqual(bundle)

    const onlyHere = () => alpha.mission(mission)?.onlyHere
    expect(onlyHere()).toBeGreaterThan(0)
    expect(await field.during(alpha.engine.commands.takeReceipt({ data: done.receipt.data }))).toEqual({
      ok: true,
      value: { nodeId: bravo.id, missions: 1 }
    })
    expect(onlyHere()).toBe(0)
    await alpha.restart()
    expect(onlyHere(), 'also after a restart').toBe(0)
  })
})
