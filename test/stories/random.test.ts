/**
 * Random stories: nodes in a random connected graph write, are cut, crash and come back in a random order. Whatever
 * happened, after healing all hold the same, and nothing acknowledged is lost. `MUSTER_SEEDS=200` tells more of them,
 * `MUSTER_SEED=7` one.
 */
import { expect, it } from 'vitest'
import type { FieldNode } from '../sim/field.js'
import { Field } from '../sim/field.js'

const one = process.env['MUSTER_SEED']
const count = Number(process.env['MUSTER_SEEDS'] ?? 25)
const seeds = one === undefined ? Array.from({ length: count }, (_, index) => 1000 + index) : [Number(one)]

it.each(seeds)('seed %i', async (seed) => {
  const field = new Field(seed)
  const pick = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(field.random.unit() * list.length)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }
  const nodes: FieldNode[] = []
  const edges: (readonly [FieldNode, FieldNode])[] = []
  for (let index = 0; index < 3 + (seed % 3); index++) {
    const node = await field.node(`n${String(index)}`)
    if (nodes.length > 0) edges.push([pick(nodes), node])
    nodes.push(node)
  }
  for (const [a, b] of edges) await field.befriend(a, b)
  const [first] = nodes
  if (first === undefined) throw new Error('no nodes')
  const mission = await first.createMission(`Mission ${String(seed)}`)
  await field.until('all may write', () => nodes.every((node) => node.mission(mission)?.role !== undefined))

  const acknowledged = new Map<string, string>()
  for (let turn = 0; turn < 40; turn++) {
    const node = pick(nodes)
    const [a, b] = pick(edges)
    const dice = field.random.unit()
    if (dice < 0.5) {
      const entity = `log/${String(turn)}`
      await node.write(mission, entity, 'text', `turn ${String(turn)}`)
      acknowledged.set(entity, `turn ${String(turn)}`)
    } else if (dice < 0.6) await node.write(mission, 'task/1', 'state', pick(['open', 'in work', 'done']))
    else if (dice < 0.7) field.cut(a, b)
    else if (dice < 0.8) field.mend(a, b)
    else if (dice < 0.85) field.wire.reset(a.address, b.address)
    else if (dice < 0.9) {
      node.crash()
      await node.start()
    } else if (dice < 0.93) await node.restart()
    else await field.time.run(field.random.unit() * 20_000)
  }

  for (const [a, b] of edges) field.mend(a, b)
  await field.untilInStep(mission, ...nodes)
  const [reference] = await Promise.all(nodes.map((node) => node.values(mission, 'task/1', 'state')))
  for (const node of nodes) {
    expect(node.mission(mission)?.entries, node.name).toBe(acknowledged.size)
    expect(await node.values(mission, 'task/1', 'state'), node.name).toEqual(reference)
    for (const [entity, text] of acknowledged)
      expect(await node.values(mission, entity, 'text'), `${node.name} ${entity}`).toEqual([text])
  }
  await field.stop()
})
