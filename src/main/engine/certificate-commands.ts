/**
 * Commands about certificates that a person imports, removes or saves by hand. Reading and writing files is
 * certificates/'s part, which is loaded when a person does it: hardly any start needs it.
 */
import { createPrivateKey } from 'node:crypto'
import type { ArgumentOf, CertificateFiles, CommandHandlers } from '@shared/contract.js'
import type { CertificatePreview, ImportAs, ListPreview, NodeId, PackageMember } from '@shared/model.js'
import { everything } from '@shared/scope.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { sha256 } from './bytes/hash.js'
import { certificateFacts } from './certificates/facts.js'
import type { RevocationList } from './certificates/crl.js'
import { authorityId } from './certificates/lists.js'
import { fileNameFor } from './certificates/file-name.js'
import { fitAs, likeliestRefusal, listFacts, previewCertificates, tlsIdentityFrom } from './certificates/preview.js'
import type { PackageFile } from './certificates/package.js'
import type { ReadFiles } from './certificates/read-files.js'
import type { OwnIdentity } from './identity/identity.js'
import { bounds } from './limits.js'
import type { Clock } from './runtime/clock.js'
import { kept } from './storage/disk.js'
import { judgeList, type JudgedList, type ListSources } from './trust/list-judge.js'
import type { TrustBook } from './trust/trust-book.js'
import type { Vouching } from './trust/vouching.js'

export interface CertificateParts {
  readonly identity: OwnIdentity
  readonly clock: Clock
  readonly trust: TrustBook
  readonly vouching: Vouching
  /** The own certificate changed. */
  readonly onIdentity: () => void
}

type Handled =
  'previewCertificates' | 'importCertificates' | 'removeAnchor' | 'removePin' | 'exportCertificate' | 'renewCertificate'

export function createCertificateCommands(parts: CertificateParts): Pick<CommandHandlers, Handled> {
  const { identity, clock, trust, vouching, onIdentity } = parts
  return {
    async previewCertificates(files) {
      const opened = await openFiles(parts, files)
      if (!opened.ok) return opened
      const seen = await preview(parts, opened.value.read)
      const { package: found } = opened.value
      return seen.ok && found !== undefined ? ok({ ...seen.value, package: found }) : seen
    },
    importCertificates: (request) => importCertificates(parts, request),
    async removeAnchor({ id }) {
      return trust.remove('anchor', id)
    },
    async removePin({ id }) {
      return trust.remove('peer', id)
    },
    async exportCertificate({ format, password }) {
      const { exportCertificate } = await import('./certificates/export.js')
      const made = await exportCertificate(identity.tls.certificate, format, password)
      if (!made.ok) return made
      await trust.noteDone('certificate-saved', { text: format })
      const ending = { pem: 'crt', der: 'cer', p12: 'p12', 'p12-old': 'p12' }[format]
      return ok({ fileName: fileNameFor(identity.callsign, ending), data: made.value.toString('base64') })
    },
    async renewCertificate() {
      const renewed = await kept(identity.issueCertificate(clock.now()))
      if (!renewed.ok) return renewed
      onIdentity()
      await trust.noteDone('identity-certificate', { text: 'made here' })
      await vouching.review()
      return ok(null)
    }
  }
}

/** What is to be looked at; of a package the one file in it. */
interface Opened {
  readonly read: ReadFiles
  readonly package?: CertificatePreview['package']
}

async function openFiles(parts: CertificateParts, request: CertificateFiles, as?: ImportAs): Promise<Result<Opened>> {
  const files = request.files.map((file) => Buffer.from(file, 'base64'))
  const { chooseFile, isPackage, readPackage } = await import('./certificates/package.js')
  if (!files.some(isPackage)) {
    const { readCertificateFiles } = await import('./certificates/read-files.js')
    const read = await readCertificateFiles(files, request.password)
    return read.ok ? ok({ read: withOwnKey(parts, read.value) }) : read
  }
  const [file, ...others] = files
  if (file === undefined || others.length > 0) return fail('package-with-others')
  const found = await readPackage(file, request.password)
  if (!found.ok) return found
  const members = found.value.map(({ name, read }) => ({
    name,
    read: read.ok ? ok(withOwnKey(parts, read.value)) : read
  }))
  const now = parts.clock.now()
  const chosen = chooseFile(members, now, { name: request.member, as })
  if (!chosen.ok) return chosen
  const { name, read } = chosen.value
  if (!read.ok) return { ok: false, problem: { ...read.problem, detail: name } }
  return ok({ read: read.value, package: { member: name, members: members.map((one) => memberOf(one, now)) } })
}

function memberOf({ name, read }: PackageFile, now: number): PackageMember {
  if (!read.ok) return { name, as: [], problem: read.problem }
  const seen = previewCertificates(read.value, now)
  const subject = seen.certificates[0]?.name
  const as = [...(read.value.lists.length > 0 ? (['list'] as const) : []), ...seen.as]
  return {
    ...{ name, as },
    ...(subject === undefined ? {} : { subject }),
    ...(as.length > 0 ? {} : { problem: likeliestRefusal(seen) })
  }
}

/** A certificate that was issued for this laptop's key comes without that key: it is here. */
function withOwnKey({ identity }: CertificateParts, read: ReadFiles): ReadFiles {
  if (read.key !== undefined) return read
  const key = createPrivateKey(identity.tls.key)
  return read.certificates.some(({ x509 }) => x509.checkPrivateKey(key)) ? { ...read, key } : read
}

async function preview(parts: CertificateParts, read: ReadFiles): Promise<Result<CertificatePreview>> {
  const { clock, identity, trust, vouching } = parts
  const seen = previewCertificates(read, clock.now())
  const [chosen] = fitAs(read, clock.now()).chain
  const alsoAnchor = seen.as.includes('anchor') ? read.certificates.find(({ der }) => chosen?.equals(der)) : undefined
  const lists = read.lists.map((list): ListPreview => {
    const judged = judgeList(list, { ...sourcesOf(parts, read), alsoAnchor })
    return { ...listFacts(list), ...(judged.ok ? {} : { problem: judged.problem }) }
  })
  const takeable = listsToTake(parts, read)
  const refusals: Partial<Record<ImportAs, Problem>> = { ...seen.refusals }
  const isOwn = chosen !== undefined && sha256(chosen).equals(identity.certificateHash)
  // The own certificate given back to its laptop would pin the laptop to itself.
  if (isOwn) refusals.peer = problem('own-certificate')
  const list = takeable.length > 0 ? (['list'] as const) : []
  const as = [...list, ...seen.as.filter((one) => refusals[one] === undefined)]
  if (as.length === 0) {
    const found = isOwn ? problem('own-certificate') : likeliestRefusal({ ...seen, refusals })
    return { ok: false, problem: (chosen === undefined ? lists[0]?.problem : undefined) ?? found }
  }
  const here: Partial<Record<ImportAs, readonly NodeId[]>> = {}
  for (const one of as) if (one !== 'identity' && one !== 'list' && chosen) here[one] = vouching.here(one, chosen)
  if (takeable.length > 0) here.list = takeable.flatMap(({ list, signer }) => trust.endedBy(authorityId(signer), list))
  const known = chosen === undefined ? [] : knownBefore(parts, chosen)
  return ok({ ...seen, as, refusals, lists, here, warnings: [...seen.warnings, ...known] })
}

function sourcesOf({ trust, vouching }: CertificateParts, { certificates }: ReadFiles): ListSources {
  return { trust, chosen: certificates, shown: vouching.authorities() }
}

/** Lists among the files that count now and are news. */
function listsToTake(
  parts: CertificateParts,
  read: ReadFiles
): readonly (JudgedList & { readonly list: RevocationList })[] {
  return read.lists.flatMap((list) => {
    const judged = judgeList(list, sourcesOf(parts, read))
    return judged.ok ? [{ list, ...judged.value }] : []
  })
}

/** Each is judged when it is its turn: of two of one authority the older one is no news any more. */
async function takeLists(parts: CertificateParts, read: ReadFiles): Promise<Result<{ as: ImportAs; id: string }>> {
  const { trust, identity } = parts
  let first: string | undefined
  let refused = problem('no-certificate', 'no revocation list')
  for (const list of read.lists) {
    const judged = judgeList(list, sourcesOf(parts, read))
    if (!judged.ok) {
      refused = judged.problem
      continue
    }
    const { name } = listFacts(list)
    const taken = await trust.takeList({ list, ...judged.value, name: name.slice(0, 200), by: identity.callsign })
    if (!taken.ok) return taken
    first ??= judged.value.anchor
  }
  return first === undefined ? { ok: false, problem: refused } : ok({ as: 'list', id: first })
}

function knownBefore({ trust }: CertificateParts, certificate: Uint8Array): readonly Problem[] {
  const id = sha256(certificate).toString('hex')
  return trust.acceptedCertificates().some((accepted) => accepted.sha256 === id) ? [problem('already-imported')] : []
}

async function importCertificates(
  parts: CertificateParts,
  request: ArgumentOf<'importCertificates'>
): Promise<Result<{ as: ImportAs; id: string }>> {
  const { identity, clock, trust, vouching, onIdentity } = parts
  const { as, scope = everything, until, needsList = false } = request
  const opened = await openFiles(parts, request, as)
  if (!opened.ok) return opened
  const { read } = opened.value
  if (as === 'list') {
    if (until !== undefined || needsList) return fail('bad-request', 'a list has no end of its own')
    const taken = await takeLists(parts, read)
    await vouching.review()
    return taken
  }
  const seen = await preview(parts, read)
  if (!seen.ok) return seen
  if (!seen.value.as.includes(as)) return { ok: false, problem: seen.value.refusals[as] ?? problem('bad-request') }
  if (until !== undefined && (as === 'identity' || until <= trust.time)) return fail('bad-until')
  if (needsList && as !== 'anchor') return fail('bad-request', 'needsList')
  const [chosen] = fitAs(read, clock.now()).chain
  const facts = chosen && certificateFacts(chosen)
  if (chosen === undefined || facts === undefined) return fail('no-certificate')
  const id = facts.sha256
  if (as === 'identity') {
    const tls = tlsIdentityFrom(read, clock.now())
    if (!tls.ok) return tls
    const renewed = await kept(identity.useCertificate(tls.value))
    if (!renewed.ok) return renewed
    onIdentity()
    await trust.noteDone('identity-certificate', { text: facts.name })
    return ok({ as, id })
  }
  if (chosen.length > bounds.acceptedBytes) return fail('certificate-file-too-large', `${String(chosen.length)} bytes`)
  const others = trust.acceptedCertificates().filter((one) => one.as !== as || one.sha256 !== id)
  if (others.length >= bounds.accepted) return fail('too-many', `${String(bounds.accepted)} certificates`)
  const accepted = await trust.accept({
    as,
    sha256: id,
    name: facts.name.toWellFormed().slice(0, 200),
    data: chosen,
    at: clock.now(),
    by: identity.callsign,
    scope,
    ...(until === undefined ? {} : { until }),
    ...(needsList ? { lists: 'current' as const } : {})
  })
  if (!accepted.ok) return accepted
  // Before anybody is let in by it.
  const taken = as === 'anchor' && listsToTake(parts, read).length > 0 ? await takeLists(parts, read) : undefined
  await vouching.review()
  return taken?.ok === false ? taken : ok({ as, id })
}
