import { computed, ref } from 'vue'
import type { Result } from '@shared/result'
import type { Settings } from '@shared/settings'
import { useSettingsStore } from '../stores/settings'
import { useCommand } from './use-command'

/** One setting, kept without a button: what holds now, whether it is being kept, since when, or why it was not. */
export function useSetting<Name extends keyof Settings>(
  name: Name,
  keep?: (value: Settings[Name]) => Promise<Result<null>>
) {
  const settings = useSettingsStore()
  const { busy, problem, run } = useCommand()
  const savedAt = ref<number>()
  /** Chosen while an earlier choice was on its way: the newest one wins. */
  let next: { readonly value: Settings[Name] } | undefined

  async function save(value: Settings[Name]): Promise<void> {
    if (busy.value) {
      next = { value }
      return
    }
    if (value === settings.kept?.[name]) {
      problem.value = undefined
      return
    }
    savedAt.value = undefined
    const result = await run(() => (keep ?? ((chosen) => settings.change({ [name]: chosen })))(value))
    if (result?.ok === true) savedAt.value = Date.now()
    const newer = next
    next = undefined
    if (newer !== undefined) await save(newer.value)
  }

  return {
    value: computed<Settings[Name] | undefined>(() => settings.current?.[name]),
    kept: computed<Settings[Name] | undefined>(() => settings.kept?.[name]),
    busy,
    problem,
    savedAt,
    save
  }
}
