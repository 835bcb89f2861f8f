import type { Health } from '@shared/model'
import type { ProblemCode } from '@shared/problems'

/** Nothing new is saved while one of these lasts: the one banner that may speak over everything else. */
const unsaved: readonly ProblemCode[] = ['disk-full', 'disk-read-only', 'disk-failed']

export function isUnsaved(problem: Health['problems'][number]): boolean {
  return unsaved.includes(problem.code)
}
