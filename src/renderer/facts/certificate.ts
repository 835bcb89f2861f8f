/** What is true about a certificate, for people. Its texts come from a file: they are cleaned before they are shown. */
import type { CertificateFacts, CertificatePreview, ImportAs } from '@shared/model'
import { showName } from '../display/name'
import type { MessageKey } from '../i18n'
import { amount, fact, saying, type Fact, type Saying } from './fact'

const dayMs = 24 * 60 * 60 * 1000
/** From here on the end is shown: time enough to ask who issued it for the next one. */
const soonMs = 60 * dayMs

/** What a certificate in files can become; revocation lists among them have a pane of their own. */
export type CertificateAs = Exclude<ImportAs, 'list'>

export function certificateRoles({ as }: Pick<CertificatePreview, 'as'>): readonly CertificateAs[] {
  return as.flatMap((role) => (role === 'list' ? [] : [role]))
}

type Span = Pick<CertificateFacts, 'notBefore' | 'notAfter'>

/** Undefined while nobody has to think about it. */
export function endFact({ notBefore, notAfter }: Span, now: number): Fact | undefined {
  if (now < notBefore)
    return fact('caution', 'conflict', saying('certificate.startsAt', { at: amount('date', notBefore) }))
  if (notAfter <= now) return fact('failure', 'danger', saying('certificate.ended', { at: amount('date', notAfter) }))
  if (notAfter - now > soonMs) return undefined
  return fact('caution', 'conflict', saying('certificate.endsIn', {}, Math.floor((notAfter - now) / dayMs)))
}

export interface ChainLink {
  /** `absent`: named as an issuer, but not in the file. `others`: everybody whom an organisation issues. */
  readonly role: 'absent' | 'issuer' | 'chosen' | 'others'
  readonly name: string
  readonly notAfter?: number
}

/** From the root down, as trust flows. */
export function chainOf(
  { certificates }: Pick<CertificatePreview, 'certificates'>,
  as: CertificateAs
): readonly ChainLink[] {
  const links: ChainLink[] = certificates
    .map(({ name, notAfter }, index) => ({
      role: index === 0 ? ('chosen' as const) : ('issuer' as const),
      name: showName(name),
      notAfter
    }))
    .reverse()
  const top = certificates.at(-1)
  if (top !== undefined && !top.isSelfSigned) links.unshift({ role: 'absent', name: showName(top.issuerName) })
  if (as === 'anchor') links.push({ role: 'others', name: '' })
  return links
}

const useWords: Readonly<Record<string, MessageKey>> = {
  digitalSignature: 'certificate.use.sign',
  contentCommitment: 'certificate.use.commit',
  nonRepudiation: 'certificate.use.commit',
  keyEncipherment: 'certificate.use.encrypt',
  dataEncipherment: 'certificate.use.encrypt',
  keyAgreement: 'certificate.use.agree',
  keyCertSign: 'certificate.use.issue',
  cRLSign: 'certificate.use.revoke',
  serverAuth: 'certificate.use.server',
  clientAuth: 'certificate.use.client'
}

/** What it may be used for; a use without words of ours is shown by its own name. */
export function usesOf({ usages, extendedUsages, ca, pathLength }: CertificateFacts): readonly Saying[] {
  const named = [...usages, ...extendedUsages].map((use) => {
    const key = useWords[use]
    return key === undefined ? saying('certificate.use.other', { use: showName(use) }) : saying(key)
  })
  const level = ca && pathLength !== undefined ? [saying('certificate.use.levels', {}, pathLength)] : []
  const all = [...(named.length === 0 ? [saying('certificate.use.any')] : named), ...level]
  return all.filter((use, index) => all.findIndex((other) => isSame(other, use)) === index)
}

function isSame(a: Saying, b: Saying): boolean {
  return a.key === b.key && JSON.stringify(a.named) === JSON.stringify(b.named)
}
