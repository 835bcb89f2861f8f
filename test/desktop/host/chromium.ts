/** Debian's Chromium over the DevTools protocol: started headless on a pipe, so that there is no port to reach it by. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

export type Params = Readonly<Record<string, unknown>>
/** What the protocol answers is known to the one who asked. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Reply = any

const flags = [
  '--headless=new',
  '--remote-debugging-pipe',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-breakpad',
  '--disable-crash-reporter',
  // Nothing leaves this machine, whatever a test tries; what is on it goes through the proxy, too.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--proxy-bypass-list=<-loopback>'
]

export class Chromium {
  readonly #child: ChildProcess
  readonly #input: Writable
  readonly #pending = new Map<number, { done(reply: Reply): void; failed(error: Error): void }>()
  readonly #listeners = new Set<(method: string, params: Reply, session: string | undefined) => void>()
  #nextId = 1

  /** @param proxyPort where every request that is not answered by the host goes. */
  constructor(path: string, profile: string, proxyPort: number) {
    mkdirSync(profile, { recursive: true, mode: 0o700 })
    // Chromium's own sandbox refuses to run as root, as in most CI machines.
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const own = [`--user-data-dir=${profile}`, `--proxy-server=http://127.0.0.1:${String(proxyPort)}`]
    this.#child = spawn(path, [...asRoot, ...flags, ...own, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // A group of its own, to end its many processes together.
      detached: true
    })
    this.#input = this.#child.stdio[3] as Writable
    this.#input.on('error', () => undefined) // It was ended; whoever waits for an answer is told below.
    const output = this.#child.stdio[4] as Readable
    let rest = ''
    output.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#receive(JSON.parse(message) as Reply)
    })
    this.#child.on('exit', () => {
      for (const { failed } of this.#pending.values()) failed(new Error('Chromium ended'))
      this.#pending.clear()
    })
  }

  /** Once this answers, it is up. */
  version(): Promise<Reply> {
    return this.send('Browser.getVersion')
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Reply> {
    const id = this.#nextId++
    return new Promise((done, failed) => {
      this.#pending.set(id, { done, failed: (error) => failed(new Error(`${method}: ${error.message}`)) })
      this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }

  onEvent(listener: (method: string, params: Reply, session: string | undefined) => void): void {
    this.#listeners.add(listener)
  }

  end(): void {
    const { pid, exitCode, signalCode } = this.#child
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
  }

  #receive(message: Reply): void {
    if (message.id === undefined) {
      for (const listener of this.#listeners) listener(message.method, message.params, message.sessionId)
      return
    }
    const waiting = this.#pending.get(message.id as number)
    this.#pending.delete(message.id as number)
    if (message.error === undefined) waiting?.done(message.result)
    else waiting?.failed(new Error(message.error.message as string))
  }
}
