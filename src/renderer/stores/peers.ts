import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { DecisionRequest, Introduced } from '@shared/contract'
import type { NodeId, PeerSummary } from '@shared/model'
import { useNow } from '../composables/use-now'
import { groupOf, needOf, type Need, type PeerGroup } from '../facts/peer-status'
import { useFeedStore } from './feed'

const needRank = ['pairs', 'warning', 'asks', 'introduced', 'undecided', 'ended', 'waits']

export const usePeersStore = defineStore('peers', () => {
  const feed = useFeedStore()
  const now = useNow()
  const list = computed(() => feed.overview?.peers ?? [])

  const targets = computed(() => feed.overview?.targets ?? [])
  const sought = computed(() => new Set(targets.value.flatMap((target) => target.nodeId ?? [])))
  const pairing = computed(() => new Set(feed.overview?.pairing.requests.map(({ nodeId }) => nodeId)))
  const about = ({ nodeId }: PeerSummary) => [now.value, sought.value.has(nodeId), pairing.value.has(nodeId)] as const
  const need = (peer: PeerSummary): Need | undefined => needOf(peer, ...about(peer))

  const groups = computed(() => {
    const made: Record<PeerGroup, PeerSummary[]> = { needs: [], linked: [], away: [] }
    for (const peer of list.value) made[groupOf(peer, ...about(peer))].push(peer)
    const rank = (peer: PeerSummary): number => needRank.indexOf(need(peer)?.kind ?? '')
    made.needs.sort((a, b) => rank(a) - rank(b) || a.firstMet - b.firstMet)
    made.linked.sort((a, b) => a.callsign.localeCompare(b.callsign))
    made.away.sort((a, b) => (b.link.lastHeard ?? 0) - (a.link.lastHeard ?? 0))
    return made
  })

  return {
    list,
    groups,
    targets,
    need,
    needing: computed(() => groups.value.needs.length),
    find: (nodeId: string) => list.value.find((peer) => peer.nodeId === nodeId),
    add: (address: string, port: number) => feed.call('addPeer', { address, port }),
    removeAddress: (address: string, port: number) => feed.call('removeAddress', { address, port }),
    tryNow: (nodeId?: NodeId) => feed.call('tryNow', nodeId === undefined ? {} : { nodeId }),
    decide: (request: DecisionRequest) => feed.call('decide', request),
    continueLate: (nodeId: NodeId, until: number) => feed.call('continueLate', { nodeId, until }),
    /** Trusted here, and this one vouched for them then. */
    introducedBy: (nodeId: NodeId) =>
      list.value.filter(
        ({ level, decision }) =>
          level === 'trusted' && decision?.introducedBy?.some((one) => one.nodeId === nodeId) === true
      ),
    forget: (nodeId: NodeId, introduced?: Introduced) =>
      feed.call('forgetPeer', { nodeId, ...(introduced === undefined ? {} : { introduced }) })
  }
})
