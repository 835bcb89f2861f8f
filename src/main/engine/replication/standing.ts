/** How this node and its peers stand: who is known to hold what. For the window; changes nothing. */
import type { FileAmount, Holder, MissionId, NodeId, ReceiptView, StepWith } from '@shared/model.js'
import type { LinkTable } from '../links/link-table.js'
import { raise, type Extent } from '../logs/extent.js'
import { logKey } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import type { Missions } from '../missions/missions.js'
import { refuseGiving } from '../trust/policy.js'
import type { PeerBook } from '../trust/peer-book.js'
import type { TrustBook } from '../trust/trust-book.js'
import type { Exchange } from './exchange.js'
import { missionFacts } from './mission-facts.js'
import type { ReceiptBook } from '../receipts/receipt-book.js'
import { countOf, missingFrom, type Stretch } from './sync.js'

/** Exchanges by peer and mission. */
export type Exchanges = ReadonlyMap<NodeId, ReadonlyMap<MissionId, Exchange>>

export interface StandingParts {
  readonly missions: Missions
  readonly links: LinkTable
  readonly trust: TrustBook
  readonly receipts: ReceiptBook
  readonly peers: PeerBook
  readonly ownId: NodeId
  readonly exchanges: Exchanges
  /** Files here that a peer is not known to hold. */
  readonly lacksFiles: (mission: Mission, nodeId: NodeId) => FileAmount
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
      if (
        exchange === undefined ||
        refuseGiving(links.factsOf(nodeId), missionFacts(mission, ownId, nodeId)) !== undefined
      )
        continue
      const linked = links.linkTo(nodeId)?.state === 'up'
      const receipt = this.#receipt(mission, nodeId)
      holders.push({
        nodeId,
        callsign: peers.peers.get(nodeId)?.callsign ?? '',
        linked,
        ...stepOf(mission, exchange),
        lacksFiles: this.#parts.lacksFiles(mission, nodeId),
        ...(receipt === undefined ? {} : { receipt })
      })
    }
    return holders
  }

  #receipt(mission: Mission, nodeId: NodeId): ReceiptView | undefined {
    const receipt = this.#parts.receipts.of(mission.id).get(nodeId)
    if (receipt === undefined) return undefined
    return { at: receipt.at, heardAt: receipt.heardAt, isWhole: receipt.digest === mission.logs.digest() }
  }

  /** Own changes that nobody whom we trust said to hold. */
  onlyHere(mission: Mission): number {
    return countOf(this.heldByNobody(mission))
  }

  /** What this peer lacks, as far as it is known to hold anything. */
  lackedBy(mission: Mission, nodeId: NodeId): readonly Stretch[] {
    const exchange = this.#parts.exchanges.get(nodeId)?.get(mission.id)
    return exchange?.isInStep(mission.logs) === true
      ? []
      : missingFrom(mission.logs.logs(), exchange?.told ?? new Map())
  }

  /** What only this laptop has: its own changes that nobody whom we trust said to hold. */
  heldByNobody(mission: Mission): readonly Stretch[] {
    const { ownId, trust, exchanges } = this.#parts
    const own = [...mission.logs.logs()].filter(({ id }) => id.author === ownId)
    const held: Extent = new Map()
    for (const [nodeId, missions] of exchanges) {
      const told = missions.get(mission.id)?.told
      if (told === undefined || trust.stateOf(nodeId).level !== 'trusted') continue
      for (const { id } of own) raise(held, logKey(id), told.get(logKey(id)) ?? 0)
    }
    return missingFrom(own, held)
  }

  /** Over all missions that this peer may have. */
  stepWith(nodeId: NodeId): StepWith & { readonly missions: number } {
    const { links, ownId } = this.#parts
    const steps: StepWith[] = []
    for (const mission of this.#parts.missions.all()) {
      if (refuseGiving(links.factsOf(nodeId), missionFacts(mission, ownId, nodeId)) !== undefined) continue
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
