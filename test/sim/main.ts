/** More and longer random stories than the tests tell: see scripts/sim.mjs. */
import { parseArgs } from 'node:util'
import { trySeed } from './seeds.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '10000' },
    nodes: { type: 'string' },
    turns: { type: 'string' }
  }
})
const [count, first] = [Number(values.seeds), Number(values.seed)]
const nodes = values.nodes === undefined ? undefined : Number(values.nodes)
const turns = values.turns === undefined ? undefined : Number(values.turns)
const size = nodes === undefined && turns === undefined ? {} : { size: { nodes: nodes ?? 5, turns: turns ?? 30 } }

const startedAt = performance.now()
const cpuBefore = process.cpuUsage()
const sums = { frames: 0, bytes: 0, virtualMs: 0, failed: 0 }
let saidAt = startedAt

/** At most once in two seconds. */
function progress(text: string): void {
  if (performance.now() - saidAt < 2_000) return
  saidAt = performance.now()
  console.log(`${seconds()} s: ${text}`)
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(0)
}

for (let seed = first; seed < first + count; seed++) {
  progress(`seed ${String(seed)}, ${String(seed - first)} of ${String(count)} done, ${String(sums.failed)} failed`)
  const { outcome, failure } = await trySeed(seed, {
    ...size,
    // Making a field of hundreds smaller takes as many runs of it.
    shrinkMost: (nodes ?? 5) > 20 ? 20 : 150,
    onProgress: (text) => progress(`seed ${String(seed)}, ${text}`)
  })
  sums.frames += outcome.frames
  sums.bytes += outcome.bytes
  sums.virtualMs += outcome.virtualMs
  if (failure === undefined) continue
  sums.failed++
  console.log(failure)
}

const { user, system } = process.cpuUsage(cpuBefore)
console.log(
  [
    `${String(count)} seeds from ${String(first)}: ${sums.failed === 0 ? 'all well' : `${String(sums.failed)} failed`}`,
    `${seconds()} s, ${((user + system) / 1_000 / count).toFixed(0)} ms of processor time a seed`,
    `${String(sums.frames)} frames, ${(sums.bytes / 1e6).toFixed(1)} MB, ${(sums.virtualMs / 3_600_000).toFixed(1)} h of simulated time`,
    `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`
  ].join('; ')
)
if (sums.failed > 0) process.exitCode = 1
