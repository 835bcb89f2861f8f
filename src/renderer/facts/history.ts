import type { HistoryChange, Role } from '@shared/model'
import { showName, showText } from '../display/name'
import type { MessageKey } from '../i18n'
import { amount, saying, type Saying } from './fact'

const roleWords = {
  owner: 'history.admit.owner',
  subscriber: 'history.admit.subscriber',
  'read-only': 'history.admit.read-only'
} as const satisfies Record<Role, MessageKey>
const decisionWords = { cut: 'history.cut', adopt: 'history.adopt', settle: 'history.settle' } as const

/** What a change is about, in a person's words. */
export function historyPlace(change: HistoryChange): Saying {
  switch (change.kind) {
    case 'set':
      return entityPlace(change)
    case 'admit':
      return saying(roleWords[change.role], { name: showName(change.name) })
    case 'cut':
    case 'adopt':
    case 'settle':
      return saying(decisionWords[change.kind], { name: showName(change.name) })
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
