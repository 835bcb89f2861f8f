/** Messages of introductions (docs/protocol/introductions.md#between-peers), from version 4 of the link on. */
import * as v from 'valibot'
import { limits } from '../limits.js'
import { IntroductionSchema } from '../trust/introduction.js'

export const introductionMessages = [
  /** Whether the sender's person lets the receiver introduce others. */
  v.object({ t: v.literal('introduce'), wanted: v.boolean() }),
  /** All whom the sender introduces; the newest list counts alone. */
  v.object({
    t: v.literal('introductions'),
    peers: v.pipe(
      // Counted before they are looked at.
      v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= limits.introductions),
      v.array(IntroductionSchema)
    )
  })
] as const

export type IntroductionMessage = v.InferOutput<(typeof introductionMessages)[number]>

export function isAboutIntroductions(message: { readonly t: string }): message is IntroductionMessage {
  return message.t === 'introduce' || message.t === 'introductions'
}
