/** All missions of this node: finds them in the data folder, makes new ones, takes those that peers offer. */
import type { MissionId, WriteRequest } from '@shared/model.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { isHex } from '../bytes/hash.js'
import { bounds } from '../limits.js'
import type { Damage } from '../logs/journal.js'
import { diskProblem, type Disk } from '../storage/disk.js'
import { moveAside } from '../storage/document.js'
import { refuseRequests } from './change.js'
import { foldVersion, isName, missionIdOf, signCreate, type CreateRecord, type SignedCreate } from './create-record.js'
import { Mission, missionFolder, type MissionParts } from './mission.js'

export interface NewMission {
  readonly name: string
  readonly description?: string
  readonly labels?: readonly string[]
  readonly onward?: CreateRecord['onward']
  /** What it begins with, written at once. */
  readonly changes?: readonly WriteRequest[]
}

export interface MissionsReport {
  onDamage(damage: Damage): void
  /** A mission could not be opened; its folder was left or moved as the detail says. */
  onUnreadable(id: MissionId, problem: Problem): void
}

export class Missions {
  readonly #parts: MissionParts
  readonly #report: MissionsReport
  readonly #missions = new Map<MissionId, Mission>()
  /** Missions whose folder is left as it is, such as one of a newer version. */
  readonly #closed = new Map<MissionId, Problem>()
  /** Missions on their way to disk: a second offer of the same one waits for the first. */
  readonly #coming = new Map<MissionId, Promise<Result<Mission>>>()

  #cancelVerifying: () => void = () => undefined

  private constructor(parts: MissionParts, report: MissionsReport) {
    this.#parts = parts
    this.#report = report
  }

  static async open(parts: MissionParts, report: MissionsReport): Promise<Missions> {
    const missions = new Missions(parts, report)
    const ids = (await parts.disk.list('missions')).filter((name) => isHex(name, 32)) as MissionId[]
    for (const id of ids.sort()) await missions.#open(id, report)
    return missions
  }

  get(id: string): Mission | undefined {
    return this.#missions.get(id as MissionId)
  }

  all(): readonly Mission[] {
    return [...this.#missions.values()]
  }

  /** Makes a mission of our own; answers when it is durable. */
  async create(request: NewMission): Promise<Result<Mission>> {
    const labels = request.labels ?? []
    if (!isName(request.name) || !labels.every(isName)) return fail('bad-name')
    const { description = '', changes = [] } = request
    const about = { entity: 'mission', field: 'description', value: description }
    const first = description === '' ? changes : [about, ...changes]
    const refused = refuseRequests(first)
    if (refused !== undefined) return { ok: false, problem: refused }
    const { identity, clock, random } = this.#parts
    const create: CreateRecord = {
      creator: identity.publicKey.toString('base64url'),
      nonce: random.bytes(16).toString('hex'),
      name: request.name,
      labels,
      deputies: [],
      defaultRole: 'subscriber',
      onward: request.onward ?? 'federation',
      fold: foldVersion,
      at: clock.now()
    }
    const made = await this.accept(signCreate(create, identity.signingKey))
    if (!made.ok || first.length === 0) return made
    const written = await made.value.write(first)
    return written.ok ? made : written
  }

  /** Takes a verified create record; the same one twice gives the same mission. */
  async accept(signed: SignedCreate): Promise<Result<Mission>> {
    const id = missionIdOf(signed)
    const known = this.#missions.get(id)
    if (known !== undefined) return ok(known)
    const closed = this.#closed.get(id)
    if (closed !== undefined) return { ok: false, problem: closed }
    const coming = this.#coming.get(id) ?? this.#make(id, signed)
    this.#coming.set(id, coming)
    try {
      return await coming
    } finally {
      this.#coming.delete(id)
    }
  }

  /**
   * A mission that is not one of ours: made on a disk of its own, to be filled, looked at and closed before it is adopted or
   * thrown away. Nobody hears of it.
   */
  draft(signed: SignedCreate, disk: Disk, onProblem: (found: Problem) => void): Promise<Mission> {
    const events = {
      onRun: () => undefined,
      onFork: () => undefined,
      onChange: () => undefined,
      onSaved: (found: Problem | undefined) => found && onProblem(found),
      onDamaged: (_: Mission, detail: string) => onProblem(problem('file-damaged', detail))
    }
    return Mission.create(missionIdOf(signed), signed, { ...this.#parts, disk, events })
  }

  /** Puts the folder of a closed draft in place; `undefined` when the mission came from elsewhere meanwhile. */
  async adopt(id: MissionId, folder: string): Promise<Mission | undefined> {
    if (this.#missions.has(id) || this.#closed.has(id) || this.#coming.has(id)) return undefined
    if (this.#missions.size >= bounds.missions) return undefined
    const coming = this.#adopt(id, folder)
    this.#coming.set(id, coming)
    try {
      const adopted = await coming
      return adopted.ok ? adopted.value : undefined
    } finally {
      this.#coming.delete(id)
    }
  }

  async #adopt(id: MissionId, folder: string): Promise<Result<Mission>> {
    await this.#parts.disk.move(folder, missionFolder(id))
    await this.#open(id, this.#report)
    const mission = this.#missions.get(id)
    if (mission === undefined) return fail('file-damaged', missionFolder(id))
    this.#parts.events.onChange(mission)
    return ok(mission)
  }

  /** What the disk gives is not what was stored: the journal is read again, whole, and what is good of it is kept. */
  async readAnew(mission: Mission, report: MissionsReport): Promise<void> {
    const { id } = mission
    if (this.#missions.get(id) !== mission) return // It is being read already.
    this.#missions.delete(id)
    await mission.close('keeping nothing')
    await this.#open(id, report)
    const again = this.#missions.get(id)
    if (again !== undefined) this.#parts.events.onChange(again)
  }

  /** Reads in the background what the start did not read, at a pace that nobody notices: damage is found while there are peers. */
  verifySoon(): void {
    const { clock } = this.#parts
    const wait = (ms: number) => new Promise<void>((done) => (this.#cancelVerifying = clock.after(ms, done)))
    const verify = async () => {
      await wait(bounds.verifyAfterMs)
      for (const mission of this.all()) if (mission.isUnverified) await mission.verify(() => wait(bounds.verifyPauseMs))
    }
    void verify()
  }

  async close(): Promise<void> {
    this.#cancelVerifying()
    for (const mission of this.#missions.values()) await mission.close()
  }

  async #open(id: MissionId, report: MissionsReport): Promise<void> {
    // The power went while it was being made: nobody was told of it.
    if ((await this.#parts.disk.list(missionFolder(id)).catch(() => undefined))?.length === 0) return
    // One mission that the disk does not give must not keep all others from people.
    const opened = await Mission.open(id, this.#parts, (damage) => report.onDamage(damage)).catch(
      (error: unknown): Result<Mission> => fail(diskProblem(error), String(error))
    )
    if (opened.ok) {
      this.#missions.set(id, opened.value)
      return
    }
    if (opened.problem.code === 'file-damaged') await moveAside(this.#parts.disk, missionFolder(id))
    else this.#closed.set(id, opened.problem)
    report.onUnreadable(id, opened.problem)
  }

  async #make(id: MissionId, signed: SignedCreate): Promise<Result<Mission>> {
    if (this.#missions.size >= bounds.missions) return fail('too-many', `${String(bounds.missions)} missions`)
    try {
      const mission = await Mission.create(id, signed, this.#parts)
      this.#missions.set(id, mission)
      this.#parts.events.onChange(mission)
      return ok(mission)
    } catch (error) {
      return fail(diskProblem(error), String(error))
    }
  }
}
