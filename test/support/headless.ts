/** A real headless node in a process of its own, for tests: started on the built host, driven by its local API and feed. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { applyFeed, type FeedMessage, type FeedState } from '@shared/feed.js'
import type { ServerMessage } from '@shared/contract.js'
import type { NodeId, Overview } from '@shared/model.js'

const host = resolve('out/main/headless.js')
const patienceMs = 20_000

export interface HeadlessOptions {
  readonly name: string
  readonly folder: string
  readonly args?: readonly string[]
  /** The Node binary; left out: the one that runs the tests. */
  readonly node?: string
}

export interface Reply {
  readonly status: number
  // The tests say what they expect of an answer; what is not there fails them.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any
}

/** Makes a folder that is removed when the test file ends. */
export async function temporaryFolder(onEnd: (undo: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-'))
  onEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export class HeadlessNode {
  readonly name: string
  readonly folder: string
  readonly nodeId: NodeId
  readonly linkPort: number
  readonly apiPort: number
  readonly token: string
  readonly process: ChildProcess
  readonly logLines: string[]
  #feed: FeedState | undefined
  #socket: WebSocket | undefined
  readonly #watchers = new Set<() => void>()

  private constructor(
    options: HeadlessOptions,
    child: ChildProcess,
    ready: { nodeId: NodeId; linkPort: number; apiPort: number },
    token: string,
    logLines: string[]
  ) {
    this.name = options.name
    this.folder = options.folder
    this.process = child
    this.nodeId = ready.nodeId
    this.linkPort = ready.linkPort
    this.apiPort = ready.apiPort
    this.token = token
    this.logLines = logLines
  }

  static async start(options: HeadlessOptions): Promise<HeadlessNode> {
    const { name, folder, args = [] } = options
    const common = [
      '--data',
      folder,
      '--name',
      name,
      '--link-host',
      '127.0.0.1',
      '--link-port',
      '0',
      '--discovery',
      'off',
      ...args
    ]
    const child = spawn(options.node ?? process.execPath, [host, ...common], { stdio: ['ignore', 'pipe', 'pipe'] })
    const logLines: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => logLines.push(line))
    const first = once(createInterface({ input: child.stdout }), 'line')
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${name} ended with ${String(code)} before it was ready:\n${logLines.join('\n')}`)
    })
    const [line] = (await Promise.race([first, ended])) as [string]
    ended.catch(() => undefined) // It may end later as it likes.
    const ready = JSON.parse(line)
    const token = await readFile(join(ready.accessFolder ?? folder, 'api-token'), 'utf8')
    const node = new HeadlessNode(options, child, ready, token, logLines)
    await node.#watch()
    return node
  }

  /** The same process after it started its engine anew: another token, another feed. */
  static async attach({
    name,
    folder,
    process,
    nodeId,
    linkPort,
    apiPort,
    logLines
  }: HeadlessNode): Promise<HeadlessNode> {
    const token = await readFile(join(folder, 'api-token'), 'utf8')
    const node = new HeadlessNode({ name, folder }, process, { nodeId, linkPort, apiPort }, token, logLines)
    await node.#watch()
    return node
  }

  async call(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`http://127.0.0.1:${this.apiPort}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, body: await response.json() }
  }

  get overview(): Overview {
    if (this.#feed === undefined) throw new Error('no feed')
    return this.#feed.overview
  }

  /** Resolves as soon as the feed shows it. */
  until<T>(what: string, look: (overview: Overview) => T | undefined | false | null): Promise<T> {
    return new Promise((done, failed) => {
      const check = () => {
        const found = look(this.overview)
        if (found === undefined || found === false || found === null) return
        clearTimeout(timer)
        this.#watchers.delete(check)
        done(found)
      }
      const timer = setTimeout(() => {
        this.#watchers.delete(check)
        failed(new Error(`${this.name}: ${what} did not happen.\n${JSON.stringify(this.#feed?.overview, null, 1)}`))
      }, patienceMs)
      this.#watchers.add(check)
      check()
    })
  }

  peer(of: { readonly nodeId: NodeId }) {
    return this.overview.peers.find(({ nodeId }) => nodeId === of.nodeId)
  }

  /** Both say hello, both decide for the other, the link is up. */
  async trust(other: HeadlessNode, scope?: unknown): Promise<void> {
    await this.call('POST', 'peers', { address: '127.0.0.1', port: other.linkPort })
    for (const [one, another] of [
      [this, other],
      [other, this]
    ] as const) {
      await one.until(`${another.name} said hello`, () => one.peer(another))
      const decided = await one.call('POST', `peers/${another.nodeId}/decision`, { level: 'trusted', scope })
      if (decided.status !== 200) throw new Error(JSON.stringify(decided.body))
    }
    await Promise.all([this.untilLinked(other), other.untilLinked(this)])
  }

  untilLinked(other: HeadlessNode): Promise<true> {
    return this.until(`linked with ${other.name}`, () => this.peer(other)?.link.state === 'linked' || undefined)
  }

  /** Resolves when both hold the same durable changes of a mission; gives the digest. Asks the nodes, not the feed. */
  async untilInStep(other: HeadlessNode, mission: string): Promise<string> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const news = Promise.race([this.#nextNews(), other.#nextNews()])
      const [mine, theirs] = await Promise.all(
        [this, other].map((node) => node.call('GET', `missions/${mission}/heads`))
      )
      if (mine?.status === 200 && mine.body.digest === theirs?.body.digest) return mine.body.digest as string
      if (performance.now() > deadline) throw new Error(`${this.name} and ${other.name} are not in step`)
      await news
    }
  }

  /** The next message of the feed; at the latest after a second, so that a deadline can be judged. */
  #nextNews(): Promise<void> {
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer)
        this.#watchers.delete(end)
        done()
      }
      const timer = setTimeout(end, 1_000)
      this.#watchers.add(end)
    })
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#socket?.close()
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode
    const ended = once(this.process, 'exit')
    this.process.kill(signal)
    const [code] = (await ended) as [number | null]
    return code
  }

  async #watch(): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.apiPort}/api/v1/feed`)
    this.#socket = socket
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'token', token: this.token }))
    await new Promise<void>((ready) => {
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as ServerMessage
        if (message.type === 'answer') return
        this.#feed = applyFeed(this.#feed, message as FeedMessage)
        ready()
        for (const watcher of [...this.#watchers]) watcher()
      })
    })
    socket.on('error', () => undefined)
  }
}
