/**
 * The headless host: the engine under plain Node, with the local API and the window on loopback. Prints one line of JSON
 * when it serves, logs on standard error, ends cleanly on SIGTERM and SIGINT.
 */
import { fileURLToPath } from 'node:url'
import type { Problem } from '@shared/result.js'
import { startApi } from './api/server.js'
import { createEngine, type Log } from './engine/index.js'
import { parseHeadlessOptions, usage } from './headless-options.js'

const stopWithinMs = 5_000

const log: Log = (level, event, facts) => {
  if (level === 'debug' && process.env['MUSTER_LOG'] !== 'debug') return
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...facts })}\n`)
}

async function main(): Promise<void> {
  const options = parseHeadlessOptions(process.argv.slice(2))
  if (!options.ok) {
    stopWith(options.problem, 2)
    process.stderr.write(`${usage}\n`)
    return
  }
  const { data, name, apiPort, ...rest } = options.value
  const created = await createEngine({ ...rest, dataFolder: data, callsign: name, log })
  if (!created.ok) {
    stopWith(created.problem, 1)
    return
  }
  const engine = created.value
  const { listenProblem } = engine.overview().node
  if (listenProblem !== undefined) {
    // In a window a person sees this and can go on; a gateway that nobody reaches should not look well.
    await engine.stop()
    stopWith(listenProblem, 1)
    return
  }
  const windowFolder = fileURLToPath(new URL('../renderer', import.meta.url))
  const started = await startApi({ engine, dataFolder: data, port: apiPort, windowFolder, log })
  if (!started.ok) {
    await engine.stop()
    stopWith(started.problem, 1)
    return
  }
  const api = started.value
  await engine.publish({ apiPort: api.port })

  let isStopping = false
  const stop = () => {
    if (isStopping) return
    isStopping = true
    setTimeout(() => {
      log('error', 'stop-too-slow')
      process.exit(1)
    }, stopWithinMs).unref()
    void api
      .close()
      .then(() => engine.stop())
      .then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  const { nodeId, linkPort } = engine.overview().node
  process.stdout.write(`${JSON.stringify({ ready: true, nodeId, apiPort: api.port, linkPort: linkPort ?? null })}\n`)
}

/** What happened, what to do, and the code: on standard error, for whoever started it. */
function stopWith({ code, ref, message, advice, detail }: Problem, exitCode: number): void {
  process.stderr.write(`${message} ${advice}${detail === undefined ? '' : `\n  ${detail}`}\n  ${ref} ${code}\n`)
  process.exitCode = exitCode
}

await main()
