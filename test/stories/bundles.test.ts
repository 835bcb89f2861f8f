/** Stories of missions that travel on a drive. */
import { afterEach, describe, expect, it } from 'vitest'
import type { BundleRequest } from '@shared/contract.js'
import type { MissionId } from '@shared/model.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { systemError, type SimDisk } from '../sim/disk.js'
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

/** What a bundle could change; comparing the bytes themselves is slow. */
const hashes = (disk: SimDisk) =>
  [...disk.copy()].flatMap(([name, bytes]) =>
    /^(missions|incoming|bundles)|muster-bundle/.test(name) ? [`${name} ${sha256(bytes).toString('hex')}`] : []
  )

async function taken(node: FieldNode, from = path) {
  const done = await take(node, from)
  if (!done.ok) throw new Error(`${done.problem.code} ${done.problem.detail ?? ''}`)
  return done.value
}

async function* parts(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Two that trust each other and were driven apart before there was a mission. */
async function apart(seed: number): Promise<[FieldNode, FieldNode]> {
  field = new Field(seed)
  const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
  field.cut(alpha, bravo)
  await field.until('apart', () => !alpha.isLinked(bravo) && !bravo.isLinked(alpha))
  return [alpha, bravo]
}

const raw = (name = 'fire.muster-bundle') => field.drive.copy().get(name) ?? Buffer.alloc(0)

describe('a bundle on a drive', () => {
  it('brings a mission to a laptop that was never linked since, and its receipt tells the sender', async () => {
    const [alpha, bravo] = await apart(501)
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (let number = 1; number <= 20; number++)
      await alpha.write(mission, `log/${String(number)}`, 'text', `entry ${String(number)}`)
    await field.time.run(1_000)
    const written = await write(alpha, [bravo], mission)
    expect(written).toMatchObject({ missions: 1, files: [{ name: 'fire.muster-bundle' }] })
    const before = hashes(bravo.disk)
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
    expect(hashes(bravo.disk), 'a preview writes nothing').toEqual(before)
    const bundle = hashes(field.drive)
    const done = await taken(bravo)
    expect(done).toMatchObject({ from: alpha.id, newMissions: 1, changes: written.changes, waiting: 0, refused: 0 })
    expect(bravo.digest(mission)).toBe(alpha.digest(mission))
    expect(await bravo.values(mission, 'log/20', 'text')).toEqual(['entry 20'])
    expect(hashes(field.drive), 'the bundle is as it was').toEqual(bundle)

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

  it('brings several missions at once, as many as its reader may have, and no larger than was said before', async () => {
    const [alpha, bravo] = await apart(520)
    const names = ['Karst Ridge Fire', 'Sava flood', 'Staff only']
    const ids: MissionId[] = []
    for (const [index, name] of names.entries()) {
      const id = await alpha.createMission(name)
      for (let number = 0; number < 10 * (index + 1); number++)
        await alpha.write(id, `log/${String(number)}`, 'text', `entry ${String(number)} of a day that was long`)
      ids.push(id)
    }
    const [fire, flood, staff] = ids as [MissionId, MissionId, MissionId]
    const bytes = field.random.bytes(200_000)
    const added = alpha.engine.contents.add(fire, { name: 'photo.jpg', length: bytes.length }, parts(bytes))
    expect(await field.during(added)).toMatchObject({ ok: true })
    await alpha.decide(bravo, 'trusted', { out: [fire, flood].map((id) => `id:${id}`), in: ['*'], access: 'write' })
    const estimate = async (to: readonly FieldNode[], onlyLacking: boolean) => {
      const asked = alpha.engine.commands.estimateBundle({ to: to.map(({ id }) => id), onlyLacking })
      const answer = await field.during(asked)
      if (!answer.ok) throw new Error(answer.problem.code)
      return new Map(answer.value.missions.map((one) => [one.id, one]))
    }
    expect([...(await estimate([], false)).values()].filter(({ refused }) => refused !== undefined)).toEqual([])
    const whole = await estimate([bravo], false)
    expect(whole.get(staff)?.refused).toBe('outside-scope')
    expect(whole.get(fire)).toMatchObject({ files: 1, changes: alpha.mission(fire)?.changes })
    const written = await write(alpha, [bravo], fire, { missions: [fire, flood] })
    const [one, other] = [whole.get(fire), whole.get(flood)]
    if (one === undefined || other === undefined) throw new Error('both are estimated')
    expect(written).toMatchObject({ missions: 2, contents: 1, changes: one.changes + other.changes })
    expect(written.bytes).toBeLessThan(one.bytes + other.bytes)
    expect(written.bytes).toBeGreaterThan(200_000)
    const done = await taken(bravo)
    expect(done).toMatchObject({ newMissions: 2, changes: written.changes })
    for (const id of [fire, flood]) expect(bravo.digest(id)).toBe(alpha.digest(id))
    await field.during(alpha.engine.commands.takeReceipt({ data: done.receipt.data }))
    await alpha.write(flood, 'log/new', 'text', 'since')
    const lacking = await estimate([bravo], true)
    expect([lacking.get(fire)?.changes, lacking.get(flood)?.changes]).toEqual([0, 1])
  })

  it('can be taken again, also after newer changes, and brings nothing twice', async () => {
    const [alpha, bravo] = await apart(502)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'one')
    const { changes } = await write(alpha, [bravo], mission)
    await alpha.write(mission, 'log/1', 'text', 'two')
    const newer = '/media/stick/newer.muster-bundle'
    await write(alpha, [bravo], mission, { path: newer })
    expect(await taken(bravo)).toMatchObject({ changes })
    expect(await taken(bravo, newer)).toMatchObject({ changes: 1, newMissions: 0 })
    const digest = bravo.digest(mission)
    // An old one again: it can take nothing back.
    expect(await taken(bravo)).toMatchObject({ changes: 0, newMissions: 0, waiting: 0 })
    expect(bravo.digest(mission)).toBe(digest)
    expect(await bravo.values(mission, 'log/1', 'text')).toEqual(['two'])
    const again = await preview(bravo)
    expect(again.ok && again.value.takenAt).toBeGreaterThan(0)
    expect(again.ok && again.value.missions[0]?.newChanges).toBe(0)
  })

  it('comes by two routes and over the wire at once, and all are in step', async () => {
    field = new Field(503)
    const [alpha, bravo, charlie] = (await field.chain('alpha', 'bravo', 'charlie')) as [
      FieldNode,
      FieldNode,
      FieldNode
    ]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo, charlie)
    await field.time.run(2_000) // Each tells the others how it stands.
    field.cut(bravo, charlie)
    await field.until('cut', () => !charlie.isLinked(bravo))
    for (let number = 1; number <= 30; number++) await alpha.write(mission, `log/${String(number)}`, 'text', 'alpha')
    await bravo.write(mission, 'log/31', 'text', 'bravo')
    await charlie.write(mission, 'log/32', 'text', 'charlie')
    await field.untilInStep(mission, alpha, bravo)
    const [whole, lacking] = ['/stick/whole.muster-bundle', '/stick/lacking.muster-bundle']
    await write(bravo, [charlie], mission, { path: whole })
    const { changes } = await write(bravo, [charlie], mission, { path: lacking, onlyLacking: true })
    // Thirty of alpha's and one of bravo's; what charlie held when they parted is not among them.
    expect(changes).toBeGreaterThanOrEqual(31)
    expect(changes).toBeLessThan(bravo.mission(mission)?.changes ?? 0)
    field.mend(bravo, charlie)
    const first = charlie.engine.commands.takeBundle({ path: lacking })
    const second = charlie.engine.commands.takeBundle({ path: whole })
    expect(await field.during(second)).toMatchObject({ ok: false, problem: { code: 'bundle-busy' } })
    await field.during(first)
    await taken(charlie, whole)
    await field.untilInStep(mission, alpha, bravo, charlie)
    expect(await charlie.values(mission, 'log/31', 'text')).toEqual(['bravo'])
    expect(await alpha.values(mission, 'log/32', 'text')).toEqual(['charlie'])
  })

  it('carries news and receipts back and forth between laptops that never link', async () => {
    const [alpha, bravo] = await apart(504)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'out')
    await write(alpha, [bravo], mission)
    await taken(bravo)
    // A person there writes as soon as the mission lets them: alpha admitted bravo by its decision.
    await bravo.write(mission, 'log/2', 'text', 'back')
    const back = '/stick/back.muster-bundle'
    await write(bravo, [alpha], mission, { path: back })
    await taken(alpha, back)
    expect(await alpha.values(mission, 'log/2', 'text')).toEqual(['back'])
    expect(alpha.mission(mission)?.onlyHere, 'the receipt came along').toBe(0)
    expect(alpha.digest(mission)).toBe(bravo.digest(mission))
    const next = '/stick/next.muster-bundle'
    await alpha.write(mission, 'log/3', 'text', 'more')
    expect((await write(alpha, [bravo], mission, { path: next, onlyLacking: true })).changes).toBe(1)
    await taken(bravo, next)
    expect(bravo.digest(mission)).toBe(alpha.digest(mission))
  })

  it('carries the files of the mission, each once', async () => {
    const [alpha, bravo] = await apart(520)
    const mission = await alpha.createMission('Karst Ridge Fire')
    const contents = field.random.bytes(700_000)
    const added = await field.during(alpha.engine.contents.add(mission, { name: 'line-b.tif' }, parts(contents)))
    if (!added.ok) throw new Error(added.problem.code)
    const { sha256: file } = added.value
    expect((await write(alpha, [bravo], mission)).leftOut).toBe(0)
    const seen = await preview(bravo)
    expect(seen.ok && seen.value.missions).toMatchObject([{ isNew: true, leftOut: 0, newFiles: 1 }])
    for (const turn of ['first', 'again']) {
      expect((await taken(bravo)).files, turn).toBe(turn === 'first' ? 1 : 0)
      const opened = await field.during(bravo.engine.contents.open(mission, file))
      if (!opened.ok) throw new Error(opened.problem.code)
      const read: Buffer[] = []
      const reading = (async () => {
        for await (const bytes of opened.value.read(0, opened.value.size)) read.push(bytes)
      })()
      await field.during(reading)
      expect(Buffer.concat(read).equals(contents), turn).toBe(true)
    }
  })

  it('brings no trust: who wrote in it is as strange as before', async () => {
    field = new Field(521)
    const [alpha, bravo, charlie] = [await field.node('alpha'), await field.node('bravo'), await field.node('charlie')]
    await field.befriend(alpha, bravo)
    await field.befriend(alpha, charlie)
    field.cut(alpha, bravo)
    field.cut(bravo, charlie)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, charlie)
    await charlie.write(mission, 'log/1', 'text', 'by charlie')
    await field.untilInStep(mission, alpha, charlie)
    await write(alpha, [bravo], mission)
    await taken(bravo)
    expect(await bravo.values(mission, 'log/1', 'text')).toEqual(['by charlie'])
    const levels = bravo.engine.overview().peers.map(({ callsign, level }) => [callsign, level])
    expect(levels).toEqual([['alpha', 'trusted']])
  })

  it('lies in pieces where files may not be long, and one that is missing is named', async () => {
    const [alpha, bravo] = await apart(505)
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (let number = 1; number <= 40; number++) {
      const noise = Buffer.from(field.random.bytes(45_000)).toString('base64')
      await alpha.write(mission, `log/${String(number)}`, 'text', noise)
    }
    const { files, bytes } = await write(alpha, [bravo], mission, { pieceBytes: 1024 * 1024 })
    expect(files.map(({ name }) => name)).toEqual(['fire.muster-bundle.1of2', 'fire.muster-bundle.2of2'])
    expect(files.every(({ size }) => size <= 1024 * 1024)).toBe(true)
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBe(bytes)
    const [one, two] = files.map(({ name }) => raw(name))
    field.drive.lose('fire.muster-bundle.2of2')
    const missing = await preview(bravo, '/stick/fire.muster-bundle.1of2')
    expect(missing).toMatchObject({
      ok: false,
      problem: { code: 'bundle-piece-missing', detail: 'fire.muster-bundle.2of2' }
    })
    await field.during(field.drive.replace('fire.muster-bundle.1of2', two ?? Buffer.alloc(0)))
    await field.during(field.drive.replace('fire.muster-bundle.2of2', one ?? Buffer.alloc(0)))
    expect(await take(bravo, '/stick/fire.muster-bundle.1of2'), 'swapped').toMatchObject({ ok: false })
    await field.during(field.drive.replace('fire.muster-bundle.1of2', one ?? Buffer.alloc(0)))
    await field.during(field.drive.replace('fire.muster-bundle.2of2', two ?? Buffer.alloc(0)))
    // Any of them stands for all.
    expect(await taken(bravo, '/stick/fire.muster-bundle.2of2')).toMatchObject({ waiting: 0 })
    expect(bravo.digest(mission)).toBe(alpha.digest(mission))
  })
})

describe('who may have a bundle, and from whom one is taken', () => {
  it('is refused to the untrusted, to the revoked and outside the scope; others cannot open it', async () => {
    const [alpha, bravo] = await apart(511)
    const charlie = await field.node('charlie')
    const mission = await alpha.createMission('Karst Ridge Fire')
    const request = { path, missions: [mission], to: [bravo.id] }
    const refused = (code: string) => ({ ok: false, problem: { code } })
    const ask = (more: Partial<BundleRequest>) =>
      field.during(alpha.engine.commands.writeBundle({ ...request, ...more }))
    expect(await ask({ to: [charlie.id] })).toMatchObject(refused('peer-untrusted'))
    expect(await ask({ to: [] })).toMatchObject(refused('bad-request'))
    await alpha.decide(bravo, 'trusted', { out: ['Flood*'], in: ['*'], access: 'write' })
    expect(await ask({})).toMatchObject(refused('outside-scope'))
    await alpha.decide(bravo, 'revoked')
    expect(await ask({})).toMatchObject(refused('peer-revoked'))
    await alpha.decide(bravo, 'trusted')
    expect(field.drive.paths()).toEqual([])
    expect(await ask({})).toMatchObject({ ok: true })
    expect(await ask({}), 'nothing is written over').toMatchObject(refused('bundle-exists'))
    expect(await preview(charlie)).toMatchObject(refused('bundle-not-for-us'))
    // The sender cannot open it either: it is sealed for those named alone.
    expect(await preview(alpha)).toMatchObject(refused('bundle-not-for-us'))
    await bravo.decide(alpha, 'untrusted')
    expect(await take(bravo)).toMatchObject(refused('peer-untrusted'))
    await bravo.decide(alpha, 'trusted', { out: ['*'], in: ['Flood*'], access: 'write' })
    const seen = await preview(bravo)
    expect(seen.ok && seen.value.missions[0]?.refused?.code).toBe('outside-scope')
    expect(await take(bravo)).toMatchObject(refused('outside-scope'))
    await bravo.decide(alpha, 'revoked')
    expect(await take(bravo)).toMatchObject(refused('peer-revoked'))
    expect(bravo.mission(mission)).toBeUndefined()
  })

  it('lies in the open only by a choice, by who owns the mission, and says so', async () => {
    const [alpha, bravo] = await apart(512)
    const charlie = await field.node('charlie')
    const mission = await alpha.createMission('Karst Ridge Fire')
    await write(alpha, [], mission, { inTheOpen: true })
    const seen = await preview(bravo)
    expect(seen.ok && seen.value.isSealed).toBe(false)
    expect(seen.ok && seen.value.warnings.map(({ code }) => code)).toEqual(['bundle-in-the-open'])
    expect(await take(charlie), 'from somebody whom nobody decided to trust').toMatchObject({
      ok: false,
      problem: { code: 'peer-untrusted' }
    })
    await taken(bravo)
    const request = { path: '/stick/x', missions: [mission], to: [], inTheOpen: true }
    expect(await field.during(bravo.engine.commands.writeBundle(request))).toMatchObject({
      ok: false,
      problem: { code: 'outside-scope' }
    })
  })

  it('rests on nothing that is not there', async () => {
    const [alpha, bravo] = await apart(513)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'one')
    await write(alpha, [bravo], mission)
    const receipt = (await taken(bravo)).receipt.data
    await field.during(alpha.engine.commands.takeReceipt({ data: receipt }))
    await alpha.write(mission, 'log/2', 'text', 'two')
    const newer = '/stick/newer.muster-bundle'
    await write(alpha, [bravo], mission, { path: newer, onlyLacking: true })
    await bravo.stop()
    for (const name of bravo.disk.paths()) if (name.startsWith('missions/')) bravo.disk.lose(name)
    await bravo.start()
    const seen = await preview(bravo, newer)
    expect(seen.ok && seen.value.warnings.map(({ code }) => code)).toEqual(['bundle-gap'])
    expect(await take(bravo, newer)).toMatchObject({ ok: false, problem: { code: 'bundle-gap' } })
    expect(bravo.mission(mission)).toBeUndefined()
  })
})

describe('a drive or a laptop that fails', () => {
  const calls = ['open', 'append', 'sync', 'readPart', 'move'] as const

  it.each(calls)(
    'pulled at %s, it holds nothing that looks finished, and nobody is told that it can go',
    async (call) => {
      const [alpha, bravo] = await apart(520)
      const mission = await alpha.createMission('Karst Ridge Fire')
      await alpha.write(mission, 'log/1', 'text', 'one')
      field.drive.faults.onCall = (operation) => {
        if (operation === call) throw systemError('EIO', 'pulled')
      }
      const request = { path, missions: [mission], to: [bravo.id] }
      expect(await field.during(alpha.engine.commands.writeBundle(request))).toMatchObject({
        ok: false,
        problem: { code: 'disk-failed' }
      })
      expect(field.drive.paths().filter((name) => !name.includes('unfinished'))).toEqual([])
      field.drive.faults.onCall = () => undefined
      expect(await field.during(alpha.engine.commands.writeBundle(request)), 'put in again').toMatchObject({ ok: true })
      await taken(bravo)
      expect(bravo.digest(mission)).toBe(alpha.digest(mission))
    }
  )

  it('says so when a drive gives back something else than was written', async () => {
    const [alpha, bravo] = await apart(521)
    const mission = await alpha.createMission('Karst Ridge Fire')
    field.drive.faults.onCall = (operation, name) => {
      if (operation === 'readPart') field.drive.alter(name, (bytes) => bytes.writeUInt8(bytes.readUInt8(99) ^ 1, 99))
    }
    const request = { path, missions: [mission], to: [bravo.id] }
    expect(await field.during(alpha.engine.commands.writeBundle(request))).toMatchObject({
      ok: false,
      problem: { code: 'drive-lies' }
    })
    expect(field.drive.paths()).toEqual([])
  })

  it('takes all or nothing when the power goes, wherever it goes', async () => {
    const [alpha, bravo] = await apart(522)
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (let number = 1; number <= 5; number++) await alpha.write(mission, `log/${String(number)}`, 'text', 'entry')
    await write(alpha, [bravo], mission)
    const digest = alpha.digest(mission)
    const begin = bravo.disk.copy()
    const outcomes = new Set<string>()
    for (let cutAt = 1; ; cutAt++) {
      let count = 0
      let isCut = false
      bravo.disk.faults.onCall = (operation, name) => {
        if (isCut || operation.startsWith('read') || !/^(incoming|missions|bundles)/.test(name)) return
        if (++count < cutAt) return
        isCut = true
        throw systemError('EIO', 'the power goes')
      }
      const done = bravo.engine.commands.takeBundle({ path })
      await field.during(Promise.race([done, untilCut(() => isCut)]))
      bravo.disk.faults.onCall = () => undefined
      if (!isCut) {
        expect(await done).toMatchObject({ ok: true })
        break
      }
      bravo.crash()
      await bravo.start()
      // Whatever is asked for waits until what was begun is ended or dropped.
      expect(await take(bravo, '/stick/none')).toMatchObject({ problem: { code: 'bundle-piece-missing' } })
      expect(bravo.disk.paths().filter((name) => name.startsWith('incoming/'))).toEqual([])
      const now = bravo.digest(mission)
      const isWhole = now === digest
      expect(isWhole || bravo.mission(mission) === undefined, `cut at ${String(cutAt)}: ${String(now)}`).toBe(true)
      outcomes.add(isWhole ? 'all' : 'nothing')
      await bravo.stop()
      bravo.disk.restore(begin)
      await bravo.start()
    }
    expect([...outcomes].sort()).toEqual(['all', 'nothing'])
  })
})

async function untilCut(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((next) => setImmediate(next))
}
