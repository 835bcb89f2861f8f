/** What MapLibre draws, from below: the outline of the world, the opened file, the grid, then what is in the mission. Pure. */
import type {
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
  SymbolLayerSpecification
} from 'maplibre-gl'
import type { MapFileSummary } from '@shared/model'
import type { MapLook } from './map-look'

export type Features = GeoJSON.FeatureCollection
export const nothing: Features = { type: 'FeatureCollection', features: [] }

/** Sources that the surface fills. */
export const sources = ['land', 'borders', 'grid', 'shapes', 'items', 'people', 'chosen', 'draft'] as const
export type SourceName = (typeof sources)[number]

/** Of the scheme that the surface answers itself. */
export const tileScheme = 'muster-map'
const font = ['IBM Plex Sans Variable']

export function mapStyle(
  look: MapLook,
  file: MapFileSummary | undefined,
  data: Readonly<Record<SourceName, Features>>
): StyleSpecification {
  const held = sources.map((name): [string, SourceSpecification] => [
    name,
    {
      type: 'geojson',
      data: data[name],
      ...(name === 'items' ? { cluster: true, clusterRadius: 36, clusterMaxZoom: 15 } : {})
    }
  ])
  return {
    version: 8,
    sources: { ...Object.fromEntries(held), ...(file === undefined ? {} : { file: fileSource(file) }) },
    layers: [
      { id: 'water', type: 'background', paint: { 'background-color': look.water } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': look.land, 'fill-antialias': false } },
      { id: 'borders', type: 'line', source: 'borders', paint: { 'line-color': look.contour } },
      { id: 'coast', type: 'line', source: 'land', paint: { 'line-color': look.number, 'line-width': 0.8 } },
      ...(file === undefined ? [] : fileLayers(file, look)),
      { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': look.grid } },
      ...missionLayers(look)
    ]
  }
}

function fileSource({ id, tiles, minZoom, maxZoom, bounds, attribution }: MapFileSummary): SourceSpecification {
  const place = {
    tiles: [`${tileScheme}://${id}/{z}/{x}/{y}`],
    minzoom: minZoom,
    maxzoom: maxZoom,
    bounds: [...bounds] as [number, number, number, number],
    attribution
  }
  return tiles === 'raster' ? { type: 'raster', tileSize: 256, ...place } : { type: 'vector', ...place }
}

function fileLayers(file: MapFileSummary, look: MapLook): LayerSpecification[] {
  if (file.tiles === 'vector') return vectorLayers(file.layers, look)
  const dark = { 'raster-brightness-max': look.mono === undefined ? 0.55 : 0.22, 'raster-saturation': -0.4 }
  return [
    { id: 'file', type: 'raster', source: 'file', paint: { 'raster-fade-duration': 0, ...(look.isDark ? dark : {}) } }
  ]
}

/** Layers by the names that Protomaps and OpenMapTiles give them; one of another name is drawn as thin lines. */
function vectorLayers(names: readonly string[], look: MapLook): LayerSpecification[] {
  const of = (layer: string) => ({ id: `file-${layer}`, source: 'file', 'source-layer': layer })
  const line = (layer: string, color: string, width: number): LayerSpecification => ({
    ...of(layer),
    type: 'line',
    paint: { 'line-color': color, 'line-width': width }
  })
  const fill = (layer: string, color: string): LayerSpecification => ({
    ...of(layer),
    type: 'fill',
    filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': color }
  })
  const ranks: [rank: number, layer: LayerSpecification][] = []
  for (const name of names) {
    if (name === 'earth') ranks.push([0, fill(name, look.land)])
    else if (/^(landuse|landcover|park|natural)$/.test(name)) ranks.push([1, fill(name, look.wood)])
    else if (name === 'water') ranks.push([2, fill(name, look.water)])
    else if (/contour/.test(name)) ranks.push([3, line(name, look.contour, 0.8)])
    else if (/^buildings?$/.test(name)) ranks.push([4, fill(name, look.contour)])
    else if (/^(roads|transportation)$/.test(name)) {
      ranks.push([5, { ...line(name, look.casing, 4), id: `file-${name}-casing` }], [6, line(name, look.road, 2.4)])
    } else if (/^places?$/.test(name)) {
      ranks.push([
        8,
        {
          ...of(name),
          type: 'symbol',
          layout: { 'text-field': ['coalesce', ['get', 'name'], ''], 'text-font': font, 'text-size': 14 },
          paint: textPaint(look)
        }
      ])
    } else if (!/name|label|poi/.test(name)) ranks.push([7, line(name, look.casing, 0.8)])
  }
  return ranks.sort(([a], [b]) => a - b).map(([, layer]) => layer)
}

const textPaint = (look: MapLook) => ({
  'text-color': look.label,
  'text-halo-color': look.land,
  'text-halo-width': 1.6
})

function missionLayers(look: MapLook): LayerSpecification[] {
  const label: SymbolLayerSpecification['layout'] = {
    'text-field': ['get', 'title'],
    'text-font': font,
    'text-size': 13,
    'text-optional': true,
    'text-max-width': 12
  }
  const below: SymbolLayerSpecification['layout'] = { ...label, 'text-anchor': 'top', 'text-offset': [0, 1.2] }
  const icon: SymbolLayerSpecification['layout'] = {
    'icon-image': ['get', 'icon'],
    'icon-allow-overlap': true,
    'icon-ignore-placement': true
  }
  const color: ExpressionSpecification = ['get', 'color']
  return [
    {
      id: 'areas',
      type: 'fill',
      source: 'shapes',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': color, 'fill-opacity': look.mono === undefined ? 0.14 : 0.2 }
    },
    { id: 'lines', type: 'line', source: 'shapes', paint: { 'line-color': color, 'line-width': 3 } },
    { id: 'shape-labels', type: 'symbol', source: 'shapes', layout: label, paint: textPaint(look) },
    {
      id: 'clusters',
      type: 'circle',
      source: 'items',
      filter: ['has', 'point_count'],
      paint: {
        'circle-color': look.ink,
        'circle-radius': ['step', ['get', 'point_count'], 14, 20, 18, 200, 23],
        'circle-stroke-color': look.sheet,
        'circle-stroke-width': 2
      }
    },
    {
      id: 'cluster-counts',
      type: 'symbol',
      source: 'items',
      filter: ['has', 'point_count'],
      layout: {
        'text-field': ['get', 'point_count_abbreviated'],
        'text-font': font,
        'text-size': 13,
        'text-allow-overlap': true
      },
      paint: { 'text-color': look.sheet }
    },
    {
      id: 'items',
      type: 'symbol',
      source: 'items',
      filter: ['!', ['has', 'point_count']],
      layout: { ...icon, ...below },
      paint: textPaint(look)
    },
    {
      id: 'people',
      type: 'symbol',
      source: 'people',
      layout: { ...icon, ...below },
      // A lost one keeps its symbol, pale, with the time of its last position in its title.
      paint: { ...textPaint(look), 'icon-opacity': ['case', ['get', 'isLost'], 0.35, 1] }
    },
    {
      id: 'chosen',
      type: 'circle',
      source: 'chosen',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-radius': 20, 'circle-opacity': 0, 'circle-stroke-color': look.focus, 'circle-stroke-width': 3 }
    },
    {
      id: 'chosen-line',
      type: 'line',
      source: 'chosen',
      paint: { 'line-color': look.focus, 'line-width': 6, 'line-opacity': 0.55 }
    },
    {
      id: 'draft-area',
      type: 'fill',
      source: 'draft',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': look.accent, 'fill-opacity': 0.15 }
    },
    {
      id: 'draft-line',
      type: 'line',
      source: 'draft',
      paint: { 'line-color': look.accent, 'line-width': 3, 'line-dasharray': [2, 1] }
    },
    {
      id: 'draft-points',
      type: 'circle',
      source: 'draft',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 5,
        'circle-color': look.sheet,
        'circle-stroke-color': look.accent,
        'circle-stroke-width': 3
      }
    }
  ]
}
