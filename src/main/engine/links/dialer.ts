/**
 * Which addresses are dialled and when: what a person typed until it is reached, and trusted peers that are not linked.
 * One dial at a time per address and per peer, with back-off; a person's wish starts at once.
 */
import type { Address, NodeId, Target } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { redialDelay } from './redial.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'

/** The node that said hello there, or why none did. */
export type DialOutcome = { readonly nodeId: NodeId } | { readonly reason: ProblemCode }

export interface DialerParts {
  readonly clock: Clock
  readonly random: Random
  readonly dial: (to: Address) => Promise<DialOutcome>
  /** All known addresses at once: the laptop may be on another network than last time. */
  readonly dialPeer: (nodeId: NodeId, addresses: readonly Address[]) => Promise<DialOutcome>
  /** Whether a link to this node is wanted and missing. */
  readonly isWanted: (nodeId: NodeId) => boolean
  readonly addressesOf: (nodeId: NodeId) => readonly Address[]
  readonly onTargets: () => void
  readonly onPeer: (nodeId: NodeId) => void
}

interface Attempts {
  failures: number
  isDialling: boolean
  /** Wall time. */
  nextTryAt?: number
  cancel: () => void
}

interface MutableTarget extends Attempts {
  readonly to: Address
  since: number
  attempts: number
  state: Target['state']
  reason?: ProblemCode
  nodeId?: NodeId
}

export class Dialer {
  readonly #parts: DialerParts
  readonly #targets = new Map<string, MutableTarget>()
  readonly #peers = new Map<NodeId, Attempts>()
  #stopped = false

  constructor(parts: DialerParts) {
    this.#parts = parts
  }

  targets(): readonly Target[] {
    return [...this.#targets.values()].map(({ to, state, since, attempts, nextTryAt, reason, nodeId }) => ({
      ...to,
      state,
      since,
      attempts,
      ...(nextTryAt === undefined ? {} : { nextTryAt }),
      ...(reason === undefined ? {} : { reason }),
      ...(nodeId === undefined ? {} : { nodeId })
    }))
  }

  /** Dials at once, also an address that is known already. */
  add(to: Address): void {
    const key = keyOf(to)
    let target = this.#targets.get(key)
    if (target === undefined) {
      const now = this.#parts.clock.now()
      target = { to, since: now, attempts: 0, failures: 0, isDialling: false, state: 'waiting', cancel: nothing }
      this.#targets.set(key, target)
    }
    target.failures = 0
    void this.#dialTarget(target)
  }

  remove(to: Address): void {
    this.#targets.get(keyOf(to))?.cancel()
    this.#targets.delete(keyOf(to))
    this.#parts.onTargets()
  }

  isDialling(nodeId: NodeId): boolean {
    return this.#peers.get(nodeId)?.isDialling ?? false
  }

  /** Something about this peer changed: dial it now if a link is wanted. */
  wake(nodeId: NodeId): void {
    const attempts = this.#peers.get(nodeId) ?? { failures: 0, isDialling: false, cancel: nothing }
    this.#peers.set(nodeId, attempts)
    attempts.failures = 0
    void this.#dialPeer(nodeId, attempts)
  }

  /** A link ended: try again after a pause. */
  later(nodeId: NodeId): void {
    const attempts = this.#peers.get(nodeId) ?? { failures: 0, isDialling: false, cancel: nothing }
    this.#peers.set(nodeId, attempts)
    if (!attempts.isDialling) this.#pause(attempts, () => this.#dialPeer(nodeId, attempts))
  }

  /** A link is up: the next loss starts with the shortest pause. */
  linked(nodeId: NodeId): void {
    const attempts = this.#peers.get(nodeId)
    if (attempts === undefined) return
    attempts.failures = 0
    attempts.cancel()
  }

  forget(nodeId: NodeId): void {
    this.#peers.get(nodeId)?.cancel()
    this.#peers.delete(nodeId)
  }

  wakeAll(): void {
    for (const target of this.#targets.values())
      if (target.state !== 'reached') {
        target.failures = 0
        void this.#dialTarget(target)
      }
    for (const nodeId of this.#peers.keys()) this.wake(nodeId)
  }

  stop(): void {
    this.#stopped = true
    for (const { cancel } of [...this.#targets.values(), ...this.#peers.values()]) cancel()
  }

  async #dialTarget(target: MutableTarget): Promise<void> {
    if (target.isDialling || this.#stopped) return
    target.cancel()
    target.isDialling = true
    target.attempts++
    this.#change(target, 'trying')
    const outcome = await this.#parts.dial(target.to)
    target.isDialling = false
    if (this.#stopped || !this.#targets.has(keyOf(target.to))) return
    if ('nodeId' in outcome) {
      target.nodeId = outcome.nodeId
      delete target.reason
      this.#change(target, 'reached')
      return
    }
    target.reason = outcome.reason
    // The own address stays wrong however often it is tried.
    if (outcome.reason !== 'own-identity') this.#pause(target, () => this.#dialTarget(target))
    this.#change(target, 'waiting')
  }

  #change(target: MutableTarget, state: Target['state']): void {
    if (target.state !== state) target.since = this.#parts.clock.now()
    target.state = state
    if (state !== 'waiting') delete target.nextTryAt
    this.#parts.onTargets()
  }

  async #dialPeer(nodeId: NodeId, attempts: Attempts): Promise<void> {
    if (attempts.isDialling || this.#stopped || !this.#parts.isWanted(nodeId)) return
    const addresses = this.#parts.addressesOf(nodeId)
    if (addresses.length === 0) return
    attempts.cancel()
    attempts.isDialling = true
    this.#parts.onPeer(nodeId)
    await this.#parts.dialPeer(nodeId, addresses)
    if (this.#stopped) return
    attempts.isDialling = false
    if (this.#parts.isWanted(nodeId)) this.#pause(attempts, () => this.#dialPeer(nodeId, attempts))
    this.#parts.onPeer(nodeId)
  }

  #pause(attempts: Attempts, again: () => Promise<void>): void {
    const { clock, random } = this.#parts
    attempts.cancel()
    attempts.failures++
    const delay = redialDelay(attempts.failures, random.unit())
    attempts.nextTryAt = clock.now() + delay
    attempts.cancel = clock.after(delay, () => void again())
  }
}

function nothing(): void {
  // Nothing waits.
}

function keyOf({ address, port }: Address): string {
  return `${address} ${String(port)}`
}
