/**
 * Files of missions between peers (docs/protocol/content.md): who holds which, what is fetched and from whom, what is
 * given to whom. Asks the policy at each step; a file is given only for a mission by which it entered here.
 */
import type { FileAmount, MissionId, NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { problem, type Problem } from '@shared/result.js'
import { bounds } from '../limits.js'
import type { ContentPart } from '../links/content-frame.js'
import type { Link } from '../links/link.js'
import type { LinkTable } from '../links/link-table.js'
import type { Message } from '../links/messages.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import { entityOf } from '../missions/views.js'
import type { Clock } from '../runtime/clock.js'
import { shortId, type Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import { diskProblem, kept } from '../storage/disk.js'
import type { TrustBook } from '../trust/trust-book.js'
import { Asker } from './asker.js'
import { contentFacts, rankOf, type ContentFacts } from './facts.js'
import { Giver } from './giver.js'
import type { HeldFiles } from './held.js'
import { blockBytes } from './incoming.js'
import { spreadOf, type Spread } from './spread.js'
import type { ContentStore } from './store.js'
import { Transfer } from './transfer.js'

export interface ContentsParts {
  readonly store: ContentStore
  readonly held: HeldFiles
  readonly missions: Missions
  readonly links: LinkTable
  readonly trust: TrustBook
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Files up to this size come by themselves. */
  readonly autoBytes: () => number
  readonly mayGive: (nodeId: NodeId, mission: Mission) => boolean
  readonly mayTake: (nodeId: NodeId, mission: Mission) => boolean
  /** What the window shows of this mission's files changed. */
  readonly onChange: (mission: MissionId) => void
  /** What limits files here; `undefined`: nothing. */
  readonly onProblem: (found: Problem | undefined) => void
}

interface Peer {
  readonly link: Link
  readonly asker: Asker
  readonly giver: Giver
}

/** Blocks of which some were wrong: who gave each, and the sums of what was given. */
interface Doubted {
  readonly origins: Transfer['origins']
  readonly sums: readonly number[]
}

/** A file that is to come, by one mission. */
interface Candidate {
  readonly mission: MissionId
  readonly file: string
  readonly size: number
  readonly mime: string
  readonly from: readonly NodeId[]
}

/** What a mission said of files when its view had this version. */
interface Known {
  version: number
  readonly files: Map<string, { readonly names: string; readonly facts: ContentFacts | undefined }>
}

/** How a file that is not here stands. */
export interface Standing {
  readonly state: 'coming' | 'waiting' | 'large' | 'nobody' | 'stuck'
  readonly size: number | undefined
  readonly bytes: number
  readonly bytesPerSecond: number | undefined
  readonly sources: number
  readonly problem: ProblemCode | undefined
}

const lookMs = 20
const showMs = 500
const lookedAtOnce = 500
/** A file that the disk did not take is tried again. */
const againMs = 30_000
/** Blocks that show that a peer has a file whose bytes are here already. */
const proofBlocks = 4

export class Contents {
  readonly #parts: ContentsParts
  /** Linked, and able to speak of files. */
  readonly #peers = new Map<NodeId, Peer>()
  /** Of what anybody holds: what is not here. */
  readonly #missing = new Map<MissionId, Set<string>>()
  readonly #known = new Map<MissionId, Known>()
  /** What is wanted and can be had, the next first, as of the last look. */
  #queue: Candidate[] = []
  #isFilling = false
  readonly #transfers = new Map<string, { readonly mission: MissionId; readonly transfer: Transfer }>()
  /** Files whose transfer is being begun or ended, or that are being proved. */
  readonly #busy = new Set<string>()
  /** Peers that are not asked for a file: for ever in this start, or until a monotonic time. */
  readonly #aside = new Map<string, number>()
  /** Bytes of several peers were wrong: from one peer at a time until it is right, to know who lied. */
  readonly #doubted = new Map<string, Doubted>()
  readonly #problems = new Map<string, ProblemCode>()
  /** Files that a mission does not name, or that are deleted in it, as of a version of its view. */
  readonly #outside = new Map<MissionId, { readonly version: number; readonly files: ReadonlySet<string> }>()
  readonly #looksOutside = new Set<MissionId>()
  /** Made when it is asked for, until something moves. */
  readonly #spreads = new Map<MissionId, Spread>()
  readonly #versions = new Map<MissionId, number>()
  readonly #toShow = new Set<MissionId>()
  #isLooking = false
  #isLookPlanned = false
  #cancelAgain: (() => void) | undefined
  #isStopped = false

  constructor(parts: ContentsParts) {
    this.#parts = parts
  }

  /** Grows with each change of what is known here of a mission's files; 0 while nothing is. */
  version(mission: MissionId): number {
    return this.#versions.get(mission) ?? 0
  }

  linkUp(link: Link, nodeId: NodeId): void {
    // It says anew what it holds; what it said before may be true no longer.
    const before = this.#parts.held.missionsOf(nodeId)
    this.#parts.held.forget(nodeId)
    for (const id of before) this.#show(id)
    if (link.version < 3) return
    const { store, clock, missions, mayGive } = this.#parts
    const giver = new Giver({
      link,
      store,
      clock,
      mayHave: (id) => {
        const mission = missions.get(id)
        return mission !== undefined && mayGive(nodeId, mission)
      }
    })
    this.#peers.set(nodeId, { link, asker: new Asker(link, clock), giver })
    for (const mission of missions.all()) this.#tellAll(mission, nodeId)
  }

  linkDown(nodeId: NodeId): void {
    const peer = this.#peers.get(nodeId)
    this.#peers.delete(nodeId)
    peer?.asker.close()
    for (const id of this.#parts.held.missionsOf(nodeId)) this.#show(id)
    this.#lookSoon()
  }

  /** The policy's answer about this peer may have changed. */
  trustChanged(nodeId: NodeId): void {
    this.#spreads.clear()
    for (const mission of this.#parts.missions.all()) this.#tellAll(mission, nodeId)
    this.#lookSoon()
  }

  /** What a mission says of its files may have changed. */
  missionChanged({ id }: Mission): void {
    if (this.#missing.has(id)) this.#lookSoon()
  }

  settingsChanged(): void {
    this.#problems.clear()
    for (const id of this.#missing.keys()) this.#show(id)
    this.#lookSoon()
  }

  /** A file entered here: peers hear of it. */
  entered(id: MissionId, file: string): void {
    this.#missing.get(id)?.delete(file)
    this.#parts.held.entered()
    this.#show(id)
    const mission = this.#parts.missions.get(id)
    if (mission === undefined) return
    for (const [nodeId, { giver }] of this.#peers) if (this.#parts.mayGive(nodeId, mission)) giver.tell(id, [file])
    const isWantedElsewhere = [...this.#missing.values()].some((files) => files.has(file))
    if (isWantedElsewhere) this.#lookSoon()
  }

  /** A file that was here is not what it was: peers must not count on it, and may have it. */
  damaged(file: string): void {
    const { store, missions, mayGive, held } = this.#parts
    for (const mission of missions.all()) {
      if (!store.hasEntered(mission.id, file)) continue
      for (const [nodeId, { link }] of this.#peers)
        if (mayGive(nodeId, mission)) link.send({ t: 'lacks', mission: mission.id, file }, mission.id)
      this.#show(mission.id)
    }
    for (const id of held.missionsWith(file)) {
      this.#miss(id, file)
      this.#show(id)
    }
    this.#lookSoon()
  }

  /** A person asked for it, or not any more. */
  async want(mission: MissionId, file: string, isWanted: boolean): Promise<void> {
    const { store } = this.#parts
    await store.want(mission, file, isWanted)
    this.#problems.delete(file)
    const running = this.#transfers.get(file)
    if (!isWanted && running?.mission === mission) {
      this.#transfers.delete(file)
      this.#busy.add(file)
      await running.transfer.stop()
      await store.giveUp(mission, file)
      this.#busy.delete(file)
    } else if (!isWanted && store.comingOf(mission, file) > 0) await store.giveUp(mission, file)
    this.#show(mission)
    this.#lookSoon()
  }

  message(nodeId: NodeId, message: Extract<Message, { t: 'holds' | 'fetch' | 'lacks' }>): void {
    const peer = this.#peers.get(nodeId)
    if (peer === undefined) return
    const { mission, t } = message
    if (t === 'holds') this.#takeHolds(nodeId, mission, message.files)
    else if (t === 'fetch') {
      const { file, offset, length } = message
      peer.giver.ask({ mission, file, offset, length })
    } else {
      this.#parts.held.remove(nodeId, mission, message.file)
      peer.asker.lacks(mission, message.file)
      this.#show(mission)
    }
  }

  part(nodeId: NodeId, part: ContentPart): void {
    const mission = this.#parts.missions.get(part.mission)
    if (mission === undefined || !this.#parts.mayTake(nodeId, mission)) return
    this.#peers.get(nodeId)?.asker.take(part)
  }

  /** Who holds a file, as it said itself. */
  holders(mission: MissionId, file: string): readonly { readonly nodeId: NodeId; readonly linked: boolean }[] {
    return [...this.#parts.held.of(mission)].flatMap(([nodeId, files]) =>
      files.has(file) ? [{ nodeId, linked: this.#peers.has(nodeId) }] : []
    )
  }

  /** Where the files of a mission are beside here, as far as it is known: what is not known counts as only here. */
  spread(mission: Mission): Spread {
    const { id } = mission
    const known = this.#spreads.get(id)
    const spread = known ?? this.#makeSpread(id)
    this.#spreads.set(id, spread)
    const outside = this.#outside.get(id)
    const isLacked = [spread.alone, ...spread.lackedBy.values()].some(({ files }) => files > 0)
    const isInDoubt = isLacked || (outside?.files.size ?? 0) > 0
    if (isInDoubt && outside?.version !== mission.summary.version) void this.#lookOutside(mission)
    return spread
  }

  /** Files here that a peer is not known to hold. */
  lackedBy(mission: Mission, nodeId: NodeId): FileAmount {
    const { lackedBy, here } = this.spread(mission)
    return lackedBy.get(nodeId) ?? here
  }

  #makeSpread(id: MissionId): Spread {
    const { store, held, trust } = this.#parts
    const outside = this.#outside.get(id)?.files
    const files = store.of(id).flatMap((sha256) => {
      const size = store.sizeOf(sha256)
      return size === undefined || outside?.has(sha256) === true ? [] : [{ sha256, size }]
    })
    return spreadOf(files, held.of(id), (nodeId) => trust.stateOf(nodeId).level === 'trusted')
  }

  /** Nobody fetches a file that the mission does not name any more, and nobody misses it. */
  async #lookOutside(mission: Mission): Promise<void> {
    const { id } = mission
    if (this.#looksOutside.has(id) || this.#isStopped) return
    this.#looksOutside.add(id)
    const fold = await kept(mission.fold())
    this.#looksOutside.delete(id)
    const before = this.#outside.get(id)?.files ?? new Set()
    const isOutside = (file: string) => fold.ok && fold.value.entity(`content/${file}`)?.deleted !== false
    // Where the disk does not give it, what was known stands until there is more to know.
    const files = fold.ok ? new Set(this.#parts.store.of(id).filter(isOutside)) : before
    this.#outside.set(id, { version: mission.summary.version, files })
    if (files.size !== before.size || [...files].some((file) => !before.has(file))) this.#show(id)
  }

  /** How a file that is not here stands. */
  standing(mission: MissionId, file: string, facts: ContentFacts): Standing {
    const { store, autoBytes } = this.#parts
    const running = this.#transfers.get(file)
    const transfer = running?.mission === mission ? running.transfer : undefined
    const candidate = this.#candidate(mission, file, facts.mime)
    const size = transfer?.size ?? candidate?.size ?? facts.sizes[0]
    const isWanted = wants(facts, candidate?.size ?? 0, autoBytes(), store.isWanted(mission, file))
    const found = this.#problems.get(file)
    const common = {
      size,
      bytes: transfer?.written ?? 0,
      bytesPerSecond: transfer?.bytesPerSecond,
      sources: transfer?.sources.size ?? 0,
      problem: found
    }
    if (transfer !== undefined && transfer.sources.size > 0) return { ...common, state: 'coming' }
    if (found !== undefined) return { ...common, state: 'stuck' }
    if (candidate === undefined) return { ...common, state: 'nobody' }
    return { ...common, state: isWanted ? 'waiting' : 'large' }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelAgain?.()
    for (const { asker } of this.#peers.values()) asker.close()
    await Promise.all([...this.#transfers.values()].map(({ transfer }) => transfer.stop()))
    this.#transfers.clear()
    await this.#parts.held.close()
  }

  #tellAll(mission: Mission, nodeId: NodeId): void {
    const peer = this.#peers.get(nodeId)
    if (peer !== undefined && this.#parts.mayGive(nodeId, mission))
      peer.giver.tell(mission.id, this.#parts.store.of(mission.id))
  }

  #takeHolds(nodeId: NodeId, id: MissionId, files: readonly (readonly [string, number])[]): void {
    if (!this.#parts.held.add(nodeId, id, files)) {
      this.#peers.get(nodeId)?.link.close('protocol-error', 'too many files')
      return
    }
    for (const [file] of files) if (!this.#parts.store.has(id, file)) this.#miss(id, file)
    this.#show(id)
    this.#lookSoon()
  }

  #miss(id: MissionId, file: string): void {
    this.#missing.set(id, (this.#missing.get(id) ?? new Set()).add(file))
  }

  /** What the window shows of it is told soon, but not for each of many blocks. */
  #show(id: MissionId): void {
    this.#spreads.delete(id)
    if (this.#toShow.has(id) || this.#isStopped) return
    this.#toShow.add(id)
    this.#parts.clock.after(showMs, () => {
      this.#toShow.delete(id)
      this.#versions.set(id, this.version(id) + 1)
      this.#parts.onChange(id)
    })
  }

  // What comes, and from whom

  #lookSoon(): void {
    if (this.#isLookPlanned || this.#isStopped) return
    this.#isLookPlanned = true
    this.#parts.clock.after(lookMs, () => {
      this.#isLookPlanned = false
      if (this.#isLooking) this.#lookSoon()
      else void this.#look()
    })
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      const candidates: Candidate[] = []
      for (const [id, files] of this.#missing) candidates.push(...(await this.#wanted(id, [...files])))
      candidates.sort((one, other) => rankOf(one.size, one.mime) - rankOf(other.size, other.mime))
      this.#queue = candidates
      if (candidates.length === 0 && this.#transfers.size === 0) this.#parts.onProblem(undefined)
      for (const { file } of candidates) if (this.#transfers.has(file)) await this.#join(file)
    } finally {
      this.#isLooking = false
    }
    await this.#fill()
  }

  /** Begins what there is place for. */
  async #fill(): Promise<void> {
    if (this.#isFilling) return
    this.#isFilling = true
    try {
      for (const candidate of [...this.#queue]) {
        if (this.#isStopped || this.#hasNoPlace()) return
        const { mission, file } = candidate
        const now = this.#parts.store.has(mission, file) ? undefined : this.#candidate(mission, file, candidate.mime)
        const isBegun = now === undefined || (await this.#begin(now))
        if (isBegun) this.#queue = this.#queue.filter((one) => one !== candidate)
      }
    } finally {
      this.#isFilling = false
    }
  }

  async #wanted(id: MissionId, files: readonly string[]): Promise<readonly Candidate[]> {
    const { missions, store, autoBytes } = this.#parts
    const mission = missions.get(id)
    if (mission === undefined) return []
    const wanted: Candidate[] = []
    for (const [index, file] of files.entries()) {
      if (index % lookedAtOnce === lookedAtOnce - 1) await new Promise((next) => setImmediate(next))
      const held = this.#candidate(id, file, '')
      if (held === undefined || store.has(id, file)) continue
      const facts = await this.#factsOf(mission, file)
      if (facts !== undefined && wants(facts, held.size, autoBytes(), store.isWanted(id, file)))
        wanted.push({ ...held, mime: facts.mime })
    }
    return wanted
  }

  /** From whom it can be had now: of several sizes the one that most peers name. */
  #candidate(mission: MissionId, file: string, mime: string): Candidate | undefined {
    const found = this.#parts.missions.get(mission)
    if (found === undefined) return undefined
    const bySize = new Map<number, NodeId[]>()
    for (const nodeId of this.#peers.keys()) {
      const size = this.#parts.held.sizeAt(nodeId, mission, file)
      if (size === undefined || this.#isAside(nodeId, file) || !this.#parts.mayTake(nodeId, found)) continue
      bySize.set(size, [...(bySize.get(size) ?? []), nodeId])
    }
    const [best] = [...bySize].sort(([, one], [, other]) => other.length - one.length)
    return best === undefined ? undefined : { mission, file, size: best[0], mime, from: best[1] }
  }

  /** Read once, and again when its values are others. */
  async #factsOf(mission: Mission, file: string): Promise<ContentFacts | undefined> {
    let known = this.#known.get(mission.id)
    const before = known?.files.get(file)
    if (before !== undefined && known?.version === mission.summary.version) return before.facts
    const name = `content/${file}`
    const fold = await kept(mission.fold())
    if (!fold.ok) return undefined
    known ??= { version: 0, files: new Map() }
    this.#known.set(mission.id, known)
    const index = fold.value.entity(name)
    const names = index?.fields.flatMap(({ values }) => values.map((ref) => ref.name)).join(' ') ?? ''
    const read = before?.names === names ? undefined : await kept(entityOf(mission, fold.value, name))
    if (read?.ok === false) return undefined
    const facts = read === undefined ? before?.facts : read.value && contentFacts(read.value)
    known.files.set(file, { names, facts })
    return facts
  }

  #isAside(nodeId: NodeId, file: string): boolean {
    const until = this.#aside.get(`${nodeId} ${file}`)
    return until !== undefined && until > this.#parts.clock.monotonic()
  }

  #putAside(nodeId: NodeId, file: string, ms: number): void {
    this.#aside.set(`${nodeId} ${file}`, this.#parts.clock.monotonic() + ms)
    if (ms !== Infinity) this.#parts.clock.after(ms, () => this.#lookSoon())
  }

  /** Another peer may give a file that is on its way; one that nobody gives any more makes room for another mission. */
  async #join(file: string): Promise<void> {
    const running = this.#transfers.get(file)
    if (running === undefined) return
    const candidate = this.#candidate(running.mission, file, '')
    if (candidate?.size === running.transfer.size) this.#addSources(candidate, running.transfer)
    else if (running.transfer.sources.size === 0) await this.#end(file)
  }

  /** False: there is no place for it now. */
  async #begin(candidate: Candidate): Promise<boolean> {
    const { mission, file, size } = candidate
    const { store } = this.#parts
    if (this.#busy.has(file) || this.#problems.has(file) || this.#transfers.has(file)) return true
    if (store.hasBytes(file)) {
      void this.#prove(candidate)
      return true
    }
    if (!this.#hasPlace(size)) return false
    this.#busy.add(file)
    const room = await kept(store.roomFor(Math.max(0, size - store.comingOf(mission, file))))
    const refused = room.ok ? room.value : room.problem.code
    const begun = refused === undefined ? await kept(store.begin(mission, file, size)) : undefined
    this.#busy.delete(file)
    if (begun?.ok !== true) {
      this.#stick(file, refused ?? begun?.problem.code ?? 'disk-failed')
      return true
    }
    const transfer = new Transfer(file, size, begun.value, this.#parts.clock, {
      onProgress: () => this.#show(mission),
      onLost: (source, why) => {
        if (why === 'silent') this.#putAside(source.nodeId, file, bounds.contentPatienceMs)
        this.#show(mission)
        this.#lookSoon()
      },
      onWhole: () => void this.#whole(mission, transfer),
      onDiskFailed: (error) => {
        this.#stick(file, diskProblem(error))
        void this.#end(file)
      }
    })
    this.#transfers.set(file, { mission, transfer })
    this.#addSources(candidate, transfer)
    this.#show(mission)
    return true
  }

  #hasNoPlace(): boolean {
    return this.#running().length >= bounds.contentTransfers
  }

  #running(): readonly Transfer[] {
    return [...this.#transfers.values()].flatMap(({ transfer }) => (transfer.sources.size > 0 ? [transfer] : []))
  }

  #hasPlace(size: number): boolean {
    const isLarge = (bytes: number) => bytes > bounds.contentLargeBytes
    const large = this.#running().filter((one) => isLarge(one.size)).length
    return !this.#hasNoPlace() && (!isLarge(size) || large < bounds.contentLargeTransfers)
  }

  #addSources({ mission, file, from }: Candidate, transfer: Transfer): void {
    for (const nodeId of from) {
      if (this.#doubted.has(file) && transfer.sources.size > 0) return
      const peer = this.#peers.get(nodeId)
      if (peer !== undefined) transfer.addSource({ nodeId, mission, asker: peer.asker })
    }
  }

  async #end(file: string): Promise<void> {
    const running = this.#transfers.get(file)
    this.#transfers.delete(file)
    if (running === undefined) return
    this.#busy.add(file)
    await kept(running.transfer.stop())
    this.#busy.delete(file)
    this.#show(running.mission)
    this.#lookSoon()
  }

  async #whole(mission: MissionId, transfer: Transfer): Promise<void> {
    const { store, onProblem } = this.#parts
    const file = transfer.sha256
    this.#transfers.delete(file)
    this.#busy.add(file)
    const completed = await kept(store.complete(mission, file, transfer.incoming))
    if (completed.ok && completed.value) await this.#blameDoubted(file)
    this.#busy.delete(file)
    if (!completed.ok) this.#stick(file, completed.problem.code)
    else if (completed.value) {
      onProblem(undefined)
      this.entered(mission, file)
    } else {
      this.#mistrust(transfer)
      this.#lookSoon()
    }
    this.#show(mission)
    await this.#fill()
  }

  /** The bytes are not the file. One giver of all of them lied; of several it is not known yet which. */
  #mistrust({ sha256: file, size, origins, incoming }: Transfer): void {
    const givers = new Set([...origins.values()].flat())
    const [giver] = givers
    const isAll = origins.size === Math.ceil(size / blockBytes)
    if (giver !== undefined && givers.size === 1 && isAll) this.#blame(giver, file)
    else this.#doubted.set(file, { origins, sums: incoming.sums })
  }

  /** Now it is known what is right: whoever alone gave a block that is not is known, too. */
  async #blameDoubted(file: string): Promise<void> {
    const doubted = this.#doubted.get(file)
    this.#doubted.delete(file)
    if (doubted === undefined) return
    const sums = await kept(this.#parts.store.sumsOf(file))
    if (!sums.ok) return
    const wrong = [...doubted.origins].filter(([block]) => sums.value[block] !== doubted.sums[block])
    for (const giver of new Set(wrong.flatMap(([, from]) => (from.length === 1 ? from : [])))) this.#blame(giver, file)
  }

  #blame(nodeId: NodeId, file: string): void {
    this.#aside.set(`${nodeId} ${file}`, Infinity)
    for (const id of this.#parts.held.missionsOf(nodeId)) {
      this.#parts.held.remove(nodeId, id, file)
      this.#show(id)
    }
    this.#parts.log('warn', 'file-wrong', { peer: shortId(nodeId), file: shortId(file) })
    void this.#parts.trust.note('file-wrong', { node: nodeId, code: 'content-wrong', text: file })
  }

  /** A problem of this laptop: tried again after a while. */
  #stick(file: string, code: ProblemCode): void {
    this.#problems.set(file, code)
    this.#parts.onProblem(problem(code))
    for (const [id, files] of this.#missing) if (files.has(file)) this.#show(id)
    this.#cancelAgain ??= this.#parts.clock.after(againMs, () => {
      this.#cancelAgain = undefined
      this.#problems.clear()
      this.#lookSoon()
    })
  }

  /**
   * Its bytes are here by another mission. A peer that has them can show any block; who only knows the hash cannot, and
   * must not learn by us that they are here.
   */
  async #prove({ mission, file, size, from }: Candidate): Promise<void> {
    const { store } = this.#parts
    const nodeId = from[0]
    const asker = nodeId === undefined ? undefined : this.#peers.get(nodeId)?.asker
    if (nodeId === undefined || asker === undefined) return
    this.#busy.add(file)
    const proved = store.sizeOf(file) === size ? await this.#hasSame(asker, mission, file, size) : 'wrong'
    if (proved === 'same') {
      const entered = await kept(store.enter(mission, file))
      if (entered.ok) this.entered(mission, file)
      else this.#stick(file, entered.problem.code)
    } else if (proved === 'wrong') this.#blame(nodeId, file)
    else if (proved === 'silent') this.#putAside(nodeId, file, bounds.contentPatienceMs)
    this.#busy.delete(file)
    this.#lookSoon()
  }

  async #hasSame(asker: Asker, mission: MissionId, file: string, size: number) {
    const count = Math.ceil(size / blockBytes)
    const blocks = new Set(
      Array.from({ length: proofBlocks }, () => this.#parts.random.bytes(4).readUInt32BE() % count)
    )
    if (count === 0) return 'same'
    for (const block of blocks) {
      const own = await kept(this.#parts.store.readBlock(file, block))
      if (!own.ok) return 'gone'
      const range = { mission, file, offset: block * blockBytes, length: own.value.length }
      const { parts, short } = await asker.ask(range)
      if (short !== undefined) return short
      if (!Buffer.concat(parts).equals(own.value)) return 'wrong'
    }
    return 'same'
  }
}

function wants(facts: ContentFacts, heldSize: number, autoBytes: number, isAsked: boolean): boolean {
  return !facts.isDeleted && (isAsked || Math.max(heldSize, ...facts.sizes) <= autoBytes)
}
