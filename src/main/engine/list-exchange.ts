/**
 * Revocation lists between linked peers (docs/protocol/certificates.md#from-peers): each tells which lists it has, and asks for
 * what is news to it and of an organisation that it accepted itself. What comes is judged like a file of a person's, so
 * a peer can bring a list and never make one.
 */
import type { NodeId } from '@shared/model.js'
import { sha256 } from './bytes/hash.js'
import type { Result } from '@shared/result.js'
import { isNewer, readList, type ListAge, type RevocationList } from './certificates/crl.js'
import { listFacts } from './certificates/preview.js'
import { authorityId } from './certificates/lists.js'
import { parseCertificate } from './certificates/x509.js'
import { limits } from './limits.js'
import type { Link } from './links/link.js'
import type { LinkTable } from './links/link-table.js'
import type { ListMessage, ListOffer } from './links/list-messages.js'
import type { Clock } from './runtime/clock.js'
import { shortId, type Log } from './runtime/log.js'
import { judgeList, type JudgedList } from './trust/list-judge.js'
import type { PeerBook } from './trust/peer-book.js'
import type { TrustBook } from './trust/trust-book.js'
import type { Vouching } from './trust/vouching.js'

export interface ListExchangeParts {
  readonly trust: TrustBook
  readonly vouching: Vouching
  readonly links: LinkTable
  readonly peers: PeerBook
  readonly clock: Clock
  readonly log: Log
}

/** A list that is coming from one peer. */
interface Coming {
  readonly offer: ListOffer
  readonly parts: Buffer[]
  bytes: number
  signer: Buffer | undefined
  cancel: () => void
}

/** Who offers a list and gives nothing of it for so long is passed over. */
const patienceMs = 30_000

type Judges = Pick<ListExchangeParts, 'trust' | 'vouching'>

/** A list that somebody else brought counts if an organisation accepted here stands behind it, and it is news. */
export function judgeCarried(
  { trust, vouching }: Judges,
  list: RevocationList,
  signer: Buffer | undefined
): Result<JudgedList> {
  const shown = [signer && parseCertificate(signer), ...vouching.authorities()].filter((one) => one !== undefined)
  return judgeList(list, { trust, chosen: [], shown })
}

export async function keepCarried(
  { trust, vouching }: Judges,
  list: RevocationList,
  judged: JudgedList,
  from: { readonly nodeId: NodeId; readonly callsign: string }
): Promise<Result<null>> {
  const taken = await trust.takeList({ list, ...judged, name: listFacts(list).name.slice(0, 200), from })
  await vouching.review()
  return taken
}

export class ListExchange {
  readonly #parts: ListExchangeParts
  /** What each peer that is linked said it has, without what it gave or could not give. */
  readonly #offers = new Map<NodeId, Map<string, ListOffer>>()
  /** What was said last, so that it is said once. */
  readonly #toldTo = new WeakMap<Link, string>()
  readonly #coming = new Map<NodeId, Coming>()

  constructor(parts: ListExchangeParts) {
    this.#parts = parts
  }

  linkUp(link: Link): void {
    const lists = this.#told()
    const text = JSON.stringify(lists)
    if (link.version < 4 || text === (this.#toldTo.get(link) ?? '[]')) return
    this.#toldTo.set(link, text)
    link.send({ t: 'lists', lists })
  }

  linkDown(nodeId: NodeId): void {
    this.#offers.delete(nodeId)
    this.#end(nodeId)
    this.#next()
  }

  /** Lists or accepted organisations changed here: what is had is told, and what is offered may be wanted now. */
  changed(): void {
    const { links, trust } = this.#parts
    for (const { link, nodeId } of links.up()) {
      this.linkUp(link)
      const coming = this.#coming.get(nodeId)
      if (coming !== undefined && !this.#isWanted(coming.offer)) this.#end(nodeId)
    }
    if (trust.acceptedCertificates().length > 0) this.#next()
  }

  async message(link: Link, nodeId: NodeId, message: ListMessage): Promise<void> {
    if (message.t === 'list-want') this.#give(link, message.sha256, message.offset)
    else if (message.t === 'list-part') await this.#take(nodeId, message)
    else {
      this.#offers.set(nodeId, new Map(message.lists.map((offer) => [offer.sha256, offer])))
      this.#next()
    }
  }

  stop(): void {
    for (const nodeId of [...this.#coming.keys()]) this.#end(nodeId)
  }

  #told(): ListOffer[] {
    const { trust } = this.#parts
    const accepted = trust.acceptedCertificates()
    return trust.listLines().flatMap(({ authority, anchor, sha256, number, thisUpdate }) => {
      const above = accepted.find((one) => one.sha256 === anchor)
      const list = trust.lists.get(authority)?.list
      // Of the list that counts, also while its line is on its way to disk.
      if (list?.sha256 !== sha256 || above === undefined) return []
      return [
        {
          sha256,
          authority,
          anchor: authorityId(above.certificate),
          thisUpdate,
          ...(number === undefined ? {} : { number })
        }
      ]
    })
  }

  #give(link: Link, hash: string, offset: number): void {
    const kept = this.#parts.trust.lists.all().find(({ list }) => list?.sha256 === hash)
    const der = kept?.list?.der
    if (kept === undefined || der === undefined || offset >= der.length) {
      link.send({ t: 'list-part', sha256: hash, offset, total: 0, data: '' })
      return
    }
    const data = der.toString('base64', offset, offset + limits.listPartBytes)
    const signer = offset === 0 ? { signer: kept.signer.der.toString('base64') } : {}
    link.send({ t: 'list-part', sha256: hash, offset, total: der.length, data, ...signer })
  }

  /** News, and of an authority that stands here by a person's word. */
  #isWanted(offer: ListOffer): boolean {
    const { trust } = this.#parts
    const line = trust.listLines().find(({ authority }) => authority === offer.authority)
    const here: ListAge | undefined = trust.lists.get(offer.authority)?.list ?? line
    const isLost = line?.sha256 === offer.sha256 && trust.lists.get(offer.authority)?.list === undefined
    if (here !== undefined) return isLost || isNewer(offer, here)
    return trust
      .acceptedCertificates()
      .some(({ as, certificate }) => as === 'anchor' && authorityId(certificate) === offer.anchor)
  }

  /** Each wanted list is asked of one peer at a time, and of each peer one list. */
  #next(): void {
    const asked = new Set([...this.#coming.values()].map(({ offer }) => offer.sha256))
    for (const { link, nodeId } of this.#parts.links.up()) {
      if (this.#coming.has(nodeId)) continue
      const offer = [...(this.#offers.get(nodeId)?.values() ?? [])].find(
        (one) => !asked.has(one.sha256) && this.#isWanted(one)
      )
      if (offer === undefined) continue
      asked.add(offer.sha256)
      const coming: Coming = { offer, parts: [], bytes: 0, signer: undefined, cancel: () => undefined }
      this.#coming.set(nodeId, coming)
      this.#ask(link, nodeId, coming)
    }
  }

  #ask(link: Link, nodeId: NodeId, coming: Coming): void {
    coming.cancel()
    coming.cancel = this.#parts.clock.after(patienceMs, () => this.#drop(nodeId, coming.offer.sha256))
    link.send({ t: 'list-want', sha256: coming.offer.sha256, offset: coming.bytes })
  }

  #end(nodeId: NodeId): Coming | undefined {
    const coming = this.#coming.get(nodeId)
    coming?.cancel()
    this.#coming.delete(nodeId)
    return coming
  }

  /** This peer is not asked for it again until it says anew that it has it. */
  #drop(nodeId: NodeId, hash: string): void {
    this.#end(nodeId)
    this.#offers.get(nodeId)?.delete(hash)
    this.#next()
  }

  async #take(
    nodeId: NodeId,
    { sha256: hash, offset, total, data, signer }: ListMessage & { t: 'list-part' }
  ): Promise<void> {
    const coming = this.#coming.get(nodeId)
    // Of one that is not waited for any more.
    if (coming?.offer.sha256 !== hash || offset !== coming.bytes) return
    const part = Buffer.from(data, 'base64')
    coming.parts.push(part)
    coming.bytes += part.length
    if (signer !== undefined) coming.signer = Buffer.from(signer, 'base64')
    const link = this.#parts.links.linkTo(nodeId)
    const isLast = coming.bytes === total
    // Parts of a few bytes each would cost a message and an object for every one.
    const isWhole = isLast ? part.length > 0 : part.length === limits.listPartBytes
    if (!isWhole || coming.bytes > total || link === undefined) return this.#drop(nodeId, hash)
    if (!isLast) return this.#ask(link, nodeId, coming)
    coming.cancel()
    await this.#keep(nodeId, coming)
    this.#drop(nodeId, hash)
  }

  async #keep(nodeId: NodeId, { offer, parts, signer }: Coming): Promise<void> {
    const { trust, vouching, peers, log } = this.#parts
    const der = Buffer.concat(parts)
    const refuse = (why: string) => log('warn', 'list-refused', { peer: shortId(nodeId), why })
    if (sha256(der).toString('hex') !== offer.sha256) return refuse('not what was offered')
    const list = await readList(der)
    if (!list.ok) return refuse(list.problem.code)
    // In the time that it took a newer one may have come.
    const judged = judgeCarried({ trust, vouching }, list.value, signer)
    if (!judged.ok) return refuse(judged.problem.code)
    const from = { nodeId, callsign: peers.peers.get(nodeId)?.callsign ?? '' }
    await keepCarried({ trust, vouching }, list.value, judged.value, from)
  }
}
