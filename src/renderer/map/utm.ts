/**
 * Universal Transverse Mercator on WGS 84: the series of Krüger in powers of the third flattening, as Karney gives it
 * (2011, "Transverse Mercator with an accuracy of a few nanometers"), to the third power: better than 1 mm inside a zone.
 */
export interface Place {
  readonly lat: number
  readonly lon: number
}

export interface UtmPlace {
  readonly zone: number
  readonly isSouth: boolean
  /** Metres, with the usual false origins. */
  readonly easting: number
  readonly northing: number
}

const n = 1 / 298.257223563 / (2 - 1 / 298.257223563)
const scale = (0.9996 * 6_378_137 * (1 + n ** 2 / 4 + n ** 4 / 64)) / (1 + n)
const alpha = [n / 2 - (2 * n ** 2) / 3 + (5 * n ** 3) / 16, (13 * n ** 2) / 48 - (3 * n ** 3) / 5, (61 * n ** 3) / 240]
const beta = [n / 2 - (2 * n ** 2) / 3 + (37 * n ** 3) / 96, n ** 2 / 48 + n ** 3 / 15, (17 * n ** 3) / 480]
const delta = [2 * n - (2 * n ** 2) / 3 - 2 * n ** 3, (7 * n ** 2) / 3 - (8 * n ** 3) / 5, (56 * n ** 3) / 15]
const eccentric = (2 * Math.sqrt(n)) / (1 + n)
const falseEasting = 500_000
const falseNorthing = 10_000_000
const radians = Math.PI / 180

/** The zone of a place, with the exceptions for Norway and Svalbard that MGRS has. */
export function zoneOf({ lat, lon }: Place): number {
  if (lat >= 56 && lat < 64 && lon >= 3 && lon < 12) return 32
  if (lat >= 72 && lat <= 84 && lon >= 0 && lon < 42) return lon < 9 ? 31 : lon < 21 ? 33 : lon < 33 ? 35 : 37
  return Math.min(60, Math.floor((lon + 180) / 6) + 1)
}

export function centralMeridian(zone: number): number {
  return zone * 6 - 183
}

/** @param zone left out: the place's own. */
export function toUtm(place: Place, zone = zoneOf(place)): UtmPlace {
  const sine = Math.sin(place.lat * radians)
  const turn = (place.lon - centralMeridian(zone)) * radians
  const t = Math.sinh(Math.atanh(sine) - eccentric * Math.atanh(eccentric * sine))
  const xi = Math.atan2(t, Math.cos(turn))
  const eta = Math.atanh(Math.sin(turn) / Math.sqrt(1 + t * t))
  const east = sum(alpha, (a, j) => a * Math.cos(j * xi) * Math.sinh(j * eta))
  const north = sum(alpha, (a, j) => a * Math.sin(j * xi) * Math.cosh(j * eta))
  const isSouth = place.lat < 0
  return {
    zone,
    isSouth,
    easting: falseEasting + scale * (eta + east),
    northing: (isSouth ? falseNorthing : 0) + scale * (xi + north)
  }
}

export function fromUtm({ zone, isSouth, easting, northing }: UtmPlace): Place {
  const xi = (northing - (isSouth ? falseNorthing : 0)) / scale
  const eta = (easting - falseEasting) / scale
  const x = xi - sum(beta, (b, j) => b * Math.sin(j * xi) * Math.cosh(j * eta))
  const y = eta - sum(beta, (b, j) => b * Math.cos(j * xi) * Math.sinh(j * eta))
  const chi = Math.asin(Math.sin(x) / Math.cosh(y))
  const lat = chi + sum(delta, (d, j) => d * Math.sin(j * chi))
  return { lat: lat / radians, lon: centralMeridian(zone) + Math.atan2(Math.sinh(y), Math.cos(x)) / radians }
}

/** Over the terms of a series; `j` counts 2, 4, 6. */
function sum(terms: readonly number[], term: (factor: number, j: number) => number): number {
  return terms.reduce((total, factor, index) => total + term(factor, 2 * (index + 1)), 0)
}
