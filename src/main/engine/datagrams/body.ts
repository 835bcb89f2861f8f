/** What a sealed datagram carries (docs/protocol/datagrams.md#body), pure. */
import { u64 } from './seal.js'

const types = { word: 1, ack: 2 } as const

/** As many of the newest as an acknowledgement repeats: it may be lost, too. */
export const acksMost = 8

export type Body =
  /** Presence, as in a frame of a link. */
  | { readonly kind: 'word'; readonly payload: Buffer }
  /** Numbers of words that came. */
  | { readonly kind: 'ack'; readonly seqs: readonly number[] }

export function encodeWord(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([types.word]), payload])
}

/** @param seqs 1 to {@link acksMost}. */
export function encodeAck(seqs: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([types.ack]), ...seqs.map(u64)])
}

/** `undefined`: of a kind that this version does not know, or of a wrong length. */
export function decodeBody(body: Buffer): Body | undefined {
  const rest = body.subarray(1)
  if (body[0] === types.word) return { kind: 'word', payload: rest }
  if (body[0] !== types.ack || rest.length === 0 || rest.length % 8 !== 0 || rest.length / 8 > acksMost)
    return undefined
  const seqs: number[] = []
  for (let at = 0; at < rest.length; at += 8) {
    const seq = Number(rest.readBigUInt64BE(at))
    if (!Number.isSafeInteger(seq)) return undefined
    seqs.push(seq)
  }
  return { kind: 'ack', seqs }
}
