/**
 * Two sealed runs prove that an author went on in two ways (docs/protocol/logs.md#forks), if both begin where the log
 * parts. A run that comes late in the other branch proves nothing yet: then the peer is asked for what stands before it,
 * each time further back.
 */
import type { NodeId } from '@shared/model.js'
import type { Link } from '../links/link.js'
import { logKey, type Head, type LogKey, type Run } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import type { Exchange, Probe } from './exchange.js'

const stepsMost = 8
const firstStep = 256

export class ForkSearch {
  readonly #askAgain: (nodeId: NodeId, mission: Mission) => void

  /** @param askAgain sends what is wanted, with the probes of the exchange in place of our heads. */
  constructor(askAgain: (nodeId: NodeId, mission: Mission) => void) {
    this.#askAgain = askAgain
  }

  /** A peer that is as far as we are, with another hash, holds another branch: it is asked for it, once on each link. */
  suspect(mission: Mission, exchange: Exchange, heads: readonly Head[]): void {
    for (const head of heads) {
      const key = logKey(head)
      const isSame = mission.logs.countingSeq(key) !== head.seq || mission.logs.countingHash(key) === head.hash
      if (isSame || exchange.suspected.has(key)) continue
      exchange.suspected.add(key)
      const probe = this.#further(mission, key, head.seq, 0)
      if (probe !== undefined) exchange.probes.set(key, probe)
    }
  }

  /** Compares a run that does not continue what is held, or that a probe brought, with what is held there. */
  async compare(link: Link, nodeId: NodeId, mission: Mission, exchange: Exchange, run: Run): Promise<void> {
    const key = logKey(run.header)
    const found = await mission.findFork(run)
    if (found === 'same') return
    const { steps } = exchange.probes.get(key) ?? { steps: 0 }
    exchange.probes.delete(key)
    if (found !== 'earlier') {
      await mission.addFork(found)
      return
    }
    const probe = steps < stepsMost ? this.#further(mission, key, run.header.first, steps) : undefined
    if (probe !== undefined) {
      exchange.probes.set(key, probe)
      this.#askAgain(nodeId, mission)
      return
    }
    // From its author there is no other hand that could have altered it.
    if (run.header.author === nodeId) link.close('bad-run', 'chain hash differs')
  }

  #further(mission: Mission, key: LogKey, first: number, steps: number): Probe | undefined {
    const point = mission.logs.markedPoint(key, Math.max(0, first - 1 - firstStep * 4 ** steps))
    return point === undefined || first === 1 ? undefined : { ...point, steps: steps + 1 }
  }
}
