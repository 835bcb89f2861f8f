/** What every Disk must do (src/main/engine/storage/disk.ts); run on the real and on the simulated one. */
import { describe, expect, it } from 'vitest'
import type { Disk } from '../../src/main/engine/storage/disk.js'
import type { DurableAppend } from '../../src/main/engine/storage/file-disk.js'

/** The ways of the real disk that this system has. */
export const durableAppends: readonly DurableAppend[] =
  process.platform === 'linux' ? ['one call', 'two calls'] : ['two calls']

export interface DiskSetup {
  readonly disk: Disk
  /** The same disk as a new process sees it. */
  reopen(): Disk
  /** Runs work to its end, where time must be moved. */
  during<T>(work: Promise<T>): Promise<T>
}

export function diskSuite(name: string, setup: () => Promise<DiskSetup>): void {
  describe(`${name} is a disk`, () => {
    it('says that there is no file by undefined, not by an error', async () => {
      const { disk, during } = await setup()
      expect(await during(disk.read('none.json'))).toBeUndefined()
      expect(await during(disk.list('none'))).toEqual([])
    })

    it('replaces a file whole, also in a folder that is not there yet', async () => {
      const { disk, reopen, during } = await setup()
      await during(disk.replace('a/b/file.json', Buffer.from('one, which is longer')))
      await during(disk.replace('a/b/file.json', Buffer.from('two')))
      expect((await during(reopen().read('a/b/file.json')))?.toString()).toBe('two')
      expect(await during(disk.list('a/b'))).toEqual(['file.json'])
      expect(await during(disk.list('.'))).toContain('a')
    })

    it('appends, reads in the middle, and finds it all again', async () => {
      const { disk, reopen, during } = await setup()
      const log = await during(disk.openLog('logs/1'))
      expect(log.size).toBe(0)
      await during(log.append(Buffer.from('hello ')))
      await during(log.append(Buffer.from('wo'), Buffer.from(''), Buffer.from('rld')))
      expect(log.size).toBe(11)
      expect((await during(disk.readPart('logs/1', 6, 5))).toString()).toBe('world')
      await during(log.close())
      const again = await during(reopen().openLog('logs/1'))
      expect(again.size).toBe(11)
      await during(again.sync())
      await during(again.append(Buffer.from('!')))
      expect((await during(reopen().read('logs/1')))?.toString()).toBe('hello world!')
      await during(again.close())
    })

    it('keeps what was appended until a sync, as one', async () => {
      const { disk, reopen, during } = await setup()
      const log = await during(disk.openLog('whole', 'at sync'))
      await during(log.append(Buffer.from('one '), Buffer.from('after ')))
      await during(log.append(Buffer.from('another')))
      await during(log.sync())
      await during(log.close())
      expect((await during(reopen().read('whole')))?.toString()).toBe('one after another')
    })

    it('cuts a tail for good', async () => {
      const { disk, reopen, during } = await setup()
      const log = await during(disk.openLog('log'))
      await during(log.append(Buffer.from('good, torn')))
      await during(log.truncate(4))
      expect(log.size).toBe(4)
      await during(log.append(Buffer.from('!')))
      await during(log.close())
      expect((await during(reopen().read('log')))?.toString()).toBe('good!')
    })

    it('moves files and whole folders', async () => {
      const { disk, during } = await setup()
      await during(disk.replace('missions/x/1', Buffer.from('1')))
      await during(disk.replace('missions/x/2', Buffer.from('2')))
      await during(disk.move('missions/x', 'damaged/x.1'))
      expect(await during(disk.list('missions/x'))).toEqual([])
      expect([...(await during(disk.list('damaged/x.1')))].sort()).toEqual(['1', '2'])
      await during(disk.move('damaged/x.1/1', 'aside/1'))
      expect((await during(disk.read('aside/1')))?.toString()).toBe('1')
      await expect(during(disk.move('none', 'other'))).rejects.toThrow()
    })

    it('removes files and whole folders, and does not mind when there is none', async () => {
      const { disk, during } = await setup()
      await during(disk.replace('a/b/1', Buffer.from('1')))
      await during(disk.replace('a/2', Buffer.from('2')))
      await during(disk.replace('a.3', Buffer.from('3')))
      await during(disk.remove('a/b/1'))
      expect(await during(disk.read('a/b/1'))).toBeUndefined()
      await during(disk.remove('a'))
      expect(await during(disk.list('a'))).toEqual([])
      expect((await during(disk.read('a.3')))?.toString()).toBe('3')
      await during(disk.remove('a'))
      await during(disk.remove('none/at/all'))
    })

    it('tells size and change of a file, and nothing of a folder or of what is not there', async () => {
      const { disk, reopen, during } = await setup()
      await during(disk.replace('a/one', Buffer.from('four')))
      const before = await during(disk.facts('a/one'))
      expect(before).toMatchObject({ path: 'a/one', size: 4 })
      expect(await during(reopen().facts('a/one'))).toEqual(before)
      const log = await during(disk.openLog('a/one'))
      await during(log.append(Buffer.from('more')))
      await during(log.close())
      const after = await during(disk.facts('a/one'))
      expect(after?.size).toBe(8)
      expect(after?.modified).not.toBe(before?.modified)
      expect(await during(disk.facts('a'))).toBeUndefined()
      expect(await during(disk.facts('a/two'))).toBeUndefined()
    })

    it('lists every file below a folder, by path', async () => {
      const { disk, during } = await setup()
      for (const path of ['m/y/2', 'm/x/1', 'm/0', 'other/3']) await during(disk.replace(path, Buffer.from(path)))
      expect((await during(disk.files('m'))).map(({ path, size }) => [path, size])).toEqual([
        ['m/0', 3],
        ['m/x/1', 5],
        ['m/y/2', 5]
      ])
      expect(await during(disk.files('none'))).toEqual([])
    })

    it('reads a part, less of it where the file ends, and no file is an error', async () => {
      const { disk, during } = await setup()
      await during(disk.replace('file', Buffer.from('0123456789')))
      expect((await during(disk.readPart('file', 2, 3))).toString()).toBe('234')
      expect((await during(disk.readPart('file', 8, 5))).toString()).toBe('89')
      expect((await during(disk.readPart('file', 10, 5))).length).toBe(0)
      await expect(during(disk.readPart('none', 0, 1))).rejects.toThrow()
    })

    it('says how much room is left, and which place it is', async () => {
      const { disk, reopen, during } = await setup()
      expect(await during(disk.free())).toBeGreaterThan(0)
      const place = await during(disk.place())
      expect(place).not.toBe('')
      expect(await during(reopen().place())).toBe(place)
    })
  })
}
