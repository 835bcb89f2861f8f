/** What an invitation asks of whom, and what this person can answer. */
import { fieldsOf } from '@shared/mission-model'
import type { EntityView, Member, NodeId, Role } from '@shared/model'
import { showName } from '../display/name'
import { fieldOf } from '../display/value'
import { saying, type Saying } from './fact'
import type { MessageKey } from '../i18n'

export type InvitationAct = 'accept' | 'decline' | 'withdraw'

export interface InvitationFact {
  readonly entity: EntityView
  readonly title: Saying
  readonly role: Saying
  readonly note: string
  readonly state: Saying
  readonly acts: readonly InvitationAct[]
}

const stateWords: Readonly<Record<string, MessageKey>> = {
  open: 'invitation.open',
  accepted: 'invitation.accepted',
  declined: 'invitation.declined',
  withdrawn: 'invitation.withdrawn'
}

const asksWords: Readonly<Record<Role, MessageKey>> = {
  owner: 'invitation.asks.owner',
  subscriber: 'invitation.asks.subscriber',
  'read-only': 'invitation.asks.read-only'
}
export const actWords = {
  accept: 'invitation.act.accept',
  decline: 'invitation.act.decline',
  withdraw: 'invitation.act.withdraw'
} as const satisfies Readonly<Record<InvitationAct, MessageKey>>
export const answerOf = { accept: 'accepted', decline: 'declined', withdraw: 'withdrawn' } as const

/** `undefined` for what is not whole: it asks nobody for anything. */
export function invitationFact(
  entity: EntityView,
  members: readonly Member[],
  own: NodeId | undefined,
  mayWrite: boolean
): InvitationFact | undefined {
  const { invitee, role, note = '', state = 'open' } = fieldsOf('invitation', entity)
  if (invitee === undefined || role === undefined) return undefined
  const by = fieldOf(entity, 'role')?.values[0]
  const nameOf = (nodeId: NodeId) => showName(members.find((one) => one.nodeId === nodeId)?.name ?? nodeId.slice(0, 8))
  const isOpen = state === 'open'
  const acts: InvitationAct[] = []
  if (isOpen && mayWrite && invitee === own) acts.push('accept', 'decline')
  if (isOpen && mayWrite && by?.author === own) acts.push('withdraw')
  return {
    entity,
    title: saying(invitee === own ? 'invitation.toYou' : 'invitation.to', {
      by: showName(by?.authorName ?? ''),
      name: nameOf(invitee)
    }),
    role: saying(asksWords[role]),
    note,
    state: saying(stateWords[state] ?? 'invitation.open'),
    acts
  }
}

/** Who can be asked: members that write and own nothing yet. */
export function invitable(members: readonly Member[], own: NodeId | undefined): readonly Member[] {
  return members.filter(
    ({ nodeId, role, removedBy }) => nodeId !== own && role === 'subscriber' && removedBy === undefined
  )
}
