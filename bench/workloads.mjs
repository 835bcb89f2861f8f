// The workloads: what runs, which clock starts and stops where. Each gives rows for the table and figures for --json.
import { bundle } from './bundle.mjs'
import { catchUp } from './catch-up.mjs'
import { content } from './content.mjs'
import { coldStart } from './cold-start.mjs'
import { measureHeadless } from './headless.mjs'
import { interleaved, medians, ofEach } from './interleaved.mjs'
import { linkSetUp } from './link-set-up.mjs'
import { split } from './split.mjs'
import { star } from './star.mjs'
import { muster, startChain } from './systems.mjs'
import { median, percentile } from './statistics.mjs'
import { text } from './report.mjs'
import { measureWindow } from './window.mjs'
import { sleep } from './time.mjs'

/** W1 and W4: single changes at the first of a chain, each when the one before it has reached the last. */
async function latency({ name, title, length, rounds, changes, pauseMs, goals, steadyGoals }) {
  const chains = await ofEach((system) => startChain(system, length))
  const waits = await interleaved(rounds, rounds, async (_, key) => {
    const [first, last] = [chains[key][0], chains[key].at(-1)]
    const before = await last.call('count')
    const times = []
    for (let number = 1; number <= changes; number++) {
      const [from, to] = await Promise.all([first.call('one'), last.call('arrived', { count: before + number })])
      times.push(to - from)
      await sleep(pauseMs)
    }
    return times
  })
  await muster.check(chains.ours.at(-1), waits.ours.length * changes)
  await Promise.all(Object.values(chains).flatMap((nodes) => nodes.map((node) => node.stop())))
  // Of all changes; the rounds are there to take turns.
  const whole = Object.fromEntries(
    Object.entries(waits).map(([key, times]) => [key, times.length ? [times.flat()] : []])
  )
  const row = (what, ...more) => medians(whole, `${name} ${title}, ${what}`, ...more)
  const steady = (times) => percentile(times, 99) / percentile(times, 50)
  return [
    row('p50', 'ms', (times) => percentile(times, 50), goals),
    row('p99', 'ms', (times) => percentile(times, 99)),
    ...(steadyGoals === undefined ? [] : [row('p99 in multiples of its p50', 'x', steady, steadyGoals)])
  ]
}

/** W7: one node alone. */
async function alone({ rounds, changes, many }) {
  const results = await interleaved(rounds, 0, async (system) => {
    const node = await system.start('node-a')
    await system.createMission(node)
    const single = await node.call('fill', { count: changes, batch: 1, inFlight: 1 })
    const grouped = await node.call('fill', { count: many, batch: 1, inFlight: 64 })
    await node.stop()
    return { single: (changes / single.ms) * 1000, grouped: (many / grouped.ms) * 1000 }
  })
  const row = (title, pick, must, aim) =>
    medians(results, `W7 alone, ${title}`, 'changes/s', pick, {
      must: { ratioAtLeast: must },
      aim: { ratioAtLeast: aim }
    })
  return [
    row(`${text(changes)} one at a time`, ({ single }) => single, 0.8, 0.95),
    row(`${text(many)} with 64 in flight`, ({ grouped }) => grouped, 0.4, 0.6)
  ]
}

/** W6: milliseconds until both hold all. */
async function rejoin({ rounds, ...sizes }) {
  const times = await interleaved(rounds, 1, (system) => split(system, sizes))
  const title = `W6 link back after ${text(sizes.apart)} changes on each side`
  return [medians(times, title, 'ms', (ms) => ms, { must: { ratioAtMost: 2 }, aim: { ratioAtMost: 1 } })]
}

/** From the second decision until the feed of that node lists the first mission. */
async function trust({ rounds }) {
  const times = []
  for (let round = 0; round < rounds; round++) {
    const [a, b] = await Promise.all([muster.start('node-a'), muster.start('node-b')])
    await muster.createMission(a)
    await b.call('link', { port: a.port })
    await a.call('trust', { nodeId: b.nodeId })
    const listed = b.call('listed')
    const from = await b.call('trust', { nodeId: a.nodeId })
    times.push((await listed) - from)
    await Promise.all([a.stop(), b.stop()])
  }
  return [{ workload: 'trust on both sides to first mission', unit: 'ms', ours: median(times), must: { atMost: 1000 } }]
}

async function idle({ quietMs, measureMs }) {
  const { memory, cpu } = await measureHeadless(quietMs, measureMs)
  const missing = process.platform === 'linux' ? undefined : 'only Linux has /proc, where it is read'
  return [
    { workload: 'idle headless with one link: memory', unit: 'MB', ours: memory, must: { atMost: 90 }, missing },
    { workload: 'idle headless with one link: CPU of a core', unit: '%', ours: cpu, must: { atMost: 1 }, missing }
  ]
}

/** By name, as --only takes them. */
export function workloads(isQuick, { megabytes } = {}) {
  const pick = (full, quick) => (isQuick ? quick : full)
  const rounds = pick(5, 1)
  const inBatches = { name: 'W2', title: 'in batches of 100', batch: 100 }
  const single = { name: 'W2b', title: 'each alone', batch: 1 }
  const pair = {
    ...{ name: 'W1', title: 'one change, 2 nodes', length: 2, pauseMs: 20 },
    ...{ goals: { must: { ratioAtMost: 1.5 }, aim: { ratioAtMost: 1.25 } }, steadyGoals: { must: { atMost: 5 } } }
  }
  const chain = {
    ...{ name: 'W4', title: 'one change, chain of 5', length: 5, pauseMs: 0 },
    ...{ goals: { must: { ratioAtMost: 1.5 }, aim: { ratioAtMost: 1.3 } } }
  }
  return {
    W1: () => latency({ ...pair, rounds, changes: pick(100, 50) }),
    W2: () => catchUp({ ...inBatches, rounds: pick(3, 1), rivalRounds: 1, changes: pick(100_000, 10_000) }),
    W2b: () => catchUp({ ...single, rounds: pick(3, 1), changes: pick(100_000, 2_000) }),
    W3: () => star({ sizes: pick([10, 50, 200], [2, 10]), changes: 30 }),
    W4: () => latency({ ...chain, rounds, changes: pick(20, 10) }),
    W5: () =>
      coldStart({ rounds: pick(3, 1), base: pick(10_000, 1_000), sizes: pick([100_000, 1_000_000], [10_000, 30_000]) }),
    W6: () => rejoin({ rounds: pick(3, 1), shared: 100, apart: pick(1_000, 100) }),
    W7: () => alone({ rounds: pick(3, 1), changes: pick(2_000, 200), many: pick(10_000, 3_200) }),
    window: () =>
      measureWindow({
        ...pick({ items: 50_000, entries: 100_000 }, { items: 1_000, entries: 2_000 }),
        ...{
          searches: ['zizek ridge', 'lukasz', 'a', 'spot fire railway 4', 'muller crew', 'nothing-like-it'],
          scrolls: pick(120, 20)
        }
      }),
    bundle: () => bundle({ rounds: pick(3, 1), items: pick(50_000, 5_000), entries: pick(100_000, 10_000) }),
    content: () =>
      content({ rounds: pick(3, 1), megabytes: megabytes ?? pick(1_000, 100), quietChanges: pick(50, 20) }),
    trust: () => trust({ rounds: pick(5, 1) }),
    linkSetUp: async () => [
      ...(await linkSetUp({ rounds: pick(30, 5), warmUp: pick(5, 1), roundTripMs: 0 })),
      ...(await linkSetUp({ rounds: pick(30, 5), warmUp: pick(5, 1), roundTripMs: 40 }))
    ],
    // The collector tidies up some 8 s after the last work; that is no idling yet.
    idle: () => idle({ quietMs: pick(10_000, 2_000), measureMs: pick(20_000, 3_000) })
  }
}
