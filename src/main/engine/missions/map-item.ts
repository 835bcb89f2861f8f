/** What a map needs of an item, from the values in its fields (docs/protocol/missions.md, "What is in a mission"). Pure. */
import * as v from 'valibot'
import type { Json, MapItem } from '@shared/model.js'

const lat = v.pipe(v.number(), v.minValue(-90), v.maxValue(90))
const lon = v.pipe(v.number(), v.minValue(-180), v.maxValue(180))
const Point = v.object({ lat, lon })
const Points = v.pipe(v.array(v.tuple([lat, lon])), v.minLength(2), v.maxLength(2_000))
const Color = v.pipe(v.string(), v.regex(/^#[0-9a-f]{6}$/i))
const Uid = v.pipe(v.string(), v.minLength(1), v.maxLength(128))

/** Of an item, the fields that a map looks at. */
export const mapFields: ReadonlySet<string> = new Set([
  ...['type', 'title', 'point', 'points', 'closed', 'color', 'stale', 'layer']
])

export interface CurrentValue {
  readonly value: Json
  /** The author's claim. */
  readonly at: number
}

/**
 * Of several current values the one with the newest claim is shown, and the item says that they conflict. A value that
 * is not as the table wants it counts as absent.
 */
export function mapItem(
  uid: string,
  by: string,
  createdAt: number,
  fields: ReadonlyMap<string, readonly CurrentValue[]>
): MapItem {
  const newest = (field: string): Json =>
    (fields.get(field) ?? []).reduce<CurrentValue | undefined>(
      (best, one) => (best === undefined || one.at > best.at ? one : best),
      undefined
    )?.value ?? null
  const all = [...fields.values()]
  const point = parsed(Point, newest('point'))
  const points = parsed(Points, newest('points'))
  const color = parsed(Color, newest('color'))
  const stale = parsed(v.pipe(v.number(), v.safeInteger()), newest('stale'))
  const layer = parsed(Uid, newest('layer'))
  return {
    uid,
    type: text(newest('type'), 64),
    title: text(newest('title'), 200),
    ...(point === undefined ? {} : { point: [point.lat, point.lon] }),
    ...(points === undefined ? {} : { points }),
    ...(points !== undefined && points.length > 2 && newest('closed') === true ? { closed: true } : {}),
    ...(color === undefined ? {} : { color }),
    ...(stale === undefined ? {} : { stale }),
    ...(layer === undefined ? {} : { layer }),
    ...(all.some(areDifferent) ? { conflict: true } : {}),
    by,
    at: Math.max(createdAt, ...all.flat().map(({ at }) => at))
  }
}

/** West, south, east, north in degrees; west beyond east goes over the antimeridian. */
export type Box = readonly [west: number, south: number, east: number, north: number]

/** Whether some of it may be in the box; a line counts by the box around it. */
export function isInBox({ point, points = [] }: MapItem, [west, south, east, north]: Box): boolean {
  const places = point === undefined ? points : [...points, point]
  if (places.length === 0) return false
  let [s, n, w, e] = [90, -90, 180, -180]
  for (const [y, x] of places) {
    s = Math.min(s, y)
    n = Math.max(n, y)
    w = Math.min(w, x)
    e = Math.max(e, x)
  }
  if (n < south || s > north) return false
  return west <= east ? e >= west && w <= east : e >= west || w <= east
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, value: Json): T | undefined {
  const found = v.safeParse(schema, value, { abortEarly: true })
  return found.success ? found.output : undefined
}

function text(value: Json, most: number): string {
  return typeof value === 'string' ? value.slice(0, most) : ''
}

function areDifferent(values: readonly CurrentValue[]): boolean {
  return new Set(values.map(({ value }) => JSON.stringify(value))).size > 1
}
