/**
 * Keeps the keys of a node between locked and unlocked: one engine for hosts that stays the same, and behind it one that
 * runs while the keys are known, or one that only waits for the passphrase (docs/protocol/identity.md#locked).
 */
import type { ArgumentOf, CommandHandlers, CommandName } from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'
import type { NodeId } from '@shared/model.js'
import { fail, ok, type Problem, type Result } from '@shared/result.js'
import { commandNames } from './commands.js'
import { openSettings, startEngine, type Engine, type EnginePorts, type EngineSettings, type Inside } from './engine.js'
import { lockedIdentity, openDataKey } from './identity/identity-file.js'
import { readTransfer, type CarriedIdentity } from './identity/identity-transfer.js'
import { commitReplacement } from './identity/replacement.js'
import type { KeeperCommands } from './key-commands.js'
import { lockedEngine } from './locked-engine.js'
import { kept } from './storage/disk.js'

export interface NodeSettings extends EngineSettings {
  /** For a host that nobody looks at: given once, at the start. */
  readonly passphrase?: string | undefined
}

interface Subscriber {
  readonly listener: (message: FeedMessage) => void
  undo: () => void
}

const idleCheckMs = 15_000
const longestWaitMs = 300_000

/** Two slips cost nothing; from then on each wrong passphrase doubles the wait before the next try. Pure. */
export function waitAfter(wrong: number): number {
  return wrong < 3 ? 0 : Math.min(longestWaitMs, 1_000 * 2 ** (wrong - 2))
}

export async function startNode(settings: NodeSettings, ports: EnginePorts): Promise<Result<Engine>> {
  const keeper = new Keeper(settings, ports)
  const started = await keeper.start()
  return started.ok ? ok(keeper.face()) : started
}

class Keeper {
  readonly #settings: EngineSettings
  readonly #ports: EnginePorts
  /** Until it was used. */
  #passphrase: string | undefined
  #current: Engine | undefined
  readonly #subscribers = new Set<Subscriber>()
  readonly #commands: KeeperCommands
  /** Locking and unlocking, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #wrong = 0
  #nextTryAt = 0
  #lastHand = { monotonic: 0, now: 0 }
  #lastPort: number | undefined
  #inside: Inside | undefined
  #cancelIdle: (() => void) | undefined
  #isStopped = false

  constructor({ passphrase, ...settings }: NodeSettings, ports: EnginePorts) {
    this.#settings = settings
    this.#ports = ports
    this.#passphrase = passphrase
    this.#commands = {
      lockNow: () => this.#inTurn(() => this.#lock()),
      unlock: ({ passphrase }) => this.#inTurn(() => this.#unlock(passphrase)),
      importIdentity: (argument) => this.#inTurn(() => this.#import(argument)),
      resetIdentity: ({ confirm }) => this.#inTurn(() => this.#reset(confirm)),
      personHere: async () => {
        this.#noteHand()
        return ok(null)
      }
    }
  }

  async start(): Promise<Result<null>> {
    const { log } = this.#settings
    const passphrase = this.#passphrase
    this.#passphrase = undefined
    const opened = await this.#open(undefined)
    if (opened.ok) {
      if (passphrase !== undefined) log('warn', 'passphrase-not-needed')
      return opened
    }
    if (opened.problem.code !== 'node-locked') return opened
    if (passphrase === undefined) return this.#showLocked()
    const dataKey = await openDataKey(this.#ports.disk, passphrase)
    return dataKey.ok ? this.#open(dataKey.value) : dataKey
  }

  face(): Engine {
    const current = () => this.#running()
    const call = (name: CommandName) => (argument: never) => current().commands[name](argument)
    return {
      get nodeId() {
        return current().nodeId
      },
      // Whoever holds one of these holds it across locking.
      commands: Object.fromEntries(commandNames.map((name) => [name, call(name)])) as unknown as CommandHandlers,
      contents: {
        add: (...args) => current().contents.add(...args),
        open: (...args) => current().contents.open(...args)
      },
      subscribe: (listener) => this.#subscribe(listener),
      overview: () => current().overview(),
      reach: () => current().reach(),
      missionIds: () => current().missionIds(),
      entityTypes: (mission) => current().entityTypes(mission),
      heads: (mission) => current().heads(mission),
      readLine: (...args) => current().readLine(...args),
      mapTile: (...args) => current().mapTile(...args),
      counters: () => current().counters(),
      stop: () => this.#stop()
    }
  }

  #running(): Engine {
    if (this.#current === undefined) throw new Error('the node was not started')
    return this.#current
  }

  #subscribe(listener: (message: FeedMessage) => void): () => void {
    const subscriber: Subscriber = { listener, undo: this.#running().subscribe(listener) }
    this.#subscribers.add(subscriber)
    return () => {
      subscriber.undo()
      this.#subscribers.delete(subscriber)
    }
  }

  /** From now on hosts have this one; whoever watches gets its snapshot. */
  #become(next: Engine): void {
    this.#current = next
    for (const subscriber of this.#subscribers) {
      subscriber.undo()
      subscriber.undo = next.subscribe(subscriber.listener)
    }
  }

  async #open(dataKey: Buffer | undefined): Promise<Result<null>> {
    const started = await startEngine(this.#startSettings(), this.#ports, {
      dataKey,
      commands: this.#commands,
      onChanged: () => this.#watchIdle(),
      onReady: (inside) => (this.#inside = inside)
    })
    if (!started.ok) return started
    this.#become(started.value)
    this.#lastPort = started.value.reach().linkPort
    this.#noteHand()
    this.#watchIdle()
    return ok(null)
  }

  #startSettings(): EngineSettings {
    const { restore, ...settings } = this.#settings
    if (this.#current === undefined) return { ...settings, restore }
    // Where any port was good for the first start, others know that one by now.
    return settings.linkPort === 0 && this.#lastPort !== undefined
      ? { ...settings, linkPort: this.#lastPort }
      : settings
  }

  async #showLocked(): Promise<Result<null>> {
    const { disk, clock } = this.#ports
    const read = await kept(lockedIdentity(disk))
    const identity = read.ok ? read.value : read
    if (!identity.ok) return identity
    let settingsProblem: Problem | undefined
    const book = await openSettings(this.#settings, disk, (found) => (settingsProblem = found))
    this.#become(
      lockedEngine({
        identity: identity.value,
        settings: { ...book.all, federation: identity.value.federation },
        dataFolder: this.#settings.dataFolder,
        startedAt: clock.now(),
        commands: this.#commands,
        settingsProblem
      })
    )
    this.#watchIdle()
    return ok(null)
  }

  get #isLocked(): boolean {
    return this.#running().reach().isLocked === true
  }

  async #lock(): Promise<Result<null>> {
    if (this.#isStopped) return fail('stopping')
    const open = this.#running()
    if (this.#isLocked) return ok(null)
    if (open.overview().node.keys.state !== 'passphrase') return fail('no-passphrase')
    // Nobody gets anything any more while the links end.
    const shown = await this.#showLocked()
    if (!shown.ok) return shown
    this.#inside = undefined
    await open.stop()
    this.#settings.log('info', 'locked')
    return ok(null)
  }

  async #unlock(passphrase: string): Promise<Result<null>> {
    const { clock, disk } = this.#ports
    if (this.#isStopped) return fail('stopping')
    if (!this.#isLocked) return ok(null)
    const waitMs = this.#nextTryAt - clock.monotonic()
    if (waitMs > 0) return fail('unlock-too-soon', `${String(Math.ceil(waitMs / 1_000))} s`)
    const dataKey = await openDataKey(disk, passphrase)
    if (!dataKey.ok) {
      if (dataKey.problem.code === 'wrong-passphrase') this.#nextTryAt = clock.monotonic() + waitAfter(++this.#wrong)
      return dataKey
    }
    const opened = await this.#open(dataKey.value)
    if (!opened.ok) return opened
    this.#wrong = 0
    this.#settings.log('info', 'unlocked')
    return ok(null)
  }

  async #import({ data, passphrase }: ArgumentOf<'importIdentity'>): Promise<Result<{ readonly nodeId: NodeId }>> {
    if (this.#isLocked || this.#inside === undefined) return fail('node-locked')
    if (!this.#inside.isUnused()) return fail('identity-in-use')
    const carried = await readTransfer(Buffer.from(data, 'base64'), passphrase)
    if (!carried.ok) return carried
    const replaced = await this.#replace(carried.value)
    if (!replaced.ok) return replaced
    const { callsign, laptop } = carried.value
    if (this.#settings.wantsFirstRun === true && callsign !== '') {
      const named = await this.#running().commands.changeSettings({ callsign, laptop })
      if (!named.ok) return named
    }
    return replaced
  }

  async #reset(confirm: string): Promise<Result<{ readonly nodeId: NodeId }>> {
    if (this.#isLocked) return fail('node-locked')
    if (confirm.trim() !== this.#running().overview().node.callsign) return fail('not-confirmed')
    return this.#replace(undefined)
  }

  /** The next start has the other identity, or, where the disk did not take it, the one that was. */
  async #replace(carried: CarriedIdentity | undefined): Promise<Result<{ readonly nodeId: NodeId }>> {
    const before = this.#running()
    if (this.#isStopped || this.#inside === undefined) return fail('stopping')
    const { readOnly } = before.reach()
    if (readOnly !== undefined) return fail(readOnly)
    const replacement = await this.#inside.replacement(carried)
    const dataKey = this.#inside.dataKey()
    await before.stop()
    const committed = await kept(commitReplacement(this.#ports.disk, replacement))
    const opened = await this.#open(dataKey)
    if (!committed.ok) return committed
    return opened.ok ? ok({ nodeId: this.#running().nodeId }) : opened
  }

  #noteHand(): void {
    const { clock } = this.#ports
    this.#lastHand = { monotonic: clock.monotonic(), now: clock.now() }
  }

  /** By both clocks: one stands still while the laptop sleeps, the other can be set. */
  #idleMs(): number {
    const { clock } = this.#ports
    const { monotonic, now } = this.#lastHand
    return Math.max(clock.monotonic() - monotonic, clock.now() - now)
  }

  #watchIdle(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    if (this.#isStopped || this.#isLocked) return
    const { keys, settings } = this.#running().overview().node
    if (keys.state !== 'passphrase' || settings.lockAfterMin === 0) return
    this.#cancelIdle = this.#ports.clock.after(idleCheckMs, () => {
      if (this.#idleMs() < settings.lockAfterMin * 60_000) this.#watchIdle()
      else
        this.#inTurn(() => this.#lock()).catch((error: unknown) =>
          this.#settings.log('error', 'not-locked', { error: String(error) })
        )
    })
  }

  async #stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelIdle?.()
    await this.#inTurn(() => this.#running().stop())
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work)
    this.#turn = next.catch(() => undefined)
    return next
  }
}
