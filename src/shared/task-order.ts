/** In which order tasks are shown, alike on screens, on paper and in the local API. Pure. */
import { fieldsOf, type WrittenFields } from './mission-model.js'

export interface TaskStanding {
  /** 0: something in it has more than one value; 2: done; 1: what is to be done. */
  readonly rank: 0 | 1 | 2
  /** ms; `Infinity` without one. */
  readonly due: number
}

/** Of several values of its state all have to say it. */
export function isTaskDone({ fields }: WrittenFields): boolean {
  const values = fields.find(({ field }) => field === 'state')?.values ?? []
  return values.length > 0 && values.every(({ value }) => value === 'done')
}

export function taskStanding(task: WrittenFields): TaskStanding {
  const isOpen = task.fields.some(({ values }) => values.length > 1)
  return { rank: isOpen ? 0 : isTaskDone(task) ? 2 : 1, due: fieldsOf('task', task).due ?? Infinity }
}

/** Conflicts first, done last; between them what is due first, and what is due never at the end. */
export function compareTasks(a: TaskStanding, b: TaskStanding): number {
  return a.rank - b.rank || (a.due === b.due ? 0 : a.due - b.due)
}
