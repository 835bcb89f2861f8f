// The workloads: what runs, which clock starts and stops where. Each gives rows for the table and figures for --json.
import { cpSync } from 'node:fs'
import { newFolder } from './process.mjs'
import { measureHeadless } from './headless.mjs'
import { floor, muster, startChain } from './systems.mjs'
import { median, percentile } from './statistics.mjs'
import { sleep } from './time.mjs'

const systems = { ours: muster, floor }

/** The floor and Muster in turn, so that a busy moment of the machine hits both. */
async function interleaved(rounds, once) {
  const results = { floor: [], ours: [] }
  for (let round = 0; round < rounds; round++) {
    results.floor.push(await once(floor, 'floor', round))
    results.ours.push(await once(muster, 'ours', round))
  }
  return results
}

/** W1 and W4: single changes at the first of a chain, each when the one before it has reached the last. */
async function latency({ name, title, length, rounds, changes, pauseMs, must }) {
  const chains = {}
  for (const [key, system] of Object.entries(systems)) chains[key] = await startChain(system, length)
  const waits = await interleaved(rounds, async (_, key) => {
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
  await muster.check(chains.ours.at(-1), rounds * changes)
  await Promise.all(Object.values(chains).flatMap((nodes) => nodes.map((node) => node.stop())))
  const row = (at, most) => ({
    workload: `${name} ${title}, p${at}`,
    unit: 'ms',
    ours: percentile(waits.ours.flat(), at),
    floor: percentile(waits.floor.flat(), at),
    ...(most === undefined ? {} : { must: { ratioAtMost: most } })
  })
  return [row(50, must), row(99)]
}

/** W2: a node that was restarted on its changes gives them all to an empty one. */
async function catchUp({ name, title, rounds, changes, batch, must }) {
  const prepared = { ours: await prepare(muster, changes, batch), floor: await prepare(floor, changes, batch) }
  const results = await interleaved(rounds, async (system, key) => {
    const folder = newFolder()
    cpSync(prepared[key].b, folder, { recursive: true })
    const a = await system.start('node-a', prepared[key].a)
    const b = await system.start('node-b', folder)
    const from = await b.call('link', { port: a.port })
    const to = await b.call('arrived', { count: a.count })
    const [statsA, statsB] = await Promise.all([a.call('stats'), b.call('stats')])
    await system.check(b, changes)
    await Promise.all([a.stop(), b.stop()])
    return { rate: (changes / (to - from)) * 1000, a: statsA, b: statsB }
  })
  const row = (what, unit, pick) => ({
    workload: `${name} ${title}${what}`,
    unit,
    ours: median(results.ours.map(pick)),
    floor: median(results.floor.map(pick))
  })
  return [
    { ...row('', 'changes/s', ({ rate }) => rate), must: { ratioAtLeast: must } },
    row(': on the wire', 'B/change', ({ a }) => a.wireBytes / changes),
    row(': peak memory of A', 'MB', ({ a }) => a.peakBytes / 1e6),
    row(': peak memory of B', 'MB', ({ b }) => b.peakBytes / 1e6),
    row(': event loop delay of B, p99', 'ms', ({ b }) => b.loopDelayMs)
  ]
}

/** Folders of A, which holds the changes, and of B, which trusts A and was trusted before there was a mission. */
async function prepare(system, changes, batch) {
  const folders = { a: newFolder(), b: newFolder() }
  const [a, b] = await Promise.all([system.start('node-a', folders.a), system.start('node-b', folders.b)])
  await system.introduce(a, b)
  await b.stop()
  await system.createMission(a)
  await a.call('fill', { count: changes, batch, inFlight: 1 })
  await a.stop()
  return folders
}

/** W7: one node alone. */
async function alone({ rounds, changes, many }) {
  const results = await interleaved(rounds, async (system) => {
    const node = await system.start('node-a')
    await system.createMission(node)
    const single = await node.call('fill', { count: changes, batch: 1, inFlight: 1 })
    const grouped = await node.call('fill', { count: many, batch: 1, inFlight: 64 })
    await node.stop()
    return { single: (changes / single) * 1000, grouped: (many / grouped) * 1000 }
  })
  const row = (title, pick) => ({
    workload: `W7 ${title}`,
    unit: 'changes/s',
    ours: median(results.ours.map(pick)),
    floor: median(results.floor.map(pick))
  })
  return [
    row(`alone, ${text(changes)} one at a time`, ({ single }) => single),
    row(`alone, ${text(many)} with 64 in flight`, ({ grouped }) => grouped)
  ]
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

async function idle({ measureMs }) {
  // The collector tidies up some 8 s after the last work; that is no idling yet.
  const quietMs = 10_000
  const { memory, cpu } = await measureHeadless(quietMs, measureMs)
  return [
    { workload: 'headless, idle with one link: memory', unit: 'MB', ours: memory, must: { atMost: 90 } },
    { workload: 'headless, idle with one link: CPU of a core', unit: '%', ours: cpu, must: { atMost: 1 } }
  ]
}

function text(number) {
  return number.toLocaleString('en-US')
}

/** By name, as --only takes them. */
export function workloads(isQuick) {
  const pick = (full, quick) => (isQuick ? quick : full)
  const rounds = pick(5, 2)
  const inBatches = { name: 'W2', changes: 10_000, batch: 100, must: 0.25 }
  const single = { name: 'W2b', changes: pick(10_000, 2_000), batch: 1, must: 0.25 }
  const pair = { name: 'W1', title: 'one change, 2 nodes', length: 2, pauseMs: 20, must: 3 }
  const chain = { name: 'W4', title: 'one change, chain of 5', length: 5, pauseMs: 0 }
  return {
    W1: () => latency({ ...pair, rounds, changes: pick(100, 50) }),
    W2: () => catchUp({ ...inBatches, title: `catch up ${text(inBatches.changes)}, batches of 100`, rounds }),
    W2b: () => catchUp({ ...single, title: `catch up ${text(single.changes)}, written singly`, rounds }),
    W4: () => latency({ ...chain, rounds, changes: pick(20, 10) }),
    W7: () => alone({ rounds: pick(3, 1), changes: pick(2_000, 500), many: pick(10_000, 5_000) }),
    trust: () => trust({ rounds: pick(5, 1) }),
    idle: () => idle({ measureMs: pick(20_000, 5_000) })
  }
}
