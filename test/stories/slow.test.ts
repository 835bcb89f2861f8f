/** Stories of connections that are slow, busy, or lost in the middle: nobody else waits, and nothing is sent again. */
import { afterEach, describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { bounds, limits } from '../../src/main/engine/limits.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const slowBytesPerSecond = 2_000

function setRate(one: FieldNode, other: FieldNode, bytesPerSecond: number): void {
  field.wire.way(one.address, other.address).bytesPerSecond = bytesPerSecond
  field.wire.way(other.address, one.address).bytesPerSecond = bytesPerSecond
}

/** Bytes that packing makes no shorter than three quarters. */
function noise(bytes: number): string {
  return field.random.bytes((bytes * 3) / 4).toString('base64')
}

let written = 0

async function writeMany(node: FieldNode, missionId: MissionId, count: number, bytes: number) {
  const changes = Array.from({ length: count }, () => ({
    entity: `log/${String(++written)}`,
    field: 'text',
    value: noise(bytes)
  }))
  const result = await field.during(node.engine.commands.write({ missionId, changes }))
  expect(result).toMatchObject({ ok: true })
}

function linkedSince(one: FieldNode, other: FieldNode): number {
  const link = one.peer(other)?.link
  return link?.state === 'linked' ? link.since : 0
}

function waiting(node: FieldNode): number {
  return node.engine.counters()['bytes_waiting'] ?? NaN
}

/** A hub with a fast and a slow peer, in step. */
async function star(seed: number) {
  field = new Field(seed)
  const hub = await field.node('hub')
  const fast = await field.node('fast')
  const slow = await field.node('slow')
  const mission = await hub.createMission('Karst Ridge Fire')
  await field.befriend(hub, fast)
  await field.befriend(hub, slow)
  await field.untilInStep(mission, hub, fast, slow)
  return { hub, fast, slow, mission }
}

describe('a peer behind two kilobytes a second', () => {
  it('costs bounded memory and nobody else time, stays linked, and comes in step', async () => {
    const { hub, fast, slow, mission } = await star(31)
    const latency = async (number: number) => {
      const entries = hub.mission(mission)?.entries ?? 0
      const from = field.time.now
      await hub.write(mission, `log/one-${String(number)}`, 'text', noise(400))
      await field.until('the fast one has it', () => fast.mission(mission)?.entries === entries + 1)
      return field.time.now - from
    }
    const quiet: number[] = []
    for (let number = 0; number < 20; number++) quiet.push(await latency(number))

    const since = linkedSince(hub, slow)
    setRate(hub, slow, slowBytesPerSecond)
    await writeMany(hub, mission, 300, 1_500)
    const shown = (node: FieldNode) => node.mission(mission)?.entries
    await field.until('the fast one shows all', () => shown(fast) === shown(hub))
    const busy: number[] = []
    let most = 0
    for (let number = 20; number < 220; number++) {
      busy.push(await latency(number))
      most = Math.max(most, waiting(hub))
      await field.time.run(100)
    }
    expect(slow.digest(mission)).not.toBe(hub.digest(mission))
    expect(Math.max(...busy)).toBeLessThanOrEqual(3 * Math.max(...quiet))
    // What the system holds, new runs until they are too many, and one frame from disk.
    expect(most).toBeLessThan(bounds.unsentBytes + bounds.congestedBytes + limits.runBytes)
    await field.until('in step', () => slow.digest(mission) === hub.digest(mission), 20 * 60_000)
    expect(linkedSince(hub, slow)).toBe(since)
    expect(linkedSince(slow, hub)).toBeGreaterThan(0)
  })

  it('hears of another mission before a long transfer ends', async () => {
    const { hub, slow, mission } = await star(32)
    const other = await hub.createMission('Sava flood')
    await field.untilInStep(other, hub, slow)
    setRate(hub, slow, slowBytesPerSecond)
    await writeMany(hub, mission, 600, 1_500)
    await field.time.run(20_000)
    await hub.write(other, 'log/1', 'text', 'bridge closed')
    const from = field.time.now
    await field.until('slow reads it', () => slow.mission(other)?.entries === 1)
    const tookMs = field.time.now - from
    expect(slow.digest(mission)).not.toBe(hub.digest(mission))
    // No longer than what was with the system takes: one frame from disk on top of the most that may wait there.
    expect(tookMs).toBeLessThan(((bounds.unsentBulkBytes + limits.runBytes) / slowBytesPerSecond) * 1_000)
    await field.until('in step', () => slow.digest(mission) === hub.digest(mission), 30 * 60_000)
  })

  it('is cut when nothing passes at all', async () => {
    const { hub, slow, mission } = await star(33)
    setRate(hub, slow, slowBytesPerSecond)
    await writeMany(hub, mission, 300, 1_500)
    await field.time.run(15_000)
    expect(hub.isLinked(slow)).toBe(true)
    field.cut(hub, slow)
    await field.until('it is noticed', () => !hub.isLinked(slow) && !slow.isLinked(hub), 30_000)
    expect(hub.peer(slow)?.link).toMatchObject({ reason: 'peer-silent' })
  })
})

describe('a transfer that is cut in the middle', () => {
  it.each([0.2, 0.5, 0.9])('at %d goes on where it stopped, inside one log', async (share) => {
    const { hub, slow: late, mission } = await star(34)
    field.cut(hub, late)
    await field.until('cut', () => !hub.isLinked(late))
    const before = late.engine.counters()['changes'] ?? 0
    await writeMany(hub, mission, 2_000, 600)
    const whole = await bytesToTransfer(hub, late, mission, [])
    expect(late.engine.counters()['changes']).toBe(before + 2_000)

    // The same again, with the line lost on the way.
    field.cut(hub, late)
    await field.until('cut', () => !hub.isLinked(late))
    await writeMany(hub, mission, 2_000, 600)
    const inTwo = await bytesToTransfer(hub, late, mission, [share * whole])
    const held = (late.engine.counters()['changes'] ?? 0) - before
    expect(held).toBe(4_000)
    // Twice at most what was on the way, and the hellos.
    expect(inTwo).toBeLessThan(whole + 2 * limits.runBytes)
    expect(hub.peer(late)?.given.changesOut).toBeLessThan(before + 4_000 + 2 * limits.runChanges)
  })

  /** Bytes that reach the second one until it is in step; the connection is reset after so many of them, one by one. */
  async function bytesToTransfer(from: FieldNode, to: FieldNode, mission: MissionId, resets: readonly number[]) {
    let bytes = 0
    const left = [...resets]
    field.wire.observer = {
      sent: () => undefined,
      delivered: ({ host, otherHost }, length) => {
        if (host === from.address && otherHost === to.address) bytes += length
      }
    }
    field.mend(from, to)
    const way = field.wire.way(from.address, to.address)
    way.resetAfter = left.shift() ?? Infinity
    await field.untilInStep(mission, from, to)
    field.wire.observer = undefined
    if (resets.length > 0) expect(way.resetAfter).toBe(Infinity)
    return bytes
  }
})
