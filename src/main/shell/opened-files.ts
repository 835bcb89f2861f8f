/** Files opened from outside (double click, command line, second start): read with caps, shown to the window, never acted upon. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { isBundleName, isReceiptName } from '@shared/bundle-names.js'
import type { OpenedFiles } from '@shared/contract.js'
import { fail, ok, type Result } from '@shared/result.js'

const filesMost = 10
const bytesMost = 1024 * 1024

/** All of them or none: half a set could look complete. */
export async function readOpenedFiles(paths: readonly string[]): Promise<Result<OpenedFiles>> {
  if (paths.length > filesMost) return fail('certificate-file-too-large', `${String(paths.length)} files`)
  const files: string[] = []
  let left = bytesMost
  for (const path of paths) {
    const read = await readCapped(path, left)
    if (!read.ok) return read
    left -= read.value.length
    files.push(read.value.toString('base64'))
  }
  return ok({ names: paths.map((path) => basename(path)), files })
}

async function readCapped(path: string, most: number): Promise<Result<Buffer>> {
  try {
    // Not blocking: a named pipe would keep us waiting for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await file.stat()).isFile()) return fail('not-found', `${basename(path)} is not a file`)
      // One byte more than allowed, whatever its size was said to be: it may grow while it is read.
      const buffer = Buffer.alloc(most + 1)
      let length = 0
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length)
        length += bytesRead
        if (length > most) return fail('certificate-file-too-large', basename(path))
        if (bytesRead === 0) return ok(buffer.subarray(0, length))
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    return fail('not-found', error instanceof Error ? error.message : String(error))
  }
}

export interface FileInbox {
  open(paths: readonly string[]): void
  /** The window takes files from now on, or no more; what waits is given at once. */
  receiver(give: Give<OpenedFiles>): void
  /** The same for bundles and receipts, which are passed on by their path: a bundle may be larger than memory. */
  bundleReceiver(give: Give<string>): void
}

type Give<Opened> = ((opened: Opened) => void) | undefined

/** Keeps what was opened until the window takes it; the newest opening replaces one that still waits. */
export function createFileInbox(onRefused: (refused: Extract<Result<never>, { ok: false }>) => void): FileInbox {
  const files = createSlot<OpenedFiles>()
  const bundles = createSlot<string>()
  return {
    open(paths) {
      const [bundle] = paths.filter(isOfBundles)
      // Of several pieces any one names the others.
      if (bundle !== undefined) bundles.put(bundle)
      const others = paths.filter((path) => !isOfBundles(path))
      if (others.length === 0) return
      void readOpenedFiles(others).then((read) => {
        if (read.ok) files.put(read.value)
        else onRefused(read)
      })
    },
    receiver: files.receiver,
    bundleReceiver: bundles.receiver
  }
}

function isOfBundles(path: string): boolean {
  return isBundleName(basename(path)) || isReceiptName(basename(path))
}

function createSlot<Opened>() {
  let waiting: Opened | undefined
  let give: Give<Opened>
  function hand(): void {
    if (waiting === undefined || give === undefined) return
    const opened = waiting
    waiting = undefined
    give(opened)
  }
  return {
    put(opened: Opened) {
      waiting = opened
      hand()
    },
    receiver(next: Give<Opened>) {
      give = next
      hand()
    }
  }
}
