/**
 * The benchmark: Muster beside the floor, the least that any such system must do, on the same work in the same run.
 * Absolute figures drift with the machine; the ratios hold.
 *
 *   npm run bench [-- --quick] [--only W1,W2] [--json FILE] [--strict]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildIfNeeded } from '../scripts/run.mjs'
import { describeMachine } from './machine.mjs'
import { endAll } from './process.mjs'
import { judge, table } from './report.mjs'
import { workloads } from './workloads.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    strict: { type: 'boolean', default: false }
  }
})
const all = workloads(values.quick)
const chosen = values.only?.split(',') ?? Object.keys(all)
const unknown = chosen.filter((name) => all[name] === undefined)
if (unknown.length > 0) {
  console.error(`--only: no ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}`)
  process.exit(2)
}

buildIfNeeded()
const machine = await describeMachine()
const rows = []
let failures = 0
for (const name of chosen) {
  process.stderr.write(`${name} … `)
  const startedAt = performance.now()
  try {
    rows.push(...(await all[name]()).map(judge))
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`)
  } catch (error) {
    failures++
    endAll()
    process.stderr.write(`failed\n${error.stack}\n`)
  }
}

const missed = rows.filter(({ isMet }) => isMet === false)
const { processor, cores, system, node, load, syncMs } = machine
console.log(`\n${table(rows)}\n`)
console.log(`${processor}, ${cores} cores, ${system}, Node ${node}, load ${load.toFixed(2)} at the start`)
console.log(
  `append and fdatasync of one change: ${syncMs.toFixed(2)} ms (p50); ours and floor are medians of rounds in turn`
)
if (failures > 0) console.log(`${failures} of ${chosen.length} workloads FAILED TO RUN`)
if (missed.length > 0) console.log(`${missed.length} figures missed`)
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, quick: values.quick, rows }, null, 2)}\n`)
process.exit(failures > 0 || (values.strict && missed.length > 0) ? 1 : 0)
