/** Distances, areas and bearings on a sphere of the earth's mean radius: within 0.6 % of the ellipsoid. Pure. */
import type { Place } from './utm'

const radius = 6_371_008.8
const radians = Math.PI / 180

/** Metres along the great circle. */
export function distance(a: Place, b: Place): number {
  const [y, x] = [Math.sin(((b.lat - a.lat) / 2) * radians), Math.sin(((b.lon - a.lon) / 2) * radians)]
  const chord = y * y + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * x * x
  return 2 * radius * Math.asin(Math.min(1, Math.sqrt(chord)))
}

export function pathLength(places: readonly Place[]): number {
  return places.slice(1).reduce((sum, place, index) => sum + distance(places[index] ?? place, place), 0)
}

/** Degrees from true north at the start, 0 up to 360. */
export function bearing(a: Place, b: Place): number {
  const turn = (b.lon - a.lon) * radians
  const y = Math.sin(turn) * Math.cos(b.lat * radians)
  const x =
    Math.cos(a.lat * radians) * Math.sin(b.lat * radians) -
    Math.sin(a.lat * radians) * Math.cos(b.lat * radians) * Math.cos(turn)
  return (Math.atan2(y, x) / radians + 360) % 360
}

/** Square metres inside a ring; its last place is joined to the first. */
export function area(places: readonly Place[]): number {
  let sum = 0
  for (const [index, a] of places.entries()) {
    const b = places[(index + 1) % places.length] ?? a
    sum += (b.lon - a.lon) * radians * (2 + Math.sin(a.lat * radians) + Math.sin(b.lat * radians))
  }
  return Math.abs((sum * radius * radius) / 2)
}

/** `840 m`, `2.1 km`, `152 km`. */
export function showDistance(metres: number): string {
  if (metres < 999.5) return `${String(Math.round(metres))}\u00a0m`
  const km = metres / 1000
  return `${km < 99.95 ? km.toFixed(1) : String(Math.round(km))}\u00a0km`
}

/** `840 m²`, `152 ha`, `12.4 km²`. */
export function showArea(squareMetres: number): string {
  if (squareMetres < 9_999.5) return `${String(Math.round(squareMetres))}\u00a0m²`
  const ha = squareMetres / 10_000
  if (ha < 999.5) return `${ha < 9.95 ? ha.toFixed(1) : String(Math.round(ha))}\u00a0ha`
  return `${(ha / 100).toFixed(1)}\u00a0km²`
}

export function showBearing(degrees: number): string {
  return `${String(Math.round(degrees) % 360).padStart(3, '0')}°`
}
