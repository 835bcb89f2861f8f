/** Positions that members share: what is read of them, what is said, and what sharing the own one means. Pure. */
import type { Json, MissionSummary, PresenceView } from '@shared/model'
import { showName } from '../display/name'
import { amount, saying, type Saying } from './fact'
import type { Position } from '../map/map-features'
import { printMgrs } from '../map/place'
import type { Place } from '../map/utm'

/** The CoT word for a place that a human estimated. */
const byHand = 'h-g-i-g-o'
const minuteMs = 60_000
/** How long a position can be shared at once; the longest is the protocol's. */
export const shareChoices = { short: 15 * minuteMs, long: 60 * minuteMs } as const
export type ShareChoice = keyof typeof shareChoices

/** Taken back for as long as the protocol lets a word stand, so that who links later hears it. */
export const takeBackMs = shareChoices.long

/** Degrees (WGS 84) under the key `position`; anything else is none. @param now wall time of this laptop. */
export function positionOf(view: PresenceView, now: number): Position | undefined {
  const { source, callsign, value, at, isOwn, key, remainingMs } = view
  if (key !== 'position' || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { lat, lon, setAt, how } = value as Readonly<Record<string, Json>>
  if (typeof lat !== 'number' || typeof lon !== 'number' || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined
  const isSet = how === byHand && typeof setAt === 'number' && Math.abs(setAt) <= 8.64e15
  return {
    ...{ source, callsign, lat, lon, at, isOwn, isLost: false, endsAt: now + remainingMs },
    ...(isSet ? { setAt } : {})
  }
}

/** What is shared of a place that a person set. */
export function handSet({ lat, lon }: Place, now: number): Json {
  const round = (degrees: number) => Number(degrees.toFixed(7))
  return { lat: round(lat), lon: round(lon), how: byHand, setAt: now }
}

/** The own one, as long as it counts. */
export function ownPosition(positions: readonly Position[], now: number): Position | undefined {
  return positions.find(({ isOwn, endsAt }) => isOwn && endsAt > now)
}

/** The second line of a row. */
export function positionLine(position: Position, now: number): Saying {
  const mgrs = printMgrs(position)
  const { at, setAt, isLost } = position
  if (isLost) return saying('map.lastPosition', { at: amount('time', setAt ?? at), mgrs })
  const ago = amount('duration', Math.max(0, now - (setAt ?? at)))
  if (setAt !== undefined) return saying('map.positionSet', { at: amount('time', setAt), ago, mgrs })
  return saying('map.position', { ago, mgrs })
}

/** Every member may say where they are, also who may only read; but not from a folder that is only looked at. */
export function maySharePosition({ role, readOnly }: MissionSummary): boolean {
  return role !== undefined && readOnly === undefined
}

/** Who sees a position of this mission, before it is given. */
export function audienceOf({ holders, members }: MissionSummary): readonly Saying[] {
  const linked = holders.filter((one) => one.linked).map(({ callsign }) => showName(callsign))
  return [
    linked.length === 0
      ? saying('map.seenByNobody')
      : saying('map.seenBy', { names: linked.join(', ') }, linked.length),
    saying('map.seenByOthers', {}, members)
  ]
}
