/**
 * Who this node has met, and where: a lowdb document, rebuilt by meeting again if it is lost. It decides nothing; trust
 * is in the trust journal.
 */
import * as v from 'valibot'
import type { Address, NodeId } from '@shared/model.js'
import { ok, type Problem, type Result } from '@shared/result.js'
import { NodeIdSchema } from '../bytes/ids.js'
import { IdentityRecordSchema, type IdentityRecord } from '../identity/identity-record.js'
import { bounds } from '../limits.js'
import type { Log } from '../runtime/log.js'
import type { Clock } from '../runtime/clock.js'
import { openDocument, type Document } from '../storage/document.js'
import { kept, type Disk } from '../storage/disk.js'

const AddressSchema = v.object({ address: v.string(), port: v.number() })
const KnownPeerSchema = v.object({
  nodeId: NodeIdSchema,
  callsign: v.string(),
  laptop: v.optional(v.string(), ''),
  federation: v.string(),
  /** Counter of the identity record that it showed last. */
  counter: v.number(),
  /** The record itself, newest: bundles are sealed with the key in it. */
  record: v.optional(IdentityRecordSchema),
  /** Of the link protocol, spoken at the last hello. */
  linkVersion: v.optional(v.number()),
  firstMet: v.number(),
  lastHeard: v.number(),
  addresses: v.array(AddressSchema),
  /** What crossed since the decision that made it trusted. */
  given: v.object({ changesOut: v.number(), changesIn: v.number(), bytesOut: v.number(), bytesIn: v.number() })
})
const PeersFile = v.object({
  peers: v.array(KnownPeerSchema),
  /** Addresses that a person typed. */
  targets: v.array(AddressSchema)
})
type PeersFile = v.InferOutput<typeof PeersFile>
export type KnownPeer = v.InferOutput<typeof KnownPeerSchema>
export type Given = KnownPeer['given']

const nothingGiven: Given = { changesOut: 0, changesIn: 0, bytesOut: 0, bytesIn: 0 }

export class PeerBook {
  readonly peers = new Map<NodeId, KnownPeer>()
  targets: readonly Address[] = []
  readonly #document: Document<PeersFile>
  readonly #clock: Clock
  readonly #log: Log
  #cancelSave: (() => void) | undefined
  /** A newer version wrote the document; what this one would leave out must not be lost. */
  #isReadOnly = false

  private constructor(document: Document<PeersFile>, clock: Clock, log: Log) {
    this.#document = document
    this.#clock = clock
    this.#log = log
  }

  static async open(disk: Disk, clock: Clock, log: Log, onProblem: (problem: Problem) => void): Promise<PeerBook> {
    const book = new PeerBook(openDocument(disk, 'peers.json', PeersFile), clock, log)
    const read = await book.#document.read()
    if (!read.ok) {
      onProblem(read.problem)
      book.#isReadOnly = read.problem.code === 'newer-data'
    }
    if (read.ok) {
      for (const peer of read.value?.peers ?? []) book.peers.set(peer.nodeId, peer)
      book.targets = read.value?.targets ?? []
    }
    return book
  }

  meet(met: Omit<KnownPeer, 'firstMet' | 'addresses' | 'given'>, address: Address | undefined): void {
    const known = this.peers.get(met.nodeId)
    const addresses = known?.addresses ?? []
    this.peers.set(met.nodeId, {
      ...met,
      // What it withholds from strangers now it may have said before.
      callsign: met.callsign || (known?.callsign ?? ''),
      laptop: met.laptop || (known?.laptop ?? ''),
      // Not so its federation, of which a newer record may name another one.
      federation: met.federation || (known?.counter === met.counter ? known.federation : ''),
      firstMet: known?.firstMet ?? met.lastHeard,
      given: known?.given ?? nothingGiven,
      addresses: address === undefined ? addresses : newestFirst(addresses, address)
    })
    // Where somebody is found is worth a write at once; when it was, is not.
    const isNews = address !== undefined && !isSame(addresses[0], address)
    if (isNews) void this.#save()
    else this.#saveSoon()
  }

  forget(nodeId: NodeId): Promise<Result<null>> {
    this.peers.delete(nodeId)
    return this.#save()
  }

  /** Keeps so many of those about whom nobody decided, the newest; returns who was let go. */
  prune(most: number, isDecided: (nodeId: NodeId) => boolean): readonly NodeId[] {
    const strangers = [...this.peers.values()].filter(({ nodeId }) => !isDecided(nodeId))
    const gone = strangers.sort((a, b) => b.lastHeard - a.lastHeard).slice(most)
    for (const { nodeId } of gone) this.peers.delete(nodeId)
    return gone.map(({ nodeId }) => nodeId)
  }

  /** Somebody known from elsewhere: kept unless it was met. */
  remember(known: Pick<KnownPeer, 'nodeId' | 'callsign' | 'federation'>, at: number): void {
    if (this.peers.has(known.nodeId)) return
    const { nodeId, callsign, federation } = known
    this.peers.set(nodeId, {
      nodeId,
      callsign,
      laptop: '',
      federation,
      counter: 0,
      firstMet: at,
      lastHeard: at,
      addresses: [],
      given: nothingGiven
    })
    this.#saveSoon()
  }

  /** A newer record of somebody known, from elsewhere than a meeting; what was shown by the node itself stays. */
  noteRecord(nodeId: NodeId, record: IdentityRecord): void {
    const known = this.peers.get(nodeId)
    if (known === undefined || record.counter <= (known.record?.counter ?? -1)) return
    this.peers.set(nodeId, { ...known, record })
    this.#saveSoon()
  }

  heard(nodeId: NodeId, at: number): void {
    const known = this.peers.get(nodeId)
    if (known !== undefined) this.peers.set(nodeId, { ...known, lastHeard: at })
  }

  /** Counts what crossed; `undefined` starts from nothing. Saved with the next meeting or at the end. */
  count(nodeId: NodeId, more: Partial<Given> | undefined): void {
    const known = this.peers.get(nodeId)
    if (known === undefined) return
    const { changesOut, changesIn, bytesOut, bytesIn } = more === undefined ? nothingGiven : known.given
    const given = {
      changesOut: changesOut + (more?.changesOut ?? 0),
      changesIn: changesIn + (more?.changesIn ?? 0),
      bytesOut: bytesOut + (more?.bytesOut ?? 0),
      bytesIn: bytesIn + (more?.bytesIn ?? 0)
    }
    this.peers.set(nodeId, { ...known, given })
  }

  /** Counts once it is kept: what a person typed must not be gone after a power cut. */
  async setTargets(targets: readonly Address[]): Promise<Result<null>> {
    const before = this.targets
    this.targets = targets
    const saved = await this.#save()
    if (!saved.ok && this.targets === targets) this.targets = before
    return saved
  }

  async close(): Promise<void> {
    this.#cancelSave?.()
    this.#cancelSave = undefined
    await this.#save()
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#clock.after(200, () => {
      this.#cancelSave = undefined
      void this.#save()
    })
  }

  async #save(): Promise<Result<null>> {
    if (this.#isReadOnly) return ok(null)
    const saved = await kept(this.#document.write({ peers: [...this.peers.values()], targets: [...this.targets] }))
    if (saved.ok) return ok(null)
    this.#log('warn', 'peers-not-saved', { error: saved.problem.detail })
    return saved
  }
}

function isSame(one: Address | undefined, other: Address): boolean {
  return one?.address === other.address && one.port === other.port
}

function newestFirst(addresses: readonly Address[], address: Address): Address[] {
  const others = addresses.filter((one) => !isSame(one, address))
  return [address, ...others].slice(0, bounds.addressesPerPeer)
}
