// Folders of nodes that wrote before, made once for a run and copied or restarted on by the workloads.
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { newFolder } from './process.mjs'

const atOnce = 10_000
const made = new Map()

/**
 * Folders of `a`, which holds the changes, and of `b`, which trusts a and was trusted before there was a mission; with
 * the digest of a, how many changes it counts, and where its last one is.
 */
export function writtenBy(system, changes, batch) {
  const key = `${system.name} ${changes} ${batch}`
  if (!made.has(key)) made.set(key, write(system, changes, batch))
  return made.get(key)
}

async function write(system, changes, batch) {
  const folders = { a: newFolder(), b: newFolder() }
  // What is held in memory while writing is not what is measured.
  const roomy = { execArgv: ['--max-old-space-size=12000'] }
  const [a, b] = await Promise.all([
    system.start('node-a', { folder: folders.a, isHurried: true }, roomy),
    system.start('node-b', { folder: folders.b })
  ])
  await system.introduce(a, b)
  await b.stop()
  await system.createMission(a)
  let last
  for (let left = changes; left > 0; left -= atOnce)
    last = await a.call('fill', { count: Math.min(left, atOnce), batch, inFlight: system.atOnce })
  const [digest, count] = [await a.call('digest'), await a.call('count')]
  await a.stop()
  syncAll(folders.a)
  return { ...folders, changes, last, digest, count }
}

/** Nothing of the making is left for the disk to do while something is measured. */
function syncAll(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = openSync(join(entry.parentPath, entry.name), 'r+')
    fsyncSync(file)
    closeSync(file)
  }
}
