/**
 * Seeds that failed once, kept for ever: each is the smallest plan that showed the fault, in a file of its own, and runs
 * with every test.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { planOf, type Plan, type PlanSize } from './plan.js'
import { runPlan, type Outcome, type RunOptions } from './run-plan.js'
import { shrink } from './shrink.js'

const folder = 'test/sim/seeds'

export interface KeptSeed {
  /** What was wrong, in words; what was changed. */
  readonly about: string
  /** The fault is known, and still there. */
  readonly isOpen?: boolean
  readonly plan: Plan
}

export function keptSeeds(): readonly (readonly [name: string, seed: KeptSeed])[] {
  mkdirSync(folder, { recursive: true })
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return names.sort().map((name) => [name, JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as KeptSeed])
}

export interface SeedOptions extends RunOptions {
  readonly size?: PlanSize
  /** Runs that making a failing plan smaller may take. */
  readonly shrinkMost?: number
}

/** Runs a seed. When it fails, it is made smaller and kept; the text says what was wrong, and where it is kept. */
export async function trySeed(
  seed: number,
  { size, shrinkMost = 150, ...options }: SeedOptions = {}
): Promise<{ readonly outcome: Outcome; readonly failure: string | undefined }> {
  const plan = planOf(seed, size)
  const outcome = await runPlan(plan, options)
  if (outcome.faults.length === 0) return { outcome, failure: undefined }
  const wanted = kindsOf(outcome)
  const smallest = await shrink(
    plan,
    async (smaller) => [...kindsOf(await runPlan(smaller))].some((kind) => wanted.has(kind)),
    shrinkMost
  )
  const path = `${folder}/${String(seed)}.json`
  const about = ((await runPlan(smallest)).faults[0] ?? outcome.faults[0] ?? '').split('\n', 1)[0] ?? ''
  const kept: KeptSeed = { about, plan: smallest }
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`)
  const failure = `seed ${String(seed)}, made smaller in ${path}:\n  ${outcome.faults.slice(0, 5).join('\n  ')}`
  return { outcome, failure }
}

/** The same fault has other numbers and names in a smaller plan. */
function kindsOf({ faults }: Outcome): ReadonlySet<string> {
  return new Set(faults.map((fault) => fault.replace(/\d+/g, '#').slice(0, 60)))
}
