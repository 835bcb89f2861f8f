import type { EntityView } from '@shared/model'
import { fieldsOf, taskStates } from '@shared/mission-model'
import { fieldOf } from '../display/value'
import type { MessageKey } from '../i18n'

export { taskStates }
export type TaskState = (typeof taskStates)[number]

export function isTaskState(text: string): text is TaskState {
  return taskStates.some((state) => state === text)
}

export function isDone(task: EntityView): boolean {
  const values = fieldOf(task, 'state')?.values ?? []
  return values.length > 0 && values.every((value) => value.value === 'done')
}

/** Conflicts first, done last; between them what is due first, and what is due never as the engine gave it. */
export function sortTasks(tasks: readonly EntityView[]): readonly EntityView[] {
  const rank = (task: EntityView): number =>
    task.fields.some((field) => field.values.length > 1) ? 0 : isDone(task) ? 2 : 1
  const due = (task: EntityView): number => fieldsOf('task', task).due ?? Number.MAX_SAFE_INTEGER
  return [...tasks].sort((a, b) => rank(a) - rank(b) || due(a) - due(b))
}

export const stateWords: Readonly<Record<TaskState, MessageKey>> = {
  open: 'task.open',
  work: 'task.work',
  done: 'task.done'
}
