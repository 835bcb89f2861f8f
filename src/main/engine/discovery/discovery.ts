/**
 * What the engine asks of a way to find others: to be found by it, and to hear of others. What it says is a hint and never
 * proof: an address at which some node may be. Each keeps what it heard, with a time to live and a bound; merged.ts makes
 * one of several. All pass test/contracts/discovery.ts. What travels: docs/protocol/discovery.md.
 */
import type { NetworkInterface, SightingSource, SourceStatus } from '@shared/model.js'
import type { Problem } from '@shared/result.js'

export interface Discovery {
  /** Begins to announce and to listen. What cannot be done now (no network) is tried again by itself. */
  start(options: DiscoveryOptions): void
  /** Which interfaces are used: a person's choices by name; the others follow their kind (VPN and virtual ones are off). */
  choose(interfaces: Readonly<Record<string, boolean>>): void
  /** The port where this node is reached is another one now; 0 as at start. */
  announce(port: number): void
  /** Asks and announces now instead of at the next turn, and tries again what failed. */
  look(): void
  view(): DiscoveryView
  /** Says goodbye; resolves when nothing more is sent. */
  stop(): Promise<void>
}

export interface DiscoveryOptions {
  /** Where this node is reached; 0 while it cannot be: then it looks for others and says nothing of itself. */
  readonly port: number
  /** A new sighting, or one that is heard again after a while. */
  readonly onSighting: (sighting: Sighting) => void
  /** It said goodbye, or was not heard for its time to live. */
  readonly onGone: (sighting: Sighting) => void
  /** Something of `view()` changed; at most once a second while only counters do. */
  readonly onChange: () => void
}

export interface Sighting {
  /** Random, new at each start of the other node: names nobody. */
  readonly instance: string
  readonly address: string
  readonly port: number
}

/** A sighting and every source that knows of it, the best first. */
export interface Found extends Sighting {
  readonly sources: readonly SightingSource[]
}

/** Times are wall times in milliseconds. */
export interface HeardSighting extends Sighting {
  readonly since: number
  readonly lastHeard: number
}

export interface DiscoveryView {
  /** Since when it looks with the interfaces that are on now. */
  readonly since: number
  readonly interfaces: readonly NetworkInterface[]
  readonly sightings: readonly HeardSighting[]
  /** What keeps it from working, as far as it is not a matter of one interface. */
  readonly problem?: Problem
}

/** Of several sources together. */
export interface MergedView extends DiscoveryView {
  readonly sightings: readonly (HeardSighting & Found)[]
  readonly sources: readonly SourceStatus[]
}
