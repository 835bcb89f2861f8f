/**
 * Who may begin a connection now, before any cryptography is spent on it: a token bucket per address and one for all,
 * and a number of handshakes at once, of which some are kept for addresses of known peers.
 */
import { bounds } from '../limits.js'
import { TokenBucket } from '../runtime/token-bucket.js'

const addressesRemembered = 1_000

export class Gatekeeper {
  readonly #monotonic: () => number
  readonly #isKnown: (address: string) => boolean
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #overall: TokenBucket
  #underWay = 0
  /** Refused since the start. */
  refused = 0

  constructor(monotonic: () => number, isKnown: (address: string) => boolean) {
    this.#monotonic = monotonic
    this.#isKnown = isKnown
    this.#overall = new TokenBucket(bounds.overall, monotonic())
  }

  /** `false`: drop it. Else call `settled` when its hello is done or it is gone. */
  admit(address: string): boolean {
    const isKnown = this.#isKnown(address)
    const most = isKnown ? bounds.handshakesAtOnce : bounds.handshakesAtOnce - bounds.handshakesForKnown
    const now = this.#monotonic()
    const bucket = this.#buckets.get(address) ?? new TokenBucket(bounds.perAddress, now)
    if (this.#buckets.size < addressesRemembered || this.#buckets.has(address)) this.#buckets.set(address, bucket)
    else this.#forgetFull()
    const mayBegin =
      this.#underWay < most &&
      bucket.take(now) &&
      // A flood of strangers must not keep known peers out.
      (this.#overall.take(now) || isKnown)
    if (mayBegin) this.#underWay++
    else this.refused++
    return mayBegin
  }

  settled(): void {
    this.#underWay--
  }

  /** Addresses that would have a full bucket by now are as good as never seen. */
  #forgetFull(): void {
    const now = this.#monotonic()
    const refillMs = (bounds.perAddress.burst / bounds.perAddress.perSecond) * 1000
    for (const [address, { at }] of this.#buckets) if (now - at > refillMs) this.#buckets.delete(address)
  }
}
