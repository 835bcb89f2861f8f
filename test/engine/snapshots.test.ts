/** Snapshots of a data folder and going back to one, on the simulated disk; the whole node does it in test/stories. */
import { describe, expect, it } from 'vitest'
import type { SnapshotKind } from '@shared/model.js'
import type { Problem } from '@shared/result.js'
import { bounds } from '../../src/main/engine/limits.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { chosen, due, expired, isKept, nameOf } from '../../src/main/engine/snapshots/manifest.js'
import { openFolder } from '../../src/main/engine/snapshots/open-folder.js'
import { applyRestore, stageRestore } from '../../src/main/engine/snapshots/restore.js'
import { Snapshots } from '../../src/main/engine/snapshots/snapshots.js'
import { encodeDocument } from '../../src/main/engine/storage/document.js'
import { openStore } from '../../src/main/engine/storage/store.js'
import { SimDisk, systemError } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

const hourMs = 3_600_000
const mission = 'ab'.repeat(32)
const segment = `missions/${mission}/000001.jsonl`
const trust = 'trust/000001.jsonl'
const trustHeader = '{"muster":"trust","version":1,"node":"84de"}\n'

/** Time stands still, but for what waits for it. */
function parts(disk: SimDisk, time = new VirtualTime()) {
  const problems: (Problem | undefined)[] = []
  const onSnapshotProblem = (found: Problem | undefined) => problems.push(found)
  const clock = time.clock()
  const random = seededRandom(7)
  return {
    disk,
    clock,
    random,
    time,
    problems,
    snapshots: new Snapshots({ disk, clock, log: silentLog, onProblem: onSnapshotProblem }),
    open: () => openFolder({ disk, clock, random, log: silentLog, onSnapshotProblem })
  }
}

async function filled(seed = 1): Promise<SimDisk> {
  const disk = new SimDisk(seededRandom(seed))
  await disk.replace('identity.json', encodeDocument({ counter: 3 }))
  await disk.replace('settings.json', encodeDocument({ callsign: 'old' }))
  await disk.replace('peers.json', encodeDocument({ peers: ['old'] }))
  await disk.replace(trust, Buffer.from(`${trustHeader}old decisions\n`))
  await disk.replace(segment, Buffer.from('old changes\n'))
  await disk.replace(`missions/${mission}/checkpoint-1`, Buffer.from('rebuilt'))
  return disk
}

/** What a person works with, by path. */
function data(disk: SimDisk): Readonly<Record<string, string>> {
  const kept = [...disk.copy()].filter(([path]) => isKept(path) && path !== 'folder.json')
  return Object.fromEntries(kept.map(([path, bytes]) => [path, bytes.toString('latin1')]))
}

async function must<T>(work: Promise<{ ok: true; value: T } | { ok: false; problem: Problem }>): Promise<T> {
  const result = await work
  if (!result.ok) throw new Error(`${result.problem.code} ${result.problem.detail ?? ''}`)
  return result.value
}

async function grow(disk: SimDisk, path: string, bytes: Buffer): Promise<void> {
  const log = await disk.openLog(path)
  await log.append(bytes)
}

const pieces = (disk: SimDisk) => disk.paths().filter((path) => path.startsWith('snapshots/pieces/'))

describe('which snapshot', () => {
  const one = (number: number, kind: SnapshotKind, at: number) => ({
    name: nameOf(number, kind),
    ...{ kind, at, bytes: 0, missions: 0 }
  })
  it('is due: the first, then every hour, and once a day one that is kept longer', () => {
    const now = 1_000 * hourMs
    expect(due([], now)).toBe('daily')
    expect(due([one(1, 'daily', now - hourMs + 1)], now)).toBeUndefined()
    expect(due([one(1, 'daily', now - hourMs)], now)).toBe('hourly')
    expect(due([one(2, 'asked', now - 1), one(1, 'daily', now - hourMs)], now)).toBeUndefined()
    expect(due([one(2, 'hourly', now - 1), one(1, 'daily', now - 24 * hourMs)], now)).toBe('daily')
  })
  it('is due once more after the clock was set back by years, and then as always', () => {
    const now = 1_000 * hourMs
    expect(due([one(1, 'daily', now + 10_000 * hourMs)], now)).toBe('daily')
    expect(due([one(2, 'daily', now), one(1, 'daily', now + 10_000 * hourMs)], now)).toBeUndefined()
  })
  it('is given up: the oldest of its kind', () => {
    const all = Array.from({ length: 40 }, (_, index) => one(40 - index, index % 2 === 0 ? 'hourly' : 'restore', 0))
    const gone = expired(all).map(({ name }) => name)
    expect(gone.filter((name) => name.endsWith('restore'))).toHaveLength(20 - bounds.snapshots.others)
    expect(gone.filter((name) => name.endsWith('hourly'))).toHaveLength(0)
    expect(gone).toContain('000001-restore')
    expect(gone).not.toContain('000039-restore')
  })
  it('is the latest: never what a restore left behind', () => {
    const all = [one(3, 'restore', 0), one(2, 'hourly', 0), one(1, 'daily', 0)]
    expect(chosen(all, 'latest')?.name).toBe('000002-hourly')
    expect(chosen(all, '000003-restore')?.name).toBe('000003-restore')
    expect(chosen(all, '000009-daily')).toBeUndefined()
  })
})

describe('what a snapshot may hold', () => {
  it.each(['identity.json', 'settings.json', 'peers.json', 'folder.json', trust, segment])('%s', (path) => {
    expect(isKept(path)).toBe(true)
  })
  it.each([
    'store.json',
    'lock',
    'api-token',
    '../identity.json',
    '/etc/passwd',
    'trust/../identity.json',
    'trust/000001.jsonl/x',
    'missions/other/000001.jsonl',
    `missions/${mission}/..`,
    `missions/${mission}/checkpoint-7`,
    'settings.json.new',
    'trust/000002.jsonl.new'
  ])('not %s', (path) => {
    expect(isKept(path)).toBe(false)
  })
})

describe('a snapshot', () => {
  it('shares with the one before all that did not change', async () => {
    const disk = await filled()
    const { snapshots } = parts(disk)
    const random = seededRandom(2)
    await grow(disk, segment, random.bytes(3 * bounds.snapshotPieceBytes))
    await must(snapshots.take('asked'))
    const first = pieces(disk).length
    await grow(disk, segment, random.bytes(10))
    await must(snapshots.take('asked'))
    // The last piece of what grew, and nothing else.
    expect(pieces(disk).length).toBe(first + 1)
    let calls = 0
    disk.faults.onCall = (operation, path) => {
      if (operation === 'replace' || (operation === 'readPart' && path === segment)) calls++
    }
    await must(snapshots.take('asked'))
    expect(calls).toBe(1) // The manifest is written, the segment is not read.
    expect(pieces(disk).length).toBe(first + 1)
  })

  it('is not harmed by damage to the original', async () => {
    const disk = await filled()
    const before = data(disk)
    const { snapshots, random } = parts(disk)
    await must(snapshots.take('asked'))
    for (const path of [segment, 'settings.json']) disk.alter(path, (bytes) => bytes.fill('x'))
    await must(stageRestore(disk, snapshots, 'latest'))
    expect(await applyRestore(disk, random)).toBe('000001-asked')
    expect(data(disk)).toEqual(before)
  })

  it('is not made when the disk is nearly full, says so, and is made again when there is room', async () => {
    const disk = await filled()
    const { snapshots, problems } = parts(disk)
    const before = disk.paths()
    disk.faults.capacity = bounds.snapshotReserveBytes
    expect(await snapshots.take('hourly')).toMatchObject({ ok: false, problem: { code: 'no-room-for-snapshot' } })
    expect(problems.at(-1)?.code).toBe('no-room-for-snapshot')
    expect(disk.paths()).toEqual(before)
    disk.faults.capacity = bounds.snapshotReserveBytes * 2
    await must(snapshots.take('asked'))
    expect(problems.at(-1)).toBeUndefined()
  })

  it('that is given up takes its pieces with it, and none of others', async () => {
    const disk = await filled()
    const { snapshots } = parts(disk)
    for (let number = 1; number <= bounds.snapshots.others + 2; number++) {
      await disk.replace('settings.json', encodeDocument({ callsign: `name ${String(number)}` }))
      await must(snapshots.take('asked'))
    }
    const listed = await snapshots.list()
    expect(listed.map(({ name }) => name)).toEqual([7, 6, 5, 4, 3].map((number) => nameOf(number, 'asked')))
    // Four files that never changed, and five settings.
    expect(pieces(disk)).toHaveLength(4 + 5)
    for (const { name } of listed) {
      const manifest = await must(snapshots.read(name))
      for (const file of manifest.files) for (const hash of file.pieces) await must(snapshots.piece(hash))
    }
  })

  it('that a crash left unfinished is not listed, and nothing of it stays', async () => {
    let crashes = 0
    for (let call = 1; ; call++) {
      const disk = await filled(call)
      const first = parts(disk)
      await must(first.snapshots.take('asked'))
      await disk.replace('settings.json', encodeDocument({ callsign: 'new' }))
      await grow(disk, segment, Buffer.from('new changes\n'))
      let calls = 0
      disk.faults.onCall = () => {
        if (++calls === call) throw systemError('EIO', 'cut')
      }
      const taken = await first.snapshots.take('asked')
      disk.faults.onCall = () => undefined
      disk.crash()
      const { snapshots, time } = parts(disk)
      snapshots.start()
      await time.run(1_000)
      const listed = await snapshots.list()
      // A manifest may be whole though its writer was cut right after it.
      if (taken.ok) expect(listed).toHaveLength(2)
      else expect([1, 2]).toContain(listed.length)
      const named = new Set<string>()
      for (const { name } of listed) {
        const manifest = await must(snapshots.read(name))
        for (const file of manifest.files) for (const hash of file.pieces) named.add(hash)
      }
      expect(new Set(pieces(disk).map((path) => path.slice('snapshots/pieces/'.length)))).toEqual(named)
      await snapshots.stop()
      if (calls < call) break
      crashes++
    }
    expect(crashes).toBeGreaterThan(10)
  })

  it('with a rotten piece is refused, nothing changes, and the next day one is whole again', async () => {
    const disk = await filled()
    const { snapshots, time } = parts(disk)
    await time.during(snapshots.take('asked'))
    const rotten = (await must(snapshots.read('000001-asked'))).files.find(({ path }) => path === segment)?.pieces[0]
    disk.alter(`snapshots/pieces/${rotten ?? ''}`, (bytes) => bytes.write('X'))
    const before = data(disk)
    expect(await stageRestore(disk, snapshots, '000001-asked')).toMatchObject({
      ok: false,
      problem: { code: 'snapshot-damaged' }
    })
    expect(disk.paths().filter((path) => path.startsWith('restore/'))).toEqual([])
    expect(data(disk)).toEqual(before)
    snapshots.start()
    await time.run(26 * hourMs)
    await snapshots.stop()
    const [newest] = await snapshots.list()
    await must(stageRestore(disk, snapshots, newest?.name ?? ''))
  })
})

describe('going back', () => {
  async function changed(): Promise<ReturnType<typeof parts>> {
    const disk = await filled()
    const ours = parts(disk)
    await must(ours.snapshots.take('asked'))
    await disk.replace('settings.json', encodeDocument({ callsign: 'new' }))
    await disk.replace('peers.json', encodeDocument({ peers: ['new'] }))
    await disk.replace('identity.json', encodeDocument({ counter: 4 }))
    await grow(disk, segment, Buffer.from('new changes\n'))
    await grow(disk, trust, Buffer.from('a revocation\n'))
    await disk.replace(`missions/${'cd'.repeat(32)}/000001.jsonl`, Buffer.from('a new mission\n'))
    return ours
  }

  it('brings missions and settings back; decisions, keys and peers stay as they are', async () => {
    const { disk, snapshots, random } = await changed()
    const before = data(disk)
    const storeBefore = (await openStore(disk, random)).storeId
    await must(stageRestore(disk, snapshots, 'latest'))
    expect(data(disk)).toEqual(before)
    expect(await applyRestore(disk, random)).toBe('000001-asked')
    expect(data(disk)).toEqual({
      ...{ 'identity.json': before['identity.json'], 'peers.json': before['peers.json'], [trust]: before[trust] },
      'settings.json': encodeDocument({ callsign: 'old' }).toString(),
      [segment]: 'old changes\n'
    })
    const store = await openStore(disk, random)
    expect(store.storeId).not.toBe(storeBefore)
    expect(store.trustFrom).toBeUndefined()
    expect(disk.paths().filter((path) => /^(restore|damaged)\//.test(path))).toEqual([])
    expect(await applyRestore(disk, random)).toBeUndefined()
  })

  it('can be gone back on: what was replaced is a snapshot of its own', async () => {
    const { disk, snapshots, random } = await changed()
    const before = data(disk)
    await must(stageRestore(disk, snapshots, 'latest'))
    await applyRestore(disk, random)
    await must(stageRestore(disk, snapshots, '000002-restore'))
    await applyRestore(disk, random)
    expect(data(disk)).toEqual(before)
  })

  it.each([
    ['missing', (disk: SimDisk) => disk.lose(trust)],
    ['unreadable', (disk: SimDisk) => disk.alter(trust, (bytes) => bytes.fill(0xff))]
  ])('brings decisions back when the journal is %s, and remembers that they are old', async (_, harm) => {
    const { disk, snapshots, random } = await changed()
    harm(disk)
    await must(stageRestore(disk, snapshots, 'latest'))
    await applyRestore(disk, random)
    expect(data(disk)[trust]).toBe(`${trustHeader}old decisions\n`)
    expect((await openStore(disk, random)).trustFrom).toBe('snapshots/000001-asked')
  })

  it('brings keys back when they are missing', async () => {
    const { disk, snapshots, random } = await changed()
    disk.lose('identity.json')
    await must(stageRestore(disk, snapshots, 'latest'))
    await applyRestore(disk, random)
    expect(data(disk)['identity.json']).toBe(encodeDocument({ counter: 3 }).toString())
  })

  it('leaves the old or the new whole, wherever it is cut', async () => {
    const outcomes = { old: 0, new: 0 }
    for (let call = 1; ; call++) {
      const { disk, snapshots, random } = await changed()
      const before = data(disk)
      let calls = 0
      disk.faults.onCall = () => {
        if (++calls === call) throw systemError('EIO', 'cut')
      }
      const cutHere = async () => {
        const staged = await stageRestore(disk, snapshots, '000001-asked')
        if (staged.ok) await applyRestore(disk, random)
      }
      await cutHere().catch(() => undefined)
      const isWhole = calls < call
      // Twice more in vain, as on a disk that fails again at the next start.
      for (const again of [2, 4]) {
        calls = 0
        disk.faults.onCall = () => {
          if (++calls === again) throw systemError('EIO', 'cut again')
        }
        disk.crash()
        await applyRestore(disk, random).catch(() => undefined)
      }
      disk.faults.onCall = () => undefined
      disk.crash()
      await applyRestore(disk, random)
      const after = data(disk)
      const isOld = after[segment] === before[segment]
      expect(after, `cut at call ${String(call)}`).toEqual(
        isOld
          ? before
          : {
              ...{
                'identity.json': before['identity.json'],
                'peers.json': before['peers.json'],
                [trust]: before[trust]
              },
              'settings.json': encodeDocument({ callsign: 'old' }).toString(),
              [segment]: 'old changes\n'
            }
      )
      expect(disk.paths().filter((path) => path.startsWith('restore/'))).toEqual([])
      outcomes[isOld ? 'old' : 'new']++
      if (isWhole) break
    }
    expect(outcomes.old).toBeGreaterThan(10)
    expect(outcomes.new).toBeGreaterThan(10)
  })

  it('keeps what is replaced when no snapshot of it could be made', async () => {
    const { disk, snapshots, random } = await changed()
    disk.faults.capacity = bounds.snapshotReserveBytes
    await must(stageRestore(disk, snapshots, 'latest'))
    await applyRestore(disk, random)
    const kept = disk.paths().filter((path) => path.startsWith('damaged/restore.old.1/missions/'))
    expect(kept).toHaveLength(3)
  })
})

describe('the version of a folder', () => {
  it('of the first release becomes this one’s, with a snapshot before', async () => {
    const disk = await filled()
    const { open } = parts(disk)
    const opened = await must(open())
    expect((await opened.snapshots.list()).map(({ kind }) => kind)).toEqual(['migration'])
    expect((await must(opened.snapshots.read('000001-migration'))).folderVersion).toBe(1)
    expect((await disk.read('folder.json'))?.toString()).toBe(encodeDocument({ version: 2 }).toString())
    await must(open())
    expect(await opened.snapshots.list()).toHaveLength(1)
  })

  it('gets there wherever the way is cut', async () => {
    for (let call = 1; ; call++) {
      const disk = await filled(call)
      const before = data(disk)
      const { open } = parts(disk)
      let calls = 0
      disk.faults.onCall = () => {
        if (++calls === call) throw systemError('EIO', 'cut')
      }
      await open().catch(() => undefined)
      const isWhole = calls < call
      disk.faults.onCall = () => undefined
      disk.crash()
      const opened = await must(open())
      expect(opened.readOnly).toBeUndefined()
      expect(data(disk)).toEqual(before)
      expect((await disk.read('folder.json'))?.toString()).toBe(encodeDocument({ version: 2 }).toString())
      if (isWhole) break
    }
  })

  it('that cannot be read is found anew, and the file is kept', async () => {
    const disk = await filled()
    const { open } = parts(disk)
    await must(open())
    disk.alter('folder.json', (bytes) => bytes.fill('x'))
    await must(open())
    expect((await disk.read('folder.json'))?.toString()).toBe(encodeDocument({ version: 2 }).toString())
    expect(await disk.list('damaged')).toEqual(['folder.json.1'])
  })

  it('that is newer is only looked at', async () => {
    const disk = await filled()
    await disk.replace('folder.json', encodeDocument({ version: 3 }))
    const before = disk.copy()
    const { open } = parts(disk)
    const opened = await must(open())
    expect(opened.readOnly?.code).toBe('newer-data')
    await opened.disk.replace('settings.json', Buffer.from('lost'))
    expect(disk.copy()).toEqual(before)
  })
})

describe('the ID of a store', () => {
  it('stays from start to start, and is another one in a copy', async () => {
    const disk = await filled()
    const { open } = parts(disk)
    const { storeId } = (await must(open())).store
    expect((await must(open())).store.storeId).toBe(storeId)
    disk.restore(disk.copy())
    expect((await must(open())).store.storeId).not.toBe(storeId)
  })
})
