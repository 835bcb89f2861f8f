/** A signed receipt in words: what its signer held, and when. */
import type { Holder, ReceiptView } from '@shared/model'
import { amount, saying, type Saying } from './fact'

/** A clock that is off by less is not worth a word: what counts is when the receipt came. */
const clockDiffersMs = 2 * 60_000

export function receiptSaying({ heardAt, isWhole }: ReceiptView): Saying {
  return saying(isWhole ? 'receipt.all' : 'receipt.then', { at: amount('moment', heardAt) })
}

/** What its own clock said, where that is not the time by ours. */
export function claimedSaying({ at, heardAt }: ReceiptView): Saying | undefined {
  return Math.abs(at - heardAt) < clockDiffersMs ? undefined : saying('receipt.claimed', { at: amount('full', at) })
}

/** When a holder proved last what it held, signed or over the link. */
export function provedAt({ at, receipt }: Pick<Holder, 'at' | 'receipt'>): number {
  return Math.max(at, receipt?.heardAt ?? 0)
}
