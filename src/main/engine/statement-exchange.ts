/**
 * Statements of revocation between linked peers (docs/protocol/revocations.md#between-peers): each names what it has before
 * anything of a mission is asked for, and gives what the other lacks. Whether one counts is decided by who keeps it.
 */
import type { NodeId } from '@shared/model.js'
import { limits } from './limits.js'
import type { Link } from './links/link.js'
import type { LinkTable } from './links/link-table.js'
import type { StatementMessage } from './links/statement-messages.js'
import { shortId, type Log } from './runtime/log.js'
import type { PeerBook } from './trust/peer-book.js'
import { readStatement } from './trust/statement.js'
import type { TrustBook } from './trust/trust-book.js'

export interface StatementExchangeParts {
  readonly trust: TrustBook
  readonly links: LinkTable
  readonly peers: PeerBook
  readonly log: Log
}

/** What was said on one link. */
interface Said {
  /** The other side has it, or was told that we have it. */
  readonly known: Set<string>
  /** Told and not given yet: each is given once. */
  readonly due: Set<string>
  /** Asked for and not come yet. */
  readonly wanted: Set<string>
}

export class StatementExchange {
  readonly #parts: StatementExchangeParts
  readonly #said = new WeakMap<Link, Said>()

  constructor(parts: StatementExchangeParts) {
    this.#parts = parts
  }

  linkUp(link: Link): void {
    if (link.version < 4) return
    const said = this.#saidOn(link)
    const names = this.#told().filter((name) => !said.known.has(name))
    if (names.length === 0) return
    for (const name of names) {
      said.known.add(name)
      said.due.add(name)
    }
    link.send({ t: 'revocations', names })
  }

  /** One came, or was said here. */
  changed(): void {
    for (const { link } of this.#parts.links.up()) this.linkUp(link)
  }

  async message(link: Link, nodeId: NodeId, message: StatementMessage): Promise<void> {
    const said = this.#saidOn(link)
    if (message.t === 'revocations') this.#want(link, said, message.names)
    else if (message.t === 'revocation-want') this.#give(link, said, message.names)
    else await this.#take(link, nodeId, said, message)
  }

  #told(): readonly string[] {
    return this.#parts.trust.statementsTold().map(({ name }) => name)
  }

  #saidOn(link: Link): Said {
    const known = this.#said.get(link)
    if (known !== undefined) return known
    const said = { known: new Set<string>(), due: new Set<string>(), wanted: new Set<string>() }
    this.#said.set(link, said)
    return said
  }

  #want(link: Link, said: Said, told: readonly string[]): void {
    const names = told.filter((name) => !said.wanted.has(name) && !this.#parts.trust.hasStatement(name))
    if (said.wanted.size + names.length > limits.statementsTold) {
      link.close('protocol-error', 'it names more revocations than it gives')
      return
    }
    for (const name of told) if (this.#parts.trust.hasStatement(name)) said.known.add(name)
    for (const name of names) said.wanted.add(name)
    if (names.length > 0) link.send({ t: 'revocation-want', names })
  }

  #give(link: Link, said: Said, names: readonly string[]): void {
    for (const name of names) {
      const statement = said.due.delete(name) ? this.#parts.trust.statement(name) : undefined
      if (statement === undefined) continue
      const { text, signature } = statement
      link.send({ t: 'revocation', text, signature })
    }
  }

  async #take(link: Link, nodeId: NodeId, said: Said, message: StatementMessage & { t: 'revocation' }): Promise<void> {
    const { trust, peers, log } = this.#parts
    const { text, signature } = message
    const statement = readStatement({ text, signature })
    if (typeof statement === 'string') {
      // Whoever passes one on has verified it.
      link.close('protocol-error', statement)
      return
    }
    if (!said.wanted.delete(statement.name) || trust.hasStatement(statement.name)) return
    said.known.add(statement.name)
    const callsign = peers.peers.get(nodeId)?.callsign ?? ''
    const taken = await trust.takeStatement(statement, { nodeId, callsign })
    if (!taken.ok) log('warn', 'statement-not-kept', { peer: shortId(nodeId), code: taken.problem.code })
  }
}
