/** A real node on a laptop of namespaces.ts, and a way to its local API, which no socket of the test's process reaches. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Reply } from './headless.js'
import { Laptop, type Cable, type Switch } from './namespaces.js'

const patienceMs = 60_000

interface Ready {
  readonly nodeId: string
  readonly apiPort: number
  readonly linkPort: number
}

export class Station {
  readonly name: string
  readonly folder: string
  readonly laptop = new Laptop()
  readonly #cables = new Map<Switch, Cable>()
  #node: ChildProcess | undefined
  #relay: ChildProcess | undefined
  #token = ''
  #ready: Ready = { nodeId: '', apiPort: 0, linkPort: 0 }
  #calls = 0
  readonly #waiting = new Map<number, (reply: Reply) => void>()

  constructor(name: string, folder: string) {
    this.name = name
    this.folder = folder
  }

  get nodeId(): string {
    return this.#ready.nodeId
  }

  plug(to: Switch, host: number): void {
    this.#cables.set(to, this.laptop.plug(to, host))
  }

  cable(to: Switch, state: 'up' | 'down'): void {
    const cable = this.#cables.get(to)
    if (cable === undefined) throw new Error(`${this.name} has no cable there`)
    this.laptop.set(cable, state)
  }

  async start(...options: readonly string[]): Promise<void> {
    const all = ['--data', this.folder, '--name', this.name, ...options]
    const node = this.laptop.spawn(process.execPath, [resolve('out/main/headless.js'), ...all])
    this.#node = node
    const said: string[] = []
    createInterface({ input: node.stderr }).on('line', (line) => said.push(line))
    const ended = once(node, 'exit').then(() => {
      throw new Error(`${this.name} ended before it was ready:\n${said.join('\n')}`)
    })
    const [line] = (await Promise.race([once(createInterface({ input: node.stdout }), 'line'), ended])) as [string]
    ended.catch(() => undefined) // It may end later as it likes.
    this.#ready = JSON.parse(line) as Ready
    this.#token = await readFile(join(this.folder, 'api-token'), 'utf8')
    if (this.#relay === undefined) this.#startRelay()
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

  /** A counter of `/metrics`. */
  async counter(name: string): Promise<number> {
    const { body } = await this.call('GET', '/metrics')
    return Number(new RegExp(`^muster_${name} (\\d+)$`, 'm').exec(String(body))?.[1])
  }

  async digest(mission: string): Promise<string | undefined> {
    return (await this.call('GET', `missions/${mission}/heads`)).body.digest as string | undefined
  }

  /** Resolves when the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const node = this.#node
    if (node === undefined || node.exitCode !== null || node.signalCode !== null) return
    const ended = once(node, 'exit')
    node.kill(signal)
    await ended
  }

  remove(): void {
    this.laptop.remove()
  }

  #startRelay(): void {
    const relay = this.laptop.spawn(process.execPath, [resolve('test/system/relay.mjs')])
    this.#relay = relay
    relay.stderr.resume()
    createInterface({ input: relay.stdout }).on('line', (answer) => {
      const { id, ...reply } = JSON.parse(answer) as Reply & { id: number }
      this.#waiting.get(id)?.(reply)
      this.#waiting.delete(id)
    })
  }
}

export async function untilSo(what: string, isSo: () => Promise<boolean>): Promise<number> {
  const started = performance.now()
  while (!(await isSo())) {
    if (performance.now() - started > patienceMs) throw new Error(`not so after ${String(patienceMs)} ms: ${what}`)
    // The nodes are in namespaces that no socket of this process reaches, so they are asked.
    await new Promise((next) => setTimeout(next, 100))
  }
  return performance.now() - started
}
