/**
 * Statements of revocation (docs/protocol/revocations.md), pure: a node's signed word that another one is to be shut out, or
 * about itself, that it retires. Whoever carries it can change nothing in it; whether it counts is decided where it arrives.
 */
import type { KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { NodeId } from '@shared/model.js'
import { parseBase64Url, sha256 } from '../bytes/hash.js'
import { HashSchema, NodeIdSchema } from '../bytes/ids.js'
import { parseLineText } from '../bytes/line.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { parsePublicKey, signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'

const Name = v.pipe(
  v.string(),
  v.check((text) => [...text].length <= limits.nameLength)
)
const Facts = v.strictObject({
  /** Signing key of who says it, base64url. */
  key: v.custom<string>((value) => parseBase64Url(value, 32) !== undefined),
  /** Callsign of the node where a person decided it. */
  by: Name,
  /** Whom it is about; the signer itself: it retires. */
  node: NodeIdSchema,
  /** As the signer knows it. */
  callsign: Name,
  /** SHA-256 of the public keys (SPKI) of certificates that the node showed to the signer. */
  keys: v.pipe(v.array(HashSchema), v.maxLength(limits.statementKeys)),
  /** Wall time at the signer: its claim. */
  at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  reason: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => [...text].length <= limits.reasonLength)
    )
  )
})
export type StatementFacts = v.InferOutput<typeof Facts>

/** As it travels and is kept: byte for byte what was signed. */
export interface SignedStatement {
  readonly text: string
  /** base64url */
  readonly signature: string
}

export interface Statement extends StatementFacts, SignedStatement {
  /** SHA-256 of the text, hex. */
  readonly name: string
  readonly revoker: NodeId
}

export function signStatement(facts: StatementFacts, key: KeyObject): SignedStatement {
  const text = JSON.stringify(facts)
  return { text, signature: signFor('revocation', [Buffer.from(text)], key).toString('base64url') }
}

/** The statement, verified; or why it is refused. */
export function readStatement({ text, signature }: SignedStatement): Statement | string {
  const bytes = Buffer.from(text)
  if (bytes.length > limits.statementBytes) return 'a statement that is too long'
  const line = parseLineText(text)
  if (typeof line === 'string') return line
  const parsed = v.safeParse(Facts, line, { abortEarly: true })
  if (!parsed.success) return v.summarize(parsed.issues).slice(0, 200)
  const rawKey = Buffer.from(parsed.output.key, 'base64url')
  const key = parsePublicKey(rawKey)
  const signed = parseBase64Url(signature, 64)
  if (key === undefined || signed === undefined || !verifyFor('revocation', [bytes], key, signed))
    return 'a statement that its revoker did not sign'
  return { ...parsed.output, text, signature, name: sha256(bytes).toString('hex'), revoker: nodeIdOf(rawKey) }
}

/** A node's last word about itself: it counts everywhere, and nobody lifts it. */
export function isRetirement({ revoker, node }: Pick<Statement, 'revoker' | 'node'>): boolean {
  return revoker === node
}
