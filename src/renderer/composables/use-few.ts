import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { EntityView, MissionSummary } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

/** The most that one query gives. */
const fewMost = 200

export interface Few {
  /** The newest, at most `fewMost`. */
  readonly list: ShallowRef<readonly EntityView[]>
  readonly total: Readonly<Ref<number>>
  readonly loaded: Readonly<Ref<boolean>>
  readonly problem: Readonly<ShallowRef<Problem | undefined>>
}

/** Things of which a mission has tens, not thousands (folders, invitations); asked for again when it changed. */
export function useFew(type: string, mission: () => MissionSummary): Few {
  const feed = useFeedStore()
  const list = shallowRef<readonly EntityView[]>([])
  const total = ref(0)
  const loaded = ref(false)
  const problem = shallowRef<Problem>()
  let asked = 0
  watch(
    () => [mission().id, mission().version] as const,
    async ([missionId]) => {
      const turn = ++asked
      const page = await feed.call('listEntities', { missionId, type, offset: 0, limit: fewMost, order: 'newest' })
      if (turn !== asked) return
      problem.value = page.ok ? undefined : page.problem
      if (!page.ok) return
      list.value = page.value.items.filter((entity) => !entity.deleted)
      total.value = page.value.total
      loaded.value = true
    },
    { immediate: true }
  )
  return { list, total, loaded, problem }
}
