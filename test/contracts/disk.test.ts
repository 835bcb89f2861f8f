import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createFileDisk } from '../../src/main/engine/storage/file-disk.js'
import { readOnlyView } from '../../src/main/engine/storage/read-only-disk.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { diskSuite, durableAppends } from './disk.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

const during = <T>(work: Promise<T>): Promise<T> => work

for (const durableAppend of durableAppends)
  diskSuite(`the real disk that appends in ${durableAppend}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-disk-'))
    folders.push(folder)
    const open = () => createFileDisk(folder, { durableAppend })
    return { disk: open(), reopen: open, during }
  })

diskSuite('the simulated disk', async () => {
  const disk = new SimDisk(seededRandom(1))
  return { disk, reopen: () => disk, during }
})

diskSuite('the view of a disk that is only looked at', async () => {
  const stored = new SimDisk(seededRandom(1))
  const disk = readOnlyView(stored)
  return { disk, reopen: () => disk, during }
})

it('a disk that is only looked at shows what is stored, and nothing is written there', async () => {
  const stored = new SimDisk(seededRandom(1))
  for (const path of ['log', 'm/x/1', 'm/x/2', 'document']) await stored.replace(path, Buffer.from(`stored ${path}`))
  const before = stored.copy()
  const view = readOnlyView(stored)
  const log = await view.openLog('log')
  await log.truncate(8)
  await log.append(Buffer.from('og and more'))
  expect((await view.readPart('log', 5, 12)).toString()).toBe('d log and mo')
  expect((await view.read('log'))?.toString()).toBe('stored log and more')
  await view.move('m/x', 'damaged/x')
  expect(await view.list('m/x')).toEqual([])
  expect((await view.readPart('damaged/x/2', 7, 5)).toString()).toBe('m/x/2')
  await view.replace('document', Buffer.from('another'))
  await view.remove('damaged/x/1')
  expect((await view.files('damaged')).map(({ path }) => path)).toEqual(['damaged/x/2'])
  expect(stored.copy()).toEqual(before)
})

it('a real folder keeps its place when it is renamed, and a copy of it has another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-disk-'))
  folders.push(`${folder}-2`, `${folder}-3`)
  const place = await createFileDisk(folder).place()
  await rename(folder, `${folder}-2`)
  await cp(`${folder}-2`, `${folder}-3`, { recursive: true, preserveTimestamps: true })
  expect(await createFileDisk(`${folder}-2`).place()).toBe(place)
  expect(await createFileDisk(`${folder}-3`).place()).not.toBe(place)
})

it('the simulated disk loses only what was not kept yet', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const disk = new SimDisk(seededRandom(seed))
    const log = await disk.openLog('log')
    await log.append(Buffer.from('kept'))
    const cut = log.append(Buffer.from(' and not'))
    disk.crash()
    await expect(cut).rejects.toThrow('went away')
    await expect(log.append(Buffer.from('from the old life'))).rejects.toThrow('went away')
    const left = (await disk.read('log'))?.toString() ?? ''
    expect(left.startsWith('kept'), `seed ${String(seed)}: ${left}`).toBe(true)
    expect(left.length).toBeLessThanOrEqual(12)
  }
})
