/** Numbers of the grid along the upper and the right edge, drawn anew while the map moves. */
import type { GridLine } from './grid'
import type { MapLook } from './map-look'
import type { Place } from './utm'

export interface Projection {
  readonly grid: readonly GridLine[]
  project(place: Place): { readonly x: number; readonly y: number }
}

const edge = 14
const font = "500 12px 'IBM Plex Mono', ui-monospace, monospace"

export function drawGridNumbers(canvas: HTMLCanvasElement, projection: Projection, look: MapLook): void {
  const { clientWidth: width, clientHeight: height } = canvas
  const ratio = Math.max(1, devicePixelRatio)
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio)
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
  const context = canvas.getContext('2d')
  if (context === null) return
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.font = font
  context.textBaseline = 'middle'
  context.lineWidth = 3
  context.lineJoin = 'round'
  context.strokeStyle = look.land
  context.fillStyle = look.number
  for (const { places, runs, label } of projection.grid) {
    const points = places.map((place) => projection.project(place))
    const at = runs === 'up' ? crossing(points, 'y', edge) : crossing(points, 'x', width - edge)
    if (at === undefined) continue
    context.textAlign = runs === 'up' ? 'left' : 'right'
    const [x, y] = runs === 'up' ? [at.x + 4, edge] : [width - 8, at.y - 9]
    if (x < 0 || x > width || y < 28 * Number(runs === 'across') || y > height) continue
    context.strokeText(label, x, y)
    context.fillText(label, x, y)
  }
}

interface Point {
  readonly x: number
  readonly y: number
}

function crossing(points: readonly Point[], axis: 'x' | 'y', value: number): Point | undefined {
  for (const [index, b] of points.entries()) {
    const a = points[index - 1]
    if (a === undefined || a[axis] === b[axis] || (a[axis] - value) * (b[axis] - value) > 0) continue
    const part = (value - a[axis]) / (b[axis] - a[axis])
    return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part }
  }
  return undefined
}
