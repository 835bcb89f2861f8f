/**
 * Trust that rests on a certificate (docs/protocol/trust.md): a peer's own, which a person imported before it was met
 * (pin), or an organisation's (anchor) to which the peer's chain leads. What a peer shows is judged when it says hello
 * and whenever a certificate is accepted or removed here. It gives a decision like a person's, with the certificate as
 * its ground; it never goes against what a person decided about that peer.
 */
import type { Decision, ImportAs, LateCertificate, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, type Result } from '@shared/result.js'
import { chainEnd, judgeChain, readChain, type ChainEnd, type ReadChain } from '../certificates/chain.js'
import { certificateFacts } from '../certificates/facts.js'
import { timeProblem } from '../certificates/fitness.js'
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
/** The longest operation; then the certificate should have been renewed. */
const lateMsMost = 30 * 24 * 3600 * 1000

export class Vouching {
  readonly #parts: VouchingParts
  readonly #shown = new Map<NodeId, Shown>()
  readonly #warnings = new Map<NodeId, ProblemCode>()
  /** Who would be let in by what it shows, were it in time; judged at its newest hello. */
  readonly #late = new Map<NodeId, LateGround>()

  constructor(parts: VouchingParts) {
    this.#parts = parts
  }

  warningOf(nodeId: NodeId): ProblemCode | undefined {
    return this.#warnings.get(nodeId)
  }

  lateOf(nodeId: NodeId): LateCertificate | undefined {
    return this.#late.get(nodeId)?.facts
  }

  /**
   * A person lets this peer's certificate go on counting until then (ms), for what the accepted certificate gives. Codes:
   * `not-found`: it shows none that counts but for its time; `bad-until`: over already, or more than 30 days away.
   */
  async continueLate(nodeId: NodeId, until: number, by: string): Promise<Result<null>> {
    const { trust, now, ownFederation } = this.#parts
    const shown = this.#shown.get(nodeId)
    const late = this.#late.get(nodeId)
    const [leaf] = shown?.chain ?? []
    const key = leaf && keyIn(leaf)
    if (shown === undefined || late === undefined || key === undefined) return fail('not-found', 'no such certificate')
    if (until <= trust.time || until > trust.time + lateMsMost) return fail('bad-until')
    const { accepted, rests } = late.ground
    const decision: Decision = {
      ...decisionBy(accepted, now()),
      by,
      until: Math.min(until, late.ground.until),
      late: late.facts.code
    }
    const { callsign, federation } = shown
    return trust.decide({ nodeId, callsign, federation: federation || ownFederation(), decision, key, rests })
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
      if (gone !== undefined) {
        this.#shown.delete(gone)
        this.#late.delete(gone)
      }
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
    this.#late.delete(nodeId)
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
    const mayCount = mayVouch(state) && mayLetIn(nodeId, federation)
    const ground = mayCount ? this.#groundFor(read, nodeId, trust.time) : undefined
    const owner = trust.ownerOf(key)
    const isOthers = owner !== undefined && owner !== nodeId
    // Nobody needs it who was introduced, or may have it whose key is another node's.
    const mayContinue = mayCount && ground === undefined && !isOthers && introducerOf(state) === undefined
    const late = mayContinue ? this.#lateFor(read, nodeId, trust.time) : undefined
    this.#noteLate(nodeId, late)
    const revoker = read[0] && trust.lists.revokerOf(read[0])
    const step = nextVouch({
      state,
      ground,
      key,
      shownKey: trust.keyOf(nodeId),
      shownRests: trust.restsOf(nodeId),
      lateBy: late?.ground.accepted.sha256,
      owner,
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
    if (isPersonsFriend && owner === undefined) await trust.noteKey(nodeId, callsign, key)
    if (step !== 'trust' || ground === undefined) return
    const { accepted, until, rests } = ground
    const decision: Decision = { ...decisionBy(accepted, now()), until }
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

  #noteLate(nodeId: NodeId, late: LateGround | undefined): void {
    const before = this.#late.get(nodeId)
    if (late === undefined) this.#late.delete(nodeId)
    else this.#late.set(nodeId, late)
    if (JSON.stringify(before?.facts) !== JSON.stringify(late?.facts)) this.#parts.onPeer(nodeId)
  }

  /** The certificate accepted here that vouches for this chain now, and until when it does. */
  #groundFor(read: ReadChain, nodeId: NodeId, time: number): Ground | undefined {
    const [shown] = read
    if (shown === undefined || timeProblem(shown, time) !== undefined) return undefined
    for (const ground of this.#grounds(read, shown, nodeId, time, time)) if (ground.until > time) return ground
    return undefined
  }

  /**
   * The one that would vouch for it if only the peer's own certificate were in time: judged at the last or first moment of
   * that. All others must be in time now, and lists that are asked for current now.
   */
  #lateFor(read: ReadChain, nodeId: NodeId, time: number): LateGround | undefined {
    const { lists } = this.#parts.trust
    const [shown] = read
    const code = shown && timeProblem(shown, time)
    if (shown === undefined || (code !== 'certificate-expired' && code !== 'certificate-not-yet-valid'))
      return undefined
    const { notBefore, notAfter } = shown
    const at = code === 'certificate-expired' ? notAfter - 1 : notBefore
    for (const { accepted, rests, path } of this.#grounds(read, shown, nodeId, time, at)) {
      const others = path.slice(1)
      if (others.some((one) => timeProblem(one, time) !== undefined)) continue
      if (accepted.lists === 'current' && others.some((one) => lists.currentUntil(one) <= time)) continue
      // A pin is the late certificate itself: it has no other end.
      const until = Math.min(accepted.until ?? Infinity, ...others.map((one) => one.notAfter))
      const certificate = { sha256: accepted.sha256, name: accepted.name }
      return { ground: { accepted, until, rests }, facts: { code, notBefore, notAfter, certificate } }
    }
    return undefined
  }

  /** Those accepted certificates, counting now, that vouch for this chain at that time. */
  *#grounds(
    read: ReadChain,
    shown: Certificate,
    nodeId: NodeId,
    now: number,
    at: number
  ): Generator<Ground & { readonly path: readonly Certificate[] }> {
    const { trust } = this.#parts
    const { lists } = trust
    if (lists.revokerOf(shown) !== undefined || isForOther(shown, nodeId)) return
    for (const accepted of trust.acceptedCertificates()) {
      const { as, certificate, data, lists: policy } = accepted
      if (as === 'peer' ? !shown.der.equals(data) : timeProblem(certificate, now) !== undefined) continue
      if (lists.revokerOf(certificate) !== undefined || (accepted.until ?? Infinity) <= now) continue
      const end = as === 'peer' ? pinned(shown) : chainEnd(read, certificate, at, { lists, policy })
      if (typeof end === 'string') continue
      const until = Math.min(accepted.until ?? Infinity, end.until)
      yield { accepted, until, rests: restsOf(end.path), path: end.path }
    }
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

/** What an accepted certificate gives to whom it vouches for. */
function decisionBy(accepted: Accepted, at: number): Decision {
  return {
    level: 'trusted',
    at,
    by: accepted.by,
    ground: accepted.as === 'anchor' ? 'anchor' : 'certificate',
    scope: accepted.scope,
    certificate: { sha256: accepted.sha256, name: accepted.name }
  }
}

interface LateGround {
  readonly ground: Ground
  readonly facts: LateCertificate
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
  /** The accepted certificate (SHA-256) that would be the ground, were the shown one in time. */
  readonly lateBy?: string | undefined
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
  const { decision } = state
  const isContinued = decision?.late !== undefined && decision.certificate?.sha256 === facts.lateBy && shownKey === key
  const stays = (isIntroduced || isContinued) && !isOthers
  if (ground === undefined) return state.level === 'trusted' && !stays ? 'lost' : 'nothing'
  if (isOthers) return state.level === 'trusted' && isVouched(state) ? 'lost' : 'shared'
  const isSame =
    decision?.late === undefined &&
    state.level === 'trusted' &&
    shownKey === key &&
    decision?.certificate?.sha256 === ground.accepted.sha256 &&
    decision.until === ground.until &&
    JSON.stringify(decision.scope) === JSON.stringify(ground.accepted.scope) &&
    JSON.stringify(shownRests) === JSON.stringify(ground.rests)
  return isSame ? 'nothing' : 'trust'
}
