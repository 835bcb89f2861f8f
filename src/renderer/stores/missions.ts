import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { MissionId, MissionSummary, WriteRequest } from '@shared/model'
import { sortMissions } from '../facts/mission-status'
import { useFeedStore } from './feed'

const mostOpen = 5

export const useMissionsStore = defineStore('missions', () => {
  const feed = useFeedStore()
  const list = computed(() => feed.overview?.missions ?? [])
  const sorted = computed(() => sortMissions(list.value))
  const openIds = ref<readonly string[]>([])

  /** The rail keeps the missions opened last; opening one again does not move the others about. */
  function open(id: string): void {
    if (!openIds.value.includes(id)) openIds.value = [...openIds.value, id].slice(-mostOpen)
  }

  return {
    list,
    sorted,
    open,
    opened: computed(() => {
      const chosen = openIds.value.flatMap((id) => list.value.find((mission) => mission.id === id) ?? [])
      const rest = sorted.value.filter((mission) => !openIds.value.includes(mission.id))
      return [...chosen, ...rest].slice(0, mostOpen)
    }),
    conflicts: computed(() => list.value.reduce((sum, mission) => sum + mission.conflicts, 0)),
    find: (id: string) => list.value.find((mission) => mission.id === id),
    create: (
      name: string,
      description: string,
      onward: MissionSummary['onward'],
      changes: readonly WriteRequest[] = []
    ) =>
      feed.call('createMission', {
        name,
        onward,
        ...(description === '' ? {} : { description }),
        ...(changes.length === 0 ? {} : { changes })
      }),
    write: (missionId: MissionId, changes: readonly WriteRequest[]) => feed.call('write', { missionId, changes }),
    view: (missionId: MissionId) => feed.call('viewMission', { missionId })
  }
})
