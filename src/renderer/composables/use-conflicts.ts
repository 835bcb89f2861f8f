/** Conflicts of a mission, in pages; and those few that a banner names. */
import { ref, shallowRef, watch, type ShallowRef } from 'vue'
import type { ConflictView, DeletedEditView, DeletedEntity, MissionSummary } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'
import { usePaged, type PagedList } from './use-paged'

export function useConflicts(mission: () => MissionSummary): PagedList<ConflictView> {
  const feed = useFeedStore()
  return usePaged({
    key: () => mission().id,
    version: () => mission().version,
    ask: (offset, limit) => feed.call('listConflicts', { missionId: mission().id, offset, limit })
  })
}

export function useFirstConflicts(
  mission: () => MissionSummary | undefined,
  count: number
): ShallowRef<readonly ConflictView[]> {
  const feed = useFeedStore()
  const found = shallowRef<readonly ConflictView[]>([])
  let asked = 0
  watch(
    () => [mission()?.id, mission()?.version, mission()?.conflicts] as const,
    async ([missionId, , conflicts]) => {
      const turn = ++asked
      if (missionId === undefined || conflicts === 0) return void (found.value = [])
      const result = await feed.call('listConflicts', { missionId, offset: 0, limit: count })
      if (turn === asked && result.ok) found.value = result.value.items
    },
    { immediate: true }
  )
  return found
}

export function useDeletedEdits(mission: () => MissionSummary): ShallowRef<readonly DeletedEditView[]> {
  const feed = useFeedStore()
  const found = shallowRef<readonly DeletedEditView[]>([])
  let asked = 0
  watch(
    () => [mission().id, mission().version] as const,
    async ([missionId]) => {
      const turn = ++asked
      const result = await feed.call('listDeletedEdits', { missionId })
      if (turn === asked && result.ok) found.value = result.value.items
    },
    { immediate: true }
  )
  return found
}

/** The most that one query gives; who has more answers these first. */
const askedMost = 200

export function useAskedList(mission: () => MissionSummary) {
  const feed = useFeedStore()
  const items = shallowRef<readonly DeletedEntity[]>([])
  const total = ref(0)
  const problem = shallowRef<Problem>()
  let asked = 0
  watch(
    () => [mission().id, mission().version] as const,
    async ([missionId]) => {
      const turn = ++asked
      const page = await feed.call('listAsked', { missionId, offset: 0, limit: askedMost })
      if (turn !== asked) return
      problem.value = page.ok ? undefined : page.problem
      if (!page.ok) return
      items.value = page.value.items
      total.value = page.value.total
    },
    { immediate: true }
  )
  return { items, total, problem }
}
