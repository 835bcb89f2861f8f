/**
 * The child's side of the benchmark: drives one node or several in this process over the channel that `fork` opened.
 * `create(stored)` makes one, which has `start`, `link`, `write` (resolves when durable, with the place of the last
 * change), `count` (changes that are durable and can be read here), `digest`, `unlinked` (resolves when no link is up),
 * `stop` and `more` calls of its own; it calls `stored` whenever `count` may have grown.
 */
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { makeChange } from './change.mjs'
import { now, sleep } from './time.mjs'

export function drive(create) {
  const nodes = []
  const accepted = []
  // The TCP sockets below TLS, so handshake and encryption count too.
  subscribe('net.server.socket', ({ socket }) => accepted.push(socket))
  const loopDelay = monitorEventLoopDelay({ resolution: 1 })

  /** About the whole process. */
  const processCalls = {
    time: () => now(),
    /** Milliseconds of CPU so far, on any thread. */
    cpu() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
    watchLoop() {
      loopDelay.reset()
      loopDelay.enable()
    },
    /** Every connection that others dialled. */
    cut: () => accepted.splice(0).forEach((socket) => socket.destroy()),
    /** Both ways over the links that others dialled. */
    stats: () => ({
      peakBytes: peakBytes(),
      residentBytes: process.memoryUsage.rss(),
      wireBytes: accepted.reduce((sum, socket) => sum + socket.bytesWritten + socket.bytesRead, 0),
      loopDelayMs: loopDelay.percentile(99) / 1e6
    }),
    /** What stays when all garbage is gone; the process runs with --expose-gc. */
    async keptBytes() {
      for (let round = 0; round < 4; round++) {
        globalThis.gc()
        await sleep(50)
      }
      const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
      // V8 keeps room for new objects, tens of MB after much garbage: it says how fast garbage was made, not what is held.
      return { resident: rss, held: rss - (heapTotal - heapUsed), heap: heapUsed + external }
    },
    /** When the last of all nodes here had so many changes. */
    async lastArrived({ count }) {
      return Math.max(...(await Promise.all(nodes.map((calls) => calls.arrived({ count })))))
    }
  }

  process.on('message', async ({ id, node, call, argument }) => {
    try {
      const calls = node === undefined ? processCalls : (nodes[node] ??= nodeCalls(create))
      process.send({ id, answer: await calls[call](argument) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
  process.on('disconnect', () => process.exit())
}

function nodeCalls(create) {
  const arrivals = [{ count: -1, at: 0 }]
  let waiting = []
  let written = 0
  let tag = ''
  const node = create(stored)

  function stored() {
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
  return {
    async start(options) {
      tag = `${options.name}-${Math.floor(now())}`
      const started = await node.start(options)
      stored()
      return { ...started, count: node.count() }
    },
    /** Answers with the time of the call; the link comes up later. */
    async link(options) {
      const at = now()
      await node.link(options)
      return at
    },
    unlinked: () => node.unlinked(),
    count: () => node.count(),
    digest: () => node.digest(),
    /** One change; answers with the time before the call, once it is durable here. */
    async one() {
      const [change] = changes(1)
      const at = now()
      await node.write([change])
      return at
    },
    /**
     * Writes in batches, so many of them in flight. Answers with the milliseconds from first call to last answer, and
     * with what finds the changes again: the tag and number of the last one, and its place.
     */
    async fill({ count, batch, inFlight }) {
      // Made beforehand, in the order in which they are popped.
      const batches = Array.from({ length: count / batch }, () => changes(batch)).reverse()
      let place
      const at = now()
      const work = async () => {
        for (let next = batches.pop(); next !== undefined; next = batches.pop()) place = await node.write(next)
      }
      await Promise.all(Array.from({ length: inFlight }, work))
      return { ms: now() - at, tag, number: written, place }
    },
    /** When so many changes were here first. */
    arrived({ count }) {
      const arrival = arrivals.find((one) => one.count >= count)
      return arrival?.at ?? new Promise((resolve) => waiting.push({ count, resolve }))
    },
    stop: () => node.stop(),
    ...node.more
  }
}

function peakBytes() {
  try {
    // A forked process begins with its parent's maxRSS; this figure begins with the program.
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
