/**
 * Trust that rests on a certificate (docs/protocol/trust.md): a peer's own, which a person imported before it was met
 * (pin), or an organisation's (anchor) to which the peer's chain leads. What a peer shows is judged when it says hello
 * and whenever a certificate is accepted or removed here. It gives a decision like a person's, with the certificate as
 * its ground; it never goes against what a person decided about that peer.
 */
import type { Decision, ImportAs, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { chainEnd, judgeChain, readChain, type ChainEnd, type ReadChain } from '../certificates/chain.js'
import { certificateFacts } from '../certificates/facts.js'
import { authorityId } from '../certificates/lists.js'
import { nodeUriStart, type Certificate } from '../certificates/x509.js'
import { certificateKey } from '../identity/certificate.js'
import { sha256 } from '../bytes/hash.js'
import type { Accepted, Deciding, TrustBook } from './trust-book.js'
import { introducerOf, isVouched, mayVouch, type TrustState } from './trust-state.js'

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
  /** Whether certificates may let in this peer, as far as the federation goes that it claims (or withholds: empty). */
  readonly mayLetIn: (nodeId: NodeId, federation: string) => boolean
  /** Wall time. */
  readonly now: () => number
  /** Something that the window shows about this peer changed. */
  readonly onPeer: (nodeId: NodeId) => void
}

/** Chains remembered; of those about whom nobody decided the oldest goes first. */
const shownMost = 500
/** Whoever has a certificate's key can show it under any number of names: neither memory nor disk is filled by it. */
const warningsMost = 100

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

  /** SHA-256 of the public key in the certificate that this peer showed last. */
  keyShownBy(nodeId: NodeId): string | undefined {
    const [leaf] = this.#shown.get(nodeId)?.chain ?? []
    return leaf && keyIn(leaf)
  }

  /** The same key (SubjectPublicKeyInfo, DER). */
  publicKeyOf(nodeId: NodeId): Buffer | undefined {
    const [leaf] = this.#shown.get(nodeId)?.chain ?? []
    return leaf && spkiIn(leaf)
  }

  /** A peer said hello with this chain. What it takes away counts on return, before the link can rise. */
  shown(shown: Shown): Promise<void> {
    this.#shown.delete(shown.nodeId)
    this.#shown.set(shown.nodeId, shown)
    if (this.#shown.size > shownMost) {
      const ids = [...this.#shown.keys()]
      const gone = ids.find((nodeId) => this.#parts.trust.stateOf(nodeId).decision === undefined) ?? ids[0]
      if (gone !== undefined) this.#shown.delete(gone)
    }
    return this.#judge(shown)
  }

  /** A certificate was accepted or removed: what was shown so far may count now. */
  async review(): Promise<void> {
    for (const shown of [...this.#shown.values()]) if (this.#isNewest(shown)) await this.#judge(shown)
  }

  forget(nodeId: NodeId): void {
    this.#shown.delete(nodeId)
    this.#warnings.delete(nodeId)
  }

  /** Authorities among what peers showed: unproved, of help in finding who signed a list. */
  authorities(): readonly Certificate[] {
    const all = [...this.#shown.values()].flatMap(({ chain }) => readChain(chain.slice(1)))
    return all.flatMap((one) => (one?.isCa === true ? [one] : []))
  }

  /** Peers met since the start who show this certificate, or whose chain leads to it. */
  here(as: ImportAs, certificate: Uint8Array): readonly NodeId[] {
    const found: NodeId[] = []
    for (const { nodeId, chain } of this.#shown.values()) {
      const [leaf] = chain
      if (leaf === undefined || as === 'identity') continue
      const isIt =
        as === 'peer'
          ? Buffer.compare(leaf, certificate) === 0
          : judgeChain(chain, certificate, this.#parts.trust.time) === undefined
      if (isIt) found.push(nodeId)
    }
    return found
  }

  #isNewest(shown: Shown): boolean {
    return this.#shown.get(shown.nodeId) === shown
  }

  /** Up to its first `await` nothing else happens: what is judged is what holds. */
  async #judge(shown: Shown): Promise<void> {
    const { trust, now, ownFederation, mayLetIn, onPeer } = this.#parts
    const { nodeId, callsign, chain, federation } = shown
    const [leaf] = chain
    const key = leaf && keyIn(leaf)
    if (key === undefined) return
    const state = trust.stateOf(nodeId)
    // It may have been met before the own federation or its boundary changed.
    const read = readChain(chain)
    const ground =
      mayVouch(state) && mayLetIn(nodeId, federation) ? this.#groundFor(read, nodeId, trust.time) : undefined
    const revoker = read[0] && trust.lists.revokerOf(read[0])
    const step = nextVouch({
      state,
      ground,
      key,
      shownKey: trust.keyOf(nodeId),
      shownRests: trust.restsOf(nodeId),
      owner: trust.ownerOf(key),
      nodeId
    })
    if (step === 'shared') return this.#warn(shown, 'certificate-shared')
    if (step === 'lost') {
      const { name } = (revoker && certificateFacts(revoker.signer.der)) ?? {}
      await trust.unvouch(nodeId, callsign, revoker === undefined ? 'certificate-lost' : 'certificate-revoked', name)
    }
    if (revoker !== undefined) await this.#warn(shown, 'certificate-revoked')
    else if (this.#warnings.delete(nodeId)) onPeer(nodeId)
    const isPersonsFriend = state.level === 'trusted' && !isVouched(state)
    if (isPersonsFriend && trust.ownerOf(key) === undefined) await trust.noteKey(nodeId, callsign, key)
    if (step !== 'trust' || ground === undefined) return
    const { accepted, until, rests } = ground
    const decision: Decision = {
      level: 'trusted',
      at: now(),
      by: accepted.by,
      ground: accepted.as === 'anchor' ? 'anchor' : 'certificate',
      scope: accepted.scope,
      until,
      certificate: { sha256: accepted.sha256, name: accepted.name }
    }
    await trust.decide({ nodeId, callsign, federation: federation || ownFederation(), decision, key, rests })
    // Something else may have been shown while that was on its way to disk.
    const newest = this.#shown.get(nodeId)
    if (newest !== undefined && newest !== shown) await this.#judge(newest)
  }

  /** Once for each peer, and for so many at most. */
  async #warn({ nodeId, callsign }: Shown, code: 'certificate-shared' | 'certificate-revoked'): Promise<void> {
    if (this.#warnings.get(nodeId) === code) return
    if (!this.#warnings.has(nodeId) && this.#warnings.size >= warningsMost) return
    this.#warnings.set(nodeId, code)
    await this.#parts.trust.note(code, { node: nodeId, callsign, code })
    this.#parts.onPeer(nodeId)
  }

  /** The certificate accepted here that vouches for this chain now, and until when it does. */
  #groundFor(read: ReadChain, nodeId: NodeId, time: number): Ground | undefined {
    const { trust } = this.#parts
    const { lists } = trust
    const [shown] = read
    if (shown === undefined || shown.notBefore > time || lists.revokerOf(shown) !== undefined) return undefined
    if (isForOther(shown, nodeId)) return undefined
    for (const accepted of trust.acceptedCertificates()) {
      const { as, certificate, data, lists: policy } = accepted
      if (certificate.notBefore > time || certificate.notAfter <= time) continue
      if (lists.revokerOf(certificate) !== undefined || (as === 'peer' && !shown.der.equals(data))) continue
      const end = as === 'peer' ? pinned(shown) : chainEnd(read, certificate, time, { lists, policy })
      if (typeof end === 'string') continue
      const until = Math.min(accepted.until ?? Infinity, end.until)
      if (until > time) return { accepted, until, rests: restsOf(end.path) }
    }
    return undefined
  }
}

function keyIn(certificate: Uint8Array): string | undefined {
  const spki = spkiIn(certificate)
  return spki && sha256(spki).toString('hex')
}

function spkiIn(certificate: Uint8Array): Buffer | undefined {
  return certificateKey(certificate)?.export({ format: 'der', type: 'spki' })
}

/** A certificate that names nodes vouches for these alone, whoever has its key. */
function isForOther({ alternativeNames }: Certificate, nodeId: NodeId): boolean {
  const named = alternativeNames.filter(({ kind, text }) => kind === 'uri' && text.startsWith(nodeUriStart))
  return named.length > 0 && !named.some(({ text }) => text === `${nodeUriStart}${nodeId}`)
}

/** A certificate that counts by itself. */
function pinned(shown: Certificate): ChainEnd {
  return { path: [shown], until: shown.notAfter }
}

/** What a list would name if it revoked any of them; the anchor itself is looked at by itself. */
function restsOf(path: readonly Certificate[]): NonNullable<Deciding['rests']> {
  return path.slice(1).map((issuer, index) => [authorityId(issuer), path[index]?.serial ?? ''])
}

interface Ground {
  readonly accepted: Accepted
  readonly until: number
  readonly rests?: Deciding['rests']
}

export interface VouchFacts {
  readonly nodeId: NodeId
  readonly state: TrustState
  readonly ground: Ground | undefined
  /** Of the certificate that is shown now. */
  readonly key: string
  /** That the newest decision rests on. */
  readonly shownKey: string | undefined
  readonly shownRests?: Deciding['rests']
  /** The node that was let in by this key first. */
  readonly owner: NodeId | undefined
}

/**
 * What a shown certificate changes, pure. `trust`: a decision is written. `lost`: the trust that rested on a certificate
 * ends. `shared`: another node was let in by it, so a person has to look.
 */
export function nextVouch(facts: VouchFacts): 'nothing' | 'trust' | 'lost' | 'shared' {
  const { nodeId, state, ground, key, shownKey, shownRests, owner } = facts
  if (!mayVouch(state)) return 'nothing'
  const isOthers = owner !== undefined && owner !== nodeId
  // Who was introduced needs no certificate, only a key that is no other node's.
  const isIntroduced = introducerOf(state) !== undefined
  if (ground === undefined) return state.level === 'trusted' && (!isIntroduced || isOthers) ? 'lost' : 'nothing'
  if (isOthers) return state.level === 'trusted' && isVouched(state) ? 'lost' : 'shared'
  const { decision } = state
  const isSame =
    state.level === 'trusted' &&
    shownKey === key &&
    decision?.certificate?.sha256 === ground.accepted.sha256 &&
    decision.until === ground.until &&
    JSON.stringify(decision.scope) === JSON.stringify(ground.accepted.scope) &&
    JSON.stringify(shownRests) === JSON.stringify(ground.rests)
  return isSame ? 'nothing' : 'trust'
}
