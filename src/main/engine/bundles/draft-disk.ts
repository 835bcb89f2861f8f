/**
 * A folder of a disk for what counts only once all of it is there: what is appended becomes durable when a file is closed,
 * not at each sync. Hundreds of syncs of a slow disk are saved; until the commit nobody relies on any of them.
 */
import type { Disk, LogFile } from '../storage/disk.js'
import { diskBelow } from '../storage/disk-below.js'

/** @param onFailed hears of a file that could not be made durable; whoever closed it may not ask. */
export function draftDisk(disk: Disk, folder: string, onFailed: (error: unknown) => void): Disk {
  const below = diskBelow(disk, folder)
  return { ...below, openLog: async (path) => late(await below.openLog(path, 'at sync'), onFailed) }
}

function late(file: LogFile, onFailed: (error: unknown) => void): LogFile {
  return {
    get size() {
      return file.size
    },
    append: (...parts) => file.append(...parts),
    sync: () => Promise.resolve(),
    truncate: (size) => file.truncate(size),
    async close() {
      try {
        await file.sync()
      } catch (error) {
        onFailed(error)
        throw error
      } finally {
        await file.close()
      }
    }
  }
}
