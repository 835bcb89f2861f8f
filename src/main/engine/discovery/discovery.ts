/**
 * What the engine asks of discovery: to be found, and to hear of others. What comes from the air is a hint and never
 * proof: an address at which some node may be. The real one is mdns.ts, the simulated one the air of test/sim; both pass
 * test/contracts/discovery.ts.
 */
export interface Discovery {
  /** Begins to announce and to listen. What cannot be done now (no network) is tried again by itself. */
  start(options: DiscoveryOptions): void
  /** Asks now instead of at the next turn. */
  look(): void
  /** Says goodbye; resolves when nothing more is sent. */
  stop(): Promise<void>
}

export interface DiscoveryOptions {
  /** Where this node is reached. */
  readonly port: number
  /** A new sighting, or one that is heard again after a while. */
  readonly onSighting: (sighting: Sighting) => void
  /** It said goodbye, or was not heard for its time to live. */
  readonly onGone: (sighting: Sighting) => void
}

export interface Sighting {
  /** Random, new at each start of the other node: names nobody. */
  readonly instance: string
  readonly address: string
  readonly port: number
}
