/** What this node may write about members, before it writes it: a line that would have no effect is refused with its reason. */
import type { ChangeName, NodeId, Role } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { limits } from '../limits.js'
import { roleRank, type AdminChange, type AdmitChange, type AdoptChange } from './change.js'
import type { Permissions } from './permissions.js'

/** Why a change of ours about a member would have no effect; `undefined` when it may be written. */
export function administerProblem(
  permissions: Permissions,
  self: NodeId,
  change: AdminChange
): ProblemCode | undefined {
  if (permissions.isReadOnly) return 'mission-read-only'
  if (permissions.cutsOn(self).length > 0) return 'removed'
  if (!permissions.mayWrite(self)) return 'not-a-member'
  if (change.kind === 'admin/admit') return admitProblem(permissions, self, change)
  // Everybody may end itself.
  if (change.kind === 'admin/cut' && change.author === self) return undefined
  const rank = permissions.members.get(self)?.rank
  if (rank === undefined) return 'not-an-owner'
  if ((permissions.members.get(change.author)?.rank ?? Infinity) <= rank) return 'outranked'
  switch (change.kind) {
    case 'admin/cut':
      return undefined
    case 'admin/adopt':
      return adoptProblem(permissions, rank, change)
    case 'admin/settle': {
      const fork = permissions.forkOf(change)
      return fork === undefined || change.seq < fork.first ? 'nothing-to-change' : undefined
    }
  }
}

function admitProblem(
  permissions: Permissions,
  self: NodeId,
  { author, role, deletions }: AdmitChange
): ProblemCode | undefined {
  // An admit lifts no cut.
  if (permissions.cutsOn(author).length > 0) return 'removed'
  if (role === 'owner' && permissions.members.get(self)?.role !== 'owner') return 'not-an-owner'
  if (deletions === undefined && role === 'subscriber' && mayLetDelete(permissions, self, author)) return undefined
  const before = permissions.members.get(author)?.role
  return before !== undefined && roleRank[before] >= roleRank[role] ? 'nothing-to-change' : undefined
}

/** Whether an admit by this node would turn a member's requests to delete into deletions. */
export function mayLetDelete({ members }: Permissions, self: NodeId, author: NodeId): boolean {
  return members.get(author)?.asksToDelete === true && members.get(self)?.asksToDelete !== true
}

function adoptProblem(permissions: Permissions, rank: number, change: AdoptChange): ProblemCode | undefined {
  const standing = permissions.cutsOn(change.author)
  if (standing.some((cut) => cut.rank === undefined)) return 'retired'
  const lifted = standing.filter(({ name }) => change.lifts.includes(name))
  const mayBring = change.heads.length === 0 ? lifted : standing
  if (mayBring.length === 0) return 'nothing-to-change'
  return mayBring.some((cut) => (cut.rank ?? 0) < rank) ? 'outranked' : undefined
}

/** What gives somebody a role: a cut that leaves what is held, or cuts that are lifted and an admit. */
export type RoleSteps =
  { readonly kind: 'cut' } | { readonly kind: 'give'; readonly lifts: readonly ChangeName[]; readonly admits: boolean }

/**
 * How an owner gives somebody a role (docs/protocol/missions.md#changing-a-role). Rights that somebody had are taken away
 * by a cut only: the highest role that anybody gave stays.
 */
export function roleSteps(permissions: Permissions, self: NodeId, author: NodeId, role: Role): RoleSteps | ProblemCode {
  const refused = administerProblem(permissions, self, { kind: 'admin/cut', at: 0, author, heads: [] })
  if (refused !== undefined) return refused
  if (author === self) return 'outranked'
  const before = permissions.members.get(author)
  const cuts = permissions.cutsOn(author)
  if (cuts.some(({ rank }) => rank === undefined)) return 'retired'
  const rises = before === undefined || roleRank[role] > roleRank[before.role]
  if (role === 'read-only') {
    if (!rises) return before.role === role || before.isRemoved ? 'nothing-to-change' : { kind: 'cut' }
    return cuts.length > 0 ? 'removed' : { kind: 'give', lifts: [], admits: true }
  }
  if (before?.role === 'owner' && role === 'subscriber') return 'stays-owner'
  const lifts = liftsOf(permissions, self, author)
  if (lifts.length < cuts.length) return 'outranked'
  return rises || lifts.length > 0 ? { kind: 'give', lifts, admits: rises } : 'nothing-to-change'
}

/** Cuts of an author that this node may lift: of its own rank and of lower ones. */
export function liftsOf(permissions: Permissions, self: NodeId, author: NodeId): readonly ChangeName[] {
  const rank = permissions.members.get(self)?.rank ?? Infinity
  return permissions
    .cutsOn(author)
    .filter((cut) => cut.rank !== undefined && cut.rank >= rank)
    .map(({ name }) => name)
    .slice(0, limits.lifts)
}

/** Whether revoking a node is to cut it in this mission: where this node may, and nothing of its rank or above did. */
export function wantsCut(permissions: Permissions, self: NodeId, node: NodeId): boolean {
  if (node === self) return false
  if (administerProblem(permissions, self, { kind: 'admin/cut', at: 0, author: node, heads: [] }) !== undefined)
    return false
  const rank = permissions.members.get(self)?.rank ?? 0
  return permissions.cutsOn(node).every((cut) => cut.rank !== undefined && cut.rank > rank)
}
