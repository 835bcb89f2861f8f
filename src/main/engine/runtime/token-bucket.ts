/** How often something may happen: a burst, and then so many a second. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

export class TokenBucket {
  readonly #rate: Rate
  #tokens: number
  /** Monotonic time of the last look. */
  at: number

  /** @param now monotonic, in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.at = now
  }

  /** Whether it may happen now; if so, it counts. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + ((now - this.at) / 1000) * this.#rate.perSecond)
    this.at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
