/** Which mission is being fetched from whom: one peer at a time, so that two do not send the same, and none for ever. */
import type { MissionId, NodeId } from '@shared/model.js'
import type { Clock } from '../runtime/clock.js'

interface Fetch {
  readonly from: NodeId
  progressAt: number
  cancel: () => void
}

const patienceMs = 30_000

export class Fetches {
  readonly #clock: Clock
  readonly #onStalled: (id: MissionId, from: NodeId) => void
  readonly #fetches = new Map<MissionId, Fetch>()

  /** @param onStalled called when a peer sent nothing new for too long; the fetch is over by then. */
  constructor(clock: Clock, onStalled: (id: MissionId, from: NodeId) => void) {
    this.#clock = clock
    this.#onStalled = onStalled
  }

  has(id: MissionId): boolean {
    return this.#fetches.has(id)
  }

  isFrom(id: MissionId, from: NodeId): boolean {
    return this.#fetches.get(id)?.from === from
  }

  begin(id: MissionId, from: NodeId): void {
    const fetch = { from, progressAt: this.#clock.monotonic(), cancel: () => undefined }
    this.#fetches.set(id, fetch)
    this.#watch(id, fetch)
  }

  /** Something new came. */
  progressed(id: MissionId, from: NodeId): void {
    const fetch = this.#fetches.get(id)
    if (fetch?.from === from) fetch.progressAt = this.#clock.monotonic()
  }

  /** Ends it if it is from this peer; says whether it was. */
  end(id: MissionId, from: NodeId): boolean {
    const fetch = this.#fetches.get(id)
    if (fetch?.from !== from) return false
    fetch.cancel()
    return this.#fetches.delete(id)
  }

  #watch(id: MissionId, fetch: Fetch): void {
    fetch.cancel = this.#clock.after(patienceMs, () => {
      if (this.#clock.monotonic() - fetch.progressAt < patienceMs) this.#watch(id, fetch)
      else if (this.end(id, fetch.from)) this.#onStalled(id, fetch.from)
    })
  }
}
