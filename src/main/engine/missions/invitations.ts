/**
 * Invitations that were accepted become roles (docs/protocol/missions.md#invitations). Anybody who may write can write
 * into an invitation, so each value counts by its author: role and invitee from who gives the role, the answer from the
 * invited.
 */
import { idOf, fieldsOf, type Invitation } from '@shared/mission-model.js'
import type { EntityView, FieldValue, MissionId, NodeId, Role } from '@shared/model.js'
import type { Mission } from './mission.js'
import { entitiesOf } from './views.js'

/** What an invitation of ours gives whom, if it was accepted; `undefined` for every other one. */
export function acceptedInvitation(
  view: EntityView,
  self: NodeId
): { readonly invitee: NodeId; readonly role: Role } | undefined {
  const { invitee, role, state }: Invitation = fieldsOf('invitation', view)
  const isOnly = (field: string, author: NodeId) => {
    const values: readonly FieldValue[] = view.fields.find((one) => one.field === field)?.values ?? []
    return values.length > 0 && values.every((value) => value.author === author)
  }
  if (view.deleted || state !== 'accepted' || invitee === undefined || role === undefined) return undefined
  const isOurs = isOnly('invitee', self) && isOnly('role', self) && idOf(view.entity) !== ''
  const isOne = view.fields.every(({ field, values }) => field === 'note' || values.length === 1)
  return isOurs && isOne && isOnly('state', invitee) ? { invitee, role } : undefined
}

function isFrom({ fields }: EntityView, self: NodeId): boolean {
  return fields.some(({ field, values }) => field === 'invitee' && values.some(({ author }) => author === self))
}

/** What was seen at the last look. */
interface Looked {
  readonly version: number
  readonly count: number
  /** Some of ours can still become a role. */
  readonly hasOpen: boolean
}

export class Invitations {
  readonly #ownId: NodeId
  readonly #asksToDelete: (node: NodeId) => boolean
  readonly #looked = new Map<MissionId, Looked>()
  readonly #looking = new Set<MissionId>()

  /** @param asksToDelete whether deletions of this node are to be requests, by our policy. */
  constructor(ownId: NodeId, asksToDelete: (node: NodeId) => boolean) {
    this.#ownId = ownId
    this.#asksToDelete = asksToDelete
  }

  /** Gives the roles that were accepted; nothing to do while there is no invitation of ours. Never lifts a cut. */
  async answer(mission: Mission): Promise<void> {
    if (!this.#wantsLook(mission) || this.#looking.has(mission.id)) return
    this.#looking.add(mission.id)
    try {
      while (this.#wantsLook(mission)) await this.#look(mission)
    } finally {
      this.#looking.delete(mission.id)
    }
  }

  #wantsLook(mission: Mission): boolean {
    const { summary, permissions } = mission
    const count = summary.counts['invitation'] ?? 0
    if (count === 0 || permissions.members.get(this.#ownId)?.rank === undefined) return false
    if (mission.writeProblem() !== undefined) return false
    const last = this.#looked.get(mission.id)
    return last === undefined || (last.version !== summary.version && (last.hasOpen || last.count !== count))
  }

  async #look(mission: Mission): Promise<void> {
    const { version, counts } = mission.summary
    let hasOpen = false
    for (const view of await entitiesOf(mission, 'invitation')) {
      const accepted = acceptedInvitation(view, this.#ownId)
      // Refused where it gives nothing: the role is there, or its holder was removed.
      if (accepted !== undefined)
        await mission.admit(accepted.invitee, {
          role: accepted.role,
          asksToDelete: this.#asksToDelete(accepted.invitee)
        })
      else hasOpen ||= isFrom(view, this.#ownId) && fieldsOf('invitation', view).state !== 'withdrawn'
    }
    this.#looked.set(mission.id, { version, count: counts['invitation'] ?? 0, hasOpen })
  }
}
