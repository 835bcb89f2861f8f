/**
 * A network in memory: hosts by address, channels that keep order, take time, and can be cut as a cable is cut: what is
 * under way waits, and nobody is told. Passes the same acceptance suite as TLS over TCP.
 */
import type { Address } from '@shared/model.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { certificateDer, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import {
  TransportError,
  type Channel,
  type ListenOptions,
  type Transport
} from '../../src/main/engine/links/transport.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import type { VirtualTime } from './time.js'

const dialPatienceMs = 5_000

export class Wire {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #listeners = new Map<string, ListenOptions>()
  readonly #cuts = new Set<string>()
  readonly #channels = new Set<SimChannel>()
  delayMs = 1
  #nextPort = 50_000

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** Nothing passes between the two hosts; nobody notices but by silence. */
  cut(one: string, other: string): void {
    this.#cuts.add(pair(one, other))
  }

  mend(one: string, other: string): void {
    this.#cuts.delete(pair(one, other))
    for (const channel of this.#channels) channel.flush()
  }

  isCut(one: string, other: string): boolean {
    return this.#cuts.has(pair(one, other))
  }

  /** Ends every connection between two hosts, as when a router restarts. */
  reset(one: string, other: string): void {
    for (const channel of [...this.#channels])
      if (pair(channel.host, channel.remote.address) === pair(one, other)) channel.drop()
  }

  /** A host that lost power: its connections are gone, and the others are not told. */
  silence(host: string): void {
    for (const channel of [...this.#channels]) if (channel.host === host) channel.vanish()
    for (const key of [...this.#listeners.keys()]) if (key.startsWith(`${host} `)) this.#listeners.delete(key)
  }

  transport(host: string): Transport {
    return {
      listen: (options) => {
        const port = options.port === 0 ? this.#nextPort++ : options.port
        const key = `${host} ${String(port)}`
        if (this.#listeners.has(key)) return Promise.reject(new TransportError('port-in-use', key))
        this.#listeners.set(key, options)
        return Promise.resolve({
          port,
          show: (identity) => {
            this.#listeners.set(key, { ...options, identity })
          },
          close: () => {
            this.#listeners.delete(key)
            for (const channel of [...this.#channels])
              if (channel.host === host && channel.role === 'server') channel.drop()
            return Promise.resolve()
          }
        })
      },
      dial: (to, identity) => this.#dial(host, to, identity)
    }
  }

  async #dial(host: string, to: Address, identity: TlsIdentity): Promise<Channel> {
    const startedAt = this.#time.now
    await this.#time.wait(2 * this.delayMs)
    if (this.isCut(host, to.address)) {
      await this.#time.wait(dialPatienceMs)
      throw new TransportError('no-answer', 'no answer')
    }
    const listening = this.#listeners.get(`${to.address} ${String(to.port)}`)
    if (listening === undefined) throw new TransportError('refused', 'nobody listens')
    const ended = listening.admit(host)
    if (ended === undefined) throw new TransportError('not-muster', 'closed')
    const certificates = {
      client: chainOf(identity),
      server: chainOf(listening.identity)
    }
    const shared = {
      exporter: this.#random.bytes(32),
      clientCertificate: sha256(certificates.client[0]),
      serverCertificate: sha256(certificates.server[0])
    }
    const from = { address: host, port: this.#nextPort++ }
    const parts = { wire: this, time: this.#time, startedAt }
    const client = new SimChannel(parts, host, 'client', to, { ...shared, ...seen(certificates.server) })
    const server = new SimChannel(parts, to.address, 'server', from, {
      ...shared,
      ...seen(certificates.client)
    })
    client.other = server
    server.other = client
    this.#channels.add(client).add(server)
    ended()
    this.#time.after(0, () => listening.onChannel(server))
    return client
  }

  forget(channel: SimChannel): void {
    this.#channels.delete(channel)
  }
}

type Chain = readonly [Buffer, ...Buffer[]]

/** The certificates of an identity as DER, its own first. */
function chainOf({ certificate }: TlsIdentity): Chain {
  const [own = '', ...issuers] = certificate.split(/(?=-----BEGIN CERTIFICATE-----)/)
  return [certificateDer(own), ...issuers.map(certificateDer)]
}

function seen(chain: Chain): { readonly peerCertificate: Buffer; readonly peerChain: readonly Buffer[] } {
  return { peerCertificate: chain[0], peerChain: chain }
}

interface ChannelParts {
  readonly wire: Wire
  readonly time: VirtualTime
  readonly startedAt: number
}

class SimChannel implements Channel {
  readonly host: string
  readonly role: 'client' | 'server'
  readonly remote: Address
  readonly binding: Channel['binding']
  readonly startedAt: number
  other: SimChannel | undefined
  onData: Channel['onData'] = () => undefined
  onDrain: Channel['onDrain'] = () => undefined
  onClose: Channel['onClose'] = () => undefined
  unsent = 0
  readonly #wire: Wire
  readonly #time: VirtualTime
  #isClosed = false
  #isPaused = false
  /** On the way to us, in order. */
  #arriving: Buffer[] = []
  #isOtherGone = false

  constructor(
    parts: ChannelParts,
    host: string,
    role: 'client' | 'server',
    remote: Address,
    binding: Channel['binding']
  ) {
    this.#wire = parts.wire
    this.#time = parts.time
    this.startedAt = parts.startedAt
    this.host = host
    this.role = role
    this.remote = remote
    this.binding = binding
  }

  write(bytes: Buffer): void {
    if (this.#isClosed) return
    this.unsent += bytes.length
    this.#time.after(this.#wire.delayMs, () => this.other?.arrive(Buffer.from(bytes)))
  }

  /** Nothing that was not delivered is delivered any more. */
  destroy(): void {
    if (this.#isClosed) return
    this.#close()
    const { other } = this
    if (other !== undefined) this.#time.after(this.#wire.delayMs, () => other.otherGone())
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.flush()
  }

  arrive(bytes: Buffer): void {
    if (this.other?.isClosed === true) return
    this.#arriving.push(bytes)
    this.flush()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  flush(): void {
    if (this.#wire.isCut(this.host, this.remote.address)) return
    while (!this.#isPaused && !this.#isClosed) {
      const bytes = this.#arriving.shift()
      if (bytes === undefined) break
      this.onData(bytes)
      this.other?.delivered(bytes.length)
    }
    if (this.#isOtherGone && !this.#isPaused && !this.#isClosed) {
      this.#close()
      this.onClose()
    }
  }

  delivered(length: number): void {
    const before = this.unsent
    this.unsent -= length
    if (before > 0 && this.unsent === 0 && !this.#isClosed) this.#time.after(0, () => this.onDrain())
  }

  otherGone(): void {
    this.#isOtherGone = true
    this.flush()
  }

  /** Both ends learn that the connection is gone. */
  drop(): void {
    for (const end of [this, this.other])
      if (end !== undefined && !end.#isClosed) {
        end.#close()
        end.onClose()
      }
  }

  vanish(): void {
    this.#close()
  }

  #close(): void {
    this.#isClosed = true
    this.#arriving = []
    this.#wire.forget(this)
  }
}

function pair(one: string, other: string): string {
  return [one, other].sort().join(' ')
}
