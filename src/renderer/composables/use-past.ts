/** A mission as it was at a time: asked for until it is ready, given up when nobody looks any more. */
import { onScopeDispose, shallowRef, watch } from 'vue'
import type { MissionId, PastView } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

/** Well within the time after which the engine lets it go. */
const keepMs = 60_000

export function usePast(missionId: () => MissionId, at: () => number) {
  const feed = useFeedStore()
  const view = shallowRef<PastView>()
  const problem = shallowRef<Problem>()
  let turn = 0

  async function open(): Promise<void> {
    const mine = ++turn
    view.value = undefined
    for (;;) {
      const answer = await feed.call('openPast', { missionId: missionId(), at: at() })
      if (mine !== turn) return
      problem.value = answer.ok ? undefined : answer.problem
      if (!answer.ok) return
      view.value = answer.value
      if (answer.value.state === 'ready') return
    }
  }

  watch([missionId, at], () => void open(), { immediate: true })
  const keeping = setInterval(() => {
    if (view.value?.state === 'ready') void feed.call('openPast', { missionId: missionId(), at: at() })
  }, keepMs)
  onScopeDispose(() => {
    turn++
    clearInterval(keeping)
  })
  return { view, problem }
}
