/** Commands about this laptop's own authority, a small CA for a team, and about requests to one. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { ArgumentOf, CommandHandlers, SavedFile } from '@shared/contract.js'
import { fail, ok, type Result } from '@shared/result.js'
import type { AuthorityView } from '@shared/model.js'
import { orderChain } from './certificates/chain.js'
import { isListOf, isNewer, readList, type RevocationList } from './certificates/crl.js'
import { authorityProblem, timeProblem } from './certificates/fitness.js'
import { listFacts } from './certificates/preview.js'
import { readPem, pemText } from './certificates/pem.js'
import { factsOf } from './certificates/facts.js'
import { fileNameFor } from './certificates/file-name.js'
import { pem } from './identity/certificate.js'
import type { OwnIdentity } from './identity/identity.js'
import { limits } from './limits.js'
import type { TeamAuthority, Order } from './team-authority.js'
import { judgeList } from './trust/list-judge.js'
import type { TrustBook } from './trust/trust-book.js'
import type { Vouching } from './trust/vouching.js'

export interface AuthorityParts {
  readonly identity: OwnIdentity
  readonly trust: TrustBook
  readonly vouching: Vouching
  readonly authority: TeamAuthority
}

type Handled =
  | 'viewAuthority'
  | 'makeAuthority'
  | 'takeAuthority'
  | 'previewRequest'
  | 'issueCertificate'
  | 'revokeIssued'
  | 'publishList'
  | 'exportAuthority'
  | 'requestCertificate'

const leastPassword = 8

export function createAuthorityCommands(parts: AuthorityParts): Pick<CommandHandlers, Handled> {
  const { identity, trust, authority } = parts
  return {
    async viewAuthority() {
      return authority.view()
    },
    async makeAuthority({ name, days }) {
      const made = await authority.make(name, days)
      if (made.ok) await trust.noteDone('authority-made', { text: name })
      return made
    },
    takeAuthority: (request) => takeAuthority(parts, request),
    async previewRequest({ data }) {
      const request = await requestIn(data)
      if (!request.ok) return request
      const { publicKey: _, ...facts } = request.value
      return ok(facts)
    },
    issueCertificate: (request) => issueCertificate(parts, request),
    async revokeIssued({ serial, reason }) {
      const list = await authority.revoke(derSerial(serial), reason)
      if (!list.ok) return list
      await trust.noteDone('certificate-taken-back', { text: serial })
      return useList(parts, list.value)
    },
    async publishList() {
      const list = await authority.publish()
      if (!list.ok) return list
      const used = await useList(parts, list.value)
      if (!used.ok) return used
      const view = await authority.view()
      const name = view.ok ? (view.value?.certificate.name ?? '') : ''
      return ok({ fileName: fileNameFor(name, 'crl'), data: base64(pem('X509 CRL', list.value)) })
    },
    async exportAuthority({ password }) {
      if ([...password].length < leastPassword) return fail('short-password')
      const secrets = await authority.secrets()
      if (!secrets.ok) return secrets
      const { makeKeyStore } = await import('./certificates/pkcs12.js')
      const { certificate, key } = secrets.value
      const { name } = factsOf(certificate)
      const data = await makeKeyStore(key, [{ der: certificate.der, name }], password, 'aes')
      await trust.noteDone('authority-exported', { text: name })
      return ok({ fileName: fileNameFor(name, 'p12'), data: data.toString('base64') })
    },
    async requestCertificate() {
      const { makeRequest } = await import('./certificates/issue.js')
      const { callsign, nodeId, tls } = identity
      const name = [...callsign].slice(0, limits.nameLength).join('') || nodeId.slice(0, 16)
      const request = await makeRequest(name, nodeId, createPrivateKey(tls.key))
      if (!request.ok) return request
      const data = base64(pem('CERTIFICATE REQUEST', request.value))
      return ok({ fileName: fileNameFor(callsign, 'csr'), data })
    }
  }
}

async function takeAuthority(
  { trust, authority }: AuthorityParts,
  { files, password, isFirst = false }: ArgumentOf<'takeAuthority'>
): Promise<Result<AuthorityView>> {
  const { readCertificateFiles } = await import('./certificates/read-files.js')
  const read = await readCertificateFiles(
    files.map((file) => Buffer.from(file, 'base64')),
    password
  )
  if (!read.ok) return read
  const { key, lists } = read.value
  const [certificate] = orderChain(read.value.certificates, key)
  if (certificate === undefined) return fail('no-certificate')
  if (key === undefined) return fail('no-private-key')
  if (!certificate.x509.checkPrivateKey(key)) return fail('key-mismatch')
  const unfit = authorityProblem(certificate) ?? timeProblem(certificate, trust.time)
  if (unfit !== undefined) return fail(unfit, factsOf(certificate).name)
  if (certificate.usages?.includes('cRLSign') === false) return fail('wrong-usage', 'cRLSign')
  let newest: RevocationList | undefined
  for (const list of lists) {
    if (!isListOf(list, certificate)) return fail('list-not-signed', factsOf(certificate).name)
    if (newest === undefined || isNewer(list, newest)) newest = list
  }
  const taken = await authority.take(certificate, key.export({ format: 'der', type: 'pkcs8' }), newest, isFirst)
  if (taken.ok) await trust.noteDone('authority-taken', { text: factsOf(certificate).name })
  return taken
}

/** As it stands in a certificate: programs print serial numbers without the zero that makes them positive. */
function derSerial(digits: string): string {
  const even = digits.length % 2 === 0 ? digits : `0${digits}`
  return /^[89a-f]/.test(even) ? `00${even}` : even
}

async function issueCertificate(
  { identity, trust, vouching, authority }: AuthorityParts,
  request: ArgumentOf<'issueCertificate'>
): Promise<Result<SavedFile & { serial: string }>> {
  const { name, days } = request
  const { makeDeviceKey } = await import('./certificates/issue.js')
  let order: Order
  let key: Buffer | undefined
  if (request.to === 'phone') {
    if ([...request.password].length < leastPassword) return fail('short-password')
    // Devices that need the old ciphers often know no elliptic curves, either.
    const made = await makeDeviceKey(request.format === 'p12' ? 'p256' : 'rsa')
    key = made.key
    order = { name, days, use: 'phone', publicKey: made.publicKey }
  } else if (request.to === 'request') {
    const read = await requestIn(request.data)
    if (!read.ok) return read
    order = { name, days, use: 'laptop', publicKey: read.value.publicKey, nodeId: read.value.nodeId }
  } else {
    const { nodeId } = request
    const publicKey = nodeId === identity.nodeId ? ownPublicKey(identity) : vouching.publicKeyOf(nodeId)
    if (publicKey === undefined) return fail('not-found', 'no laptop of this node ID was met since the start')
    order = { name, days, use: 'laptop', publicKey, nodeId }
  }
  const issued = await authority.issue(order)
  if (!issued.ok) return issued
  const chain = [issued.value.certificate, issued.value.authority]
  const { serial } = issued.value.certificate
  await trust.noteDone('certificate-issued', { text: name, node: order.nodeId })
  if (key === undefined || request.to !== 'phone') {
    const text = chain.map(({ der }) => pem('CERTIFICATE', der)).join('')
    return ok({ serial, fileName: fileNameFor(name, 'crt'), data: base64(text) })
  }
  const { makeKeyStore } = await import('./certificates/pkcs12.js')
  const named = chain.map((one) => ({ der: one.der, name: factsOf(one).name }))
  const data = await makeKeyStore(key, named, request.password, request.format === 'p12' ? 'aes' : 'old')
  return ok({ serial, fileName: fileNameFor(name, 'p12'), data: data.toString('base64') })
}

/** From now on it counts here and is carried, if the authority is accepted here; else only the file speaks of it. */
async function useList({ identity, trust, vouching }: AuthorityParts, der: Buffer): Promise<Result<null>> {
  const list = await readList(der)
  if (!list.ok) return list
  const judged = judgeList(list.value, { trust, chosen: [], shown: [] })
  if (!judged.ok) return judged.problem.code === 'list-unknown' ? ok(null) : judged
  const { name } = listFacts(list.value)
  const taken = await trust.takeList({ list: list.value, ...judged.value, name, by: identity.callsign })
  if (taken.ok) await vouching.review()
  return taken
}

async function requestIn(data: string) {
  const { readRequest } = await import('./certificates/issue.js')
  const file = Buffer.from(data, 'base64')
  const text = pemText(file)
  if (text === undefined) return readRequest(file)
  const blocks = readPem(text)
  if (!blocks.ok) return blocks
  const block = blocks.value.find(({ label }) => /^(NEW )?CERTIFICATE REQUEST$/.test(label))
  return block === undefined ? fail('certificate-damaged', 'no request') : readRequest(block.der)
}

function ownPublicKey({ tls }: OwnIdentity): Buffer {
  return createPublicKey(tls.key).export({ format: 'der', type: 'spki' })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
