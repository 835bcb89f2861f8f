/**
 * The read side: a snapshot of everything that is always on screen, then numbered changes. What changed is only noted;
 * the views are made once per flush, so a thousand changes cost one message.
 */
import type { FeedMessage, OverviewChange } from '@shared/feed.js'
import type { MissionId, NodeId, Overview } from '@shared/model.js'
import type { Clock } from './runtime/clock.js'

export interface FeedSource {
  overview(): Overview
  /** A slice as it is now. */
  slice<Name extends SliceName>(name: Name): Overview[Name]
  /** As they are now; `undefined` when it is gone. */
  peer(nodeId: NodeId): Overview['peers'][number] | undefined
  mission(id: MissionId): Overview['missions'][number] | undefined
}

const sliceNames = ['node', 'network', 'health', 'anchors', 'pins', 'auditTotal', 'targets', 'pairing'] as const
export type SliceName = (typeof sliceNames)[number]

const flushMs = 50

export class FeedWriter {
  readonly #clock: Clock
  readonly #source: FeedSource
  readonly #listeners = new Set<(message: FeedMessage) => void>()
  readonly #peers = new Set<NodeId>()
  readonly #missions = new Set<MissionId>()
  readonly #single = new Set<SliceName>()
  #revision = 0
  #isPlanned = false

  constructor(clock: Clock, source: FeedSource) {
    this.#clock = clock
    this.#source = source
  }

  /** Calls the listener with a snapshot at once; returns its undo. */
  subscribe(listener: (message: FeedMessage) => void): () => void {
    this.#flush()
    this.#listeners.add(listener)
    listener({ type: 'snapshot', revision: this.#revision, overview: this.#source.overview() })
    return () => this.#listeners.delete(listener)
  }

  note(slice: SliceName): void {
    this.#single.add(slice)
    this.#plan()
  }

  notePeer(nodeId: NodeId): void {
    this.#peers.add(nodeId)
    this.#plan()
  }

  noteMission(id: MissionId): void {
    this.#missions.add(id)
    this.#plan()
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    this.#clock.after(flushMs, () => {
      this.#isPlanned = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#peers.size + this.#missions.size + this.#single.size === 0) return
    const changes: OverviewChange[] = []
    if (this.#listeners.size > 0) {
      for (const slice of sliceNames)
        if (this.#single.has(slice)) changes.push({ slice, value: this.#source.slice(slice) } as OverviewChange)
      for (const nodeId of this.#peers) {
        const value = this.#source.peer(nodeId)
        changes.push(value === undefined ? { slice: 'peer-gone', nodeId } : { slice: 'peer', value })
      }
      for (const id of this.#missions) {
        const value = this.#source.mission(id)
        changes.push(value === undefined ? { slice: 'mission-gone', id } : { slice: 'mission', value })
      }
    }
    this.#single.clear()
    this.#peers.clear()
    this.#missions.clear()
    if (this.#listeners.size === 0) return
    this.#revision++
    for (const listener of this.#listeners) listener({ type: 'changes', revision: this.#revision, changes })
  }
}
