/**
 * A peer that speaks the real protocol with the project's own modules, over real TLS or any other connection, and breaks
 * it where a test says so. It never reads more than a test asks for, and records every byte that it was given.
 */
import { randomBytes, X509Certificate, createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { MissionId } from '@shared/model.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { encodeLine, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { issueCertificate, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import { nodeIdOf, signRecord, type IdentityRecord } from '../../src/main/engine/identity/identity-record.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { privateKeyFromSeed, rawPublicKey, sealingKeyFromSeed } from '../../src/main/engine/identity/signature.js'
import {
  encodeFrame,
  FrameReader,
  frameTypes,
  type Frame,
  type FrameType
} from '../../src/main/engine/links/framing.js'
import { createIntro, signProof, type Intro } from '../../src/main/engine/links/hello.js'
import { parseMessage, type Message } from '../../src/main/engine/links/messages.js'
import { decodeRunFrame } from '../../src/main/engine/links/run-frame.js'
import type { Binding } from '../../src/main/engine/links/transport.js'
import { chainStart, encodeRun, sealRun, type LogId, type Run } from '../../src/main/engine/logs/run.js'
import { startLine } from '../../src/main/engine/logs/start-line.js'

const patienceMs = 15_000
const alpn = 'muster/1'

let addressCount = 0

/** Linux answers on all of 127/8: each connection from an address of its own meets a full bucket of the gatekeeper. */
export function anotherAddress(): string | undefined {
  addressCount++
  return process.platform === 'linux' ? `127.66.${addressCount >> 8}.${addressCount & 255}` : undefined
}

export function delayed<T>(promise: Promise<T>, what: string, ms = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(`${what} did not happen within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Not `once` of node:events, which rejects when an error comes before the close. */
export function untilClose(socket: HostileSocket): Promise<void> {
  return new Promise((done) => {
    if (socket.closed) done()
    else socket.once('close', () => done())
  })
}

export interface IdentityOptions {
  readonly seed?: Buffer
  readonly sealingSeed?: Buffer
  readonly tls?: TlsIdentity
  readonly federation?: string
  readonly counter?: number
}

export async function makeIdentity(options: IdentityOptions = {}): Promise<Identity> {
  const { seed = randomBytes(32), sealingSeed = randomBytes(32), federation = 'field', counter = 1 } = options
  const signingKey = privateKeyFromSeed(seed)
  const publicKey = rawPublicKey(signingKey)
  const nodeId = nodeIdOf(publicKey)
  const serial = randomBytes(16)
  serial[0] = 0x40
  const tls = options.tls ?? (await issueCertificate(nodeId, serial, Date.now()))
  const certificateHash = sha256(new X509Certificate(tls.certificate).raw)
  const record = signRecord(
    {
      signingKey: publicKey.toString('base64url'),
      sealingKey: rawPublicKey(sealingKeyFromSeed(sealingSeed)).toString('base64url'),
      certificateHash: certificateHash.toString('base64url'),
      federation,
      counter
    },
    signingKey,
    createPrivateKey(tls.key)
  )
  return {
    nodeId,
    signingKey,
    publicKey,
    callsign: 'hostile',
    federation,
    laptop: '',
    tls,
    certificateHash,
    record,
    strangerRecord: record
  }
}

/** Where a hello leaves the protocol; what is left out is done by the rules. */
export interface Deviations {
  /** The bytes of the own intro; may look at the other side's. */
  readonly intro?: (own: Intro, theirs: Intro) => unknown
  readonly proof?: (right: string) => string
  readonly record?: IdentityRecord
  readonly callsign?: string
  readonly port?: number
  readonly trusts?: boolean
}

export interface ConnectOptions {
  readonly port: number
  readonly identity: Identity
  /** Own address; left out: one that the other side has not seen. */
  readonly from?: string | undefined
  readonly tls?: ConnectionOptions
}

/** What a hostile peer needs of a connection. */
export interface HostileSocket {
  readonly closed: boolean
  readonly destroyed: boolean
  write(bytes: Uint8Array): unknown
  destroy(): unknown
  on(event: 'data', listener: (bytes: Buffer) => void): unknown
  once(event: 'close', listener: () => void): unknown
}

/** Where it takes nonces and times from; left out: from the system. */
export interface Whims {
  readonly bytes: (count: number) => Buffer
  readonly now: () => number
}

const systemWhims: Whims = { bytes: randomBytes, now: () => Date.now() }

export class HostileLink<Socket extends HostileSocket = TLSSocket> {
  readonly socket: Socket
  readonly identity: Identity
  readonly closed: Promise<void>
  readonly messages: Message[] = []
  readonly runs: { readonly mission: string; readonly run: Run }[] = []
  /** All that came, decrypted. */
  readonly received: Buffer[] = []
  readonly #watchers = new Set<() => void>()
  readonly binding: Binding
  readonly #whims: Whims
  #isClosed = false
  #pings = 0

  constructor(socket: Socket, identity: Identity, binding: Binding, whims = systemWhims) {
    this.socket = socket
    this.identity = identity
    this.binding = binding
    this.#whims = whims
    this.closed = untilClose(socket).then(() => {
      this.#isClosed = true
      this.#look()
    })
    const reader = new FrameReader()
    socket.on('data', (bytes: Buffer) => {
      this.received.push(bytes)
      reader.read(
        bytes,
        () => 2 ** 31,
        ({ type, payload }) => {
          if (type === frameTypes.message) this.#takeMessage(payload)
          else if (type !== frameTypes.presence && type !== frameTypes.fork) this.#takeRun({ type, payload })
          return true
        }
      )
      this.#look()
    })
  }

  static async connect({ port, identity, from, tls }: ConnectOptions): Promise<HostileLink> {
    const localAddress = from ?? anotherAddress()
    const options: ConnectionOptions & { localAddress?: string } = {
      host: '127.0.0.1',
      port,
      key: identity.tls.key,
      cert: identity.tls.certificate,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [alpn],
      rejectUnauthorized: false,
      servername: '',
      ...(localAddress === undefined ? {} : { localAddress }),
      ...tls
    }
    const socket = connect(options)
    const closed = untilClose(socket)
    let reason = 'closed'
    socket.on('error', (error) => {
      reason = String(error)
    })
    const opened = once(socket, 'secureConnect').then(() => true)
    // `once` rejects on an error; the close that follows it is what counts.
    opened.catch(() => undefined)
    const isOpen = await delayed(Promise.race([opened, closed.then(() => false)]), 'TLS')
    if (!isOpen) throw new Error(reason)
    const theirs = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)
    const hasCertificate = socket.getCertificate() !== null
    const binding: Binding = {
      exporter: socket.exportKeyingMaterial(32, 'EXPORTER-muster-hello', Buffer.from(alpn)),
      datagrams: {
        toServer: socket.exportKeyingMaterial(32, 'EXPORTER-muster-datagram', Buffer.from('c2s')),
        toClient: socket.exportKeyingMaterial(32, 'EXPORTER-muster-datagram', Buffer.from('s2c'))
      },
      clientCertificate: hasCertificate ? identity.certificateHash : Buffer.alloc(32),
      serverCertificate: sha256(theirs),
      peerCertificate: theirs,
      peerChain: [theirs]
    }
    return new HostileLink(socket, identity, binding)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when the other side has ended this connection. */
  untilClosed(what: string, ms?: number): Promise<void> {
    return delayed(this.closed, `the end of the connection after ${what}`, ms)
  }

  /** Resolves with the first message that fits, also one that came before; rejects when the connection ends first. */
  until<T>(what: string, look: (message: Message) => T | undefined | false): Promise<T> {
    const found = new Promise<T>((done, failed) => {
      const check = () => {
        for (const message of this.messages) {
          const fits = look(message)
          if (fits === undefined || fits === false) continue
          this.#watchers.delete(check)
          done(fits)
          return
        }
        if (this.#isClosed) failed(new Error(`closed before ${what}`))
      }
      this.#watchers.add(check)
      check()
    })
    return delayed(found, what)
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** Any JSON as a message. */
  send(message: unknown): void {
    this.write(encodeFrame(frameTypes.message, Buffer.from(JSON.stringify(message))))
  }

  sendFrame(type: number, payload: Uint8Array): void {
    this.write(encodeFrame(type as FrameType, payload))
  }

  sendRun(mission: string, run: Run): void {
    this.sendFrame(frameTypes.run, Buffer.concat([Buffer.from(mission, 'hex'), encodeRun(run)]))
  }

  theirIntro(): Promise<Intro> {
    return this.until('their intro', (message) => message.t === 'intro' && message)
  }

  /** Intro and proof; gives both as they were sent. */
  async prove(deviations: Deviations = {}): Promise<{ readonly intro: Buffer; readonly proof: string }> {
    const theirs = await this.theirIntro()
    const right = createIntro(this.identity.publicKey, this.#whims.bytes(32), this.#whims.bytes(16).toString('hex'))
    const intro = Buffer.from(JSON.stringify(deviations.intro?.(right, theirs) ?? right))
    this.sendFrame(frameTypes.message, intro)
    const intros = { client: intro, server: Buffer.from(JSON.stringify(theirs)) }
    const signature = signProof('client', this.binding, intros, this.identity.signingKey)
    const proof = deviations.proof?.(signature) ?? signature
    this.send({ t: 'proof', signature: proof })
    return { intro, proof }
  }

  answer({ record, callsign = 'HOSTILE', port = 0, trusts = true }: Deviations = {}): void {
    this.send({ t: 'answer', record: record ?? this.identity.record, callsign, port, trusts })
  }

  /** The whole hello; what comes then is up to the other side. */
  async hello(deviations: Deviations = {}): Promise<void> {
    await this.prove(deviations)
    this.answer(deviations)
  }

  /** The hello, and waits until the other side has raised the link: it trusts this peer. */
  async rise(deviations: Deviations = {}): Promise<void> {
    await this.hello(deviations)
    await this.until('a heartbeat, which only a raised link has', (message) => message.t === 'ping')
  }

  /** Resolves when the other side has read everything before it. */
  async roundTrip(): Promise<void> {
    const n = 1_000 + ++this.#pings
    this.send({ t: 'ping', n, at: Date.now() })
    await this.until('pong', (message) => message.t === 'pong' && message.n === n)
  }

  /** Speaks of a mission, and waits until the other side asks for it: only then an answer is expected. */
  async untilWanted(mission: string): Promise<void> {
    this.send({ t: 'have', mission, digest: 'f'.repeat(64), moved: [] })
    await this.until('the question', (message) => message.t === 'want' && message.mission === mission)
  }

  end(): void {
    this.socket.destroy()
  }

  #takeMessage(payload: Buffer): void {
    const message = parseMessage(payload)
    if (typeof message === 'string') throw new Error(`the honest side sent nonsense: ${message}`)
    this.messages.push(message)
    if (message.t === 'ping') this.send({ t: 'pong', n: message.n, at: this.#whims.now() })
  }

  #takeRun(frame: Frame): void {
    const decoded = decodeRunFrame(frame)
    if (decoded === undefined) throw new Error('the honest side sent a run that is none')
    this.runs.push(decoded)
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

/** A log of the hostile peer: sealed properly, whatever stands in its lines. */
export class HostileLog {
  readonly mission: MissionId
  readonly identity: Identity
  readonly log: LogId
  seq = 0
  hash: Buffer

  constructor(mission: string, identity: Identity, epoch = randomBytes(16).toString('hex')) {
    this.mission = mission as MissionId
    this.identity = identity
    this.log = { author: identity.nodeId, epoch }
    this.hash = chainStart(mission, this.log)
  }

  get startLine(): Buffer {
    return encodeLine(startLine(Date.now(), this.identity.publicKey, 'HOSTILE', undefined))
  }

  /** The next lines as one sealed run. */
  run(...lines: readonly (Buffer | string | JsonObject)[]): Run {
    const bytes = lines.map((line) =>
      Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line))
    )
    const first = this.seq + 1
    // Not by the project's own function, which refuses what a hostile peer does not.
    for (const line of bytes) this.hash = sha256(this.hash, line)
    this.seq += bytes.length
    return sealRun(this.mission, this.log, first, bytes, this.hash, this.identity.signingKey)
  }

  /** The start line and what follows it. */
  begin(...lines: readonly (Buffer | string | JsonObject)[]): Run {
    return this.run(this.startLine, ...lines)
  }
}

export function setLine(entity: string, field: string, value: unknown): JsonObject {
  return { kind: 'set', at: Date.now(), entity, field, value } as JsonObject
}
