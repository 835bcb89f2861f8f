/** Whom a peer may introduce, as a person chooses it and as the engine keeps it. Pure. */
import type { DecisionRequest } from '@shared/contract'
import type { Decision } from '@shared/model'
import type { Scope } from '@shared/scope'

/** `read`, `write`: lets them in, to what the introducer gets. */
export type RightChoice = 'nobody' | 'suggests' | 'read' | 'write'

export function rightChoiceOf(decision: Decision | undefined): RightChoice {
  if (decision?.mayIntroduce === undefined) return 'nobody'
  return decision.mayIntroduce.letsIn?.access ?? 'suggests'
}

/** Never wider than what the introducer itself gets. */
export function rightOf(choice: RightChoice, scope: Scope): Pick<DecisionRequest, 'mayIntroduce'> {
  if (choice === 'nobody') return {}
  if (choice === 'suggests') return { mayIntroduce: {} }
  return { mayIntroduce: { letsIn: { ...scope, access: choice === 'read' ? 'read' : scope.access } } }
}
