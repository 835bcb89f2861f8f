/** What the files of an import could become, and why not; pure but for what node:crypto checks. */
import type { CertificatePreview, ImportAs, ListPreview } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { pem, type TlsIdentity } from '../identity/certificate.js'
import { orderChain } from './chain.js'
import type { RevocationList } from './crl.js'
import { certificateFacts, factsOf, keyText, shortName } from './facts.js'
import { authorityProblem, laptopProblem, timeProblem } from './fitness.js'
import type { ReadFiles } from './read-files.js'
import { isSelfSigned, type Certificate } from './x509.js'

export interface Fit {
  /** The likeliest first. */
  readonly as: readonly ImportAs[]
  readonly refusals: Readonly<Partial<Record<ImportAs, Problem>>>
  /** DER: the certificate that would be imported, then those that issued it. */
  readonly chain: readonly Buffer[]
}

const day = 24 * 3600 * 1000
/** Long enough that somebody who renews them can be reached. */
const endsSoonMs = 60 * day

/** @param now wall time in ms. */
export function fitAs(read: ReadFiles, now: number): Fit {
  const chain = orderChain(read.certificates, read.key)
  const [chosen] = chain
  if (chosen === undefined) return { as: [], refusals: {}, chain: [] }
  const refusals: Partial<Record<ImportAs, Problem>> = {}
  for (const [as, found] of Object.entries({
    identity: keyProblem(read, chosen) ?? judged(chosen, now, endProblem),
    peer: judged(chosen, now, endProblem),
    anchor: judged(chosen, now, authorityProblem)
  }))
    if (found !== undefined) refusals[as as ImportAs] = found
  const as = likeliestFirst(chosen.isCa, read.key !== undefined).filter((one) => refusals[one] === undefined)
  return { as, refusals, chain: chain.map(({ der }) => der) }
}

/** Of a laptop's certificate; that of an authority is told apart, because people mix the two up. */
function endProblem(certificate: Certificate): ProblemCode | undefined {
  return certificate.isCa ? 'an-authority' : laptopProblem(certificate)
}

function keyProblem({ key }: ReadFiles, { x509 }: Certificate): Problem | undefined {
  if (key === undefined) return problem('no-private-key')
  return x509.checkPrivateKey(key) ? undefined : problem('key-mismatch')
}

/** What it is comes before when it is: a laptop's certificate is no organisation, expired or not. */
function judged(
  certificate: Certificate,
  now: number,
  judge: (certificate: Certificate) => Problem['code'] | undefined
): Problem | undefined {
  const found = judge(certificate)
  if (found !== undefined) return problem(found, found === 'unsupported-key' ? keyText(certificate) : undefined)
  const late = timeProblem(certificate, now)
  return late && problem(late, period(certificate))
}

function period({ notBefore, notAfter }: Certificate): string {
  return `${new Date(notBefore).toISOString()} to ${new Date(notAfter).toISOString()}`
}

function likeliestFirst(isCa: boolean, hasKey: boolean): readonly ImportAs[] {
  if (isCa) return ['anchor', 'identity', 'peer']
  return hasKey ? ['identity', 'peer', 'anchor'] : ['peer', 'identity', 'anchor']
}

/** When nothing fits: why the likeliest does not. */
export function likeliestRefusal({
  certificates,
  hasKey,
  refusals
}: Pick<CertificatePreview, 'certificates' | 'hasKey' | 'refusals'>): Problem {
  const [likeliest] = likeliestFirst(certificates[0]?.ca === true, hasKey)
    .map((as) => refusals[as])
    .filter((found) => found !== undefined)
  return likeliest ?? problem('no-certificate')
}

/** @param now wall time in ms. */
export function previewCertificates(read: ReadFiles, now: number): Omit<CertificatePreview, 'here' | 'lists'> {
  const { as, refusals } = fitAs(read, now)
  const chain = orderChain(read.certificates, read.key)
  return {
    format: read.format,
    as,
    refusals,
    certificates: chain.map(factsOf),
    hasKey: read.key !== undefined,
    warnings: warningsOf(chain, now)
  }
}

export function listFacts(list: RevocationList): ListPreview {
  const { issuer, number, thisUpdate, nextUpdate, serials } = list
  return {
    name: shortName(issuer, ''),
    ...(number === undefined ? {} : { number }),
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    entries: serials.size
  }
}

function warningsOf(chain: readonly Certificate[], now: number): readonly Problem[] {
  const [chosen, ...issuers] = chain
  if (chosen === undefined) return []
  const name = (certificate: Certificate) => factsOf(certificate).name
  const late = issuers.flatMap((issuer) => {
    const found = timeProblem(issuer, now)
    return found === undefined ? [] : [problem(found, name(issuer))]
  })
  const isIncomplete = !chosen.isCa && issuers.length === 0 && !isSelfSigned(chosen)
  const next = chain
    .filter((one) => one.notAfter > now && one.notAfter <= now + endsSoonMs)
    .sort((one, other) => one.notAfter - other.notAfter)[0]
  return [
    ...late,
    ...(isIncomplete ? [problem('chain-incomplete', factsOf(chosen).issuerName)] : []),
    ...(next === undefined ? [] : [problem('ends-soon', `${name(next)}, ${new Date(next.notAfter).toISOString()}`)])
  ]
}

/** Key and chain for TLS, the chain without the root: who does not know it does not believe it. */
export function tlsIdentityFrom(read: ReadFiles, now: number): Result<TlsIdentity> {
  const { as, refusals, chain } = fitAs(read, now)
  const { key } = read
  if (key === undefined || !as.includes('identity'))
    return { ok: false, problem: refusals.identity ?? problem('no-private-key') }
  const shown = chain.filter((der, index) => index === 0 || certificateFacts(der)?.isSelfSigned === false)
  if (shown.length === 0) return fail('no-certificate')
  return ok({
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: shown.map((der) => pem('CERTIFICATE', der)).join('')
  })
}
