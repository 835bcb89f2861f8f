// Runs the engine's tests on another Node: node scripts/test-on.mjs 24
import { buildIfNeeded } from './run.mjs'
import { noRuntimes, runWith } from './runtimes.mjs'

const folders = ['test/engine', 'test/contracts', 'test/stories', 'test/vectors', 'test/system']
const reason = noRuntimes()
if (reason) {
  console.error(`Cannot run on another Node here: ${reason}`)
  process.exit(1)
}
buildIfNeeded()
process.exit(runWith(`node ${process.argv[2]}`, ['node_modules/vitest/vitest.mjs', 'run', ...folders]))
