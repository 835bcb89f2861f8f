/** What a person set on this laptop: the engine keeps it; here is its answer, and what was chosen but not answered yet. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Result } from '@shared/result'
import type { Settings } from '@shared/settings'
import { useFeedStore } from './feed'

export const useSettingsStore = defineStore('settings', () => {
  const feed = useFeedStore()
  const kept = computed(() => feed.overview?.node.settings)
  const chosen = shallowRef<Partial<Settings>>({})
  const waiting = ref(0)

  // The answer and the feed come apart: what was chosen holds until the feed says what is kept.
  watch(kept, () => {
    if (waiting.value === 0) chosen.value = {}
  })

  async function change(changes: Partial<Settings>): Promise<Result<null>> {
    chosen.value = { ...chosen.value, ...changes }
    waiting.value++
    const result = await feed.call('changeSettings', changes)
    waiting.value--
    if (!result.ok || isKept(changes)) drop(changes)
    return result
  }

  function isKept(changes: Partial<Settings>): boolean {
    const names = Object.keys(changes) as (keyof Settings)[]
    return names.every((name) => kept.value?.[name] === changes[name])
  }

  /** What was chosen again meanwhile stays. */
  function drop(changes: Partial<Settings>): void {
    const rest = Object.entries(chosen.value).filter(([name, value]) => changes[name as keyof Settings] !== value)
    chosen.value = Object.fromEntries(rest)
  }

  return {
    kept,
    current: computed<Settings | undefined>(() => kept.value && { ...kept.value, ...chosen.value }),
    change
  }
})
