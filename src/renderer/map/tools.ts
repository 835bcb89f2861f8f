/** What a press on the map does. */
export type MapTool = 'pan' | 'point' | 'line' | 'area' | 'measure' | 'move' | 'share'

export function isDrawing(tool: MapTool): boolean {
  return tool !== 'pan'
}

/** How many places make one: a point is placed anew by another press. */
export function leastPlaces(tool: MapTool): number {
  return tool === 'area' ? 3 : tool === 'line' || tool === 'measure' ? 2 : 1
}

/** The most that a line of a mission holds. */
export const placesMost = 2_000
