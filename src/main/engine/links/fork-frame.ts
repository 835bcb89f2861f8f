/** Proofs of forks in frames (docs/protocol/links.md#frames): mission ID, then the proof as it is stored. */
import type { MissionId } from '@shared/model.js'
import { decodeFork, encodeFork, type ForkProof } from '../logs/fork.js'
import { encodeFrame, frameTypes, type Frame } from './framing.js'

const missionBytes = 32

export function encodeForkFrame(mission: MissionId, proof: ForkProof): Buffer {
  return encodeFrame(frameTypes.fork, Buffer.from(mission, 'hex'), encodeFork(proof))
}

/** `undefined` when it is not one whole proof; see decodeFork. */
export function decodeForkFrame({
  payload
}: Frame): { readonly mission: MissionId; readonly proof: ForkProof } | undefined {
  const proof = payload.length > missionBytes ? decodeFork(payload.subarray(missionBytes)) : undefined
  return proof && { mission: payload.toString('hex', 0, missionBytes) as MissionId, proof }
}
