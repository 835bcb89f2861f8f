/** Stories of disks that are full or read-only: what is not saved is said, and trust that is taken away stays away. */
import { afterEach, describe, expect, it } from 'vitest'
import { reserveBytes } from '../../src/main/engine/storage/reserve.js'
import { systemError } from '../sim/disk.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

/** Snapshots want more room than these stories have. */
const codes = (node: FieldNode) =>
  node.overview.health.problems.map(({ code }) => code).filter((code) => code !== 'no-room-for-snapshot')
const reserveOf = (node: FieldNode) => node.disk.copy().get('reserve')?.length ?? 0

/** Somebody whom alpha trusts, in the next of many addresses. */
async function friends(alpha: FieldNode, count: number): Promise<readonly FieldNode[]> {
  const made: FieldNode[] = []
  for (let index = 0; index < count; index++) {
    const node = await field.node(`friend ${String(index)}`)
    await field.befriend(alpha, node)
    made.push(node)
  }
  return made
}

/** Writes until nothing more fits. */
async function fillUp(node: FieldNode, mission: Parameters<FieldNode['write']>[0]): Promise<void> {
  for (let size = 60_000, count = 0; size >= 16; count++) {
    const written = await node.tryWrite(mission, `log/${String(size)}-${String(count)}`, 'text', 'x'.repeat(size))
    if (!written.ok) size = Math.floor(size / 4)
  }
}

describe('a full disk', () => {
  it('keeps each revocation, says what is not saved, and has its reserve again when there is room', async () => {
    field = new Field(71)
    const alpha = await field.node('alpha')
    const others = await friends(alpha, 3)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.until('the reserve is there', () => reserveOf(alpha) === reserveBytes)
    alpha.disk.faults.capacity = alpha.disk.used + 100_000
    for (const [index, other] of others.entries()) {
      // Also what the last revocation left is taken by others.
      await fillUp(alpha, mission)
      expect(codes(alpha)).toContain('disk-full')
      expect(await alpha.decide(other, 'trusted')).toMatchObject({ ok: false, problem: { code: 'disk-full' } })
      expect(await alpha.decide(other, 'revoked'), other.name).toEqual({ ok: true, value: null })
      expect(reserveOf(alpha)).toBe(reserveBytes - (index + 1) * 64 * 1024)
      expect(alpha.isLinked(other)).toBe(false)
    }
    alpha.crash()
    await alpha.start()
    for (const other of others) expect(alpha.peer(other)?.level, other.name).toBe('revoked')

    alpha.disk.faults.capacity = Infinity
    await alpha.write(mission, 'log/room', 'text', 'there is room again')
    await field.until('the reserve is whole', () => reserveOf(alpha) === reserveBytes, 120_000)
    expect(codes(alpha)).toEqual([])
  })

  it('without a reserve left keeps a revocation in force, says so, and writes it when there is room', async () => {
    field = new Field(72)
    const alpha = await field.node('alpha')
    const [other] = (await friends(alpha, 1)) as [FieldNode]
    alpha.disk.faults.isFull = true
    expect(await alpha.decide(other, 'revoked')).toMatchObject({ ok: false, problem: { code: 'disk-full' } })
    expect(alpha.peer(other)?.level).toBe('revoked')
    expect(codes(alpha)).toEqual(['disk-full'])
    await field.time.run(200_000)
    expect(codes(alpha)).toEqual(['disk-full'])
    alpha.disk.faults.isFull = false
    await field.until('all is saved', () => codes(alpha).length === 0, 120_000)
    alpha.crash()
    await alpha.start()
    expect(alpha.peer(other)?.level).toBe('revoked')
  })
})

it('a disk that turns read-only: a revocation acts, is said not to be saved, and is when the disk is back', async () => {
  field = new Field(73)
  const alpha = await field.node('alpha')
  const [one, two] = (await friends(alpha, 2)) as [FieldNode, FieldNode]
  const mission = await alpha.createMission('Karst Ridge Fire')
  const before = reserveOf(alpha)
  alpha.disk.faults.onCall = (operation, path) => {
    if (operation !== 'read' && operation !== 'list') throw systemError('EROFS', path)
  }
  for (const other of [one, two])
    expect(await alpha.decide(other, 'revoked')).toMatchObject({ ok: false, problem: { code: 'disk-read-only' } })
  expect(await alpha.tryWrite(mission, 'log/1', 'text', 'no')).toMatchObject({
    ok: false,
    problem: { code: 'disk-read-only' }
  })
  expect(codes(alpha)).toContain('disk-read-only')
  alpha.disk.faults.onCall = () => undefined
  // A person who changes their mind is not overruled by what was not kept.
  expect(await alpha.decide(two, 'trusted')).toEqual({ ok: true, value: null })
  await alpha.write(mission, 'log/2', 'text', 'yes')
  await field.until('all is saved', () => codes(alpha).length === 0, 120_000)
  expect(reserveOf(alpha)).toBe(before)
  alpha.crash()
  await alpha.start()
  expect(alpha.peer(one)?.level).toBe('revoked')
  expect(alpha.peer(two)?.level).toBe('trusted')
})
