/** How this node and its peers stand: who is known to hold what. For the window; changes nothing. */
import type { Holder, MissionId, NodeId, StepWith } from '@shared/model.js'
import type { LinkTable } from '../links/link-table.js'
import { logKey } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import { refuseGiving } from '../trust/policy.js'
import type { PeerBook } from '../trust/peer-book.js'
import type { Exchange } from './exchange.js'
import { missionFacts } from './mission-facts.js'

/** Exchanges by peer and mission. */
export type Exchanges = ReadonlyMap<NodeId, ReadonlyMap<MissionId, Exchange>>

export interface StandingParts {
  readonly missions: Missions
  readonly links: LinkTable
  readonly peers: PeerBook
  readonly ownId: NodeId
  readonly exchanges: Exchanges
}

export class Standing {
  readonly #parts: StandingParts

  constructor(parts: StandingParts) {
    this.#parts = parts
  }

  /** Who is known to hold what of a mission. */
  holders(mission: Mission): readonly Holder[] {
    const { links, peers, ownId } = this.#parts
    const holders: Holder[] = []
    for (const [nodeId, missions] of this.#parts.exchanges) {
      const exchange = missions.get(mission.id)
      if (exchange === undefined || refuseGiving(links.factsOf(nodeId), missionFacts(mission, ownId)) !== undefined)
        continue
      const linked = links.linkTo(nodeId)?.state === 'up'
      holders.push({ nodeId, callsign: peers.peers.get(nodeId)?.callsign ?? '', linked, ...stepOf(mission, exchange) })
    }
    return holders
  }

  /** Own changes that no peer said to hold. */
  onlyHere(mission: Mission): number {
    let count = 0
    for (const { id, head } of mission.logs.logs()) {
      if (id.author !== this.#parts.ownId) continue
      let held = 0
      for (const missions of this.#parts.exchanges.values())
        held = Math.max(held, missions.get(mission.id)?.told.get(logKey(id)) ?? 0)
      count += Math.max(0, head.seq - held)
    }
    return count
  }

  /** Over all missions that this peer may have. */
  stepWith(nodeId: NodeId): StepWith & { readonly missions: number } {
    const { links, ownId } = this.#parts
    const steps: StepWith[] = []
    for (const mission of this.#parts.missions.all()) {
      if (refuseGiving(links.factsOf(nodeId), missionFacts(mission, ownId)) !== undefined) continue
      const exchange = this.#parts.exchanges.get(nodeId)?.get(mission.id)
      steps.push(exchange === undefined ? unknownStep : stepOf(mission, exchange))
    }
    const sum = (pick: (step: StepWith) => number) => steps.reduce((total, step) => total + pick(step), 0)
    const isEqual = steps.length > 0 && steps.every(({ state }) => state === 'in-step')
    return {
      state: isEqual ? 'in-step' : steps.some(({ state }) => state === 'differs') ? 'differs' : 'unknown',
      theyLack: sum(({ theyLack }) => theyLack),
      weLack: sum(({ weLack }) => weLack),
      at: Math.min(...steps.map(({ at }) => at), Number.MAX_SAFE_INTEGER) % Number.MAX_SAFE_INTEGER,
      missions: steps.length
    }
  }
}

const unknownStep: StepWith = { state: 'unknown', theyLack: 0, weLack: 0, at: 0 }

function stepOf(mission: Mission, exchange: Exchange): StepWith {
  const { they, we } = exchange.lacks(mission.logs)
  const state = exchange.isInStep(mission.logs) ? 'in-step' : exchange.digest === undefined ? 'unknown' : 'differs'
  return { state, theyLack: they, weLack: we, at: exchange.at }
}
