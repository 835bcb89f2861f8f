/**
 * What peers signed to hold (docs/protocol/receipts.md): the newest receipt per peer and mission, with the heads that
 * its digest stands for, so that it can be said after a restart, and while the peer is away, what it has and lacks.
 */
import * as v from 'valibot'
import type { MissionId, NodeId } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import { HashSchema, NodeIdSchema } from '../bytes/ids.js'
import { isHex } from '../bytes/hash.js'
import type { Identity } from '../identity/identity.js'
import { parsePublicKey } from '../identity/signature.js'
import { bounds, limits } from '../limits.js'
import { digestOf } from '../logs/log-store.js'
import { isSeq, type Head } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import type { Clock } from '../runtime/clock.js'
import { kept, type Disk } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import { signReceipt, verifyReceipt, type Receipt } from './receipt.js'
import { holdsAll, spreadHeads, type Extent } from '../logs/extent.js'

/** What a digest stands for; one for all receipts that name it. */
export interface HeldState {
  readonly digest: string
  readonly heads: readonly Head[]
  /** The same, spread over the logs that heads cover. */
  readonly extent: Extent
}

const Time = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const KeptReceiptSchema = v.object({
  nodeId: NodeIdSchema,
  /** Signing key of the peer, base64url. */
  key: v.string(),
  digest: HashSchema,
  store: HashSchema,
  at: Time,
  /** By the own clock. */
  heardAt: Time,
  signature: v.string()
})
const HeadSchema = v.tuple([
  NodeIdSchema,
  v.custom<string>((value) => isHex(value, 16)),
  v.custom<number>(isSeq),
  HashSchema
])
export const ReceiptsFile = v.object({
  receipts: v.pipe(v.array(KeptReceiptSchema), v.maxLength(bounds.receipts)),
  /** The heads that the digests above stand for. */
  states: v.pipe(v.array(v.pipe(v.array(HeadSchema), v.maxLength(limits.heads))), v.maxLength(bounds.receiptStates))
})
type ReceiptsFile = v.InferOutput<typeof ReceiptsFile>

/** By peer, the name of its copy of the data as it said last. */
export const StoresFile = v.object({ stores: v.array(v.tuple([NodeIdSchema, HashSchema])) })
type StoresFile = v.InferOutput<typeof StoresFile>

export interface KeptReceipt extends v.InferOutput<typeof KeptReceiptSchema> {
  readonly state: HeldState
}

/**
 * - `forged`: the signature does not hold for this peer.
 * - `void`: for another copy of the peer's data than the one it speaks from.
 * - `replayed`: nothing that its newest one does not say.
 * - `foreign`: for a state of the mission that was never ours, so nobody here knows what is in it.
 */
export type ReceiptRefusal = 'forged' | 'void' | 'replayed' | 'foreign'

/** What a book looks at in a mission. */
export type Signed = Pick<Mission, 'id' | 'logs'>

export interface ReceiptBookParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly identity: Pick<Identity, 'signingKey'>
  /** Name of the own copy of the data, now. */
  readonly storeId: () => string
  readonly onSaved: (problem: Problem | undefined) => void
}

interface Shelf {
  readonly document: Document<ReceiptsFile>
  readonly receipts: Map<NodeId, KeptReceipt>
  /** States of the mission at which it was in step with somebody, the newest last. */
  readonly states: Map<string, HeldState>
  /** A newer version wrote it; what this one would leave out must not be lost. */
  isReadOnly: boolean
  own: Receipt | undefined
}

const folder = 'receipts'
const openedAtOnce = 16

export class ReceiptBook {
  readonly #parts: ReceiptBookParts
  readonly #shelves = new Map<MissionId, Shelf>()
  readonly #stores = new Map<NodeId, string>()
  readonly #storesDocument: Document<StoresFile>
  #areStoresReadOnly = false
  /** What is to be saved: missions, and the names of stores. */
  readonly #unsaved = new Set<MissionId | 'stores'>()
  #cancelSave: (() => void) | undefined

  private constructor(parts: ReceiptBookParts) {
    this.#parts = parts
    this.#storesDocument = openDocument(parts.disk, `${folder}/stores.json`, StoresFile)
  }

  /** Receipts were verified when they came; a damaged document is moved aside, and peers give theirs again. */
  static async open(parts: ReceiptBookParts, missions: readonly Signed[]): Promise<ReceiptBook> {
    const book = new ReceiptBook(parts)
    const stores = await book.#storesDocument.read()
    if (stores.ok) for (const [nodeId, store] of stores.value?.stores ?? []) book.#stores.set(nodeId, store)
    else book.#noteUnread(stores.problem)
    book.#areStoresReadOnly = !stores.ok && stores.problem.code === 'newer-data'
    for (let from = 0; from < missions.length; from += openedAtOnce)
      await Promise.all(missions.slice(from, from + openedAtOnce).map((mission) => book.#load(mission)))
    return book
  }

  /** The newest of each peer. */
  of(id: MissionId): ReadonlyMap<NodeId, KeptReceipt> {
    return this.#shelves.get(id)?.receipts ?? new Map<NodeId, KeptReceipt>()
  }

  /** Own and signed, for whoever is in step with us now. */
  sign(mission: Signed): Receipt {
    const shelf = this.#shelf(mission.id)
    const { clock, identity, storeId } = this.#parts
    const facts = { mission: mission.id, digest: mission.logs.digest(), store: storeId(), at: clock.now() }
    const { own } = shelf
    // One signature for all that hear it at about the same time.
    const isSame = own?.digest === facts.digest && own.store === facts.store
    if (isSame && own.at <= facts.at && facts.at - own.at < bounds.receiptEveryMs) return own
    shelf.own = signReceipt(facts, identity.signingKey)
    return shelf.own
  }

  /** The mission is in step with somebody as it stands: a receipt for this may come now or a little later. */
  noteState(mission: Signed): void {
    const { states } = this.#shelf(mission.id)
    const digest = mission.logs.digest()
    if (states.has(digest)) return
    const heads = mission.logs.heads()
    if (heads.length > limits.heads) return
    states.set(digest, { digest, heads, extent: spreadHeads(heads, (key) => mission.logs.log(key)) })
    this.#letGoOfStates(this.#shelf(mission.id))
  }

  /** The peer said which copy of its data it speaks from; true when it is another one than before. */
  heardStore(nodeId: NodeId, store: string): boolean {
    const before = this.#stores.get(nodeId)
    if (before === store) return false
    this.#stores.delete(nodeId)
    this.#stores.set(nodeId, store)
    for (const oldest of this.#stores.keys()) {
      if (this.#stores.size <= bounds.receiptStores) break
      this.#stores.delete(oldest)
    }
    this.#saveSoon('stores')
    for (const [id, { receipts }] of this.#shelves) {
      const receipt = receipts.get(nodeId)
      if (receipt === undefined || receipt.store === store) continue
      receipts.delete(nodeId)
      this.#saveSoon(id)
    }
    return before !== undefined
  }

  /** @param key the signing key of the peer, 32 bytes. */
  take(nodeId: NodeId, key: Buffer, receipt: Receipt): 'kept' | ReceiptRefusal {
    const publicKey = parsePublicKey(key)
    if (publicKey === undefined || !verifyReceipt(receipt, publicKey)) return 'forged'
    const { mission, digest, store, at, signature } = receipt
    if (this.#stores.get(nodeId) !== store) return 'void'
    const shelf = this.#shelves.get(mission)
    const state = shelf?.states.get(digest)
    if (shelf === undefined || state === undefined) return 'foreign'
    const newest = shelf.receipts.get(nodeId)
    if (newest !== undefined) {
      const saysNothing = newest.digest === digest ? at <= newest.at : holdsAll(newest.state.extent, state.extent)
      if (saysNothing) return 'replayed'
    }
    shelf.receipts.delete(nodeId)
    const heardAt = this.#parts.clock.now()
    shelf.receipts.set(nodeId, { nodeId, key: key.toString('base64url'), digest, store, at, heardAt, signature, state })
    for (const oldest of shelf.receipts.keys()) {
      if (shelf.receipts.size <= bounds.receipts) break
      shelf.receipts.delete(oldest)
    }
    this.#saveSoon(mission)
    return 'kept'
  }

  forget(nodeId: NodeId): void {
    if (this.#stores.delete(nodeId)) this.#saveSoon('stores')
    for (const [id, { receipts }] of this.#shelves) if (receipts.delete(nodeId)) this.#saveSoon(id)
  }

  async close(): Promise<void> {
    this.#cancelSave?.()
    this.#cancelSave = undefined
    await this.#save()
  }

  async #load(mission: Signed): Promise<void> {
    const shelf = this.#shelf(mission.id)
    const read = await shelf.document.read()
    if (!read.ok) {
      shelf.isReadOnly = read.problem.code === 'newer-data'
      this.#noteUnread(read.problem)
      return
    }
    for (const wire of read.value?.states ?? []) {
      const heads = wire.map(([author, epoch, seq, hash]) => ({ author, epoch, seq, hash }))
      const digest = digestOf(mission.id, heads)
      shelf.states.set(digest, { digest, heads, extent: spreadHeads(heads, (key) => mission.logs.log(key)) })
    }
    for (const receipt of read.value?.receipts ?? []) {
      const state = shelf.states.get(receipt.digest)
      const isCurrent = this.#stores.get(receipt.nodeId) === receipt.store
      if (state !== undefined && isCurrent) shelf.receipts.set(receipt.nodeId, { ...receipt, state })
    }
  }

  #noteUnread(found: Problem): void {
    this.#parts.onSaved(problem(found.code, `receipts: ${found.detail ?? ''}`))
  }

  #shelf(id: MissionId): Shelf {
    let shelf = this.#shelves.get(id)
    if (shelf === undefined) {
      const document = openDocument(this.#parts.disk, `${folder}/${id}.json`, ReceiptsFile)
      shelf = { document, receipts: new Map(), states: new Map(), isReadOnly: false, own: undefined }
      this.#shelves.set(id, shelf)
    }
    return shelf
  }

  /** Those that a receipt names stay longest; where there are too many of them, the oldest receipts go. */
  #letGoOfStates({ states, receipts }: Shelf): void {
    const named = () => new Set([...receipts.values()].map(({ digest }) => digest))
    for (let most = bounds.receiptStates; states.size > most;) {
      const inUse = named()
      const oldest = [...states.keys()].find((digest, index) => !inUse.has(digest) && index < states.size - 1)
      if (oldest !== undefined) {
        states.delete(oldest)
        continue
      }
      const [first] = receipts.keys()
      if (first === undefined) return
      receipts.delete(first)
    }
  }

  #saveSoon(what: MissionId | 'stores'): void {
    this.#unsaved.add(what)
    this.#cancelSave ??= this.#parts.clock.after(bounds.receiptEveryMs, () => {
      this.#cancelSave = undefined
      void this.#save()
    })
  }

  /** What is lost before it is saved a peer signs again at the next meeting. */
  async #save(): Promise<void> {
    const unsaved = [...this.#unsaved]
    this.#unsaved.clear()
    for (const what of unsaved) {
      const writing = this.#write(what)
      if (writing === undefined) continue
      const saved = await kept(writing)
      if (!saved.ok) this.#unsaved.add(what)
      this.#parts.onSaved(saved.ok ? undefined : saved.problem)
    }
  }

  #write(what: MissionId | 'stores'): Promise<void> | undefined {
    if (what === 'stores')
      return this.#areStoresReadOnly ? undefined : this.#storesDocument.write({ stores: [...this.#stores] })
    const shelf = this.#shelf(what)
    if (shelf.isReadOnly) return undefined
    const receipts = [...shelf.receipts.values()]
    const named = new Map(receipts.map(({ state }) => [state.digest, state]))
    return shelf.document.write({
      receipts: receipts.map(({ state: _, ...receipt }) => receipt),
      states: [...named.values()].map(({ heads }) =>
        heads.map(({ author, epoch, seq, hash }): ReceiptsFile['states'][number][number] => [author, epoch, seq, hash])
      )
    })
  }
}
