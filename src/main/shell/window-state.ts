/** Where the window was: kept in a small file beside the data, and clamped to a screen that exists. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Rectangle } from 'electron'
import * as v from 'valibot'
import type { Log } from '../engine/index.js'

export interface WindowState {
  readonly x?: number | undefined
  readonly y?: number | undefined
  readonly width: number
  readonly height: number
  readonly isMaximized: boolean
}

export const leastSize = { width: 1024, height: 640 } as const
const usual: WindowState = { width: 1366, height: 768, isMaximized: false }

/** Of a title bar at least this much must be reachable, in pixels. */
const grip = 64

const Pixels = v.pipe(v.number(), v.integer(), v.minValue(-100_000), v.maxValue(100_000))
const StateSchema = v.object({
  x: v.optional(Pixels),
  y: v.optional(Pixels),
  width: Pixels,
  height: Pixels,
  isMaximized: v.boolean()
})

/**
 * @param areas of each screen what windows may use, the main screen first. Pure.
 * @returns a place that can be reached and fits; without `x` and `y`: wherever the system likes.
 */
export function clampState(state: WindowState, areas: readonly Rectangle[]): WindowState {
  const { x, y, isMaximized } = state
  const at = x === undefined || y === undefined ? undefined : { ...state, x, y }
  const area = at === undefined ? areas[0] : areas.find((one) => holdsGrip(one, at))
  const room = area ?? areas[0]
  const width = fit(state.width, leastSize.width, room?.width)
  const height = fit(state.height, leastSize.height, room?.height)
  if (at === undefined || area === undefined) return { width, height, isMaximized }
  return {
    x: Math.max(area.x, Math.min(at.x, area.x + area.width - width)),
    y: Math.max(area.y, Math.min(at.y, area.y + area.height - height)),
    width,
    height,
    isMaximized
  }
}

/** At 200 % a screen can be smaller than the least size: then the screen wins. */
export function leastSizeIn(area: Pick<Rectangle, 'width' | 'height'> | undefined): {
  readonly width: number
  readonly height: number
} {
  return {
    width: Math.min(leastSize.width, area?.width ?? leastSize.width),
    height: Math.min(leastSize.height, area?.height ?? leastSize.height)
  }
}

function holdsGrip(area: Rectangle, at: { readonly x: number; readonly y: number; readonly width: number }): boolean {
  const seen = Math.min(at.x + at.width, area.x + area.width) - Math.max(at.x, area.x)
  return seen >= grip && at.y >= area.y - grip && at.y <= area.y + area.height - grip
}

function fit(size: number, least: number, most = Number.POSITIVE_INFINITY): number {
  return Math.min(Math.max(size, least), most)
}

/** A damaged file costs the window its place, nothing more. */
export function readState(path: string, log: Log): WindowState {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return usual // The first start.
  }
  try {
    return v.parse(StateSchema, JSON.parse(text))
  } catch (error) {
    log('warn', 'window-state-damaged', { path, error: String(error).slice(0, 200) })
    return usual
  }
}

export function writeState(path: string, state: WindowState, log: Log): void {
  const temporary = `${path}.new`
  try {
    writeFileSync(temporary, `${JSON.stringify(state)}\n`, { mode: 0o600, flush: true })
    renameSync(temporary, path)
  } catch (error) {
    log('warn', 'window-state-not-kept', { path, error: String(error) })
  }
}
