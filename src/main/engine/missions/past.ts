/**
 * A mission as it was: a fold of its own with what this laptop had received by a time of its clock. Where that is not
 * known, because it was noted from a later time on, the authors' claims stand in, and the answer says so. It is made in
 * slices, kept while somebody looks, and given up when nobody asks any more.
 */
import type { MissionId, PastBasis, PastView } from '@shared/model.js'
import { bounds } from '../limits.js'
import { logKey, type LogKey } from '../logs/run.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { Fold } from './fold.js'
import type { Mission } from './mission.js'
import { endAt } from './received.js'
import { currentText } from './views.js'

/** How long one answer waits for the work to be done. */
const patienceMs = 150
const breatheAfterMs = 8

class Past {
  readonly mission: Mission
  readonly at: number
  readonly fold: Fold
  readonly #clock: Clock
  #basis: PastBasis = 'received'
  #read = 0
  #total = 0
  #isReady = false
  #isGivenUp = false
  #usedAt: number
  readonly #work: Promise<void>

  constructor(mission: Mission, at: number, clock: Clock, random: Random) {
    this.mission = mission
    this.at = at
    this.fold = new Fold(random.bytes(8), mission.signed.create.at, 0, mission.permissions.askers)
    this.#clock = clock
    this.#usedAt = clock.monotonic()
    this.#work = this.#make()
    this.#work.catch(() => undefined) // Told to who asks.
  }

  giveUp(): void {
    this.#isGivenUp = true
  }

  get isReady(): boolean {
    return this.#isReady
  }

  use(): void {
    this.#usedAt = this.#clock.monotonic()
  }

  get isIdle(): boolean {
    const most = this.#isReady ? bounds.pastIdleMs : bounds.pastAbandonedMs
    return this.#clock.monotonic() - this.#usedAt > most
  }

  /** Waits a little for it to be ready. */
  async wait(): Promise<void> {
    let stop = (): void => undefined
    const patience = new Promise<void>((done) => (stop = this.#clock.after(patienceMs, done)))
    await Promise.race([this.#work, patience]).finally(stop)
  }

  view(): PastView {
    const { at } = this
    if (!this.#isReady) return { state: 'reading', at, read: this.#read, total: this.#total }
    const { counts, conflicts, version } = this.fold.summary()
    return {
      state: 'ready',
      at,
      basis: this.#basis,
      name: currentText(this.fold.summary(), 'name') ?? this.mission.signed.create.name,
      counts,
      conflicts,
      changes: version,
      laterChanges: Math.max(0, this.mission.logs.changes - version)
    }
  }

  async #make(): Promise<void> {
    const { logs } = this.mission
    const keys = [...logs.logs()].map(({ id }) => logKey(id))
    const ends = await this.#endsReceived(keys)
    this.#basis = ends === undefined ? 'claimed' : 'received'
    const goals = keys.map((key) => [key, ends?.get(key) ?? logs.countingSeq(key)] as const)
    this.#total = goals.reduce((sum, [key, seq]) => sum + (ends === undefined ? logs.countingSeq(key) : seq), 0)
    for (const [key, to] of goals) {
      await this.#foldLog(key, to, ends === undefined)
      if (this.#isGivenUp) return
    }
    this.#isReady = true
  }

  async #endsReceived(keys: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number> | undefined> {
    const { logs, received } = this.mission
    const end = endAt(await received.all(), this.at)
    if (end === undefined) return undefined
    const ends = new Map<LogKey, number>()
    for (const key of keys) ends.set(key, end === 'everything' ? logs.countingSeq(key) : await logs.seqAt(key, end))
    return ends
  }

  /** By claims a log ends before its first line that claims a later time: what follows rests on that one. */
  async #foldLog(key: LogKey, to: number, isByClaim: boolean): Promise<void> {
    let since = this.#clock.monotonic()
    for await (const lines of this.mission.logs.readLines(key, 1, to)) {
      for (const line of lines) {
        this.#read++
        if (isByClaim && (line.line['at'] as number) > this.at) return
        this.fold.apply(line)
      }
      if (this.#clock.monotonic() - since < breatheAfterMs) continue
      await new Promise((resume) => setImmediate(resume))
      since = this.#clock.monotonic()
      if (this.isIdle) this.giveUp()
      if (this.#isGivenUp) return
    }
  }
}

/** The few that somebody looks at; one more gives up the one that was asked for longest ago. */
export class PastViews {
  readonly #clock: Clock
  readonly #random: Random
  #pasts: readonly Past[] = []
  #cancel: (() => void) | undefined

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Starts making it, or says how far it is. */
  async open(mission: Mission, at: number): Promise<PastView> {
    const past = this.#past(mission.id, at) ?? new Past(mission, at, this.#clock, this.#random)
    past.use()
    this.#keep([past, ...this.#pasts.filter((other) => other !== past)])
    try {
      await past.wait()
    } catch (error) {
      this.#keep(this.#pasts.filter((other) => other !== past))
      mission.noteReading(error)
      throw error
    }
    return past.view()
  }

  /** The fold, if it is ready. */
  find(missionId: MissionId, at: number): Fold | undefined {
    const past = this.#past(missionId, at)
    if (past?.isReady !== true) return undefined
    past.use()
    return past.fold
  }

  #past(missionId: MissionId, at: number): Past | undefined {
    return this.#pasts.find((past) => past.mission.id === missionId && past.at === at)
  }

  #keep(pasts: readonly Past[]): void {
    const kept = pasts.filter((past) => !past.isIdle).slice(0, bounds.pasts)
    for (const past of this.#pasts) if (!kept.includes(past)) past.giveUp()
    this.#pasts = kept
    this.#cancel?.()
    if (kept.length > 0) this.#cancel = this.#clock.after(bounds.pastAbandonedMs, () => this.#keep(this.#pasts))
  }
}
