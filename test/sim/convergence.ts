/**
 * How fast a field that was split is in step again, and what it costs: a random graph in which each node knows six
 * others on average, cut into two halves that both write, and healed. A few in each half write, the others read and pass
 * on: with as many authors as nodes each node would hold as many logs, and the field as many as their product.
 */
import type { MissionId } from '@shared/model.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import { Field, linkPort, type FieldNode } from './field.js'
import { namedRandom } from './random.js'
import type { WireObserver } from './wire.js'

export interface Convergence {
  readonly nodes: number
  readonly edges: number
  /** Edges between the halves, cut for a while. */
  readonly cut: number
  /** Made while it was split. */
  readonly changes: number
  /** From healing until all digests are equal, in virtual ms. */
  readonly ms: number
  /** What was sent meanwhile; a frame is one write to a connection. */
  readonly frames: number
  readonly bytes: number
  /** Of the whole run: setting up included. */
  readonly cpuMs: number
  readonly memoryMiB: number
}

export interface ConvergenceOptions {
  readonly seed: number
  readonly nodes: number
  /** Writers in each half, and what each of them writes. */
  readonly writers: number
  readonly changesEach: number
  readonly onProgress?: (text: string) => void
}

const degree = 6
const lookEveryMs = 10
const splitMs = 2 * 60_000
const patienceMs = 30 * 60_000

type Edge = readonly [number, number]

export async function converge(options: ConvergenceOptions): Promise<Convergence> {
  const { seed, nodes: count, writers, changesEach, onProgress = () => undefined } = options
  const cpuBefore = process.cpuUsage()
  const random = namedRandom(seed, 'graph')
  const half = Math.floor(count / 2)
  const writing = Math.min(writers, half)
  const isWriter = (number: number) => number < writing || (number >= half && number < half + writing)
  const edges = graphOf(random, count, isWriter)
  const field = new Field(seed)
  const nodes: FieldNode[] = []
  for (let number = 0; number < count; number++) nodes.push(await field.node(`n${String(number)}`))
  const at = (number: number): FieldNode => {
    const node = nodes[number]
    if (node === undefined) throw new Error(`no node ${String(number)}`)
    return node
  }
  onProgress(`${String(count)} nodes started`)
  const mission = await meet(field, nodes, edges, isWriter, onProgress)
  const isInStep = () => areEqual(nodes, mission)
  await until(field, isInStep, 'in step before the split')
  // Who was admitted late has said so to everybody.
  await field.time.run(5_000)
  await until(field, isInStep, 'in step before the split')
  onProgress('in step; now they are split')

  const crossing = edges.filter(([one, other]) => one < half !== other < half)
  for (const [one, other] of crossing) field.cut(at(one), at(other))
  // Long enough that both sides know it, and that the pauses between two dials are the longest.
  await field.time.run(splitMs)
  const written: Promise<unknown>[] = []
  for (const first of [0, half])
    for (let writer = first; writer < first + writing; writer++)
      for (let change = 0; change < changesEach; change++) {
        const changes = [{ entity: `log/${String(writer)}-${String(change)}`, field: 'text', value: 'while apart' }]
        written.push(at(writer).engine.commands.write({ missionId: mission, changes }).then(accepted))
      }
  await field.during(Promise.all(written))
  const halves = [nodes.slice(0, half), nodes.slice(half)]
  await until(field, () => halves.every((part) => areEqual(part, mission)), 'each half in step')
  if (isInStep()) throw new Error('the halves were not apart')
  onProgress('each half is in step; now they are healed')

  const traffic = { frames: 0, bytes: 0 }
  const observer: WireObserver = {
    sent(_, bytes) {
      traffic.frames++
      traffic.bytes += bytes.length
    },
    delivered: () => undefined
  }
  field.wire.observer = observer
  const healedAt = field.time.now
  field.wire.mendAll()
  await until(field, isInStep, 'in step after healing')
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    nodes: count,
    edges: edges.length,
    cut: crossing.length,
    changes: written.length,
    ms: field.time.now - healedAt,
    ...traffic,
    cpuMs: (user + system) / 1_000,
    memoryMiB: process.memoryUsage().rss / 2 ** 20
  }
}

/** Everybody is linked with those it knows, and has the first one's mission. */
async function meet(
  field: Field,
  nodes: readonly FieldNode[],
  edges: readonly Edge[],
  isWriter: (number: number) => boolean,
  onProgress: (text: string) => void
): Promise<MissionId> {
  const friends = nodes.map((_, number) =>
    edges.flatMap(([one, other]) => (one === number ? [other] : other === number ? [one] : []))
  )
  const counts = (name: 'peers' | 'links') => () =>
    nodes.every(({ engine }, number) => engine.counters()[name] === friends[number]?.length)
  const ids = nodes.map(({ id }) => id)
  await field.during(
    Promise.all(
      edges.map(([one, other]) =>
        nodes[one]?.engine.commands.addPeer({ address: nodes[other]?.address ?? '', port: linkPort })
      )
    )
  )
  await until(field, counts('peers'), 'all met')
  onProgress('all met')
  const decided = nodes.flatMap(({ engine }, number) =>
    (friends[number] ?? []).map(async (friend) => {
      const nodeId = ids[friend]
      const access = isWriter(number) && isWriter(friend) ? 'write' : 'read'
      const scope = { out: ['*'], in: ['*'], access } as const
      if (nodeId !== undefined) accepted(await engine.commands.decide({ nodeId, level: 'trusted', scope }))
    })
  )
  await field.during(Promise.all(decided))
  await until(field, counts('links'), 'all linked')
  onProgress('all linked')
  const [first] = nodes
  if (first === undefined) throw new Error('a field without nodes')
  return first.createMission('Karst Ridge Fire')
}

/** Connected in each half, the writers through writers only: who writes is admitted by one who may. */
function graphOf(random: Random, nodes: number, isWriter: (number: number) => boolean): readonly Edge[] {
  const edges = new Map<string, Edge>()
  const add = (one: number, other: number) => {
    const key = `${String(Math.min(one, other))} ${String(Math.max(one, other))}`
    if (one !== other) edges.set(key, [one, other])
  }
  const between = (from: number, end: number) => from + Math.floor(random.unit() * (end - from))
  const half = Math.floor(nodes / 2)
  add(0, half)
  for (let node = 1; node < nodes; node++)
    if (node !== half) add(isWriter(node) ? node - 1 : between(node < half ? 0 : half, node), node)
  const most = Math.min((nodes * degree) / 2, (nodes * (nodes - 1)) / 2)
  while (edges.size < most) add(between(0, nodes), between(0, nodes))
  return [...edges.values()]
}

function areEqual(nodes: readonly FieldNode[], mission: MissionId): boolean {
  const digest = nodes[0]?.digest(mission)
  return digest !== undefined && nodes.every((node) => node.digest(mission) === digest)
}

function accepted(result: { readonly ok: boolean }): void {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result)}`)
}

async function until(field: Field, isSo: () => boolean, what: string): Promise<void> {
  const end = field.time.now + patienceMs
  while (!isSo()) {
    if (field.time.now >= end) throw new Error(`not so after ${String(patienceMs)} ms: ${what}`)
    await field.time.run(lookEveryMs)
  }
}
