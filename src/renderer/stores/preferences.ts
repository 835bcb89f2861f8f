/**
 * Theme, language and keys of this window, from the settings that the engine keeps. The browser's storage is only a
 * copy for the first paint, before the engine has said anything.
 */
import { defineStore } from 'pinia'
import { computed, ref, watchEffect } from 'vue'
import type { Result } from '@shared/result'
import { themes, type Settings, type Theme } from '@shared/settings'
import { localeOf, type LocaleName } from '../i18n'
import { useSettingsStore } from './settings'

function read(key: string): string | null {
  try {
    return localStorage.getItem(`muster.${key}`)
  } catch {
    return null
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`muster.${key}`, value)
  } catch {
    // Without storage the first paint follows the system; the engine's answer comes right after.
  }
}

export const usePreferencesStore = defineStore('preferences', () => {
  const settings = useSettingsStore()
  const first = {
    theme: themes.find((name) => name === read('theme')) ?? ('system' as const),
    language: read('language') ?? 'system'
  }
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(dark.matches)
  dark.addEventListener('change', (event) => (systemDark.value = event.matches))
  /** Chosen while the engine does not answer: light that hurts cannot wait for it. */
  const unkept = ref<Settings['theme']>()

  const choice = computed(() => unkept.value ?? settings.current?.theme ?? first.theme)
  const language = computed(() => settings.current?.language ?? first.language)
  const theme = computed<Theme>(() => (choice.value !== 'system' ? choice.value : systemDark.value ? 'dark' : 'light'))
  const locale = computed<LocaleName>(() => localeOf(language.value, navigator.languages))
  watchEffect(() => {
    const { classList } = document.documentElement
    classList.remove(...themes)
    classList.add(theme.value)
  })
  watchEffect(() => {
    if (settings.kept === undefined) return
    keep('theme', settings.kept.theme)
    keep('language', settings.kept.language)
  })

  async function choose(next: Settings['theme']): Promise<Result<null>> {
    unkept.value = next
    const result = await settings.change({ theme: next })
    if (result.ok && unkept.value === next) unkept.value = undefined
    return result
  }

  return {
    choice,
    theme,
    language,
    locale,
    singleKeys: computed(() => settings.current?.hasSingleKeys ?? true),
    choose,
    nextTheme: (): void => void choose(themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'light')
  }
})
