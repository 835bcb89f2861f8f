/** What an owner may do about a member, and how a member's part in a mission stands. */
import type { Member, NodeId, Role } from '@shared/model'
import { amount, saying, type Saying } from './fact'

export const roleWords = {
  owner: 'people.owner',
  subscriber: 'people.subscriber',
  'read-only': 'people.readOnly'
} as const satisfies Readonly<Record<Role, string>>

/** What giving a role is called, and what it means for somebody who has fewer rights or more. */
export const givingWords = {
  owner: { give: 'people.give.owner', effect: 'people.effect.owner' },
  subscriber: { give: 'people.give.subscriber', effect: 'people.effect.subscriber' },
  'read-only': { give: 'people.give.read-only', effect: 'people.effect.read-only' }
} as const satisfies Readonly<Record<Role, unknown>>

export function isRemoved(member: Member): boolean {
  return member.removedBy !== undefined
}

/** What this member may do now, in words. */
export function partOf(member: Member): Saying {
  return saying(isRemoved(member) ? 'people.readOnly' : roleWords[member.role])
}

/** Whether this node decides about the others of a mission. */
export function mayDecide(self: Member | undefined): self is Member & { readonly rank: number } {
  return self?.rank !== undefined && !isRemoved(self)
}

/** Roles that this node can give somebody now (docs/protocol/missions.md#changing-a-role); the highest first. */
export function rolesToGive(self: Member | undefined, member: Member): readonly Role[] {
  if (!mayDecide(self) || member.nodeId === self.nodeId || (member.rank ?? Infinity) <= self.rank) return []
  if (isRemoved(member)) return member.role === 'owner' ? ['owner'] : ['owner', 'subscriber']
  switch (member.role) {
    case 'owner':
      return ['read-only']
    case 'subscriber':
      return ['owner', 'read-only']
    case 'read-only':
      return ['owner', 'subscriber']
  }
}

/** Whether giving this role takes rights away. */
export function takesAway(member: Member, role: Role): boolean {
  return role === 'read-only' && member.role !== 'read-only'
}

/** Members as people look for them: owners by rank, who writes, who reads, who was removed; by name within. */
export function sortMembers(members: readonly Member[], own: NodeId | undefined): readonly Member[] {
  const place = (member: Member): number => {
    if (isRemoved(member)) return 4
    return member.rank !== undefined ? 0 : member.nodeId === own ? 1 : member.role === 'subscriber' ? 2 : 3
  }
  return [...members].sort(
    (a, b) => place(a) - place(b) || (a.rank ?? 0) - (b.rank ?? 0) || a.name.localeCompare(b.name)
  )
}

/** How many changes of a member do not count, and why. */
export function beyondSaying(member: Member): Saying | undefined {
  if (member.beyond === undefined || member.beyond === 0) return undefined
  const n = amount('number', member.beyond)
  return saying(isRemoved(member) ? 'people.beyond' : 'people.beyondFork', { count: n }, member.beyond)
}
