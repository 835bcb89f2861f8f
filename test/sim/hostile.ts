/** A peer in the simulated field that was trusted, and breaks the rules. It speaks by the code of test/hostile. */
import type { MissionId, NodeId } from '@shared/model.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { encodeFrame, frameTypes } from '../../src/main/engine/links/framing.js'
import type { Channel } from '../../src/main/engine/links/transport.js'
import { encodeLine } from '../../src/main/engine/bytes/line.js'
import type { Run } from '../../src/main/engine/logs/run.js'
import { startLine } from '../../src/main/engine/logs/start-line.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import { HostileLink, HostileLog, makeIdentity, type HostileSocket } from '../hostile/hostile-peer.js'
import { certificate } from './certificates.js'
import { linkPort, type Field, type FieldNode } from './field.js'
import { namedRandom, pick } from './random.js'

/**
 * - `forge`: changes of others with another text, under their seal or its own.
 * - `withhold`: speaks of changes, and does not give them when it is asked.
 * - `flood`: of a thousand missions that nobody has.
 * - `replay`: says everything again that it was ever told.
 * - `fork`: two different changes under one number, sealed both, each to another node if several trust it.
 * - `garble`: bytes that are no frames, or half a frame and then nothing.
 */
export type HostileAct = 'forge' | 'withhold' | 'flood' | 'replay' | 'fork' | 'garble'

export const hostileAddress = '10.66.6.6'
/** No node of the field has it. */
const certificateNumber = 99_999

export class HostilePeer {
  readonly #field: Field
  readonly #random: Random
  readonly identity: Identity
  readonly #links = new Map<FieldNode, HostileLink<ChannelSocket>>()
  /** All that it was given, over all its connections. */
  readonly #runs: { readonly mission: string; readonly run: Run }[] = []

  readonly #forks = new Map<MissionId, readonly (readonly Run[])[]>()
  #turn = 0

  private constructor(field: Field, random: Random, identity: Identity) {
    this.#field = field
    this.#random = random
    this.identity = identity
  }

  static async make(field: Field): Promise<HostilePeer> {
    const random = namedRandom(field.seed, 'hostile')
    const identity = await makeIdentity({
      seed: random.bytes(32),
      sealingSeed: random.bytes(32),
      tls: certificate(certificateNumber)
    })
    return new HostilePeer(field, random, identity)
  }

  get id(): NodeId {
    return this.identity.nodeId
  }

  /** Connects and says a proper hello, if it is not connected; what cannot be reached is left alone. */
  async meet(node: FieldNode): Promise<HostileLink<ChannelSocket> | undefined> {
    const known = this.#links.get(node)
    if (known !== undefined && !known.isClosed) return known
    try {
      const to = { address: node.address, port: linkPort }
      const channel = await this.#field.wire.transport(hostileAddress).dial(to, this.identity.tls)
      const whims = { bytes: (count: number) => this.#random.bytes(count), now: () => this.#field.wallNow }
      const link = new HostileLink(new ChannelSocket(channel), this.identity, channel.binding, whims)
      this.#links.set(node, link)
      await link.hello()
      return link
    } catch {
      return undefined // Refused, cut, or not there: a hostile peer tries again another time.
    }
  }

  async act(act: HostileAct, node: FieldNode, missions: readonly MissionId[]): Promise<void> {
    const link = await this.meet(node)
    if (link === undefined) return
    for (const given of link.runs.splice(0)) this.#runs.push(given)
    const mission = pick(this.#random, missions)
    switch (act) {
      case 'forge':
        this.#forge(link)
        // What it needs to forge more.
        link.send({ t: 'want', mission, heads: [], create: false })
        break
      case 'withhold':
        link.send({ t: 'have', mission, digest: this.#random.bytes(32).toString('hex'), moved: [] })
        break
      case 'flood':
        for (let count = 0; count < 1_000; count++) {
          const unknown = this.#random.bytes(32).toString('hex')
          link.send({ t: 'have', mission: unknown, digest: this.#random.bytes(32).toString('hex'), moved: [] })
        }
        break
      case 'replay':
        for (const given of this.#runs) link.sendRun(given.mission, given.run)
        for (const message of link.messages) if (message.t !== 'ping') link.send(message)
        break
      case 'fork':
        // The branches of one log differ from their second line on.
        this.#branches(mission)[this.#turn++ % 2]?.forEach((run) => link.sendRun(mission, run))
        break
      case 'garble':
        if (this.#random.unit() < 0.5) link.write(this.#random.bytes(500))
        else {
          const frame = encodeFrame(frameTypes.message, Buffer.alloc(500, 'x'))
          link.write(frame.subarray(0, 5 + Math.floor(this.#random.unit() * 500)))
          link.end()
        }
    }
  }

  #branches(mission: MissionId): readonly (readonly Run[])[] {
    const known = this.#forks.get(mission)
    if (known !== undefined) return known
    const epoch = this.#random.bytes(16).toString('hex')
    const at = this.#field.wallNow
    const start = encodeLine(startLine(at, this.identity.publicKey, 'HOSTILE', undefined))
    const made = ['one', 'other'].map((value) => {
      const log = new HostileLog(mission, this.identity, epoch)
      const set = { kind: 'set', at, entity: 'task/0', field: 'fork', value }
      return [log.run(start), log.run(set), log.run({ ...set, field: 'more' })]
    })
    this.#forks.set(mission, made)
    return made
  }

  #forge(link: HostileLink<ChannelSocket>): void {
    const [first] = this.#runs
    if (first === undefined) return
    const { mission, run } = pick(this.#random, this.#runs)
    const body = Buffer.from(run.body)
    const at = body.lastIndexOf('"')
    body[at - 1] = (body[at - 1] ?? 0) ^ 1
    const other = pick(this.#random, this.#runs).run.header
    const header = {
      ...run.header,
      ...pick(this.#random, [{}, { seal: other.seal }, { author: this.id }, { first: run.header.first + 1 }])
    }
    link.sendRun(mission, { header, body: this.#random.unit() < 0.7 ? body : run.body })
  }
}

/** As much of a socket as a hostile peer needs. */
class ChannelSocket implements HostileSocket {
  readonly #channel: Channel
  #onClose: () => void = () => undefined
  closed = false

  constructor(channel: Channel) {
    this.#channel = channel
    channel.onClose = () => this.#close()
  }

  get destroyed(): boolean {
    return this.closed
  }

  write(bytes: Uint8Array): void {
    this.#channel.write(Buffer.from(bytes))
  }

  destroy(): void {
    this.#channel.destroy()
    this.#close()
  }

  on(_: 'data', listener: (bytes: Buffer) => void): void {
    this.#channel.onData = listener
  }

  once(_: 'close', listener: () => void): void {
    this.#onClose = listener
  }

  #close(): void {
    this.closed = true
    this.#onClose()
  }
}
