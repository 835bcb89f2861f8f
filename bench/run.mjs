/**
 * The benchmark: Muster beside the floor, the least that any such system must do, and beside Hypercore where it is
 * installed (npm ci --prefix bench), on the same work in the same run. Absolute figures drift with the machine; the
 * ratios hold. A missed figure is said and fails nothing, unless --strict asks for that.
 *
 *   npm run bench [-- --quick] [--only W1,W2] [--json FILE] [--compare FILE] [--strict]
 *     [--megabytes N]  of the file of `content`
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { buildIfNeeded } from '../scripts/run.mjs'
import { describeMachine } from './machine.mjs'
import { endAll } from './process.mjs'
import { judge, table } from './report.mjs'
import { hypercoreMissing } from './systems.mjs'
import { workloads } from './workloads.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string', default: 'artifacts/bench.json' },
    compare: { type: 'string' },
    megabytes: { type: 'string' },
    strict: { type: 'boolean', default: false }
  }
})
const megabytes = values.megabytes === undefined ? undefined : Number(values.megabytes)
const all = workloads(values.quick, { megabytes })
const chosen = values.only?.split(',') ?? Object.keys(all)
const unknown = chosen.filter((name) => all[name] === undefined)
if (unknown.length > 0) {
  console.error(`--only: no ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}`)
  process.exit(2)
}

// Read first: the same file may be written at the end.
const before = values.compare === undefined ? [] : JSON.parse(readFileSync(values.compare, 'utf8')).rows
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
console.log(`\n${table(rows, before)}\n`)
console.log(`${processor}, ${cores} cores, ${system}, Node ${node}, load ${load.toFixed(2)} at the start`)
console.log(`append and fdatasync of one change: ${syncMs.toFixed(2)} ms (p50); figures are medians of rounds in turn`)
if (hypercoreMissing === undefined)
  console.log('hypercore does not sync to disk before it answers; ours and the floor do')
else console.log(`not measured: ${hypercoreMissing}`)
if (values.quick) console.log('QUICK: small sizes and few rounds; shows that it runs, not how fast it is')
if (failures > 0) console.log(`${failures} of ${chosen.length} workloads FAILED TO RUN`)
if (missed.length > 0) console.log(`${missed.length} figures missed`)
mkdirSync(dirname(values.json), { recursive: true })
writeFileSync(values.json, `${JSON.stringify({ quick: values.quick, machine, rows }, null, 2)}\n`)
process.exit(failures > 0 || (values.strict && missed.length > 0) ? 1 : 0)
