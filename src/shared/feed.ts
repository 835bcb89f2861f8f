/** The overview feed: one snapshot, then changes numbered from it; a gap means subscribe anew (docs/api.md). */
import type {
  AnchorSummary,
  Health,
  MissionId,
  MissionSummary,
  NetworkStatus,
  NodeId,
  NodeStatus,
  Overview,
  PairingStatus,
  PeerSummary,
  PinSummary,
  Target
} from './model.js'

export type OverviewChange =
  | { readonly slice: 'node'; readonly value: NodeStatus }
  | { readonly slice: 'network'; readonly value: NetworkStatus }
  | { readonly slice: 'health'; readonly value: Health }
  | { readonly slice: 'anchors'; readonly value: readonly AnchorSummary[] }
  | { readonly slice: 'pins'; readonly value: readonly PinSummary[] }
  | { readonly slice: 'auditTotal'; readonly value: number }
  | { readonly slice: 'peer'; readonly value: PeerSummary }
  | { readonly slice: 'peer-gone'; readonly nodeId: NodeId }
  | { readonly slice: 'targets'; readonly value: readonly Target[] }
  | { readonly slice: 'pairing'; readonly value: PairingStatus }
  | { readonly slice: 'mission'; readonly value: MissionSummary }
  | { readonly slice: 'mission-gone'; readonly id: MissionId }

export type FeedMessage =
  | { readonly type: 'snapshot'; readonly revision: number; readonly overview: Overview }
  | { readonly type: 'changes'; readonly revision: number; readonly changes: readonly OverviewChange[] }

export interface FeedState {
  readonly revision: number
  readonly overview: Overview
}

/** The next state, or `undefined` when a message is missing in between and the feed must be subscribed anew. */
export function applyFeed(state: FeedState | undefined, message: FeedMessage): FeedState | undefined {
  if (message.type === 'snapshot') return { revision: message.revision, overview: message.overview }
  if (state === undefined || message.revision !== state.revision + 1) return undefined
  return { revision: message.revision, overview: message.changes.reduce(applyChange, state.overview) }
}

function applyChange(overview: Overview, change: OverviewChange): Overview {
  switch (change.slice) {
    case 'node':
      return { ...overview, node: change.value }
    case 'network':
    case 'health':
    case 'anchors':
    case 'pins':
    case 'auditTotal':
    case 'targets':
    case 'pairing':
      return { ...overview, [change.slice]: change.value }
    case 'peer':
      return { ...overview, peers: put(overview.peers, change.value, (peer) => peer.nodeId) }
    case 'peer-gone':
      return { ...overview, peers: overview.peers.filter((peer) => peer.nodeId !== change.nodeId) }
    case 'mission':
      return { ...overview, missions: put(overview.missions, change.value, (mission) => mission.id) }
    case 'mission-gone':
      return { ...overview, missions: overview.missions.filter((mission) => mission.id !== change.id) }
    default:
      return unreachable(change)
  }
}

function put<T>(list: readonly T[], value: T, keyOf: (item: T) => string): readonly T[] {
  const index = list.findIndex((item) => keyOf(item) === keyOf(value))
  return index < 0 ? [...list, value] : list.with(index, value)
}

/** For the end of a switch over a union: adding a member without handling it does not compile. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
