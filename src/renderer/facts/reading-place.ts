/** Where what is being read went, when a list changed. Pure. */

export interface PlacedRow {
  readonly index: number
  /** A number as long as only its place is known. */
  readonly key: string | number
  /** In pixels from the top of the list. */
  readonly start: number
  readonly end: number
}

/** Index now by index before, of those rows that are still there. */
export function placesNow(
  before: readonly PlacedRow[],
  count: number,
  keyOf: (index: number) => string | number
): ReadonlyMap<number, number> {
  const looked = new Map(before.filter(({ key }) => typeof key === 'string').map(({ key, index }) => [key, index]))
  const places = new Map<number, number>()
  for (let now = 0; now < count && looked.size > 0; now++) {
    const key = keyOf(now)
    const index = looked.get(key)
    if (index === undefined) continue
    looked.delete(key)
    places.set(index, now)
  }
  return places
}

/**
 * Rows move together when something comes in above them; one that was put elsewhere by itself must not take the reader
 * along. So the first of those that moved by as many places as most did stands for all; `undefined`: none is left.
 */
export function mostAlike(
  seen: readonly PlacedRow[],
  places: ReadonlyMap<number, number>
): { readonly row: PlacedRow; readonly now: number } | undefined {
  const groups = new Map<number, { readonly row: PlacedRow; readonly now: number; count: number }>()
  for (const row of seen) {
    const now = places.get(row.index)
    if (now === undefined) continue
    const group = groups.get(now - row.index) ?? { row, now, count: 0 }
    group.count++
    groups.set(now - row.index, group)
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)[0]
}
