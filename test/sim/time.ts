/**
 * Virtual time: everything in the simulated field waits here. Nothing happens between two events but promises, so one
 * turn of the real event loop settles whatever an event set off.
 */
import type { Clock } from '../../src/main/engine/runtime/clock.js'

interface Event {
  readonly at: number
  readonly order: number
  /** Undefined once it happened or was called off; such an event stays in the heap until its turn comes. */
  call: (() => void) | undefined
}

const startWallMs = Date.UTC(2026, 6, 22, 12)
const stepsMost = 50_000_000

export class VirtualTime {
  #now = 0
  #order = 0
  #waiting = 0
  /** A binary heap: no event is later than the two at twice its index plus one and two. */
  readonly #heap: Event[] = []

  get now(): number {
    return this.#now
  }

  get isIdle(): boolean {
    return this.#waiting === 0
  }

  after(ms: number, call: () => void): () => void {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#order++, call }
    this.#push(event)
    this.#waiting++
    return () => {
      if (event.call !== undefined) this.#waiting--
      event.call = undefined
    }
  }

  /** Resolves after so many virtual milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((done) => this.after(ms, done))
  }

  /** Lets the next event happen; false when there is none before `until`. */
  async step(until = Infinity): Promise<boolean> {
    await settle()
    return this.#next(until)
  }

  async run(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    while (await this.#next(end));
    this.#now = end
  }

  /** Moves time until something that waits for it is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    const state = { done: false }
    const watched = work.finally(() => {
      state.done = true
    })
    watched.catch(() => undefined) // The caller gets it below.
    await settle()
    for (let steps = 0; !state.done; steps++) {
      if (steps > stepsMost) throw new Error('it never ends')
      if (!(await this.#next(Infinity))) await settle()
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

  async #next(until: number): Promise<boolean> {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > until) return false
      this.#pop()
      const { call } = next
      if (call === undefined) continue
      next.call = undefined
      this.#waiting--
      this.#now = next.at
      call()
      await settle()
      return true
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isLater(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  /** Takes the first event out. */
  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      const right = heap[below + 1]
      if (child !== undefined && right !== undefined && isLater(child, right)) {
        child = right
        below++
      }
      if (child === undefined || !isLater(last, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
  }
}

function isLater(one: Event, other: Event): boolean {
  return one.at > other.at || (one.at === other.at && one.order > other.order)
}

function settle(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}
