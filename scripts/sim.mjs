// Random stories in the simulated field: npm run sim -- --seeds N --nodes M [--seed FIRST] [--turns T]
// A seed that fails is printed, made smaller, and kept in test/sim/seeds, where every test run repeats it.
import { bundle } from './bundle.mjs'
import { run } from './run.mjs'

await bundle('test/sim/main.ts', 'out/sim')
run(process.execPath, '--enable-source-maps', 'out/sim/main.js', ...process.argv.slice(2))
