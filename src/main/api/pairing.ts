/** Pairing as programs see it: one address per peer for its state, and for what a person, or their program, does. */
import type { CommandName } from '@shared/contract.js'
import type { NodeId, PairingRun, PairingStatus } from '@shared/model.js'
import type { Problem } from '@shared/result.js'

export interface PairingAnswer {
  readonly nodeId: NodeId
  /** `none`: nothing with this peer; `asked`: it waits for our person; else that of the pairing. */
  readonly state: PairingRun['state'] | 'asked' | 'none'
  readonly isOurs?: boolean
  readonly until?: number
  readonly digits?: string
  readonly words?: readonly string[]
  readonly problem?: Problem
  readonly tries: number
  readonly pausedUntil?: number
}

export function pairingWith({ current, requests, ...rest }: PairingStatus, nodeId: NodeId): PairingAnswer {
  const asked = requests.find((request) => request.nodeId === nodeId)
  if (asked !== undefined) return { nodeId, state: 'asked', isOurs: false, until: asked.until, ...rest }
  if (current?.nodeId !== nodeId) return { nodeId, state: 'none', ...rest }
  const { code, ...pairing } = current
  return { ...pairing, ...code, ...rest }
}

/** The command behind a body; its `action` left out: start. `undefined`: there is no such action. */
export function pairingCommand(
  nodeId: string | undefined,
  { action = 'start', ...chosen }: Readonly<Record<string, unknown>>
): { readonly name: CommandName; readonly argument: unknown } | undefined {
  switch (action) {
    case 'start':
      return { name: 'startPairing', argument: { ...chosen, nodeId } }
    case 'open':
      return { name: 'openPairing', argument: { ...chosen, nodeId } }
    case 'equal':
    case 'differ':
      return { name: 'answerPairing', argument: { ...chosen, nodeId, equal: action === 'equal' } }
    case 'cancel':
      return { name: 'cancelPairing', argument: { ...chosen, nodeId } }
    default:
      return undefined
  }
}
