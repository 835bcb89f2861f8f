/**
 * Real hosts in network namespaces of their own, on one bridge: found by mDNS, linked over TLS, cut and mended as a cable
 * is. Nothing leaves the namespaces that this file makes.
 */
import { type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder, type Reply } from '../support/headless.js'
import { areNamespacesAllowed, Laptop, Switch, type Cable } from '../support/namespaces.js'

const patienceMs = 30_000
const undos: (() => Promise<void>)[] = []

interface Ready {
  readonly nodeId: string
  readonly apiPort: number
  readonly linkPort: number
}

/** A laptop with one cable, a node in it, and a way to its local API. */
class Station {
  readonly name: string
  readonly #laptop = new Laptop()
  readonly #cable: Cable
  #node: ChildProcess | undefined
  #relay: ChildProcess | undefined
  #token = ''
  #ready: Ready = { nodeId: '', apiPort: 0, linkPort: 0 }
  #calls = 0
  readonly #waiting = new Map<number, (reply: Reply) => void>()

  constructor(name: string, to: Switch, number: number) {
    this.name = name
    this.#cable = this.#laptop.plug(to, number)
  }

  get nodeId(): string {
    return this.#ready.nodeId
  }

  cable(state: 'up' | 'down'): void {
    this.#laptop.set(this.#cable, state)
  }

  async start(): Promise<void> {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    const options = ['--data', folder, '--name', this.name, '--discovery', 'mdns']
    const node = this.#laptop.spawn(process.execPath, [resolve('out/main/headless.js'), ...options])
    this.#node = node
    node.stderr.resume()
    const [line] = (await once(createInterface({ input: node.stdout }), 'line')) as [string]
    this.#ready = JSON.parse(line) as Ready
    this.#token = await readFile(join(folder, 'api-token'), 'utf8')
    const relay = this.#laptop.spawn(process.execPath, [resolve('test/system/relay.mjs')])
    this.#relay = relay
    relay.stderr.resume()
    createInterface({ input: relay.stdout }).on('line', (answer) => {
      const { id, ...reply } = JSON.parse(answer) as Reply & { id: number }
      this.#waiting.get(id)?.(reply)
      this.#waiting.delete(id)
    })
  }

  call(method: string, path: string, body?: unknown): Promise<Reply> {
    const id = ++this.#calls
    const { apiPort: port } = this.#ready
    this.#relay?.stdin?.write(`${JSON.stringify({ id, port, token: this.#token, method, path, body })}\n`)
    return new Promise((done) => this.#waiting.set(id, done))
  }

  async peer(of: Station) {
    const { body } = await this.call('GET', 'peers')
    return (body.peers as { nodeId: string; callsign: string; link: { state: string; reason?: string } }[]).find(
      ({ nodeId }) => nodeId === of.nodeId
    )
  }

  stop(): void {
    this.#relay?.kill('SIGKILL')
    this.#node?.kill('SIGTERM')
  }

  remove(): void {
    this.#laptop.remove()
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<number> {
  const started = performance.now()
  while (!(await isSo())) {
    if (performance.now() - started > patienceMs) throw new Error(`not so after ${String(patienceMs)} ms: ${what}`)
    // The nodes are in namespaces that no socket of this process reaches, so they are asked.
    await new Promise((next) => setTimeout(next, 50))
  }
  return performance.now() - started
}

describe.runIf(areNamespacesAllowed)('three laptops on one switch', () => {
  let lan: Switch
  let laptops: Station[] = []
  let [alpha, bravo, charlie] = laptops as [Station, Station, Station]
  let mission = ''

  beforeAll(async () => {
    lan = new Switch()
    laptops = ['alpha', 'bravo', 'charlie'].map((name, index) => new Station(name, lan, index + 1))
    ;[alpha, bravo, charlie] = laptops as [Station, Station, Station]
    for (const laptop of laptops) await laptop.start()
  })
  afterAll(async () => {
    for (const laptop of laptops) laptop.stop()
    for (const laptop of laptops) laptop.remove()
    lan.remove()
    for (const undo of undos) await undo()
  })

  const digests = async () =>
    Promise.all(
      laptops.map(
        async (laptop) => (await laptop.call('GET', `missions/${mission}/heads`)).body.digest as string | undefined
      )
    )
  const inStep = async () => {
    const [first, ...others] = await digests()
    return first !== undefined && others.every((digest) => digest === first)
  }

  it('find each other by mDNS and say hello, with nothing shared', async () => {
    await until('all met all', async () => {
      const met = await Promise.all(
        laptops.flatMap((one) => laptops.map(async (other) => one === other || (await one.peer(other)) !== undefined))
      )
      return met.every(Boolean)
    })
    expect((await alpha.peer(bravo))?.callsign).toBe('bravo')
    for (const laptop of laptops) expect((await laptop.call('GET', 'missions')).body.missions).toEqual([])
  })

  it('share a mission once their people decided', async () => {
    for (const one of laptops)
      for (const other of laptops)
        if (one !== other)
          expect((await one.call('POST', `peers/${other.nodeId}/decision`, { level: 'trusted' })).status).toBe(200)
    const made = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })
    mission = made.body.id as string
    await until('in step', inStep)
  })

  it('go on apart when a cable is pulled, say so, and are in step again when it is back', async () => {
    charlie.cable('down')
    await alpha.call('POST', `missions/${mission}/changes`, { entity: 'log/1', field: 'text', value: 'while apart' })
    await charlie.call('POST', `missions/${mission}/changes`, { entity: 'log/2', field: 'text', value: 'also apart' })
    await until('the silence is said', async () => {
      const link = (await alpha.peer(charlie))?.link
      return link?.state !== 'linked' && link?.reason !== undefined
    })
    expect((await alpha.peer(bravo))?.link.state).toBe('linked')
    expect(await inStep()).toBe(false)
    charlie.cable('up')
    await until('in step', inStep)
    const { body } = await bravo.call('GET', `missions/${mission}`)
    expect((body.entities as { entity: string }[]).map(({ entity }) => entity)).toEqual(
      expect.arrayContaining(['log/1', 'log/2'])
    )
  })
})
