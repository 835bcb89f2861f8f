import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { MapItem, MissionId } from '@shared/model'
import type { Problem } from '@shared/result'
import type { Box } from '../map/grid'
import { useFeedStore } from '../stores/feed'

export interface ItemQuestion {
  readonly missionId: MissionId
  /** Left out: everywhere. */
  readonly box?: Box
  readonly text?: string
}

export interface MapItems {
  readonly items: Readonly<ShallowRef<readonly MapItem[]>>
  readonly counts: Readonly<
    Ref<{ readonly found: number; readonly total: number; readonly more: number; readonly left: number }>
  >
  readonly loaded: Readonly<Ref<boolean>>
  readonly problem: Readonly<ShallowRef<Problem | undefined>>
}

/** Items of a mission for a map; when the mission changes only what changed is asked for. `undefined`: nothing is asked. */
export function useMapItems(question: () => ItemQuestion | undefined, version: () => number): MapItems {
  const feed = useFeedStore()
  const items = shallowRef<readonly MapItem[]>([])
  const counts = ref({ found: 0, total: 0, more: 0, left: 0 })
  const loaded = ref(false)
  const problem = shallowRef<Problem>()
  let known = new Map<string, MapItem>()
  let asked = ''
  let cursor: string | undefined
  let running = false
  let again = false
  let gone = false

  async function refresh(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again && !gone) {
      again = false
      await ask()
    }
    running = false
  }

  async function ask(): Promise<void> {
    const now = question()
    if (now === undefined) return
    const key = JSON.stringify(now)
    const since = key === asked && cursor !== undefined ? { since: cursor } : {}
    const answer = await feed.call('listItems', { ...now, ...since })
    if (gone) return
    problem.value = answer.ok ? undefined : answer.problem
    if (!answer.ok) return
    const { isWhole, items: changed, gone: lost, left, ...rest } = answer.value
    if (isWhole) known = new Map()
    for (const item of changed) known.set(item.uid, item)
    for (const uid of lost) known.delete(uid)
    asked = key
    cursor = answer.value.cursor
    counts.value = { found: rest.found, total: rest.total, more: rest.more, left }
    if (isWhole || changed.length > 0 || lost.length > 0) items.value = [...known.values()]
    loaded.value = left === 0
    // The engine waits a while before it answers that there is more to read.
    if (left > 0) again = true
  }

  watch([() => JSON.stringify(question()), version], () => void refresh(), { immediate: true })
  onScopeDispose(() => (gone = true))
  return { items, counts, loaded, problem }
}
