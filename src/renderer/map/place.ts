/** Coordinates as people write and read them: MGRS, and latitude and longitude. Pure. */
import { forward, toPoint } from 'mgrs'
import { centralMeridian, type Place } from './utm'

/** `33T UL 91924 78430`; near the poles, where MGRS has another grid, latitude and longitude. */
export function printMgrs(place: Place): string {
  if (place.lat < -80 || place.lat >= 84) return printLatLon(place)
  const [, zone = '', square = '', digits = ''] =
    /^(\d+[A-Z])([A-Z]{2})(\d+)$/.exec(forward([wrapped(place.lon), place.lat])) ?? []
  return `${zone} ${square} ${digits.slice(0, digits.length / 2)} ${digits.slice(digits.length / 2)}`
}

/** `45.8467° N, 13.6089° E`: about 10 m. */
export function printLatLon(place: Place): string {
  const [lat, lon] = [place.lat, wrapped(place.lon)].map((degrees) => Number(degrees.toFixed(4))) as [number, number]
  return `${Math.abs(lat).toFixed(4)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(4)}° ${lon < 0 ? 'W' : 'E'}`
}

/** What a person typed: MGRS in any spacing, or latitude and longitude in degrees, minutes and seconds; else `undefined`. */
export function parsePlace(text: string): Place | undefined {
  return parseMgrs(text) ?? parseLatLon(text)
}

const bands = 'CDEFGHJKLMNPQRSTUVWX'
const columns = ['ABCDEFGH', 'JKLMNPQR', 'STUVWXYZ']

function parseMgrs(text: string): Place | undefined {
  const plain = text.toUpperCase().replace(/\s+/g, '')
  const match = /^0?(\d{1,2})([C-HJ-NP-X])([A-HJ-NP-Z])([A-HJ-NP-V])(\d{0,10})$/.exec(plain)
  if (match === null) return undefined
  const [, zone = '', band = '', column = '', row = '', digits = ''] = match
  if (digits.length % 2 !== 0 || columns[(Number(zone) - 1) % 3]?.includes(column) !== true) return undefined
  try {
    const [lon, lat] = toPoint(zone + band + column + row + digits)
    // The library moves a square that its zone and band do not have; a square may reach a little over both.
    const south = -80 + 8 * bands.indexOf(band)
    const isInBand = lat > south - 1 && lat < south + (band === 'X' ? 13 : 9)
    const apart = Math.abs(wrapped(lon - centralMeridian(Number(zone))))
    return isInBand && Number(zone) <= 60 && apart < 9 ? { lat, lon: wrapped(lon) } : undefined
  } catch {
    return undefined
  }
}

const angle = String.raw`([+-]?\d+(?:[.,]\d+)?)\s*°?\s*(?:(\d+(?:[.,]\d+)?)\s*['′]\s*)?(?:(\d+(?:[.,]\d+)?)\s*["″]\s*)?`
// Letters before both or behind both. "O" is not among them: east to some, west to others.
const pairs = [`([NSEW])?\\s*${angle}()`, `()${angle}([NSEW])?`].map(
  (part) => new RegExp(String.raw`^\s*${part}\s*[,;\s]\s*${part}\s*$`, 'i')
)

function parseLatLon(text: string): Place | undefined {
  const match = pairs.map((pair) => pair.exec(text)).find((found) => found !== null)
  if (match === undefined) return undefined
  const first = degrees(match.slice(1, 6))
  const second = degrees(match.slice(6, 11))
  if (first === undefined || second === undefined) return undefined
  const isTurned = first.axis === 'lon' || second.axis === 'lat'
  if (isTurned && (first.axis === 'lat' || second.axis === 'lon')) return undefined
  const [lat, lon] = isTurned ? [second.value, first.value] : [first.value, second.value]
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined
}

function degrees([before, whole, minutes, seconds, after]: readonly (string | undefined)[]) {
  const letter = (before || after || '').toUpperCase()
  const [d, m, s] = [whole, minutes, seconds].map((text) => Number((text ?? '0').replace(',', '.')))
  if (d === undefined || m === undefined || s === undefined || m >= 60 || s >= 60) return undefined
  const size = Math.abs(d) + m / 60 + s / 3600
  const isNegative = (whole ?? '').startsWith('-')
  // "-13° W" says it twice, and could mean either.
  if (isNegative && letter !== '') return undefined
  const axis = letter === '' ? undefined : letter === 'N' || letter === 'S' ? ('lat' as const) : ('lon' as const)
  return { value: isNegative || letter === 'S' || letter === 'W' ? -size : size, axis }
}

/** A map that was turned around the world counts on. */
function wrapped(lon: number): number {
  return ((((lon + 180) % 360) + 360) % 360) - 180
}
