/**
 * Lines of the trust journal (docs/protocol/trust.md): decisions, certificates of peers and organisations that a person
 * accepted or removed, and what else a person may want to look up later.
 */
import * as v from 'valibot'
import { boundaryLimits, type Boundary } from '@shared/boundary.js'
import type { Decision, IntroducerRight } from '@shared/model.js'
import { scopeLimits, type Scope } from '@shared/scope.js'
import { isProblemCode, type ProblemCode } from '@shared/problems.js'
import { HashSchema as Hash, NodeIdSchema } from '../bytes/ids.js'
import type { JsonObject } from '../bytes/line.js'
import { limits } from '../limits.js'

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

const boundary = {
  mode: v.picklist(['strict', 'bridging', 'open']),
  federations: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(
          v.string(),
          v.minLength(1),
          v.check((name) => name.isWellFormed() && [...name].length <= limits.nameLength)
        ),
        ...ScopeSchema.entries,
        vouching: v.boolean(),
        deletions: v.picklist(['count', 'request'])
      })
    ),
    v.maxLength(boundaryLimits.federations),
    v.check((listed) => new Set(listed.map(({ name }) => name)).size === listed.length)
  )
}
/** No federation twice. */
export const BoundarySchema = v.strictObject(boundary)

const DecisionLine = v.object({
  kind: v.literal('decision'),
  at: v.number(),
  node: NodeIdSchema,
  callsign: v.string(),
  federation: v.string(),
  level: v.picklist(['trusted', 'untrusted', 'revoked']),
  ground: v.picklist(['code', 'words', 'unseen', 'api', 'certificate', 'anchor', 'statement', 'introduced']),
  by: v.string(),
  scope: ScopeSchema,
  until: v.optional(v.number()),
  reason: v.optional(v.string()),
  /** What a decision without a person rests on: the certificate that a person imported, … */
  certificate: v.optional(v.object({ sha256: Hash, name: v.string() })),
  /** … although the peer's own is not in time, because a person said so, … */
  late: v.optional(v.picklist(['certificate-expired', 'certificate-not-yet-valid'])),
  /** … and SHA-256 of the public key that the peer showed: it lets nobody else in. */
  key: v.optional(Hash),
  /** The code of a pairing that was equal on both laptops. */
  compared: v.optional(v.object({ digits: v.string(), words: v.array(v.string()), at: v.number(), by: v.string() })),
  /** The certificates on its way to the accepted one, each as the authority that issued it and its serial number. */
  rests: v.optional(v.array(v.tuple([Hash, v.string()]))),
  /** What this peer says about others counts here. */
  mayRevoke: v.optional(v.literal(true)),
  /** It may introduce others, and let them in with a scope. */
  mayIntroduce: v.optional(v.object({ letsIn: v.optional(ScopeSchema) })),
  /** Who vouched for it; with ground `introduced` the one that it rests on. */
  introducedBy: v.optional(v.array(v.object({ nodeId: NodeIdSchema, callsign: v.string() }))),
  /** The statement of revocation that counted. */
  statement: v.optional(v.object({ nodeId: NodeIdSchema, at: v.number(), name: Hash })),
  /** Names of the lines and the statements that this decision lifts: replaying those does nothing. */
  overrides: v.optional(v.array(v.string()))
})

/** A certificate that a person accepted for everybody it vouches for (`anchor`) or for who shows it (`peer`), or removed. */
const CertificateLine = v.object({
  kind: v.literal('certificate'),
  at: v.number(),
  as: v.picklist(['peer', 'anchor']),
  action: v.picklist(['accepted', 'removed']),
  sha256: Hash,
  name: v.string(),
  by: v.string(),
  /** DER, base64; with `accepted`. */
  data: v.optional(v.string()),
  scope: v.optional(ScopeSchema),
  until: v.optional(v.number()),
  /** Nobody is let in without a revocation list that is not outdated. */
  lists: v.optional(v.literal('current'))
})

/** A revocation list that counts from here on, if it is newer than others of its authority. */
const ListLine = v.object({
  kind: v.literal('list'),
  at: v.number(),
  authority: Hash,
  name: v.string(),
  /** SHA-256 of the accepted certificate that the authority belongs to. */
  anchor: Hash,
  /** Of the list, which is a file of this name. */
  sha256: Hash,
  /** Hex. */
  number: v.optional(v.custom<string>((value) => typeof value === 'string' && /^[0-9a-f]{1,42}$/.test(value))),
  thisUpdate: v.number(),
  nextUpdate: v.optional(v.number()),
  entries: v.number(),
  /** The authority's certificate: DER, base64. */
  data: v.string(),
  /** Callsign of the node where a person imported it, or … */
  by: v.optional(v.string()),
  /** … the peer that it came from. */
  node: v.optional(NodeIdSchema),
  callsign: v.optional(v.string())
})

/** A statement of revocation, byte for byte as it was signed, and the peer that brought it. */
const StatementLine = v.object({
  kind: v.literal('statement'),
  at: v.number(),
  text: v.string(),
  signature: v.string(),
  node: v.optional(NodeIdSchema),
  callsign: v.optional(v.string())
})

/** Which other federations are dealt with from here on; the newest counts alone. */
const BoundaryLine = v.object({ kind: v.literal('boundary'), at: v.number(), by: v.string(), ...boundary })

const EventLine = v.object({
  kind: v.literal('event'),
  at: v.number(),
  event: v.string(),
  /** Callsign of the node where a person did it. */
  by: v.optional(v.string()),
  node: v.optional(NodeIdSchema),
  callsign: v.optional(v.string()),
  code: v.optional(v.custom<ProblemCode>(isProblemCode)),
  text: v.optional(v.string())
})

export type DecisionLine = v.InferOutput<typeof DecisionLine>
export type CertificateLine = v.InferOutput<typeof CertificateLine>
export type ListLine = v.InferOutput<typeof ListLine>
export type EventLine = v.InferOutput<typeof EventLine>
export type StatementLine = v.InferOutput<typeof StatementLine>
export type BoundaryLine = v.InferOutput<typeof BoundaryLine>
export type JournalLine = DecisionLine | CertificateLine | ListLine | StatementLine | BoundaryLine | EventLine

const JournalLineSchema = v.variant('kind', [
  DecisionLine,
  CertificateLine,
  ListLine,
  StatementLine,
  BoundaryLine,
  EventLine
])

export function parseJournalLine(line: JsonObject): JournalLine | undefined {
  const parsed = v.safeParse(JournalLineSchema, line)
  return parsed.success ? parsed.output : undefined
}

export function boundaryOf({ mode, federations }: BoundaryLine): Boundary {
  return { mode, federations }
}

export function decisionOf(line: DecisionLine): Decision {
  const { level, at, by, ground, scope, until, reason, certificate, compared, mayRevoke, statement } = line
  const { late, mayIntroduce, introducedBy } = line
  return {
    level,
    at,
    by,
    ground,
    scope,
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(late === undefined ? {} : { late }),
    ...(compared === undefined ? {} : { compared }),
    ...(mayRevoke === undefined ? {} : { mayRevoke }),
    ...(mayIntroduce === undefined ? {} : { mayIntroduce: rightOf(mayIntroduce) }),
    ...(introducedBy === undefined ? {} : { introducedBy }),
    ...(statement === undefined ? {} : { statement })
  }
}

/** exactOptionalPropertyTypes: what is left out is not there. */
export function rightOf({ letsIn }: { readonly letsIn?: Scope | undefined }): IntroducerRight {
  return letsIn === undefined ? {} : { letsIn }
}
