/**
 * Virtual time: everything in the simulated field waits here. Nothing happens between two events but promises, so one
 * turn of the real event loop settles whatever an event set off.
 */
import type { Clock } from '../../src/main/engine/runtime/clock.js'

interface Event {
  readonly at: number
  readonly order: number
  readonly call: () => void
}

const startWallMs = Date.UTC(2026, 6, 22, 12)

export class VirtualTime {
  #now = 0
  #order = 0
  #events: Event[] = []

  get now(): number {
    return this.#now
  }

  get isIdle(): boolean {
    return this.#events.length === 0
  }

  after(ms: number, call: () => void): () => void {
    const event = { at: this.#now + Math.max(0, ms), order: this.#order++, call }
    let index = this.#events.length
    while (index > 0 && isLater(this.#events[index - 1], event)) index--
    this.#events.splice(index, 0, event)
    return () => {
      const found = this.#events.indexOf(event)
      if (found >= 0) this.#events.splice(found, 1)
    }
  }

  /** Resolves after so many virtual milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((done) => this.after(ms, done))
  }

  /** Lets the next event happen; false when there is none before `until`. */
  async step(until = Infinity): Promise<boolean> {
    await settle()
    const next = this.#events[0]
    if (next === undefined || next.at > until) return false
    this.#events.shift()
    this.#now = next.at
    next.call()
    await settle()
    return true
  }

  async run(ms: number): Promise<void> {
    const end = this.#now + ms
    while (await this.step(end));
    this.#now = end
  }

  /** Moves time until something that waits for it is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    const state = { done: false }
    const watched = work.finally(() => {
      state.done = true
    })
    watched.catch(() => undefined) // The caller gets it below.
    for (let steps = 0; !state.done; steps++) {
      if (steps > 1_000_000) throw new Error('it never ends')
      await this.step()
    }
    return watched
  }

  /** A node's clock; its wall time may be wrong by an offset that a test changes. */
  clock(wall: { offsetMs: number } = { offsetMs: 0 }): Clock {
    return {
      now: () => Math.floor(startWallMs + this.#now + wall.offsetMs),
      monotonic: () => this.#now,
      after: (ms, call) => this.after(ms, call)
    }
  }
}

function isLater(one: Event | undefined, other: Event): boolean {
  return one !== undefined && (one.at > other.at || (one.at === other.at && one.order > other.order))
}

function settle(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}
