/** The colours of a theme as the map needs them: MapLibre and canvases take values, not roles. */
export interface MapLook {
  readonly land: string
  readonly water: string
  readonly wood: string
  readonly contour: string
  readonly casing: string
  readonly road: string
  readonly grid: string
  readonly label: string
  readonly number: string
  readonly ink: string
  readonly sheet: string
  readonly focus: string
  readonly accent: string
  readonly offline: string
  /** Everything in one colour. */
  readonly mono: string | undefined
  readonly isDark: boolean
}

/** @param theme its name on `<html>`; what is read follows the class that is set there now. */
export function readLook(theme: string): MapLook {
  const style = getComputedStyle(document.documentElement)
  const role = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    land: role('map-land'),
    water: role('map-water'),
    wood: role('map-wood'),
    contour: role('map-contour'),
    casing: role('map-casing'),
    road: role('map-road'),
    grid: role('map-grid'),
    label: role('map-label'),
    number: role('map-number'),
    ink: role('ink'),
    sheet: role('sheet'),
    focus: role('focus'),
    accent: role('accent'),
    offline: role('offline'),
    mono: theme === 'night' ? role('text-1') : undefined,
    isDark: theme === 'dark' || theme === 'night'
  }
}
