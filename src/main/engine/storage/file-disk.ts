/** The real disk: node:fs with the syncs that durability needs (platform notes in docs/protocol/disk.md). */
import { constants, type Stats } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemCode, type Disk, type FileFacts, type LogFile } from './disk.js'

/** Ends the name of a file that `replace` was writing when the power went. */
const unfinished = '.new'

/**
 * How an append becomes durable. `one call`: the file is opened with O_DSYNC, so a write returns as if fdatasync had
 * followed (open(2) of Linux), and the way to the disk and back through the thread pool is taken once. `two calls`: a
 * write and then fdatasync. Elsewhere than on Linux always that: Windows has no O_DSYNC, and on macOS such a write may
 * stay in the drive's cache, which Node's fdatasync empties (F_FULLFSYNC).
 */
export type DurableAppend = 'one call' | 'two calls'

export interface FileDiskOptions {
  readonly durableAppend?: DurableAppend
  /** Of files that are made; those of a data folder are for their owner alone. */
  readonly mode?: number
}

export function createFileDisk(folder: string, options: FileDiskOptions = {}): Disk {
  const { durableAppend = process.platform === 'linux' ? 'one call' : 'two calls', mode: usualMode = 0o600 } = options
  const syncFlag = durableAppend === 'one call' ? constants.O_DSYNC : 0
  const at = (path: string) => join(folder, ...path.split('/'))
  return {
    async read(path) {
      try {
        return await readFile(at(path))
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined
        throw error
      }
    },

    async replace(path, bytes, options) {
      const target = at(path)
      await makeFolder(dirname(target))
      const temporary = target + unfinished
      try {
        const file = await open(temporary, 'w', options?.mode ?? usualMode)
        try {
          await file.writeFile(bytes)
          await file.sync()
        } finally {
          await file.close()
        }
        await renamePatiently(temporary, target)
      } catch (error) {
        // A part of it would take room on a disk that may be full. The first error says more than one of this.
        await unlink(temporary).catch(() => undefined)
        throw error
      }
      await syncFolder(dirname(target))
    },

    async openLog(path, durable = 'at append') {
      const target = at(path)
      await makeFolder(dirname(target))
      const flag = durable === 'at append' ? syncFlag : 0
      const file = await open(target, constants.O_RDWR | constants.O_CREAT | flag, usualMode)
      await syncFolder(dirname(target))
      let size = (await file.stat()).size
      const log: LogFile = {
        get size() {
          return size
        },
        async append(...parts) {
          // The system may take less than there is: the rest goes as one.
          for (let left: readonly Uint8Array[] = parts; left.length > 0;) {
            const [first] = left
            const isOne = left.length === 1 && first !== undefined
            const { bytesWritten } = await (isOne ? file.write(first, 0, first.length, size) : file.writev(left, size))
            size += bytesWritten
            left = without(left, bytesWritten)
          }
          if (durable === 'at append' && flag === 0) await file.datasync()
        },
        sync: () => file.datasync(),
        async truncate(to) {
          await file.truncate(to)
          size = to
          await file.sync()
        },
        close: () => file.close()
      }
      return log
    },

    async list(path) {
      try {
        return (await readdir(at(path))).filter((name) => !name.endsWith(unfinished))
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return []
        throw error
      }
    },

    async move(from, to) {
      await makeFolder(dirname(at(to)))
      await renamePatiently(at(from), at(to))
      await syncFolder(dirname(at(to)))
      await syncFolder(dirname(at(from)))
    },

    async remove(path) {
      await rm(at(path), { recursive: true, force: true, maxRetries: 5 })
      if (await isThere(dirname(at(path)))) await syncFolder(dirname(at(path)))
    },

    async facts(path) {
      const found = await statIfThere(at(path))
      return found?.isFile() === true ? factsOf(path, found) : undefined
    },

    async files(path) {
      const found: FileFacts[] = []
      const below = [path]
      for (let next = below.pop(); next !== undefined; next = below.pop()) {
        for (const name of await this.list(next)) {
          const one = `${next}/${name}`
          const stats = await statIfThere(at(one)) // It may be gone since it was listed.
          if (stats?.isDirectory() === true) below.push(one)
          else if (stats?.isFile() === true) found.push(factsOf(one, stats))
        }
      }
      return found.sort((one, other) => (one.path < other.path ? -1 : 1))
    },

    async readPart(path, offset, length) {
      const file = await open(at(path), 'r')
      try {
        const buffer = Buffer.allocUnsafe(length)
        let done = 0
        while (done < length) {
          const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
          if (bytesRead === 0) break
          done += bytesRead
        }
        return buffer.subarray(0, done)
      } finally {
        await file.close()
      }
    },

    async free() {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    },

    async place() {
      return placeOf(folder)
    }
  }
}

/** Number and time of birth of the folder itself: they survive a restart and a new name, and no copy has them. */
export async function placeOf(folder: string): Promise<string> {
  const { ino, birthtimeNs } = await stat(folder, { bigint: true })
  return `${String(ino)}.${String(birthtimeNs)}`
}

function factsOf(path: string, { size, mtimeMs }: Stats): FileFacts {
  return { path, size, modified: mtimeMs }
}

/**
 * Makes a folder and those above it, each durable. By hand, because `mkdir` with `recursive` never returns below a folder
 * that lists nothing and takes nothing, such as /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error
    if (await isThere(dirname(path))) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
  await syncFolder(dirname(path))
}

async function isThere(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== undefined
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** On Windows a scanner may hold a file for a moment; never fall back to overwriting it in place. */
async function renamePatiently(from: string, to: string): Promise<void> {
  const deadline = performance.now() + 10_000
  for (let pause = 10; ; pause = Math.min(pause * 2, 500)) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      const held = process.platform === 'win32' && ['EPERM', 'EBUSY', 'EACCES'].includes(systemCode(error) ?? '')
      if (!held || performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/** Makes a rename or a new file durable. Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** What is left of some bytes when the first so many are gone. */
function without(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (bytes >= length) return []
  return [Buffer.concat(parts).subarray(bytes)]
}
