/**
 * A small CA for a team, on one laptop: its key and what it issued in a file of its own (docs/protocol/certificates.md#own-authority).
 * What was issued is on disk before it is handed out, so that everything can be taken back. The file stays out of
 * snapshots: going back to one must not forget what was issued or taken back since.
 */
import * as v from 'valibot'
import type { AuthorityView, IssuedSummary, NodeId, RevokeReason } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { releasedAt } from '@shared/version.js'
import { entriesOf, isNewer, type RevocationList } from './certificates/crl.js'
import { factsOf } from './certificates/facts.js'
import type { MadeAuthority } from './certificates/issue.js'
import { authorityId } from './certificates/lists.js'
import { parseCertificate, type Certificate } from './certificates/x509.js'
import { sha256 } from './bytes/hash.js'
import type { KeyStore } from './identity/key-store.js'
import { bounds } from './limits.js'
import type { Clock } from './runtime/clock.js'
import type { Random } from './runtime/random.js'
import { kept, type Disk } from './storage/disk.js'
import { openDocument, type Document } from './storage/document.js'
import type { TrustBook } from './trust/trust-book.js'

const fileName = 'authority.json'
const day = 24 * 3600 * 1000
/** A team meets again within it; until then its list counts as current. */
const listMs = 30 * day

const Issued = v.object({
  serial: v.string(),
  name: v.string(),
  use: v.picklist(['laptop', 'phone']),
  nodeId: v.optional(v.custom<NodeId>((value) => typeof value === 'string')),
  at: v.number(),
  notAfter: v.number(),
  revoked: v.optional(
    v.object({
      at: v.number(),
      reason: v.picklist(['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'])
    })
  )
})

const AuthorityFile = v.object({
  /** DER, base64. */
  certificate: v.string(),
  /** PKCS#8 DER, base64; empty while it is `locked`. */
  key: v.string(),
  /** The key wrapped by the system's key store, base64. */
  locked: v.optional(v.string()),
  issued: v.array(Issued),
  /** Of an authority that was taken over: what is taken back besides, by serial number. Absent: made here. */
  others: v.optional(v.array(v.object({ serial: v.string(), at: v.number(), reason: v.string() }))),
  list: v.optional(v.object({ number: v.number(), thisUpdate: v.number(), nextUpdate: v.number() }))
})
type AuthorityFile = v.InferOutput<typeof AuthorityFile>

export interface TeamAuthorityParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly trust: TrustBook
  /** What wraps the keys of this laptop now; `undefined`: they lie in the open. */
  readonly keyStore: () => KeyStore | undefined
}

/** What is to be issued, when the key is known. */
export interface Order {
  readonly name: string
  readonly publicKey: Buffer
  readonly use: 'laptop' | 'phone'
  readonly nodeId?: NodeId | undefined
  readonly days: number
}

export class TeamAuthority {
  readonly #parts: TeamAuthorityParts
  readonly #document: Document<AuthorityFile>
  /** One at a time: each writes what the one before left. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: TeamAuthorityParts) {
    this.#parts = parts
    this.#document = openDocument(parts.disk, fileName, AuthorityFile, { mode: 0o600, keepDamaged: true })
  }

  async view(): Promise<Result<AuthorityView | null>> {
    const file = await this.#read()
    if (!file.ok) return file.problem.code === 'authority-missing' ? ok(null) : file
    return ok(this.#viewOf(file.value))
  }

  make(name: string, days: number): Promise<Result<AuthorityView>> {
    return this.#alone(async () => {
      const before = await this.#read()
      if (before.ok) return fail('authority-exists')
      if (before.problem.code !== 'authority-missing') return before
      const clock = this.#clockProblem()
      if (!clock.ok) return clock
      const { makeAuthority } = await import('./certificates/issue.js')
      const now = this.#parts.clock.now()
      const made: MadeAuthority = await makeAuthority(name, { now, until: now + days * day, serial: this.#serial() })
      const file = { certificate: made.certificate.toString('base64'), key: made.key.toString('base64'), issued: [] }
      const written = await this.#write(file)
      return written.ok ? ok(this.#viewOf(file)) : written
    })
  }

  /**
   * An authority that another laptop had. Its newest list goes on here: without one, whoever was taken back would be let in
   * again by the next.
   * @param key PKCS#8, DER, of this certificate. @param list of this authority. @param isFirst there never was a list.
   */
  take(certificate: Certificate, key: Buffer, list: RevocationList | undefined, isFirst: boolean) {
    return this.#alone(async (): Promise<Result<AuthorityView>> => {
      const before = await this.#read()
      if (before.ok) return fail('authority-exists')
      if (before.problem.code !== 'authority-missing') return before
      const clock = this.#clockProblem()
      if (!clock.ok) return clock
      const kept = this.#keptList(certificate)
      if (!kept.ok) return kept
      const newest = kept.value !== undefined && (list === undefined || isNewer(kept.value, list)) ? kept.value : list
      if (newest === undefined && !isFirst) return fail('authority-list-needed')
      const number = newest === undefined ? 0 : numberOf(newest)
      if (!Number.isSafeInteger(number)) return fail('list-unsupported', 'number')
      const file: AuthorityFile = {
        ...{ certificate: certificate.der.toString('base64'), key: key.toString('base64'), issued: [] },
        others: newest === undefined ? [] : takenBackBy(newest),
        ...(newest === undefined ? {} : { list: datesOf(newest, number) })
      }
      const written = await this.#write(file)
      return written.ok ? ok(this.#viewOf(file)) : written
    })
  }

  /** Answers with the certificate and the authority's own, when it is on disk that it was issued. */
  issue(order: Order): Promise<Result<{ readonly certificate: Certificate; readonly authority: Certificate }>> {
    return this.#alone(async () => {
      const file = await this.#read()
      if (!file.ok) return file
      const clock = this.#clockProblem()
      if (!clock.ok) return clock
      const now = this.#parts.clock.now()
      // What has expired needs no taking back.
      const current = file.value.issued.filter(({ notAfter }) => notAfter > now)
      if (current.length >= bounds.issued) return fail('too-many', `${String(bounds.issued)} certificates`)
      const authority = certificateOf(file.value)
      if (authority.notAfter <= now) return fail('certificate-expired', factsOf(authority).name)
      const { issue } = await import('./certificates/issue.js')
      const { name, publicKey, use, nodeId, days } = order
      const made = await issue(authority, Buffer.from(file.value.key, 'base64'), {
        ...{ name, publicKey, use, nodeId, now, until: now + days * day, serial: this.#serial() }
      })
      if (!made.ok) return made
      const { serial, notAfter } = made.value
      const entry = { serial, name, use, at: now, notAfter, ...(nodeId === undefined ? {} : { nodeId }) }
      const written = await this.#write({ ...file.value, issued: [...current, entry] })
      return written.ok ? ok({ certificate: made.value, authority }) : written
    })
  }

  /** Answers with the new list (DER), which then counts. */
  revoke(serial: string, reason: RevokeReason): Promise<Result<Buffer>> {
    return this.#alone(async () => {
      const file = await this.#read()
      if (!file.ok) return file
      const at = this.#parts.clock.now()
      const isIssued = file.value.issued.some((one) => one.serial === serial)
      const { others } = file.value
      // Who had the authority before issued more than is known here.
      if (!isIssued && others === undefined) return fail('not-found')
      if (!isIssued && others !== undefined) {
        const isKnown = others.some((one) => one.serial === serial)
        const grown = { ...file.value, others: isKnown ? others : [...others, { serial, at, reason }] }
        const kept = await this.#write(grown)
        return kept.ok ? this.#makeList(grown) : kept
      }
      const issued = file.value.issued.map((one) =>
        one.serial === serial && one.revoked === undefined ? { ...one, revoked: { at, reason } } : one
      )
      // First that it is taken back: whatever comes of the list now, the next one names it.
      const written = await this.#write({ ...file.value, issued })
      return written.ok ? this.#makeList({ ...file.value, issued }) : written
    })
  }

  publish(): Promise<Result<Buffer>> {
    return this.#alone(async () => {
      const file = await this.#read()
      return file.ok ? this.#makeList(file.value) : file
    })
  }

  /** The certificate, and the key as PKCS#8 DER. */
  async secrets(): Promise<Result<{ readonly certificate: Certificate; readonly key: Buffer }>> {
    const file = await this.#read()
    if (!file.ok) return file
    return ok({ certificate: certificateOf(file.value), key: Buffer.from(file.value.key, 'base64') })
  }

  /**
   * Has the wrapping of the laptop's keys changed, and follows it. Meanwhile the key is in the open: it must never be left
   * behind in what nobody opens any more.
   */
  rewrap(change: () => Promise<Result<null>>): Promise<Result<null>> {
    return this.#alone(async () => {
      const file = await this.#read()
      if (!file.ok) return file.problem.code === 'authority-missing' ? change() : file
      const opened = file.value.locked === undefined ? ok(null) : await this.#writeOpen(file.value)
      if (!opened.ok) return opened
      const changed = await change()
      const written = await this.#write(file.value)
      return changed.ok ? written : changed
    })
  }

  async #makeList(file: AuthorityFile): Promise<Result<Buffer>> {
    const { clock, trust } = this.#parts
    const early = this.#clockProblem()
    if (!early.ok) return early
    const { makeList } = await import('./certificates/issue.js')
    const authority = certificateOf(file)
    const thisUpdate = clock.now()
    // Another laptop that has this authority, too, may have made a newer one: nobody whom it names is let in again.
    const kept = this.#keptList(authority)
    if (!kept.ok) return kept
    const here = trust.listLines().filter((line) => line.data === file.certificate)
    // Also after this file was lost and made good from a copy, numbers only grow.
    const numbers = here.map((line) => Number.parseInt(line.number ?? '0', 16))
    const list = {
      number: Math.max(0, file.list?.number ?? 0, kept.value === undefined ? 0 : numberOf(kept.value), ...numbers) + 1,
      thisUpdate,
      nextUpdate: Math.min(thisUpdate + listMs, authority.notAfter)
    }
    const own = file.issued.flatMap(({ serial, revoked }) => (revoked === undefined ? [] : [{ serial, ...revoked }]))
    const others = [...(file.others ?? []), ...(kept.value === undefined ? [] : takenBackBy(kept.value))]
    const entries = [...new Map([...others, ...own].map((one) => [one.serial, one])).values()]
    const made = await makeList(authority, Buffer.from(file.key, 'base64'), { ...list, entries })
    const written = await this.#write({ ...file, list })
    return written.ok ? ok(made) : written
  }

  /** Its newest list that counts here. */
  #keptList(authority: Certificate): Result<RevocationList | undefined> {
    const kept = this.#parts.trust.lists.get(authorityId(authority))
    return kept !== undefined && kept.list === undefined ? fail('list-lost') : ok(kept?.list)
  }

  #viewOf(file: AuthorityFile): AuthorityView {
    const id = sha256(Buffer.from(file.certificate, 'base64')).toString('hex')
    const accepted = this.#parts.trust.acceptedCertificates()
    return {
      certificate: factsOf(certificateOf(file)),
      data: file.certificate,
      isAccepted: accepted.some((one) => one.as === 'anchor' && one.sha256 === id),
      ...(file.list === undefined ? {} : { list: file.list }),
      ...(file.others === undefined ? {} : { others: file.others.length }),
      issued: file.issued.map(summaryOf).reverse()
    }
  }

  #clockProblem(): Result<null> {
    const now = this.#parts.clock.now()
    return now < releasedAt ? fail('clock-before-release', new Date(now).toISOString()) : ok(null)
  }

  async #read(): Promise<Result<AuthorityFile>> {
    const read = await kept(this.#document.read())
    const file = read.ok ? read.value : read
    if (!file.ok) return file
    if (file.value === undefined) return fail('authority-missing')
    if (parseCertificate(Buffer.from(file.value.certificate, 'base64')) === undefined)
      return fail('file-damaged', fileName)
    const { locked } = file.value
    if (locked === undefined) return ok(file.value)
    const key = this.#parts.keyStore()?.unwrap(Buffer.from(locked, 'base64'))
    return key === undefined ? fail('keys-locked', fileName) : ok({ ...file.value, key: key.toString('base64') })
  }

  async #write(file: AuthorityFile): Promise<Result<null>> {
    const keyStore = this.#parts.keyStore()
    if (keyStore === undefined) return this.#writeOpen(file)
    const locked = keyStore.wrap(Buffer.from(file.key, 'base64')).toString('base64')
    return kept(this.#document.write({ ...file, key: '', locked }).then(() => null))
  }

  #writeOpen({ locked: _, ...open }: AuthorityFile): Promise<Result<null>> {
    return kept(this.#document.write(open).then(() => null))
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work)
    this.#turn = next.catch(() => undefined)
    return next
  }

  #serial(): Buffer {
    return this.#parts.random.bytes(16)
  }
}

/** Of a file that was read or made here: its certificate is one. */
function certificateOf({ certificate }: AuthorityFile): Certificate {
  const read = parseCertificate(Buffer.from(certificate, 'base64'))
  if (read === undefined) throw new Error('the certificate of the authority is not readable')
  return read
}

function numberOf({ number }: RevocationList): number {
  return Number.parseInt(number ?? '0', 16)
}

function datesOf({ thisUpdate, nextUpdate = thisUpdate }: RevocationList, number: number) {
  return { number, thisUpdate, nextUpdate }
}

function takenBackBy(list: RevocationList): { serial: string; at: number; reason: string }[] {
  return entriesOf(list).map(({ serial, revokedAt, reason = 'unspecified' }) => ({ serial, at: revokedAt, reason }))
}

function summaryOf({ nodeId, revoked, ...one }: AuthorityFile['issued'][number]): IssuedSummary {
  return { ...one, ...(nodeId === undefined ? {} : { nodeId }), ...(revoked === undefined ? {} : { revoked }) }
}
