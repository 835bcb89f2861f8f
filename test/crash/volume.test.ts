/** The modelled volume does what the real file system does, through the real disk and by itself. */
import * as real from 'node:fs/promises'
import { constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createFileDisk } from '../../src/main/engine/storage/file-disk.js'
import { diskSuite, durableAppends } from '../contracts/disk.js'
import { seededRandom } from '../sim/random.js'
import { PowerCut, Volume, volumeCalls, type Fate } from './volume.js'

vi.mock('node:fs/promises', async (original) => (await import('./mock.js')).withVolumes(await original()))

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => real.rm(folder, { recursive: true, force: true }))))

async function realFolder(): Promise<string> {
  folders.push(await real.mkdtemp(join(tmpdir(), 'muster-volume-')))
  return folders.at(-1) ?? ''
}

for (const durableAppend of durableAppends)
  diskSuite(`the real disk that appends in ${durableAppend}, on a modelled volume`, async () => {
    const { mount } = new Volume()
    const open = () => createFileDisk(mount, { durableAppend })
    return { disk: open(), reopen: open, during: (work) => work }
  })

type Calls = typeof volumeCalls

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error as { code: string }).code
  )
}

describe.each([
  ['modelled', async () => ({ calls: volumeCalls, root: new Volume().mount })],
  ['real', async () => ({ calls: real as unknown as Calls, root: await realFolder() })]
] satisfies [string, () => Promise<{ calls: Calls; root: string }>][])('the %s file system', (_, setup) => {
  it('answers with the codes of the system', async () => {
    const { calls, root } = await setup()
    expect(await code(calls.open(`${root}/none`, 'r'))).toBe('ENOENT')
    expect(await code(calls.open(`${root}/none/below`, 'w'))).toBe('ENOENT')
    expect(await code(calls.readFile(`${root}/none`))).toBe('ENOENT')
    expect(await code(calls.readdir(`${root}/none`))).toBe('ENOENT')
    expect(await code(calls.stat(`${root}/none`))).toBe('ENOENT')
    expect(await code(calls.unlink(`${root}/none`))).toBe('ENOENT')
    expect(await code(calls.rm(`${root}/none`, { force: true }))).toBe('done')
    expect(await code(calls.rename(`${root}/none`, `${root}/other`))).toBe('ENOENT')
    expect(await code(calls.mkdir(`${root}/none/below`))).toBe('ENOENT')
    await calls.mkdir(`${root}/folder`)
    expect(await code(calls.mkdir(`${root}/folder`))).toBe('EEXIST')
    expect(await code(calls.open(`${root}/folder`, 'w'))).toBe('EISDIR')
    expect(await code(calls.readFile(`${root}/folder`))).toBe('EISDIR')
    expect((await calls.stat(`${root}/folder`)).isDirectory()).toBe(true)
    const file = await calls.open(`${root}/folder/file`, 'w')
    await file.close()
    expect(await code(calls.readdir(`${root}/folder/file`))).toBe('ENOTDIR')
    expect(await code(calls.mkdir(`${root}/folder/file/below`))).toBe('ENOTDIR')
    expect(await code(calls.rename(`${root}/folder/file`, `${root}/none/file`))).toBe('ENOENT')
    expect(await calls.readdir(`${root}/folder`)).toEqual(['file'])
    await calls.rename(`${root}/folder`, `${root}/moved`)
    expect(await calls.readdir(`${root}/moved`)).toEqual(['file'])
    expect(await calls.readdir(root)).toEqual(['moved'])
    await calls.unlink(`${root}/moved/file`)
    expect(await calls.readdir(`${root}/moved`)).toEqual([])
  })

  it.each([0, constants.O_DSYNC])('writes, reads, cuts and fills gaps with zeros (flag %i)', async (flag) => {
    const { calls, root } = await setup()
    const file = await calls.open(`${root}/file`, constants.O_RDWR | constants.O_CREAT | flag)
    expect((await file.write(Buffer.from('0123456789'), 2, 4, 0)).bytesWritten).toBe(4)
    await file.write(Buffer.from('x'), 0, 1, 6)
    await file.sync()
    expect((await calls.readFile(`${root}/file`)).toString()).toBe('2345\0\0x')
    const part = Buffer.alloc(4, '-')
    expect((await file.read(part, 1, 3, 5)).bytesRead).toBe(2)
    expect(part.toString()).toBe('-\0x-')
    await file.truncate(3)
    await file.datasync()
    expect((await file.stat()).size).toBe(3)
    await calls.rename(`${root}/file`, `${root}/other`)
    await file.write(Buffer.from('!'), 0, 1, 3)
    expect((await calls.readFile(`${root}/other`)).toString()).toBe('234!')
    await file.close()
    const again = await calls.open(`${root}/other`, 'w')
    expect((await again.stat()).size).toBe(0)
    await again.writeFile(Buffer.from('new'))
    await again.close()
    expect((await calls.readFile(`${root}/other`)).toString()).toBe('new')
  })
})

describe('a power cut', () => {
  /** What may be found in a file after a power cut at the end of some work. */
  async function outcomes(path: string, work: (volume: Volume) => Promise<unknown>): Promise<readonly string[]> {
    const volume = new Volume()
    await work(volume)
    const cut = new PowerCut()
    for (const step of volume.steps) cut.take(step)
    const found = new Set<string>()
    for (let seed = 1; seed <= 20; seed++)
      for (const fates of cut.fates(seededRandom(seed), 6, 1000)) {
        const { entries, contents } = cut.image(fates)
        const entry = entries.get(path)
        found.add(typeof entry === 'number' ? (contents.get(entry) ?? Buffer.alloc(0)).toString() : 'none')
      }
    return [...found].sort()
  }

  async function writeAll(volume: Volume, name: string, text: string) {
    const file = await volumeCalls.open(`${volume.mount}/${name}`, 'w')
    await file.writeFile(Buffer.from(text))
    return file
  }
  const syncFolder = async (volume: Volume) => (await volumeCalls.open(volume.mount, 'r')).sync()

  it('leaves what was synced with its name', async () => {
    const found = await outcomes('a', async (volume) => {
      await (await writeAll(volume, 'a', 'ab')).sync()
      await syncFolder(volume)
    })
    expect(found).toEqual(['ab'])
  })

  it.each(durableAppends)(
    'leaves what was appended in %s, and until then may take or tear it',
    async (durableAppend) => {
      const openLog = (volume: Volume) => createFileDisk(volume.mount, { durableAppend }).openLog('a')
      const kept = await outcomes('a', async (volume) => {
        const log = await openLog(volume)
        await log.append(Buffer.from('1'))
        await log.append(Buffer.from('2'))
      })
      expect(kept).toEqual(['12'])
      const cut = await outcomes('a', async (volume) => {
        const log = await openLog(volume)
        await new Promise<void>((atWork) => {
          volume.wait = () => new Promise(() => atWork())
          void log.append(Buffer.from('ab'))
        })
      })
      expect(cut).toEqual(['', 'a', 'a\0', 'ab'])
      const unsynced = await outcomes('a', async (volume) => {
        const log = await createFileDisk(volume.mount, { durableAppend }).openLog('a', 'at sync')
        await log.append(Buffer.from('1'))
        await log.sync()
        await log.append(Buffer.from('2'))
      })
      expect(unsynced).toEqual(['1', '12'])
    }
  )

  it('may take what was written before and beside a write that is synced by itself', async () => {
    const found = await outcomes('a', async (volume) => {
      const plain = await writeAll(volume, 'a', '1')
      await syncFolder(volume)
      const synced = await volumeCalls.open(`${volume.mount}/a`, constants.O_RDWR | constants.O_DSYNC)
      await synced.write(Buffer.from('2'), 0, 1, 1)
      await plain.write(Buffer.from('3'), 0, 1, 2)
    })
    expect(found).toEqual(['12', '\x002', '123', '\x0023'].sort())
  })

  it('may take a name that was not synced', async () => {
    expect(await outcomes('a', async (volume) => (await writeAll(volume, 'a', 'ab')).sync())).toEqual(['ab', 'none'])
  })

  it('may leave a name with nothing, a part or zeros', async () => {
    const found = await outcomes('a', async (volume) => {
      await writeAll(volume, 'a', 'abc')
      await syncFolder(volume)
    })
    expect(found).toEqual(['', 'a', 'a\0\0', 'ab', 'ab\0', 'abc'].sort())
  })

  it('leaves the old or the new file of a rename, and the new one may be empty without its sync', async () => {
    const renamed = (isSynced: boolean) => async (volume: Volume) => {
      await (await writeAll(volume, 'a', '1')).sync()
      await syncFolder(volume)
      const file = await writeAll(volume, 'b', '2')
      if (isSynced) await file.sync()
      await volumeCalls.rename(`${volume.mount}/b`, `${volume.mount}/a`)
    }
    expect(await outcomes('a', renamed(true))).toEqual(['1', '2'])
    expect(await outcomes('a', renamed(false))).toEqual(['', '1', '2'])
  })

  it('may take what a failed sync should have saved, also after a sync that went well', async () => {
    const found = await outcomes('a', async (volume) => {
      const file = await writeAll(volume, 'a', '12')
      await syncFolder(volume)
      volume.onCall = () => {
        throw Object.assign(new Error('once'), { code: 'EIO' })
      }
      await expect(file.sync()).rejects.toThrow('once')
      volume.onCall = () => undefined
      expect((await volumeCalls.readFile(`${volume.mount}/a`)).toString()).toBe('12')
      await file.write(Buffer.from('3'), 0, 1, 2)
      await file.sync()
    })
    expect(found).toEqual(['\0\x003', '1\x003', '123'].sort())
  })

  it('tries every combination while few steps are open, and as many as asked for beyond', () => {
    const cut = new PowerCut()
    for (let index = 0; index < 4; index++) cut.take({ kind: 'create', path: String(index), file: index })
    const all = new Set([...cut.fates(seededRandom(1), 6, 1000)].map((fates: readonly Fate[]) => JSON.stringify(fates)))
    expect(all.size).toBe(16)
    for (let index = 4; index < 8; index++) cut.take({ kind: 'create', path: String(index), file: index })
    expect([...cut.fates(seededRandom(1), 6, 50)].length).toBe(50)
  })
})
