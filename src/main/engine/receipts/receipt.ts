/**
 * Receipts (docs/protocol/receipts.md), pure: a node's signed word that it holds a mission up to a digest, on disk, in
 * this copy of its data. Whoever signed it is told by the key; the time is its claim.
 */
import type { KeyObject } from 'node:crypto'
import type { MissionId } from '@shared/model.js'
import { parseBase64Url, uint64 } from '../bytes/hash.js'
import { signFor, verifyFor } from '../identity/signature.js'

export interface ReceiptFacts {
  readonly mission: MissionId
  /** Of the heads that it holds, hex. */
  readonly digest: string
  /** Names the copy of its data: another one voids what it signed before, hex. */
  readonly store: string
  /** Wall time at the signer: its claim. */
  readonly at: number
}

export interface Receipt extends ReceiptFacts {
  /** base64url */
  readonly signature: string
}

function fieldsOf({ mission, digest, store, at }: ReceiptFacts): Buffer[] {
  return [Buffer.from(mission, 'hex'), Buffer.from(digest, 'hex'), Buffer.from(store, 'hex'), uint64(at)]
}

export function signReceipt(facts: ReceiptFacts, key: KeyObject): Receipt {
  const { mission, digest, store, at } = facts
  return { mission, digest, store, at, signature: signFor('receipt', fieldsOf(facts), key).toString('base64url') }
}

export function verifyReceipt(receipt: Receipt, key: KeyObject): boolean {
  const signature = parseBase64Url(receipt.signature, 64)
  return signature !== undefined && verifyFor('receipt', fieldsOf(receipt), key, signature)
}
