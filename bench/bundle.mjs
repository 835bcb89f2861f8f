// A mission out into a bundle and in again, beside zip and unzip on the files that hold the same mission.
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inRounds } from './interleaved.mjs'
import { newFolder } from './process.mjs'
import { text } from './report.mjs'
import { median } from './statistics.mjs'
import { muster } from './systems.mjs'
import { now } from './time.mjs'

/**
 * Ours enciphers, signs, syncs and reads again what it wrote, and checks every seal and line of what it takes; zip and unzip
 * do none of that.
 */
export async function bundle({ rounds, items, entries }) {
  const title = `bundle of ${text(items)} items and ${text(entries)} entries`
  if (spawnSync('zip', ['-v']).status !== 0 || spawnSync('unzip', ['-v']).status !== 0)
    return [{ workload: title, unit: 'MB/s', missing: 'zip and unzip are not installed' }]
  const folders = { a: newFolder(), b: newFolder() }
  const [a, b] = await Promise.all([
    muster.start('node-a', { folder: folders.a, isHurried: true }),
    muster.start('node-b', { folder: folders.b })
  ])
  await muster.introduce(a, b)
  await b.stop()
  await muster.createMission(a)
  const { folder } = await a.call('fillMission', { items, entries })
  const source = join(folders.a, folder)
  const files = readdirSync(source).filter((name) => name.endsWith('.jsonl'))
  const megabytes = files.reduce((sum, name) => sum + statSync(join(source, name)).size, 0) / 1e6
  const results = { ours: [], floor: [] }
  await inRounds(rounds, async () => {
    results.floor.push(zipped(source, files))
    results.ours.push(await bundled(a, folders.b))
  })
  await a.stop()
  const row = (what, pick, more) => ({
    workload: `${title}, ${what}`,
    unit: 'MB/s',
    ours: megabytes / median(results.ours.map(pick)),
    floor: megabytes / median(results.floor.map(pick)),
    ...more
  })
  const size = (name) => median(results[name].map(({ bytes }) => bytes / 1e6))
  return [
    row('out, beside zip', ({ out }) => out, { must: { ratioAtLeast: 0.5 } }),
    row('in, beside unzip', ({ into }) => into, { must: { ratioAtLeast: 0.5 } }),
    { workload: `${title}, size of the file`, unit: 'MB', ours: size('ours'), floor: size('floor') },
    {
      workload: `${title}, memory of who takes it`,
      unit: 'MB',
      ours: median(results.ours.map(({ peak }) => peak / 1e6))
    }
  ]
}

/** Seconds. */
function zipped(source, files) {
  const [target, again] = [join(newFolder(), 'mission.zip'), newFolder()]
  const start = now()
  execFileSync('zip', ['-q', target, ...files], { cwd: source })
  const middle = now()
  execFileSync('unzip', ['-q', target, '-d', again])
  const end = now()
  const { size } = statSync(target)
  for (const path of [target, again]) rmSync(path, { recursive: true })
  return { out: (middle - start) / 1000, into: (end - middle) / 1000, bytes: size }
}

/** Seconds. The taker trusts the writer and never saw the mission; its folder is as before at the end. */
async function bundled(a, folder) {
  const path = join(newFolder(), 'mission.muster-bundle')
  const b = await muster.start('node-b', { folder, isOffline: true })
  const out = await a.call('bundleOut', { path, to: [b.nodeId] })
  const into = await b.call('bundleIn', { path })
  if (into.changes !== out.changes) throw new Error(`${into.changes} changes instead of ${out.changes}`)
  if ((await a.call('digest')) !== (await b.call('digest'))) throw new Error('the missions differ')
  const { peakBytes } = await b.ask('stats')
  await b.stop()
  for (const name of ['missions', 'bundles.json']) rmSync(join(folder, name), { recursive: true })
  rmSync(path)
  return { out: out.ms / 1000, into: into.ms / 1000, bytes: out.bytes, peak: peakBytes }
}
