import { planOf } from './plan.js'
import { runPlan } from './run-plan.js'
const [from, to] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 20)]
const t0 = process.cpuUsage()
for (let seed = from; seed < to; seed++) {
  const outcome = await runPlan(planOf(seed))
  if (outcome.faults.length > 0)
    console.log(
      seed,
      outcome.faults.slice(0, 3).map((one) => one.slice(0, 700))
    )
}
const t = process.cpuUsage(t0)
console.log((t.user + t.system) / 1000 / (to - from), 'ms CPU a seed')
