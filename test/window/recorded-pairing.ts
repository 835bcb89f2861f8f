/** Pairings in the recorded field: each state as an engine would say it, and what the commands make of it. */
import type { CommandHandlers } from '@shared/contract'
import type { OverviewChange } from '@shared/feed'
import type { NodeId, PairingRun, PairingStatus } from '@shared/model'
import { fail, ok, problem } from '@shared/result'
import { everything } from '@shared/scope'
import type { ProblemCode } from '@shared/problems'

export const noPairing: PairingStatus = { requests: [], tries: 0 }
export const code = { digits: '105006', words: ['elegant', 'table', 'novel'] }

export function asking(nodeIds: readonly NodeId[], now: number): PairingStatus {
  return { ...noPairing, requests: nodeIds.map((nodeId) => ({ nodeId, at: now, until: now + 60_000 })) }
}

/** @param state of one that was begun here. */
export function pairingIn(nodeId: NodeId, state: PairingRun['state'], now: number): PairingStatus {
  const hasCode = state !== 'reaching' && state !== 'calling' && state !== 'answered'
  const isOver = state === 'ended' || state === 'done'
  const current: PairingRun = {
    nodeId,
    isOurs: state !== 'answered',
    state,
    ...(isOver ? {} : { until: now + 60_000 }),
    ...(hasCode ? { code } : {}),
    ...(state === 'agreed' || state === 'done' ? { scope: everything } : {})
  }
  return { ...noPairing, current }
}

export function endedPairing(nodeId: NodeId, why: ProblemCode, tries = 0): PairingStatus {
  return { ...noPairing, tries, current: { nodeId, isOurs: true, state: 'ended', problem: problem(why) } }
}

type PairingHandlers = Pick<CommandHandlers, 'startPairing' | 'openPairing' | 'answerPairing' | 'cancelPairing'>

/** The other side does what it should, at once, but for the last word. */
export function pairingHandlers(status: () => PairingStatus, say: (change: OverviewChange) => void): PairingHandlers {
  const turn = (value: PairingStatus) => {
    say({ slice: 'pairing', value })
    return ok(null)
  }
  return {
    startPairing: async ({ nodeId }) => turn(pairingIn(nodeId, 'calling', Date.now())),
    openPairing: async ({ nodeId }) => turn(pairingIn(nodeId, 'comparing', Date.now())),
    answerPairing: async ({ nodeId, equal }) => {
      const { current } = status()
      if (current === undefined) return fail('pairing-none')
      if (!equal) return turn(endedPairing(nodeId, 'pairing-differ', 1))
      return turn(pairingIn(nodeId, current.state === 'they-agreed' ? 'done' : 'agreed', Date.now()))
    },
    cancelPairing: async () => turn(noPairing)
  }
}
