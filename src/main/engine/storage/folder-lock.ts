/**
 * One instance per data folder. A lock file names process and start time; a lock whose process is gone (crash, reboot)
 * is taken over, but only after checking that it is still the stale one.
 */
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, ok, type Result } from '@shared/result.js'
import { diskProblem, systemCode } from './disk.js'
import { makeFolder, placeOf } from './file-disk.js'

const lockName = 'lock'

export interface FolderLock {
  /** Facts for others on this machine, such as the API port; kept in the lock file. */
  publish(facts: Readonly<Record<string, string | number>>): Promise<void>
  release(): Promise<void>
}

export async function lockFolder(folder: string): Promise<Result<FolderLock>> {
  const path = join(folder, lockName)
  const mine = `${path}.${String(process.pid)}`
  let own: Holder
  try {
    await makeFolder(folder)
    own = { pid: process.pid, started: await startOf(process.pid), place: await placeOf(folder) }
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
      if (holder !== undefined && isHere(holder, own.place) && (await isAlive(holder))) return inUse(folder, holder)
      await removeStale(path, holder)
    }
    return fail('folder-in-use', `${folder}: the lock changes hands too often`)
  } finally {
    await unlink(mine).catch(() => undefined) // A leftover of a name that nobody else uses.
  }
}

/** Whether somebody holds a folder that is only looked at; writes nothing. */
export async function refuseHeld(folder: string): Promise<Result<null>> {
  const holder = await readLock(join(folder, lockName))
  const isHeld = holder !== undefined && isHere(holder, await placeOf(folder)) && (await isAlive(holder))
  return isHeld ? inUse(folder, holder) : ok(null)
}

function inUse(folder: string, { pid }: Holder): Result<never> {
  return fail('folder-in-use', `${folder} is used by process ${String(pid)}`)
}

/** A folder copied while its node ran holds a copy of the lock, of a process that never touches the copy. */
function isHere({ place }: Holder, here: string): boolean {
  return place === '' || place === here
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

/** What the process that holds a folder published last; `undefined` when nobody holds it. */
export async function publishedFacts(folder: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  if ((await refuseHeld(folder).catch(() => undefined))?.ok !== false) return undefined
  try {
    return JSON.parse(await readFile(join(folder, lockName), 'utf8')) as Readonly<Record<string, unknown>>
  } catch {
    return undefined // It ended meanwhile.
  }
}

interface Holder {
  readonly pid: number
  /** Kernel ticks since boot, where the system tells: a reused process number has another. */
  readonly started: string
  /** Which folder it holds; empty in locks of older versions. */
  readonly place: string
}

async function readLock(path: string): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || typeof holder.pid !== 'number')
      return undefined
    const started = 'started' in holder && typeof holder.started === 'string' ? holder.started : ''
    const place = 'place' in holder && typeof holder.place === 'string' ? holder.place : ''
    return { pid: holder.pid, started, place }
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
