import { onScopeDispose, shallowRef, watch } from 'vue'
import type { BundleProgress } from '@shared/model'
import { useBundleStore } from '../stores/bundle'

const everyMs = 400

/** How far the engine is with a bundle, while `isBusy`; it says so only when asked. */
export function useBundleProgress(isBusy: () => boolean) {
  const bundles = useBundleStore()
  const progress = shallowRef<BundleProgress>()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(): Promise<void> {
    const answer = await bundles.progress()
    if (!isBusy()) return
    if (answer.ok) progress.value = answer.value ?? undefined
    timer = setTimeout(() => void ask(), everyMs)
  }

  watch(
    isBusy,
    (busy) => {
      clearTimeout(timer)
      progress.value = undefined
      if (busy) void ask()
    },
    { immediate: true }
  )
  onScopeDispose(() => clearTimeout(timer))
  return progress
}
