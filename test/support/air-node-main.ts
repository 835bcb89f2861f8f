/**
 * Discovery alone in a process of its own: tells on standard output, in lines of JSON, what it sees, and takes calls on
 * standard input. Started by air-node.ts.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { createMdns } from '../../src/main/engine/discovery/mdns.js'
import { systemClock } from '../../src/main/engine/runtime/clock.js'
import { systemRandom } from '../../src/main/engine/runtime/random.js'

function tell(event: string, facts: object = {}): void {
  process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...facts })}\n`)
}

const delay = monitorEventLoopDelay({ resolution: 1 })
const discovery = createMdns({
  clock: systemClock,
  random: systemRandom,
  log: (level, event, facts) => process.stderr.write(`${JSON.stringify({ level, event, ...facts })}\n`)
})

const calls: Record<string, (argument: never) => void> = {
  choose: (interfaces: Record<string, boolean>) => discovery.choose(interfaces),
  announce: (port: number) => discovery.announce(port),
  look: () => discovery.look(),
  view: () => tell('view', { view: discovery.view() }),
  /** Starts a measurement, and tells the one before it. */
  measure: () => {
    // As a collector would leave it; started with --expose-gc.
    globalThis.gc?.()
    const usage = process.cpuUsage()
    tell('measured', {
      loopDelayMs: delay.percentile(99) / 1e6,
      loopDelayMostMs: delay.max / 1e6,
      memoryMb: process.memoryUsage().rss / 1e6,
      cpuMs: (usage.user + usage.system) / 1000
    })
    delay.reset()
    delay.enable()
  },
  stop: () => {
    void discovery.stop().then(() => {
      tell('stopped')
      process.exit(0)
    })
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { call, argument } = JSON.parse(line) as { call: string; argument: never }
  calls[call]?.(argument)
})
// Whoever started this is gone.
process.stdin.on('end', () => process.exit(0))

discovery.start({
  port: Number(process.argv[2]),
  onSighting: (sighting) => tell('sighting', { sighting }),
  onGone: (sighting) => tell('gone', { sighting }),
  onChange: () => tell('change', { view: discovery.view() })
})
tell('ready')
