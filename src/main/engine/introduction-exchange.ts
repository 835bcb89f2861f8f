/**
 * Introductions between linked peers (docs/protocol/introductions.md#between-peers): who may introduce others here is asked to, and
 * whoever asks is told whom a person here trusts, if that person lets it be told.
 */
import type { NodeId } from '@shared/model.js'
import { bounds, limits } from './limits.js'
import type { IntroductionMessage } from './links/introduction-messages.js'
import type { Link } from './links/link.js'
import type { LinkTable } from './links/link-table.js'
import type { Clock } from './runtime/clock.js'
import type { Introduction } from './trust/introduction.js'
import type { Introductions } from './trust/introductions.js'
import { refuseLink } from './trust/policy.js'
import type { TrustBook } from './trust/trust-book.js'
import { rightToIntroduce } from './trust/trust-state.js'
import type { Vouching } from './trust/vouching.js'

export interface IntroductionExchangeParts {
  readonly trust: TrustBook
  readonly vouching: Vouching
  readonly links: LinkTable
  readonly introductions: Introductions
  readonly clock: Clock
  /** A person here lets it be told whom they trust. */
  readonly mayTell: () => boolean
}

/** A person's own word, and not a certificate's or another peer's. */
const personal = ['code', 'words', 'unseen', 'api'] as const satisfies readonly Introduction['ground'][]

/** What was said on one link. */
interface Said {
  /** We asked to be told, or not. */
  wants: boolean
  /** The other side did. */
  isWanted: boolean
  /** The last list, as text; empty: none was said, and what was said on an earlier link may hold no more. */
  told: string
  /** Lists that came within this minute. */
  minute: number
  lists: number
}

export class IntroductionExchange {
  readonly #parts: IntroductionExchangeParts
  readonly #said = new WeakMap<Link, Said>()
  #cancelTelling: (() => void) | undefined

  constructor(parts: IntroductionExchangeParts) {
    this.#parts = parts
  }

  /** A link came up, or a person decided about its peer. */
  ask(link: Link, nodeId: NodeId): void {
    if (link.version < 4) return
    const said = this.#saidOn(link)
    const wants = rightToIntroduce(this.#parts.trust.stateOf(nodeId)) !== undefined
    if (wants === said.wants) return
    said.wants = wants
    link.send({ t: 'introduce', wanted: wants })
  }

  /** Whom a person trusts, or whether that may be told, changed. */
  changed(): void {
    this.#cancelTelling ??= this.#parts.clock.after(bounds.introductionsEveryMs, () => {
      this.#cancelTelling = undefined
      for (const { link, nodeId } of this.#parts.links.up()) this.#tell(link, nodeId)
    })
  }

  message(link: Link, nodeId: NodeId, message: IntroductionMessage): void {
    const said = this.#saidOn(link)
    if (message.t === 'introduce') {
      said.isWanted = message.wanted
      if (message.wanted) this.changed()
    } else if (said.wants && !this.#isTooMuch(link, said)) this.#parts.introductions.take(nodeId, message.peers)
  }

  stop(): void {
    this.#cancelTelling?.()
  }

  #isTooMuch(link: Link, said: Said): boolean {
    const minute = Math.floor(this.#parts.clock.monotonic() / 60_000)
    if (minute !== said.minute) Object.assign(said, { minute, lists: 0 })
    said.lists++
    if (said.lists <= limits.introductionLists) return false
    link.close('protocol-error', 'it introduces others again and again')
    return true
  }

  #saidOn(link: Link): Said {
    const known = this.#said.get(link)
    if (known !== undefined) return known
    const said = { wants: false, isWanted: false, told: '', minute: 0, lists: 0 }
    this.#said.set(link, said)
    return said
  }

  #tell(link: Link, nodeId: NodeId): void {
    const said = this.#said.get(link)
    if (said?.isWanted !== true) return
    const peers = this.#parts.mayTell() ? this.#toldTo(nodeId) : []
    const text = JSON.stringify(peers)
    if (text === said.told) return
    said.told = text
    link.send({ t: 'introductions', peers })
  }

  /** Those whom a person here trusts by a decision of their own, the newest first: never whom others vouch for. */
  #toldTo(receiver: NodeId): Introduction[] {
    const { trust, vouching, links } = this.#parts
    const told = trust
      .decided()
      .flatMap(({ nodeId, callsign, federation, decision, key: keyThen }): readonly Introduction[] => {
        const key = vouching.keyShownBy(nodeId) ?? keyThen ?? trust.keysOf(nodeId).at(-1)
        const ground = personal.find((one) => one === decision.ground)
        const isTold = nodeId !== receiver && refuseLink(links.factsOf(nodeId)) === undefined
        if (!isTold || key === undefined || ground === undefined) return []
        return [{ node: nodeId, callsign, federation, key, ground, since: decision.at }]
      })
    return told.sort((a, b) => b.since - a.since).slice(0, limits.introductions)
  }
}
