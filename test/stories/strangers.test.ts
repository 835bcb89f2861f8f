/** What a node says to those whom nobody here has trusted, what it says later, and how a peer is taken off the list. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Settings } from '@shared/settings.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

function set(node: FieldNode, changes: Partial<Settings>) {
  return field.during(node.engine.commands.changeSettings(changes))
}

async function met(one: FieldNode, other: FieldNode): Promise<void> {
  await one.add(other)
  await field.until('they met', () => one.peer(other) !== undefined && other.peer(one) !== undefined)
}

describe('a laptop that does not say who it is to strangers', () => {
  it('is met without callsign, laptop and federation, and says them once it trusts', async () => {
    field = new Field(1)
    const alpha = await field.node('alpha')
    const bravo = await field.node('bravo')
    await set(alpha, { isShownToStrangers: false, laptop: 'Toughbook 4' })
    await met(alpha, bravo)
    expect(bravo.peer(alpha)).toMatchObject({ callsign: '', laptop: '', federation: '' })
    expect(alpha.peer(bravo)).toMatchObject({ callsign: 'bravo', federation: 'field' })
    await alpha.decide(bravo, 'trusted')
    await field.until('bravo knows', () => bravo.peer(alpha)?.callsign === 'alpha')
    expect(bravo.peer(alpha)).toMatchObject({ laptop: 'Toughbook 4', federation: 'field' })
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
  })

  it('links when both withhold, in either order of the decisions', async () => {
    field = new Field(2)
    const alpha = await field.node('alpha')
    const bravo = await field.node('bravo')
    for (const node of [alpha, bravo]) await set(node, { isShownToStrangers: false })
    await met(alpha, bravo)
    expect(alpha.peer(bravo)?.callsign).toBe('')
    await bravo.decide(alpha, 'trusted')
    expect(bravo.isLinked(alpha)).toBe(false)
    await alpha.decide(bravo, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    expect(alpha.peer(bravo)?.callsign).toBe('bravo')
  })

  it('is refused after all when it turns out to be of another federation', async () => {
    field = new Field(3)
    const alpha = await field.node('alpha', { federation: 'kras' })
    const bravo = await field.node('bravo')
    await set(alpha, { isShownToStrangers: false })
    await met(alpha, bravo)
    await bravo.decide(alpha, 'trusted')
    // It knows at once that bravo is foreign; were it to trust all the same, bravo would refuse.
    const decided = await field.during(alpha.engine.commands.decide({ nodeId: bravo.id, level: 'trusted' }))
    expect(decided).toMatchObject({ ok: false, problem: { code: 'federation-differs' } })
    expect(bravo.isLinked(alpha)).toBe(false)
  })
})

describe('a laptop that changed its federation', () => {
  it('can be trusted though it withholds the new one, which is ours', async () => {
    field = new Field(10)
    const alpha = await field.node('alpha', { federation: 'kras' })
    const bravo = await field.node('bravo')
    await met(alpha, bravo)
    expect(bravo.peer(alpha)).toMatchObject({ federation: 'kras' })
    await set(alpha, { federation: 'field', isShownToStrangers: false })
    await alpha.add(bravo)
    await field.until('met anew', () => bravo.peer(alpha)?.federation === '')
    expect(await bravo.decide(alpha, 'trusted')).toMatchObject({ ok: true })
    await alpha.decide(bravo, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
  })
})

describe('settings that others see', () => {
  it('tell linked peers a new callsign, also as the author of what is written next', async () => {
    field = new Field(4)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
    await set(alpha, { callsign: 'OSC Sežana', laptop: 'Toughbook 4' })
    await field.until('told', () => bravo.peer(alpha)?.callsign === 'OSC Sežana')
    expect(bravo.peer(alpha)).toMatchObject({ laptop: 'Toughbook 4', link: { state: 'linked' } })
    await alpha.write(mission, 'log/1', 'text', 'after the new name')
    await field.untilInStep(mission, alpha, bravo)
    const page = await field.during(
      bravo.engine.commands.listEntities({ missionId: mission, type: 'log', offset: 0, limit: 1, order: 'newest' })
    )
    expect(page.ok && page.value.items[0]?.createdByName).toBe('OSC Sežana')
  })

  it('are kept over a restart where the host only suggests', async () => {
    field = new Field(5)
    const alpha = await field.node('alpha', { wantsFirstRun: true })
    expect(alpha.engine.overview().node.isFirstRun).toBe(true)
    await set(alpha, { callsign: 'OSC Sežana', federation: 'kras', isSetUp: true })
    await alpha.stop()
    await alpha.start()
    expect(alpha.engine.overview().node).toMatchObject({
      callsign: 'OSC Sežana',
      federation: 'kras',
      isFirstRun: false
    })
  })

  it('end every link when the federation changes, and say why', async () => {
    field = new Field(6)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    await set(alpha, { federation: 'kras' })
    await field.until('refused on both sides', () =>
      [alpha.peer(bravo), bravo.peer(alpha)].every(
        (peer) => peer?.link.state !== 'linked' && peer?.link.reason === 'federation-differs'
      )
    )
    await set(alpha, { federation: 'field' })
    await field.until('linked again', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
  })

  it('keep the old port when the new one is taken, and move when it is free', async () => {
    field = new Field(7)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    expect(alpha.engine.overview().node.linkPort).toBe(47110)
    await set(alpha, { linkPort: 47111 })
    expect(alpha.engine.overview().node.linkPort).toBe(47111)
    await field.until('linked again', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
  })
})

describe('a forgotten peer', () => {
  it('is off the list, gets nothing more, and comes back as a stranger', async () => {
    field = new Field(8)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    field.cut(alpha, bravo)
    await field.until('lost', () => !alpha.isLinked(bravo))
    const forgotten = await field.during(alpha.engine.commands.forgetPeer({ nodeId: bravo.id }))
    expect(forgotten).toMatchObject({ ok: true })
    expect(alpha.peer(bravo)).toBeUndefined()
    await alpha.stop()
    await alpha.start()
    expect(alpha.peer(bravo)).toBeUndefined()
    field.mend(alpha, bravo)
    await field.until('it asks again', () => alpha.peer(bravo)?.level === 'pending')
    expect(alpha.peer(bravo)?.decision).toBeUndefined()
    expect(bravo.isLinked(alpha)).toBe(false)
  })

  it('cannot be one that was revoked', async () => {
    field = new Field(9)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    await alpha.decide(bravo, 'revoked')
    const forgotten = await field.during(alpha.engine.commands.forgetPeer({ nodeId: bravo.id }))
    expect(forgotten).toMatchObject({ ok: false, problem: { code: 'stays-revoked' } })
    expect(alpha.peer(bravo)?.level).toBe('revoked')
  })
})

describe('a stranger who is renamed while nobody is connected', () => {
  it('is known by its new name at once, because it says hello again', async () => {
    field = new Field(10)
    const alpha = await field.node('alpha', { isOnAir: true })
    const bravo = await field.node('bravo', { isOnAir: true })
    await field.until('met', () => alpha.peer(bravo) !== undefined && bravo.peer(alpha) !== undefined)
    // A connection that nobody decides about ends after a minute.
    await field.time.run(90_000)
    await set(alpha, { callsign: 'OSC Sežana' })
    await field.until('the new name is there', () => bravo.peer(alpha)?.callsign === 'OSC Sežana', 5_000)
  })
})
