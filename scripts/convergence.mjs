// Simulated convergence after a split, at 10, 100 and 1,000 nodes: npm run converge [-- --nodes 10,100 --seed S --writers W --changes C]
import { bundle } from './bundle.mjs'
import { run } from './run.mjs'

await bundle('test/sim/convergence-main.ts', 'out/converge')
run(
  process.execPath,
  '--enable-source-maps',
  '--max-old-space-size=12000',
  'out/converge/convergence-main.js',
  ...process.argv.slice(2)
)
