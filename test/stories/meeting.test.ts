/** Stories of meeting, deciding, refusing and taking back, told in the simulated field. */
import { afterEach, describe, expect, it } from 'vitest'
import { Field } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

describe('two laptops', () => {
  it('meet by address, trust on both sides, and share a mission', async () => {
    field = new Field(1)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.add(bravo)
    await field.until('they met', () => alpha.peer(bravo) !== undefined && bravo.peer(alpha) !== undefined)
    expect(bravo.peer(alpha)?.level).toBe('untrusted')

    await alpha.decide(bravo, 'trusted')
    await field.until('bravo is asked', () => bravo.peer(alpha)?.level === 'pending')
    expect(bravo.peer(alpha)?.theirLevel).toBe('trusted')
    expect(bravo.overview.missions).toEqual([])
    expect(alpha.peer(bravo)?.link).toMatchObject({ state: 'down', reason: 'peer-waits' })

    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await field.untilInStep(mission, alpha, bravo)

    await alpha.write(mission, 'log/1', 'text', 'Two drops on line B')
    await field.untilInStep(mission, alpha, bravo)
    expect(await bravo.values(mission, 'log/1', 'text')).toEqual(['Two drops on line B'])
    await bravo.write(mission, 'log/2', 'text', 'Road 617 closed')
    await field.untilInStep(mission, alpha, bravo)
    expect(await alpha.values(mission, 'log/2', 'text')).toEqual(['Road 617 closed'])
    await field.until(
      'both say in step',
      () => alpha.peer(bravo)?.step.state === 'in-step' && bravo.peer(alpha)?.step.state === 'in-step'
    )
  })

  it('hear each other on the air and say hello, whoever came first', async () => {
    field = new Field(6)
    field.air.loss = 0.3
    const alpha = await field.node('alpha', { isOnAir: true })
    await field.time.run(5_000)
    const bravo = await field.node('bravo', { isOnAir: true })
    await field.until('they met', () => alpha.peer(bravo) !== undefined && bravo.peer(alpha) !== undefined)
    expect(alpha.peer(bravo)).toMatchObject({ level: 'untrusted', callsign: 'bravo' })
    await alpha.decide(bravo, 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    // A laptop that comes back with another address is found again by the air alone.
    await bravo.restart()
    await field.until('linked again', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
  })

  it('are told apart by the air when one comes at the address of another', async () => {
    field = new Field(7)
    const alpha = await field.node('alpha', { isOnAir: true })
    const bravo = await field.node('bravo', { isOnAir: true })
    await field.until('alpha met bravo', () => alpha.peer(bravo) !== undefined)
    await bravo.stop()
    const charlie = await field.node('charlie', { isOnAir: true, address: bravo.address })
    await field.until('alpha met charlie', () => alpha.peer(charlie) !== undefined)
  })

  it('share nothing after a refusal, and the refusal does not ask again by itself', async () => {
    field = new Field(2)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    await alpha.createMission('Karst Ridge Fire')
    await alpha.add(bravo)
    await field.until('they met', () => bravo.peer(alpha) !== undefined && alpha.peer(bravo) !== undefined)
    await alpha.decide(bravo, 'trusted')
    await field.until('asked', () => bravo.peer(alpha)?.level === 'pending')
    await bravo.decide(alpha, 'untrusted')
    await field.time.run(5 * 60_000)
    expect(bravo.peer(alpha)?.level).toBe('untrusted')
    expect(bravo.overview.missions).toEqual([])
    expect(alpha.isLinked(bravo)).toBe(false)
  })

  it('of two federations refuse each other with the same code on both sides', async () => {
    field = new Field(3)
    const alpha = await field.node('alpha', { federation: 'kras-2026' })
    const bravo = await field.node('bravo', { federation: 'drava-2026' })
    await alpha.createMission('Karst Ridge Fire')
    await alpha.add(bravo)
    await field.until('both know why', () =>
      [alpha.peer(bravo), bravo.peer(alpha)].every(
        (peer) => peer?.link.state === 'down' && peer.link.reason === 'federation-differs'
      )
    )
    const decided = await alpha.decide(bravo, 'trusted')
    expect(decided).toMatchObject({ ok: false, problem: { code: 'federation-differs' } })
    await field.time.run(1_000)
    const audit = await bravo.engine.commands.listAudit({ offset: 0, limit: 10 })
    expect(audit.ok && audit.value.items.map(({ code }) => code)).toContain('federation-differs')
  })

  it('end their link at once when one revokes, in the middle of a transfer', async () => {
    field = new Field(4)
    const [one, other] = await field.chain('alpha', 'bravo')
    if (one === undefined || other === undefined) throw new Error('two nodes')
    const mission = await one.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, one, other)
    field.cut(one, other)
    const changes = Array.from({ length: 3_000 }, (_, index) => ({
      entity: `log/${String(index)}`,
      field: 'text',
      // Nothing that packing makes much shorter.
      value: field.random.bytes(600).toString('base64')
    }))
    await field.during(one.engine.commands.write({ missionId: mission, changes }))
    field.mend(one, other)
    const held = () => other.engine.counters()['changes'] ?? 0
    const before = held()
    await field.until('the transfer is under way', () => held() > before)
    expect(held()).toBeLessThan(before + 3_000)
    await one.decide(other, 'revoked')
    const had = held()
    await field.time.run(5 * 60_000)
    // What the system had in its hands may still arrive; nothing leaves the queue any more.
    expect(held() - had).toBeLessThan(1_500)
    expect(held()).toBeLessThan(before + 3_000)
    expect(other.mission(mission)?.entries).toBeLessThan(3_000)
    expect(one.peer(other)).toMatchObject({ level: 'revoked', link: { state: 'down', reason: 'peer-revoked' } })
    expect(other.isLinked(one)).toBe(false)
  })

  it('dial each other at the same moment and keep one link', async () => {
    field = new Field(5)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    const both = [
      alpha.engine.commands.addPeer({ address: bravo.address, port: 47110 }),
      bravo.engine.commands.addPeer({ address: alpha.address, port: 47110 })
    ]
    await field.during(Promise.all(both))
    await field.until('they met', () => alpha.peer(bravo) !== undefined && bravo.peer(alpha) !== undefined)
    await alpha.decide(bravo, 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
    await field.time.run(60_000)
    expect(alpha.engine.counters()['links']).toBe(1)
    expect(bravo.engine.counters()['links']).toBe(1)
    expect(alpha.isLinked(bravo) && bravo.isLinked(alpha)).toBe(true)
  })
})
