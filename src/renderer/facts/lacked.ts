/** A change that somebody lacks, in words: what it is about. */
import type { LackedChange } from '@shared/model'
import { saying, type MessageKey, type Saying } from '../i18n'

const entityWords: Readonly<Record<string, MessageKey>> = {
  log: 'leave.change.log',
  task: 'leave.change.task',
  item: 'leave.change.item',
  mission: 'leave.change.mission',
  content: 'leave.change.content',
  layer: 'leave.change.layer'
}

export function lackedWord({ kind, entity, field }: LackedChange): Saying {
  if (kind === 'start') return saying('leave.change.start')
  if (kind.startsWith('admin/')) return saying('leave.change.admin')
  const type = entity?.split('/')[0] ?? ''
  const word = Object.hasOwn(entityWords, type) ? entityWords[type] : undefined
  return word === undefined
    ? saying('leave.change.other', { entity: entity ?? kind, field: field ?? '' })
    : saying(word, { field: field ?? '' })
}
