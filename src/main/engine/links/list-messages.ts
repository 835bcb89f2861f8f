/** Messages about revocation lists of organisations (docs/protocol/certificates.md#from-peers), from version 4 of the link on. */
import * as v from 'valibot'
import { HashSchema as Hash } from '../bytes/ids.js'
import { bounds, limits } from '../limits.js'

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Base64 = (most: number) =>
  v.custom<string>(
    (value) =>
      typeof value === 'string' &&
      value.length <= Math.ceil(most / 3) * 4 &&
      Buffer.from(value, 'base64').toString('base64') === value
  )

/** A list that the sender has: enough to see whether it is news. */
const Offer = v.object({
  sha256: Hash,
  /** Whose it is, and who stands above that in what the sender accepted: the same where that is the authority itself. */
  authority: Hash,
  anchor: Hash,
  number: v.optional(v.custom<string>((value) => typeof value === 'string' && /^[0-9a-f]{1,42}$/.test(value))),
  thisUpdate: v.pipe(v.number(), v.safeInteger())
})

export const listMessages = [
  /** Lists that the sender keeps. */
  v.object({
    t: v.literal('lists'),
    lists: v.pipe(
      v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= limits.listsTold),
      v.array(Offer)
    )
  }),
  /** Give me this list from here on. */
  v.object({ t: v.literal('list-want'), sha256: Hash, offset: Count }),
  /** A part of it; `total` 0: the sender has it no more. */
  v.object({
    t: v.literal('list-part'),
    sha256: Hash,
    offset: Count,
    total: v.pipe(Count, v.maxValue(limits.listBytes)),
    data: Base64(limits.listPartBytes),
    /** With offset 0: the certificate of its authority. */
    signer: v.optional(Base64(bounds.acceptedBytes))
  })
] as const

export type ListMessage = v.InferOutput<(typeof listMessages)[number]>
export type ListOffer = v.InferOutput<typeof Offer>

export function isAboutLists(message: { readonly t: string }): message is ListMessage {
  return listMessages.some(({ entries }) => entries.t.literal === message.t)
}
