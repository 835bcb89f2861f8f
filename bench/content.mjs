// A file of a mission from one node to another, beside a plain stream over TLS that is hashed and made durable, too.
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inRounds, medians } from './interleaved.mjs'
import { newFolder } from './process.mjs'
import { floor, muster, quiet } from './systems.mjs'
import { percentile } from './statistics.mjs'
import { sleep } from './time.mjs'
import { text } from './report.mjs'

const pieceBytes = 4 * 1024 * 1024
/** Between single changes, as in W1. */
const pauseMs = 20
/** A figure of fewer is none. */
const changesLeast = 5

/** Of random bytes, so that nothing on the way makes them fewer. */
function makeFile(bytes) {
  const path = join(newFolder(), 'file')
  const hash = createHash('sha256')
  const file = openSync(path, 'w')
  for (let left = bytes; left > 0; left -= pieceBytes) {
    const piece = randomBytes(Math.min(left, pieceBytes))
    hash.update(piece)
    writeSync(file, piece)
  }
  closeSync(file)
  return { path, sha256: hash.digest('hex') }
}

export async function content({ rounds, megabytes, quietChanges }) {
  const file = makeFile(megabytes * 1e6)
  const results = { floor: [], ours: [], rival: [] }
  await inRounds(rounds, async () => {
    results.floor.push(await plainly(file))
    results.ours.push(await ours(file, quietChanges))
  })
  rmSync(file.path)
  const row = (what, ...more) => medians(results, `content ${what}`, ...more)
  const alone = (what, unit, pick, goals) => medians({ ...results, floor: [] }, `content ${what}`, unit, pick, goals)
  return [
    row(`${text(megabytes)} MB, asked for until durable`, 'MB/s', ({ ms }) => (megabytes * 1000) / ms, {
      must: { ratioAtLeast: 0.8 }
    }),
    ...['a', 'b'].map((side) =>
      row(
        `memory that the transfer adds to ${side.toUpperCase()} at its peak`,
        'MB',
        (one) => (one[side].peakBytes - one[side].before) / 1e6,
        { must: { atMost: 100 } }
      )
    ),
    alone(
      'one change meanwhile, p50 in multiples of its quiet p50',
      'x',
      ({ busy, calm }) => at(50, busy) / at(50, calm),
      {
        must: { atMost: 3 }
      }
    ),
    alone(
      'one change meanwhile, p95 in multiples of its quiet p95',
      'x',
      ({ busy, calm }) => at(95, busy) / at(95, calm)
    ),
    alone('with those changes, in MB/s', 'MB/s', ({ busyMs }) => (megabytes * 1000) / busyMs)
  ]
}

const at = (percent, times) => percentile(times, percent)

/** Each system holds the bytes before the clock starts; the receiver verifies them, and they are durable when it stops. */
async function plainly({ path, sha256 }) {
  const [a, b] = await Promise.all([floor.start('node-a'), floor.start('node-b')])
  const port = await a.call('serveFile', { path })
  const before = await residentOf(a, b)
  const taken = await b.call('takeFile', { port, folder: newFolder() })
  if (taken.sha256 !== sha256) throw new Error('the floor took other bytes')
  const stats = await statsOf(a, b, before)
  await Promise.all([a.stop(), b.stop()])
  return { ms: taken.ms, ...stats }
}

async function ours(file, quietChanges) {
  const [a, b, c] = await Promise.all(['node-a', 'node-b', 'node-c'].map((name) => muster.start(name)))
  await muster.createMission(a)
  for (const node of [b, c]) {
    await node.call('fetchAsked')
    await muster.introduce(a, node)
  }
  await a.call('addFile', file)
  await quiet([a, b, c])
  const calm = await changes(a, b, (count) => count < quietChanges)
  await quiet([a, b, c])
  const before = await residentOf(a, b)
  const ms = await b.call('takeFile', file)
  const stats = await statsOf(a, b, before)
  // Once more, to another node, with changes meanwhile.
  let isOver = false
  const taking = c.call('takeFile', file).finally(() => (isOver = true))
  const busy = await changes(a, c, () => !isOver)
  const busyMs = await taking
  if (busy.length < changesLeast)
    throw new Error(`the transfer was over after ${busy.length} changes: take a larger file`)
  await Promise.all([a, b, c].map((node) => node.stop()))
  return { ms, busyMs, calm, busy, ...stats }
}

/** Milliseconds from the call until the change is durable there, one after the other. */
async function changes(from, to, goesOn) {
  const before = await to.call('count')
  const times = []
  while (goesOn(times.length)) {
    const count = before + times.length + 1
    const [sent, arrived] = await Promise.all([from.call('one'), to.call('arrived', { count })])
    times.push(arrived - sent)
    await sleep(pauseMs)
  }
  return times
}

async function residentOf(a, b) {
  const [statsA, statsB] = await Promise.all([a.ask('stats'), b.ask('stats')])
  return { a: statsA.peakBytes, b: statsB.peakBytes }
}

async function statsOf(a, b, before) {
  const [statsA, statsB] = await Promise.all([a.ask('stats'), b.ask('stats')])
  return { a: { ...statsA, before: before.a }, b: { ...statsB, before: before.b } }
}
