/** Whether datagrams come through to a peer, judged by their acknowledgements alone; pure. */

/** So many packets without one acknowledgement, over at least so long: nothing comes through. */
const unansweredMost = 9
const patienceMs = 1_000
/** From one attempt to the next while nothing comes through; doubles. */
const pauseMs = { first: 1_000, most: 30_000 }

/** How the next word goes. `both`: not known whether datagrams come through. */
export type Manner = 'both' | 'datagram' | 'link'

export class Path {
  #state: 'new' | 'good' | 'silent' = 'new'
  #unanswered = 0
  /** Monotonic time of the first packet since the last acknowledgement. */
  #since = 0
  #pause = pauseMs.first
  #againAt = 0

  /** `silent`: nothing comes through. */
  get state(): 'new' | 'good' | 'silent' {
    return this.#state
  }

  /** @param now monotonic */
  next(now: number): Manner {
    if (this.#state === 'good') return 'datagram'
    if (this.#state === 'new') return 'both'
    if (now < this.#againAt) return 'link'
    this.#later(now)
    return 'both'
  }

  /** A packet left that wants an acknowledgement. */
  sent(now: number): void {
    if (this.#unanswered++ === 0) this.#since = now
    if (this.#state === 'silent' || this.#unanswered < unansweredMost || now - this.#since < patienceMs) return
    this.#state = 'silent'
    this.#later(now)
  }

  acknowledged(): void {
    this.#state = 'good'
    this.#unanswered = 0
    this.#pause = pauseMs.first
  }

  #later(now: number): void {
    this.#againAt = now + this.#pause
    this.#pause = Math.min(2 * this.#pause, pauseMs.most)
  }
}
