/**
 * The simulated field: whole engines in one process, on virtual time, a wire and disks that fail. A story starts nodes by
 * name, lets them meet and decide, breaks things, and waits until the field shows what it should.
 */
import type { ChangeName, Json, MissionId, NodeId, Overview } from '@shared/model.js'
import type { Result } from '@shared/result.js'
import type { Scope } from '@shared/scope.js'
import type { Engine } from '../../src/main/engine/engine.js'
import { startNode } from '../../src/main/engine/keeper.js'
import type { IssueCertificate } from '../../src/main/engine/identity/certificate.js'
import type { LinkVersion } from '../../src/main/engine/links/hello.js'
import type { Clock } from '../../src/main/engine/runtime/clock.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import { issueCertificate } from '../../src/main/engine/identity/certificate.js'
import type { Disk } from '../../src/main/engine/storage/disk.js'
import { Air } from './air.js'
import { certificatesOf } from './certificates.js'
import { SimDisk } from './disk.js'
import { namedRandom } from './random.js'
import { VirtualTime } from './time.js'
import { Wire } from './wire.js'

export const linkPort = 47110
/** Virtual; the longest wait of a story. */
const patienceMs = 10 * 60_000

export interface NodeOptions {
  readonly federation?: string
  /** Announces itself and listens; else it is found by address only. */
  readonly isOnAir?: boolean
  /** Left out: one of its own. */
  readonly address?: string
  /** As the desktop host starts it: name and federation are suggestions. */
  readonly wantsFirstRun?: boolean
  /** Versions of the link protocol that it speaks. Left out: all. */
  readonly linkVersions?: readonly LinkVersion[]
  /** Makes its certificate as a real node does: not the same in two runs. */
  readonly hasRealCertificate?: boolean
  /** In place of the simulated one. */
  readonly disk?: Disk
}

export class Field {
  readonly seed: number
  readonly time = new VirtualTime()
  readonly random: Random
  readonly wire: Wire
  readonly air: Air
  readonly nodes: FieldNode[] = []
  /** A drive that whoever drives takes along: every folder outside the data folders. */
  readonly drive: SimDisk

  constructor(seed: number) {
    this.seed = seed
    this.random = namedRandom(seed, 'story')
    this.wire = new Wire(this.time, namedRandom(seed, 'wire'))
    this.drive = new SimDisk(namedRandom(seed, 'drive'), this.time)
    this.air = new Air(this.time, namedRandom(seed, 'air'), this.wire)
  }

  /** What a clock that is right shows now. */
  get wallNow(): number {
    return this.time.clock({ offsetMs: 0 }).now()
  }

  async node(name: string, options: NodeOptions = {}): Promise<FieldNode> {
    const node = this.add(name, options)
    await node.start()
    return node
  }

  /** A node that is not started yet. */
  add(name: string, options: NodeOptions = {}): FieldNode {
    const number = this.nodes.length + 1
    const address = options.address ?? `10.0.${String(number >> 8)}.${String(number & 255)}`
    const node = new FieldNode(this, name, address, number, options)
    this.nodes.push(node)
    return node
  }

  /** Nodes that trust each next one, both ways. */
  async chain(...names: readonly string[]): Promise<FieldNode[]> {
    const nodes: FieldNode[] = []
    for (const name of names) nodes.push(await this.node(name))
    for (const [index, node] of nodes.entries()) {
      const next = nodes[index + 1]
      if (next !== undefined) await this.befriend(node, next)
    }
    return nodes
  }

  async befriend(one: FieldNode, other: FieldNode, scope?: Scope): Promise<void> {
    await one.add(other)
    await this.until(
      `${one.name} and ${other.name} met`,
      () => one.peer(other) !== undefined && other.peer(one) !== undefined
    )
    await one.decide(other, 'trusted', scope)
    await other.decide(one, 'trusted', scope)
    await this.until(`${one.name} and ${other.name} linked`, () => one.isLinked(other) && other.isLinked(one))
  }

  cut(one: FieldNode, other: FieldNode): void {
    this.wire.cut(one.address, other.address)
  }

  mend(one: FieldNode, other: FieldNode): void {
    this.wire.mend(one.address, other.address)
  }

  /** Lets time pass until something is so. */
  async until(what: string, isSo: () => boolean, withinMs = patienceMs): Promise<void> {
    const end = this.time.now + withinMs
    while (!isSo()) {
      const went = await this.time.step(end)
      if (!went && !isSo()) throw new Error(`seed ${String(this.seed)}: not so after ${String(withinMs)} ms: ${what}`)
    }
  }

  during<T>(work: Promise<T>): Promise<T> {
    return this.time.during(work)
  }

  async untilInStep(mission: MissionId, ...nodes: readonly FieldNode[]): Promise<string> {
    await this.until(`in step: ${nodes.map(({ name }) => name).join(', ')}`, () => {
      const digests = new Set(nodes.map((node) => node.digest(mission)))
      return digests.size === 1 && !digests.has(undefined)
    })
    return nodes[0]?.digest(mission) ?? ''
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) if (node.isRunning) await node.stop()
  }
}

/** One start of an engine. After a power cut it does nothing more, though nobody stopped it. */
interface Life {
  isOver: boolean
}

function mortalClock(clock: Clock, life: Life): Clock {
  return {
    ...clock,
    after: (ms, call) =>
      clock.after(ms, () => {
        if (!life.isOver) call()
      })
  }
}

export class FieldNode {
  readonly name: string
  readonly address: string
  readonly disk: SimDisk
  readonly wall = { offsetMs: 0 }
  readonly #field: Field
  readonly #random: Random
  readonly #issue: IssueCertificate
  readonly #options: NodeOptions
  #engine: Engine | undefined
  #life: Life = { isOver: true }

  /** @param number its own in the field, from 1; its first certificate has it too. */
  constructor(field: Field, name: string, address: string, number: number, options: NodeOptions) {
    this.#field = field
    this.#issue = options.hasRealCertificate === true ? issueCertificate : certificatesOf(number)
    this.#random = namedRandom(field.seed, name)
    this.name = name
    this.address = address
    this.#options = options
    this.disk = new SimDisk(namedRandom(field.seed, `disk of ${name}`), field.time)
  }

  get isRunning(): boolean {
    return this.#engine !== undefined
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error(`${this.name} is not running`)
    return this.#engine
  }

  get id(): NodeId {
    return this.engine.nodeId
  }

  /** @param restore a snapshot to go back to first. */
  async start(restore?: string): Promise<void> {
    const started = await this.tryStart(restore)
    if (!started.ok) throw new Error(`${this.name}: ${started.problem.message} ${started.problem.detail ?? ''}`)
  }

  async tryStart(restore?: string): Promise<Result<Engine>> {
    const { time, wire, air } = this.#field
    const life: Life = { isOver: false }
    this.#life = life
    const started = await this.#field.during(
      startNode(
        {
          callsign: this.name,
          federation: this.#options.federation,
          linkPort,
          wantsFirstRun: this.#options.wantsFirstRun,
          linkVersions: this.#options.linkVersions,
          restore,
          dataFolder: this.name,
          log: () => undefined
        },
        {
          clock: mortalClock(time.clock(this.wall), life),
          random: this.#random,
          disk: this.#options.disk ?? this.disk.alive(),
          drive: () => this.#field.drive.alive(),
          transport: wire.transport(this.address, () => !life.isOver),
          datagrams: wire.datagrams(this.address),
          issueCertificate: this.#issue,
          // The real cost is some tenths of a second: tests of scrypt itself pay it.
          passphraseCost: { N: 16, r: 8, p: 1 },
          discovery: this.#options.isOnAir === true ? () => air.discovery(this.address) : undefined,
          interfaces: () => [{ name: 'sim0', address: this.address }]
        }
      )
    )
    if (started.ok) this.#engine = started.value
    return started
  }

  async stop(): Promise<void> {
    const { engine } = this
    this.#engine = undefined
    await this.#field.during(engine.stop())
  }

  /** Power cut: nothing is said to anybody, un-synced bytes are lost or torn. */
  crash(): void {
    this.#engine = undefined
    this.#life.isOver = true
    this.#field.wire.silence(this.address)
    this.#field.air.silence(this.address)
    this.disk.crash()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  get overview(): Overview {
    return this.engine.overview()
  }

  peer(other: FieldNode) {
    const id = other.#engine?.nodeId
    return this.overview.peers.find(({ nodeId }) => nodeId === id)
  }

  isLinked(other: FieldNode): boolean {
    return this.peer(other)?.link.state === 'linked'
  }

  async add(other: FieldNode): Promise<void> {
    await this.#field.during(this.engine.commands.addPeer({ address: other.address, port: linkPort }))
  }

  async decide(other: FieldNode, level: 'trusted' | 'untrusted' | 'revoked', scope?: Scope, until?: number) {
    return this.#field.during(
      this.engine.commands.decide({
        nodeId: other.id,
        level,
        ...(scope === undefined ? {} : { scope }),
        ...(until === undefined ? {} : { until })
      })
    )
  }

  async createMission(name: string): Promise<MissionId> {
    const made = await this.#field.during(this.engine.commands.createMission({ name }))
    if (!made.ok) throw new Error(made.problem.message)
    return made.value.id
  }

  /** Resolves when it is acknowledged; throws when it is refused. */
  async write(missionId: MissionId, entity: string, field: string, value: Json, seen?: readonly ChangeName[]) {
    const written = await this.tryWrite(missionId, entity, field, value, seen)
    if (!written.ok) throw new Error(`${this.name}: ${written.problem.code} ${written.problem.detail ?? ''}`)
    return written.value.changes[0]?.name
  }

  tryWrite(missionId: MissionId, entity: string, field: string, value: Json, seen?: readonly ChangeName[]) {
    const change = { entity, field, value, ...(seen === undefined ? {} : { seen }) }
    return this.#field.during(this.engine.commands.write({ missionId, changes: [change] }))
  }

  mission(id: MissionId) {
    return this.overview.missions.find((mission) => mission.id === id)
  }

  digest(id: MissionId): string | undefined {
    const heads = this.#engine?.heads(id)
    return heads?.ok === true ? heads.value.digest : undefined
  }

  /** Current values of a field. */
  async values(missionId: MissionId, entity: string, field: string): Promise<readonly Json[]> {
    const [type = ''] = entity.split('/')
    const page = await this.engine.commands.listEntities({ missionId, type, offset: 0, limit: 200, order: 'oldest' })
    if (!page.ok) throw new Error(`${this.name}: ${page.problem.code} ${page.problem.detail ?? ''}`)
    const found = page.value.items.find((item) => item.entity === entity)
    return found?.fields.find((one) => one.field === field)?.values.map(({ value }) => value) ?? []
  }
}
