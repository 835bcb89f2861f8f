/**
 * Bundles of a window in a browser, which has no paths: what it takes is sent here in slices, and what it writes is
 * fetched from an address that nobody can guess. In between the files lie in a folder beside the data that each start
 * and each end clears.
 */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, mkdir, rm, stat, statfs, unlink } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { bundleEnding, isBundleName, piecePattern } from '@shared/bundle-names.js'
import { safeFileName } from '@shared/file-name.js'
import { fail, ok, type Result } from '@shared/result.js'
import { callCommand, type Engine } from '../engine/index.js'

/** Longest slice of an upload. */
const sliceBytesMost = 8 * 1024 * 1024
/** Left free for the engine on the disk that holds the data too. */
const keptFreeBytes = 64 * 1024 * 1024
/** At once; the oldest is dropped. */
const uploadsMost = 4
const piecesMost = 999

interface Reply {
  readonly status: number
  readonly json: unknown
}

interface Upload {
  readonly folder: string
  /** As the window calls it, without the part that numbers a piece. */
  base?: string
  /** Any of its files. */
  path?: string
}

interface Saved {
  readonly path: string
  readonly name: string
  readonly size: number
}

export class BundleTransfers {
  readonly #engine: Engine
  readonly #folder: string
  readonly #uploads = new Map<string, Upload>()
  readonly #saved = new Map<string, Saved>()

  private constructor(engine: Engine, folder: string) {
    this.#engine = engine
    this.#folder = folder
  }

  static async open(engine: Engine, dataFolder: string): Promise<BundleTransfers> {
    const transfers = new BundleTransfers(engine, join(dataFolder, 'transfers'))
    await transfers.close()
    return transfers
  }

  /** Whether a call is answered here: its body may be no JSON. */
  static isOne(path: readonly string[]): boolean {
    return path[0] === 'bundles' && (path[1] === 'uploads' || path[1] === 'download')
  }

  /** @param readJson reads the body of a call that has JSON. */
  async answer(
    request: IncomingMessage,
    [, kind, id = '', name]: readonly string[],
    query: URLSearchParams,
    readJson: () => Promise<Result<unknown>>
  ): Promise<Result<Reply>> {
    const { method } = request
    if (method === 'POST' && kind === 'download') {
      const order = await readJson()
      return order.ok ? this.#write(order.value) : order
    }
    if (kind !== 'uploads') return fail('not-found')
    if (method === 'POST' && id === '') return this.#begin()
    const upload = this.#uploads.get(id)
    if (upload === undefined) return fail('not-found', 'no such upload')
    if (method === 'DELETE') {
      await this.#drop(id)
      return reply({})
    }
    if (method === 'PUT' && name !== undefined) return this.#append(upload, name, query, request)
    if (method !== 'POST' || upload.path === undefined) return fail('not-found', 'nothing was uploaded')
    const { path } = upload
    if (name === 'preview') return replyTo(await callCommand(this.#engine.commands, 'previewBundle', { path }))
    if (name !== 'import') return fail('not-found')
    const taken = await callCommand(this.#engine.commands, 'takeBundle', { path })
    if (taken.ok) await this.#drop(id)
    return replyTo(taken, 201)
  }

  /** Sends a written bundle, once: what arrived whole is not kept. */
  async send(secret: string, response: ServerResponse): Promise<boolean> {
    const saved = this.#saved.get(secret)
    if (saved === undefined) return false
    const ascii = saved.name.replace(/[^\w. -]/g, '_')
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': saved.size,
      'Content-Disposition': `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(saved.name)}`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff'
    })
    try {
      await pipeline(createReadStream(saved.path), response)
    } catch {
      return true // The browser gave up; the address stays good.
    }
    this.#saved.delete(secret)
    await unlink(saved.path).catch(() => undefined)
    return true
  }

  async close(): Promise<void> {
    this.#uploads.clear()
    this.#saved.clear()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #begin(): Promise<Result<Reply>> {
    for (const oldest of [...this.#uploads.keys()].slice(0, 1 - uploadsMost)) await this.#drop(oldest)
    const id = randomBytes(16).toString('hex')
    const made = await this.#makeFolder(id)
    if (!made.ok) return made
    this.#uploads.set(id, { folder: made.value })
    return reply({ id }, 201)
  }

  async #append(
    upload: Upload,
    name: string,
    query: URLSearchParams,
    request: IncomingMessage
  ): Promise<Result<Reply>> {
    const [, base = name, number, count] = piecePattern.exec(name) ?? []
    if (!isBundleName(name) || Number(count ?? 1) > piecesMost) return fail('not-a-bundle', name)
    if (upload.base !== undefined && upload.base !== base) return fail('bad-request', 'pieces of one bundle only')
    const slice = await readSlice(request)
    if (!slice.ok) return slice
    // No name from outside reaches the disk.
    const path = join(upload.folder, `upload${bundleEnding}${number === undefined ? '' : `.${number}of${count ?? ''}`}`)
    try {
      const held = await stat(path).then(
        ({ size }) => size,
        () => 0
      )
      if (Number(query.get('offset') ?? 0) !== held) return fail('bad-request', `${String(held)} bytes are here`)
      const { bavail, bsize } = await statfs(upload.folder)
      if (bavail * bsize < slice.value.length + keptFreeBytes) return fail('disk-full')
      await appendFile(path, slice.value, { mode: 0o600 })
      upload.base = base
      upload.path = path
      return reply({ size: held + slice.value.length })
    } catch (error) {
      return diskProblem(error)
    }
  }

  async #write(order: unknown): Promise<Result<Reply>> {
    if (typeof order !== 'object' || order === null) return fail('bad-request', 'an order')
    const { fileName, ...rest } = order as Record<string, unknown>
    if (typeof fileName !== 'string') return fail('bad-request', 'fileName: text')
    // One written bundle is kept: the one before is dropped.
    for (const [secret, { path }] of this.#saved) {
      this.#saved.delete(secret)
      await unlink(path).catch(() => undefined)
    }
    const made = await this.#makeFolder(randomBytes(16).toString('hex'))
    if (!made.ok) return made
    const request = { ...rest, path: join(made.value, safeFileName(fileName)) }
    const written = await callCommand(this.#engine.commands, 'writeBundle', request)
    if (!written.ok) {
      await rm(made.value, { recursive: true, force: true })
      return written
    }
    const files = written.value.files.map(({ name, size }) => {
      const secret = randomBytes(32).toString('base64url')
      this.#saved.set(secret, { path: join(made.value, name), name, size })
      return { name, size, href: `/saved/${secret}` }
    })
    return reply({ written: written.value, files }, 201)
  }

  async #makeFolder(name: string): Promise<Result<string>> {
    const folder = join(this.#folder, name)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return ok(folder)
    } catch (error) {
      return diskProblem(error)
    }
  }

  async #drop(id: string): Promise<void> {
    const upload = this.#uploads.get(id)
    this.#uploads.delete(id)
    if (upload !== undefined) await rm(upload.folder, { recursive: true, force: true })
  }
}

async function readSlice(request: IncomingMessage): Promise<Result<Buffer>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > sliceBytesMost) return fail('too-large', `a slice is at most ${String(sliceBytesMost)} bytes`)
    chunks.push(chunk)
  }
  return ok(Buffer.concat(chunks))
}

function diskProblem(error: unknown): Result<never> {
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
  return fail(isFull ? 'disk-full' : 'disk-failed', error instanceof Error ? error.message : String(error))
}

function reply(json: unknown, status = 200): Result<Reply> {
  return ok({ status, json })
}

function replyTo(result: Result<unknown>, status = 200): Result<Reply> {
  return result.ok ? reply(result.value, status) : result
}
