// W3: one node in the middle of many. The star grows, so that what a peer costs is seen without what the first ones cost.
import { floor, muster, quiet } from './systems.mjs'
import { percentile } from './statistics.mjs'
import { sleep } from './time.mjs'

const systems = { floor, ours: muster }
const perProcess = 50
const atOnce = 10
const rounds = 3

/** @param sizes numbers of leaves, growing. @param changes at the hub for each, one at a time. */
export async function star({ sizes, changes }) {
  const stars = {}
  for (const [key, system] of Object.entries(systems)) stars[key] = await startStar(system)
  const rows = []
  const kept = []
  for (const size of sizes) {
    for (const one of Object.values(stars)) await one.grow(size)
    const spreads = { floor: [], ours: [] }
    for (let round = 0; round < rounds; round++)
      for (const [key, one] of Object.entries(stars)) spreads[key].push(...(await one.spread(changes / rounds)))
    const row = (workload, what, goals) => ({
      workload,
      unit: 'ms',
      ours: percentile(spreads.ours.map(what), 50),
      floor: percentile(spreads.floor.map(what), 50),
      ...goals
    })
    const goals = size === 200 ? { must: { ratioAtMost: 1.5 }, aim: { ratioAtMost: 1.2 } } : {}
    rows.push(row(`W3 one change to the last of ${size}, p50`, ({ ms }) => ms, goals))
    // What the leaves take of the same cores is not in this one.
    if (size === sizes.at(-1)) rows.push(row(`W3 CPU of the hub for one change to ${size}, p50`, ({ cpuMs }) => cpuMs))
    kept.push({ floor: await stars.floor.kept(), ours: await stars.ours.kept() })
  }
  await Promise.all(Object.values(stars).map(({ stop }) => stop()))

  // The first leaves are on both sides of the difference: they warmed up code and buffers that any number needs.
  const [few, many] = [kept[0], kept.at(-1)]
  const perPeer = (key, what) => (many[key][what] - few[key][what]) / (sizes.at(-1) - sizes[0]) / 2 ** 20
  const memory = (what, goals) => ({
    workload: `W3 memory of the hub for each peer, ${what}`,
    unit: 'MiB',
    ours: perPeer('ours', what),
    floor: perPeer('floor', what),
    ...goals
  })
  const goals = { must: { atMost: 0.15 }, aim: { atMost: 0.1 } }
  return [...rows, memory('held', goals), memory('heap'), memory('resident')]
}

async function startStar(system) {
  const hub = await system.start('hub', {}, { execArgv: ['--expose-gc'] })
  await system.createMission(hub)
  const processes = []
  const leaves = []
  return {
    async grow(size) {
      while (leaves.length < size) {
        const count = Math.min(perProcess, size - leaves.length)
        const names = Array.from({ length: count }, (_, index) => `leaf-${leaves.length + index}`)
        const started = await system.startMany(names)
        processes.push(started)
        for (let next = 0; next < count; next += atOnce)
          await Promise.all(started.nodes.slice(next, next + atOnce).map((leaf) => system.gather(hub, leaf)))
        leaves.push(...started.nodes)
      }
      await quiet([hub, ...leaves])
    },
    /** Of each change: milliseconds from before the call at the hub until the last leaf has it, and CPU of the hub. */
    async spread(changes) {
      const before = await hub.call('count')
      const spreads = []
      for (let number = 1; number <= changes; number++) {
        const last = Promise.all(processes.map(({ ask }) => ask('lastArrived', { count: before + number })))
        const cpuBefore = await hub.ask('cpu')
        const from = await hub.call('one')
        const ms = Math.max(...(await last)) - from
        await sleep(20)
        spreads.push({ ms, cpuMs: (await hub.ask('cpu')) - cpuBefore })
      }
      return spreads
    },
    /** Bytes that the hub's process keeps when all garbage is collected. */
    kept: () => hub.ask('keptBytes'),
    stop: () => Promise.all([hub.stop(), ...processes.map((one) => one.stop())])
  }
}
