/** Files of missions over the local API (docs/api.md): bytes in and out as streams, of any size, never as a page. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { Engine } from '../engine/index.js'
import { safeFileName } from '@shared/file-name.js'
import type { MissionId } from '@shared/model.js'
import { fail, type Result } from '@shared/result.js'

/** Longer than a disk may take to answer, and no program sends nothing for so long. */
const silenceMostMs = 120_000

const idPattern = /^[0-9a-f]{64}$/

export interface ContentCall {
  readonly mission: MissionId
  /** SHA-256; absent: a new file comes. */
  readonly file: string | undefined
  readonly query: URLSearchParams
}

/** What is asked for, if it is about a file; a problem when a name in it is none. */
export function contentCallOf(
  method: string,
  [first, mission = '', second, file, ...more]: readonly string[],
  query: URLSearchParams
): Result<ContentCall> | undefined {
  const isPut = method === 'PUT' && file === undefined
  const isGet = (method === 'GET' || method === 'HEAD') && file !== undefined
  if (first !== 'missions' || second !== 'content' || more.length > 0 || !(isPut || isGet)) return undefined
  if (!idPattern.test(mission)) return fail('bad-request', 'a mission ID: 64 hexadecimal digits')
  if (file !== undefined && !idPattern.test(file)) return fail('bad-request', 'SHA-256: 64 hexadecimal digits')
  return { ok: true, value: { mission: mission as MissionId, file, query } }
}

/** Takes the body as a file. */
export async function takeContent(
  engine: Engine,
  { mission, query }: ContentCall,
  request: IncomingMessage
): Promise<Result<{ readonly sha256: string; readonly size: number }>> {
  const length = Number(request.headers['content-length'])
  request.setTimeout(silenceMostMs, () => request.destroy())
  const name = query.get('name') ?? 'file'
  const mime = request.headers['content-type']?.split(';', 1)[0]?.trim()
  let isCut = false
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) yield chunk
    } catch (error) {
      isCut = true
      throw error
    }
  }
  try {
    const known = Number.isSafeInteger(length) && length >= 0 ? length : undefined
    return await engine.contents.add(mission, { name, mime, length: known }, bytes())
  } catch (error) {
    if (isCut) return fail('bad-request', 'the body ended too early')
    throw error
  }
}

/** Sends the bytes; a problem instead if there are none to send. */
export async function giveContent(
  engine: Engine,
  { mission, file = '' }: ContentCall,
  request: IncomingMessage,
  response: ServerResponse
): Promise<Result<null>> {
  const opened = await engine.contents.open(mission, file)
  if (!opened.ok) return opened
  const { size, name, type, read } = opened.value
  const range = rangeOf(request.headers.range, size)
  const headers = {
    'Content-Type': type,
    'Content-Disposition': `attachment; filename*=UTF-8''${encoded(safeFileName(name))}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Accept-Ranges': 'bytes',
    ETag: `"${file}"`
  }
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'Content-Range': `bytes */${String(size)}` }).end()
    return { ok: true, value: null }
  }
  const [from, to] = range ?? [0, size]
  const part = range === undefined ? {} : { 'Content-Range': `bytes ${String(from)}-${String(to - 1)}/${String(size)}` }
  response.writeHead(range === undefined ? 200 : 206, { ...headers, ...part, 'Content-Length': to - from })
  if (request.method === 'HEAD') response.end()
  else await send(response, read(from, to))
  return { ok: true, value: null }
}

/** Cut in the middle when it cannot be read to its end: the length that was promised tells the other side. */
async function send(response: ServerResponse, parts: AsyncGenerator<Buffer>): Promise<void> {
  try {
    for await (const bytes of parts) {
      if (response.destroyed) return
      if (!response.write(bytes)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    response.end()
  } catch (error) {
    response.destroy()
    throw error
  }
}

/** One range (RFC 9110, section 14); several, or what is none, count as if nothing was said. */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  return from < to ? [from, to] : 'unsatisfiable'
}

/** RFC 8187: also the signs that encodeURIComponent leaves. */
function encoded(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}
