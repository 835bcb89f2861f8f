import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Disk } from '../../src/main/engine/storage/disk.js'
import { createFileDisk } from '../../src/main/engine/storage/file-disk.js'
import { Reserve, reserveBytes } from '../../src/main/engine/storage/reserve.js'
import { SimDisk, systemError } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

async function sizeOn(disk: Disk): Promise<number> {
  return (await disk.read('reserve'))?.length ?? 0
}

describe.each([
  [
    'the real disk',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'muster-reserve-'))
      folders.push(folder)
      return createFileDisk(folder)
    }
  ],
  ['the simulated disk', async () => new SimDisk(seededRandom(1))]
])('the reserve on %s', (_, setup) => {
  it('is made once, given up in parts and made whole again', async () => {
    const disk = await setup()
    const reserve = new Reserve(disk)
    expect(await reserve.fill()).toBe(true)
    expect(await sizeOn(disk)).toBe(reserveBytes)
    expect(await reserve.giveUp()).toBe(true)
    const left = await sizeOn(disk)
    expect(left).toBeLessThan(reserveBytes)
    expect(left).toBeGreaterThan(reserveBytes / 2)
    // As the next process finds it.
    const again = new Reserve(disk)
    let parts = 1
    while (await again.giveUp()) parts++
    expect(parts).toBe(16)
    expect(await sizeOn(disk)).toBe(0)
    expect(await again.fill()).toBe(true)
    expect(await sizeOn(disk)).toBe(reserveBytes)
  })
})

it.skipIf(process.platform === 'win32')('the reserve takes blocks of the disk, and gives them back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-reserve-'))
  folders.push(folder)
  const reserve = new Reserve(createFileDisk(folder))
  const taken = async () => (await stat(join(folder, 'reserve'))).blocks * 512
  await reserve.fill()
  expect(await taken()).toBeGreaterThanOrEqual(reserveBytes)
  await reserve.giveUp()
  expect(await taken()).toBeLessThanOrEqual(reserveBytes - 60 * 1024)
})

it('the reserve leaves a disk alone that has no room for all of it, and a disk that fails is no error', async () => {
  const disk = new SimDisk(seededRandom(1))
  const reserve = new Reserve(disk)
  disk.faults.capacity = reserveBytes - 1
  expect(await reserve.fill()).toBe(false)
  expect(disk.used).toBe(0)
  expect(await reserve.giveUp()).toBe(false)
  disk.faults.capacity = reserveBytes
  expect(await reserve.fill()).toBe(true)
  disk.faults.onCall = (operation, path) => {
    throw systemError('EROFS', `${operation} ${path}`)
  }
  expect(await reserve.giveUp()).toBe(false)
  expect(await reserve.fill()).toBe(false)
})
