import { shallowRef, watch, type ShallowRef } from 'vue'
import type { MissionSummary, MissionView } from '@shared/model'
import { useMissionsStore } from '../stores/missions'

/** The parts of a mission that the overview does not carry, asked for again whenever the mission has changed. */
export function useMissionView(summary: () => MissionSummary | undefined): ShallowRef<MissionView | undefined> {
  const missions = useMissionsStore()
  const view = shallowRef<MissionView>()
  let asked = 0
  watch(
    () => [summary()?.id, summary()?.version] as const,
    async ([id]) => {
      const turn = ++asked
      if (view.value?.id !== id) view.value = undefined
      if (id === undefined) return
      const result = await missions.view(id)
      if (turn === asked && result.ok) view.value = result.value
    },
    { immediate: true }
  )
  return view
}
