/** Stories of laptops with another release of Muster: what both speak counts, and who has nothing in common says so. */
import { afterEach, describe, expect, it } from 'vitest'
import type { LinkVersion } from '../../src/main/engine/links/hello.js'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const earlier: readonly LinkVersion[] = [1]
const later: readonly LinkVersion[] = [2]
const both: readonly LinkVersion[] = [1, 2]

describe('two laptops', () => {
  it.each([
    [both, both, 'packed'],
    [earlier, both, 'plain'],
    [both, earlier, 'plain'],
    [earlier, earlier, 'plain'],
    [later, both, 'packed']
  ])('that speak %j and %j come in step, with runs that are %s for both', async (one, other, form) => {
    field = new Field(21)
    const alpha = await field.node('alpha', { linkVersions: one })
    const bravo = await field.node('bravo', { linkVersions: other })
    const mission = await alpha.createMission('Karst Ridge Fire')
    const text = 'Third load in twelve minutes. '.repeat(10)
    for (let count = 0; count < 100; count++) await alpha.write(mission, `log/a${String(count)}`, 'text', text)
    await field.befriend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    await field.until('bravo may write', () => bravo.mission(mission)?.role === 'subscriber')
    await bravo.write(mission, 'log/b', 'text', text)
    await alpha.write(mission, 'log/a', 'text', text)
    await field.untilInStep(mission, alpha, bravo)
    const { bytesOut = 0, changesOut = 0 } = alpha.peer(bravo)?.given ?? {}
    expect(changesOut).toBeGreaterThan(100)
    expect(bytesOut / changesOut < text.length ? 'packed' : 'plain').toBe(form)
  })

  it('that have no version in common both say why', async () => {
    field = new Field(22)
    const alpha = await field.node('alpha', { linkVersions: earlier })
    const bravo = await field.node('bravo', { linkVersions: later })
    await alpha.add(bravo)
    await field.until('alpha knows', () => alpha.overview.targets[0]?.reason === 'version-differs')
    const noted = bravo.overview.auditTotal
    await field.until('bravo notes it', () => bravo.overview.auditTotal > noted)
    const audit = await field.during(bravo.engine.commands.listAudit({ offset: 0, limit: 20 }))
    const codes = audit.ok ? audit.value.items.map(({ code }) => code) : []
    expect(codes).toContain('version-differs')
    for (const node of [alpha, bravo]) expect(node.overview.peers).toEqual([])
  })
})
