/**
 * Real hosts in network namespaces of their own, on one bridge: found by mDNS, linked over TLS, cut and mended as a cable
 * is. Nothing leaves the namespaces that this file makes.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder, type Reply } from '../support/headless.js'

const prefix = `muster${String(process.pid)}`
const patienceMs = 30_000
const undos: (() => Promise<void>)[] = []

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}

const isAllowed = (() => {
  try {
    ip('netns', 'add', `${prefix}-try`)
    ip('netns', 'del', `${prefix}-try`)
    return process.platform === 'linux'
  } catch {
    return false
  }
})()

interface Ready {
  readonly nodeId: string
  readonly apiPort: number
  readonly linkPort: number
}

/** A laptop: a namespace with one cable to the bridge, a node in it, and a way to its local API. */
class Laptop {
  readonly name: string
  readonly #namespace: string
  readonly #cable: string
  readonly #address: string
  #node: ChildProcess | undefined
  #relay: ChildProcess | undefined
  #token = ''
  #ready: Ready = { nodeId: '', apiPort: 0, linkPort: 0 }
  #calls = 0
  readonly #waiting = new Map<number, (reply: Reply) => void>()

  constructor(name: string, number: number) {
    this.name = name
    this.#namespace = `${prefix}-${String(number)}`
    this.#cable = `${prefix}p${String(number)}`.slice(-15)
    this.#address = `10.77.0.${String(number)}`
  }

  get nodeId(): string {
    return this.#ready.nodeId
  }

  plug(bridge: string, number: number): void {
    const inside = `${prefix}v${String(number)}`.slice(-15)
    ip('netns', 'add', this.#namespace)
    ip('link', 'add', inside, 'netns', this.#namespace, 'type', 'veth', 'peer', 'name', this.#cable, 'netns', bridge)
    ip('-n', bridge, 'link', 'set', this.#cable, 'master', 'br0', 'up')
    ip('-n', this.#namespace, 'link', 'set', 'lo', 'up')
    ip('-n', this.#namespace, 'addr', 'add', `${this.#address}/24`, 'dev', inside)
    ip('-n', this.#namespace, 'link', 'set', inside, 'up')
    ip('-n', this.#namespace, 'route', 'add', 'default', 'via', '10.77.0.254')
  }

  cable(bridge: string, state: 'up' | 'down'): void {
    ip('-n', bridge, 'link', 'set', this.#cable, state)
  }

  async start(): Promise<void> {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    const inside = ['netns', 'exec', this.#namespace, process.execPath]
    const options = ['--data', folder, '--name', this.name, '--discovery', 'mdns']
    this.#node = spawn('ip', [...inside, resolve('out/main/headless.js'), ...options], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    if (this.#node.stdout === null) throw new Error('no output')
    const [line] = (await once(createInterface({ input: this.#node.stdout }), 'line')) as [string]
    this.#ready = JSON.parse(line) as Ready
    this.#token = await readFile(join(folder, 'api-token'), 'utf8')
    this.#relay = spawn('ip', [...inside, resolve('test/system/relay.mjs')], { stdio: ['pipe', 'pipe', 'ignore'] })
    if (this.#relay.stdout === null) throw new Error('no output')
    createInterface({ input: this.#relay.stdout }).on('line', (answer) => {
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

  async peer(of: Laptop) {
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
    ip('netns', 'del', this.#namespace)
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

describe.runIf(isAllowed)('three laptops on one switch', () => {
  const bridge = `${prefix}-sw`
  const laptops = ['alpha', 'bravo', 'charlie'].map((name, index) => new Laptop(name, index + 1))
  const [alpha, bravo, charlie] = laptops as [Laptop, Laptop, Laptop]
  let mission = ''

  beforeAll(async () => {
    ip('netns', 'add', bridge)
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
    ip('-n', bridge, 'link', 'set', 'br0', 'up')
    for (const [index, laptop] of laptops.entries()) laptop.plug(bridge, index + 1)
    for (const laptop of laptops) await laptop.start()
  })
  afterAll(async () => {
    for (const laptop of laptops) laptop.stop()
    for (const laptop of laptops) laptop.remove()
    ip('netns', 'del', bridge)
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
    charlie.cable(bridge, 'down')
    await alpha.call('POST', `missions/${mission}/changes`, { entity: 'log/1', field: 'text', value: 'while apart' })
    await charlie.call('POST', `missions/${mission}/changes`, { entity: 'log/2', field: 'text', value: 'also apart' })
    await until('the silence is said', async () => {
      const link = (await alpha.peer(charlie))?.link
      return link?.state !== 'linked' && link?.reason !== undefined
    })
    expect((await alpha.peer(bravo))?.link.state).toBe('linked')
    expect(await inStep()).toBe(false)
    charlie.cable(bridge, 'up')
    await until('in step', inStep)
    const { body } = await bravo.call('GET', `missions/${mission}`)
    expect((body.entities as { entity: string }[]).map(({ entity }) => entity)).toEqual(
      expect.arrayContaining(['log/1', 'log/2'])
    )
  })
})
