import { computed, ref, shallowRef, watch } from 'vue'
import type { MapFileSummary, MissionId } from '@shared/model'
import { textOf } from '../display/value'
import { useFeedStore } from '../stores/feed'

const key = 'muster.map'

/** Map files of this laptop and the one that is shown; layers of the mission and those that are hidden. */
export function useMapFiles(missionId: () => MissionId, version: () => number) {
  const feed = useFeedStore()
  const maps = shallowRef<readonly MapFileSummary[]>([])
  const layers = shallowRef<readonly { readonly uid: string; readonly name: string }[]>([])
  const chosen = ref(read())
  const hidden = shallowRef<ReadonlySet<string>>(new Set())

  async function refresh(id?: string): Promise<void> {
    const listed = await feed.call('listMaps', null)
    if (!listed.ok) return
    maps.value = listed.value.maps
    if (id !== undefined) chosen.value = id
  }

  async function readLayers(): Promise<void> {
    const page = { offset: 0, limit: 200, order: 'oldest' as const }
    const listed = await feed.call('listEntities', { missionId: missionId(), type: 'layer', ...page })
    if (!listed.ok) return
    layers.value = listed.value.items.map((layer) => ({
      uid: layer.entity.slice('layer/'.length),
      name: textOf(layer, 'name') || layer.entity
    }))
  }

  watch([missionId, version], () => void readLayers(), { immediate: true })
  watch(chosen, keep)
  void refresh()
  return {
    maps,
    layers,
    chosen,
    hidden,
    file: computed(() => maps.value.find(({ id }) => id === chosen.value)),
    refresh
  }
}

/** The map below is a matter of this window, so its storage will do. */
function read(): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

function keep(id: string): void {
  try {
    localStorage.setItem(key, id)
  } catch {
    // Without storage the outline is shown at the next start.
  }
}
