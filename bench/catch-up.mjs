// W2: a node that was restarted on its changes gives them all to an empty one.
import { cpSync } from 'node:fs'
import { writtenBy } from './folders.mjs'
import { interleaved, medians } from './interleaved.mjs'
import { newFolder } from './process.mjs'
import { text } from './report.mjs'
import { checkSame, floor, muster } from './systems.mjs'

export async function catchUp({ name, title, rounds, rivalRounds = 0, changes, batch }) {
  await Promise.all([floor, muster].map((system) => writtenBy(system, changes, batch)))
  const results = await interleaved(rounds, rivalRounds, async (system) =>
    once(system, await writtenBy(system, changes, batch))
  )
  const row = (what, ...more) => medians(results, `${name} ${what}`, ...more)
  const memory = { must: { ratioAtMost: 1.6 }, aim: { ratioAtMost: 1.2 } }
  const delay = { must: { atMost: 50 } }
  return [
    row(`catch up ${text(changes)}, ${title}`, 'changes/s', ({ ms }) => (changes / ms) * 1000, {
      ...{ must: { ratioAtLeast: 0.45 }, aim: { ratioAtLeast: 0.7 } }
    }),
    row('the whole view of B, from the same start', 'ms', ({ viewMs }) => viewMs),
    row('on the wire', 'B/change', ({ a }) => a.wireBytes / changes, { must: { atMost: 60 }, aim: { atMost: 40 } }),
    row('peak memory of A', 'MB', ({ a }) => a.peakBytes / 1e6, memory),
    row('peak memory of B, all durable', 'MB', ({ b }) => b.peakBytes / 1e6, memory),
    row('peak memory of B, view opened', 'MB', ({ peakWithView }) => peakWithView / 1e6),
    row('event loop delay of A, p99', 'ms', ({ a }) => a.loopDelayMs, delay),
    row('event loop delay of B, p99', 'ms', ({ b }) => b.loopDelayMs, delay)
  ]
}

async function once(system, written) {
  const folder = newFolder()
  cpSync(written.b, folder, { recursive: true })
  const a = await system.start('node-a', { folder: written.a })
  const b = await system.start('node-b', { folder })
  if (a.count !== written.count) throw new Error(`${a.count} changes after the restart instead of ${written.count}`)
  await Promise.all([a.ask('watchLoop'), b.ask('watchLoop')])
  const from = await b.call('link', { port: a.port })
  const to = await b.call('arrived', { count: a.count })
  const [statsA, statsB] = await Promise.all([a.ask('stats'), b.ask('stats')])
  await checkSame([a, b])
  // Only ours has one.
  const viewed = await system.view?.(b, written)
  const { peakBytes: peakWithView } = await b.ask('stats')
  await Promise.all([a.stop(), b.stop()])
  return { ms: to - from, viewMs: viewed && viewed - from, a: statsA, b: statsB, peakWithView }
}
