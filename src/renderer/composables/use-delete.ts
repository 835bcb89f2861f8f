import type { ChangeName, EntityView, MissionSummary } from '@shared/model'
import type { Result } from '@shared/result'
import { fieldOf } from '../display/value'
import { keepingChanges, withdrawingChanges } from '../facts/asked'
import { entityWord } from '../facts/entity'
import { saying, useText } from '../i18n'
import { useMissionsStore } from '../stores/missions'
import { useNodeStore } from '../stores/node'
import { useNoticesStore } from '../stores/notices'

/** Deletes a thing of a mission, or asks for it, with a way back at hand; and what answers that. */
export function useDelete(mission: () => MissionSummary) {
  const missions = useMissionsStore()
  const nodes = useNodeStore()
  const notices = useNoticesStore()
  const { say } = useText()

  const mark = (entity: EntityView, deleted: boolean, seen: readonly ChangeName[]) =>
    missions.write(mission().id, [{ entity: entity.entity, field: 'deleted', value: deleted, seen }])

  const namesOf = (entity: EntityView) => (fieldOf(entity, 'deleted')?.values ?? []).map(({ name }) => name)
  const whatOf = (entity: EntityView) => ({ what: say(entityWord(entity.entity)) })

  async function restore(entity: EntityView, seen: readonly ChangeName[] = namesOf(entity)): Promise<Result<unknown>> {
    const restored = await mark(entity, false, seen)
    if (restored.ok) notices.show(saying('deleted.restored', whatOf(entity)))
    return restored
  }

  async function remove(entity: EntityView): Promise<Result<unknown>> {
    const asks = mission().asksToDelete === true
    const removed = await mark(entity, true, namesOf(entity))
    if (!removed.ok) return removed
    const written = removed.value.changes.map(({ name }) => name)
    notices.show(saying(asks ? 'asked.done' : 'deleted.done', whatOf(entity)), {
      word: 'action.undo',
      act: () => void (asks ? mark(entity, false, written) : restore(entity, written))
    })
    return removed
  }

  async function withdraw(entity: EntityView): Promise<Result<unknown>> {
    const done = await missions.write(mission().id, withdrawingChanges(entity, nodes.node?.nodeId))
    if (done.ok) notices.show(saying('asked.withdrawn'))
    return done
  }

  async function keep(entity: EntityView): Promise<Result<unknown>> {
    const done = await missions.write(mission().id, keepingChanges(entity))
    if (done.ok) notices.show(saying('asked.kept', whatOf(entity)))
    return done
  }

  return { remove, restore, withdraw, keep }
}
