import type { EntityView, MissionId } from '@shared/model'
import type { Result } from '@shared/result'
import { fieldOf } from '../display/value'
import { entityWord } from '../facts/entity'
import { saying, useText } from '../i18n'
import { useMissionsStore } from '../stores/missions'
import { useNoticesStore } from '../stores/notices'

/** Deletes a thing of a mission, with a way back at hand, and restores what was deleted. */
export function useDelete(missionId: () => MissionId) {
  const missions = useMissionsStore()
  const notices = useNoticesStore()
  const { say } = useText()

  async function mark(entity: EntityView, deleted: boolean, seen: readonly string[]) {
    const names = seen as NonNullable<Parameters<typeof missions.write>[1][number]['seen']>
    return missions.write(missionId(), [{ entity: entity.entity, field: 'deleted', value: deleted, seen: names }])
  }

  const namesOf = (entity: EntityView) => (fieldOf(entity, 'deleted')?.values ?? []).map(({ name }) => name)

  async function restore(entity: EntityView, seen: readonly string[] = namesOf(entity)): Promise<Result<unknown>> {
    const restored = await mark(entity, false, seen)
    if (restored.ok) notices.show(saying('deleted.restored', { what: say(entityWord(entity.entity)) }))
    return restored
  }

  async function remove(entity: EntityView): Promise<Result<unknown>> {
    const removed = await mark(entity, true, namesOf(entity))
    if (!removed.ok) return removed
    const written = removed.value.changes.map(({ name }) => name)
    notices.show(saying('deleted.done', { what: say(entityWord(entity.entity)) }), {
      word: 'action.undo',
      act: () => void restore(entity, written)
    })
    return removed
  }

  return { remove, restore }
}
