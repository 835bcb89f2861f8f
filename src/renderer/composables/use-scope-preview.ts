import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { ArgumentOf } from '@shared/contract'
import type { ScopePreview } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

export interface PreviewedScope {
  readonly preview: Readonly<Ref<ScopePreview | undefined>>
  readonly problem: Readonly<Ref<Problem | undefined>>
}

/** What a scope would do, asked of the engine while it is edited: one question at a time, the newest counts. */
export function useScopePreview(question: () => ArgumentOf<'previewScope'>): PreviewedScope {
  const feed = useFeedStore()
  const preview = shallowRef<ScopePreview>()
  const problem = shallowRef<Problem>()
  let running = false
  let again = false
  let gone = false

  async function ask(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again && !gone) {
      again = false
      const answer = await feed.call('previewScope', question())
      if (again) continue
      preview.value = answer.ok ? answer.value : undefined
      problem.value = answer.ok ? undefined : answer.problem
    }
    running = false
  }

  watch(
    () => JSON.stringify(question()),
    () => void ask(),
    { immediate: true }
  )
  onScopeDispose(() => (gone = true))
  return { preview, problem }
}
