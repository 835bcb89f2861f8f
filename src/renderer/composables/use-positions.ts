import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { MissionSummary, PresenceView } from '@shared/model'
import type { Position } from '../map/map-features'
import { useFeedStore } from '../stores/feed'

/** A position as members share it: degrees (WGS 84) under the key `position`. */
function positionOf({ source, callsign, value, at, isOwn }: PresenceView): Position | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { lat, lon } = value as { readonly lat?: unknown; readonly lon?: unknown }
  if (typeof lat !== 'number' || typeof lon !== 'number' || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined
  return { source, callsign, lat, lon, at, isOwn, isLost: false }
}

const agedMs = 30_000

/** Where members are; who is not heard any more stays where it was last, for as long as the map is open. */
export function usePositions(mission: () => MissionSummary): Readonly<ShallowRef<readonly Position[]>> {
  const feed = useFeedStore()
  const positions = shallowRef<readonly Position[]>([])
  let asked = 0

  async function refresh(): Promise<void> {
    const turn = ++asked
    const answer = await feed.call('listPresence', { missionId: mission().id })
    if (turn !== asked || !answer.ok) return
    const live = answer.value.presence.filter(({ key }) => key === 'position').flatMap((view) => positionOf(view) ?? [])
    const heard = new Set(live.map(({ source }) => source))
    const lost = positions.value.filter(({ source }) => !heard.has(source)).map((one) => ({ ...one, isLost: true }))
    positions.value = [...live, ...lost]
  }

  watch([() => mission().id, () => mission().presenceVersion], () => void refresh(), { immediate: true })
  // Nothing is said when the time of a position is over.
  const timer = setInterval(() => void refresh(), agedMs)
  onScopeDispose(() => clearInterval(timer))
  return positions
}
