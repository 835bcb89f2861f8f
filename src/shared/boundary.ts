/**
 * The boundary of a federation (docs/protocol/trust.md, "Federation"): which others this node deals with, and how far.
 * Asked by the policy of the engine and by the window, so that what a person sees before a yes is what the yes does.
 */
import type { Scope } from './scope.js'

/** `strict`: the own federation only. `bridging`: also those that are listed. `open`: any. */
export type BoundaryMode = 'strict' | 'bridging' | 'open'

/** How far another federation is dealt with: an outer limit, inside which each peer has the scope of its decision. */
export interface FederationPolicy extends Scope {
  /** Whether certificates that a person accepted here also let in nodes of that federation. */
  readonly vouching: boolean
  /** What becomes of deletions that its members write: they count, or they are shown as requests. */
  readonly deletions: 'count' | 'request'
}

export interface ForeignFederation extends FederationPolicy {
  readonly name: string
}

export interface Boundary {
  readonly mode: BoundaryMode
  /** In mode `strict` they are kept and mean nothing. */
  readonly federations: readonly ForeignFederation[]
}

export const boundaryLimits = { federations: 32 } as const

export const strictBoundary: Boundary = { mode: 'strict', federations: [] }

/** What holds in mode `open` for a federation that is not listed. */
export const openPolicy: FederationPolicy = {
  out: ['*'],
  in: ['*'],
  access: 'write',
  vouching: false,
  deletions: 'request'
}

/** `undefined`: it is not dealt with at all. Not to be asked about the own federation. */
export function policyFor({ mode, federations }: Boundary, name: string): FederationPolicy | undefined {
  if (mode === 'strict') return undefined
  return federations.find((listed) => listed.name === name) ?? (mode === 'open' ? openPolicy : undefined)
}
