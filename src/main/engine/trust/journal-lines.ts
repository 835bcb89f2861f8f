/** Lines of the trust journal (docs/protocol/trust.md): decisions, and what else a person may want to look up later. */
import * as v from 'valibot'
import type { Decision, NodeId } from '@shared/model.js'
import { scopeLimits } from '@shared/scope.js'
import { isProblemCode, type ProblemCode } from '@shared/problems.js'
import { isHex } from '../bytes/hash.js'
import type { JsonObject } from '../bytes/line.js'

const NodeIdSchema = v.custom<NodeId>((value) => isHex(value, 32))
const Patterns = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(scopeLimits.patternLength),
      v.check((text) => text.isWellFormed())
    )
  ),
  v.maxLength(scopeLimits.patterns)
)
export const ScopeSchema = v.strictObject({ out: Patterns, in: Patterns, access: v.picklist(['read', 'write']) })

const DecisionLine = v.object({
  kind: v.literal('decision'),
  at: v.number(),
  node: NodeIdSchema,
  callsign: v.string(),
  federation: v.string(),
  level: v.picklist(['trusted', 'untrusted', 'revoked']),
  ground: v.picklist(['words', 'unseen', 'api']),
  by: v.string(),
  scope: ScopeSchema,
  until: v.optional(v.number()),
  reason: v.optional(v.string()),
  /** Names of the lines that this decision lifts: replaying those does nothing. */
  overrides: v.optional(v.array(v.string()))
})

const EventLine = v.object({
  kind: v.literal('event'),
  at: v.number(),
  event: v.string(),
  node: v.optional(NodeIdSchema),
  callsign: v.optional(v.string()),
  code: v.optional(v.custom<ProblemCode>(isProblemCode)),
  text: v.optional(v.string())
})

export type DecisionLine = v.InferOutput<typeof DecisionLine>
export type EventLine = v.InferOutput<typeof EventLine>

export function parseJournalLine(line: JsonObject): DecisionLine | EventLine | undefined {
  const parsed = v.safeParse(v.variant('kind', [DecisionLine, EventLine]), line)
  return parsed.success ? parsed.output : undefined
}

export function decisionOf(line: DecisionLine): Decision {
  const { level, at, by, ground, scope, until, reason } = line
  return {
    level,
    at,
    by,
    ground,
    scope,
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason })
  }
}
