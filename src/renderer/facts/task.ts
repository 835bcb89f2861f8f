import type { EntityView } from '@shared/model'
import { taskStates } from '@shared/mission-model'
import { compareTasks, isTaskDone, taskStanding } from '@shared/task-order'
import type { MessageKey } from '../i18n'

export { taskStates }
export type TaskState = (typeof taskStates)[number]

export function isTaskState(text: string): text is TaskState {
  return taskStates.some((state) => state === text)
}

export const isDone = isTaskDone

/** As every laptop shows them; what is alike stays as it was given. */
export function sortTasks(tasks: readonly EntityView[]): readonly EntityView[] {
  return [...tasks].sort((a, b) => compareTasks(taskStanding(a), taskStanding(b)))
}

export const stateWords: Readonly<Record<TaskState, MessageKey>> = {
  open: 'task.open',
  work: 'task.work',
  done: 'task.done'
}
