/** What was settled in the last 24 hours: read backwards once, then only what came since. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { ChangeName, HistoryEntry, MissionSummary } from '@shared/model'
import { isBefore, settledForMs, settlementsOf, type Settlement } from '../facts/settled'
import { useFeedStore } from '../stores/feed'

const pageSize = 200
/** Of a day with more changes only the newest are looked through, and that is said. */
const pagesMost = 25
export const settledLookedThrough = pageSize * pagesMost

export function useSettled(mission: () => MissionSummary) {
  const feed = useFeedStore()
  const settled = shallowRef<readonly Settlement[]>([])
  const isPart = ref(false)
  let newest: ChangeName | undefined
  let running = false
  let again = false
  let gone = false

  async function readSince(since: number): Promise<readonly HistoryEntry[]> {
    const fresh: HistoryEntry[] = []
    let before: { readonly before?: string } = {}
    for (let pages = 0; pages < pagesMost; pages++) {
      const page = await feed.call('listHistory', { missionId: mission().id, limit: pageSize, ...before })
      if (gone || !page.ok) return fresh
      for (const entry of page.value.entries) {
        if (entry.name === newest || isBefore(entry, since)) return fresh
        fresh.push(entry)
      }
      if (page.value.next === undefined) return fresh
      before = { before: page.value.next }
    }
    isPart.value = true
    return fresh
  }

  async function refresh(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again && !gone) {
      again = false
      const since = Date.now() - settledForMs
      const fresh = await readSince(since)
      newest = fresh[0]?.name ?? newest
      settled.value = settlementsOf(fresh, settled.value, since)
    }
    running = false
  }

  watch(() => mission().version, refresh, { immediate: true })
  onScopeDispose(() => (gone = true))
  return { settled, isPart }
}
