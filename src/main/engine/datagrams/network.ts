/**
 * What the engine asks of UDP: packets that may be lost, come twice or in another order, and prove nothing. The real one
 * is udp-network.ts, the simulated one is on the wire of the simulated field; both pass test/contracts/datagrams.ts.
 */
import type { Address } from '@shared/model.js'

export interface DatagramNetwork {
  /** Resolves with `undefined` when this port cannot be had. */
  open(options: DatagramOptions): Promise<DatagramSocket | undefined>
}

export interface DatagramOptions {
  /** Undefined: all interfaces, IPv6 and IPv4. */
  readonly host: string | undefined
  /** 0: any free port. */
  readonly port: number
  /** Whoever sent it. */
  readonly onPacket: (packet: Buffer) => void
}

export interface DatagramSocket {
  readonly port: number
  /** Sends to a numeric address, or loses it: who does not answer has not heard it. */
  send(packet: Buffer, to: Address): void
  close(): Promise<void>
}
