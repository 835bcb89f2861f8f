/** The outline of the world (Natural Earth, 1:50 million), so that there is always something under a mission. */
import { feature, mesh } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import type { Features } from './map-style'

export interface World {
  readonly land: Features
  readonly borders: Features
}

type WorldTopology = Topology<{ countries: GeometryCollection; land: GeometryCollection }>

let read: Promise<World> | undefined

/** Read once, when the first map is opened. */
export function readWorld(): Promise<World> {
  read ??= readTopology()
  return read
}

async function readTopology(): Promise<World> {
  const { default: text } = await import('world-atlas/countries-50m.json?raw')
  const topology = JSON.parse(text) as WorldTopology
  // Each step is a task of its own: the window goes on answering in between.
  await pause()
  const land = onPlane(feature(topology, topology.objects.land))
  await pause()
  const geometry = mesh(topology, topology.objects.countries, (a, b) => a !== b)
  return { land, borders: { type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties: {} }] } }
}

/**
 * The atlas is drawn for a sphere: its rings go over the antimeridian, and around the pole. On a plane such a ring counts
 * on beyond 180°, and the one around the pole is closed along it.
 */
export function onPlane(land: Features): Features {
  const features = land.features.map((one) => {
    const { geometry } = one
    if (geometry.type === 'Polygon')
      return { ...one, geometry: { ...geometry, coordinates: geometry.coordinates.map(unrolled) } }
    if (geometry.type !== 'MultiPolygon') return one
    const coordinates = geometry.coordinates.map((polygon) => polygon.map(unrolled))
    return { ...one, geometry: { ...geometry, coordinates } }
  })
  return { ...land, features }
}

function unrolled(ring: readonly GeoJSON.Position[]): GeoJSON.Position[] {
  let turn = 0
  let before = ring[0]?.[0] ?? 0
  const places = ring.map(([lon = 0, lat = 0]) => {
    if (Math.abs(lon - before) > 180) turn += lon < before ? 360 : -360
    before = lon
    return [lon + turn, lat]
  })
  const [first, last] = [places[0], places.at(-1)]
  if (turn === 0 || first === undefined || last === undefined) return places
  const pole = (last[1] ?? 0) < 0 ? -90 : 90
  return [...places, [last[0] ?? 0, pole], [first[0] ?? 0, pole], first]
}

function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 0))
}
