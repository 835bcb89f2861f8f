// The machine under the figures: absolute ones mean little without it.
import { open } from 'node:fs/promises'
import { arch, cpus, loadavg, platform } from 'node:os'
import { join } from 'node:path'
import { newFolder } from './process.mjs'
import { percentile } from './statistics.mjs'
import { now } from './time.mjs'

export async function describeMachine() {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    system: `${platform()} ${arch()}`,
    node: process.version,
    load: loadavg()[0],
    syncMs: await measureSync()
  }
}

/** Append of a change and fdatasync, p50. */
async function measureSync() {
  const file = await open(join(newFolder(), 'log'), 'a')
  const bytes = Buffer.alloc(350, 'x')
  const times = []
  for (let round = 0; round < 200; round++) {
    const before = now()
    await file.appendFile(bytes)
    await file.datasync()
    times.push(now() - before)
  }
  await file.close()
  return percentile(times, 50)
}
