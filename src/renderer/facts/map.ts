/** What is said about things on the map. Pure. */
import type { MapItem } from '@shared/model'
import { areaTypes, itemColors, lineTypes, pointTypes, type ColorChoice } from '../map/cot-symbol'
import type { Box } from '../map/grid'
import { placeOf, type Position } from '../map/map-features'
import { area, bearing, distance, pathLength, showArea, showBearing, showDistance } from '../map/measure'
import type { MapTool } from '../map/tools'
import type { Place } from '../map/utm'
import { saying, type MessageKey, type Saying } from '../i18n'

export type DraftTool = Exclude<MapTool, 'pan' | 'move' | 'share'>
export type TypeChoice = keyof typeof pointTypes | keyof typeof lineTypes | keyof typeof areaTypes

export const typeWords: Readonly<Record<TypeChoice, MessageKey>> = {
  marker: 'map.type.marker',
  meeting: 'map.type.meeting',
  casualty: 'map.type.casualty',
  hazard: 'map.type.hazard',
  team: 'map.type.team',
  vehicle: 'map.type.vehicle',
  aircraft: 'map.type.aircraft',
  other: 'map.type.other',
  unknown: 'map.type.unknown',
  line: 'map.type.line',
  route: 'map.type.route',
  area: 'map.type.area'
}
export const colorWords: Readonly<Record<ColorChoice, MessageKey>> = {
  red: 'map.color.red',
  orange: 'map.color.orange',
  green: 'map.color.green',
  blue: 'map.color.blue',
  violet: 'map.color.violet',
  black: 'map.color.black'
}

/** Plain choices for what has this form, with the CoT type of each. */
export function typesFor(form: 'point' | 'line' | 'area'): Readonly<Partial<Record<TypeChoice, string>>> {
  return form === 'point' ? pointTypes : form === 'line' ? lineTypes : areaTypes
}

export function formOf({ points, closed }: MapItem): 'point' | 'line' | 'area' {
  return points === undefined ? 'point' : closed === true ? 'area' : 'line'
}

/** The plain choice that a CoT type is; `undefined` where somebody else's program was more exact. */
export function choiceOf(type: string, form: 'point' | 'line' | 'area'): TypeChoice | undefined {
  const found = Object.entries(typesFor(form)).find(([, cot]) => cot === type)
  return found?.[0] as TypeChoice | undefined
}

export function colorChoiceOf(color: string | undefined): ColorChoice | undefined {
  const found = Object.entries(itemColors).find(([, value]) => value === color?.toLowerCase())
  return found?.[0] as ColorChoice | undefined
}

/** The second line of a row: what it is, how large, by whom. */
export function itemLine(item: MapItem): Saying {
  const form = formOf(item)
  const choice = choiceOf(item.type, form)
  const places = (item.points ?? []).map(([lat, lon]) => ({ lat, lon }))
  const size = form === 'area' ? showArea(area(places)) : form === 'line' ? showDistance(pathLength(places)) : ''
  if (placeOf(item) === undefined) return saying('map.noPlace', { by: item.by })
  if (size !== '') return saying(form === 'area' ? 'map.areaLine' : 'map.lineLine', { by: item.by, size })
  return choice === undefined
    ? saying('map.typeLine', { by: item.by, type: item.type })
    : saying('map.byLine', { by: item.by })
}

/** What a measured line comes to. */
export function measured(places: readonly Place[]): readonly Saying[] {
  const [from, to] = places.slice(-2)
  if (from === undefined || to === undefined) return []
  const said = [
    saying('map.measureLength', { length: showDistance(pathLength(places)) }),
    saying('map.measureLeg', { length: showDistance(distance(from, to)), bearing: showBearing(bearing(from, to)) })
  ]
  return places.length < 3 ? said : [...said, saying('map.measureArea', { area: showArea(area(places)) })]
}

export const draftTitles: Readonly<Record<DraftTool, MessageKey>> = {
  point: 'map.newPoint',
  line: 'map.newLine',
  area: 'map.newArea',
  measure: 'map.measuring'
}

/** A box around everything that has a place; `undefined` when nothing has. */
export function boxAround(items: readonly MapItem[], positions: readonly Position[]): Box | undefined {
  let [west, south, east, north] = [180, 90, -180, -90]
  const take = (lat: number, lon: number) => {
    ;[west, south, east, north] = [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)]
  }
  for (const { point, points = [] } of items)
    for (const [lat, lon] of point ? [...points, point] : points) take(lat, lon)
  for (const { lat, lon } of positions) take(lat, lon)
  return west <= east ? [west, south, east, north] : undefined
}

/** Half as much again on each side, so that a small move needs no new question; not more than the world. */
export function padded([west, south, east, north]: Box): Box {
  const [w, h] = [(east - west) / 2, (north - south) / 2]
  const round = (degrees: number) => Number(degrees.toFixed(4))
  const [left, right] = east - west > 120 ? [-180, 180] : [turned(west - w), turned(east + w)]
  return [round(left), round(Math.max(-90, south - h)), round(right), round(Math.min(90, north + h))]
}

function turned(lon: number): number {
  return ((((lon + 180) % 360) + 360) % 360) - 180
}

export function isInside(inner: Box, [west, south, east, north]: Box): boolean {
  const isWide = west === -180 && east === 180
  const isTurned = west > east
  return inner[1] >= south && inner[3] <= north && (isWide || (!isTurned && inner[0] >= west && inner[2] <= east))
}

export function isSeen(item: MapItem, [west, south, east, north]: Box): boolean {
  const places = item.point === undefined ? (item.points ?? []) : [item.point]
  return places.some(
    ([lat, lon]) => lat >= south && lat <= north && [lon, lon + 360, lon - 360].some((x) => x >= west && x <= east)
  )
}
