/** Messages about statements of revocation (docs/protocol/revocations.md#between-peers), from version 4 of the link on. */
import * as v from 'valibot'
import { parseBase64Url } from '../bytes/hash.js'
import { HashSchema } from '../bytes/ids.js'
import { limits } from '../limits.js'

/** Counted before they are looked at. */
const Names = v.pipe(
  v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= limits.statementsTold),
  v.array(HashSchema)
)

export const statementMessages = [
  /** Statements that the sender has, beside those it named before on this link. */
  v.object({ t: v.literal('revocations'), names: Names }),
  /** Give me these. */
  v.object({ t: v.literal('revocation-want'), names: Names }),
  v.object({
    t: v.literal('revocation'),
    text: v.pipe(v.string(), v.maxLength(limits.statementBytes)),
    signature: v.custom<string>((value) => parseBase64Url(value, 64) !== undefined)
  })
] as const

export type StatementMessage = v.InferOutput<(typeof statementMessages)[number]>

export function isAboutStatements(message: { readonly t: string }): message is StatementMessage {
  return message.t.startsWith('revocation')
}
