import { median } from './statistics.mjs'
import { floor, hypercore, hypercoreMissing, muster } from './systems.mjs'
import { now } from './time.mjs'

/** For the rounds of one workload. */
const roundsMs = 45_000
const systems = { floor, ours: muster, ...(hypercoreMissing === undefined ? { rival: hypercore } : {}) }

/** One thing of each system that is here, by its column in the table. */
export async function ofEach(make) {
  const made = Object.entries(systems).map(async ([key, system]) => [key, await make(system)])
  return Object.fromEntries(await Promise.all(made))
}

/** Round after round, fewer when the machine is so busy that the whole benchmark would take too long. */
export async function inRounds(rounds, once) {
  const end = now() + roundsMs
  for (let round = 0; round < rounds && (round === 0 || now() < end); round++) await once(round)
}

/** The systems in turn, so that a busy moment of the machine hits all of them; Hypercore in so many rounds. */
export async function interleaved(rounds, rivalRounds, once) {
  const results = { floor: [], ours: [], rival: [] }
  await inRounds(rounds, async (round) => {
    for (const [key, system] of Object.entries(systems))
      if (key !== 'rival' || round < rivalRounds) results[key].push(await once(system, key))
  })
  return results
}

/** A row of the table from a figure of each round: the medians. */
export function medians(results, workload, unit, pick, goals) {
  const of = (key) => (results[key].length === 0 ? undefined : median(results[key].map(pick)))
  return { workload, unit, ours: of('ours'), floor: of('floor'), rival: of('rival'), ...goals }
}
