import type { ConflictView } from '@shared/model'
import { amount, saying, type Saying } from './fact'

/** What is in conflict, in a person's words; times name a log entry because it has no other name. */
export function conflictTitle(conflict: ConflictView): Saying {
  const type = conflict.entity.split('/')[0] ?? ''
  const total = conflict.field.values.length
  /** The first plural form says two in words: fewer are no conflict. */
  const more = total - 1
  const at = amount('time', conflict.createdAt)
  if (type === 'log' && conflict.field.field === 'text') return saying('conflict.logTexts', { at, total }, more)
  if (type === 'log') return saying('conflict.logField', { at, field: conflict.field.field })
  if (type === 'task' && conflict.field.field === 'state') return saying('conflict.taskStates', { at, total }, more)
  if (type === 'task' && conflict.field.field === 'title') return saying('conflict.taskTitles', { at, total }, more)
  if (type === 'mission' && conflict.field.field === 'name') return saying('conflict.missionNames', { total }, more)
  if (type === 'mission' && conflict.field.field === 'description')
    return saying('conflict.missionDescriptions', { total }, more)
  return saying('conflict.other', { entity: conflict.entity, field: conflict.field.field })
}

export function conflictKey(conflict: ConflictView): string {
  return `${conflict.entity} ${conflict.field.field}`
}
