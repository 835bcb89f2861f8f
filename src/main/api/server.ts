/** The local API and the window on loopback (docs/api.md): HTTP plumbing, limits and access around routes.ts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, Log } from '../engine/index.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, type Problem, type Result } from '@shared/result.js'
import { version } from '@shared/version.js'
import { Access, isOwnOrigin } from './access.js'
import { BundleTransfers } from './bundle-transfers.js'
import { FeedSockets } from './feed-socket.js'
import { contentCallOf, giveContent, takeContent, type ContentCall } from './content.js'
import { answerCall, type Reply } from './routes.js'
import { listWindowFiles } from '../window-files.js'

export interface ApiOptions {
  readonly engine: Engine
  readonly dataFolder: string
  /** 0: any free port. */
  readonly port: number
  /** Folder of the built window. */
  readonly windowFolder: string
  readonly log: Log
}

export interface Api {
  readonly port: number
  /** Writes the file that opens the window in a browser, good for a minute; returns its path. */
  writeDoor(): Promise<string>
  close(): Promise<void>
}

const bodyBytesMost = 8 * 1024 * 1024
const bodyWithinMs = 30_000

const pageHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store'
}

const statuses: Partial<Record<ProblemCode, number>> = {
  unauthorized: 401,
  'foreign-page': 403,
  'not-found': 404,
  'mission-unknown': 404,
  'not-yet': 501,
  'too-large': 413,
  'not-a-member': 403,
  'mission-read-only': 403,
  'not-an-owner': 403,
  outranked: 403,
  removed: 403,
  retired: 403,
  'federation-differs': 409,
  'node-locked': 423,
  'wrong-passphrase': 403,
  'unlock-too-soon': 429,
  'no-passphrase': 409,
  'under-passphrase': 409,
  'identity-in-use': 409,
  'pairing-none': 409,
  'pairing-busy': 409,
  'pairing-paused': 409,
  'bundle-exists': 409,
  'bundle-busy': 409,
  'bundle-piece-missing': 404,
  'disk-full': 507,
  'disk-read-only': 507,
  'disk-failed': 507,
  'no-room-for-snapshot': 507,
  'content-full': 507,
  'content-not-here': 404,
  stopping: 503,
  internal: 500
}

/** By programs and windows, while the keys of this node are under a passphrase that nobody gave. */
const answeredWhileLocked: ReadonlySet<string> = new Set([
  'POST session',
  'POST door',
  'POST unlock',
  'POST lock',
  'GET node'
])

export async function startApi(options: ApiOptions): Promise<Result<Api>> {
  const { engine, dataFolder, windowFolder, log } = options
  const access = new Access()
  const sockets = new FeedSockets(engine, access, log)
  const files = listWindowFiles(windowFolder)
  const transfers = await BundleTransfers.open(engine, dataFolder)
  const server = createServer()
  let doorWritten = Promise.resolve('')
  const listening = await listen(server, options.port)
  if (!listening.ok) return listening
  const port = listening.value

  // A file may take hours; other bodies have their own limit.
  server.requestTimeout = 0
  server.headersTimeout = bodyWithinMs
  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log('error', 'request-failed', { error: String(error) })
      if (!response.headersSent) sendProblem(response, fail('internal'))
    })
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (isOwnOrigin(request, port) && pathOf(request) === '/api/v1/feed') sockets.upgrade(request, socket, head)
    else socket.destroy()
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request)
    if (!isOwnOrigin(request, port)) {
      sendProblem(response, fail('foreign-page'))
    } else if (path === '/healthz') send(response, 200, { ok: true })
    else if (path === '/metrics') {
      if (access.isAuthorized(request)) sendMetrics(response, engine)
      else sendProblem(response, fail('unauthorized'))
    } else if (request.method === 'GET' && path.startsWith('/saved/')) {
      // A download carries no header of ours: who knows its address got it with a token.
      const isSent = await transfers.send(path.slice('/saved/'.length), response)
      if (!isSent) sendProblem(response, fail('not-found'))
    } else if (path.startsWith('/api/v1/')) await handleCall(request, response, path)
    else sendFile(request, response, path)
  }

  async function handleCall(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const isSession = request.method === 'POST' && path === '/api/v1/session'
    if (!isSession && !access.isAuthorized(request)) {
      sendProblem(response, fail('unauthorized'))
      return
    }
    const method = request.method ?? ''
    const parts = path.slice('/api/v1/'.length).split('/').map(decodePart)
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (engine.reach().isLocked === true && !answeredWhileLocked.has(`${method} ${parts.join('/')}`)) {
      sendProblem(response, fail('node-locked'))
      return
    }
    if (BundleTransfers.isOne(parts)) {
      const answered = await transfers.answer(request, parts, searchParams, () => readJson(request))
      if (answered.ok) send(response, answered.value.status, answered.value.json)
      else sendProblem(response, answered)
      return
    }
    const content = contentCallOf(method, parts, searchParams)
    if (content !== undefined) {
      if (content.ok) await handleContent(request, response, content.value)
      else sendProblem(response, content)
      return
    }
    const body = await readJson(request)
    if (!body.ok) sendProblem(response, body)
    else if (isSession) sendSession(response, body.value)
    else if (request.method === 'POST' && path === '/api/v1/door') send(response, 200, { path: await writeDoor() })
    else {
      const answered = await answerCall(engine, {
        method,
        path: parts,
        query: searchParams,
        body: body.value
      })
      if (answered.ok) sendReply(response, answered.value)
      else sendProblem(response, answered)
    }
  }

  async function handleContent(request: IncomingMessage, response: ServerResponse, call: ContentCall): Promise<void> {
    if (call.file !== undefined) {
      const given = await giveContent(engine, call, request, response)
      if (!given.ok) sendProblem(response, given)
      return
    }
    const taken = await takeContent(engine, call, request)
    if (taken.ok) send(response, 201, taken.value)
    else {
      // What is refused is not read to its end: it may be large.
      response.setHeader('Connection', 'close')
      sendProblem(response, taken)
      if (!request.complete) response.once('finish', () => request.destroy())
    }
  }

  function sendSession(response: ServerResponse, body: unknown): void {
    const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined
    const token = typeof code === 'string' ? access.exchange(code) : undefined
    if (token === undefined) {
      sendProblem(response, fail('unauthorized', 'the code is used, too old or wrong'))
      return
    }
    send(response, 200, { token })
    // The door that let this one in is used up: whoever loads the page anew finds another one.
    writeDoor().catch((error: unknown) => log('warn', 'door-not-written', { error: String(error) }))
  }

  function sendFile(request: IncomingMessage, response: ServerResponse, path: string): void {
    const file = request.method === 'GET' || request.method === 'HEAD' ? files.get(path) : undefined
    if (file === undefined) {
      sendProblem(response, fail('not-found'))
      return
    }
    response.writeHead(200, { ...pageHeaders, 'Content-Type': file.type })
    response.end(request.method === 'HEAD' ? undefined : file.read())
  }

  /** A file only its owner can read carries the code: nothing secret stands on a command line or in a log. */
  function writeDoor(): Promise<string> {
    // One after the other: they share a temporary file.
    doorWritten = doorWritten.then(writeNextDoor, writeNextDoor)
    return doorWritten
  }

  function writeNextDoor(): Promise<string> {
    const target = `http://127.0.0.1:${String(port)}/#code=${access.newCode()}`
    const page = `<!doctype html><meta charset="utf-8"><title>Muster</title><meta http-equiv="refresh" content="0;url=${target}">\n`
    return writePrivate(join(dataFolder, 'open.html'), page)
  }

  await writePrivate(join(dataFolder, 'api-token'), access.scriptToken)
  await writeDoor()
  return ok({
    port,
    writeDoor,
    async close() {
      sockets.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await transfers.close()
      // Both are of no use any more, and should not look as if they were.
      for (const name of ['api-token', 'open.html']) await unlink(join(dataFolder, name)).catch(() => undefined)
    }
  })
}

function listen(server: Server, port: number): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.on('error', (error) => resolve(fail('port-in-use', `API port ${String(port)}: ${error.message}`)))
    server.listen(port, '127.0.0.1', () => {
      const bound = server.address()
      resolve(ok(typeof bound === 'object' && bound !== null ? bound.port : port))
    })
  })
}

async function writePrivate(path: string, text: string): Promise<string> {
  // A new file each time: the mode of an existing one would stay as it is.
  const temporary = `${path}.new`
  await unlink(temporary).catch(() => undefined)
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
  await rename(temporary, path)
  return path
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

async function readJson(request: IncomingMessage): Promise<Result<unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  const timer = setTimeout(() => request.destroy(), bodyWithinMs)
  request.once('close', () => clearTimeout(timer))
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    // Read to the end without keeping it: cut off in the middle, most clients would not see the answer.
    if (length <= bodyBytesMost) chunks.push(chunk)
    else chunks.length = 0
    if (length > 8 * bodyBytesMost) return fail('too-large')
  }
  if (length > bodyBytesMost) return fail('too-large', `a request is at most ${String(bodyBytesMost)} bytes`)
  if (length === 0) return ok(undefined)
  try {
    return ok(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    return fail('bad-request', 'the body is not JSON')
  }
}

function sendReply(response: ServerResponse, reply: Reply): void {
  if ('json' in reply) {
    send(response, reply.status, reply.json)
    return
  }
  response.writeHead(reply.status, {
    'Content-Type': reply.type,
    'Content-Length': reply.bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff'
  })
  response.end(reply.bytes)
}

function send(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff'
  })
  response.end(status === 204 ? undefined : `${JSON.stringify(json)}\n`)
}

function sendProblem(response: ServerResponse, failed: { readonly ok: boolean; readonly problem?: Problem }): void {
  const { problem } = failed
  if (problem !== undefined) send(response, statuses[problem.code] ?? 400, problem)
}

/** Prometheus text format 0.0.4. */
function sendMetrics(response: ServerResponse, engine: Engine): void {
  const lines = Object.entries(engine.counters()).map(([name, value]) => `muster_${name} ${String(value)}`)
  lines.unshift(`muster_info{version="${version}"} 1`)
  lines.push(`process_resident_memory_bytes ${String(process.memoryUsage.rss())}`)
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
  response.end(`${lines.join('\n')}\n`)
}
