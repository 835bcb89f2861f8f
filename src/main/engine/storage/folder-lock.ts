/**
 * One instance per data folder. A lock file names process and start time; a lock whose process is gone (crash, reboot)
 * is taken over, but only after checking that it is still the stale one.
 */
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, ok, type Result } from '@shared/result.js'
import { diskProblem, systemCode } from './disk.js'
import { makeFolder } from './file-disk.js'

const lockName = 'lock'

export interface FolderLock {
  /** Facts for others on this machine, such as the API port; kept in the lock file. */
  publish(facts: Readonly<Record<string, string | number>>): Promise<void>
  release(): Promise<void>
}

export async function lockFolder(folder: string): Promise<Result<FolderLock>> {
  const path = join(folder, lockName)
  const mine = `${path}.${String(process.pid)}`
  const own = { pid: process.pid, started: await startOf(process.pid) }
  try {
    await makeFolder(folder)
    await writeFile(mine, JSON.stringify(own), { mode: 0o600 })
  } catch (error) {
    return fail(diskProblem(error), `${folder}: ${String(error)}`)
  }
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        await link(mine, path) // Fails if the name exists: the one atomic step.
        return ok(createLock(path, own))
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') return fail(diskProblem(error), String(error))
      }
      const holder = await readLock(path)
      if (holder !== undefined && (await isAlive(holder)))
        return fail('folder-in-use', `${folder} is used by process ${String(holder.pid)}`)
      await removeStale(path, holder)
    }
    return fail('folder-in-use', `${folder}: the lock changes hands too often`)
  } finally {
    await unlink(mine).catch(() => undefined) // A leftover of a name that nobody else uses.
  }
}

function createLock(path: string, own: Holder): FolderLock {
  return {
    async publish(facts) {
      const temporary = `${path}.facts`
      await writeFile(temporary, JSON.stringify({ ...own, ...facts }), { mode: 0o600 })
      await rename(temporary, path)
    },
    async release() {
      const holder = await readLock(path)
      if (holder?.pid === own.pid) await unlink(path)
    }
  }
}

interface Holder {
  readonly pid: number
  /** Kernel ticks since boot, where the system tells: a reused process number has another. */
  readonly started: string
}

async function readLock(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || typeof holder.pid !== 'number')
      return undefined
    const started = 'started' in holder && typeof holder.started === 'string' ? holder.started : ''
    return { pid: holder.pid, started }
  } catch {
    return undefined // Not there, or torn by a crash while it was written: nobody holds it.
  }
}

/** Moves the stale lock away, and back again if another process was faster and this is a new one. */
async function removeStale(path: string, stale: Holder | undefined): Promise<void> {
  const aside = `${path}.stale.${String(process.pid)}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const moved = await readLock(aside)
  if (moved?.pid !== stale?.pid || moved?.started !== stale?.started) await link(aside, path).catch(() => undefined)
  await unlink(aside)
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false
  }
  const started = await startOf(holder.pid)
  return started === '' || holder.started === '' || started === holder.started
}

/** Field 22 of /proc/PID/stat (proc(5)); empty where there is no such file. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
