import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, type Result } from '@shared/result.js'

/**
 * What the engine asks of a disk. One data folder, paths relative to it with forward slashes. The real one is
 * file-disk.ts; the simulated one loses and tears what was not synced, fills up and fails on purpose. Both pass
 * test/contracts/disk.ts. Every call may reject with an error whose `code` is a system error name (ENOSPC, EIO, …).
 */
export interface Disk {
  /** The whole file, or `undefined` when there is none. */
  read(path: string): Promise<Buffer | undefined>
  /** Replaces a file so that after a crash either the old or the new content is there, whole; durable on return. */
  replace(path: string, bytes: Uint8Array, options?: { readonly mode?: number }): Promise<void>
  /** Opens for appending, creating the file if there is none; its existence is durable on return. */
  openLog(path: string, durable?: Durable): Promise<LogFile>
  /** Names in a folder (`.`: the whole), without what a power cut left of a `replace`; empty when the folder does not exist. */
  list(folder: string): Promise<readonly string[]>
  /** Durable on return; creates the target's folder. */
  move(from: string, to: string): Promise<void>
  /** A file or a folder with all that is in it; nothing happens when there is none. Durable on return. */
  remove(path: string): Promise<void>
  /** `undefined` when there is no file by this name. */
  facts(path: string): Promise<FileFacts | undefined>
  /** Every file below a folder, by path; empty when the folder does not exist. */
  files(folder: string): Promise<readonly FileFacts[]>
  /** A part of a file; shorter, or empty, where the file ends. Rejects when there is none. */
  readPart(path: string, offset: number, length: number): Promise<Buffer>
  /** Bytes that can still be written. */
  free(): Promise<number>
  /** Names where this folder lies: a copy of it has another one. */
  place(): Promise<string>
}

export interface FileFacts {
  readonly path: string
  readonly size: number
  /** Another one than before once the file was written to; of no use as a time. */
  readonly modified: number
}

/** When what is appended to a file is durable. Left out: at each append. `at sync`: for what counts only once it is whole. */
export type Durable = 'at append' | 'at sync'

/** A file that only grows, but for cutting a torn tail. Calls on one file are made one at a time by its owner. */
export interface LogFile {
  readonly size: number
  /**
   * Writes at the end, all parts at once. Durable on return, or, for a file opened so, only after `sync`. Until then a
   * power cut may lose or tear it, and after a failure the tail is undefined: reads may show what no later call makes
   * durable (fsyncgate).
   */
  append(...parts: readonly Uint8Array[]): Promise<void>
  /** Makes durable what is there: of a file whose appends are, what was found when it was opened. */
  sync(): Promise<void>
  /** Cuts to a length and makes that durable. */
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What the disk gives is not what was stored. */
export class DamageFound extends Error {}

/** What a person is told about a failed call. */
export function diskProblem(
  error: unknown
): ProblemCode & ('disk-full' | 'disk-read-only' | 'disk-failed' | 'file-damaged') {
  if (error instanceof DamageFound) return 'file-damaged'
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'disk-full'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'disk-read-only'
    default:
      return 'disk-failed'
  }
}

/** The outcome of work on the disk; any other error is a bug and stays one. */
export async function kept<T>(work: Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work)
  } catch (error) {
    if (systemCode(error) === undefined && !(error instanceof DamageFound)) throw error
    return fail(diskProblem(error), String(error))
  }
}
