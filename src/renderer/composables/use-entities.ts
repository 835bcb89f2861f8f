/** Entities of one type, in pages. */
import type { EntityView, MissionId } from '@shared/model'
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
    ask: (offset, limit) => {
      const { filter, ...rest } = query()
      const narrowed = filter.trim() === '' ? {} : { filter: filter.trim() }
      return feed.call('listEntities', { ...rest, offset, limit, ...narrowed })
    }
  })
}
