/** What is found while somebody types: only the last question counts, and it is asked again while texts are still read. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { SearchAnswer } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

const hitsEach = 20

export function useSearch(text: Ref<string>) {
  const feed = useFeedStore()
  const answer = shallowRef<SearchAnswer>()
  const problem = shallowRef<Problem>()
  const busy = ref(false)
  let turn = 0

  watch(text, async (asked) => {
    const mine = ++turn
    busy.value = asked.trim() !== ''
    if (asked.trim() === '') return void (answer.value = undefined)
    for (;;) {
      const found = await feed.call('search', { text: asked, limit: hitsEach })
      if (mine !== turn) return
      problem.value = found.ok ? undefined : found.problem
      if (found.ok) answer.value = found.value
      if (!found.ok || found.value.searched >= 1) break
    }
    busy.value = false
  })
  onScopeDispose(() => turn++)
  return { answer, problem, busy }
}
