/**
 * Several ways of finding others as one: one list in which each address stands once, with everybody who knows of it. They
 * are told together, so many a second, what was heard just now first. A source that throws, hangs or fills its table
 * costs only itself.
 */
import type { SightingSource, SourceStatus } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import { bounds } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import { TokenBucket } from '../runtime/token-bucket.js'
import type {
  Discovery,
  DiscoveryOptions,
  DiscoveryView,
  Found,
  HeardSighting,
  MergedView,
  Sighting
} from './discovery.js'
import { sightingLimits } from './sightings.js'

/** The best first: its word counts where several know an address. */
const ranks = ['mdns', 'dns-sd', 'list'] as const satisfies readonly SightingSource[]

export const mergedTurns = {
  /** Sightings told, by all sources together. */
  told: { burst: bounds.sightings, perSecond: 200 },
  /** What had to wait is told after so long. */
  laterMs: 250,
  /** A source that does not end is left behind. */
  endWithinMs: 2_000
} as const

export interface MergedParts {
  readonly clock: Clock
  readonly log: Log
}

export type MergedOptions = Omit<DiscoveryOptions, 'onSighting'> & { readonly onSighting: (found: Found) => void }

interface Slot {
  readonly source: SightingSource
  readonly discovery: Discovery
  /** By address and port. */
  readonly claims: Map<string, Sighting>
  readonly since: number
  problem?: Problem
}

interface Entry {
  /** As it was told last. */
  told?: Sighting
  toldAt: number
}

export class Merged implements Discovery {
  readonly #parts: MergedParts
  readonly #slots = new Map<SightingSource, Slot>()
  readonly #entries = new Map<string, Entry>()
  /** To be told, by key. */
  readonly #due = new Set<string>()
  readonly #bucket: TokenBucket
  #options: Omit<MergedOptions, 'port'> = noListener
  #port = 0
  #choices: Readonly<Record<string, boolean>> = {}
  #since = 0
  #isRunning = false
  #cancelLater = nothing

  constructor(parts: MergedParts) {
    this.#parts = parts
    this.#bucket = new TokenBucket(mergedTurns.told, parts.clock.monotonic())
  }

  start(options: MergedOptions): void {
    this.#options = options
    this.#port = options.port
    this.#since = this.#parts.clock.now()
    this.#isRunning = true
    for (const slot of this.#slots.values()) this.#begin(slot)
  }

  /** From now on this source counts, too; one of this name is replaced. */
  async add(source: SightingSource, discovery: Discovery): Promise<void> {
    const before = this.#takeOut(source)
    const slot: Slot = { source, discovery, claims: new Map(), since: this.#parts.clock.now() }
    this.#slots.set(source, slot)
    if (this.#isRunning) this.#begin(slot)
    await this.#end(before)
  }

  async remove(source: SightingSource): Promise<void> {
    await this.#end(this.#takeOut(source))
  }

  has(source: SightingSource): boolean {
    return this.#slots.has(source)
  }

  choose(interfaces: Readonly<Record<string, boolean>>): void {
    this.#choices = interfaces
    this.#each((discovery) => discovery.choose(interfaces))
  }

  announce(port: number): void {
    this.#port = port
    this.#each((discovery) => discovery.announce(port))
  }

  look(): void {
    this.#each((discovery) => discovery.look())
  }

  view(): MergedView {
    const sightings = new Map<string, HeardSighting & Found>()
    const sources: SourceStatus[] = []
    const views: DiscoveryView[] = []
    for (const slot of this.#inOrder()) {
      const view = this.#try(slot, () => slot.discovery.view())
      for (const sighting of view?.sightings ?? []) {
        const key = keyOf(sighting)
        const before = sightings.get(key)
        const isNew = before === undefined
        sightings.set(key, isNew ? { ...sighting, sources: [slot.source] } : together(before, sighting, slot.source))
      }
      if (view !== undefined) views.push(view)
      const found = slot.problem ?? view?.problem
      sources.push({
        source: slot.source,
        since: slot.since,
        found: view?.sightings.length ?? 0,
        ...(found === undefined ? {} : { problem: found })
      })
    }
    return {
      // Of the networks that are looked at, where there are any.
      since: views.find(({ interfaces }) => interfaces.length > 0)?.since ?? this.#since,
      interfaces: views.flatMap(({ interfaces }) => interfaces),
      sightings: [...sightings.values()],
      sources
    }
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    this.#cancelLater()
    const slots = [...this.#slots.values()]
    this.#slots.clear()
    this.#entries.clear()
    this.#due.clear()
    await Promise.all(slots.map((slot) => this.#end(slot)))
  }

  #begin(slot: Slot): void {
    const isCurrent = () => this.#isRunning && this.#slots.get(slot.source) === slot
    this.#try(slot, () => {
      slot.discovery.choose(this.#choices)
      slot.discovery.start({
        port: this.#port,
        onSighting: (sighting) => {
          if (isCurrent()) this.#hear(slot, sighting)
        },
        onGone: (sighting) => {
          if (isCurrent()) this.#lose(slot, sighting)
        },
        onChange: () => {
          if (isCurrent()) this.#options.onChange()
        }
      })
    })
    this.#options.onChange()
  }

  #hear(slot: Slot, sighting: Sighting): void {
    const key = keyOf(sighting)
    if (!slot.claims.has(key) && slot.claims.size >= bounds.sightings) return
    slot.claims.set(key, sighting)
    this.#consider(key, true)
    this.#tell()
  }

  #lose(slot: Slot, sighting: Sighting): void {
    const key = keyOf(sighting)
    if (slot.claims.get(key)?.instance !== sighting.instance) return
    slot.claims.delete(key)
    this.#consider(key, false)
    this.#tell()
  }

  /** What is known of this address may be something else now. @param isAgain it was said once more. */
  #consider(key: string, isAgain: boolean): void {
    const now = this.#parts.clock.monotonic()
    const found = this.#foundAt(key)
    const entry = this.#entries.get(key)
    if (found === undefined) {
      this.#entries.delete(key)
      this.#due.delete(key)
      if (entry?.told !== undefined) this.#options.onGone(entry.told)
    } else if (entry === undefined) {
      this.#entries.set(key, { toldAt: -Infinity })
      this.#due.add(key)
    } else if (found.instance !== entry.told?.instance) {
      if (entry.told !== undefined) this.#options.onGone(entry.told)
      delete entry.told
      this.#due.add(key)
    } else if (isAgain && now - entry.toldAt >= sightingLimits.reportAgainMs) this.#due.add(key)
  }

  #tell(): void {
    this.#cancelLater()
    this.#cancelLater = nothing
    const { clock } = this.#parts
    const due = [...this.#due].flatMap((key) => {
      const [found, entry] = [this.#foundAt(key), this.#entries.get(key)]
      return found === undefined || entry === undefined ? [] : [{ key, entry, found }]
    })
    due.sort((one, other) => Number(isHearsay(one.found)) - Number(isHearsay(other.found)))
    for (const { key, entry, found } of due) {
      const now = clock.monotonic()
      if (!this.#bucket.take(now)) {
        this.#cancelLater = clock.after(mergedTurns.laterMs, () => this.#tell())
        return
      }
      const { instance, address, port } = found
      Object.assign(entry, { told: { instance, address, port }, toldAt: now })
      this.#due.delete(key)
      this.#options.onSighting(found)
    }
  }

  #foundAt(key: string): Found | undefined {
    const slots = this.#inOrder().filter(({ claims }) => claims.has(key))
    const best = slots[0]?.claims.get(key)
    return best === undefined ? undefined : { ...best, sources: slots.map(({ source }) => source) }
  }

  #inOrder(): readonly Slot[] {
    return ranks.flatMap((source) => this.#slots.get(source) ?? [])
  }

  #each(act: (discovery: Discovery) => void): void {
    for (const slot of this.#slots.values()) this.#try(slot, () => act(slot.discovery))
  }

  /** A mistake in one source is said with it, and stays there. */
  #try<T>(slot: Slot, act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      this.#parts.log('error', 'source-failed', { source: slot.source, error: String(error) })
      slot.problem = problem('source-failed', String(error))
      return undefined
    }
  }

  /** Nothing that it said counts any more. */
  #takeOut(source: SightingSource): Slot | undefined {
    const slot = this.#slots.get(source)
    this.#slots.delete(source)
    for (const key of slot?.claims.keys() ?? []) this.#consider(key, false)
    this.#tell()
    if (slot !== undefined) this.#options.onChange()
    return slot
  }

  async #end(slot: Slot | undefined): Promise<void> {
    if (slot === undefined) return
    const { clock, log } = this.#parts
    let cancel = nothing
    const tooLong = new Promise<void>((done) => {
      cancel = clock.after(mergedTurns.endWithinMs, () => {
        log('warn', 'source-hangs', { source: slot.source })
        done()
      })
    })
    const ended = (async () => slot.discovery.stop())().catch((error: unknown) => {
      log('error', 'source-failed', { source: slot.source, error: String(error) })
    })
    await Promise.race([ended, tooLong])
    cancel()
  }
}

/** Nobody heard it just now: a list or a DNS server says so. */
export function isHearsay({ sources }: Pick<Found, 'sources'>): boolean {
  return !sources.includes('mdns')
}

function together(best: HeardSighting & Found, other: HeardSighting, source: SightingSource): HeardSighting & Found {
  return {
    ...best,
    since: Math.min(best.since, other.since),
    lastHeard: Math.max(best.lastHeard, other.lastHeard),
    sources: [...best.sources, source]
  }
}

function nothing(): void {
  // Nothing waits.
}

const noListener = { onSighting: nothing, onGone: nothing, onChange: nothing }

function keyOf({ address, port }: Sighting): string {
  return `${address} ${String(port)}`
}
