/** What is known between this node and one peer about one mission. */
import type { Decision } from '@shared/model.js'
import { raise, type Extent } from '../logs/extent.js'
import type { LogStore } from '../logs/log-store.js'
import { logKey, type LogKey } from '../logs/run.js'
import type { Permissions } from '../missions/permissions.js'
import type { KeptReceipt } from '../receipts/receipt-book.js'
import { countLacks, hasMore, type Lacks } from './sync.js'

/** How far back a peer is asked for one log. */
export interface Probe {
  readonly seq: number
  readonly hash: string
  readonly steps: number
}

export class Exchange {
  /** What the peer said that it holds durably. */
  told: Extent = new Map()
  /** That, and what was sent to it over the present link. */
  sent: Extent = new Map()
  /** Whether `told` is all that the peer holds, so that what it lacks can be reckoned. */
  isKnown = false
  /** The digest that was signed to the peer last, on the present link. */
  signedDigest: string | undefined
  /** The peer's newest digest, and when it came. */
  digest: string | undefined
  at = 0
  isStreaming = false
  /** The peer was said to know this mission's members, on the present link. */
  isIntroduced = false
  /** The decision under which this mission was judged outside its scope: not looked at again until there is another. */
  declinedUnder: Decision | undefined
  /** The peer showed us the create record, so that we may speak of this mission to it even if it may not have it from us. */
  isRecordShown = false
  /** Logs of which what the peer has cannot be taken: fetching them again would bring the same, under the same table. */
  readonly useless = new Set<LogKey>()
  /** Of forked logs: how often the peer gave something else than the chosen branch from where we asked. */
  readonly apart = new Map<LogKey, number>()
  /** It is to be asked again, from elsewhere on, when it is done. */
  isToAskAgain = false
  /** How forked logs counted here when heads were last compared. */
  forkState = ''
  #judgedUnder: Permissions | undefined
  /** Logs that part somewhere: what the peer has of them is asked for from here on. */
  readonly probes = new Map<LogKey, Probe>()
  /** Logs that were asked about because of a hash. */
  readonly suspected = new Set<LogKey>()
  /** What we said last: our digest, and how far each log was. */
  ownDigest: string | undefined
  ownTold: Extent = new Map()

  /** Who counts may have changed: what could not be taken before may be wanted now. */
  noteTable(permissions: Permissions): void {
    if (this.#judgedUnder === permissions) return
    this.#judgedUnder = permissions
    this.useless.clear()
  }

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
    this.isStreaming = false
    this.isIntroduced = false
    this.probes.clear()
    this.suspected.clear()
    this.forgetHeads()
  }

  /** Both sides say anew how far they hold each log. */
  forgetHeads(): void {
    this.isKnown = false
    this.isToAskAgain = false
    this.useless.clear()
    this.apart.clear()
    this.ownDigest = undefined
    this.ownTold = new Map()
    this.signedDigest = undefined
  }

  /** As it signed it, when it was linked last. */
  recall({ state, heardAt }: KeptReceipt): void {
    for (const [key, seq] of state.extent) this.noteHeld(key, seq)
    this.digest = state.digest
    this.at = heardAt
  }

  /** The peer speaks from another copy of its data: what it said before holds no more. */
  forgetTold(): void {
    this.told = new Map()
    if (!this.isStreaming) this.sent = new Map()
    this.isKnown = false
    this.digest = undefined
    this.at = 0
    this.signedDigest = undefined
  }

  lacks(logs: LogStore): Lacks {
    return this.isInStep(logs) ? { they: 0, we: 0 } : countLacks(logs.logs(), this.#useful())
  }

  /** Whether the peer holds something that we lack and can take. */
  hasMore(logs: LogStore): boolean {
    return !this.isInStep(logs) && hasMore(this.#useful(), (key) => logs.log(key))
  }

  #useful(): Extent {
    return this.useless.size === 0 ? this.told : new Map([...this.told].filter(([key]) => !this.useless.has(key)))
  }
}
