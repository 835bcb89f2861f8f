/** An identity that leaves its laptop in a file and comes back, and one that is given up for another, told by hand. */
import { afterEach, describe, expect, it } from 'vitest'
import { Field, type FieldNode } from '../sim/field.js'

const passphrase = 'five words that stay'
let field: Field
afterEach(() => field.stop())

async function save(node: FieldNode, current?: string): Promise<string> {
  const argument = { passphrase, ...(current === undefined ? {} : { current }) }
  const made = await field.during(node.engine.commands.exportIdentity(argument))
  if (!made.ok) throw new Error(made.problem.code)
  return made.value.data
}

async function take(node: FieldNode, data: string, word = passphrase): Promise<string> {
  const taken = await field.during(node.engine.commands.importIdentity({ data, passphrase: word }))
  return taken.ok ? taken.value.nodeId : taken.problem.code
}

async function reset(node: FieldNode, confirm = node.name): Promise<string> {
  const done = await field.during(node.engine.commands.resetIdentity({ confirm }))
  return done.ok ? done.value.nodeId : done.problem.code
}

const filesWith = (node: FieldNode, text: string) =>
  [...node.disk.copy()].flatMap(([path, bytes]) => (bytes.includes(text) ? [path] : []))

function seedOf(node: FieldNode): string {
  const text = node.disk.copy().get('identity.json')?.toString() ?? ''
  return (JSON.parse(text) as { data: { signingSeed: string } }).data.signingSeed
}

describe('an identity in a file', () => {
  it('comes back on a fresh laptop: trusted as before, with its missions, writing on in a log of its own', async () => {
    field = new Field(1)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Fire')
    await alpha.write(mission, 'log/1', 'text', 'on the lost laptop')
    await field.untilInStep(mission, alpha, bravo)
    const { id } = alpha
    const words = alpha.overview.node.words
    const file = await save(alpha)
    await alpha.stop()

    const charlie = await field.node('charlie', { wantsFirstRun: true, address: alpha.address })
    expect(await take(charlie, file)).toBe(id)
    expect(charlie.overview.node).toMatchObject({ nodeId: id, words, callsign: 'alpha', isFirstRun: true })
    expect(charlie.overview.missions).toEqual([])
    await charlie.add(bravo)
    await field.until('they met', () => charlie.peer(bravo) !== undefined)
    // Decisions are not in the file: this side decides anew.
    expect(charlie.peer(bravo)?.level).not.toBe('trusted')
    await charlie.decide(bravo, 'trusted')
    await field.untilInStep(mission, charlie, bravo)
    await charlie.write(mission, 'log/2', 'text', 'on the new one')
    await field.untilInStep(mission, charlie, bravo)
    expect(await bravo.values(mission, 'log/1', 'text')).toEqual(['on the lost laptop'])
    expect(await bravo.values(mission, 'log/2', 'text')).toEqual(['on the new one'])
    expect(bravo.engine.heads(mission)).toMatchObject({ value: { heads: [{ author: id }, {}] } })
    const forks = await field.during(bravo.engine.commands.listForks({ missionId: mission }))
    expect(forks).toEqual({ ok: true, value: { forks: [] } })
    await charlie.restart()
    expect(charlie.id).toBe(id)
  })

  it('is refused with another passphrase, cut off, altered, of a newer version, and where something was done', async () => {
    field = new Field(2)
    const alpha = await field.node('alpha')
    const file = await save(alpha)
    const text = Buffer.from(file, 'base64').toString()
    const altered = (from: string | RegExp, to: string) => Buffer.from(text.replace(from, to)).toString('base64')
    const bravo = await field.node('bravo')
    const { id } = bravo
    expect(await take(bravo, file, 'five words that went')).toBe('wrong-passphrase')
    expect(await take(bravo, Buffer.from(text.slice(0, -20)).toString('base64'))).toBe('identity-file-damaged')
    expect(await take(bravo, altered(/"salt": "./, '"salt": "_'))).toBe('identity-file-damaged')
    expect(await take(bravo, altered('"version": 1', '"version": 2'))).toBe('identity-file-newer')
    expect(await take(bravo, Buffer.from('holiday.jpg').toString('base64'))).toBe('identity-file-damaged')
    expect(bravo.id).toBe(id)
    await bravo.createMission('Fire')
    expect(await take(bravo, file)).toBe('identity-in-use')
    expect(bravo.id).toBe(id)
    expect(bravo.overview.missions).toHaveLength(1)
  })

  it('says nothing of the keys, and wants the passphrase that they are under', async () => {
    field = new Field(3)
    const alpha = await field.node('alpha')
    const seed = seedOf(alpha)
    const file = Buffer.from(await save(alpha), 'base64').toString()
    expect(file).not.toContain(seed)
    expect(file).not.toContain('PRIVATE')
    expect(file).not.toContain(alpha.id)
    const { commands } = alpha.engine
    expect(await field.during(commands.exportIdentity({ passphrase: 'short' }))).toMatchObject({
      problem: { code: 'passphrase-short' }
    })
    await field.during(commands.setPassphrase({ passphrase: 'another five of them' }))
    expect(await field.during(commands.exportIdentity({ passphrase }))).toMatchObject({
      problem: { code: 'wrong-passphrase' }
    })
    expect(await save(alpha, 'another five of them')).not.toBe('')
  })
})

describe('a new identity', () => {
  it('keeps missions and revocations, decides everything else anew, and destroys the keys before', async () => {
    field = new Field(4)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const charlie = await field.node('charlie')
    await field.befriend(alpha, charlie)
    await alpha.decide(charlie, 'revoked')
    const mission = await alpha.createMission('Fire')
    await alpha.write(mission, 'log/1', 'text', 'before')
    await field.until('bravo said to hold it', () => alpha.mission(mission)?.onlyHere === 0)
    await field.during(alpha.engine.commands.takeSnapshot(null))
    const seed = seedOf(alpha)
    const old = alpha.id
    expect(await field.during(alpha.engine.commands.previewReset(null))).toMatchObject({
      value: { missions: 1, ownedAlone: { total: 1, names: ['Fire'] }, onlyHere: 0, trusted: 1, isRetired: false }
    })
    expect(await reset(alpha, 'bravo')).toBe('not-confirmed')
    expect(alpha.id).toBe(old)

    const next = await reset(alpha)
    expect(next).toBe(alpha.id)
    expect(next).not.toBe(old)
    expect(alpha.overview.node.callsign).toBe('alpha')
    expect(alpha.peer(bravo)?.level).not.toBe('trusted')
    expect(alpha.peer(charlie)?.level).toBe('revoked')
    expect(await alpha.values(mission, 'log/1', 'text')).toEqual(['before'])
    expect(
      await field.during(
        alpha.engine.commands.write({ missionId: mission, changes: [{ entity: 'log/2', field: 'text', value: 'x' }] })
      )
    ).toMatchObject({ problem: { code: 'not-a-member' } })
    await field.until('keys of before are gone', () => filesWith(alpha, seed).length === 0)
    await alpha.restart()
    expect(alpha.id).toBe(next)
    expect(alpha.peer(charlie)?.level).toBe('revoked')
    expect(alpha.overview.health.problems).toEqual([])
  })

  it('goes on telling that the one before is out of use', async () => {
    field = new Field(5)
    const alpha = await field.node('alpha')
    const old = alpha.id
    await field.during(alpha.engine.commands.retire({ reason: 'new laptop' }))
    expect(await field.during(alpha.engine.commands.previewReset(null))).toMatchObject({ value: { isRetired: true } })
    expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('node-retired')
    await reset(alpha)
    expect(alpha.overview.health.problems).toEqual([])
    const bravo = await field.node('bravo')
    await field.befriend(alpha, bravo)
    const told = () => bravo.disk.copy().get('trust/000001.jsonl')?.includes(`\\"node\\":\\"${old}\\"`) === true
    await field.until('bravo heard of it', told)
  })

  it('is the old one or the new one after a crash at any moment, and whole', async () => {
    field = new Field(600)
    const whole = await field.node('alpha')
    const charlie = await field.node('charlie')
    await field.befriend(whole, charlie)
    await whole.decide(charlie, 'revoked')
    const old = whole.id
    await field.stop()
    const before = whole.disk.copy()
    const seen = new Set<string>()
    for (let steps = 1; steps < 60; steps += 3) {
      field = new Field(600 + steps)
      const alpha = field.add('alpha')
      alpha.disk.restore(before)
      await alpha.start()
      const where = `seed ${String(field.seed)}`
      expect(alpha.id, where).toBe(old)
      alpha.engine.commands.resetIdentity({ confirm: 'alpha' }).catch(() => undefined)
      for (let step = 0; step < steps; step++) await field.time.step()
      alpha.crash()
      await alpha.start()
      expect(
        alpha.overview.peers.map(({ level }) => level),
        where
      ).toEqual(['revoked'])
      expect(alpha.overview.health.problems, where).toEqual([])
      seen.add(alpha.id === old ? 'old' : 'new')
      await field.stop()
    }
    expect([...seen].sort()).toEqual(['new', 'old'])
  })

  it('stays under the passphrase that the one before was under', async () => {
    field = new Field(7)
    const alpha = await field.node('alpha')
    await field.during(alpha.engine.commands.setPassphrase({ passphrase }))
    const next = await reset(alpha)
    expect(alpha.overview.node.keys.state).toBe('passphrase')
    await alpha.restart()
    expect(alpha.overview.node).toMatchObject({ isLocked: true, nodeId: next })
    expect(await field.during(alpha.engine.commands.unlock({ passphrase }))).toEqual({ ok: true, value: null })
    expect(alpha.id).toBe(next)
  })
})
