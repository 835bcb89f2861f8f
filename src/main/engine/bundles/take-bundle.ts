/** What the parts of a bundle do to this node: first nothing but being checked, then, once it is committed to, taking effect. */
import type { MissionId } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import type { IdentityRecord } from '../identity/identity-record.js'
import { verifyFork } from '../logs/fork.js'
import { lastSeq, logKey, type LogKey, type Run } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import { diskProblem, type Disk } from '../storage/disk.js'
import type { ContentPort } from './content-port.js'
import { draftDisk } from './draft-disk.js'
import { missionOf, type Manifest, type MissionEntry, type PartEntry } from './manifest.js'
import type { BundleTaker } from './read-bundle.js'
import type { Receipt } from './receipt.js'
import { BundleRefused, damaged } from './refusal.js'
import type { Revocations } from './revocation-port.js'
import { keyOf, RunCheck } from './run-check.js'

/** Lets everything else have a turn: one run takes some milliseconds. */
export function breathe(): Promise<void> {
  return new Promise((next) => setImmediate(next))
}

async function drain(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes);
}

/**
 * Checks all, and changes nothing that anybody sees. What is held here is checked run by run; a mission that is not here is
 * laid out beside the others by the very code that takes runs from peers, so that it has to be put in place only.
 */
export class Checker implements BundleTaker {
  readonly #checks = new Map<MissionId, RunCheck>()
  readonly #drafts = new Map<MissionId, { readonly mission: Mission; readonly entry: MissionEntry }>()
  readonly #held: Missions
  #problem: Problem | undefined

  private constructor(held: Missions) {
    this.#held = held
  }

  /** @param folder where on this node's disk missions that are not here are laid out. */
  static async open({ missions }: Manifest, held: Missions, disk: Disk, folder: string): Promise<Checker> {
    const checker = new Checker(held)
    const drafts = draftDisk(disk, folder, (error) => checker.#note(problem(diskProblem(error), String(error))))
    for (const entry of missions) {
      const id = missionOf(entry)
      const mission = held.get(id)
      if (mission !== undefined || entry.logs.some(([, , after]) => after > 0))
        checker.#checks.set(id, new RunCheck(entry, mission?.logs))
      else checker.#drafts.set(id, { mission: await checker.#draft(entry, drafts), entry })
    }
    return checker
  }

  #draft(entry: MissionEntry, drafts: Disk): Promise<Mission> {
    return this.#held.draft(entry.create, drafts, (found) => this.#note(found))
  }

  #note(found: Problem): void {
    this.#problem ??= found
  }

  async identities(): Promise<void> {}

  async receipts(): Promise<void> {}

  async statements(): Promise<void> {}

  async lists(): Promise<void> {}

  async forks(mission: MissionId, proofs: Parameters<BundleTaker['forks']>[1]): Promise<void> {
    for (const proof of proofs) {
      if (typeof verifyFork(mission, proof) === 'string') throw damaged('a proof of no fork')
      await this.#drafts.get(mission)?.mission.addFork(proof)
    }
  }

  async runs(id: MissionId, runs: readonly Run[]): Promise<void> {
    const draft = this.#drafts.get(id)?.mission
    for (const run of runs) {
      if (draft === undefined) await this.#checks.get(id)?.take(run)
      else takeWhole(draft, run)
      if (draft?.isBusy === true) await draft.settled()
      await breathe()
    }
  }

  content(_: MissionId, __: string, ___: number, bytes: AsyncIterable<Buffer>): Promise<void> {
    return drain(bytes)
  }

  /** Throws BundleRefused when something that the manifest lists did not come. */
  async end(): Promise<void> {
    for (const check of this.#checks.values()) check.end()
    for (const { mission } of this.#drafts.values()) await mission.settled()
    await breathe() // What waited for the disk is told.
    this.#refuseFailed()
    for (const { mission, entry } of this.#drafts.values())
      for (const stretch of entry.logs) {
        const head = mission.logs.log(keyOf(stretch))?.head
        if (head?.seq !== stretch[3] || head.hash.toString('hex') !== stretch[4])
          throw damaged('a log ends before it should, or its author is no member')
      }
  }

  /** Leaves the drafts durable, to be put in place or to be removed. Throws BundleRefused when the disk did not take them. */
  async close(): Promise<void> {
    for (const { mission } of this.#drafts.values()) await mission.close()
    this.#refuseFailed()
  }

  #refuseFailed(): void {
    if (this.#problem !== undefined) throw new BundleRefused(this.#problem.code, this.#problem.detail)
  }
}

/** Of a draft nothing is missing, and nothing can be there already. */
function takeWhole(draft: Mission, run: Run): void {
  const received = draft.receive(run)
  if (received.kind === 'stored' || received.kind === 'waiting') return
  throw damaged(received.kind === 'bad' ? `a run: ${received.reason}` : `a run: ${received.kind}`)
}

/** Reads the revocations and nothing else, and does nothing with them. */
export class RevocationReader implements BundleTaker {
  found: Revocations = { statements: [], lists: [] }

  wants({ kind }: PartEntry): boolean {
    return kind === 'statements' || kind === 'lists'
  }

  async statements(statements: Revocations['statements']): Promise<void> {
    this.found = { ...this.found, statements }
    return Promise.resolve()
  }

  async lists(lists: Revocations['lists']): Promise<void> {
    this.found = { ...this.found, lists }
    return Promise.resolve()
  }

  async identities(): Promise<void> {}

  async receipts(): Promise<void> {}

  async forks(): Promise<void> {}

  async runs(): Promise<void> {}

  async content(): Promise<void> {}
}

export interface ApplierParts {
  /** The missions that are taken; what is of others is passed over. */
  readonly missions: ReadonlyMap<MissionId, Mission>
  /** Those of them that were put in place whole. */
  readonly adopted: ReadonlySet<MissionId>
  readonly contents: ContentPort | undefined
  readonly onIdentities: (records: readonly IdentityRecord[]) => void
  readonly onReceipts: (receipts: readonly Receipt[]) => Promise<void>
  readonly onRevocations: (revocations: Revocations) => Promise<void>
  readonly onChanges: (count: number) => void
}

/** Takes all, as if it came from a peer. */
export class Applier implements BundleTaker {
  readonly #parts: ApplierParts
  /** How far each log was given to the disk. */
  readonly #given = new Map<MissionId, Map<LogKey, number>>()
  files = 0

  constructor(parts: ApplierParts) {
    this.#parts = parts
  }

  wants({ kind, ...entry }: PartEntry): boolean {
    if (!('mission' in entry)) return true
    return this.#parts.missions.has(entry.mission) && (kind === 'content' || !this.#parts.adopted.has(entry.mission))
  }

  async identities(records: readonly IdentityRecord[]): Promise<void> {
    this.#parts.onIdentities(records)
    return Promise.resolve()
  }

  receipts(receipts: readonly Receipt[]): Promise<void> {
    return this.#parts.onReceipts(receipts)
  }

  statements(statements: Revocations['statements']): Promise<void> {
    return this.#parts.onRevocations({ statements, lists: [] })
  }

  lists(lists: Revocations['lists']): Promise<void> {
    return this.#parts.onRevocations({ statements: [], lists })
  }

  async forks(id: MissionId, proofs: Parameters<BundleTaker['forks']>[1]): Promise<void> {
    for (const proof of proofs) await this.#parts.missions.get(id)?.addFork(proof)
  }

  async runs(id: MissionId, runs: readonly Run[]): Promise<void> {
    const mission = this.#parts.missions.get(id)
    if (mission === undefined) return
    const given = this.#given.get(id) ?? new Map<LogKey, number>()
    this.#given.set(id, given)
    for (const run of runs) {
      const { kind } = mission.receive(run)
      if (kind === 'stored') given.set(logKey(run.header), lastSeq(run.header))
      if (kind === 'fork' || kind === 'unfit') {
        const proof = await mission.findFork(run)
        if (typeof proof !== 'string') await mission.addFork(proof)
      }
      if (mission.isBusy) await mission.settled()
      this.#parts.onChanges(run.header.count)
      await breathe()
    }
  }

  async content(id: MissionId, sha256: string, size: number, bytes: AsyncIterable<Buffer>): Promise<void> {
    const { contents, missions } = this.#parts
    if (contents === undefined || !missions.has(id) || contents.has(id, sha256)) return drain(bytes)
    const taken = await contents.take(id, { sha256, size }, bytes)
    if (taken.ok) this.files++
    await drain(bytes)
  }

  /** Whether everything that was taken is durable. */
  async isDurable(): Promise<boolean> {
    let isDurable = true
    for (const [id, given] of this.#given) {
      const mission = this.#parts.missions.get(id)
      await mission?.settled()
      for (const [key, seq] of given) if ((mission?.logs.log(key)?.head.seq ?? 0) < seq) isDurable = false
    }
    await breathe() // What waited for the disk is told.
    return isDurable
  }
}

/** Changes in a bundle that this node does not hold. */
export function newIn(entry: Manifest['missions'][number], mission: Mission | undefined): number {
  let count = 0
  for (const stretch of entry.logs) {
    const held = mission?.logs.log(keyOf(stretch))?.head.seq ?? 0
    count += Math.max(0, stretch[3] - Math.max(held, stretch[2]))
  }
  return count
}
