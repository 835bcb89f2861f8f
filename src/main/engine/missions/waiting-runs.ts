/** Runs of authors who are not members yet: kept unverified and in memory only, and no more of them than is bearable. */
import type { NodeId } from '@shared/model.js'
import { bounds } from '../limits.js'
import { logKey, type Run } from '../logs/run.js'

export class WaitingRuns {
  #runs: Run[] = []
  #bytes = 0

  /** Changes in them, as their headers say. */
  get changes(): number {
    return this.#runs.reduce((sum, { header }) => sum + header.count, 0)
  }

  /** `held`: the same waits already. `full`: there is no room. */
  add({ header, body }: Run): 'waiting' | 'held' | 'full' {
    const isHeld = this.#runs.some(
      (other) =>
        logKey(other.header) === logKey(header) &&
        other.header.first === header.first &&
        other.header.count >= header.count
    )
    if (isHeld) return 'held'
    if (this.#runs.length >= bounds.waitingRuns || this.#bytes + body.length > bounds.waitingBytes) return 'full'
    // The body is a view of a whole frame; a copy lets the frame go.
    this.#runs.push({ header, body: Buffer.from(body) })
    this.#bytes += body.length
    return 'waiting'
  }

  /** Takes out what waits of an author. */
  takeOf(author: NodeId): readonly Run[] {
    const taken = this.#runs.filter(({ header }) => header.author === author)
    if (taken.length === 0) return taken
    this.#runs = this.#runs.filter(({ header }) => header.author !== author)
    for (const { body } of taken) this.#bytes -= body.length
    return taken
  }
}
