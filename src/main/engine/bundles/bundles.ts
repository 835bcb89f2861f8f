/**
 * Bundles (docs/protocol/bundle.md): missions in one file for a drive. Writes them for named nodes, shows what one holds,
 * and takes it: verified whole, laid in the data folder, committed to by one rename, and only then applied as if it came
 * from a peer. One piece of work at a time.
 */
import { basename, dirname } from 'node:path'
import * as v from 'valibot'
import { bundleEnding } from '@shared/bundle-names.js'
import type {
  BundleEstimate,
  BundlePreview,
  BundleProgress,
  BundleTaken,
  BundleWritten,
  MissionId,
  NodeId
} from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { HashSchema, MissionIdSchema, NodeIdSchema } from '../bytes/ids.js'
import type { OwnIdentity } from '../identity/identity.js'
import { nodeIdOf, type IdentityRecord } from '../identity/identity-record.js'
import type { LinkTable } from '../links/link-table.js'
import { bounds, limits } from '../limits.js'
import { logKey, type LogKey } from '../logs/run.js'
import { missionFolder, type Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import { missionFacts } from '../replication/mission-facts.js'
import type { Replicator } from '../replication/replicator.js'
import type { Clock } from '../runtime/clock.js'
import { shortId, type Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import { kept, type Disk } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import type { Store } from '../storage/store.js'
import { refuseGiving, refuseLink, refuseTaking } from '../trust/policy.js'
import type { PeerBook } from '../trust/peer-book.js'
import type { TrustBook } from '../trust/trust-book.js'
import { newAgeFile } from './age-file.js'
import type { ContentPort } from './content-port.js'
import { encodeManifest, holdsRevocations, missionOf, type MissionEntry } from './manifest.js'
import { PieceWriter, usualPieceBytes } from './piece-writer.js'
import { openBundle, readParts, type OpenedBundle } from './read-bundle.js'
import { decodeReceipt, encodeReceipt, giverOf, type Receipt } from './receipt.js'
import { BundleRefused, settled } from './refusal.js'
import type { RevocationPort } from './revocation-port.js'
import { openPieces } from './source.js'
import { Applier, Checker, newIn, RevocationReader } from './take-bundle.js'
import { changesOf, PayloadWriter, writeParts, type MissionPlan } from './write-bundle.js'

export interface BundlesParts {
  readonly identity: OwnIdentity
  readonly disk: Disk
  /** A folder outside the data folder. */
  readonly drive: (folder: string) => Disk
  readonly clock: Clock
  readonly random: Random
  readonly missions: Missions
  readonly links: LinkTable
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly replicator: Replicator
  readonly store: Store
  readonly contents?: ContentPort | undefined
  readonly revocations: RevocationPort
  readonly log: Log
}

export interface WriteRequest {
  /** Where: a file in a folder that is there. */
  readonly path: string
  readonly missions: readonly MissionId[]
  /** Whose sealing keys open it; empty only in the open. */
  readonly to: readonly NodeId[]
  /** Only what none of these nodes is known to hold. */
  readonly onlyLacking?: boolean | undefined
  /** Whoever finds the drive can read it. */
  readonly inTheOpen?: boolean | undefined
  readonly pieceBytes?: number | undefined
}

type Audience = Pick<WriteRequest, 'missions' | 'to' | 'inTheOpen'>

const BookFile = v.object({
  /** Bundles that were taken, newest last. */
  taken: v.array(v.object({ id: v.string(), from: NodeIdSchema, at: v.number() })),
  /** What others said that they hold, newest per node and mission. */
  held: v.array(
    v.object({
      node: NodeIdSchema,
      mission: MissionIdSchema,
      store: HashSchema,
      at: v.number(),
      logs: v.array(v.tuple([NodeIdSchema, v.string(), v.number(), HashSchema]))
    })
  )
})
type BookFile = v.InferOutput<typeof BookFile>

const takenMost = 500
const heldMost = 2_000
const incoming = 'incoming'
const fileNameMost = 200
/** Missions between two turns of the event loop. */
const estimatedAtOnce = 32

interface Job {
  progress: BundleProgress
  isCancelled: boolean
}

export class Bundles {
  readonly #parts: BundlesParts
  readonly #document: Document<BookFile>
  #book: BookFile = { taken: [], held: [] }
  #job: Job | undefined
  #working: Promise<unknown> = Promise.resolve()
  #resumed: Promise<void> = Promise.resolve()

  private constructor(parts: BundlesParts) {
    this.#parts = parts
    this.#document = openDocument(parts.disk, 'bundles.json', BookFile)
  }

  static async open(parts: BundlesParts): Promise<Bundles> {
    const bundles = new Bundles(parts)
    // Lost, it costs that peers are asked again for what they hold.
    const read = await bundles.#document.read()
    if (read.ok && read.value !== undefined) bundles.#book = read.value
    for (const held of bundles.#book.held) parts.replicator.noteReceipt(held.node, held.mission, held.logs)
    return bundles
  }

  /** Ends or drops what a crash left of taking bundles; what is asked for meanwhile waits. */
  resume(): Promise<void> {
    this.#resumed = this.#resume()
    return this.#resumed
  }

  async #resume(): Promise<void> {
    const { disk, log } = this.#parts
    const names = await kept(disk.list(incoming))
    const ids = new Set((names.ok ? names.value : []).map((name) => name.split('.', 1)[0] ?? ''))
    for (const id of ids) {
      const isWhole = names.ok && names.value.includes(`${id}.bundle`)
      const outcome = isWhole ? await settled(this.#apply(id)) : undefined
      // Kept for the next start where the disk was to blame.
      if (outcome?.ok === false && !outcome.problem.code.startsWith('bundle-'))
        log('warn', 'bundle-not-applied', { code: outcome.problem.code })
      else await kept(this.#clear(id))
    }
  }

  get progress(): BundleProgress | null {
    return this.#job?.progress ?? null
  }

  cancel(): void {
    if (this.#job !== undefined) this.#job.isCancelled = true
  }

  /** Ends what is under way, as far as it can be ended. */
  async stop(): Promise<void> {
    this.cancel()
    await this.#resumed
    await this.#working
  }

  write(request: WriteRequest): Promise<Result<BundleWritten>> {
    return this.#alone('write', () => this.#write(request))
  }

  /** What a bundle is and would bring; nothing is written. */
  preview(path: string): Promise<Result<BundlePreview>> {
    return settled(this.#preview(path))
  }

  take(path: string): Promise<Result<BundleTaken>> {
    return this.#alone('take', () => settled(this.#take(path)))
  }

  /** A receipt from a file: what its giver holds. */
  async takeReceipt(bytes: Buffer): Promise<Result<{ readonly nodeId: NodeId; readonly missions: number }>> {
    const receipt = decodeReceipt(bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes)
    if (typeof receipt === 'string') return fail('bad-receipt', receipt)
    const refused = refuseLink(this.#parts.links.factsOf(giverOf(receipt)))
    if (refused !== undefined) return fail(refused)
    await this.#noteReceipts([receipt])
    await this.#parts.trust.noteDone('receipt-taken', { node: giverOf(receipt), text: receipt.bundle })
    return ok({ nodeId: giverOf(receipt), missions: receipt.missions.length })
  }

  // Writing

  async #write(request: WriteRequest): Promise<Result<BundleWritten>> {
    const { identity, clock, random, drive, trust } = this.#parts
    const planned = await settled(this.#plan(request))
    if (!planned.ok) return planned
    const { missions, records } = planned.value
    const name = fileNameOf(request.path)
    const target = drive(dirname(request.path))
    const writer = new PieceWriter(target, name, request.pieceBytes ?? usualPieceBytes)
    const id = random.bytes(16).toString('hex')
    const at = clock.now()
    const total = missions.reduce((sum, plan) => sum + changesOf(plan), 0)
    const fileBytes = missions.reduce((sum, { contents }) => contents.reduce((all, { size }) => all + size, sum), 0)
    this.#step({ step: 'writing', done: 0, total: total * 300 + fileBytes })
    const outcome = await settled(
      (async (): Promise<BundleWritten> => {
        await refuseTaken(target, name)
        const isSealed = request.inTheOpen !== true
        const keys = records.map(({ sealingKey }) => Buffer.from(sealingKey, 'base64url'))
        const age = isSealed ? await sealedFor(keys, random.bytes(16)) : undefined
        if (age !== undefined) await writer.write(age.begin)
        const out = new PayloadWriter(writer, age?.sealer)
        const audience = [...new Set(request.to)].sort()
        const plan = {
          id,
          at,
          audience,
          missions,
          identities: this.#identities(missions),
          receipts: this.#receipts(request.to),
          revocations: this.#parts.revocations.told()
        }
        let changes = 0
        const written = await writeParts(out, plan, this.#parts.contents, (done) => {
          changes += done.changes ?? 0
          // At each step: a revocation bites in the middle.
          const refused = this.#refusal(request)
          if (refused !== undefined) throw new BundleRefused(refused.code, refused.detail)
          this.#forward((done.changes ?? 0) * 300 + (done.bytes ?? 0))
        })
        const key = identity.publicKey.toString('base64url')
        const encoded = encodeManifest(
          { id, at, key, callsign: identity.callsign, audience: [...audience], ...written },
          identity.signingKey
        )
        if (encoded === undefined) throw new BundleRefused('too-many', 'more files or logs than one bundle lists')
        await out.write(encoded)
        await out.end()
        this.#step({ step: 'checking', done: 0, total: writer.size })
        const pieces = await writer.finish((bytes) => this.#forward(bytes))
        return {
          id,
          files: pieces,
          bytes: pieces.reduce((sum, { size }) => sum + size, 0),
          missions: missions.length,
          changes,
          contents: written.parts.filter(({ kind }) => kind === 'content').length,
          leftOut: missions.reduce((sum, { leftOut }) => sum + leftOut, 0),
          at
        }
      })()
    )
    if (!outcome.ok) {
      await writer.drop()
      return outcome
    }
    const names = missions.map(({ mission }) => mission.signed.create.name).join(', ')
    await trust.noteDone('bundle-written', {
      text: `${names} for ${request.to.length === 0 ? 'everybody' : request.to.map(shortId).join(', ')}`
    })
    return outcome
  }

  /** What of each mission would go in, as far as this may be said before it is packed; for nobody yet, all of it. */
  async estimate(request: Pick<WriteRequest, 'to' | 'onlyLacking' | 'inTheOpen'>): Promise<readonly BundleEstimate[]> {
    const isFor = request.to.length > 0 || request.inTheOpen === true
    const estimates: BundleEstimate[] = []
    for (const mission of this.#parts.missions.all()) {
      if (estimates.length % estimatedAtOnce === estimatedAtOnce - 1) await new Promise((next) => setImmediate(next))
      const plan = await this.#planOf(mission, request)
      const changes = changesOf(plan)
      const all = mission.logs.changes
      const files = plan.contents.reduce((sum, { size }) => sum + size, 0)
      const refused = isFor ? this.#refusal({ ...request, missions: [mission.id] }) : undefined
      const lines = all === 0 ? 0 : Math.ceil((mission.logs.bytes * changes) / all)
      estimates.push({
        ...{ id: mission.id, changes, files: plan.contents.length, bytes: lines + files },
        ...(refused === undefined ? {} : { refused: refused.code })
      })
    }
    return estimates
  }

  async #planOf(mission: Mission, { to, onlyLacking }: Pick<WriteRequest, 'to' | 'onlyLacking'>): Promise<MissionPlan> {
    const contents = (await this.#parts.contents?.of(mission.id)) ?? []
    const listed = mission.summary.counts['content'] ?? 0
    const after = onlyLacking === true ? this.#heldByAll(to, mission.id) : new Map<LogKey, number>()
    return { mission, after, contents, leftOut: Math.max(0, listed - contents.length) }
  }

  async #plan(
    request: WriteRequest
  ): Promise<{ readonly missions: readonly MissionPlan[]; readonly records: readonly IdentityRecord[] }> {
    const refused = this.#refusal(request)
    if (refused !== undefined) throw new BundleRefused(refused.code, refused.detail)
    const { missions, peers } = this.#parts
    const records = request.to.map((nodeId) => {
      const record = peers.peers.get(nodeId)?.record
      if (record === undefined) throw new BundleRefused('no-sealing-key', peers.peers.get(nodeId)?.callsign)
      return record
    })
    const plans: MissionPlan[] = []
    for (const id of new Set(request.missions)) {
      const mission = missions.get(id)
      if (mission === undefined) throw new BundleRefused('mission-unknown')
      plans.push(await this.#planOf(mission, request))
    }
    return { missions: plans, records }
  }

  /** How far each log is known to be held by each of these nodes. */
  #heldByAll(nodes: readonly NodeId[], id: MissionId): ReadonlyMap<LogKey, number> {
    const extents = nodes.map((nodeId) => this.#parts.replicator.exchanges.get(nodeId)?.get(id)?.told)
    const [first, ...others] = extents
    const held = new Map<LogKey, number>()
    for (const [key, seq] of first ?? []) {
      const least = Math.min(seq, ...others.map((extent) => extent?.get(key) ?? 0))
      if (least > 0) held.set(key, least)
    }
    return held
  }

  /** Why this bundle may not be made, now. */
  #refusal({ missions: ids, to, inTheOpen }: Audience): Problem | undefined {
    const { missions, links, identity, peers } = this.#parts
    if (ids.length === 0) return problem('bad-request', 'no mission')
    if ((to.length === 0) !== (inTheOpen === true)) return problem('bad-request', 'for named nodes, or in the open')
    for (const id of ids) {
      const mission = missions.get(id)
      if (mission === undefined) return problem('mission-unknown')
      const facts = missionFacts(mission, identity.nodeId)
      // What anybody may find goes further than a federation.
      if (inTheOpen === true && facts.onward !== 'any' && !facts.isOwn) return problem('outside-scope', facts.name)
      for (const nodeId of to) {
        const refused = refuseGiving(links.factsOf(nodeId), missionFacts(mission, identity.nodeId, nodeId))
        if (refused !== undefined)
          return problem(refused, `${peers.peers.get(nodeId)?.callsign ?? shortId(nodeId)}: ${facts.name}`)
      }
    }
    return undefined
  }

  /** Records of members: whoever takes the bundle can seal one for them. */
  #identities(plans: readonly MissionPlan[]): readonly IdentityRecord[] {
    const { identity, peers } = this.#parts
    const members = new Set(plans.flatMap(({ mission }) => [...mission.permissions.members.keys()]))
    members.delete(identity.nodeId)
    const known = [...members].flatMap((nodeId) => peers.peers.get(nodeId)?.record ?? [])
    return [identity.record, ...known].slice(0, 1_000)
  }

  /** For whoever gave us a bundle before: that it came. */
  #receipts(to: readonly NodeId[]): readonly Buffer[] {
    const { missions, links, identity } = this.#parts
    return to.flatMap((nodeId) => {
      const last = this.#book.taken.filter(({ from }) => from === nodeId).at(-1)
      const allowed = missions
        .all()
        .filter(
          (mission) => refuseGiving(links.factsOf(nodeId), missionFacts(mission, identity.nodeId, nodeId)) === undefined
        )
      return last === undefined ? [] : [this.#receiptFor(last.id, allowed)]
    })
  }

  #receiptFor(bundle: string, missions: readonly Mission[]): Buffer {
    const { identity, store, clock } = this.#parts
    const key = identity.publicKey.toString('base64url')
    const entries = missions.map(({ id, logs }) => ({
      mission: id,
      digest: logs.digest(),
      logs: [...logs.logs()]
        .filter(({ head }) => head.seq > 0)
        .slice(-limits.bundleLogs)
        .map(({ id: { author, epoch }, head }): Receipt['missions'][number]['logs'][number] => [
          author,
          epoch,
          head.seq,
          head.hash.toString('hex')
        ])
    }))
    return encodeReceipt({ bundle, key, store: store.storeId, at: clock.now(), missions: entries }, identity.signingKey)
  }

  // Reading

  async #open(path: string): Promise<OpenedBundle & { readonly bytes: number }> {
    const { identity, drive } = this.#parts
    const file = await openPieces(drive(dirname(path)), basename(path))
    return { ...(await openBundle(file, identity.nodeId, identity.sealingSecret)), bytes: file.size }
  }

  async #preview(path: string): Promise<BundlePreview> {
    const bundle = await this.#open(path)
    const { manifest, sender, isSealed, bytes } = bundle
    const { peers, missions, contents } = this.#parts
    const known = peers.peers.get(sender)
    const entries = manifest.missions.map((entry) => {
      const id = missionOf(entry)
      const mission = missions.get(id)
      const files = manifest.parts.flatMap((part) => (part.kind === 'content' && part.mission === id ? [part] : []))
      const refused = this.#refuseEntry(sender, entry)
      return {
        id,
        name: entry.create.create.name,
        isNew: mission === undefined,
        changes: entry.logs.reduce((sum, [, , after, seq]) => sum + seq - after, 0),
        newChanges: newIn(entry, mission),
        files: files.length,
        fileBytes: files.reduce((sum, { size }) => sum + size, 0),
        newFiles: files.filter(({ sha256 }) => contents?.has(id, sha256) !== true).length,
        leftOut: entry.leftOut,
        hasGap: hasGap(entry, mission),
        ...(refused === undefined ? {} : { refused })
      }
    })
    const taken = this.#book.taken.find(({ id }) => id === manifest.id)
    const revocations = await this.#newRevocations(bundle)
    return {
      id: manifest.id,
      at: manifest.at,
      sender: {
        nodeId: sender,
        // Its own word only where there is none better.
        callsign: known?.callsign || manifest.callsign,
        isKnown: known !== undefined
      },
      audience: manifest.audience,
      isSealed,
      bytes,
      missions: entries,
      warnings: [
        ...(isSealed ? [] : [problem('bundle-in-the-open')]),
        ...(entries.some((entry) => entry.hasGap) ? [problem('bundle-gap')] : [])
      ],
      ...(taken === undefined ? {} : { takenAt: taken.at }),
      ...(revocations === undefined ? {} : { revocations })
    }
  }

  /** Whether a word of this sender about others is heard, as it would be on a link. */
  #refuseWord(sender: NodeId): ProblemCode | undefined {
    const { identity, links } = this.#parts
    return sender === identity.nodeId ? undefined : refuseLink(links.factsOf(sender))
  }

  /** What the revocations in it would do here; left out: nothing. */
  async #newRevocations(bundle: OpenedBundle): Promise<BundlePreview['revocations']> {
    if (!holdsRevocations(bundle.manifest) || this.#refuseWord(bundle.sender) !== undefined) return undefined
    const reader = new RevocationReader()
    await readParts(bundle, reader, async () => Promise.resolve())
    const news = await this.#parts.revocations.news(reader.found)
    return news.laptops + news.lists === 0 ? undefined : news
  }

  #refuseEntry(sender: NodeId, { create }: MissionEntry): Problem | undefined {
    const { identity, links } = this.#parts
    if (sender === identity.nodeId) return undefined
    const { name, labels, onward } = create.create
    const refused = refuseTaking(links.factsOf(sender), {
      id: missionOf({ create, logs: [], leftOut: 0 }),
      name,
      labels,
      onward
    })
    return refused === undefined ? undefined : problem(refused, name)
  }

  async #take(path: string): Promise<BundleTaken> {
    const { disk, missions } = this.#parts
    const bundle = await this.#open(path)
    const { manifest, sender, payload } = bundle
    const refusals = manifest.missions.map((entry) => this.#refuseEntry(sender, entry))
    const [refused] = refusals
    // Who is shut out is worth taking also where no mission is.
    const isForRevocations = holdsRevocations(manifest) && this.#refuseWord(sender) === undefined
    if (refused !== undefined && !isForRevocations && refusals.every((one) => one !== undefined))
      throw new BundleRefused(refused.code, refused.detail)
    if ((await disk.free()) < payload.size + bounds.bundleReserveBytes) throw new BundleRefused('disk-full')
    const [part, whole, drafts] = namesOf(manifest.id)
    this.#step({ step: 'checking', done: 0, total: payload.size })
    try {
      await disk.remove(drafts)
      const file = await disk.openLog(part, 'at sync')
      try {
        await file.truncate(0)
        const checker = await Checker.open(manifest, missions, disk, drafts)
        try {
          await readParts(bundle, checker, async (bytes) => {
            await file.append(bytes)
            this.#forward(bytes.length)
          })
          await checker.end()
        } finally {
          await checker.close()
        }
        await file.sync()
      } finally {
        await file.close()
      }
      // From here on it counts, whatever happens.
      await disk.move(part, whole)
    } catch (error) {
      await kept(disk.remove(part))
      await kept(disk.remove(drafts))
      throw error
    }
    const taken = await this.#apply(manifest.id)
    await this.#clear(manifest.id)
    return taken
  }

  /** First what commits to it: as long as that is there, it is gone on with. */
  async #clear(id: string): Promise<void> {
    const [part, whole, drafts] = namesOf(id)
    for (const path of [whole, part, drafts]) await this.#parts.disk.remove(path)
  }

  /** What is committed to takes effect; again, as often as it takes. */
  async #apply(id: string): Promise<BundleTaken> {
    const { disk, identity, missions, peers, trust, contents } = this.#parts
    const [, whole, drafts] = namesOf(id)
    const file = await openPieces(disk, whole)
    const bundle = await openBundle(file, identity.nodeId, identity.sealingSecret)
    const { manifest, sender } = bundle
    const entries = manifest.missions.filter((entry) => this.#refuseEntry(sender, entry) === undefined)
    const opened = new Map<MissionId, Mission>()
    const adopted = new Set<MissionId>()
    let [changes, newMissions] = [0, 0]
    for (const entry of entries) {
      const held = missions.get(missionOf(entry))
      changes += newIn(entry, held)
      if (held === undefined) newMissions++
      const own = missionOf(entry)
      const laid = `${drafts}/${missionFolder(own)}`
      if (held === undefined && (await disk.list(laid)).length > 0 && (await missions.adopt(own, laid)) !== undefined)
        adopted.add(own)
      const accepted = await missions.accept(entry.create)
      if (!accepted.ok) throw new BundleRefused(accepted.problem.code, accepted.problem.detail)
      opened.set(accepted.value.id, accepted.value)
    }
    const total = entries.reduce((sum, { logs }) => logs.reduce((all, [, , from, to]) => all + to - from, sum), 0)
    this.#step({ step: 'applying', done: 0, total })
    const revoked = { statements: 0, lists: 0 }
    const applier = new Applier({
      missions: opened,
      adopted,
      contents,
      onIdentities: (records) => {
        for (const record of records) peers.noteRecord(nodeIdOf(Buffer.from(record.signingKey, 'base64url')), record)
      },
      onReceipts: (receipts) => this.#noteReceipts(receipts),
      onRevocations: async (carried) => {
        if (this.#refuseWord(sender) !== undefined) return
        const callsign = peers.peers.get(sender)?.callsign ?? manifest.callsign
        const taken = await this.#parts.revocations.take(carried, { nodeId: sender, callsign })
        if (!taken.ok) throw new BundleRefused(taken.problem.code, taken.problem.detail)
        revoked.statements += taken.value.statements
        revoked.lists += taken.value.lists
      },
      onChanges: (count) => this.#forward(count)
    })
    await readParts(bundle, applier, async () => Promise.resolve())
    if (!(await applier.isDurable()))
      throw new BundleRefused('disk-failed', 'what was taken is not all on the disk yet')
    const waiting = entries.reduce((sum, entry) => sum + newIn(entry, opened.get(missionOf(entry))), 0)
    const at = this.#parts.clock.now()
    await this.#noteBook({
      ...this.#book,
      taken: [...this.#book.taken.filter(({ id }) => id !== manifest.id), { id: manifest.id, from: sender, at }].slice(
        -takenMost
      )
    })
    await trust.noteDone('bundle-taken', {
      node: sender,
      text: `${String(changes - waiting)} changes: ${entries.map(({ create }) => create.create.name).join(', ')}`
    })
    return {
      id: manifest.id,
      from: sender,
      missions: entries.map(missionOf),
      newMissions,
      changes: changes - waiting,
      waiting,
      files: applier.files,
      revocations: revoked,
      refused: manifest.missions.length - entries.length,
      receipt: {
        fileName: `${manifest.id.slice(0, 8)}.muster-receipt`,
        data: Buffer.concat([this.#receiptFor(manifest.id, [...opened.values()]), Buffer.from('\n')]).toString('base64')
      }
    }
  }

  async #noteReceipts(receipts: readonly Receipt[]): Promise<void> {
    const { replicator, links } = this.#parts
    let { held } = this.#book
    for (const receipt of receipts) {
      const node = giverOf(receipt)
      if (refuseLink(links.factsOf(node)) !== undefined) continue
      for (const { mission, logs } of receipt.missions) {
        const before = held.find((one) => one.node === node && one.mission === mission)
        if (before !== undefined && before.at >= receipt.at) continue
        replicator.noteReceipt(node, mission, logs)
        held = [...held.filter((one) => one !== before), { node, mission, store: receipt.store, at: receipt.at, logs }]
      }
    }
    if (held !== this.#book.held) await this.#noteBook({ ...this.#book, held: held.slice(-heldMost) })
  }

  /** Nothing rests on it that could not be told again. */
  async #noteBook(book: BookFile): Promise<void> {
    this.#book = book
    const saved = await kept(this.#document.write(book))
    if (!saved.ok) this.#parts.log('warn', 'bundles-not-saved', { error: saved.problem.detail })
  }

  // One at a time, with progress

  async #alone<T>(kind: BundleProgress['kind'], work: () => Promise<Result<T>>): Promise<Result<T>> {
    if (this.#job !== undefined) return fail('bundle-busy')
    this.#job = {
      progress: { kind, step: kind === 'write' ? 'writing' : 'checking', done: 0, total: 0 },
      isCancelled: false
    }
    const working = this.#resumed.then(work).finally(() => (this.#job = undefined))
    this.#working = working.catch(() => undefined) // Whoever asked for it gets the error.
    return working
  }

  #step(step: Omit<BundleProgress, 'kind'>): void {
    if (this.#job !== undefined) this.#job.progress = { kind: this.#job.progress.kind, ...step }
  }

  #forward(done: number): void {
    const job = this.#job
    if (job === undefined) return
    // What is committed to goes on to its end.
    if (job.isCancelled && job.progress.step !== 'applying') throw new BundleRefused('bundle-cancelled')
    job.progress = { ...job.progress, done: Math.min(job.progress.done + done, job.progress.total) }
  }
}

async function sealedFor(keys: readonly Buffer[], nonce: Buffer) {
  try {
    return await newAgeFile(keys, nonce)
  } catch (error) {
    // A key of small order, which nobody honest has.
    throw new BundleRefused('no-sealing-key', String(error))
  }
}

/** What lies in the data folder while a bundle is taken: half of it, all of it, and missions that are not here yet. */
function namesOf(id: string): readonly [part: string, whole: string, drafts: string] {
  return [`${incoming}/${id}.part`, `${incoming}/${id}.bundle`, `${incoming}/${id}.new`]
}

/** A file name as asked for, with our ending. */
function fileNameOf(path: string): string {
  const name = basename(path)
  return name.endsWith(bundleEnding) ? name : `${name.slice(0, fileNameMost)}${bundleEnding}`
}

/** Nothing that lies there is written over. */
async function refuseTaken(drive: Disk, name: string): Promise<void> {
  await drive.place() // The folder must be there: one that is made in place of a pulled drive is none.
  const taken = (await drive.list('.')).find(
    (one) => one === name || (one.startsWith(`${name}.`) && !one.includes('unfinished'))
  )
  if (taken !== undefined) throw new BundleRefused('bundle-exists', taken)
}

/** Whether something before what it holds is missing here. */
function hasGap({ logs }: MissionEntry, mission: Mission | undefined): boolean {
  return logs.some(
    ([author, epoch, after]) => after > 0 && (mission?.logs.log(logKey({ author, epoch }))?.head.seq ?? 0) < after
  )
}
