/**
 * What the engine asks of a network: mutually authenticated, encrypted channels. The real one is tls-transport.ts, the
 * simulated one delays, cuts and loses; both pass test/contracts/transport.ts. A channel proves no node yet: it only
 * binds what is said in it to itself (`binding`), and the hello does the rest.
 */
import type { Address } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import type { TlsIdentity } from '../identity/certificate.js'

export interface Transport {
  /** Resolves when others can connect; rejects with a TransportError of `port-in-use` or `cannot-listen`. */
  listen(options: ListenOptions): Promise<Listener>
  /** Resolves when the channel is encrypted; rejects with a TransportError. */
  dial(to: Address, identity: TlsIdentity): Promise<Channel>
}

export interface ListenOptions {
  /** Undefined: all interfaces. */
  readonly host: string | undefined
  /** 0: any free port. */
  readonly port: number
  readonly identity: TlsIdentity
  readonly onChannel: (channel: Channel) => void
  /** Before any cryptography: whether a connection from there may begin now. Its answer is called when it ended. */
  readonly admit: (address: string) => (() => void) | undefined
  /** A connection that ended before it was a channel. */
  readonly onRefused: (address: string, reason: string) => void
}

export interface Listener {
  readonly port: number
  /** Shows another certificate to whoever connects from now on. */
  show(identity: TlsIdentity): void
  close(): Promise<void>
}

export interface Channel {
  readonly role: 'client' | 'server'
  readonly remote: Address
  readonly binding: Binding
  /** Monotonic time at which the connection began, for the time limit of TLS and hello together. */
  readonly startedAt: number
  /** Bytes written and not yet taken by the system. */
  readonly unsent: number
  write(bytes: Buffer): void
  /** Cuts at once: what was not sent never leaves. */
  destroy(): void
  /** Stops and resumes reading. */
  pause(): void
  resume(): void
  /** Set once, right after the channel is handed over, before anything arrives. */
  onData: (bytes: Buffer) => void
  onDrain: () => void
  onClose: () => void
}

/** Equal at both ends of one channel, and at no other channel. */
export interface Binding {
  /** 32 bytes from the TLS exporter (RFC 5705, RFC 8446 section 7.5). */
  readonly exporter: Buffer
  /** Of the sealed datagrams beside this channel: 32 bytes for each direction, overwritten when it is over. */
  readonly datagrams: { readonly toServer: Buffer; readonly toClient: Buffer }
  /** SHA-256 of the certificates as this end sees them. */
  readonly clientCertificate: Buffer
  readonly serverCertificate: Buffer
  /** DER. */
  readonly peerCertificate: Buffer
  /** What the peer sent: its own certificate first, then those that it says issued it. Not judged. */
  readonly peerChain: readonly Buffer[]
}

export class TransportError extends Error {
  readonly code: ProblemCode
  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.code = code
  }
}
