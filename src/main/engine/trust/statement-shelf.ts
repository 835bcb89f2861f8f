/** The statements of revocation that this node keeps, and which of them count here (docs/protocol/revocations.md). */
import type { NodeId } from '@shared/model.js'
import { bounds, limits } from '../limits.js'
import { isRetirement, type Statement } from './statement.js'
import { hasEnded, type TrustState } from './trust-state.js'

export interface KeptStatement extends Statement {
  /** The peer that brought it; left out: said here. */
  readonly from?: NodeId | undefined
}

export class StatementShelf {
  readonly #all = new Map<string, KeptStatement>()
  readonly #lifted = new Set<string>()
  /** On their way to disk: they take room already. */
  readonly #coming = new Map<string, KeptStatement>()

  get(name: string): KeptStatement | undefined {
    return this.#all.get(name)
  }

  all(): readonly KeptStatement[] {
    return [...this.#all.values()]
  }

  /** Here, or on its way to disk. */
  has(name: string): boolean {
    return this.#all.has(name) || this.#coming.has(name)
  }

  /** Holds its place while it is written. */
  async during<T>(statement: KeptStatement, written: Promise<T>): Promise<T> {
    this.#coming.set(statement.name, statement)
    try {
      return await written
    } finally {
      this.#coming.delete(statement.name)
    }
  }

  /** False: it is here already. */
  add(statement: KeptStatement): boolean {
    if (this.#all.has(statement.name)) return false
    this.#all.set(statement.name, statement)
    return true
  }

  about(node: NodeId): readonly KeptStatement[] {
    return this.all().filter((one) => one.node === node)
  }

  isRetired(node: NodeId): boolean {
    return this.about(node).some(isRetirement)
  }

  /** A person decided otherwise. */
  lift(name: string): void {
    this.#lifted.add(name)
  }

  isLifted(name: string): boolean {
    return this.#lifted.has(name)
  }

  /** Whether this revoker said so, and no person here decided otherwise since. */
  stands(revoker: NodeId, node: NodeId): boolean {
    return this.about(node).some((one) => one.revoker === revoker && !this.isLifted(one.name))
  }

  /**
   * Whoever is trusted can sign under any number of names, so there is an end to what is kept: of one revoker, of those that
   * nobody here decided about, by one peer and in all, and of all that does not count.
   */
  hasRoomFor(
    { revoker }: Statement,
    {
      from,
      counts,
      isKnown
    }: { readonly from: NodeId; readonly counts: boolean; readonly isKnown: (id: NodeId) => boolean }
  ): boolean {
    const all = [...this.#all.values(), ...this.#coming.values()]
    if (all.filter((one) => one.revoker === revoker).length >= bounds.statementsOfOne) return false
    if (counts && isKnown(revoker)) return true
    if (all.length >= bounds.statements) return false
    if (isKnown(revoker)) return true
    const strange = all.filter((one) => !isKnown(one.revoker))
    const brought = strange.filter((one) => one.from === from)
    return strange.length < bounds.strangeStatements && brought.length < bounds.strangeStatementsByOne
  }

  /** What is told to others: not what was said here and taken back. */
  told(ownId: NodeId): readonly KeptStatement[] {
    const told = this.all().filter((one) => one.revoker !== ownId || !this.isLifted(one.name))
    // Our own word first, and the newest: nobody else may bring it.
    const own = told.filter(({ revoker }) => revoker === ownId).reverse()
    return [...own, ...told.filter(({ revoker }) => revoker !== ownId)].slice(0, limits.statementsTold)
  }
}

export interface StatementFactsHere {
  readonly ownId: NodeId
  readonly stateOf: (nodeId: NodeId) => TrustState
  readonly time: number
  readonly shelf: StatementShelf
}

/**
 * Whether a statement counts here, pure. Who was revoked by a statement alone goes on counting against the very node that said
 * so, and against nobody else: two who revoke each other are both shut out until a person decides, whoever was heard first,
 * and a stolen laptop that was revoked in time shuts out nobody else.
 */
export function isCounting(statement: Statement, { ownId, stateOf, time, shelf }: StatementFactsHere): boolean {
  const { revoker, node, name } = statement
  if (isRetirement(statement)) return true
  if (shelf.isLifted(name) || node === ownId) return false
  if (revoker === ownId) return true
  const { level, decision } = stateOf(revoker)
  if (decision?.mayRevoke !== true) return false
  if (level === 'trusted') return !hasEnded(decision, time)
  const isMutual = stateOf(node).decision?.mayRevoke === true && shelf.stands(node, revoker)
  return level === 'revoked' && decision.ground === 'statement' && isMutual
}
