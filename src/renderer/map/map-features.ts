/** Items, positions and drafts as the features that MapLibre takes. Pure. */
import type { MapItem } from '@shared/model'
import { symbolOf, type Symbol } from './cot-symbol'
import type { GridLine } from './grid'
import type { MapLook } from './map-look'
import type { Features } from './map-style'
import type { SymbolLook } from './symbol-image'
import type { Place } from './utm'

/** A position that a member shares, or shared last. */
export interface Position extends Place {
  readonly source: string
  readonly callsign: string
  /** Their claim. */
  readonly at: number
  /** When a person set it by hand; their claim. */
  readonly setAt?: number
  /** When its time is over, by this laptop's clock. */
  readonly endsAt: number
  readonly isOwn: boolean
  /** Its time is over, and nothing came since. */
  readonly isLost: boolean
}

/** The colours of pictures in a theme. */
export type IconLook = Pick<MapLook, 'ink' | 'sheet' | 'mono'>

/** How an item looks in a theme, as a text: the name of its picture, and all that is needed to draw it. */
export function iconOf({ type, points, closed, color }: MapItem, look: IconLook): string {
  return iconNamed(symbolOf(type, points !== undefined, closed === true), color ?? look.ink, look)
}

export function positionIcon(look: IconLook): string {
  return iconNamed(symbolOf('a-f-G-U-C'), look.ink, look)
}

function iconNamed(symbol: Symbol, color: string, { mono, sheet }: IconLook): string {
  return JSON.stringify({ symbol, color, ground: sheet, ...(mono === undefined ? {} : { mono }) } satisfies SymbolLook)
}

export function readIcon(icon: string): SymbolLook {
  // Only icons of ours are asked for.
  return JSON.parse(icon) as SymbolLook
}

/** @param usual the colour of lines without one. @param mono the one colour of everything. */
export function shapeFeatures(items: readonly MapItem[], usual: string, mono: string | undefined): Features {
  return collection(
    items.flatMap(({ uid, title, points, closed, color }) => {
      if (points === undefined) return []
      const line = points.map(([lat, lon]) => [lon, lat])
      const geometry: GeoJSON.Geometry =
        closed === true
          ? { type: 'Polygon', coordinates: [[...line, line[0] ?? []]] }
          : { type: 'LineString', coordinates: line }
      return [{ type: 'Feature', geometry, properties: { uid, title, color: mono ?? color ?? usual } }]
    })
  )
}

export function pointFeatures(items: readonly MapItem[], look: IconLook): Features {
  return collection(
    items.flatMap((item) =>
      item.point === undefined || item.points !== undefined
        ? []
        : [
            pointFeature(
              { lat: item.point[0], lon: item.point[1] },
              { uid: item.uid, title: item.title, icon: iconOf(item, look) }
            )
          ]
    )
  )
}

/** @param titleOf with the time, where it is lost. */
export function positionFeatures(
  positions: readonly Position[],
  titleOf: (position: Position) => string,
  look: IconLook
): Features {
  return collection(
    positions.map((position) =>
      pointFeature(position, { title: titleOf(position), icon: positionIcon(look), isLost: position.isLost })
    )
  )
}

export function chosenFeatures(item: MapItem | undefined, look: IconLook): Features {
  if (item === undefined) return collection([])
  if (item.points !== undefined) return shapeFeatures([item], '', undefined)
  return pointFeatures([item], look)
}

export function draftFeatures(places: readonly Place[], isArea: boolean): Features {
  const line = places.map(({ lat, lon }) => [lon, lat])
  const features: GeoJSON.Feature[] = places.map((place) => pointFeature(place, {}))
  if (isArea && line.length > 2)
    features.push({
      type: 'Feature',
      geometry: { type: 'Polygon', coordinates: [[...line, line[0] ?? []]] },
      properties: {}
    })
  else if (line.length > 1)
    features.push({ type: 'Feature', geometry: { type: 'LineString', coordinates: line }, properties: {} })
  return collection(features)
}

export function gridFeatures(lines: readonly GridLine[]): Features {
  return collection(
    lines.map(({ places }) => ({
      type: 'Feature',
      geometry: { type: 'LineString', coordinates: places.map(({ lat, lon }) => [lon, lat]) },
      properties: {}
    }))
  )
}

function pointFeature({ lat, lon }: Place, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties }
}

function collection(features: GeoJSON.Feature[]): Features {
  return { type: 'FeatureCollection', features }
}

/** Where an item is: its point, or the middle of its line. */
export function placeOf({ point, points }: MapItem): Place | undefined {
  const middle = point ?? points?.[points.length >> 1]
  return middle === undefined ? undefined : { lat: middle[0], lon: middle[1] }
}
