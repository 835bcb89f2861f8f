// Runs the engine's tests on another Node: node scripts/test-on.mjs 24
import { buildIfNeeded } from './run.mjs'
import { noRuntimes, runWith } from './runtimes.mjs'

/** The stories tell of rules rather than of the Node that runs them; with MUSTER_LONG=1 they are told again all the same. */
const stories = process.env.MUSTER_LONG === '1' ? ['test/stories'] : []
const folders = ['test/engine', 'test/contracts', ...stories, 'test/vectors', 'test/system']
const reason = noRuntimes()
if (reason) {
  console.error(`Cannot run on another Node here: ${reason}`)
  process.exit(1)
}
/** Long, and about files, time and networks rather than about the Node that runs them. */
const aboutNetworks = ['air', 'air-avahi', 'air-six', 'datagrams', 'dns-sd', 'network']
const leftOut = ['soak', 'line', 'kill', ...aboutNetworks].map((name) => `test/system/${name}.test.ts`)
buildIfNeeded()
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...folders, ...leftOut.flatMap((file) => ['--exclude', file])]
process.exit(runWith(`node ${process.argv[2]}`, vitest))
