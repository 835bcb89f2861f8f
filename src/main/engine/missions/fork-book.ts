/** Proofs that logs of a mission part (docs/protocol/logs.md#forks): kept one to a file, and never forgotten. */
import type { MissionId } from '@shared/model.js'
import { bounds } from '../limits.js'
import { decodeFork, earlierFork, encodeFork, verifyFork, type ForkPoint, type ForkProof } from '../logs/fork.js'
import { logKey, type LogKey } from '../logs/run.js'
import type { Disk } from '../storage/disk.js'

interface Known {
  readonly point: ForkPoint
  readonly proof: ForkProof
}

export class ForkBook {
  readonly #disk: Disk
  readonly #folder: string
  readonly #mission: MissionId
  readonly #known = new Map<LogKey, Known>()

  constructor(disk: Disk, folder: string, mission: MissionId) {
    this.#disk = disk
    this.#folder = folder
    this.#mission = mission
  }

  /** What does not prove a fork is passed over: peers give proofs again. */
  async open(): Promise<void> {
    for (const name of await this.#disk.list(this.#folder)) {
      const bytes = await this.#disk.read(`${this.#folder}/${name}`)
      const proof = bytes === undefined ? undefined : decodeFork(bytes)
      if (proof !== undefined) this.#take(proof)
    }
  }

  points(): readonly ForkPoint[] {
    return [...this.#known.values()].map(({ point }) => point)
  }

  proofs(): readonly ForkProof[] {
    return [...this.#known.values()].map(({ proof }) => proof)
  }

  /** Counts at once; `saved` resolves when it is durable. What proves nothing, or nothing new, is not taken. */
  add(proof: ForkProof): { readonly isNew: boolean; readonly saved: Promise<void> } {
    const key = this.#take(proof)
    if (key === undefined) return { isNew: false, saved: Promise.resolve() }
    return { isNew: true, saved: this.#disk.replace(`${this.#folder}/${key}`, encodeFork(proof)) }
  }

  #take(proof: ForkProof): LogKey | undefined {
    const point = verifyFork(this.#mission, proof)
    if (typeof point === 'string') return undefined
    const key = logKey(point)
    const known = this.#known.get(key)
    const isFull = known === undefined && this.#known.size >= bounds.forks
    if (isFull || earlierFork(known?.point, point) !== point) return undefined
    // The bodies are views of what brought them; a copy lets that go.
    const copy = decodeFork(encodeFork(proof))
    if (copy !== undefined) this.#known.set(key, { point, proof: copy })
    return key
  }
}
