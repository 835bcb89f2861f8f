/** What a new mission can begin with: tasks, headings for the log and folders, in the language of who makes it. */
import type { WriteRequest } from '@shared/model'
import { messages } from '../locales/en'

export const templateNames = ['rescue', 'wildfire', 'flood', 'event'] as const
export type TemplateName = (typeof templateNames)[number]

type Part = 'tasks' | 'headings' | 'layers'

/** Keys of the texts of a template, in their order; the words are looked up by `say`. */
function textsOf(name: TemplateName, part: Part, say: (key: string) => string): readonly string[] {
  return Object.keys(messages.template[name][part]).map((key) => say(`template.${name}.${part}.${key}`))
}

/** How much a template brings, for who chooses. */
export function templateCounts(name: TemplateName): Readonly<Record<Part, number>> {
  const count = (part: Part) => Object.keys(messages.template[name][part]).length
  return { tasks: count('tasks'), headings: count('headings'), layers: count('layers') }
}

/**
 * @param say the words of a key of the locale.
 * @param newId ids that nothing else has.
 */
export function templateChanges(
  name: TemplateName,
  say: (key: string) => string,
  newId: () => string
): readonly WriteRequest[] {
  const changes: WriteRequest[] = [
    { entity: 'mission', field: 'headings', value: textsOf(name, 'headings', say), seen: [] }
  ]
  let after: string | undefined
  for (const layer of textsOf(name, 'layers', say)) {
    const uid = newId()
    const entity = `layer/${uid}`
    changes.push({ entity, field: 'name', value: layer, seen: [] }, { entity, field: 'type', value: 'GROUP', seen: [] })
    if (after !== undefined) changes.push({ entity, field: 'after', value: after, seen: [] })
    after = uid
  }
  for (const title of textsOf(name, 'tasks', say)) {
    const entity = `task/${newId()}`
    changes.push(
      { entity, field: 'title', value: title, seen: [] },
      { entity, field: 'state', value: 'open', seen: [] }
    )
  }
  return changes
}
