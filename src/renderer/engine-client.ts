/**
 * The window's one door to the engine: the functions that Electron's preload exposes, or a WebSocket where the window is
 * served to a browser. Nothing else here touches `window` or a socket. The token lives in this closure only.
 */
import type { ClientMessage, DesktopBridge, DesktopHost, EngineClient, ServerMessage } from '@shared/contract'
import type { FeedMessage } from '@shared/feed'
import type { MissionId } from '@shared/model'
import { isProblemCode } from '@shared/problems'
import { fail, ok, problem, type Result } from '@shared/result'
import { bundlesOnDesktop, bundlesOverHttp, type BundleHost } from './bundle-host'

declare global {
  interface Window {
    readonly muster?: DesktopBridge
  }
}

/** Absent in a browser. */
export function desktopHost(): DesktopHost | undefined {
  return window.muster
}

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  | { readonly state: 'lost'; readonly since: number; readonly nextTryAt: number }
  | { readonly state: 'closed'; readonly reason: 'no-code' | 'code-refused' }

/** Files of missions in a browser, over the local API; the desktop host moves bytes itself. */
export interface FileDoor {
  /** @param onSent so many bytes of it have left the window. */
  put(missionId: MissionId, file: File, onSent: (bytes: number) => void): Promise<Result<null>>
  /** Whole, for saving. */
  get(missionId: MissionId, file: string): Promise<Result<Blob>>
}

export interface WindowClient extends EngineClient {
  /** Absent in the desktop host. */
  readonly files?: FileDoor
  /** Says the present state at once, then every change of it; returns its undo. */
  onConnection(listener: (connection: Connection) => void): () => void
  /** A tile of a map file; `undefined` where the map has none. Rejects when it cannot be had. */
  tile(map: string, z: number, x: number, y: number, signal: AbortSignal): Promise<ArrayBuffer | undefined>
  /** Ends the wait before the next try. */
  reconnect(): void
  readonly bundles: BundleHost
}

/** The parts of `window` that are used, so that a test can stand in for them. */
export interface Host {
  readonly muster?: DesktopBridge
  readonly location: Pick<Location, 'hash' | 'host' | 'origin' | 'pathname' | 'protocol' | 'search'>
  readonly history: Pick<History, 'replaceState'>
  readonly WebSocket: new (url: string) => WebSocket
  fetch(url: string, init: RequestInit): Promise<Response>
  readonly XMLHttpRequest?: new () => XMLHttpRequest
  setTimeout(callback: () => void, delayMs: number): number
  clearTimeout(timer: number): void
}

const firstDelayMs = 250
const longestDelayMs = 8000
/** Close codes with which a server refuses who is speaking; trying again with the same token changes nothing. */
const refusals = [1008, 4001, 4003, 4401]

export function createEngineClient(host: Host = window as unknown as Host): WindowClient {
  return host.muster === undefined ? overSocket(host) : overBridge(host.muster, host)
}

function overBridge(bridge: DesktopBridge, host: Host): WindowClient {
  return {
    call: async (name, argument) => {
      try {
        return await bridge.call(name, argument)
      } catch (error) {
        return fail('internal', error instanceof Error ? error.message : String(error))
      }
    },
    subscribe: (listener) => bridge.subscribe(listener),
    onConnection: (listener) => {
      listener({ state: 'open' })
      return () => undefined
    },
    tile: (map, ...rest) => fetchTile(host, `/maps/${map}`, {}, ...rest),
    reconnect: () => undefined,
    bundles: bundlesOnDesktop(bridge)
  }
}

function overSocket(host: Host): WindowClient {
  const feedListeners = new Set<(message: FeedMessage) => void>()
  const connectionListeners = new Set<(connection: Connection) => void>()
  const pending = new Map<number, (result: Result<unknown>) => void>()
  const code = takeCode(host)
  let connection: Connection = { state: 'connecting' }
  let token: string | undefined
  let socket: WebSocket | undefined
  let nextId = 1
  let failures = 0
  let timer: number | undefined

  function become(next: Connection): void {
    connection = next
    for (const listener of connectionListeners) listener(next)
  }

  function send(message: ClientMessage): void {
    socket?.send(JSON.stringify(message))
  }

  async function connect(): Promise<void> {
    timer = undefined
    if (code === undefined) return become({ state: 'closed', reason: 'no-code' })
    try {
      token ??= await openSession(host, code)
    } catch {
      return lose()
    }
    if (token === undefined) return become({ state: 'closed', reason: 'code-refused' })
    openSocket(token)
  }

  function openSocket(withToken: string): void {
    const scheme = host.location.protocol === 'https:' ? 'wss' : 'ws'
    const opening = new host.WebSocket(`${scheme}://${host.location.host}/api/v1/feed`)
    let proved = false
    socket = opening
    opening.onopen = () => {
      send({ type: 'token', token: withToken })
      send({ type: 'subscribe' })
    }
    opening.onmessage = (event: MessageEvent<string>) => {
      // An open socket proves nothing: only an answer shows that the token was taken.
      if (!proved) {
        proved = true
        failures = 0
        become({ state: 'open' })
      }
      receive(JSON.parse(event.data) as ServerMessage)
    }
    opening.onclose = (event) => {
      if (socket !== opening) return
      socket = undefined
      if (!refusals.includes(event.code)) return lose()
      dropPending()
      become({ state: 'closed', reason: 'code-refused' })
    }
  }

  function receive(message: ServerMessage): void {
    if (message.type !== 'answer') {
      for (const listener of feedListeners) listener(message)
      return
    }
    pending.get(message.id)?.(message.result)
    pending.delete(message.id)
  }

  function dropPending(): void {
    const waiting = [...pending.values()]
    pending.clear()
    for (const settle of waiting) settle(fail('engine-lost', 'before the answer came'))
  }

  function lose(): void {
    dropPending()
    const base = Math.min(longestDelayMs, firstDelayMs * 2 ** failures++)
    // Jitter keeps several windows from knocking at the same moment.
    const delayMs = base * (0.8 + Math.random() * 0.4)
    const since = connection.state === 'lost' ? connection.since : Date.now()
    become({ state: 'lost', since, nextTryAt: Date.now() + delayMs })
    timer = host.setTimeout(() => void connect(), delayMs)
  }

  void connect()
  return {
    files: createFileDoor(host, () => token),
    call: (name, argument) =>
      new Promise((resolve) => {
        if (connection.state !== 'open') return resolve(fail('engine-lost'))
        const id = nextId++
        pending.set(id, resolve as (result: Result<unknown>) => void)
        send({ type: 'call', id, name, argument })
      }),
    subscribe: (listener) => {
      feedListeners.add(listener)
      if (connection.state === 'open') send({ type: 'subscribe' })
      return () => feedListeners.delete(listener)
    },
    onConnection: (listener) => {
      connectionListeners.add(listener)
      listener(connection)
      return () => connectionListeners.delete(listener)
    },
    tile: (map, ...rest) => fetchTile(host, `/api/v1/maps/${map}`, { authorization: `Bearer ${token ?? ''}` }, ...rest),
    reconnect: () => {
      if (timer === undefined) return
      host.clearTimeout(timer)
      failures = 0
      void connect()
    },
    bundles: bundlesOverHttp(async (path, init) => {
      if (token === undefined) return undefined
      const headers = { authorization: `Bearer ${token}` }
      return host.fetch(`${host.location.origin}${path}`, { ...init, headers }).catch(() => undefined)
    })
  }
}

async function fetchTile(
  host: Host,
  map: string,
  headers: Readonly<Record<string, string>>,
  z: number,
  x: number,
  y: number,
  signal: AbortSignal
): Promise<ArrayBuffer | undefined> {
  const path = `${map}/${String(z)}/${String(x)}/${String(y)}`
  const response = await host.fetch(`${host.location.origin}${path}`, { headers, signal })
  if (response.status === 204) return undefined
  if (!response.ok) throw new Error(`tile: HTTP ${String(response.status)}`)
  return response.arrayBuffer()
}

function createFileDoor(host: Host, token: () => string | undefined): FileDoor {
  const address = (missionId: MissionId, rest: string) =>
    `${host.location.origin}/api/v1/missions/${missionId}/content${rest}`
  const authorization = () => `Bearer ${token() ?? ''}`
  return {
    put: (missionId, file, onSent) =>
      new Promise((resolve) => {
        // Not fetch, which does not say how much of a body has left.
        const request = new (host.XMLHttpRequest ?? XMLHttpRequest)()
        request.open('PUT', address(missionId, `?name=${encodeURIComponent(file.name.toWellFormed())}`))
        request.setRequestHeader('authorization', authorization())
        request.setRequestHeader('content-type', file.type === '' ? 'application/octet-stream' : file.type)
        request.upload.onprogress = ({ loaded }) => onSent(loaded)
        request.onerror = () => resolve(fail('engine-lost', file.name))
        request.onload = () => resolve(request.status < 300 ? ok(null) : problemIn(request.responseText))
        request.send(file)
      }),
    async get(missionId, file) {
      try {
        const init = { headers: { authorization: authorization() } }
        const response = await host.fetch(address(missionId, `/${file}`), init)
        return response.ok ? ok(await response.blob()) : problemIn(await response.text())
      } catch (error) {
        return fail('engine-lost', error instanceof Error ? error.message : String(error))
      }
    }
  }
}

/** As the local API says it. */
function problemIn(text: string): Result<never> {
  try {
    const { code, detail } = JSON.parse(text) as { readonly code?: unknown; readonly detail?: unknown }
    if (isProblemCode(code))
      return { ok: false, problem: problem(code, typeof detail === 'string' ? detail : undefined) }
  } catch {
    // Not from the engine.
  }
  return fail('internal', text.slice(0, 200))
}

/** The code works once and must not stay where a history, a bookmark or a shoulder can read it. */
function takeCode(host: Host): string | undefined {
  const match = /^#code=([\w.~-]{1,256})$/.exec(host.location.hash)
  if (match === null) return undefined
  host.history.replaceState(null, '', host.location.pathname + host.location.search)
  return match[1]
}

/** `undefined`: the code was used before, or is too old. Throws when nobody answers. */
async function openSession(host: Host, code: string): Promise<string | undefined> {
  const response = await host.fetch(`${host.location.origin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code })
  })
  if (response.status === 401) return undefined
  if (!response.ok) throw new Error(`session: HTTP ${response.status}`)
  const body = (await response.json()) as { readonly token: string }
  return body.token
}
