/**
 * Trust that rests on a certificate (docs/protocol/trust.md): a peer's own, which a person imported before it was met
 * (pin), or an organisation's (anchor) to which the peer's chain leads. What a peer shows is judged when it says hello
 * and whenever a certificate is accepted or removed here. It gives a decision like a person's, with the certificate as
 * its ground; it never goes against what a person decided about that peer.
 */
import type { Decision, ImportAs, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { judgeChain } from '../certificates/chain.js'
import { certificateKey, certificateValidity } from '../identity/certificate.js'
import { sha256 } from '../bytes/hash.js'
import type { Accepted, TrustBook } from './trust-book.js'
import { isVouched, mayVouch, type TrustState } from './trust-state.js'

/** What a peer showed in its newest hello. */
export interface Shown {
  readonly nodeId: NodeId
  readonly callsign: string
  /** Empty while it is withheld. */
  readonly federation: string
  /** DER, its own certificate first. */
  readonly chain: readonly Uint8Array[]
}

export interface VouchingParts {
  readonly trust: TrustBook
  readonly ownFederation: () => string
  /** Wall time. */
  readonly now: () => number
  /** Something that the window shows about this peer changed. */
  readonly onPeer: (nodeId: NodeId) => void
}

/** Chains remembered for peers about whom nobody decided; who is connected is remembered anyway. */
const shownMost = 500

export class Vouching {
  readonly #parts: VouchingParts
  readonly #shown = new Map<NodeId, Shown>()
  readonly #warnings = new Map<NodeId, ProblemCode>()

  constructor(parts: VouchingParts) {
    this.#parts = parts
  }

  warningOf(nodeId: NodeId): ProblemCode | undefined {
    return this.#warnings.get(nodeId)
  }

  /** A peer said hello with this chain. */
  async shown(shown: Shown): Promise<void> {
    this.#shown.delete(shown.nodeId)
    this.#shown.set(shown.nodeId, shown)
    const [oldest] = this.#shown.keys()
    if (this.#shown.size > shownMost && oldest !== undefined) this.#shown.delete(oldest)
    await this.#judge(shown)
  }

  /** A certificate was accepted or removed: what was shown so far may count now. */
  async review(): Promise<void> {
    for (const shown of [...this.#shown.values()]) await this.#judge(shown)
  }

  forget(nodeId: NodeId): void {
    this.#shown.delete(nodeId)
    this.#warnings.delete(nodeId)
  }

  /** Peers met since the start who show this certificate, or whose chain leads to it. */
  async here(as: ImportAs, certificate: Uint8Array): Promise<readonly NodeId[]> {
    const found: NodeId[] = []
    for (const { nodeId, chain } of this.#shown.values()) {
      const [leaf] = chain
      if (leaf === undefined || as === 'identity') continue
      const isIt =
        as === 'peer'
          ? Buffer.compare(leaf, certificate) === 0
          : (await judgeChain(chain, certificate, this.#parts.now())) === undefined
      if (isIt) found.push(nodeId)
    }
    return found
  }

  async #judge(shown: Shown): Promise<void> {
    const { trust, now, ownFederation, onPeer } = this.#parts
    const { nodeId, callsign, chain } = shown
    const [leaf] = chain
    const publicKey = leaf && certificateKey(leaf)
    if (leaf === undefined || publicKey === undefined) return
    const key = sha256(publicKey.export({ format: 'der', type: 'spki' })).toString('hex')
    const ground = mayVouch(trust.stateOf(nodeId)) ? await this.#groundFor(chain, trust.time) : undefined
    // The answers above took a moment, in which a person may have decided.
    const step = nextVouch({
      state: trust.stateOf(nodeId),
      ground,
      key,
      shownKey: trust.keyOf(nodeId),
      owner: trust.ownerOf(key),
      nodeId
    })
    if (step === 'shared') {
      if (this.#warnings.get(nodeId) === 'certificate-shared') return
      this.#warnings.set(nodeId, 'certificate-shared')
      await trust.note('certificate-shared', { node: nodeId, callsign, code: 'certificate-shared' })
      onPeer(nodeId)
      return
    }
    if (this.#warnings.delete(nodeId)) onPeer(nodeId)
    if (step === 'lost') await trust.unvouch(nodeId, callsign)
    if (step !== 'trust' || ground === undefined) return
    const { accepted, until } = ground
    const decision: Decision = {
      level: 'trusted',
      at: now(),
      by: accepted.by,
      ground: accepted.as === 'anchor' ? 'anchor' : 'certificate',
      scope: accepted.scope,
      until,
      certificate: { sha256: accepted.sha256, name: accepted.name }
    }
    await trust.decide({ nodeId, callsign, federation: shown.federation || ownFederation(), decision, key })
  }

  /** The certificate accepted here that vouches for this chain now, and until when it does. */
  async #groundFor(chain: readonly Uint8Array[], time: number): Promise<Ground | undefined> {
    const [leaf] = chain
    if (leaf === undefined) return undefined
    const shown = certificateValidity(leaf)
    for (const accepted of this.#parts.trust.acceptedCertificates()) {
      if (accepted.until !== undefined && accepted.until <= time) continue
      const own = certificateValidity(accepted.data)
      if (shown === undefined || own === undefined) continue
      const until = Math.min(accepted.until ?? Infinity, own.notAfter, shown.notAfter)
      if (until <= time || shown.notBefore > time) continue
      const isGood =
        accepted.as === 'peer'
          ? Buffer.compare(leaf, accepted.data) === 0
          : (await judgeChain(chain, accepted.data, time)) === undefined
      if (isGood) return { accepted, until }
    }
    return undefined
  }
}

interface Ground {
  readonly accepted: Accepted
  readonly until: number
}

export interface VouchFacts {
  readonly nodeId: NodeId
  readonly state: TrustState
  readonly ground: Ground | undefined
  /** Of the certificate that is shown now. */
  readonly key: string
  /** That the newest decision rests on. */
  readonly shownKey: string | undefined
  /** The node that was let in by this key first. */
  readonly owner: NodeId | undefined
}

/**
 * What a shown certificate changes, pure. `trust`: a decision is written. `lost`: the trust that rested on a certificate
 * ends. `shared`: another node was let in by it, so a person has to look.
 */
export function nextVouch(facts: VouchFacts): 'nothing' | 'trust' | 'lost' | 'shared' {
  const { nodeId, state, ground, key, shownKey, owner } = facts
  if (!mayVouch(state)) return 'nothing'
  if (ground === undefined) return state.level === 'trusted' ? 'lost' : 'nothing'
  if (owner !== undefined && owner !== nodeId) return state.level === 'trusted' && isVouched(state) ? 'lost' : 'shared'
  const { decision } = state
  const isSame =
    state.level === 'trusted' &&
    shownKey === key &&
    decision?.certificate?.sha256 === ground.accepted.sha256 &&
    decision.until === ground.until &&
    JSON.stringify(decision.scope) === JSON.stringify(ground.accepted.scope)
  return isSame ? 'nothing' : 'trust'
}
