import { computed, ref, shallowRef, watch } from 'vue'
import type { MapFileSummary, MissionId, MissionSummary } from '@shared/model'
import { isHidden } from '../facts/layers'
import { useFeedStore } from '../stores/feed'
import { useFolders } from './use-folders'

const key = 'muster.map'
const hiddenKey = (missionId: MissionId) => `${key}.hidden.${missionId}`

/** Map files of this laptop and the one that is shown; folders of the mission whose items this person hides. */
export function useMapFiles(mission: () => MissionSummary) {
  const feed = useFeedStore()
  const { folders } = useFolders(mission)
  const missionId = () => mission().id
  const maps = shallowRef<readonly MapFileSummary[]>([])
  const chosen = ref(read(key))
  const hidden = shallowRef<ReadonlySet<string>>(new Set())

  async function refresh(id?: string): Promise<void> {
    const listed = await feed.call('listMaps', null)
    if (!listed.ok) return
    maps.value = listed.value.maps
    if (id !== undefined) chosen.value = id
  }

  watch(missionId, (id) => (hidden.value = new Set(readList(hiddenKey(id)))), { immediate: true })
  watch(hidden, (uids) => keep(hiddenKey(missionId()), JSON.stringify([...uids])))
  watch(chosen, (id) => keep(key, id))
  void refresh()
  return {
    maps,
    chosen,
    hidden,
    folders,
    /** Whether items of a folder are hidden. */
    hides: computed(() => isHidden(folders.value, hidden.value)),
    file: computed(() => maps.value.find(({ id }) => id === chosen.value)),
    refresh
  }
}

/** What is shown is a matter of this window, so its storage will do. */
function read(name: string): string {
  try {
    return localStorage.getItem(name) ?? ''
  } catch {
    return ''
  }
}

/** Nothing, where it is not as `keep` wrote it. */
function readList(name: string): readonly string[] {
  try {
    const found: unknown = JSON.parse(read(name))
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // Without storage the outline and all folders are shown at the next start.
  }
}
