/**
 * Positions and other short-lived state beside the log (docs/protocol/presence.md): what members share is verified,
 * shown until its time is over, and passed on to whom the mission may be given. Nothing of it is stored.
 */
import * as v from 'valibot'
import type { AnswerOf } from '@shared/contract.js'
import type { Json, MissionId, NodeId, PresenceView } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import type { Identity } from '../identity/identity.js'
import type { Word } from '../datagrams/datagrams.js'
import { bounds, limits } from '../limits.js'
import { encodeFrame, frameTypes } from '../links/framing.js'
import type { Link } from '../links/link.js'
import type { LinkTable } from '../links/link-table.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import type { Clock } from '../runtime/clock.js'
import { TokenBucket } from '../runtime/token-bucket.js'
import { diskProblem, type Disk } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import { refuseTaking } from '../trust/policy.js'
import type { TrustBook } from '../trust/trust-book.js'
import { decodePresence, encodePresence, isNewer, signPresence, verifyPresence, type PresenceRecord } from './record.js'
import { ageOf, isOver, Shelf, type Shown } from './shelf.js'

export interface PresenceParts {
  readonly missions: Missions
  readonly links: LinkTable
  readonly trust: TrustBook
  readonly identity: Identity
  readonly disk: Disk
  readonly clock: Clock
  /** Sends a word by whichever way comes through to a peer. */
  readonly give: (link: Link, word: Word) => void
  readonly nameOf: (mission: Mission, source: NodeId) => string
  readonly onChange: (mission: MissionId) => void
}

export interface ShareRequest {
  readonly missionId: MissionId
  readonly key: string
  readonly value: Json
  readonly ttlMs: number
}

/** A source that speaks more often is heard with its newest word only. */
const passOnMs = 50

/** Some two milliseconds. */
const verifiedAtOnce = 8

interface Arrived {
  readonly link: Link
  readonly nodeId: NodeId
  readonly shown: Shown
}

const StartsFile = v.object({ starts: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) })

export class Presence {
  readonly #parts: PresenceParts
  readonly #shelves = new Map<MissionId, Shelf>()
  readonly #buckets = new WeakMap<Link, TokenBucket>()
  /** Missions about which a link's peer knows enough to take presence. */
  readonly #ready = new WeakMap<Link, Set<MissionId>>()
  readonly #toPassOn = new Set<Shown>()
  /** The newest of each from each link, on their way to be verified. */
  readonly #arrived = new Map<string, Arrived>()
  readonly #starts: Document<v.InferOutput<typeof StartsFile>>
  /** Number of this start, once it is kept; made when something is first shared. */
  #start: Promise<number> | undefined
  /** The highest start of ours that a peer has heard of. */
  #heardStart = 0
  #seq = 0
  /** What came and was not taken, by reason, since the start. */
  readonly refused = new Map<string, number>()

  constructor(parts: PresenceParts) {
    this.#parts = parts
    this.#starts = openDocument(parts.disk, 'presence.json', StartsFile)
  }

  /** Grows with each word that is taken; 0 while there was none. */
  version(mission: MissionId): number {
    return this.#shelves.get(mission)?.version ?? 0
  }

  async share({ missionId, key, value, ttlMs }: ShareRequest): Promise<Result<null>> {
    const { missions, identity, clock } = this.#parts
    const mission = missions.get(missionId)
    if (mission === undefined) return fail('mission-unknown')
    if (mission.roleOf(identity.nodeId) === undefined) return fail('not-a-member')
    let start: number
    try {
      start = await (this.#start ??= this.#nextStart())
    } catch (error) {
      this.#start = undefined
      return fail(diskProblem(error), String(error))
    }
    const facts = { start, seq: ++this.#seq, key, ttlMs, at: clock.now(), value }
    const record = signPresence(missionId, identity, facts)
    if (record === undefined) return fail('too-large', `presence of at most ${String(limits.presenceBytes)} bytes`)
    const taken = this.#put({ record, bornAt: clock.monotonic(), from: undefined })
    return taken ? ok(null) : fail('too-many', `${String(bounds.presencePerSource)} keys of one source`)
  }

  /** What members share now, and what they took back; nothing of whom a person here revoked. */
  list(missionId: MissionId): Result<AnswerOf<'listPresence'>> {
    const { missions, identity, clock, nameOf } = this.#parts
    const mission = missions.get(missionId)
    if (mission === undefined) return fail('mission-unknown')
    const now = clock.monotonic()
    const presence: PresenceView[] = []
    const takenBack: { readonly source: NodeId; readonly key: string }[] = []
    for (const shown of this.#shelves.get(missionId)?.living(now) ?? []) {
      const { source, key, value, at, ttlMs } = shown.record
      if (this.#refuseSource(mission, source) !== undefined) continue
      if (value === null) {
        takenBack.push({ source, key })
        continue
      }
      const remainingMs = Math.ceil(ttlMs - ageOf(shown, now))
      const callsign = nameOf(mission, source)
      presence.push({ source, callsign, key, value, at, remainingMs, isOwn: source === identity.nodeId })
    }
    return ok({ presence, takenBack })
  }

  /** The peer knows the members of this mission: it gets what there is, and from now on what is new. */
  ready(link: Link, nodeId: NodeId, mission: MissionId): void {
    if (link.version < 2) return
    const ready = this.#ready.get(link) ?? new Set()
    this.#ready.set(link, ready.add(mission))
    for (const shown of this.#shelves.get(mission)?.living(this.#parts.clock.monotonic()) ?? [])
      if (isFor(nodeId, shown)) link.sendLatest(this.#word(shown))
  }

  /** @param isInOrder as it came by the link; a datagram may be overtaken by what was said later. */
  received(link: Link, nodeId: NodeId, payload: Buffer, isInOrder = true): void {
    const now = this.#parts.clock.monotonic()
    const bucket = this.#buckets.get(link) ?? new TokenBucket(bounds.presence, now)
    this.#buckets.set(link, bucket)
    if (!bucket.take(now)) return this.#count('too many')
    const decoded = decodePresence(payload)
    if (typeof decoded === 'string') return link.close('protocol-error', decoded)
    const { record, ageMs } = decoded
    const arrived = { link, nodeId, shown: { record, bornAt: now - ageMs, from: nodeId } }
    const reason = this.#refuse(arrived, isInOrder)
    if (reason !== undefined) return this.#count(reason)
    const { mission, source, key } = record
    const name = `${nodeId} ${mission} ${source} ${key}`
    const before = this.#arrived.get(name)
    if (before !== undefined && !isNewer(record, before.shown.record)) return this.#count('not newer')
    // Signatures cost the most: they take turns with everything else, and only the newest word is looked at.
    if (this.#arrived.size === 0) this.#parts.clock.after(0, () => this.#verifySome())
    this.#arrived.set(name, arrived)
  }

  #verifySome(): void {
    let count = 0
    for (const [key, arrived] of this.#arrived) {
      if (++count > verifiedAtOnce) break
      this.#arrived.delete(key)
      const reason = arrived.link.state === 'up' ? (this.#refuse(arrived, false) ?? this.#take(arrived)) : 'link-lost'
      if (reason !== undefined) this.#count(reason)
    }
    if (this.#arrived.size > 0) this.#parts.clock.after(0, () => this.#verifySome())
  }

  /** Why it is not looked at any further. */
  #refuse({ link, nodeId, shown }: Arrived, isInOrder: boolean): string | undefined {
    const { missions, links, identity, clock } = this.#parts
    const { record } = shown
    const mission = missions.get(record.mission)
    if (mission === undefined) return 'mission-unknown'
    const { name, labels, onward } = mission.signed.create
    const refusal =
      refuseTaking(links.factsOf(nodeId), { id: mission.id, name, labels, onward }) ??
      this.#refuseSource(mission, record.source)
    if (refusal !== undefined) return refusal
    const shelf = this.#shelves.get(mission.id)
    const known = shelf?.get(record.source, record.key)
    if (known !== undefined && !isNewer(record, known.record)) {
      // A source that counts from below what it said before, as after a restore, has to learn how far it was.
      if (isInOrder && nodeId === record.source && isNewer(known.record, record)) link.sendLatest(this.#word(known))
      return 'not newer'
    }
    if (record.source === identity.nodeId) return undefined
    if (isOver(shown, clock.monotonic())) return 'over'
    return shelf?.hasRoom(record, clock.monotonic()) === false ? 'full' : undefined
  }

  /** Why it is not taken. */
  #take({ link, shown }: Arrived): string | undefined {
    const { record } = shown
    if (!verifyPresence(record)) {
      link.close('protocol-error', 'presence that does not verify')
      return 'does not verify'
    }
    if (record.source === this.#parts.identity.nodeId) {
      this.#outgrow(record)
      return 'our own'
    }
    return this.#put(shown) ? undefined : 'full'
  }

  #refuseSource(mission: Mission, source: NodeId): string | undefined {
    if (mission.roleOf(source) === undefined) return 'not-a-member'
    return this.#parts.trust.stateOf(source).level === 'revoked' ? 'peer-revoked' : undefined
  }

  #put(shown: Shown): boolean {
    const { mission, source, key } = shown.record
    const shelf = this.#shelves.get(mission) ?? new Shelf()
    this.#shelves.set(mission, shelf)
    const before = shelf.get(source, key)
    if (!shelf.put(shown, this.#parts.clock.monotonic())) return false
    if (this.#toPassOn.size === 0) this.#parts.clock.after(passOnMs, () => this.#passOn())
    if (before !== undefined) this.#toPassOn.delete(before)
    this.#toPassOn.add(shown)
    return true
  }

  #passOn(): void {
    const up = this.#parts.links.up()
    const missions = new Set<MissionId>()
    for (const shown of this.#toPassOn) {
      const { mission } = shown.record
      missions.add(mission)
      const word = this.#word(shown)
      for (const { link, nodeId } of up)
        if (this.#ready.get(link)?.has(mission) === true && isFor(nodeId, shown)) this.#parts.give(link, word)
    }
    this.#toPassOn.clear()
    for (const mission of missions) this.#parts.onChange(mission)
  }

  /** Its age is that of the moment when it leaves. */
  #word(shown: Shown): Word {
    const { record } = shown
    const { mission, source, key } = record
    const payload = () => {
      // What is newer goes its own way.
      const isNewest = this.#shelves.get(mission)?.get(source, key) === shown
      return isNewest ? encodePresence(record, ageOf(shown, this.#parts.clock.monotonic())) : undefined
    }
    const make = () => {
      const said = payload()
      return said && encodeFrame(frameTypes.presence, said)
    }
    return { key: `presence ${mission} ${source} ${key}`, mission, payload, make }
  }

  /** What we said before, and know nothing of, counts at the others as long as they hold it. */
  #outgrow({ start }: PresenceRecord): void {
    this.#heardStart = Math.max(this.#heardStart, start)
    // The number of this start is too low, or about to be: whoever shares next waits for another.
    const next = this.#start?.then((own) => (own > this.#heardStart ? own : this.#nextStart()))
    next?.catch(() => undefined)
    this.#start = next
  }

  async #nextStart(): Promise<number> {
    const read = await this.#starts.read()
    const before = read.ok ? (read.value?.starts ?? 0) : 0
    const start = Math.max(before, this.#heardStart) + 1
    await this.#starts.write({ starts: start })
    return start
  }

  #count(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1)
  }
}

/** Neither its source nor who brought it. */
function isFor(nodeId: NodeId, { from, record }: Shown): boolean {
  return nodeId !== from && nodeId !== record.source
}
