/**
 * What a node says when it has taken a bundle: signed, for whoever made the bundle (docs/protocol/bundle.md#receipts). It
 * speaks of durable changes only, and of one store: after a restore it holds no more.
 */
import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { NodeId } from '@shared/model.js'
import { isHex, parseBase64Url } from '../bytes/hash.js'
import { HashSchema, MissionIdSchema, NodeIdSchema } from '../bytes/ids.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { parsePublicKey, signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'

const Epoch = v.custom<string>((value) => isHex(value, 16), '32 hexadecimal digits')
const ReceiptSchema = v.strictObject({
  bundle: Epoch,
  key: v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, 'a key'),
  store: HashSchema,
  at: v.pipe(v.number(), v.safeInteger()),
  missions: v.pipe(
    v.array(
      v.strictObject({
        mission: MissionIdSchema,
        digest: HashSchema,
        /** What it holds of each log: author, epoch, last number, chain hash there. */
        logs: v.pipe(
          v.array(v.strictTuple([NodeIdSchema, Epoch, v.pipe(v.number(), v.safeInteger(), v.minValue(1)), HashSchema])),
          v.maxLength(limits.bundleLogs)
        )
      })
    ),
    v.maxLength(1_000)
  )
})
export type Receipt = v.InferOutput<typeof ReceiptSchema>

export function giverOf({ key }: Receipt): NodeId {
  return nodeIdOf(Buffer.from(key, 'base64url'))
}

/** One line, without its end. */
export function encodeReceipt(receipt: Receipt, key: KeyObject): Buffer {
  const signature = signFor('bundle-receipt', [Buffer.from(JSON.stringify(receipt))], key).toString('base64url')
  return Buffer.from(JSON.stringify({ receipt, signature }))
}

const begin = Buffer.from('{"receipt":{')

const Signed = v.strictObject({ receipt: ReceiptSchema, signature: v.string() })

/** Reads and verifies one; else the reason why it is refused. */
export function decodeReceipt(bytes: Buffer): Receipt | string {
  if (bytes.length > limits.bundleManifestBytes || !isUtf8(bytes)) return 'too long, or not UTF-8'
  // Any file may be taken for one: what cannot be a receipt is not parsed.
  if (!bytes.subarray(0, begin.length).equals(begin)) return 'not a receipt'
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return 'not JSON'
  }
  const parsed = v.safeParse(Signed, value, { abortEarly: true })
  if (!parsed.success) return 'not a receipt'
  const { receipt } = parsed.output
  const key = parsePublicKey(Buffer.from(receipt.key, 'base64url'))
  const signature = parseBase64Url(parsed.output.signature, 64)
  // What was read is written as it is signed: members in another order than the schema's do not verify.
  const signed = [Buffer.from(JSON.stringify(receipt))]
  if (key === undefined || signature === undefined || !verifyFor('bundle-receipt', signed, key, signature))
    return 'bad signature'
  return receipt
}
