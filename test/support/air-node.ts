/** Discovery alone on a laptop of namespaces.ts, for tests with many of them: started, asked and watched from here. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import type { DiscoveryView, Sighting } from '../../src/main/engine/discovery/discovery.js'
import type { Laptop } from './namespaces.js'

export interface Measured {
  readonly loopDelayMs: number
  readonly loopDelayMostMs: number
  readonly memoryMb: number
  readonly cpuMs: number
}

/** Wall time of this machine, which all nodes share. */
export type AirEvent = { readonly at: number } & (
  | { readonly event: 'ready' | 'stopped' }
  | { readonly event: 'sighting' | 'gone'; readonly sighting: Sighting }
  | { readonly event: 'view' | 'change'; readonly view: DiscoveryView }
  | ({ readonly event: 'measured' } & Measured)
)

const patienceMs = 30_000
/** Newest ones kept; a flood tells much. */
const eventsMost = 20_000

/** Builds the program once; answers with its path and how to remove it. */
export async function buildAirNode(): Promise<{ readonly program: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-air-'))
  const { bundle } = (await import(/* @vite-ignore */ pathToFileURL(resolve('scripts/bundle.mjs')).href)) as {
    bundle: (entry: string, outDir: string) => Promise<void>
  }
  await bundle('test/support/air-node-main.ts', folder)
  return {
    program: join(folder, 'air-node-main.js'),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

export class AirNode {
  readonly port: number
  readonly events: AirEvent[] = []
  readonly log: string[] = []
  readonly #child: ReturnType<Laptop['spawn']>
  readonly #watchers = new Set<() => void>()

  constructor(laptop: Laptop, program: string, port = 47_110) {
    this.port = port
    this.#child = laptop.spawn(process.execPath, ['--expose-gc', program, String(port)])
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as AirEvent)
      if (this.events.length > eventsMost) this.events.shift()
      for (const watcher of [...this.#watchers]) watcher()
    })
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.log.push(line))
  }

  call(call: string, argument?: unknown): void {
    this.#child.stdin.write(`${JSON.stringify({ call, argument })}\n`)
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves with the first event, from `from` on, that is wanted. */
  until<T>(
    what: string,
    pick: (event: AirEvent) => T | undefined | false,
    { from = 0, withinMs = patienceMs } = {}
  ): Promise<T> {
    return new Promise((done, failed) => {
      let next = from
      const check = () => {
        for (; next < this.events.length; next++) {
          const event = this.events[next]
          const found = event === undefined ? undefined : pick(event)
          if (found === undefined || found === false) continue
          clearTimeout(timer)
          this.#watchers.delete(check)
          done(found)
          return
        }
      }
      const timer = setTimeout(() => {
        this.#watchers.delete(check)
        const tail = this.events.slice(-5).map((event) => JSON.stringify(event))
        failed(new Error(`${what} did not happen.\n${[...tail, ...this.log.slice(-5)].join('\n')}`))
      }, withinMs)
      this.#watchers.add(check)
      check()
    })
  }

  /** When this address was seen. */
  untilSees(address: string, options: { from?: number; withinMs?: number } = {}): Promise<number> {
    return this.until(
      `sighting of ${address}`,
      (event) => event.event === 'sighting' && event.sighting.address === address && event.at,
      options
    )
  }

  untilGone(address: string, options: { from?: number; withinMs?: number } = {}): Promise<number> {
    return this.until(
      `goodbye of ${address}`,
      (event) => event.event === 'gone' && event.sighting.address === address && event.at,
      options
    )
  }

  untilView<T>(what: string, pick: (view: DiscoveryView) => T | undefined | false, from = this.events.length) {
    this.call('view')
    return this.until(what, (event) => 'view' in event && pick(event.view), { from })
  }

  async view(): Promise<DiscoveryView> {
    return this.untilView('view', (view) => view)
  }

  /** Since the last time it was asked. */
  measure(): Promise<Measured> {
    const from = this.events.length
    this.call('measure')
    return this.until('a measurement', (event) => event.event === 'measured' && event, { from })
  }

  untilReady(): Promise<number> {
    return this.until('ready', (event) => event.event === 'ready' && event.at)
  }

  /** An orderly end, with goodbyes. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#child, 'exit')
    this.call('stop')
    await ended
  }

  /** No goodbye. */
  async kill(): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
