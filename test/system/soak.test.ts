/**
 * Eight real nodes in a ring over TLS, writing at a steady rate while links are cut and mended. What must stay flat, from
 * the end of a warm-up on, always looked at when all are linked, in step and quiet:
 * - open files and sockets: the same number each time; timers of the engine: no more in the second half than in the first;
 * - memory after a collection: at most so much more as each stored change may cost (the view does not grow: the same
 *   entries are written again and again);
 * - the data folders: at most so many bytes more as each change and each cut may cost.
 * In short for half a minute; `npm run soak` takes ten.
 */
import { readdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { createEngine, type RunningEngine } from '../../src/main/engine/index.js'
import { tlsTransport } from '../../src/main/engine/links/tls-transport.js'
import { TransportError, type Channel, type Transport } from '../../src/main/engine/links/transport.js'
import { systemClock, type Clock } from '../../src/main/engine/runtime/clock.js'
import { seededRandom } from '../sim/random.js'
import { temporaryFolder } from '../support/headless.js'

const seconds = Number(process.env['MUSTER_SOAK'] ?? 25)
const nodes = 8
/** Of each node. */
const writeEveryMs = 250
const cycles = Math.max(6, Math.round(seconds / 10))
const patienceMs = 120_000
/** Each change is kept by every node. */
const most = { memoryPerStoredChange: 1_500, bytesPerStoredChange: 900, bytesPerCut: 8_000 }

const undos: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Counts what waits. */
class CountingClock implements Clock {
  waiting = 0
  now = () => systemClock.now()
  monotonic = () => systemClock.monotonic()

  after(ms: number, call: () => void): () => void {
    let isOver = false
    const end = () => {
      if (!isOver) this.waiting--
      isOver = true
    }
    this.waiting++
    const cancel = systemClock.after(ms, () => {
      end()
      call()
    })
    return () => {
      end()
      cancel()
    }
  }
}

/** The real transport, with connections between two neighbours that can be cut. */
class Cables {
  readonly #ports = new Map<number, number>()
  readonly #cut = new Set<string>()
  readonly #channels = new Map<string, Set<Channel>>()

  transport(own: number): Transport {
    return {
      listen: async (options) => {
        const listener = await tlsTransport.listen(options)
        this.#ports.set(listener.port, own)
        return listener
      },
      dial: async (to, identity) => {
        const name = [own, this.#ports.get(to.port)].sort().join()
        const isOpen = () => {
          if (this.#cut.has(name)) throw new TransportError('no-answer', 'the cable is cut')
        }
        isOpen()
        const channel = await tlsTransport.dial(to, identity)
        try {
          isOpen()
        } catch (error) {
          channel.destroy()
          throw error
        }
        const channels = this.#channels.get(name) ?? new Set()
        this.#channels.set(name, channels.add(channel))
        return channel
      }
    }
  }

  /** What is under way is lost, and nobody gets through. */
  cut(one: number, other: number): void {
    const name = [one, other].sort().join()
    this.#cut.add(name)
    for (const channel of this.#channels.get(name) ?? []) channel.destroy()
    this.#channels.delete(name)
  }

  mend(one: number, other: number): void {
    this.#cut.delete([one, other].sort().join())
  }
}

interface Sample {
  readonly changes: number
  readonly cuts: number
  readonly memory: number
  readonly disk: number
  readonly timers: number
  readonly handles: number
}

class Ring {
  readonly engines: RunningEngine[] = []
  readonly folders: string[] = []
  readonly cables = new Cables()
  readonly clock = new CountingClock()
  mission = '' as MissionId
  changes = 0
  cuts = 0
  readonly #news = new Set<() => void>()

  static async make(): Promise<Ring> {
    const ring = new Ring()
    for (let index = 0; index < nodes; index++) {
      const folder = await temporaryFolder((undo) => undos.push(undo))
      const started = await createEngine({
        dataFolder: folder,
        callsign: `node ${String(index)}`,
        linkPort: 0,
        linkHost: '127.0.0.1',
        ports: { clock: ring.clock, transport: ring.cables.transport(index) }
      })
      if (!started.ok) throw new Error(started.problem.detail)
      ring.folders.push(folder)
      ring.engines.push(started.value)
      undos.push(() => started.value.stop())
      started.value.subscribe(() => ring.#tell())
    }
    for (const [index, engine] of ring.engines.entries()) {
      const next = ring.engines[(index + 1) % nodes]
      if (next === undefined) throw new Error('no next one')
      await engine.commands.addPeer({ address: '127.0.0.1', port: next.overview().node.linkPort ?? 0 })
      for (const [one, other] of [
        [engine, next],
        [next, engine]
      ] as const) {
        await ring.until('they met', () => one.overview().peers.some(({ nodeId }) => nodeId === other.nodeId))
        const decided = await one.commands.decide({ nodeId: other.nodeId, level: 'trusted' })
        expect(decided).toEqual({ ok: true, value: null })
      }
    }
    const made = await ring.engines[0]?.commands.createMission({ name: 'Karst Ridge Fire' })
    if (made?.ok !== true) throw new Error('no mission')
    ring.mission = made.value.id
    await ring.until('all may write', () => ring.#missions().every((mission) => mission?.role !== undefined))
    return ring
  }

  /** Writes at a steady rate for a while, and cuts a link meanwhile. */
  async live(ms: number, cut: number): Promise<void> {
    const writers = this.engines.map((engine, index) => {
      const write = async () => {
        const changes = [
          { entity: `task/${String(index)}-${String(this.changes % 10)}`, field: 'state', value: this.changes }
        ]
        this.changes++
        expect((await engine.commands.write({ missionId: this.mission, changes })).ok).toBe(true)
      }
      return setInterval(() => void write().catch((error: unknown) => this.#fail(error)), writeEveryMs)
    })
    const [one, other] = [cut, (cut + 1) % nodes]
    await pause(ms / 3)
    this.cables.cut(one, other)
    this.cuts++
    await pause(ms / 3)
    expect(this.#isLinked(one, other), 'a cable that is cut').toBe(false)
    this.cables.mend(one, other)
    await pause(ms / 3)
    for (const writer of writers) clearInterval(writer)
  }

  /** When all is linked, in step and written. */
  async sample(): Promise<Sample> {
    for (const engine of this.engines) await engine.commands.tryNow({})
    await this.until('linked and in step', () => {
      const views = this.#missions()
      const isLinked = this.engines.every(
        (engine) => engine.overview().peers.filter(({ link }) => link.state === 'linked').length === 2
      )
      return isLinked && new Set(views.map((mission) => mission?.digest)).size === 1
    })
    // A timer that ends by itself, such as the one of a document that is saved soon, is none of a link; nor is the file that
    // it is saved to.
    let timers = this.clock.waiting
    let handles = openHandles()
    for (let calm = 0; calm < 10; calm++) {
      await pause(100)
      if (this.clock.waiting < timers) calm = 0
      timers = Math.min(timers, this.clock.waiting)
      handles = Math.min(handles, openHandles())
    }
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const sizes = await Promise.all(this.folders.map(sizeOf))
    return {
      changes: this.changes,
      cuts: this.cuts,
      memory: heapUsed + external,
      disk: sizes.reduce((sum, size) => sum + size, 0),
      timers,
      handles
    }
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + patienceMs
    while (!isSo()) {
      if (this.#failure !== undefined) throw this.#failure
      if (performance.now() > deadline) throw new Error(`not so after ${String(patienceMs)} ms: ${what}`)
      await this.#nextNews()
    }
  }

  #failure: unknown
  #fail(error: unknown): void {
    this.#failure = error
  }

  #isLinked(one: number, other: number): boolean {
    const id = this.engines[other]?.nodeId
    const peer = this.engines[one]?.overview().peers.find(({ nodeId }) => nodeId === id)
    return peer?.link.state === 'linked'
  }

  #missions() {
    return this.engines.map((engine) => engine.overview().missions.find(({ id }) => id === this.mission))
  }

  #tell(): void {
    for (const news of [...this.#news]) news()
  }

  /** At the latest after a second, so that a deadline can be judged. */
  #nextNews(): Promise<void> {
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer)
        this.#news.delete(end)
        done()
      }
      const timer = setTimeout(end, 1_000)
      this.#news.add(end)
    })
  }
}

function openHandles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : process.getActiveResourcesInfo().length
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

async function sizeOf(folder: string): Promise<number> {
  let size = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    // A document that is being replaced may be gone by now.
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0
  return size
}

it(`eight nodes stay flat for ${String(seconds)} s`, { timeout: seconds * 4_000 + 300_000 }, async () => {
  const random = seededRandom(1)
  const ring = await Ring.make()
  const samples: Sample[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    await ring.live((seconds * 1000) / cycles, Math.floor(random.unit() * nodes))
    const sample = await ring.sample()
    samples.push(sample)
    console.log(JSON.stringify(sample))
  }
  const warm = samples.slice(Math.floor(samples.length / 3))
  const [first, last] = [warm[0], warm.at(-1)]
  if (first === undefined || last === undefined) throw new Error('no samples')
  const stored = (last.changes - first.changes) * nodes
  const cuts = last.cuts - first.cuts
  const memory = (last.memory - first.memory) / stored
  const disk = (last.disk - first.disk - cuts * most.bytesPerCut) / stored
  console.log(
    `${String(stored)} changes stored and ${String(cuts)} cuts after the warm-up: ${memory.toFixed(0)} bytes of memory and at ` +
      `least ${disk.toFixed(0)} bytes of disk per stored change`
  )
  expect(stored).toBeGreaterThan(nodes * nodes * 10)
  expect(memory).toBeLessThan(most.memoryPerStoredChange)
  expect(disk).toBeLessThan(most.bytesPerStoredChange)
  expect(new Set(warm.map(({ handles }) => handles)).size, 'open files and sockets').toBe(1)
  // Some end by themselves in a while, such as that of a view about to sleep: of these, less than one more for each node.
  const timers = warm.map((sample) => sample.timers)
  const half = Math.ceil(timers.length / 2)
  expect(Math.max(...timers.slice(half)), `timers: ${timers.join()}`).toBeLessThan(
    Math.max(...timers.slice(0, half)) + nodes
  )
})
