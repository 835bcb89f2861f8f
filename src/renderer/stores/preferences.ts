/** What a person set on this laptop for this window; nothing of it travels. */
import { defineStore } from 'pinia'
import { computed, ref, watchEffect } from 'vue'
import { locales, type LocaleName } from '../i18n'

export const themes = ['light', 'dark', 'sunlight', 'night'] as const
export type Theme = (typeof themes)[number]
export type ThemeChoice = Theme | 'system'

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
    // A window without storage forgets the choice at the next start; it works all the same.
  }
}

export function storedLocale(): LocaleName {
  return locales.find((name) => name === read('locale')) ?? 'en'
}

export const usePreferencesStore = defineStore('preferences', () => {
  const choice = ref<ThemeChoice>(themes.find((name) => name === read('theme')) ?? 'system')
  const singleKeys = ref(read('single-keys') !== 'off')
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(dark.matches)
  dark.addEventListener('change', (event) => (systemDark.value = event.matches))

  const theme = computed<Theme>(() => (choice.value !== 'system' ? choice.value : systemDark.value ? 'dark' : 'light'))
  watchEffect(() => {
    const { classList } = document.documentElement
    classList.remove(...themes)
    classList.add(theme.value)
  })

  function choose(next: ThemeChoice): void {
    choice.value = next
    keep('theme', next)
  }

  function setSingleKeys(on: boolean): void {
    singleKeys.value = on
    keep('single-keys', on ? 'on' : 'off')
  }

  return {
    choice,
    theme,
    singleKeys,
    choose,
    setSingleKeys,
    nextTheme: () => choose(themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'light')
  }
})
