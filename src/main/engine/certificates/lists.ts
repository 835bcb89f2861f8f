/**
 * The revocation lists that count here, and what they say about a certificate. A list is kept for its authority, which is
 * a name and a key: it does not matter by which of its certificates, or whether, that authority is accepted now.
 */
import type { ProblemCode } from '@shared/problems.js'
import { lengthPrefixed, sha256 } from '../bytes/hash.js'
import { entryFor, type ListEntry, type RevocationList } from './crl.js'
import { canonicalName, isIssuedBy, type Certificate, type Name } from './x509.js'

/** Name of an authority: hex. */
export type AuthorityId = string

export interface KeptList {
  readonly authority: AuthorityId
  /** That signed it, and as which it was checked. */
  readonly signer: Certificate
  /** `undefined`: it was here and is lost, so nothing that this authority issued counts. */
  readonly list: RevocationList | undefined
}

/** What a check by lists asks for. Left out: what is known counts. `current`: there must be a list within its dates. */
export type ListPolicy = 'current' | undefined

const ids = new WeakMap<Certificate, AuthorityId>()

/** The same for all certificates with this name and this key. */
export function authorityId(certificate: Certificate): AuthorityId {
  const known = ids.get(certificate)
  if (known !== undefined) return known
  const { key, subject } = certificate
  const spki = key?.export({ format: 'der', type: 'spki' }) ?? certificate.der
  const id = sha256('muster authority\0', lengthPrefixed([spki, Buffer.from(nameText(subject))])).toString('hex')
  ids.set(certificate, id)
  return id
}

function nameText(name: Name): string {
  return JSON.stringify(canonicalName(name))
}

export class Lists {
  readonly #byAuthority = new Map<AuthorityId, KeptList>()

  all(): readonly KeptList[] {
    return [...this.#byAuthority.values()]
  }

  get(authority: AuthorityId): KeptList | undefined {
    return this.#byAuthority.get(authority)
  }

  set(kept: KeptList): void {
    this.#byAuthority.set(kept.authority, kept)
  }

  /** On the newest list of the authority with this name. */
  entry(authority: AuthorityId, serial: string): ListEntry | undefined {
    const list = this.#byAuthority.get(authority)?.list
    return list && entryFor(list, serial)
  }

  /** @param time ms; until when the answer holds is `currentUntil`. */
  problemOf(certificate: Certificate, issuer: Certificate, policy: ListPolicy, time: number): ProblemCode | undefined {
    const authority = authorityId(issuer)
    const kept = this.#byAuthority.get(authority)
    if (kept !== undefined && kept.list === undefined) return 'list-lost'
    if (this.entry(authority, certificate.serial) !== undefined) return 'certificate-revoked'
    return policy === 'current' && this.currentUntil(issuer) <= time ? 'list-outdated' : undefined
  }

  /** When a newer list of this authority is due (ms); 0 without a list, or when it does not say. */
  currentUntil(issuer: Certificate): number {
    return this.#byAuthority.get(authorityId(issuer))?.list?.nextUpdate ?? 0
  }

  /**
   * Whether any list here revokes this certificate, whoever else stands behind it: an anchor of which the authority above
   * is not shown by anybody, or a certificate that was accepted by itself.
   */
  revokerOf(certificate: Certificate): KeptList | undefined {
    const issuer = nameText(certificate.issuer)
    return this.all().find(
      ({ list, signer }) =>
        list?.serials.has(certificate.serial) === true &&
        nameText(signer.subject) === issuer &&
        isIssuedBy(certificate, signer)
    )
  }
}
