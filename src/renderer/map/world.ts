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
  const land = feature(topology, topology.objects.land)
  await pause()
  const geometry = mesh(topology, topology.objects.countries, (a, b) => a !== b)
  return { land, borders: { type: 'FeatureCollection', features: [{ type: 'Feature', geometry, properties: {} }] } }
}

function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 0))
}
