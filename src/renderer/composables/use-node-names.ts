import type { NodeId } from '@shared/model'
import { usePeersStore } from '../stores/peers'
import { usePeerName } from './use-peer-name'

/** Laptops of which only the node IDs are at hand, by the names they have elsewhere. */
export function useNodeNames() {
  const peers = usePeersStore()
  const nameOf = usePeerName()
  const nameOfId = (nodeId: NodeId): string => nameOf({ nodeId, callsign: peers.find(nodeId)?.callsign ?? '' })
  return {
    nameOfId,
    namesOf: (nodeIds: readonly NodeId[]): string => nodeIds.map(nameOfId).join(', ')
  }
}
