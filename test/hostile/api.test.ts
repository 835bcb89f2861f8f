/** The local API and the window's socket under wrong, large and foreign requests. */
import { once } from 'node:events'
import { request, type IncomingHttpHeaders } from 'node:http'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ServerMessage } from '@shared/contract.js'
import type { HeadlessNode } from '../support/headless.js'
import { digestOf, expectLinked, expectUnharmed, startPair, watchHealth, type HonestPair } from './honest-pair.js'
import { delayed } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
let node: HeadlessNode
beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
  node = pair.node
})
afterAll(async () => {
  for (const one of undo) await one()
})
afterEach(() => expectLinked(pair))

/** After each group: a single bad request touches no link, and the link is looked at after each of them. */
function unharmedAfterAll(): void {
  afterAll(() => expectUnharmed(pair))
}

interface RawReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request exactly as written: `fetch` tidies paths and headers. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string | undefined> = {},
  body?: string | Buffer
): Promise<RawReply> {
  const sent: Record<string, string> = {}
  const all = { host: `127.0.0.1:${node.apiPort}`, authorization: `Bearer ${node.token}`, ...headers }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) sent[name] = value
  const answered = new Promise<RawReply>((done, failed) => {
    const asked = request({ host: '127.0.0.1', port: node.apiPort, method, path, headers: sent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() })
      )
    })
    asked.on('error', failed)
    asked.end(body)
  })
  return delayed(answered, `the answer to ${method} ${path.slice(0, 80)}`)
}

async function post(path: string, body: unknown) {
  const { status, text } = await raw('POST', `/api/v1/${path}`, {}, JSON.stringify(body))
  return { status, body: JSON.parse(text) }
}

const changesPath = () => `missions/${pair.mission}/changes`

/** Refused with this, and nothing was written. */
async function expectNothingWritten(body: unknown, status: number, code: string) {
  const before = await digestOf(node, pair.mission)
  const reply = await post(changesPath(), body)
  expect(reply).toMatchObject({ status, body: { code } })
  expect(reply.body.advice).not.toBe('')
  expect(await digestOf(node, pair.mission)).toBe(before)
}

function change(value: unknown, entity = 'task/large') {
  return { entity, field: 'title', value }
}

describe('a write that is too large', () => {
  unharmedAfterAll()

  test('a field of 10 MB', () => expectNothingWritten(change('x'.repeat(10_000_000)), 413, 'too-large'))

  test('a value one byte over 64 KiB', () => expectNothingWritten(change('x'.repeat(64 * 1024 + 1)), 413, 'too-large'))

  test('a value that fits, in a change that does not', () =>
    expectNothingWritten(change('x'.repeat(64 * 1024 - 30)), 413, 'too-large'))

  test('the second of two changes: neither is written', async () => {
    await expectNothingWritten([change('small', 'task/first'), change('x'.repeat(64 * 1024 - 30))], 413, 'too-large')
    // What was taken for writing is on disk before what is written after it.
    await expectUnharmed(pair)
    const { body } = await node.call('GET', `missions/${pair.mission}`)
    expect((body.entities as { entity: string }[]).map(({ entity }) => entity)).not.toContain('task/first')
  })

  test('more changes than one request may hold', () =>
    expectNothingWritten(
      Array.from({ length: 10_001 }, () => change(1)),
      400,
      'bad-change'
    ))

  test('a million changes', async () => {
    const longest = watchHealth(node)
    await expectNothingWritten(
      Array.from({ length: 1_000_000 }, () => change(1)),
      413,
      'too-large'
    )
    expect(await longest()).toBeLessThan(1_000)
  })

  test('a million changes that are none', async () => {
    const longest = watchHealth(node)
    const numbers = `[${'0,'.repeat(999_999)}0]`
    const before = await digestOf(node, pair.mission)
    const { status, text } = await raw('POST', `/api/v1/${changesPath()}`, {}, numbers)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ code: 'bad-change' })
    expect(text.length).toBeLessThan(2_000)
    expect(await digestOf(node, pair.mission)).toBe(before)
    expect(await longest()).toBeLessThan(1_000)
  })
})

describe('a write that is wrong', () => {
  unharmedAfterAll()

  const good = { entity: 'task/x', field: 'title', value: 'x' }
  test.each([
    ['nothing', null],
    ['a number', 7],
    ['no change', []],
    ['a change in a list in a list', [[good]]],
    ['no entity', { field: 'title', value: 1 }],
    ['a number as entity', { ...good, entity: 7 }],
    ['an entity without a type', { ...good, entity: 'x' }],
    ['an entity with a line feed', { ...good, entity: 'task/a\nb' }],
    ['an entity that climbs', { ...good, entity: '../task/x' }],
    ['an entity too long', { ...good, entity: `task/${'x'.repeat(129)}` }],
    ['a field of nothing', { ...good, field: '' }],
    ['a field __proto__', { ...good, field: '__proto__' }],
    ['a field that is a list', { ...good, field: ['title'] }],
    ['no value', { entity: 'task/x', field: 'title' }],
    ['2^53', { ...good, value: 2 ** 53 }],
    ['more than it may have', { ...good, author: 'x' }],
    ['seen that is text', { ...good, seen: 'x' }],
    ['seen that names nothing', { ...good, seen: ['x'] }],
    ['seen with 65 names', { ...good, seen: Array.from({ length: 65 }, () => seenName) }],
    ['one wrong of two', [good, { ...good, field: '' }]]
  ])('%s', (_, body) => expectNothingWritten(body, 400, 'bad-change'))

  test('a value with __proto__', async () => {
    const body = '{"entity":"task/x","field":"title","value":{"__proto__":{"polluted":true}}}'
    const { status } = await raw('POST', `/api/v1/${changesPath()}`, {}, body)
    expect(status).toBe(400)
  })

  test('to a mission that is not here', async () => {
    for (const id of ['0'.repeat(64), pair.mission.toUpperCase(), 'x', '..%2f..', '%00']) {
      const reply = await post(`missions/${id}/changes`, good)
      expect(reply.status).toBe(id === '0'.repeat(64) ? 404 : 400)
    }
  })
})

const seenName = `${'0'.repeat(64)}.${'0'.repeat(32)}.1.${'0'.repeat(16)}`

describe('JSON that is none', () => {
  unharmedAfterAll()

  test.each([
    ['cut', '{"name":'],
    ['text', 'name'],
    ['two values', '{}{}'],
    ['with a byte order mark', '\ufeff{}'],
    ['with a comma too many', '{"name":"x",}'],
    ['zeros', '\0\0\0\0']
  ])('%s', async (_, body) => {
    const { status, text } = await raw('POST', '/api/v1/missions', {}, body)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ code: 'bad-request' })
  })

  test('deep', async () => {
    const { status } = await raw('POST', '/api/v1/missions', {}, '['.repeat(2_000_000))
    expect(status).toBe(400)
  })
})

describe('access', () => {
  unharmedAfterAll()

  const paths = ['node', 'peers', 'missions', 'audit', 'door', 'nothing', '']

  test.each([
    ['no token', undefined],
    ['an empty token', 'Bearer '],
    ['another token', `Bearer ${'A'.repeat(43)}`],
    ['another scheme', 'Basic TOKEN'],
    ['a long token', `Bearer ${'A'.repeat(10_000)}`]
  ])('with %s', async (_, authorization) => {
    const header = authorization?.replace('TOKEN', node.token)
    for (const path of paths)
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const { status, text } = await raw(method, `/api/v1/${path}`, { authorization: header })
        expect(status, `${method} ${path}`).toBe(401)
        expect(JSON.parse(text)).toMatchObject({ code: 'unauthorized' })
      }
    expect((await raw('GET', '/metrics', { authorization: header })).status).toBe(401)
    expect(JSON.parse((await raw('GET', '/healthz', { authorization: header })).text)).toEqual({ ok: true })
  })

  test.each([
    ['another host', { host: 'example.org' }],
    ['another host with our port', { host: 'example.org:PORT' }],
    ['a name that ends like ours', { host: 'x.localhost:PORT' }],
    ['another port', { host: '127.0.0.1:1' }],
    ['no port', { host: '127.0.0.1' }],
    ['another origin', { origin: 'http://example.org' }],
    ['the origin of a file', { origin: 'null' }],
    ['our origin over TLS', { origin: 'https://127.0.0.1:PORT' }],
    ['an origin of another port', { origin: 'http://127.0.0.1:1' }]
  ])('from %s', async (_, headers: Record<string, string>) => {
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(node.apiPort))])
    )
    for (const path of ['/', '/healthz', '/api/v1/node', '/api/v1/session', '/metrics']) {
      const { status, text } = await raw('GET', path, sent)
      expect(status, path).toBe(403)
      expect(text).not.toContain(pair.mission)
    }
    const socket = new WebSocket(`ws://127.0.0.1:${node.apiPort}/api/v1/feed`, { headers: sent })
    const outcome = await Promise.race([
      once(socket, 'open').then(() => 'open'),
      once(socket, 'error').then(() => 'error')
    ]).catch(() => 'error')
    expect(outcome).toBe('error')
  })

  test('a code works once, and another one never', async () => {
    const door = await post('door', {})
    const page = await readFile(String(door.body.path), 'utf8')
    const code = /#code=([\w-]+)/.exec(page)?.[1] ?? ''
    for (const wrong of [undefined, null, 7, '', 'x', `${code}x`, code.slice(1), [code], { code }])
      expect((await post('session', { code: wrong })).status).toBe(401)
    expect((await post('session', { code })).status).toBe(200)
    expect((await post('session', { code })).status).toBe(401)
  })
})

describe('paths', () => {
  unharmedAfterAll()

  test.each([
    ['/../../../../etc/passwd'],
    ['/%2e%2e/%2e%2e/%2e%2e/etc/passwd'],
    ['/..%2f..%2f..%2fetc%2fpasswd'],
    ['//etc/passwd'],
    ['/assets/../../main/headless.js'],
    ['/assets/..%5c..%5cmain%5cheadless.js'],
    ['/./index.html'],
    ['/index.html%00.js'],
    ['/index.html/'],
    ['http://127.0.0.1/etc/passwd'],
    ['/api-token'],
    ['/open.html'],
    ['/identity.json'],
    ['/__proto__'],
    ['/constructor']
  ])('%s is not there', async (path) => {
    const { status, text } = await raw('GET', path)
    expect(status).toBe(404)
    expect(text).not.toContain('root:')
    expect(text).not.toContain(node.token)
  })

  test('only GET and HEAD read the window', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await raw(method, '/')).status).toBe(404)
  })

  test.each([
    ['missions/%ff'],
    ['missions/%'],
    ['missions//changes'],
    ['missions/x/y/z/more'],
    ['peers/x/decision'],
    ['toString'],
    ['__proto__']
  ])('/api/v1/%s is refused', async (path) => {
    for (const method of ['GET', 'POST', 'PATCH']) {
      const { status, text } = await raw(method, `/api/v1/${path}`)
      expect([400, 404]).toContain(status)
      expect(JSON.parse(text).code).toMatch(/^(bad-request|not-found|mission-unknown)$/)
    }
  })
})

describe('queries', () => {
  unharmedAfterAll()

  test.each([['offset=-1'], ['offset=x'], ['limit=0'], ['limit=201'], ['limit=1.5'], ['offset=1e400'], ['limit=NaN']])(
    'audit?%s',
    async (query) => {
      expect((await node.call('GET', `audit?${query}`)).body).toMatchObject({ code: 'bad-request' })
    }
  )

  test('audit beyond its end is empty', async () => {
    const { body } = await node.call('GET', 'audit')
    for (const beyond of [0, 1, 2, 3, 1_000_000]) {
      const page = await node.call('GET', `audit?offset=${body.total + beyond + 3}&limit=5`)
      expect(page.body.items).toEqual([])
    }
  })
})

describe('a decision', () => {
  unharmedAfterAll()

  const star = { out: ['*'], in: ['*'], access: 'write' }
  test.each([
    ['no level', {}, 'bad-request'],
    ['an unknown level', { level: 'owner' }, 'bad-request'],
    ['a level that only the machine sets', { level: 'pending' }, 'bad-request'],
    ['a scope of text', { level: 'trusted', scope: '*' }, 'bad-scope'],
    ['a scope of null', { level: 'trusted', scope: null }, 'bad-scope'],
    ['a scope of a list', { level: 'trusted', scope: [star] }, 'bad-scope'],
    ['an empty scope', { level: 'trusted', scope: {} }, 'bad-scope'],
    ['a scope without in', { level: 'trusted', scope: { out: ['*'], access: 'write' } }, 'bad-scope'],
    ['a scope with more', { level: 'trusted', scope: { ...star, admin: true } }, 'bad-scope'],
    ['a scope of an unknown access', { level: 'trusted', scope: { ...star, access: 'admin' } }, 'bad-scope'],
    ['a scope with an empty pattern', { level: 'trusted', scope: { ...star, out: [''] } }, 'bad-scope'],
    ['a scope with a number', { level: 'trusted', scope: { ...star, out: [7] } }, 'bad-scope'],
    ['a scope with a long pattern', { level: 'trusted', scope: { ...star, out: ['x'.repeat(129)] } }, 'bad-scope'],
    ['a scope with 65 patterns', { level: 'trusted', scope: { ...star, out: Array(65).fill('*') } }, 'bad-scope'],
    ['an end in the past', { level: 'trusted', until: 1_000 }, 'bad-until'],
    ['an end of now', { level: 'trusted', until: 0 }, 'bad-until'],
    ['a negative end', { level: 'trusted', until: -1 }, 'bad-until'],
    ['an end of a half', { level: 'trusted', until: 0.5 }, 'bad-request'],
    ['an end beyond all integers', { level: 'trusted', until: 2 ** 53 }, 'bad-request'],
    ['an end as text', { level: 'trusted', until: '2099-01-01' }, 'bad-request'],
    ['an end of a revocation', { level: 'revoked', until: 4_000_000_000_000 }, 'bad-until'],
    ['a long reason', { level: 'revoked', reason: 'x'.repeat(201) }, 'bad-request'],
    ['a reason of a list', { level: 'revoked', reason: [] }, 'bad-request'],
    ['an unknown ground', { level: 'trusted', ground: 'told' }, 'bad-request'],
    ['more than it may have', { level: 'trusted', admin: true }, 'bad-request']
  ])('with %s changes nothing', async (_, body, code) => {
    const before = node.peer(pair.friend)?.decision
    const reply = await post(`peers/${pair.friend.nodeId}/decision`, body)
    expect(reply).toMatchObject({ status: 400, body: { code } })
    expect(node.peer(pair.friend)).toMatchObject({ level: 'trusted', decision: before })
  })

  test('about nobody', async () => {
    const body = { level: 'trusted' }
    expect(await post(`peers/${'0'.repeat(64)}/decision`, body)).toMatchObject({ status: 404 })
    expect(await post('peers/nobody/decision', body)).toMatchObject({ status: 400 })
    expect(await post(`peers/${node.nodeId}/decision`, body)).toMatchObject({ status: 404 })
  })

  test('with a pattern that a slow matcher would stall on', async () => {
    const pattern = `${'*a'.repeat(60)}*b`
    const scope = { out: ['*', pattern], in: ['*'], access: 'write' }
    const longest = watchHealth(node)
    expect((await post(`peers/${pair.friend.nodeId}/decision`, { level: 'trusted', scope })).status).toBe(200)
    expect((await post('missions', { name: 'a'.repeat(64) })).status).toBe(201)
    expect(await longest()).toBeLessThan(1_000)
  })
})

describe('an address', () => {
  unharmedAfterAll()

  test.each([
    [{}],
    [{ address: '127.0.0.1' }],
    [{ address: '', port: 1 }],
    [{ address: ' ', port: 1 }],
    [{ address: '127.0.0.1', port: 0 }],
    [{ address: '127.0.0.1', port: 65_536 }],
    [{ address: '127.0.0.1', port: 1.5 }],
    [{ address: '127.0.0.1', port: '1' }],
    [{ address: 'a b', port: 1 }],
    [{ address: 'a/b', port: 1 }],
    [{ address: 'a\nb', port: 1 }],
    [{ address: 'x'.repeat(254), port: 1 }],
    [{ address: ['127.0.0.1'], port: 1 }],
    [{ address: '127.0.0.1', port: 1, more: 1 }]
  ])('%j is refused', async (body) => {
    expect(await post('peers', body)).toMatchObject({ status: 400, body: { code: 'bad-address' } })
    expect(node.overview.targets.length).toBe(1)
  })

  test('that leads nowhere is tried without harm', async () => {
    const addresses = [
      '::',
      '::1',
      ':',
      '%',
      '.',
      '-',
      '_',
      '1.2.3',
      '0',
      '256.1.1.1',
      'fe80::1%nothing',
      'xn--',
      'ü',
      '255.255.255.255'
    ]
    for (const address of addresses) expect((await post('peers', { address, port: 9 })).status).toBe(202)
    for (const address of addresses)
      await node.until(`${address} was tried`, ({ targets }) =>
        targets.some((one) => one.address === address && one.attempts > 0 && one.state === 'waiting' && one.reason)
      )
    await remove(addresses)
  })
})

async function remove(addresses: readonly string[]): Promise<void> {
  const window = await openWindow()
  for (const [id, address] of addresses.entries())
    window.send(JSON.stringify({ type: 'call', id, name: 'removeAddress', argument: { address, port: 9 } }))
  await node.until('they are gone', ({ targets }) => targets.length === 1)
  window.close()
}

async function openWindow(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${node.apiPort}/api/v1/feed`)
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'token', token: node.token }))
  await once(socket, 'message')
  return socket
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await delayed(once(socket, 'close'), 'the close of the socket')) as [number]
  return code
}

describe('the socket', () => {
  unharmedAfterAll()

  test('without a token is closed after two seconds', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.apiPort}/api/v1/feed`)
    const messages: unknown[] = []
    socket.on('message', (data) => messages.push(data))
    await once(socket, 'open')
    const began = performance.now()
    expect(await closeCode(socket)).toBe(4401)
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(messages).toEqual([])
  })

  test.each([
    ['another token', JSON.stringify({ type: 'token', token: 'x' })],
    ['no text as token', JSON.stringify({ type: 'token', token: 7 })],
    ['a call', JSON.stringify({ type: 'call', id: 1, name: 'listAudit', argument: { offset: 0, limit: 1 } })],
    ['a subscription', JSON.stringify({ type: 'subscribe' })],
    ['null', 'null'],
    ['no JSON', '{'],
    ['bytes', Buffer.from('fffefd', 'hex')]
  ])('with %s first is closed', async (_, first) => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.apiPort}/api/v1/feed`)
    const messages: unknown[] = []
    socket.on('message', (data) => messages.push(data))
    await once(socket, 'open')
    socket.send(first)
    expect(await closeCode(socket)).toBe(4401)
    expect(messages).toEqual([])
  })

  test('with a message over 2 MiB is closed', async () => {
    const socket = await openWindow()
    socket.on('error', () => undefined)
    socket.send('x'.repeat(2 * 1024 * 1024 + 1))
    expect(await closeCode(socket)).toBe(1009)
  })

  test.each([['null'], ['7'], ['[]'], ['{}'], ['{"type":"call"}'], ['{"type":"call","id":"1"}'], ['{"type":"token"}']])(
    'with %s later is closed',
    async (message) => {
      const socket = await openWindow()
      socket.send(message)
      expect(await closeCode(socket)).toBe(4400)
    }
  )

  test('on another path is not opened', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.apiPort}/api/v1/other`)
    await expect(once(socket, 'open')).rejects.toThrow()
  })

  const wrong: readonly unknown[] = [undefined, null, 7, 'x', true, [], {}, [[]], { nodeId: 7 }, { missionId: {} }]
  const commands = [
    'addPeer',
    'removeAddress',
    'tryNow',
    'decide',
    'createMission',
    'write',
    'viewMission',
    'listEntities',
    'listAudit'
  ]

  test('answers every command with a wrong argument, and unknown ones, by a refusal', async () => {
    const before = await digestOf(node, pair.mission)
    const { missions, targets } = node.overview
    const socket = await openWindow()
    const names = [...commands, 'stop', 'toString', '__proto__', 'constructor', '', null, 7, ['write']]
    const calls = names.flatMap((name) => wrong.map((argument) => ({ name, argument })))
    const answers = new Map<number, unknown>()
    const all = new Promise<void>((done) => {
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as ServerMessage
        if (message.type !== 'answer') return
        answers.set(message.id, message.result)
        if (answers.size === calls.length) done()
      })
    })
    for (const [id, call] of calls.entries()) socket.send(JSON.stringify({ type: 'call', id, ...call }))
    await delayed(all, 'all answers')
    for (const [id, { name, argument }] of calls.entries()) {
      // To try all peers now needs no argument, and an empty list is as good as an empty object.
      if (name === 'tryNow' && ['{}', '[]'].includes(JSON.stringify(argument))) continue
      const refusal = { ok: false, problem: { ref: expect.stringMatching(/^[A-Z]{3}-\d\d$/) } }
      expect(answers.get(id), `${String(name)} ${JSON.stringify(argument)}`).toMatchObject(refusal)
    }
    expect(node.overview.missions.length).toBe(missions.length)
    expect(node.overview.targets.length).toBe(targets.length)
    expect(await digestOf(node, pair.mission)).toBe(before)
    socket.close()
  })
})

test('100,000 fields in batches keep the node responsive', async () => {
  const made = await post('missions', { name: 'Many' })
  const path = `missions/${String(made.body.id)}/changes`
  const longest = watchHealth(node)
  for (let batch = 0; batch < 100; batch++) {
    const changes = Array.from({ length: 1_000 }, (_, index) => ({
      entity: `task/${batch % 10}`,
      field: `f${batch}.${index}`,
      value: index
    }))
    const reply = await post(path, changes)
    expect(reply.status).toBe(200)
  }
  await node.untilInStep(pair.friend, String(made.body.id))
  expect(await longest()).toBeLessThan(1_000)
  await expectUnharmed(pair)
}, 90_000)
