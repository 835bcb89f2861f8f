/**
 * The child's side of the benchmark: drives one node, ours or the floor's, over the channel that `fork` opened. A node
 * has `start`, `link`, `write` (resolves when durable), `count` (changes that are durable and can be read here),
 * `digest` and `stop`, and calls `stored` whenever `count` may have grown.
 */
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { makeChange } from './change.mjs'
import { now } from './time.mjs'

export function drive(node, more = {}) {
  const arrivals = [{ count: -1, at: 0 }]
  let waiting = []
  let written = 0
  let tag = ''
  let accepted = []
  // The TCP sockets below TLS, so handshake and encryption count too.
  subscribe('net.server.socket', ({ socket }) => accepted.push(socket))
  const loopDelay = monitorEventLoopDelay({ resolution: 1 })

  node.stored = () => {
    const count = node.count()
    if (count === arrivals.at(-1).count) return
    arrivals.push({ count, at: now() })
    waiting = waiting.filter(({ count: wanted, resolve }) => {
      if (count < wanted) return true
      resolve(arrivals.at(-1).at)
      return false
    })
  }

  const changes = (count) => Array.from({ length: count }, () => makeChange(tag, ++written))
  const calls = {
    time: () => now(),
    async start(options) {
      tag = `${options.name}-${Math.floor(now())}`
      const started = await node.start(options)
      node.stored()
      return { ...started, count: node.count() }
    },
    /** Answers with the time of the call; the link comes up later. */
    async link({ port }) {
      loopDelay.enable()
      const at = now()
      await node.link(port)
      return at
    },
    count: () => node.count(),
    digest: () => node.digest(),
    /** One change; answers with the time before the call, once it is durable here. */
    async one() {
      const [change] = changes(1)
      const at = now()
      await node.write([change])
      return at
    },
    /** Writes in batches, so many of them in flight; answers with the milliseconds from first call to last answer. */
    async fill({ count, batch, inFlight }) {
      const batches = Array.from({ length: count / batch }, () => changes(batch))
      const at = now()
      const work = async () => {
        for (let next = batches.pop(); next !== undefined; next = batches.pop()) await node.write(next)
      }
      await Promise.all(Array.from({ length: inFlight }, work))
      return now() - at
    },
    /** When so many changes were here first. */
    arrived({ count }) {
      const arrival = arrivals.find((one) => one.count >= count)
      return arrival?.at ?? new Promise((resolve) => waiting.push({ count, resolve }))
    },
    stats: () => ({
      peakBytes: peakBytes(),
      wireBytes: accepted.reduce((sum, socket) => sum + socket.bytesWritten, 0),
      loopDelayMs: loopDelay.percentile(99) / 1e6
    }),
    stop: () => node.stop(),
    ...more
  }

  process.on('message', async ({ id, call, argument }) => {
    try {
      process.send({ id, answer: await calls[call](argument) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
  process.on('disconnect', () => process.exit())
}

function peakBytes() {
  try {
    // A forked process begins with its parent's maxRSS; this figure begins with the program.
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
