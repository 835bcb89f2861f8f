/** History, a page at a time, newest first; what came since waits until it is asked for. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { HistoryEntry, MissionId } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

const pageSize = 100

export interface HistoryQuery {
  readonly missionId: MissionId
  readonly entity?: string
  readonly field?: string
}

export function useHistory(query: () => HistoryQuery, version: () => number) {
  const feed = useFeedStore()
  const entries = shallowRef<readonly HistoryEntry[]>([])
  const next = ref<string>()
  const searched = ref(0)
  const busy = ref(false)
  const loaded = ref(false)
  const problem = shallowRef<Problem>()
  const shownVersion = ref(0)
  let turn = 0

  /** Asks on until a page is full or there is no more: one answer may have looked long and found little. */
  async function more(): Promise<void> {
    if (busy.value || (loaded.value && next.value === undefined)) return
    const mine = turn
    const wanted = entries.value.length + pageSize
    busy.value = true
    do {
      const before = next.value === undefined ? {} : { before: next.value }
      const page = await feed.call('listHistory', { ...query(), ...before, limit: pageSize })
      if (mine !== turn) return
      problem.value = page.ok ? undefined : page.problem
      if (!page.ok) break
      entries.value = [...entries.value, ...page.value.entries]
      next.value = page.value.next
      searched.value = page.value.searched
      loaded.value = true
    } while (next.value !== undefined && entries.value.length < wanted)
    busy.value = false
  }

  function restart(): void {
    turn++
    busy.value = false
    loaded.value = false
    entries.value = []
    next.value = undefined
    searched.value = 0
    shownVersion.value = version()
    void more()
  }

  watch(() => JSON.stringify(query()), restart, { immediate: true })
  onScopeDispose(() => turn++)

  return {
    entries,
    searched,
    busy,
    loaded,
    problem,
    hasMore: computed(() => next.value !== undefined),
    isStale: computed(() => version() !== shownVersion.value),
    more,
    restart
  }
}
