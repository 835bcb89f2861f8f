/** What the parts of a bundle do to this node: first nothing but being checked, then, once it is committed to, taking effect. */
import type { MissionId } from '@shared/model.js'
import type { IdentityRecord } from '../identity/identity-record.js'
import { lastSeq, logKey, type LogKey, type Run } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import type { ContentPort } from './content-port.js'
import { missionOf, type Manifest } from './manifest.js'
import type { BundleTaker } from './read-bundle.js'
import type { Receipt } from './receipt.js'
import { damaged } from './refusal.js'
import { keyOf, RunCheck } from './run-check.js'
import { verifyFork } from '../logs/fork.js'

/** Lets everything else have a turn: one run takes some milliseconds. */
export function breathe(): Promise<void> {
  return new Promise((next) => setImmediate(next))
}

async function drain(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes);
}

/** Checks all and changes nothing. */
export class Checker implements BundleTaker {
  readonly #checks: ReadonlyMap<MissionId, RunCheck>

  constructor({ missions }: Manifest, held: Missions) {
    this.#checks = new Map(
      missions.map((entry) => [missionOf(entry), new RunCheck(entry, held.get(missionOf(entry))?.logs)])
    )
  }

  async identities(): Promise<void> {}

  async receipts(): Promise<void> {}

  async forks(mission: MissionId, proofs: Parameters<BundleTaker['forks']>[1]): Promise<void> {
    for (const proof of proofs) if (typeof verifyFork(mission, proof) === 'string') throw damaged('a proof of no fork')
    return Promise.resolve()
  }

  async runs(mission: MissionId, runs: readonly Run[]): Promise<void> {
    for (const run of runs) {
      await this.#checks.get(mission)?.take(run)
      await breathe()
    }
  }

  content(_: MissionId, __: string, ___: number, bytes: AsyncIterable<Buffer>): Promise<void> {
    return drain(bytes)
  }

  /** Throws BundleRefused when something that the manifest lists did not come. */
  end(): void {
    for (const check of this.#checks.values()) check.end()
  }
}

export interface ApplierParts {
  /** The missions that are taken; what is of others is passed over. */
  readonly missions: ReadonlyMap<MissionId, Mission>
  readonly contents: ContentPort | undefined
  readonly onIdentities: (records: readonly IdentityRecord[]) => void
  readonly onReceipts: (receipts: readonly Receipt[]) => Promise<void>
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

  async identities(records: readonly IdentityRecord[]): Promise<void> {
    this.#parts.onIdentities(records)
    return Promise.resolve()
  }

  receipts(receipts: readonly Receipt[]): Promise<void> {
    return this.#parts.onReceipts(receipts)
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
