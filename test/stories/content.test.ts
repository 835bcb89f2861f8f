/** Stories of files: they come whole or not at all, from whoever has them, and go to nobody else. */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { ContentView, MissionId } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'

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
})
