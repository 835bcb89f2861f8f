import type { HistoryChange } from '@shared/model'
import { showName, showText } from '../display/name'
import { amount, saying, type Saying } from './fact'

/** What a change is about, in a person's words. */
export function historyPlace(change: HistoryChange): Saying {
  switch (change.kind) {
    case 'set':
      return entityPlace(change)
    case 'admit':
      return saying(`history.admit.${change.role}`, { name: showName(change.name) })
    case 'cut':
    case 'adopt':
    case 'settle':
      return saying(`history.${change.kind}`, { name: showName(change.name) })
    default:
      return saying('history.unknown', { kind: showText(change.what) })
  }
}

function entityPlace({ entity, field, createdAt, title }: HistoryChange & { readonly kind: 'set' }): Saying {
  const [type] = entity.split('/')
  const at = amount('moment', createdAt)
  if (type === 'mission') return saying('history.mission', { field })
  if (title !== undefined)
    return saying(type === 'task' ? 'history.taskNamed' : 'history.named', { title: showText(title), field })
  if (type === 'log') return saying('history.log', { at, field })
  if (type === 'task') return saying('history.task', { at, field })
  return saying('history.other', { entity: showText(entity), field })
}

/** Whether the clock of who wrote it and the time when it came tell different things. */
export function isLate({ at, receivedAt }: { readonly at: number; readonly receivedAt?: number }): boolean {
  return receivedAt === undefined || Math.abs(receivedAt - at) > 90_000
}
