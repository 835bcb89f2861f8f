/** Makes a plan that fails smaller, as long as it still fails: fewer turns (delta debugging), then fewer of everything else. */
import type { Plan } from './plan.js'

/** Whether the run of a plan still shows what is looked for. */
export type Fails = (plan: Plan) => Promise<boolean>

/** @param most how many runs it may take. */
export async function shrink(plan: Plan, fails: Fails, most = 400): Promise<Plan> {
  let left = most
  const stillFails = async (smaller: Plan): Promise<boolean> => left-- > 0 && fails(smaller)
  let best = plan
  for (let size = Infinity; size > sizeOf(best) && left > 0;) {
    size = sizeOf(best)
    const withTurns = (turns: Plan['turns']): Plan => ({ ...best, turns })
    best = withTurns(await leastOf(best.turns, (turns) => stillFails(withTurns(turns))))
    for (const smaller of simplerThan(best)) if (await stillFails(smaller)) best = smaller
  }
  return best
}

/**
 * A part of a list that still fails, and no longer does when any one item is left out (ddmin: Zeller and Hildebrandt,
 * "Simplifying and Isolating Failure-Inducing Input", 2002; complements only).
 */
export async function leastOf<T>(
  list: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>
): Promise<readonly T[]> {
  let best = list
  let parts = 2
  while (best.length > 0) {
    const length = Math.ceil(best.length / parts)
    let isSmaller = false
    for (let from = 0; from < best.length; from += length) {
      const rest = [...best.slice(0, from), ...best.slice(from + length)]
      if (!(await fails(rest))) continue
      best = rest
      parts = Math.max(2, parts - 1)
      isSmaller = true
      break
    }
    if (isSmaller) continue
    if (length === 1) break
    parts = Math.min(best.length, parts * 2)
  }
  return best
}

function sizeOf({ nodes, edges, clocks, earlier, fooled, turns }: Plan): number {
  return nodes + edges.length + Object.keys(clocks).length + earlier.length + fooled.length + turns.length
}

/** With one thing less: the last node with all that concerns it, an edge, a wrong clock, an earlier release, the hostile peer. */
function simplerThan(plan: Plan): Plan[] {
  const last = plan.nodes - 1
  const clocks = Object.entries(plan.clocks).map(([node, years]) => [Number(node), years] as const)
  const without: Plan[] = plan.edges.map((edge) => ({ ...plan, edges: plan.edges.filter((other) => other !== edge) }))
  for (const clock of clocks)
    without.push({ ...plan, clocks: Object.fromEntries(clocks.filter((other) => other !== clock)) })
  if (plan.earlier.length > 0) without.push({ ...plan, earlier: [] })
  if (plan.fooled.length > 0)
    without.push({ ...plan, fooled: [], turns: plan.turns.filter((turn) => turn.do !== 'hostile') })
  if (plan.nodes > 1)
    without.push({
      ...plan,
      nodes: last,
      edges: plan.edges.filter((edge) => !edge.includes(last)),
      clocks: Object.fromEntries(clocks.filter(([node]) => node !== last)),
      earlier: plan.earlier.filter((node) => node !== last),
      fooled: plan.fooled.filter((node) => node !== last),
      turns: plan.turns.filter((turn) => !concerns(turn, last))
    })
  return without.filter(isConnected)
}

function concerns(turn: Plan['turns'][number], node: number): boolean {
  return [
    'node' in turn ? turn.node : -1,
    'about' in turn ? turn.about : -1,
    'from' in turn ? turn.from : -1,
    'to' in turn ? turn.to : -1
  ].includes(node)
}

function isConnected({ nodes, edges }: Plan): boolean {
  const reached = new Set([0])
  for (let before = 0; before < reached.size;) {
    before = reached.size
    for (const [one, other] of edges) {
      if (reached.has(one)) reached.add(other)
      if (reached.has(other)) reached.add(one)
    }
  }
  return reached.size === nodes
}
