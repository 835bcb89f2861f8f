import { describe, expect, it, vi } from 'vitest'
import type { DesktopBridge } from '@shared/contract'
import type { FeedMessage } from '@shared/feed'
import { ok } from '@shared/result'
import { createEngineClient, type Connection, type Host } from '@/engine-client'
import { richField } from '../window/recorded'

class FakeSocket {
  static readonly all: FakeSocket[] = []
  readonly sent: unknown[] = []
  onopen: (() => void) | undefined
  onmessage: ((event: { data: string }) => void) | undefined
  onclose: ((event: { code: number }) => void) | undefined

  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  receive(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

interface Page {
  readonly host: Host
  readonly replaced: string[]
  readonly asked: { readonly url: string; readonly body: unknown }[]
  readonly timers: (() => void)[]
}

function page(hash: string, answer: () => Promise<Partial<Response>>): Page {
  FakeSocket.all.length = 0
  const replaced: string[] = []
  const asked: { url: string; body: unknown }[] = []
  const timers: (() => void)[] = []
  const host = {
    location: {
      hash,
      host: '127.0.0.1:4711',
      origin: 'http://127.0.0.1:4711',
      pathname: '/',
      protocol: 'http:',
      search: ''
    },
    history: { replaceState: (_data: unknown, _title: string, url: string) => replaced.push(url) },
    WebSocket: FakeSocket,
    fetch: async (url: string, init: RequestInit) => {
      asked.push({ url, body: JSON.parse(String(init.body)) })
      return answer()
    },
    setTimeout: (callback: () => void) => timers.push(callback),
    clearTimeout: () => undefined
  } as unknown as Host
  return { host, replaced, asked, timers }
}

const granted = async (): Promise<Partial<Response>> => ({
  ok: true,
  status: 200,
  json: async () => ({ token: 'secret' })
})
const snapshot: FeedMessage = { type: 'snapshot', revision: 7, overview: richField(1_700_000_000_000).overview }

async function lastSocket(count = 1): Promise<FakeSocket> {
  await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(count))
  const socket = FakeSocket.all.at(-1)
  if (socket === undefined) throw new Error('no socket was opened')
  return socket
}

async function openClient(hash = '#code=one-time') {
  const opened = page(hash, granted)
  const client = createEngineClient(opened.host)
  const states: Connection[] = []
  client.onConnection((state) => states.push(state))
  const socket = await lastSocket()
  socket.onopen?.()
  return { ...opened, client, states, socket }
}

describe('in a browser', () => {
  it('trades the code of the address for a token once and clears the address', async () => {
    const { asked, replaced, socket } = await openClient()
    expect(replaced).toEqual(['/'])
    expect(asked).toEqual([{ url: 'http://127.0.0.1:4711/api/v1/session', body: { code: 'one-time' } }])
    expect(socket.url).toBe('ws://127.0.0.1:4711/api/v1/feed')
    expect(socket.sent).toEqual([{ type: 'token', token: 'secret' }, { type: 'subscribe' }])
  })

  it('says that it is open only after the engine has answered', async () => {
    const { states, socket } = await openClient()
    expect(states.at(-1)).toEqual({ state: 'connecting' })
    socket.receive(snapshot)
    expect(states.at(-1)).toEqual({ state: 'open' })
  })

  it('gives the answer to the call it belongs to', async () => {
    const { client, socket } = await openClient()
    socket.receive(snapshot)
    const first = client.call('tryNow', {})
    const second = client.call('createMission', { name: 'Karst' })
    socket.receive({ type: 'answer', id: 2, result: { ok: true, value: { id: 'm' } } })
    socket.receive({ type: 'answer', id: 1, result: { ok: true, value: null } })
    expect(await first).toEqual({ ok: true, value: null })
    expect(await second).toEqual({ ok: true, value: { id: 'm' } })
    expect(socket.sent.slice(2)).toEqual([
      { type: 'call', id: 1, name: 'tryNow', argument: {} },
      { type: 'call', id: 2, name: 'createMission', argument: { name: 'Karst' } }
    ])
  })

  it('fails what was under way when the connection is lost, and what is asked afterwards', async () => {
    const { client, socket, states } = await openClient()
    socket.receive(snapshot)
    const pending = client.call('tryNow', {})
    socket.onclose?.({ code: 1006 })
    expect(await pending).toMatchObject({ ok: false, problem: { code: 'engine-lost' } })
    expect(await client.call('tryNow', {})).toMatchObject({ ok: false })
    expect(states.at(-1)).toMatchObject({ state: 'lost' })
  })

  it('opens the feed again with the same token, and later and later', async () => {
    const { socket, timers, asked, states, client } = await openClient()
    const heard: FeedMessage[] = []
    client.subscribe((message) => heard.push(message))
    socket.receive(snapshot)
    const waits: number[] = []
    client.onConnection((state) => {
      if (state.state === 'lost') waits.push(state.nextTryAt - Date.now())
    })
    socket.onclose?.({ code: 1006 })
    timers.at(-1)?.()
    const second = await lastSocket(2)
    second.onclose?.({ code: 1006 })
    timers.at(-1)?.()
    const third = await lastSocket(3)
    third.onopen?.()
    third.receive({ ...snapshot, revision: 1 })
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0)
    expect(asked).toHaveLength(1)
    expect(third.sent).toEqual([{ type: 'token', token: 'secret' }, { type: 'subscribe' }])
    expect(states.at(-1)).toEqual({ state: 'open' })
    expect(heard.map((message) => message.revision)).toEqual([7, 1])
  })

  it('tries at once when a person asks for it', async () => {
    const { socket, client } = await openClient()
    socket.receive(snapshot)
    socket.onclose?.({ code: 1006 })
    client.reconnect()
    expect(await lastSocket(2)).toBeDefined()
  })

  it.each(['', '#/peers', '#code=', '#code=a b'])('closes without a code in %j and asks nobody', async (hash) => {
    const { host, asked } = page(hash, granted)
    const states: Connection[] = []
    createEngineClient(host).onConnection((state) => states.push(state))
    await vi.waitFor(() => expect(states.at(-1)).toEqual({ state: 'closed', reason: 'no-code' }))
    expect(asked).toEqual([])
  })

  it('closes when the code was used or is too old', async () => {
    const { host } = page('#code=used', async () => ({ ok: false, status: 401 }))
    const states: Connection[] = []
    createEngineClient(host).onConnection((state) => states.push(state))
    await vi.waitFor(() => expect(states.at(-1)).toEqual({ state: 'closed', reason: 'code-refused' }))
    expect(FakeSocket.all).toEqual([])
  })

  it('closes when the engine refuses the token of an earlier start', async () => {
    const { socket, states } = await openClient()
    socket.onclose?.({ code: 4401 })
    expect(states.at(-1)).toEqual({ state: 'closed', reason: 'code-refused' })
  })

  it('counts as lost, not as refused, when nobody answers the code', async () => {
    const { host } = page('#code=one', () => Promise.reject(new Error('connection refused')))
    const states: Connection[] = []
    createEngineClient(host).onConnection((state) => states.push(state))
    await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ state: 'lost' }))
  })
})

describe('in Electron', () => {
  it('uses what the preload exposes and turns a broken call into a problem', async () => {
    const bridge = {
      call: vi.fn(async (name: string) => (name === 'tryNow' ? ok(null) : Promise.reject(new Error('gone')))),
      subscribe: vi.fn(() => () => undefined)
    }
    const client = createEngineClient({ ...page('', granted).host, muster: bridge as unknown as DesktopBridge })
    const states: Connection[] = []
    client.onConnection((state) => states.push(state))
    expect(states).toEqual([{ state: 'open' }])
    expect(await client.call('tryNow', {})).toEqual({ ok: true, value: null })
    expect(await client.call('confirmJournal', null)).toMatchObject({
      ok: false,
      problem: { code: 'internal', detail: 'gone' }
    })
    expect(FakeSocket.all).toEqual([])
  })
})
