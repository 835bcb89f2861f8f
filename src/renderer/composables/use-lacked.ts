/** The changes that somebody lacks, as far down as a person asked for; read again when that moves. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { LackedChange } from '@shared/model'
import type { Problem } from '@shared/result'
import type { LackedQuery } from '../facts/leave'
import { useFeedStore } from '../stores/feed'

const pageSize = 50

export interface LackedList {
  readonly items: Readonly<Ref<readonly LackedChange[]>>
  readonly total: Readonly<Ref<number>>
  readonly loaded: Readonly<Ref<boolean>>
  readonly problem: Readonly<Ref<Problem | undefined>>
  more(): Promise<void>
}

/** @param version when this changes, something else may be lacked. */
export function useLacked(query: () => LackedQuery, version: () => string): LackedList {
  const feed = useFeedStore()
  const items = shallowRef<readonly LackedChange[]>([])
  const total = ref(0)
  const loaded = ref(false)
  const problem = shallowRef<Problem>()
  let wanted = pageSize
  let running = false
  let again = false
  let gone = false

  async function read(): Promise<void> {
    const found: LackedChange[] = []
    for (;;) {
      const answer = await feed.call('listOnlyHere', { ...query(), offset: found.length, limit: pageSize })
      if (!answer.ok) return void (problem.value = answer.problem)
      found.push(...answer.value.items)
      total.value = answer.value.total
      if (answer.value.items.length === 0 || found.length >= Math.min(wanted, answer.value.total)) break
    }
    items.value = found
    problem.value = undefined
    loaded.value = true
  }

  async function refresh(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again && !gone) {
      again = false
      await read()
    }
    running = false
  }

  watch(
    () => `${JSON.stringify(query())} ${version()}`,
    () => void refresh(),
    { immediate: true }
  )
  onScopeDispose(() => (gone = true))
  return {
    items,
    total,
    loaded,
    problem,
    more: () => {
      wanted = items.value.length + pageSize
      return refresh()
    }
  }
}
