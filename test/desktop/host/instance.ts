/** One instance per profile, as Electron keeps it: the second leaves a note for the first, and knows at once. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, unlinkSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Note {
  readonly args: readonly string[]
  readonly folder: string
}

/** @returns false when another process holds the profile; it has been told. */
export function takeProfile(profile: string, onSecond: (args: readonly string[], folder: string) => void): boolean {
  const notes = join(profile, 'second')
  const lock = join(profile, 'instance')
  mkdirSync(notes, { recursive: true })
  if (isHeld(lock)) {
    const name = join(notes, randomUUID())
    writeFileSync(`${name}.new`, JSON.stringify({ args: process.argv, folder: process.cwd() } satisfies Note))
    renameSync(`${name}.new`, `${name}.note`)
    return false
  }
  writeFileSync(lock, String(process.pid))
  process.on('exit', () => rmSync(lock, { force: true }))
  const read = () => {
    for (const name of readdirSync(notes).filter((one) => one.endsWith('.note'))) {
      const { args, folder } = JSON.parse(readFileSync(join(notes, name), 'utf8')) as Note
      unlinkSync(join(notes, name))
      onSecond(args, folder)
    }
  }
  watch(notes, read).unref()
  return true
}

function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0)
    return true
  } catch {
    return false
  }
}
