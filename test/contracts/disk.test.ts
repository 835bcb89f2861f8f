import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createFileDisk } from '../../src/main/engine/storage/file-disk.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { diskSuite } from './disk.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

const during = <T>(work: Promise<T>): Promise<T> => work

diskSuite('the real disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-disk-'))
  folders.push(folder)
  return { disk: createFileDisk(folder), reopen: () => createFileDisk(folder), during }
})

diskSuite('the simulated disk', async () => {
  const disk = new SimDisk(seededRandom(1))
  return { disk, reopen: () => disk, during }
})

it('the simulated disk loses only what was not synced', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const disk = new SimDisk(seededRandom(seed))
    const log = await disk.openLog('log')
    await log.append(Buffer.from('synced'))
    await log.sync()
    await log.append(Buffer.from(' and not'))
    disk.crash()
    await expect(log.append(Buffer.from('from the old life'))).rejects.toThrow('went away')
    const left = (await disk.read('log'))?.toString() ?? ''
    expect(left.startsWith('synced'), `seed ${String(seed)}: ${left}`).toBe(true)
    expect(left.length).toBeLessThanOrEqual(14)
  }
})
