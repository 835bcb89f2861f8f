/** What an item's CoT type is drawn as. Pure. */

/** Marks that we draw: CoT's bits and drawings have no military symbol. */
export type Mark = 'marker' | 'waypoint' | 'casualty' | 'hazard' | 'camera' | 'note' | 'line' | 'area'

export type Symbol =
  /** Codes of MIL-STD-2525C, the most exact first: a symbol set may not know the last letters. */
  { readonly kind: 'unit'; readonly codes: readonly string[] } | { readonly kind: 'mark'; readonly mark: Mark }

const affiliations = new Map([...'puafnshjk'].map((letter) => [letter, letter.toUpperCase()]))
// None specified is drawn as unknown.
affiliations.set('o', 'U')
const dimensions = 'PAGSUFXZ'

/** Types that stand for a mark, the longest beginning first. */
const marks: readonly (readonly [begin: string, mark: Mark])[] = [
  ['b-m-p-w', 'waypoint'],
  ['b-m-p-c', 'waypoint'],
  ['b-m-p-s-p-i', 'camera'],
  ['b-m-p', 'marker'],
  ['b-m-r', 'line'],
  ['b-r-f-h', 'casualty'],
  ['b-a', 'hazard'],
  ['b-i', 'camera'],
  ['b-f', 'note'],
  ['u-d-f-m', 'line'],
  ['u-d-f', 'line'],
  ['u-d', 'area'],
  ['u-rb', 'line'],
  ['t', 'note']
]

/** @param isArea the item has a closed line. */
export function symbolOf(type: string, hasLine = false, isArea = false): Symbol {
  if (isArea) return { kind: 'mark', mark: 'area' }
  if (hasLine) return { kind: 'mark', mark: 'line' }
  const codes = unitCodes(type)
  if (codes.length > 0) return { kind: 'unit', codes }
  const found = marks.find(([begin]) => type === begin || type.startsWith(`${begin}-`))
  return { kind: 'mark', mark: found?.[1] ?? 'marker' }
}

/**
 * `a-f-G-U-C` is `SFGPUC---------`: scheme, affiliation, dimension, status, function. Letters of the function are
 * capitals in CoT; what comes behind them (`…-i`, a serial number) is an extension that the symbol does not show.
 */
function unitCodes(type: string): readonly string[] {
  const [scheme, whose = '', dimension = '', ...rest] = type.split('-')
  const affiliation = affiliations.get(whose)
  if (scheme !== 'a' || affiliation === undefined) return []
  const place = dimension.length === 1 && dimensions.includes(dimension) ? dimension : 'Z'
  const end = rest.findIndex((atom) => !/^[A-Z]$/.test(atom))
  const given = (end < 0 ? rest : rest.slice(0, end)).slice(0, 6)
  // Everybody who chose nothing is a combat unit in TAK: drawn as a unit, without that word.
  const letters = given.join('') === 'UC' ? ['U'] : given
  const codes: string[] = []
  for (let length = letters.length; length >= 0; length--)
    codes.push(`S${affiliation}${place}P${letters.slice(0, length).join('')}`.padEnd(15, '-'))
  return codes
}

/** Plain choices for what a person draws, each with its CoT type. */
export const pointTypes = {
  marker: 'b-m-p-s-m',
  meeting: 'b-m-p-w-GOTO',
  casualty: 'b-r-f-h-c',
  hazard: 'b-a-o-opn',
  team: 'a-f-G-U-C',
  vehicle: 'a-f-G-E-V',
  aircraft: 'a-f-A',
  other: 'a-n-G',
  unknown: 'a-u-G'
} as const
export const lineTypes = { line: 'u-d-f', route: 'b-m-r' } as const
export const areaTypes = { area: 'u-d-f' } as const

export type PointChoice = keyof typeof pointTypes
export type LineChoice = keyof typeof lineTypes

/** Colours that a person can give; kept with the item, so they are data and not part of a theme. */
export const itemColors = {
  red: '#a9101a',
  orange: '#b8560a',
  green: '#05583c',
  blue: '#0b5580',
  violet: '#6b2a8a',
  black: '#131c19'
} as const
export type ColorChoice = keyof typeof itemColors
