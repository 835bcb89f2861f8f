/** Messages of a pairing (docs/protocol/pairing.md), from version 4 of the link on, before and after trust. */
import * as v from 'valibot'
import { isHex, parseBase64Url } from '../bytes/hash.js'

const base64Url = (bytes: number) => v.custom<string>((value) => parseBase64Url(value, bytes) !== undefined)
/** Names the pairing: chosen by the side that starts. */
const pairing = v.custom<string>((value) => isHex(value, 16))

/** Why a side ended a pairing, as it says to the other. */
export const endWords = ['declined', 'cancelled', 'differ', 'expired', 'busy', 'paused', 'wait'] as const
export type EndWord = (typeof endWords)[number]

export const pairingMessages = [
  v.object({ t: v.literal('pair-start'), pairing, commitment: base64Url(32) }),
  v.object({ t: v.literal('pair-nonce'), pairing, nonce: base64Url(32) }),
  v.object({ t: v.literal('pair-reveal'), pairing, nonce: base64Url(32) }),
  v.object({ t: v.literal('pair-confirm'), pairing, signature: base64Url(64) }),
  // A word that a later release says means that it is over all the same.
  v.object({ t: v.literal('pair-end'), pairing, why: v.fallback(v.picklist(endWords), 'cancelled') })
] as const

export type PairingMessage = v.InferOutput<(typeof pairingMessages)[number]>

export function isPairing(message: { readonly t: string }): message is PairingMessage {
  return message.t.startsWith('pair-')
}
