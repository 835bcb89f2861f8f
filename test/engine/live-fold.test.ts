/** The fold of a mission as somebody needs it: nothing is left out or kept too long, whatever changes while it is read. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { MissionId, NodeId } from '@shared/model.js'
import { encodeLine } from '../../src/main/engine/bytes/line.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import { privateKeyFromSeed, rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { Journal } from '../../src/main/engine/logs/journal.js'
import { LogStore, type Branch, type LogLine } from '../../src/main/engine/logs/log-store.js'
import { chainNext, chainStart, logKey, sealRun } from '../../src/main/engine/logs/run.js'
import { startLine } from '../../src/main/engine/logs/start-line.js'
import { setLine } from '../../src/main/engine/missions/change.js'
import { LiveFold } from '../../src/main/engine/missions/live-fold.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

const mission = 'ab'.repeat(32) as MissionId
const key = privateKeyFromSeed(Buffer.alloc(32, 1))
const log = { author: nodeIdOf(rawPublicKey(key)), epoch: '1'.repeat(32) }

let disk: SimDisk
let store: LogStore
let hash: Buffer
let seq: number

beforeEach(async () => {
  disk = new SimDisk(seededRandom(1))
  const journal = new Journal(disk, 'log')
  await journal.create({ muster: 'mission', version: 1 })
  store = new LogStore(mission, journal)
  hash = chainStart(mission, log)
  seq = 0
})

/** The next line of the log, durable, as it would be handed on. */
async function write(type = 'log', into?: Branch | 'beside'): Promise<readonly LogLine[]> {
  const object =
    seq === 0
      ? startLine(1, rawPublicKey(key), 'A', undefined)
      : setLine(seq, `${type}/${String(seq)}`, 'text', 'x', [])
  const line = encodeLine(object)
  hash = chainNext(hash, line)
  const run = sealRun(mission, log, ++seq, [line], hash, key)
  const taken = into === undefined ? store.check(run) : store.check(run, 'verify-seal', into)
  const checked = into === undefined || taken.kind !== 'new' ? taken : { ...taken, into }
  if (checked.kind !== 'new') throw new Error(checked.kind)
  await store.store(checked)
  return checked.lines
}

let time: VirtualTime
let told: number
let askers: readonly NodeId[]

function makeFold(): LiveFold {
  time = new VirtualTime()
  told = 0
  askers = []
  const failed = (error: unknown) => {
    throw error
  }
  return new LiveFold({
    ...{ disk, path: 'view.bin', clock: time.clock(), random: seededRandom(2), logs: store },
    ...{ createdAt: 0, askers: () => askers, onChange: () => told++, onFailed: failed }
  })
}

describe('a fold of somebody whose deletions are requests', () => {
  it('is made anew when that changes, also the saved one', async () => {
    const live = makeFold()
    await write()
    const fold = await live.wake()
    await live.save()
    askers = [log.author]
    const again = await live.wake()
    expect(again).not.toBe(fold)
    expect(again.askers).toEqual([log.author])
    expect(live.isUpToDate).toBe(true)
    const later = makeFold()
    askers = [log.author]
    expect((await later.wake()).askers).toEqual([log.author])
    expect((await later.wake()).foldedTo(logKey(log))).toBe(seq)
  })
})

describe('a fold that wakes', () => {
  it('takes what comes at any moment while it does', async () => {
    for (let moment = 0; moment < 60; moment++) {
      const live = makeFold()
      for (let count = 0; count < 3; count++) await write()
      const waking = live.wake()
      for (let step = 0; step < moment; step++) await Promise.resolve()
      live.take(await write())
      await waking
      // Nobody asks again: what was taken must come by itself.
      for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next))
      expect(live.isUpToDate, `after ${String(moment)} steps`).toBe(true)
      expect(live.summary.counts['log']).toBe(seq - 1)
      await live.close()
    }
  })

  it('holds nothing that counts no more since it began to wake', async () => {
    for (let count = 0; count < 10; count++) await write()
    const whole = makeFold()
    await whole.wake()
    await whole.save()
    const live = makeFold()
    const waking = live.wake()
    const point = await store.pointAt(logKey(log), 4)
    for (let turn = 0; turn < 3; turn++) await Promise.resolve()
    store.limit(() => ({ seq: 4, hash: point?.hash.toString('hex') ?? '' }))
    live.wakeSoon()
    await waking
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next))
    expect((await live.wake()).summary().counts['log']).toBe(3)
    expect(live.summary.counts['log']).toBe(3)
    await live.close()
  })

  it('is made anew when less counts, and caught up when more does', async () => {
    for (let count = 0; count < 10; count++) await write()
    const live = makeFold()
    await live.wake()
    const versions = [live.summary.version]
    for (const limit of [4, 7, 0]) {
      const found = await store.pointAt(logKey(log), limit)
      store.limit(() => ({ seq: limit, hash: found?.hash.toString('hex') ?? '' }))
      live.wakeSoon()
      await live.wake()
      expect(live.summary.counts['log'] ?? 0, `up to ${String(limit)}`).toBe(Math.max(0, limit - 1))
      versions.push(live.summary.version)
    }
    expect(new Set(versions).size, 'a query of another state is known as old').toBe(versions.length)
    await live.close()
  })

  it('is made anew when another branch of a log counts, which may reach as far', async () => {
    for (const state of ['awake', 'waking', 'saved'] as const) {
      hash = chainStart(mission, log)
      seq = 0
      await write('log', 'beside')
      const branch = store.branchesOf(logKey(log)).at(-1)
      for (let count = 0; count < 4; count++) await write(state, branch)
      const live = makeFold()
      if (state !== 'waking') await live.wake()
      if (state === 'saved') await live.save()
      else void live.wake()
      await live.dropSaved()
      expect(await disk.read('view.bin')).toBeUndefined()
      if (branch === undefined) throw new Error('no branch')
      store.choose(branch)
      live.startOver()
      expect((await live.wake()).summary().counts).toEqual({ [state]: 4 })
      await live.save()
      await live.close()
    }
  })

  it('is not saved behind the back of who drops what is saved', async () => {
    for (let count = 0; count < 4; count++) await write()
    const live = makeFold()
    await live.wake()
    const replace = disk.replace.bind(disk)
    let letWrite: () => void = () => undefined
    const written = new Promise<void>((done) => (letWrite = done))
    disk.replace = async (path, bytes) => {
      await written
      await replace(path, bytes)
    }
    const saving = live.save()
    const dropping = live.dropSaved()
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next))
    letWrite()
    await Promise.all([saving, dropping])
    expect(await disk.read('view.bin')).toBeUndefined()
    await live.close()
  })
})

describe('a fold of which lines are put off', () => {
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next))
  }

  async function awake(): Promise<LiveFold> {
    const live = makeFold()
    live.take(await write())
    await live.wake()
    await settle()
    told = 0
    return live
  }

  it('takes them by itself when no more came for a moment, and says so', async () => {
    const live = await awake()
    for (let count = 0; count < 3; count++) {
      await write()
      live.putOff()
      await time.run(90)
      expect(live.isUpToDate).toBe(false)
    }
    // What is next to what was put off waits with it.
    live.take(await write())
    await settle()
    expect([live.isUpToDate, told]).toEqual([false, 0])
    await time.run(20)
    await settle()
    expect([live.isUpToDate, told]).toEqual([true, 1])
    expect(live.summary.counts['log']).toBe(seq - 1)
    live.take(await write())
    expect([live.isUpToDate, live.summary.counts['log']]).toEqual([true, seq - 1])
    await live.close()
  })

  it('takes them at once when somebody asks', async () => {
    const live = await awake()
    await write()
    live.putOff()
    expect((await live.wake()).summary().counts['log']).toBe(seq - 1)
    await live.close()
  })

  it('does not wait for ever for a transfer to end', async () => {
    const live = await awake()
    for (let ms = 0; ms < 3_100; ms += 50) {
      await write()
      live.putOff()
      await time.run(50)
    }
    await settle()
    expect(told).toBeGreaterThan(0)
    expect(live.summary.counts['log'] ?? 0).toBeGreaterThan(0)
    await live.close()
  })

  it('wakes no more once it is closed', async () => {
    const live = await awake()
    await write()
    live.putOff()
    await live.close()
    await time.run(10_000)
    await settle()
    expect(told).toBe(0)
  })
})
