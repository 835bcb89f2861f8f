/** Carries out a plan in a field of its own, and writes down what happened. */
import type { ChangeName, MissionId, NodeId } from '@shared/model.js'
import type { Result } from '@shared/result.js'
import { systemCode } from '../../src/main/engine/storage/disk.js'
import { systemError } from './disk.js'
import { Field, type FieldNode } from './field.js'
import { askedWithoutPause, faultsOf, type History, type Standing } from './history.js'
import { hostileAddress, HostilePeer } from './hostile.js'
import type { Plan, Turn } from './plan.js'
import { Recorder } from './recorder.js'

export interface Outcome {
  /** What may not have happened; empty when all is well. */
  readonly faults: readonly string[]
  readonly history: History
  /** Equal for two runs in which the same was sent at the same times. */
  readonly trace: string
  readonly frames: number
  readonly bytes: number
  readonly virtualMs: number
}

export interface RunOptions {
  /** Called now and then in a long run. */
  readonly onProgress?: (text: string) => void
}

const yearMs = 365.25 * 24 * 3_600_000
const meetMostMs = 2 * 60_000
const settleMostMs = 15 * 60_000
const pageMost = 200
/**
 * A node with a bad disk asks without haste for what it could not store, and asks again once there is room. False starts
 * such nodes anew before all is compared, and counts nothing: for looking into other things while that is broken.
 */
const isStrictOnDisks: boolean = true

export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<Outcome> {
  const run = new PlanRun(plan, options)
  const onRejection = (error: unknown) => run.broke(-1, 'a promise that nobody looks at', error)
  process.on('unhandledRejection', onRejection)
  try {
    return await run.all()
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

class PlanRun {
  readonly #plan: Plan
  readonly #onProgress: (text: string) => void
  readonly #field: Field
  readonly #nodes: readonly FieldNode[]
  readonly #ids = new Map<NodeId, number>()
  readonly #recorder: Recorder
  readonly #missions: MissionId[] = []
  readonly #creators = new Map<MissionId, number>()
  readonly #copies = new Map<number, { readonly files: ReadonlyMap<string, Buffer>; readonly saved: Set<ChangeName> }>()
  readonly #saved = new Map<number, Set<ChangeName>>()
  /** Nodes whose disk was bad for a while. */
  readonly #refused = new Set<number>()
  /** Nodes with a decision that their disk refused. */
  readonly #unsure = new Set<number>()
  #hostile: HostilePeer | undefined

  constructor(plan: Plan, { onProgress = () => undefined }: RunOptions) {
    this.#plan = plan
    this.#onProgress = onProgress
    this.#field = new Field(plan.seed)
    const { wire, time } = this.#field
    const numbers = new Map<string, number>()
    this.#nodes = Array.from({ length: plan.nodes }, (_, number) => {
      const node = this.#field.add(`n${String(number)}`, plan.earlier.includes(number) ? { linkVersions: [1] } : {})
      node.wall.offsetMs = (plan.clocks[number] ?? 0) * yearMs
      numbers.set(node.address, number)
      return node
    })
    this.#recorder = new Recorder(
      time,
      (host) => numbers.get(host) ?? -1,
      (mission) => this.#idOf(this.#creators.get(mission))
    )
    wire.observer = this.#recorder
  }

  async all(): Promise<Outcome> {
    const { time } = this.#field
    let end: readonly Standing[] = []
    try {
      await this.#meet()
      for (const [index, turn] of this.#plan.turns.entries()) {
        await this.#take(turn)
        if (index % 100 === 99) this.#onProgress(`turn ${String(index + 1)} of ${String(this.#plan.turns.length)}`)
      }
      await this.#heal()
      end = await this.#standings()
    } catch (error) {
      this.broke(-1, 'the run', error)
    }
    const history: History = { events: this.#recorder.events, end }
    const { frames, bytes } = this.#recorder
    const faults = [...faultsOf(history), ...(this.#isStrictOnDisks ? askedWithoutPause(history) : [])]
    return { faults, history, trace: this.#recorder.trace(), frames, bytes, virtualMs: time.now }
  }

  get #isStrictOnDisks(): boolean {
    return this.#plan.isStrictOnDisks ?? isStrictOnDisks
  }

  broke(node: number, what: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#recorder.note({ kind: 'broke', node, what: `${what}: ${text}` })
  }

  // Who is there

  async #meet(): Promise<void> {
    const { nodes: count, writers = count, edges, fooled, seed } = this.#plan
    for (const [number, node] of this.#nodes.entries()) {
      await node.start()
      this.#ids.set(node.id, number)
    }
    for (const [one, other] of edges) await this.#node(one).add(this.#node(other))
    const degrees = this.#nodes.map((_, number) => edges.filter((edge) => edge.includes(number)).length)
    const haveMet = () => this.#nodes.every(({ engine }, number) => engine.counters()['peers'] === degrees[number])
    await this.#waitUntil(haveMet, meetMostMs, 'all met')
    for (const [one, other] of edges) {
      const access = Math.max(one, other) < writers ? 'write' : 'read'
      const scope = { out: ['*'], in: ['*'], access } as const
      await this.#node(one).decide(this.#node(other), 'trusted', scope)
      await this.#node(other).decide(this.#node(one), 'trusted', scope)
    }
    const creators = writers > 1 && seed % 4 === 0 ? [0, writers - 1] : [0]
    for (const creator of creators) {
      const mission = await this.#node(creator).createMission(`Mission ${String(creator)}`)
      this.#missions.push(mission)
      this.#creators.set(mission, creator)
    }
    // Who holds the same changes knows the same members.
    const haveAll = ([mission, creator]: [MissionId, number]) =>
      this.#node(creator).mission(mission)?.members === writers
    const everybody = this.#nodes.map(() => 0)
    await this.#waitUntil(
      () => this.#areEqual(everybody) && [...this.#creators].every(haveAll),
      meetMostMs,
      'all may write'
    )
    for (const number of fooled) await this.#befool(number)
  }

  async #befool(number: number): Promise<void> {
    this.#hostile ??= await HostilePeer.make(this.#field)
    const node = this.#node(number)
    await this.#field.during(this.#hostile.meet(node))
    await this.#field.time.run(100)
    const { id } = this.#hostile
    const decided = await this.#field.during(node.engine.commands.decide({ nodeId: id, level: 'trusted' }))
    if (!decided.ok) throw new Error(`${hostileAddress} is not known: ${decided.problem.code}`)
    await this.#field.time.run(100)
  }

  #node(number: number): FieldNode {
    const node = this.#nodes[number]
    if (node === undefined) throw new Error(`no node ${String(number)}`)
    return node
  }

  #idOf(number: number | undefined): NodeId | undefined {
    for (const [id, known] of this.#ids) if (known === number) return id
    return undefined
  }

  // Turns

  async #take(turn: Turn): Promise<void> {
    const { wire, time } = this.#field
    switch (turn.do) {
      case 'wait':
        return time.run(turn.ms)
      case 'enter':
        for (let entry = turn.entry; entry < turn.entry + turn.count; entry++)
          this.#write(turn.node, entry, `log/${String(entry)}`, 'text', `entry ${String(entry)}`, true)
        return
      case 'set':
        this.#write(turn.node, turn.task, `task/${String(turn.task)}`, 'state', turn.value, false)
        return
      case 'delete':
        this.#write(turn.node, turn.entry, `log/${String(turn.entry)}`, 'deleted', true, false)
        return
      case 'look':
        return this.#look(turn.node)
      case 'revoke':
      case 'trust':
        return this.#decide(turn.node, turn.about, turn.do)
      case 'hostile':
        return this.#harm(turn.act)
      case 'crash':
      case 'off':
      case 'on':
      case 'restart':
      case 'copy':
      case 'restore':
        return this.#power(turn.do, turn.node)
      case 'disk-full':
        this.#refused.add(turn.node)
        this.#node(turn.node).disk.faults.isFull = true
        if (turn.ms !== undefined) time.after(turn.ms, () => this.#mendDisk(turn.node))
        return
      case 'disk-fails':
        this.#failDisk(turn.node, turn.after, turn.code)
        return
      case 'clock':
        this.#node(turn.node).wall.offsetMs = turn.years * yearMs
        return
    }
    const [from, to] = [this.#node(turn.from).address, this.#node(turn.to).address]
    switch (turn.do) {
      case 'cut':
        wire.cut(from, to)
        return
      case 'cut-one-way':
        wire.way(from, to).isCut = true
        return
      case 'mend':
        wire.mend(from, to)
        return
      case 'reset':
        wire.reset(from, to)
        return
      case 'half-open':
        wire.halfOpen(from, to)
        return
      case 'slow':
        wire.way(from, to).bytesPerSecond = turn.bytesPerSecond
        return
      case 'lossy':
        wire.way(from, to).loss = turn.loss
        return
      case 'far':
        Object.assign(wire.way(from, to), { delayMs: turn.delayMs, jitterMs: turn.jitterMs })
        return
      case 'reset-within':
        wire.way(from, to).resetAfter = turn.bytes
        return
      case 'in-pieces':
        wire.way(from, to).isInPieces = true
    }
  }

  /** Nobody waits for the answer: other things happen meanwhile. */
  #write(number: number, about: number, entity: string, field: string, value: string | boolean, isOnly: boolean): void {
    const node = this.#node(number)
    const mission = this.#missions[about % this.#missions.length]
    if (!node.isRunning || mission === undefined) return
    const written = node.engine.commands.write({ missionId: mission, changes: [{ entity, field, value }] })
    this.#watch(number, `writing ${entity}`, written, ({ changes }) => {
      const [change] = changes
      if (change === undefined) throw new Error('an acknowledgement without a name')
      const saved = this.#saved.get(number) ?? new Set()
      this.#saved.set(number, saved.add(change.name))
      if (field === 'deleted')
        this.#recorder.note({ kind: 'deleted', node: number, mission, entity, name: change.name })
      else this.#recorder.note({ kind: 'saved', node: number, mission, entity, field, name: change.name, isOnly })
    })
  }

  #watch<T>(number: number, what: string, work: Promise<Result<T>>, onDone: (value: T) => void): void {
    work.then(
      (result) => {
        if (result.ok) onDone(result.value)
      },
      (error: unknown) => this.broke(number, what, error)
    )
  }

  async #look(number: number): Promise<void> {
    if (!this.#node(number).isRunning) return
    for (const mission of this.#missions) {
      const values = await this.#valuesOf(number, mission)
      const entities = new Set(values.map(({ entity }) => entity))
      this.#recorder.note({ kind: 'shown', node: number, mission, entities })
    }
  }

  async #decide(number: number, about: number, to: 'revoke' | 'trust'): Promise<void> {
    const [node, other] = [this.#node(number), this.#idOf(about)]
    if (!node.isRunning || other === undefined || number === about) return
    if (to === 'revoke') this.#recorder.note({ kind: 'trust', node: number, about, isRevoked: true })
    const level = to === 'revoke' ? 'revoked' : 'trusted'
    try {
      const decided = await this.#field.during(node.engine.commands.decide({ nodeId: other, level }))
      // What was not acknowledged may be forgotten by a crash.
      if (!decided.ok) this.#unsure.add(number)
    } catch (error) {
      this.broke(number, 'deciding', error)
    }
    this.#noteTrust(number)
  }

  /** What a node knows after a start, or after a decision that may have failed. */
  #noteTrust(number: number): void {
    for (const { nodeId, level } of this.#node(number).overview.peers) {
      const about = this.#ids.get(nodeId)
      if (about !== undefined)
        this.#recorder.note({ kind: 'trust', node: number, about, isRevoked: level === 'revoked' })
    }
  }

  /** Until the next start tells. */
  #forgetTrust(number: number): void {
    for (const about of this.#ids.values())
      this.#recorder.note({ kind: 'trust', node: number, about, isRevoked: false })
  }

  #harm(act: Extract<Turn, { do: 'hostile' }>['act']): void {
    for (const number of this.#plan.fooled) {
      const node = this.#node(number)
      if (node.isRunning)
        this.#hostile?.act(act, node, this.#missions).catch((error: unknown) => this.broke(-1, act, error))
    }
  }

  async #power(what: 'crash' | 'off' | 'on' | 'restart' | 'copy' | 'restore', number: number): Promise<void> {
    const node = this.#node(number)
    if (what === 'copy') {
      this.#copies.set(number, { files: node.disk.copy(), saved: new Set(this.#saved.get(number)) })
      return
    }
    if (what === 'on' || !node.isRunning) return this.#start(number)
    if (what === 'restart') {
      await node.stop()
      return this.#start(number)
    }
    node.crash()
    if (this.#unsure.delete(number)) this.#forgetTrust(number)
    if (what === 'off') return
    const copy = what === 'restore' ? this.#copies.get(number) : undefined
    if (copy !== undefined) {
      node.disk.restore(copy.files)
      this.#forgetTrust(number)
      const lost = [...(this.#saved.get(number) ?? [])].filter((name) => !copy.saved.has(name))
      this.#recorder.note({ kind: 'went-back', node: number, lost })
    }
    await this.#start(number)
  }

  /** On a bad disk a node may not start; it is tried again when all is healed. */
  async #start(number: number): Promise<void> {
    const node = this.#node(number)
    if (node.isRunning) return
    try {
      const started = await node.tryStart()
      if (started.ok) this.#noteTrust(number)
    } catch (error) {
      if (systemCode(error) === undefined) this.broke(number, 'starting', error)
    }
  }

  #mendDisk(number: number): void {
    const { faults } = this.#node(number).disk
    faults.isFull = false
    faults.onCall = () => undefined
  }

  #failDisk(number: number, after: number, code: string): void {
    const { faults } = this.#node(number).disk
    this.#refused.add(number)
    let left = after
    faults.onCall = (operation, path) => {
      if (left-- === 0) throw systemError(code, `${operation} ${path}`)
    }
  }

  // The end

  async #heal(): Promise<void> {
    this.#field.wire.mendAll()
    for (const [number, node] of this.#nodes.entries()) {
      this.#mendDisk(number)
      if (this.#refused.has(number) && node.isRunning && !this.#isStrictOnDisks) await node.stop()
      if (node.isRunning) continue
      await this.#start(number)
      if (!node.isRunning) throw new Error(`${node.name} does not start on a good disk`)
    }
    const groups = this.#groups()
    const areEqual = () => this.#areEqual(groups)
    await this.#pass(areEqual, settleMostMs)
    // Still so when everybody had time to speak.
    await this.#field.time.run(2_000)
    await this.#pass(areEqual, settleMostMs)
  }

  /** The group of each node: whom it reaches over links that both sides trust. */
  #groups(): readonly number[] {
    const groups = this.#nodes.map((_, number) => number)
    const rootOf = (number: number): number => {
      const parent = groups[number] ?? number
      if (parent === number) return number
      const root = rootOf(parent)
      groups[number] = root
      return root
    }
    const trusted = this.#nodes.map(({ overview }) => {
      const friends = overview.peers.filter(({ level }) => level === 'trusted')
      return new Set(friends.map(({ nodeId }) => this.#ids.get(nodeId)))
    })
    for (const [one, other] of this.#plan.edges)
      if (trusted[one]?.has(other) === true && trusted[other]?.has(one) === true) groups[rootOf(one)] = rootOf(other)
    return groups.map((_, number) => rootOf(number))
  }

  #areEqual(groups: readonly number[]): boolean {
    return this.#missions.every((mission) => {
      const digests = new Map<number, string | undefined>()
      return this.#nodes.every((node, number) => {
        const group = groups[number] ?? -1
        const digest = node.digest(mission)
        if (!digests.has(group)) digests.set(group, digest)
        return digests.get(group) === digest
      })
    })
  }

  async #standings(): Promise<readonly Standing[]> {
    const groups = this.#groups()
    const standings: Standing[] = []
    for (const [number, node] of this.#nodes.entries())
      for (const mission of this.#missions)
        standings.push({
          node: number,
          group: groups[number] ?? -1,
          mission,
          digest: node.digest(mission),
          isCreator: this.#creators.get(mission) === number,
          values: await this.#valuesOf(number, mission)
        })
    return standings
  }

  async #valuesOf(number: number, missionId: MissionId): Promise<Standing['values']> {
    const { engine } = this.#node(number)
    const values: Standing['values'][number][] = []
    for (const type of ['log', 'task'])
      for (let offset = 0, total = 1; offset < total; offset += pageMost) {
        const page = await this.#field.during(
          engine.commands.listEntities({ missionId, type, offset, limit: pageMost, order: 'oldest' })
        )
        if (!page.ok) break
        total = page.value.total
        for (const { entity, fields } of page.value.items)
          for (const { field, values: current } of fields)
            for (const { name, value } of current) values.push({ entity, field, name, text: JSON.stringify(value) })
      }
    return values
  }

  // Waiting

  async #waitUntil(isSo: () => boolean, mostMs: number, what: string): Promise<void> {
    if (!(await this.#pass(isSo, mostMs))) throw new Error(`not so after ${String(mostMs)} ms: ${what}`)
  }

  /** Looks rarely, because looking costs more than what happens in between. */
  async #pass(isSo: () => boolean, mostMs: number): Promise<boolean> {
    const { time } = this.#field
    const end = time.now + mostMs
    for (let pauseMs = 50; !isSo(); pauseMs = Math.min(2_000, pauseMs * 1.5)) {
      if (time.now >= end) return false
      await time.run(pauseMs)
    }
    return true
  }
}
