/**
 * The map itself: MapLibre behind the few words that the window uses. It asks for nothing by itself: tiles come through
 * the engine, the outline and fonts are in the build, and any other address is refused before a request is made.
 */
import { addProtocol, Map as LibreMap, removeProtocol, setWorkerUrl } from 'maplibre-gl'
import type { GeoJSONSource, MapMouseEvent, RequestParameters } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import type { MapFileSummary } from '@shared/model'
import { gridOver, type Box, type GridLine } from './grid'
import { gridFeatures, readIcon } from './map-features'
import type { MapLook } from './map-look'
import { mapStyle, nothing, sources, tileScheme, type Features, type SourceName } from './map-style'
import { drawSymbol } from './symbol-image'
import type { Place } from './utm'
import { readWorld } from './world'

export interface View {
  readonly box: Box
  readonly middle: Place
  readonly zoom: number
  readonly metresPerPixel: number
}

export interface SurfaceParts {
  readonly look: MapLook
  readonly tile: (map: string, z: number, x: number, y: number, signal: AbortSignal) => Promise<ArrayBuffer | undefined>
  /** Says what is seen when it is still again. */
  readonly onStill: (view: View) => void
  /** Whether something of what should be there is not drawn yet. */
  readonly onBusy: (isBusy: boolean) => void
  /** While it moves, once a frame. */
  readonly onMove: () => void
  /** @param uid of the item there. */
  readonly onPress: (place: Place, uid: string | undefined) => void
  /** A part of the map cannot be drawn. */
  readonly onProblem: (detail: string) => void
  readonly onPointer: (place: Place | undefined) => void
}

const pressWithin = 8
const zoomMost = 19
const selectable = ['items', 'lines', 'areas']

setWorkerUrl(workerUrl)

/** Whether this machine can draw it. */
export function hasWebGl(): boolean {
  const context = document.createElement('canvas').getContext('webgl2')
  context?.getExtension('WEBGL_lose_context')?.loseContext()
  return context !== null
}

export class MapSurface {
  readonly #map: LibreMap
  readonly #parts: SurfaceParts
  #file: MapFileSummary | undefined
  #grid: readonly GridLine[] = []
  #isEnded = false
  readonly #data: Record<SourceName, Features> = Object.fromEntries(sources.map((name) => [name, nothing])) as Record<
    SourceName,
    Features
  >

  /** Throws where WebGL does not work after all. */
  constructor(container: HTMLElement, start: { readonly middle: Place; readonly zoom: number }, parts: SurfaceParts) {
    this.#parts = parts
    addProtocol(tileScheme, (request, abort) => this.#tile(request, abort.signal))
    this.#map = new LibreMap({
      container,
      style: mapStyle(parts.look, undefined, this.#data),
      center: [start.middle.lon, start.middle.lat],
      zoom: start.zoom,
      maxZoom: zoomMost,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      attributionControl: false,
      fadeDuration: 0,
      // Labels of different sources may touch; working out that they do not would take longer than a frame.
      crossSourceCollisions: false,
      // Keys are the window's own (map keys of the look); MapLibre's would turn and tilt.
      keyboard: false,
      transformRequest: (url) => ({ url: url.startsWith(`${tileScheme}://`) ? url : `${tileScheme}://refused` })
    })
    this.#map.touchZoomRotate.disableRotation()
    const canvas = this.#map.getCanvas()
    // The stage around it is what people and their screen readers meet.
    for (const name of ['role', 'aria-label', 'tabindex']) canvas.removeAttribute(name)
    canvas.setAttribute('aria-hidden', 'true')
    this.#listen()
    void readWorld().then(({ land, borders }) => {
      this.set('land', land)
      this.set('borders', borders)
    })
  }

  get view(): View {
    const { lat, lng } = this.#map.getCenter()
    const bounds = this.#map.getBounds()
    const turn = Math.round(lng / 360) * 360
    return {
      box: [bounds.getWest() - turn, bounds.getSouth(), bounds.getEast() - turn, bounds.getNorth()],
      middle: { lat, lon: lng - turn },
      zoom: this.#map.getZoom(),
      metresPerPixel: (40_075_017 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** this.#map.getZoom())
    }
  }

  get grid(): readonly GridLine[] {
    return this.#grid
  }

  project({ lat, lon }: Place): { readonly x: number; readonly y: number } {
    return this.#map.project([lon, lat])
  }

  set(name: SourceName, features: Features): void {
    this.#data[name] = features
    // What is drawn anew meanwhile has it from there.
    this.#map
      .getSource<GeoJSONSource>(name)
      ?.setData(features)
      .catch(() => undefined)
  }

  /** Another theme or another map below. */
  dress(look: MapLook, file: MapFileSummary | undefined): void {
    this.#file = file
    this.#map.setStyle(mapStyle(look, file, this.#data))
  }

  goTo({ lat, lon }: Place, zoom = this.#map.getZoom()): void {
    this.#map.jumpTo({ center: [lon, lat], zoom })
  }

  fit([west, south, east, north]: Box): void {
    this.#map.fitBounds([west, south, east, north], { padding: 56, maxZoom: 15, animate: false })
  }

  zoomBy(steps: number): void {
    this.#map.zoomTo(this.#map.getZoom() + steps, { animate: false })
  }

  panBy(x: number, y: number): void {
    this.#map.panBy([x, y], { animate: false })
  }

  setCursor(isDrawing: boolean): void {
    this.#map.getCanvas().style.cursor = isDrawing ? 'crosshair' : ''
  }

  resize(): void {
    this.#map.resize()
  }

  end(): void {
    this.#isEnded = true
    this.#map.remove()
    removeProtocol(tileScheme)
  }

  #listen(): void {
    const map = this.#map
    const placeOf = ({ lngLat }: MapMouseEvent): Place => ({ lat: lngLat.lat, lon: lngLat.wrap().lng })
    map.setMissingStyleImageResolver((id) => this.#draw(id))
    map.on('error', ({ error }) => {
      if (!(error instanceof NoTile) && !this.#isEnded) this.#parts.onProblem(error.message)
    })
    map.on('idle', () => this.#parts.onBusy(false))
    map.on('dataloading', () => this.#parts.onBusy(true))
    map.on('move', () => this.#parts.onMove())
    map.on('moveend', () => this.#still())
    map.on('resize', () => this.#still())
    map.on('load', () => this.#still())
    map.on('mousemove', (event) => this.#parts.onPointer(placeOf(event)))
    map.on('mouseout', () => this.#parts.onPointer(undefined))
    map.on('click', (event) => {
      const { x, y } = event.point
      const around: [[number, number], [number, number]] = [
        [x - pressWithin, y - pressWithin],
        [x + pressWithin, y + pressWithin]
      ]
      const [cluster] = map.queryRenderedFeatures(around, { layers: ['clusters'] })
      const [found] = map.queryRenderedFeatures(around, { layers: selectable })
      const uid: unknown = found?.properties['uid']
      if (cluster !== undefined && cluster.geometry.type === 'Point' && found === undefined)
        void this.#openCluster(Number(cluster.properties['cluster_id']), cluster.geometry.coordinates)
      else this.#parts.onPress(placeOf(event), typeof uid === 'string' ? uid : undefined)
    })
  }

  async #openCluster(id: number, [lon = 0, lat = 0]: readonly number[]): Promise<void> {
    const zoom = await this.#map.getSource<GeoJSONSource>('items')?.getClusterExpansionZoom(id)
    if (!this.#isEnded && zoom !== undefined) this.goTo({ lat, lon }, zoom)
  }

  #still(): void {
    if (this.#isEnded) return
    const { view } = this
    this.#grid = gridOver(view.box, view.metresPerPixel)
    this.set('grid', gridFeatures(this.#grid))
    this.#parts.onMove()
    this.#parts.onStill(view)
  }

  #draw(icon: string): void {
    if (this.#map.hasImage(icon)) return
    const ratio = Math.max(1, devicePixelRatio)
    const { canvas } = drawSymbol(readIcon(icon), ratio)
    const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height)
    if (data !== undefined) this.#map.addImage(icon, data, { pixelRatio: ratio })
  }

  async #tile({ url }: RequestParameters, signal: AbortSignal): Promise<{ data: ArrayBuffer }> {
    const [, id, z, x, y] = /^[a-z-]+:\/\/([0-9a-f]+)\/(\d+)\/(\d+)\/(\d+)$/.exec(url) ?? []
    if (id === undefined) throw new Error('an address that is not of this window')
    const bytes = await this.#parts.tile(id, Number(z), Number(x), Number(y), signal)
    if (bytes !== undefined) return { data: bytes }
    // A map has holes. There a vector tile is empty, and of a picture the one below is drawn larger.
    if (this.#file?.tiles === 'vector') return { data: new ArrayBuffer(0) }
    throw new NoTile()
  }
}

class NoTile extends Error {}
