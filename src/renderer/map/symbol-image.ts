/** Pictures of symbols, drawn once for each look: military ones by milsymbol, the others by us. */
import ms from 'milsymbol'
import type { Mark, Symbol } from './cot-symbol'

export interface SymbolLook {
  readonly symbol: Symbol
  /** Of a mark; a unit has the colours of its affiliation. */
  readonly color: string
  /** All in one colour: night red. */
  readonly mono?: string
  /** Behind a mark, so that it stands out on any map. */
  readonly ground: string
}

export interface SymbolPicture {
  readonly canvas: HTMLCanvasElement
  /** Of the canvas, for one pixel of the page. */
  readonly ratio: number
}

/** On a 20 × 20 grid: paths to fill or to stroke. */
const shapes: Readonly<Record<Mark, { readonly fill?: string; readonly stroke?: string }>> = {
  marker: {
    fill: 'M10 1a6.5 6.5 0 0 0-6.5 6.5C3.500 12.500 10 19 10 19s6.500-6.500 6.500-11.500A6.500 6.500 0 0 0 10 1z'
  },
  waypoint: { fill: 'M5 2h11l-3 4 3 4H7v9H5z' },
  casualty: { fill: 'M7.500 2h5v5.500H18v5h-5.500V18h-5v-5.500H2v-5h5.500z' },
  hazard: { stroke: 'M10 2.500 18.500 17.500H1.500zM10 8v4.500M10 14.500v.8' },
  camera: {
    stroke: 'M3 6.500h3l1.500-2h5l1.500 2h3v9H3zM10 8.200a2.700 2.700 0 1 0 0 5.400 2.700 2.700 0 0 0 0-5.400z'
  },
  note: { stroke: 'M4 3h12v14H4zM7 7.500h6M7 11h6' },
  line: { stroke: 'M2 14c4-8 7 2 10-3s3-5 6-5' },
  area: { stroke: 'M3 7l7-4 7 5-2 8H6z' }
}

const markSize = 20
const unitSize = 22

export function drawSymbol({ symbol, color, mono, ground }: SymbolLook, ratio: number): SymbolPicture {
  return symbol.kind === 'unit'
    ? { canvas: drawUnit(symbol.codes, mono, ratio), ratio }
    : { canvas: drawMark(symbol.mark, mono ?? color, ground, ratio), ratio }
}

function drawUnit(codes: readonly string[], mono: string | undefined, ratio: number): HTMLCanvasElement {
  const made = codes.map(
    (code) => new ms.Symbol(code, { size: unitSize, ...(mono === undefined ? {} : { monoColor: mono }) })
  )
  const drawn = made.find((symbol) => symbol.isValid()) ?? made.at(-1)
  if (drawn === undefined) throw new Error('a unit without a code')
  return drawn.asCanvas(ratio)
}

function drawMark(mark: Mark, color: string, ground: string, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  const side = markSize + 6
  canvas.width = canvas.height = side * ratio
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  context.scale(ratio, ratio)
  context.translate(3, 3)
  context.lineJoin = context.lineCap = 'round'
  const { fill, stroke } = shapes[mark]
  const path = new Path2D(fill ?? stroke)
  context.strokeStyle = ground
  context.lineWidth = 5
  context.stroke(path)
  context.strokeStyle = context.fillStyle = color
  if (fill !== undefined) context.fill(path)
  else {
    context.lineWidth = 2
    context.stroke(path)
  }
  return canvas
}
