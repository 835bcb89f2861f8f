import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import type { MissionSummary } from '@shared/model'
import { ownPosition, positionOf } from '../facts/position'
import type { Position } from '../map/map-features'
import { useFeedStore } from '../stores/feed'
import { useNow } from './use-now'

const agedMs = 30_000

/** Where members are; who is not heard any more stays where they were last, for as long as the map is open. */
export function usePositions(mission: () => MissionSummary) {
  const feed = useFeedStore()
  const clock = useNow()
  const positions = shallowRef<readonly Position[]>([])
  let asked = 0

  async function refresh(): Promise<void> {
    const turn = ++asked
    const answer = await feed.call('listPresence', { missionId: mission().id })
    if (turn !== asked || !answer.ok) return
    const { presence, takenBack } = answer.value
    const now = Date.now()
    const live = presence.flatMap((view) => positionOf(view, now) ?? [])
    const known = new Set([...live, ...takenBack.filter(({ key }) => key === 'position')].map(({ source }) => source))
    const lost = positions.value
      .filter(({ source, isOwn }) => !isOwn && !known.has(source))
      .map((one) => ({ ...one, isLost: true }))
    positions.value = [...live, ...lost]
  }

  watch([() => mission().id, () => mission().presenceVersion], () => void refresh(), { immediate: true })
  // Nothing is said when the time of a position is over.
  const timer = setInterval(() => void refresh(), agedMs)
  onScopeDispose(() => clearInterval(timer))
  return { positions, own: computed(() => ownPosition(positions.value, clock.value)) }
}
