/** What is known between this node and one peer about one mission. */
import type { LogStore } from '../logs/log-store.js'
import { logKey, type LogKey } from '../logs/run.js'
import { countLacks, raise, type Extent, type Lacks } from './sync.js'

export class Exchange {
  /** What the peer said that it holds durably. */
  told: Extent = new Map()
  /** That, and what was sent to it over the present link. */
  sent: Extent = new Map()
  /** Whether `told` is all that the peer holds, so that what it lacks can be reckoned. */
  isKnown = false
  /** The peer's newest digest, and when it came. */
  digest: string | undefined
  at = 0
  isStreaming = false
  /** What we said last: our digest, and how far each log was. */
  ownDigest: string | undefined
  ownTold: Extent = new Map()

  /** The peer holds exactly what we hold. */
  isInStep(logs: LogStore): boolean {
    return this.digest === logs.digest()
  }

  /** The peer's digest is ours: it holds all that we hold. */
  noteEqual(logs: LogStore): void {
    for (const { id, head } of logs.logs()) this.noteHeld(logKey(id), head.seq)
    this.isKnown = true
  }

  noteHeld(key: LogKey, seq: number): void {
    raise(this.told, key, seq)
    raise(this.sent, key, seq)
  }

  /** What was on its way over a link that ended may not have arrived. */
  forgetLink(): void {
    this.sent = new Map(this.told)
    this.isKnown = false
    this.isStreaming = false
    this.ownDigest = undefined
    this.ownTold = new Map()
  }

  lacks(logs: LogStore): Lacks {
    return this.isInStep(logs) ? { they: 0, we: 0 } : countLacks(logs.logs(), this.told)
  }
}
