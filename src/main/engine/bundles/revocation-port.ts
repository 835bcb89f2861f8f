/** What a bundle carries of revocations, as bundles see it: who is shut out is judged as if a peer said it on a link. */
import type { NodeId } from '@shared/model.js'
import type { Result } from '@shared/result.js'
import type { Statement } from '../trust/statement.js'

/** A revocation list and the certificate of the authority that signed it: DER. */
export interface CarriedList {
  readonly signer: Buffer
  readonly list: Buffer
}

export interface Messenger {
  readonly nodeId: NodeId
  readonly callsign: string
}

export interface Revocations {
  readonly statements: readonly Statement[]
  readonly lists: readonly CarriedList[]
}

export interface RevocationPort {
  /** What would be told on a link. */
  told(): Revocations
  /** Laptops that statements are about which are not here, how many of them would be shut out here, and lists that would count. */
  news(carried: Revocations): Promise<{ readonly laptops: number; readonly shutOut: number; readonly lists: number }>
  /** How many came that were not here. A problem of the disk: it is to be taken again. */
  take(carried: Revocations, from: Messenger): Promise<Result<{ readonly statements: number; readonly lists: number }>>
}
