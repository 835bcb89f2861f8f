import type { ConflictView, Json } from '@shared/model'
import { showText } from '../display/name'
import { showValue } from '../display/value'
import type { MessageKey } from '../i18n'
import { amount, saying, type Saying } from './fact'
import { isTaskState, stateWords } from './task'

/** What is in conflict, in a person's words; times name a log entry because it has no other name. */
export function conflictTitle(conflict: ConflictView): Saying {
  const type = conflict.entity.split('/')[0] ?? ''
  const total = conflict.field.values.length
  /** The first plural form says two in words: fewer are no conflict. */
  const more = total - 1
  const at = amount('time', conflict.createdAt)
  if (type === 'log' && conflict.field.field === 'text') return saying('conflict.logTexts', { at, total }, more)
  if (type === 'log') return saying('conflict.logField', { at, field: conflict.field.field })
  const title = conflict.title === undefined ? undefined : showText(conflict.title)
  if (type === 'task' && title !== undefined) {
    const key = namedTask[conflict.field.field]
    if (key !== undefined) return saying(key, { title, total }, more)
  }
  if (title !== undefined && conflict.field.field !== 'title' && type !== 'mission')
    return saying('conflict.named', { title, field: conflict.field.field })
  if (type === 'task' && conflict.field.field === 'state') return saying('conflict.taskStates', { at, total }, more)
  if (type === 'task' && conflict.field.field === 'title') return saying('conflict.taskTitles', { at, total }, more)
  if (type === 'mission' && conflict.field.field === 'name') return saying('conflict.missionNames', { total }, more)
  if (type === 'mission' && conflict.field.field === 'description')
    return saying('conflict.missionDescriptions', { total }, more)
  return saying('conflict.other', { entity: conflict.entity, field: conflict.field.field })
}

const namedTask: Readonly<Record<string, MessageKey>> = {
  state: 'conflict.namedStates',
  assignee: 'conflict.namedAssignees',
  due: 'conflict.namedDues'
}

/** A value of a field in a person's words: states have some, and a time is one. */
export function valueSaying(entity: string, field: string, value: Json | undefined): Saying | string {
  const isTask = entity.startsWith('task/')
  if (isTask && field === 'state' && typeof value === 'string' && isTaskState(value)) return saying(stateWords[value])
  if (isTask && field === 'due' && typeof value === 'number')
    return saying('conflict.time', { at: amount('full', value) })
  return showValue(value)
}

export function conflictKey(conflict: ConflictView): string {
  return `${conflict.entity} ${conflict.field.field}`
}
