/** Stories of files: they come whole or not at all, from whoever has them, and go to nobody else. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { AuditEntry, ContentView, MissionId } from '@shared/model.js'
import { encodeContentFrame } from '../../src/main/engine/links/content-frame.js'
import { systemError } from '../sim/disk.js'
import { Field, type FieldNode } from '../sim/field.js'
import { HostilePeer } from '../sim/hostile.js'

let field: Field
afterEach(() => field.stop())

const mebibyte = 1024 * 1024

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

function add(node: FieldNode, mission: MissionId, bytes: Buffer, name = 'map.pdf') {
  return field.during(node.engine.contents.add(mission, { name, length: bytes.length }, inPieces(bytes)))
}

async function share(node: FieldNode, mission: MissionId, bytes: Buffer, name?: string): Promise<string> {
  const added = await add(node, mission, bytes, name)
  if (!added.ok) throw new Error(added.problem.code)
  expect(added.value).toEqual({ sha256: hashOf(bytes), size: bytes.length })
  return added.value.sha256
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function standing(node: FieldNode, mission: MissionId, file: string): Promise<ContentView | undefined> {
  const query = { missionId: mission, offset: 0, limit: 200, order: 'newest' as const }
  const page = await field.during(node.engine.commands.listContents(query))
  return page.ok ? page.value.items.find((one) => one.file === file) : undefined
}

/** The hash of what is read, or the code of the refusal. */
async function read(node: FieldNode, mission: MissionId, file: string): Promise<string> {
  return field.during(
    (async () => {
      const opened = await node.engine.contents.open(mission, file)
      if (!opened.ok) return opened.problem.code
      const parts: Buffer[] = []
      for await (const part of opened.value.read(0, opened.value.size)) parts.push(part)
      return hashOf(Buffer.concat(parts))
    })()
  )
}

const hasEntered = (node: FieldNode, file: string) =>
  node.disk.paths().some((path) => path.startsWith('content/missions/') && path.endsWith(file))
/** Its bytes are visible. */
const isHere = (node: FieldNode, file: string) => node.disk.paths().includes(`content/files/${file}`)
const untilHere = (node: FieldNode, file: string) => field.until(`${node.name} has it`, () => hasEntered(node, file))
/** The block that the tests damage, as it then is. */
function wrong(contents: Buffer): Buffer {
  const bytes = Buffer.from(contents.subarray(256 * 1024, 512 * 1024))
  return bytes.fill(7, 300_000 - 256 * 1024, 300_010 - 256 * 1024)
}

async function liars(node: FieldNode): Promise<readonly AuditEntry[]> {
  const page = await field.during(node.engine.commands.listAudit({ offset: 0, limit: 200 }))
  return page.ok ? page.value.items.filter(({ kind }) => kind === 'file-wrong') : []
}

async function untilNamed(node: FieldNode): Promise<readonly AuditEntry[]> {
  for (let seconds = 0; seconds < 60; seconds++) {
    const named = await liars(node)
    if (named.length > 0) return named
    await field.time.run(1_000)
  }
  throw new Error('nobody is named')
}

/** Bytes of a file that this node was given over the wire, by who gave them. */
function watchGiven(): Map<string, number> {
  const given = new Map<string, number>()
  field.wire.observer = {
    sent: () => undefined,
    delivered: (end, length) => given.set(end.host, (given.get(end.host) ?? 0) + length)
  }
  return given
}

/** Three who trust each other and hold a mission; the first two hold a file of it. */
async function twoHolders(seed: number, bytes: number) {
  field = new Field(seed)
  const [alpha, bravo, charlie] = [await field.node('alpha'), await field.node('bravo'), await field.node('charlie')]
  await field.befriend(alpha, bravo)
  const mission = await alpha.createMission('Karst Ridge Fire')
  await field.untilInStep(mission, alpha, bravo)
  const contents = field.random.bytes(bytes)
  const file = await share(alpha, mission, contents)
  await untilHere(bravo, file)
  return { alpha, bravo, charlie, mission, contents, file }
}

function setRate(from: FieldNode, to: FieldNode, bytesPerSecond: number): void {
  field.wire.way(from.address, to.address).bytesPerSecond = bytesPerSecond
}

describe('a file of a mission', () => {
  it('comes to a peer by itself, whole, and is read there', async () => {
    const { bravo, mission, contents, file } = await twoHolders(1, 3 * mebibyte + 17)
    expect(await read(bravo, mission, file)).toBe(file)
    expect(await standing(bravo, mission, file)).toMatchObject({ state: 'here', size: contents.length })
  })

  it('may be empty', async () => {
    const { bravo, mission, file } = await twoHolders(2, 0)
    expect(await read(bravo, mission, file)).toBe(file)
  })

  it('comes from two peers at once, and from one alone when the other dies', async () => {
    const { alpha, bravo, charlie, mission, contents, file } = await twoHolders(3, 8 * mebibyte)
    for (const holder of [alpha, bravo]) setRate(holder, charlie, 500_000)
    const given = watchGiven()
    await Promise.all([field.befriend(alpha, charlie), field.befriend(bravo, charlie)])
    await field.until('both give', () => [alpha, bravo].every(({ address }) => (given.get(address) ?? 0) > mebibyte))
    expect(isHere(charlie, file)).toBe(false)
    bravo.crash()
    await untilHere(charlie, file)
    expect(await read(charlie, mission, file)).toBe(file)
    // What bravo gave was not given again by alpha, but for what was on the way.
    const total = [alpha, bravo].reduce((sum, { address }) => sum + (given.get(address) ?? 0), 0)
    expect(total).toBeLessThan(contents.length + 2 * mebibyte)
  })

  it('is gone on with after a restart and after a power cut, and never begun again from nothing', async () => {
    const { alpha, charlie, mission, contents, file } = await twoHolders(4, 6 * mebibyte)
    setRate(alpha, charlie, 500_000)
    const given = watchGiven()
    await field.befriend(alpha, charlie)
    const come = () => given.get(alpha.address) ?? 0
    await field.until('some of it came', () => come() > 2 * mebibyte)
    await charlie.restart()
    await field.until('more of it came', () => come() > 5 * mebibyte)
    charlie.crash()
    await charlie.start()
    await untilHere(charlie, file)
    expect(await read(charlie, mission, file)).toBe(file)
    // A power cut costs what was not on the disk; twice what is kept at once.
    expect(come()).toBeLessThan(contents.length + 5 * mebibyte)
  })

  it('that a peer gives wrong never shows, the peer is named, and the right one comes from another', async () => {
    const { alpha, bravo, charlie, mission, contents, file } = await twoHolders(5, 2 * mebibyte)
    const path = `content/files/${file}`
    // Its disk and the sums that it checks by are wrong together, as after a lie.
    bravo.disk.alter(path, (bytes) => bytes.fill(7, 300_000, 300_010))
    bravo.disk.alter(`content/sums/${file}`, (bytes) => bytes.writeUInt32BE(crc32(wrong(contents)), 4))
    await field.befriend(bravo, charlie)
    expect(await untilNamed(charlie)).toMatchObject([{ nodeId: bravo.id, code: 'content-wrong', text: file }])
    expect(isHere(charlie, file)).toBe(false)
    expect(await read(charlie, mission, file)).toBe('content-not-here')
    await field.befriend(alpha, charlie)
    await untilHere(charlie, file)
    expect(await read(charlie, mission, file)).toBe(file)
  })

  it('that is half right from one peer and half wrong from another comes in the end, and the liar is named', async () => {
    const { alpha, bravo, charlie, mission, contents, file } = await twoHolders(6, 4 * mebibyte)
    bravo.disk.alter(`content/files/${file}`, (bytes) => bytes.fill(7, 300_000, 300_010))
    bravo.disk.alter(`content/sums/${file}`, (bytes) => bytes.writeUInt32BE(crc32(wrong(contents)), 4))
    for (const holder of [alpha, bravo]) setRate(holder, charlie, 200_000)
    await field.during(charlie.engine.commands.changeSettings({ filesAutoMb: 0 }))
    await Promise.all([field.befriend(alpha, charlie), field.befriend(bravo, charlie)])
    await field.untilInStep(mission, alpha, charlie)
    await field.time.run(2_000)
    expect(await standing(charlie, mission, file)).toMatchObject({ state: 'large', holders: [{}, {}] })
    await field.during(charlie.engine.commands.wantContent({ missionId: mission, file, isWanted: true }))
    await untilHere(charlie, file)
    expect(await read(charlie, mission, file)).toBe(file)
    expect((await liars(charlie)).every(({ nodeId }) => nodeId === bravo.id)).toBe(true)
  })

  it('that rots on a disk is moved aside when it is read, and comes again from a peer', async () => {
    const { alpha, bravo, mission, file } = await twoHolders(7, mebibyte)
    bravo.disk.alter(`content/files/${file}`, (bytes) => bytes.fill(7, 600_000, 600_001))
    await expect(read(bravo, mission, file)).rejects.toThrow('block 2')
    expect(bravo.overview.health.problems).toMatchObject([{ code: 'content-damaged' }])
    expect(bravo.disk.paths().some((path) => path.startsWith('damaged/content'))).toBe(true)
    await field.until('it is whole again', () => isHere(bravo, file))
    expect(await read(bravo, mission, file)).toBe(file)
    expect(alpha.isLinked(bravo)).toBe(true)
  })
})

describe('who may have a file', () => {
  it('is only whom the policy gives a mission by which it entered; all refusals look alike', async () => {
    const { alpha, bravo, mission, file } = await twoHolders(8, 100_000)
    const other = await alpha.createMission('Sava flood')
    await field.untilInStep(other, alpha, bravo)
    const hostile = await HostilePeer.make(field)
    await field.during(hostile.meet(alpha))
    await field.until('it said hello', () => alpha.overview.peers.some(({ nodeId }) => nodeId === hostile.id))
    const scope = { out: [other], in: ['*'], access: 'write' as const }
    await field.during(alpha.engine.commands.decide({ nodeId: hostile.id, level: 'trusted', scope }))
    const link = await field.during(hostile.meet(alpha))
    link?.send({ t: 'level', trusts: true })
    await field.time.run(1_000)
    const ask = (asked: MissionId, wanted: string) =>
      link?.send({ t: 'fetch', mission: asked, file: wanted, offset: 0, length: 1_000 })
    const nobodys = '0'.repeat(64)
    ask(mission, file) // Not in its scope.
    ask(other, file) // Did not enter by this mission.
    ask(other, nobodys)
    ask(nobodys as MissionId, file)
    await field.time.run(2_000)
    const answers = link?.messages.filter(({ t }) => t === 'lacks' || t === 'holds')
    expect(answers).toEqual([
      { t: 'lacks', mission, file },
      { t: 'lacks', mission: other, file },
      { t: 'lacks', mission: other, file: nobodys },
      { t: 'lacks', mission: nobodys, file }
    ])
    const heard = Buffer.concat(link?.received ?? [])
    expect(heard.includes(Buffer.from(file, 'hex'))).toBe(false)
  })

  it('is nobody by the hash alone: who names a file of another mission gets nothing, and learns nothing', async () => {
    const { alpha, bravo, mission, file, contents } = await twoHolders(9, 600_000)
    const other = await alpha.createMission('Sava flood')
    await field.untilInStep(other, alpha, bravo)
    const hostile = await HostilePeer.make(field)
    await field.during(hostile.meet(alpha))
    await field.until('it said hello', () => alpha.overview.peers.some(({ nodeId }) => nodeId === hostile.id))
    const scope = { out: [other], in: ['*'], access: 'write' as const }
    await field.during(alpha.engine.commands.decide({ nodeId: hostile.id, level: 'trusted', scope }))
    const link = await field.during(hostile.meet(alpha))
    link?.send({ t: 'level', trusts: true })
    await field.time.run(1_000)
    await alpha.write(other, `content/${file}`, 'size', contents.length)
    link?.send({ t: 'holds', mission: other, files: [[file, contents.length]] })
    await field.time.run(3_000)
    // It is asked to show that it has the bytes, and cannot.
    const asked = link?.messages.find(({ t }) => t === 'fetch')
    expect(asked).toMatchObject({ mission: other, file })
    const lie = { mission: other, file, offset: (asked as { offset: number }).offset }
    for (let at = 0; at < (asked as { length: number }).length; at += 50_000) {
      const bytes = Buffer.alloc(Math.min(50_000, (asked as { length: number }).length - at))
      link?.write(encodeContentFrame({ ...lie, offset: lie.offset + at, bytes }))
    }
    await field.time.run(2_000)
    expect(await read(alpha, other, file)).toBe('content-not-here')
    expect(await read(alpha, mission, file)).toBe(file)
    expect(await liars(alpha)).toMatchObject([{ nodeId: hostile.id }])
  })

  it('stored once for all missions, it enters another by a peer that really has it', async () => {
    const { alpha, bravo, mission, file, contents } = await twoHolders(10, 3 * mebibyte)
    const other = await bravo.createMission('Sava flood')
    await field.untilInStep(other, alpha, bravo)
    const given = watchGiven()
    await share(bravo, other, contents)
    await field.until('it entered', () => alpha.disk.paths().includes(`content/missions/${other}/${file}`))
    for (const id of [mission, other]) expect(await read(alpha, id, file)).toBe(file)
    expect(given.get(bravo.address)).toBeLessThan(1.5 * mebibyte)
    expect(alpha.disk.paths().filter((path) => path.startsWith('content/files/'))).toHaveLength(1)
  })
})

describe('room for files', () => {
  it('has a share: what does not fit is refused, said, and comes when there is room', async () => {
    const { alpha, charlie, mission, file } = await twoHolders(11, 3 * mebibyte)
    await field.during(charlie.engine.commands.changeSettings({ filesMostMb: 1 }))
    await field.befriend(alpha, charlie)
    await field.untilInStep(mission, alpha, charlie)
    const codes = () => charlie.overview.health.problems.map(({ code }) => code)
    await field.until('it says so', () => codes().includes('content-full'))
    expect(await standing(charlie, mission, file)).toMatchObject({ state: 'stuck', problem: 'content-full' })
    expect(await add(charlie, mission, field.random.bytes(1_100_000))).toMatchObject({
      problem: { code: 'content-full' }
    })
    expect(charlie.disk.paths().filter((path) => path.startsWith('content/'))).toEqual([])
    await field.during(charlie.engine.commands.changeSettings({ filesMostMb: 100 }))
    await untilHere(charlie, file)
    await field.until('nothing limits it', () => codes().length === 0)
  })

  it('ends in the middle of a transfer on a full disk; changes go on, and so does the file when there is room', async () => {
    const { alpha, charlie, mission, file } = await twoHolders(12, 3 * mebibyte)
    await field.befriend(alpha, charlie)
    charlie.disk.faults.onCall = (operation, path) => {
      const isFile = operation === 'append' && path.startsWith('content/partial/')
      if (isFile) throw systemError('ENOSPC', path)
    }
    await field.until('it says so', () => charlie.overview.health.problems.some(({ code }) => code === 'disk-full'))
    await alpha.write(mission, 'log/1', 'text', 'goes on')
    await field.untilInStep(mission, alpha, charlie)
    expect(isHere(charlie, file)).toBe(false)
    charlie.disk.faults.onCall = () => undefined
    await untilHere(charlie, file)
    expect(await read(charlie, mission, file)).toBe(file)
    expect(charlie.overview.health.problems).toEqual([])
  })
})
