/** The grid over a map: MGRS lines near, degrees far. Pure. */
import { centralMeridian, fromUtm, toUtm, zoneOf, type Place } from './utm'

export type Box = readonly [west: number, south: number, east: number, north: number]

export interface GridLine {
  readonly places: readonly Place[]
  /** `up`: of equal easting or longitude; its number stands at the upper edge. */
  readonly runs: 'up' | 'across'
  readonly label: string
}

const metreSteps = [10, 100, 1_000, 10_000, 100_000]
const degreeSteps = [1, 2, 5, 10, 15, 30]
const pixelsApart = 90
const linesMost = 120
const pieces = 24

/** @param metresPerPixel at the middle of the box. */
export function gridOver(box: Box, metresPerPixel: number): readonly GridLine[] {
  const least = metresPerPixel * pixelsApart
  const step = metreSteps.find((metres) => metres >= least)
  const [west, south, east, north] = box
  const isUtm = step !== undefined && south > -80 && north < 84 && east - west < 18
  return isUtm ? metreGrid(box, step) : degreeGrid(box, least / 111_000)
}

function degreeGrid([west, south, east, north]: Box, least: number): readonly GridLine[] {
  const step = degreeSteps.find((degrees) => degrees >= least) ?? 30
  const lines: GridLine[] = []
  for (let lon = Math.ceil(west / step) * step; lon <= east && lines.length < linesMost; lon += step)
    lines.push({
      runs: 'up',
      label: degreeLabel(lon, 'E', 'W'),
      places: between({ lat: south, lon }, { lat: north, lon })
    })
  for (let lat = Math.ceil(south / step) * step; lat <= north && lines.length < 2 * linesMost; lat += step)
    if (Math.abs(lat) < 85)
      lines.push({
        runs: 'across',
        label: degreeLabel(lat, 'N', 'S'),
        places: between({ lat, lon: west }, { lat, lon: east })
      })
  return lines
}

function degreeLabel(degrees: number, plus: string, minus: string): string {
  const turned = plus === 'E' ? ((((degrees + 180) % 360) + 360) % 360) - 180 : degrees
  return `${String(Math.abs(turned))}°${turned === 0 ? '' : turned < 0 ? minus : plus}`
}

function metreGrid([west, south, east, north]: Box, step: number): readonly GridLine[] {
  const lines: GridLine[] = []
  const middle = (south + north) / 2
  for (let lon = Math.floor(west / 6) * 6; lon < east; lon += 6) {
    const zone = zoneOf({ lat: middle, lon: ((((lon + 3 + 180) % 360) + 360) % 360) - 180 })
    // The exceptions of Norway and Svalbard are left out: there the regular zones are drawn.
    const turned = centralMeridian(zone) - lon - 3
    const [from, to] = [Math.max(west, lon), Math.min(east, lon + 6)]
    lines.push(...zoneGrid(zone, turned, [from, south, to, north], [lon, lon + 6], step))
  }
  return lines.slice(0, 2 * linesMost)
}

/**
 * @param turned what to take off longitudes of the zone to be on this side of the antimeridian.
 * @param first and last: the meridians where the zone ends.
 */
function zoneGrid(
  zone: number,
  turned: number,
  [west, south, east, north]: Box,
  [first, last]: readonly [number, number],
  step: number
): readonly GridLine[] {
  const isSouth = (south + north) / 2 < 0
  const shift = isSouth ? 10_000_000 : 0
  const corners = [south, (south + north) / 2, north].flatMap((lat) =>
    [west, (west + east) / 2, east].map((lon) => {
      const utm = toUtm({ lat, lon: lon + turned }, zone)
      return { easting: utm.easting, northing: utm.northing - (utm.isSouth ? 10_000_000 : 0) + shift }
    })
  )
  const eastings = corners.map(({ easting }) => easting)
  const northings = corners.map(({ northing }) => northing)
  const [e0, e1] = [Math.min(...eastings), Math.max(...eastings)]
  const [n0, n1] = [Math.min(...northings), Math.max(...northings)]
  const at = (easting: number, northing: number) => {
    const { lat, lon } = fromUtm({ zone, isSouth, easting, northing })
    return { lat, lon: lon - turned }
  }
  const isIn = ({ lon }: Place) => lon >= first - 1e-9 && lon <= last + 1e-9
  const lines: GridLine[] = []
  for (let easting = Math.ceil(e0 / step) * step; easting <= e1 && lines.length < linesMost; easting += step) {
    const places = pieced(n0, n1, (northing) => at(easting, northing)).filter(isIn)
    if (places.length > 1) lines.push({ runs: 'up', label: metreLabel(easting, step), places })
  }
  for (let northing = Math.ceil(n0 / step) * step; northing <= n1 && lines.length < 2 * linesMost; northing += step) {
    const places = pieced(e0, e1, (easting) => at(easting, northing)).filter(isIn)
    if (places.length > 1) lines.push({ runs: 'across', label: metreLabel(northing, step), places })
  }
  return lines
}

/** The digits that a grid reference begins with: two for kilometres, more below. */
function metreLabel(metres: number, step: number): string {
  const inSquare = ((metres % 100_000) + 100_000) % 100_000
  if (step >= 100_000) return String(Math.round(metres / 100_000))
  if (step >= 10_000) return String(Math.round(inSquare / 10_000))
  const digits = step >= 1_000 ? 2 : step >= 100 ? 3 : 4
  return String(Math.floor(inSquare / 10 ** (5 - digits) + 1e-6)).padStart(digits, '0')
}

function pieced(from: number, to: number, at: (value: number) => Place): Place[] {
  return Array.from({ length: pieces + 1 }, (_, index) => at(from + ((to - from) * index) / pieces))
}

function between(a: Place, b: Place): readonly Place[] {
  return [a, b]
}

/** A round length for the scale bar, and its pixels: as long as fits. */
export function scaleBar(
  metresPerPixel: number,
  pixelsMost: number
): { readonly metres: number; readonly pixels: number } {
  const most = metresPerPixel * pixelsMost
  const power = 10 ** Math.floor(Math.log10(most))
  const metres = [5, 2, 1].map((factor) => factor * power).find((length) => length <= most) ?? power
  return { metres, pixels: metres / metresPerPixel }
}
