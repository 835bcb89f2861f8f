/** Entities of one type, and files of a mission, in pages. */
import type { ContentView, EntityView, MissionId } from '@shared/model'
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
