/** Nobody hears anybody, and a list brings them together. */
import { afterEach, describe, expect, it } from 'vitest'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

describe('a team list', () => {
  it('leads to whom no network tells of, over a restart, and shows who is in it', async () => {
    field = new Field(31)
    field.air.loss = 1
    const alpha = await field.node('alpha', { isOnAir: true })
    const bravo = await field.node('bravo', { isOnAir: true })
    await field.time.run(60_000)
    expect(alpha.overview.peers).toEqual([])
    const { linkPort } = bravo.engine.reach()
    const text = `nodes:\n  - name: Boat\n    tags: [gateway]\n    addresses: ["${bravo.address}:${String(linkPort)}", nobody.example]\n`
    const { commands } = alpha.engine
    const opened = await field.during(commands.openTeamList({ text }))
    expect(opened).toEqual({ ok: true, value: { nodes: 1, addresses: 2 } })
    await field.until('the hello', () => alpha.overview.peers.length === 1)
    expect(alpha.overview.network.sources.map(({ source, found }) => [source, found])).toEqual([
      ['mdns', 0],
      ['list', 2]
    ])
    expect(alpha.overview.network.nearby.find(({ state }) => state === 'met')).toMatchObject({
      sources: ['list'],
      nodeId: bravo.engine.nodeId
    })
    const listed = await field.during(commands.listCatalogue(null))
    expect(listed).toMatchObject({
      ok: true,
      value: {
        nodes: [{ nodeId: bravo.engine.nodeId, name: 'bravo', tags: ['gateway'], isListed: true, isStale: false }]
      }
    })
    await field.time.run(90_000)
    expect(await field.during(commands.listCatalogue(null))).toMatchObject({ value: { nodes: [{ isStale: true }] } })

    const wrong = await field.during(commands.openTeamList({ text: text.replace('name', 'nome') }))
    expect(wrong).toMatchObject({ ok: false, problem: { code: 'team-list-refused' } })
    await alpha.restart()
    expect(alpha.overview.network.nearby.map(({ sources }) => sources)).toEqual([['list'], ['list']])
    await field.during(alpha.engine.commands.removeTeamList(null))
    expect(alpha.overview.network.nearby).toEqual([])
  })
})
