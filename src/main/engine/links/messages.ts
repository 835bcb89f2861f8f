/** Messages on a link after the hello (docs/protocol/links.md and sync.md), parsed into types or refused. */
import * as v from 'valibot'
import { pairingMessages } from './pairing-messages.js'
import { isHex, parseBase64Url } from '../bytes/hash.js'
import { HashSchema as Hash, MissionIdSchema, NodeIdSchema } from '../bytes/ids.js'
import { limits } from '../limits.js'
import { encodeFrame, frameTypes } from './framing.js'
import { Answer, Intro, Proof, Self } from './hello.js'
import { introductionMessages } from './introduction-messages.js'
import { listMessages } from './list-messages.js'
import { statementMessages } from './statement-messages.js'

const Epoch = v.custom<string>((value) => isHex(value, 16))
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** [author, epoch, seq, chain hash] */
const HeadSchema = v.tuple([NodeIdSchema, Epoch, Count, Hash])
/** Counted before they are looked at: a list of a million must cost no more than its count. */
const Heads = v.pipe(
  v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= limits.heads),
  v.array(HeadSchema)
)

const Files = v.pipe(
  v.custom<unknown[]>((value) => Array.isArray(value) && value.length <= limits.contentsTold),
  v.array(v.tuple([Hash, Count]))
)

const DatagramsMessage = v.object({
  t: v.literal('datagrams'),
  port: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_535)),
  key: v.custom<string>((value) => isHex(value, 8))
})
export type DatagramsMessage = v.InferOutput<typeof DatagramsMessage>

const Message = v.variant('t', [
  Intro,
  Proof,
  Answer,
  Self,
  /** `foreign`: the sender does not deal with the receiver's federation; to who knows its federation anyway. */
  v.object({ t: v.literal('level'), trusts: v.boolean(), foreign: v.optional(v.literal(true)) }),
  v.object({ t: v.literal('ping'), n: Count, at: Count }),
  v.object({ t: v.literal('pong'), n: Count, at: Count }),
  /** The state of the sender's durable heads, and which of them moved since its last word on this mission. */
  v.object({ t: v.literal('have'), mission: MissionIdSchema, digest: Hash, moved: Heads }),
  /** Send me what I lack: these are my heads. With `create`, only the create record, to see whether it is wanted. */
  v.object({ t: v.literal('want'), mission: MissionIdSchema, heads: Heads, create: v.boolean() }),
  /** Before what was wanted: all heads of the sender; or only the create record, to one that asked for it. */
  v.object({ t: v.literal('heads'), mission: MissionIdSchema, heads: Heads, create: v.optional(v.unknown()) }),
  /** Which copy of its data the sender speaks from: what it signed for another one is void. */
  v.object({ t: v.literal('store'), store: Hash }),
  /** It holds all that the digest stands for, in this copy of its data: signed. */
  v.object({
    t: v.literal('receipt'),
    mission: MissionIdSchema,
    digest: Hash,
    store: Hash,
    at: Count,
    signature: v.custom<string>((value) => parseBase64Url(value, 64) !== undefined)
  }),
  /** From version 3 on: files of this mission that the sender holds whole, with their sizes, beside those it named before. */
  v.object({ t: v.literal('holds'), mission: MissionIdSchema, files: Files }),
  /** From version 3 on: give me these bytes of a file. */
  v.object({
    t: v.literal('fetch'),
    mission: MissionIdSchema,
    file: Hash,
    offset: Count,
    length: v.pipe(Count, v.minValue(1), v.maxValue(limits.contentFetchBytes))
  }),
  /** From version 3 on: the sender gives nothing of this file for this mission, whatever the reason. */
  v.object({ t: v.literal('lacks'), mission: MissionIdSchema, file: Hash }),
  /** From version 5 on: where the sender takes sealed datagrams, and the key ID that they are to name. */
  DatagramsMessage,
  ...pairingMessages,
  ...listMessages,
  ...statementMessages,
  ...introductionMessages,
  /** After what was wanted. */
  v.object({ t: v.literal('done'), mission: MissionIdSchema, digest: Hash })
])

export type Message = v.InferOutput<typeof Message>
export type WireHead = v.InferOutput<typeof HeadSchema>

export function encodeMessage(message: Message): Buffer {
  return encodeFrame(frameTypes.message, Buffer.from(JSON.stringify(message)))
}

/** The message in a frame, or why it is refused. */
export function parseMessage(payload: Buffer): Message | string {
  let json: unknown
  try {
    json = JSON.parse(payload.toString('utf8'))
  } catch {
    return 'not JSON'
  }
  const parsed = v.safeParse(Message, json, { abortEarly: true })
  return parsed.success ? parsed.output : v.summarize(parsed.issues).slice(0, 200)
}
