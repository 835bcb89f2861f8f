/**
 * The plan of a run, as data: who is there, who knows whom, and what happens in which order. A seed gives a plan; parts
 * of a plan can be left out, and the rest is still one. Nodes are numbers from 0.
 */
import type { Random } from '../../src/main/engine/runtime/random.js'
import type { HostileAct } from './hostile.js'
import { namedRandom, pick } from './random.js'

export interface Plan {
  /** Of keys, names, delays and losses in the run. */
  readonly seed: number
  readonly nodes: number
  /** So many of the first ones may write, the others read and pass on; left out: all may. */
  readonly writers?: number
  /** Who trusts each other, both ways. */
  readonly edges: readonly (readonly [number, number])[]
  /** Nodes whose clocks are wrong from the start, by so many years. */
  readonly clocks: Readonly<Record<number, number>>
  /** Nodes of an earlier release, which speak only the first version of the link protocol. */
  readonly earlier: readonly number[]
  /** Nodes that trust a peer that breaks the rules. */
  readonly fooled: readonly number[]
  readonly turns: readonly Turn[]
  /** Judges what nodes do about a bad disk, too; left out: see run-plan.ts. */
  readonly isStrictOnDisks?: boolean
}

export type Turn =
  /** An entry that nobody else writes. Several at once share a sync. */
  | { readonly do: 'enter'; readonly node: number; readonly entry: number; readonly count: number }
  /** A field that others write, too. */
  | { readonly do: 'set'; readonly node: number; readonly task: number; readonly value: string }
  | { readonly do: 'delete'; readonly node: number; readonly entry: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'look'; readonly node: number }
  | { readonly do: 'cut' | 'cut-one-way' | 'mend' | 'reset' | 'half-open'; readonly from: number; readonly to: number }
  | { readonly do: 'slow'; readonly from: number; readonly to: number; readonly bytesPerSecond: number }
  | { readonly do: 'lossy'; readonly from: number; readonly to: number; readonly loss: number }
  | {
      readonly do: 'far'
      readonly from: number
      readonly to: number
      readonly delayMs: number
      readonly jitterMs: number
    }
  | { readonly do: 'reset-within'; readonly from: number; readonly to: number; readonly bytes: number }
  | { readonly do: 'in-pieces'; readonly from: number; readonly to: number }
  /** `crash`: the power is off for a moment only; `restore`: back to the last copy of the folder. */
  | { readonly do: 'crash' | 'off' | 'on' | 'restart' | 'copy' | 'restore'; readonly node: number }
  /** For so long; left out: until all is healed. */
  | { readonly do: 'disk-full'; readonly node: number; readonly ms?: number }
  /** The call after so many others fails once. */
  | { readonly do: 'disk-fails'; readonly node: number; readonly after: number; readonly code: string }
  | { readonly do: 'clock'; readonly node: number; readonly years: number }
  | { readonly do: 'revoke' | 'trust'; readonly node: number; readonly about: number }
  | { readonly do: 'hostile'; readonly act: HostileAct }

const writersMost = 20

export interface PlanSize {
  readonly nodes: number
  readonly turns: number
}

const hostileActs: readonly HostileAct[] = ['forge', 'withhold', 'flood', 'replay', 'fork', 'garble']

/** @param size left out: 2 to 5 nodes, rather fewer than more, and 15 to 34 turns. */
export function planOf(seed: number, size?: PlanSize): Plan {
  const random = namedRandom(seed, 'plan')
  const nodes = size?.nodes ?? 2 + Math.floor(random.unit() ** 1.7 * 4)
  const edges = edgesOf(random, nodes)
  const clocks: Record<number, number> = {}
  for (let node = 0; node < nodes; node++) if (random.unit() < 0.1) clocks[node] = random.unit() < 0.5 ? -10 : 10
  const earlier = random.unit() < 0.25 ? [below(random, nodes)] : []
  const fooled = random.unit() < 0.25 ? [below(random, nodes)] : []
  const count = size?.turns ?? 15 + below(random, 20)
  // With more authors a field of hundreds would be busy with their logs alone: as many as the product of both numbers.
  const writers = Math.min(nodes, writersMost)
  const turns: Turn[] = []
  const state = { entries: 0 }
  while (turns.length < count) turns.push(turnOf(random, { nodes, writers, edges, fooled }, state))
  return { seed, nodes, ...(writers < nodes ? { writers } : {}), edges, clocks, earlier, fooled, turns }
}

/** A connected graph: a tree, and about half as many edges more. Sparse, so that its size may grow. */
function edgesOf(random: Random, nodes: number): (readonly [number, number])[] {
  const edges = new Map<string, readonly [number, number]>()
  const add = (one: number, other: number) => {
    if (one !== other) edges.set(`${String(Math.min(one, other))} ${String(Math.max(one, other))}`, [one, other])
  }
  for (let node = 1; node < nodes; node++) add(below(random, node), node)
  for (let more = Math.floor(random.unit() * nodes); more > 0; more--) add(below(random, nodes), below(random, nodes))
  return [...edges.values()]
}

type Parts = Pick<Plan, 'nodes' | 'edges' | 'fooled'> & { readonly writers: number }

function turnOf(random: Random, { nodes, writers, edges, fooled }: Parts, state: { entries: number }): Turn {
  const node = below(random, nodes)
  const writer = node % writers
  const edge = edges.length === 0 ? ([0, 0] as const) : pick(random, edges)
  const [from, to] = random.unit() < 0.5 ? edge : ([edge[1], edge[0]] as const)
  const dice = random.unit() * 100
  const isBelow = within(dice)
  if (isBelow(30)) {
    const count = random.unit() < 0.2 ? 1 + below(random, 20) : 1
    const entry = state.entries
    state.entries += count
    return { do: 'enter', node: writer, entry, count }
  }
  if (isBelow(8))
    return { do: 'set', node: writer, task: below(random, 3), value: pick(random, ['open', 'work', 'done']) }
  if (isBelow(4)) return { do: 'delete', node: writer, entry: below(random, Math.max(1, state.entries)) }
  if (isBelow(15)) return { do: 'wait', ms: waitOf(random) }
  if (isBelow(2)) return { do: 'look', node }
  if (isBelow(5)) return { do: 'cut', from, to }
  if (isBelow(2)) return { do: 'cut-one-way', from, to }
  if (isBelow(6)) return { do: 'mend', from, to }
  if (isBelow(2)) return { do: 'reset', from, to }
  if (isBelow(2)) return { do: 'half-open', from, to }
  if (isBelow(1)) return { do: 'slow', from, to, bytesPerSecond: 2_000 }
  if (isBelow(2)) return { do: 'lossy', from, to, loss: 0.05 + random.unit() * 0.4 }
  if (isBelow(1)) return { do: 'far', from, to, delayMs: below(random, 400), jitterMs: below(random, 400) }
  if (isBelow(2)) return { do: 'reset-within', from, to, bytes: below(random, 2_000) }
  if (isBelow(1)) return { do: 'in-pieces', from, to }
  if (isBelow(3)) return { do: 'crash', node }
  if (isBelow(2)) return { do: 'restart', node }
  if (isBelow(1)) return { do: 'off', node }
  if (isBelow(2)) return { do: 'on', node }
  if (isBelow(1)) return { do: 'copy', node }
  if (isBelow(1)) return { do: 'restore', node }
  if (isBelow(1.4)) return { do: 'disk-full', node, ms: below(random, 500) }
  if (isBelow(0.7))
    return { do: 'disk-fails', node, after: below(random, 12), code: pick(random, ['ENOSPC', 'EIO', 'EPERM', 'EBUSY']) }
  if (isBelow(0.7)) return { do: 'clock', node, years: pick(random, [-10, 0, 10]) }
  if (isBelow(0.6)) return { do: 'revoke', node: from, about: to }
  if (isBelow(0.6)) return { do: 'trust', node: from, about: to }
  return fooled.length === 0 ? { do: 'wait', ms: waitOf(random) } : { do: 'hostile', act: pick(random, hostileActs) }
}

/** Answers whether the dice fall into the next so many of a hundred. */
function within(dice: number): (share: number) => boolean {
  let end = 0
  return (share) => {
    end += share
    return dice < end
  }
}

/** Mostly a moment, in which something is under way; sometimes long enough to notice who is silent. */
function waitOf(random: Random): number {
  return Math.floor(random.unit() < 0.6 ? random.unit() * 40 : random.unit() ** 2 * 20_000)
}

function below(random: Random, end: number): number {
  return Math.floor(random.unit() * end)
}
