/** Who pretends: under a name that is known, with what was let go, or with a clock that is ten years off. */
import { afterEach, describe, expect, it } from 'vitest'
import { Field, type FieldNode } from '../sim/field.js'

const yearMs = 365 * 24 * 3_600_000
let field: Field
afterEach(() => field.stop())

async function met(one: FieldNode, other: FieldNode): Promise<void> {
  await one.add(other)
  await field.until('they met', () => one.peer(other) !== undefined && other.peer(one) !== undefined)
}

describe('a laptop under the name of a trusted one', () => {
  it('with a key of its own is a stranger, and gets nothing; the trusted one keeps its link', async () => {
    field = new Field(71)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const impostor = await field.node('impostor')
    const { callsign, laptop } = bravo.overview.node.settings
    await field.during(impostor.engine.commands.changeSettings({ callsign, laptop }))
    await met(impostor, alpha)
    await impostor.decide(alpha, 'trusted')
    await field.until('it asks', () => alpha.peer(impostor)?.level === 'pending')
    expect(alpha.peer(impostor)).toMatchObject({ callsign: 'bravo', level: 'pending' })
    expect(alpha.peer(impostor)?.decision).toBeUndefined()
    await field.during(alpha.engine.commands.createMission({ name: 'Karst' }))
    await field.until('bravo has it', () => bravo.overview.missions.length > 0)
    expect(impostor.overview.missions).toEqual([])
    expect([alpha.isLinked(bravo), alpha.isLinked(impostor)]).toEqual([true, false])
  })

  it('at its address, while it is away, is not taken for it', async () => {
    field = new Field(72)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const before = alpha.peer(bravo)?.decision
    const bravoId = bravo.id
    await bravo.crash()
    const impostor = await field.node('bravo again', { address: bravo.address })
    await field.during(impostor.engine.commands.changeSettings({ callsign: 'bravo' }))
    await field.until('alpha met it', () => alpha.overview.peers.some(({ nodeId }) => nodeId === impostor.id))
    expect(alpha.peer(impostor)?.level).not.toBe('trusted')
    const kept = alpha.overview.peers.find(({ nodeId }) => nodeId === bravoId)
    expect(kept?.decision).toEqual(before)
    expect(kept?.link.state).not.toBe('linked')
  })
})

describe('a laptop whose clock is ten years off', () => {
  it.each([
    ['ahead', 10 * yearMs],
    ['behind', -10 * yearMs]
  ])('%s lengthens and shortens nobody else’s trust, and what it writes counts as any other', async (_, offsetMs) => {
    field = new Field(73)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const until = field.wallNow + 3_600_000
    await alpha.decide(bravo, 'trusted', undefined, until)
    bravo.wall.offsetMs = offsetMs
    await bravo.restart()
    await field.until('linked again', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await field.time.run(60_000)
    const link = alpha.peer(bravo)?.link
    const seenMs = link?.state === 'linked' ? link.clockOffsetMs : undefined
    expect((seenMs ?? 0) / yearMs).toBeCloseTo(offsetMs / yearMs, 2)
    const made = await field.during(bravo.engine.commands.createMission({ name: 'Of another time' }))
    expect(made.ok).toBe(true)
    await field.until('alpha has it', () => alpha.overview.missions.some(({ name }) => name === 'Of another time'))
    expect(alpha.isLinked(bravo)).toBe(true)
    await field.time.run(3_600_000)
    await field.until('it ended at its time here', () => !alpha.isLinked(bravo))
    expect(alpha.peer(bravo)?.link).toMatchObject({ state: 'down', reason: 'trust-ended' })
  })
})
