/** What a thing of a mission is called on screens, from its name in the log. */
import type { EntityView } from '@shared/model'
import { textOf } from '../display/value'
import type { MessageKey } from '../i18n'
import { saying, type Saying } from './fact'

const words: Readonly<Record<string, MessageKey>> = {
  mission: 'entity.mission',
  item: 'entity.item',
  content: 'entity.content',
  log: 'entity.log',
  task: 'entity.task',
  layer: 'entity.layer',
  invitation: 'entity.invitation'
}

export function entityWord(entity: string): Saying {
  const [type = ''] = entity.split('/', 1)
  const key = Object.hasOwn(words, type) ? words[type] : undefined
  return key === undefined ? saying('entity.other', { name: entity }) : saying(key)
}

const nameFields = ['title', 'name', 'text', 'note'] as const
/** Enough to tell it from others; a log entry can be pages long. */
const nameLength = 120

/** What it says of itself, cut to a line; empty when it says nothing. */
export function entityName(entity: EntityView): string {
  for (const field of nameFields) {
    const text = textOf(entity, field).trim()
    if (text !== '') return [...text].length > nameLength ? `${[...text].slice(0, nameLength).join('')}…` : text
  }
  return ''
}
