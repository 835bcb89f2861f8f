/**
 * Small documents (settings and rebuildable projections) in lowdb, over an adapter of ours that is durable and checks
 * what it reads: lowdb's own writer does not sync. A damaged document is moved aside and reported, never taken as empty.
 */
import { Low, type Adapter } from 'lowdb'
import * as v from 'valibot'
import { fail, ok, type Result } from '@shared/result.js'
import { sha256 } from '../bytes/hash.js'
import type { Disk } from './disk.js'

const version = 1

const Envelope = v.object({
  muster: v.literal('document'),
  version: v.number(),
  /** SHA-256 of JSON.stringify(data), hex. */
  checksum: v.string(),
  data: v.unknown()
})

export interface Document<T> {
  /** `undefined` when there is no file yet; a problem when it is damaged (and, unless kept, was moved aside) or too new. */
  read(): Promise<Result<T | undefined>>
  /** Durable on return. Writes of one document follow each other. */
  write(data: T): Promise<void>
}

export function openDocument<T>(
  disk: Disk,
  path: string,
  schema: v.GenericSchema<unknown, T>,
  options: { readonly mode?: number; readonly keepDamaged?: boolean } = {}
): Document<T> {
  let outcome: Result<T | undefined> = ok(undefined)
  const adapter: Adapter<T | null> = {
    async read() {
      const bytes = await disk.read(path)
      outcome = bytes === undefined ? ok(undefined) : parseDocument(bytes, schema)
      return outcome.ok ? (outcome.value ?? null) : null
    },
    write: (data) => disk.replace(path, encodeDocument(data), options)
  }
  const low = new Low<T | null>(adapter, null)
  let last: Promise<void> = Promise.resolve()

  return {
    async read() {
      await low.read()
      const isDamaged = !outcome.ok && outcome.problem.code === 'file-damaged'
      if (isDamaged && options.keepDamaged !== true) await moveAside(disk, path)
      return outcome
    },
    write(data) {
      const next = last.then(() => {
        low.data = data
        return low.write()
      })
      last = next.catch(() => undefined) // The caller of this write gets the error; the next write starts afresh.
      return next
    }
  }
}

export function encodeDocument(data: unknown): Buffer {
  const checksum = checksumOf(data)
  return Buffer.from(`${JSON.stringify({ muster: 'document', version, checksum, data }, null, 2)}\n`)
}

export function parseDocument<T>(bytes: Buffer, schema: v.GenericSchema<unknown, T>): Result<T> {
  const envelope = parseEnvelope(bytes)
  if (typeof envelope === 'string') return fail('file-damaged', envelope)
  if (envelope.version > version) return fail('newer-data', `version ${String(envelope.version)}`)
  if (envelope.actual !== envelope.checksum) return fail('file-damaged', 'checksum differs')
  const data = v.safeParse(schema, envelope.data)
  return data.success ? ok(data.output) : fail('file-damaged', v.summarize(data.issues))
}

function parseEnvelope(bytes: Buffer): (v.InferOutput<typeof Envelope> & { readonly actual: string }) | string {
  try {
    const envelope = v.safeParse(Envelope, JSON.parse(bytes.toString('utf8')))
    if (!envelope.success) return 'not a document of ours'
    // Also in here: what is nested deep enough can be read, but not written again.
    return { ...envelope.output, actual: checksumOf(envelope.output.data) }
  } catch (error) {
    return String(error)
  }
}

function checksumOf(data: unknown): string {
  return sha256(JSON.stringify(data)).toString('hex')
}

/** Keeps damaged bytes for whoever can read them: `damaged/<path with dots>.<n>`. Returns where they are now. */
export async function moveAside(disk: Disk, path: string): Promise<string> {
  const base = path.replaceAll('/', '.')
  const taken = new Set(await disk.list('damaged'))
  let number = 1
  while (taken.has(`${base}.${String(number)}`)) number++
  const target = `damaged/${base}.${String(number)}`
  await disk.move(path, target)
  return target
}
