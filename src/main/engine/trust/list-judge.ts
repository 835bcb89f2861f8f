/**
 * Whether a revocation list counts here (docs/protocol/certificates.md): an accepted organisation stands behind who signed
 * it, the signature holds, and it is newer than what is here. The same for a file of a person and for what a peer sent.
 */
import { fail, ok, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import { isBelow } from '../certificates/chain.js'
import { isListOf, isNamedBy, isNewer, type RevocationList } from '../certificates/crl.js'
import { authorityId } from '../certificates/lists.js'
import { isIssuedBy, type Certificate } from '../certificates/x509.js'
import type { ListLine } from './journal-lines.js'
import type { TrustBook } from './trust-book.js'

export interface ListSources {
  readonly trust: Pick<TrustBook, 'acceptedCertificates' | 'lists' | 'listLines'>
  /** Certificates that a person chose together with the list. */
  readonly chosen: readonly Certificate[]
  /** Certificates from others: an authority is believed of them only if an accepted one vouches for it. */
  readonly shown: readonly Certificate[]
  /** To be accepted in the same moment. */
  readonly alsoAnchor?: Certificate | undefined
}

export interface JudgedList {
  readonly signer: Certificate
  /** SHA-256 of the accepted certificate that it belongs to; of one that is no more accepted, as it was. */
  readonly anchor: string
}

/** Codes: `list-unknown`, `list-not-signed`, `list-known`, `list-older`. */
export function judgeList(list: RevocationList, sources: ListSources): Result<JudgedList> {
  const judged = signerOf(list, sources)
  if (!judged.ok) return judged
  const { trust } = sources
  const authority = authorityId(judged.value.signer)
  const line = trust.listLines().find((one) => one.authority === authority)
  const here = trust.lists.get(authority)?.list
  // What is lost must come back as it was, or newer: an older one would lift what only the lost one named.
  const before = here ?? line
  if (here?.sha256 === list.sha256) return fail('list-known')
  if (before === undefined || isNewer(list, before)) return judged
  return here === undefined && line?.sha256 === list.sha256 ? judged : fail('list-older', ageText(before))
}

function ageText({ number, thisUpdate }: Pick<ListLine, 'number' | 'thisUpdate'>): string {
  return `${number === undefined ? '' : `number ${String(BigInt(`0x${number}`))}, `}${new Date(thisUpdate).toISOString()}`
}

function signerOf(list: RevocationList, { trust, chosen, shown, alsoAnchor }: ListSources): Result<JudgedList> {
  const anchors = trust.acceptedCertificates().flatMap(({ as, certificate }) => (as === 'anchor' ? [certificate] : []))
  if (alsoAnchor !== undefined) anchors.push(alsoAnchor)
  let isNamed = false
  const wanted = (one: Certificate) => isNamedBy(list, one)
  for (const { signer, authority } of trust.lists.all().filter((one) => wanted(one.signer))) {
    isNamed = true
    const line = trust.listLines().find((one) => one.authority === authority)
    if (line !== undefined && isListOf(list, signer)) return ok({ signer, anchor: line.anchor })
  }
  for (const anchor of anchors) {
    const help = [...chosen, ...shown]
    const isTied = (one: Certificate) => isBelow(one, help, anchor) || (chosen.includes(one) && isIssuedBy(anchor, one))
    for (const signer of [anchor, ...help].filter(wanted)) {
      if (!isTied(signer)) continue
      isNamed = true
      if (isListOf(list, signer)) return ok({ signer, anchor: sha256(anchor.der).toString('hex') })
    }
  }
  return isNamed ? fail('list-not-signed') : fail('list-unknown')
}
