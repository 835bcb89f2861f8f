/** The colour under the page, so that no other one flashes up before it: the theme's ground (styles/tokens.css). Pure. */
import type { Settings, Theme } from '@shared/settings.js'

export const grounds: Readonly<Record<Theme, string>> = {
  light: '#e8ece7',
  dark: '#0d1211',
  sunlight: '#ffffff',
  night: '#000000'
}

export function groundOf(theme: Settings['theme'], isSystemDark: boolean): string {
  return grounds[theme === 'system' ? (isSystemDark ? 'dark' : 'light') : theme]
}

/** For what the system draws: menus, dialogs, scroll bars. */
export function nativeThemeOf(theme: Settings['theme']): 'system' | 'dark' | 'light' {
  if (theme === 'system') return 'system'
  return theme === 'dark' || theme === 'night' ? 'dark' : 'light'
}
