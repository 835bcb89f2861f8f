import { shallowRef, watch } from 'vue'
import type { NodeId, PeerSummary } from '@shared/model'
import { follow, type Progress } from '../facts/pace'

/** How peers that are linked catch up while this is looked at. */
export function useProgress(peers: () => readonly PeerSummary[]): (peer: PeerSummary) => Progress | undefined {
  const progress = shallowRef<ReadonlyMap<NodeId, Progress>>(new Map())
  watch(
    () => peers().map(({ nodeId, step, link }) => [nodeId, link.state === 'linked' ? step.theyLack : 0] as const),
    (lacks) => {
      const now = Date.now()
      progress.value = new Map(
        lacks.flatMap(([nodeId, lack]) => {
          const next = follow(progress.value.get(nodeId), lack, now)
          return next === undefined ? [] : [[nodeId, next] as const]
        })
      )
    },
    { immediate: true }
  )
  return ({ nodeId }) => progress.value.get(nodeId)
}
