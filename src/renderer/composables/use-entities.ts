/** Entities of one type, tasks in their order, and files of a mission, in pages. */
import { ref, type Ref } from 'vue'
import type { ContentView, EntityView, MissionId, MissionSummary } from '@shared/model'
import { useFeedStore } from '../stores/feed'
import { usePaged, type PagedList } from './use-paged'

export interface EntityQuery {
  readonly missionId: MissionId
  readonly type: string
  readonly order: 'newest' | 'oldest'
  readonly filter: string
  /** As it was then. */
  readonly pastAt?: number
}

export type EntityList = PagedList<EntityView>

export function useEntities(query: () => EntityQuery, version: () => number): EntityList {
  const feed = useFeedStore()
  return usePaged({
    key: () => JSON.stringify(query()),
    version,
    ask: (offset, limit) => feed.call('listEntities', { ...narrowed(query()), offset, limit })
  })
}

/** Tasks in the order in which people see them, and how many of all are to be done. */
export function useTasks(mission: () => MissionSummary): EntityList & { readonly open: Readonly<Ref<number>> } {
  const feed = useFeedStore()
  const open = ref(0)
  const list = usePaged<EntityView>({
    key: () => mission().id,
    version: () => mission().version,
    ask: async (offset, limit) => {
      const page = await feed.call('listTasks', { missionId: mission().id, offset, limit })
      if (page.ok) open.value = page.value.open
      return page
    }
  })
  return { ...list, open }
}

/** Files of a mission, and how each stands here. */
export function useContents(query: () => ContentQuery, version: () => number): PagedList<ContentView> {
  const feed = useFeedStore()
  return usePaged({
    key: () => JSON.stringify(query()),
    version,
    ask: (offset, limit) => feed.call('listContents', { ...narrowed(query()), offset, limit })
  })
}

type ContentQuery = Omit<EntityQuery, 'type' | 'pastAt'>

function narrowed<Query extends { readonly filter: string }>(
  query: Query
): Omit<Query, 'filter'> & { readonly filter?: string } {
  const { filter, ...rest } = query
  return filter.trim() === '' ? rest : { ...rest, filter: filter.trim() }
}
