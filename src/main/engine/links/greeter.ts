/**
 * Turns sightings into hellos: each address that the air names is dialled to learn which node is there, a few at once and
 * one per laptop. A sighting of a node that is linked already costs nothing. What failed is tried again when the sighting
 * is reported again, or when a person asks.
 */
import type { Address, NearbyLaptop } from '@shared/model.js'
import { bounds } from '../limits.js'
import type { DialOutcome } from './dialer.js'

/** An address, and what tells one start of a node there from another. */
export interface Sighted extends Address {
  readonly instance: string
  /** Nobody heard it just now: such addresses leave room for those that were. */
  readonly isHearsay?: boolean
}

/** How the hello with an address goes; `nodeId` once it is known, `reason` from a failure until a hello. */
export type Greeting = Pick<NearbyLaptop, 'state' | 'reason' | 'nodeId'>

const atOnce = 4
/** Of those, by hearsay: an address where nobody is takes long to fail. */
const hearsayAtOnce = 2

interface Entry {
  to: Sighted
  greeting: Greeting
  /** Whoever was never tried goes first. */
  tries: number
}

export class Greeter {
  readonly #greet: (to: Sighted) => Promise<DialOutcome>
  readonly #isNeeded: (to: Sighted) => boolean
  readonly #onChange: () => void
  readonly #entries = new Map<string, Entry>()
  /** Addresses under way: a laptop that claims many ports holds up nobody else. */
  readonly #underWay = new Map<string, Sighted>()

  constructor(
    greet: (to: Sighted) => Promise<DialOutcome>,
    isNeeded: (to: Sighted) => boolean,
    onChange: () => void = () => undefined
  ) {
    this.#greet = greet
    this.#isNeeded = isNeeded
    this.#onChange = onChange
  }

  sighted(to: Sighted): void {
    const key = keyOf(to)
    const known = this.#entries.get(key)
    if (known?.to.instance === to.instance) {
      known.to = to
      this.#again(known)
    } else {
      if (known === undefined && this.#entries.size >= bounds.sightings && !this.#makeRoom()) return
      this.#entries.set(key, { to, greeting: { state: 'waiting' }, tries: 0 })
    }
    this.#next()
  }

  gone(at: Address): void {
    if (this.#entries.delete(keyOf(at))) this.#onChange()
  }

  /** A person asks: what failed is tried now. */
  again(): void {
    for (const entry of this.#entries.values()) this.#again(entry)
    this.#next()
  }

  stateOf(address: string, port: number): Greeting | undefined {
    return this.#entries.get(keyOf({ address, port }))?.greeting
  }

  #again(entry: Entry): void {
    // Who was met is asked about once more too: its link may have ended.
    if (entry.greeting.state === 'failed' || entry.greeting.state === 'met')
      entry.greeting = { ...entry.greeting, state: 'waiting' }
  }

  #next(): void {
    const waiting: Entry[] = []
    for (const entry of this.#entries.values())
      if (entry.greeting.state === 'waiting') {
        if (this.#isNeeded(entry.to)) waiting.push(entry)
        else entry.greeting = { state: 'met', ...nodeOf(entry) }
      }
    for (const entry of waiting.sort((one, other) => turnOf(one) - turnOf(other))) {
      if (this.#underWay.size >= atOnce) break
      if (entry.to.isHearsay === true && this.#hearsayUnderWay >= hearsayAtOnce) break
      if (!this.#underWay.has(entry.to.address)) void this.#start(entry)
    }
    this.#onChange()
  }

  get #hearsayUnderWay(): number {
    return [...this.#underWay.values()].filter(({ isHearsay }) => isHearsay === true).length
  }

  async #start(entry: Entry): Promise<void> {
    const { to } = entry
    this.#underWay.set(to.address, to)
    entry.tries++
    entry.greeting = { ...entry.greeting, state: 'greeting' }
    try {
      const outcome = await this.#greet(to)
      entry.greeting =
        'nodeId' in outcome
          ? { state: 'met', nodeId: outcome.nodeId }
          : { state: 'failed', reason: outcome.reason, ...nodeOf(entry) }
    } finally {
      this.#underWay.delete(to.address)
      this.#next()
    }
  }

  /** The oldest that leads to nobody. */
  #makeRoom(): boolean {
    for (const [key, { greeting }] of this.#entries)
      if (greeting.state === 'failed' || greeting.state === 'waiting') return this.#entries.delete(key)
    return false
  }
}

/** What was heard before hearsay, and of each what was never tried. */
function turnOf({ to, tries }: Entry): number {
  return (to.isHearsay === true ? 2 : 0) + Math.min(tries, 1)
}

function nodeOf({ greeting: { nodeId } }: Entry): Pick<Greeting, 'nodeId'> {
  return nodeId === undefined ? {} : { nodeId }
}

function keyOf({ address, port }: Address): string {
  return `${address} ${String(port)}`
}
