/**
 * What a change is called in TAK's data sync (docs/protocol/missions.md#as-tak-names-it): the type of its MissionChange,
 * and the CoT type with which clients are told to look again. Pure; the edge to TAK and the history use the same words.
 */
import type { TakName } from '@shared/model.js'
import type { Change } from './change.js'

/** @param isFirst whether this change made its entity. */
export function takName(change: Change, isFirst: boolean): TakName {
  switch (change.kind) {
    case 'admin/admit':
    case 'admin/cut':
    case 'admin/adopt':
      return { announcement: 't-x-m-r' }
    case 'set':
      return setName(change.entity, change.field, change.value === true, isFirst)
    default:
      return {}
  }
}

function setName(entity: string, field: string, isTrue: boolean, isFirst: boolean): TakName {
  const [type] = entity.split('/')
  const isDeletion = field === 'deleted'
  switch (type) {
    case 'mission':
      if (isDeletion)
        return isTrue
          ? { type: 'DELETE_MISSION', announcement: 't-x-m-d' }
          : { type: 'CREATE_MISSION', announcement: 't-x-m-n' }
      return { announcement: field === 'keywords' ? 't-x-m-c-k' : 't-x-m-c-m' }
    case 'item':
    case 'content':
      if (isDeletion) return { type: isTrue ? 'REMOVE_CONTENT' : 'ADD_CONTENT', announcement: 't-x-m-c' }
      if (isFirst) return { type: 'ADD_CONTENT', announcement: 't-x-m-c' }
      if (field === 'keywords') return { announcement: type === 'item' ? 't-x-m-c-k-u' : 't-x-m-c-k-c' }
      // Of an item the event itself goes out again; a file's other facts have no announcement.
      return field === 'layer' ? { announcement: 't-x-m-c-h' } : {}
    case 'log':
      return { announcement: 't-x-m-c-l' }
    case 'layer':
      return { announcement: 't-x-m-c-h' }
    case 'invitation':
      return { announcement: 't-x-m-i' }
    default:
      return {}
  }
}
