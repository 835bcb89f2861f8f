/** The frozen local API on a real headless process: every call and the shape of its answer (docs/api.md). */
import { createHash, randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Overview } from '@shared/model.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'

const undos: (() => Promise<void>)[] = []
let alpha: HeadlessNode
let bravo: HeadlessNode
beforeAll(async () => {
  const start = async (name: string) =>
    HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
  alpha = await start('alpha')
  bravo = await start('bravo')
})
afterAll(async () => {
  for (const node of [alpha, bravo]) expect(await node.stop()).toBe(0)
  for (const undo of undos) await undo()
})

const hex64 = expect.stringMatching(/^[0-9a-f]{64}$/) as string
const number = expect.any(Number) as number

describe('the local API', () => {
  it('tells who this node is', async () => {
    const { status, body } = await alpha.call('GET', 'node')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      nodeId: hex64,
      callsign: 'alpha',
      federation: 'field',
      version: '0.1.0',
      linkPort: number,
      certificateSha256: hex64,
      uptimeMs: number
    })
  })

  it('adds a peer by address, decides, and shows both sides', async () => {
    expect(await alpha.call('POST', 'peers', { address: '127.0.0.1', port: bravo.linkPort })).toMatchObject({
      status: 202,
      body: { port: bravo.linkPort }
    })
    await alpha.until('they met', () => alpha.peer(bravo))
    await bravo.until('they met', () => bravo.peer(alpha))
    const untrusted = await alpha.call('GET', 'peers')
    expect(untrusted.body.peers).toMatchObject([
      {
        nodeId: bravo.nodeId,
        callsign: 'bravo',
        level: 'untrusted',
        link: { state: 'down' },
        addresses: [{ address: '127.0.0.1', port: bravo.linkPort }]
      }
    ])
    const until = Date.now() + 3_600_000
    const scope = { out: ['*'], in: ['*'], access: 'write' }
    expect(
      (await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'trusted', scope, until, reason: 'known' }))
        .status
    ).toBe(200)
    await bravo.until('asked', () => bravo.peer(alpha)?.level === 'pending')
    expect((await bravo.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })).status).toBe(200)
    await alpha.untilLinked(bravo)
    const { body } = await alpha.call('GET', 'peers')
    expect(body.peers[0]).toMatchObject({
      level: 'trusted',
      theirLevel: 'trusted',
      link: { state: 'linked', since: number, lastHeard: number }
    })
  })

  it('refuses of a decision what it cannot honour', async () => {
    const decide = (body: unknown) => alpha.call('POST', `peers/${bravo.nodeId}/decision`, body)
    expect((await decide({ level: 'trusted', until: 1 })).body.code).toBe('bad-until')
    expect((await decide({ level: 'trusted', scope: { out: 'all' } })).body.code).toBe('bad-scope')
    expect((await decide({ level: 'trusted', mayRevoke: 'yes' })).body.code).toBe('bad-request')
    expect((await decide({ level: 'friend' })).body.code).toBe('bad-request')
    expect(await alpha.call('POST', `peers/${'0'.repeat(64)}/decision`, { level: 'trusted' })).toMatchObject({
      status: 404,
      body: { code: 'not-found' }
    })
    expect(alpha.peer(bravo)?.level).toBe('trusted')
  })

  it('makes missions, writes, and shows them folded, on both sides', async () => {
    const made = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire', description: 'Sector North' })
    expect(made).toMatchObject({ status: 201, body: { id: hex64 } })
    const mission = made.body.id as string
    const path = `missions/${mission}`
    const one = await alpha.call('POST', `${path}/changes`, { entity: 'log/1', field: 'text', value: 'one' })
    expect(one).toMatchObject({
      status: 200,
      body: { changes: [{ name: expect.stringContaining(alpha.nodeId) as string }] }
    })
    const many = await alpha.call('POST', `${path}/changes`, [
      { entity: 'log/1', field: 'text', value: 'two' },
      { entity: 'task/7', field: 'state', value: 'open' }
    ])
    expect(many.body.changes).toHaveLength(2)
    expect((await alpha.call('GET', 'missions')).body.missions).toMatchObject([
      { id: mission, name: 'Karst Ridge Fire' }
    ])
    await alpha.untilInStep(bravo, mission)
    const [mine, theirs] = [await alpha.call('GET', `${path}/heads`), await bravo.call('GET', `${path}/heads`)]
    expect(mine.body).toEqual(theirs.body)
    expect(mine.body).toMatchObject({
      digest: hex64,
      heads: [
        { author: alpha.nodeId, epoch: expect.stringMatching(/^[0-9a-f]{32}$/) as string, seq: number, hash: hex64 }
      ]
    })

    // Written without having seen the other value: a conflict, and both are kept.
    await bravo.call('POST', `${path}/changes`, {
      entity: 'log/1',
      field: 'text',
      value: 'three',
      seen: one.body.changes.map(({ name }: { name: string }) => name)
    })
    await alpha.untilInStep(bravo, mission)
    const { body: view } = await alpha.call('GET', path)
    expect(view).toMatchObject({
      id: mission,
      name: 'Karst Ridge Fire',
      description: 'Sector North',
      conflicts: [{ entity: 'log/1', field: 'text' }]
    })
    const log = view.entities.find(({ entity }: { entity: string }) => entity === 'log/1')
    expect(log.fields.text.conflict).toBe(true)
    expect(log.fields.text.values.map(({ value }: { value: string }) => value).sort()).toEqual(['three', 'two'])
    await bravo.call('POST', `${path}/changes`, { entity: 'log/1', field: 'text', value: 'settled' })
    await alpha.untilInStep(bravo, mission)
    expect((await alpha.call('GET', path)).body.conflicts).toEqual([])
  })

  it('answers with code, message and advice when it cannot', async () => {
    const unknown = await alpha.call('GET', `missions/${'1'.repeat(64)}`)
    expect(unknown).toMatchObject({
      status: 404,
      body: { code: 'mission-unknown', message: expect.any(String) as string, advice: expect.any(String) as string }
    })
    expect(await alpha.call('POST', 'missions', { name: '' })).toMatchObject({
      status: 400,
      body: { code: 'bad-name' }
    })
    expect(await alpha.call('GET', 'nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } })
  })

  it('pairs two laptops: the same code on both, a yes on each, and both are verified', async () => {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    const charlie = await HeadlessNode.start({ name: 'charlie', folder })
    try {
      const [toCharlie, toAlpha] = [`peers/${charlie.nodeId}/pairing`, `peers/${alpha.nodeId}/pairing`]
      expect(await alpha.call('GET', toCharlie)).toMatchObject({ status: 404, body: { code: 'not-found' } })
      await alpha.call('POST', 'peers', { address: '127.0.0.1', port: charlie.linkPort })
      await alpha.until('met', ({ peers }) => peers.some(({ nodeId }) => nodeId === charlie.nodeId))
      expect(await alpha.call('GET', toCharlie)).toMatchObject({ body: { state: 'none', tries: 0 } })
      expect(await alpha.call('POST', toCharlie, { action: 'shake' })).toMatchObject({ status: 400 })
      expect(await alpha.call('POST', toCharlie, {})).toMatchObject({ status: 200, body: { state: 'calling' } })
      await charlie.until('asked', ({ pairing }) => pairing.requests.length > 0)
      expect(await charlie.call('GET', toAlpha)).toMatchObject({ body: { state: 'asked', isOurs: false } })
      await charlie.call('POST', toAlpha, { action: 'open' })
      await charlie.until('the code', ({ pairing }) => pairing.current?.state === 'comparing')
      await alpha.until('the code', ({ pairing }) => pairing.current?.state === 'comparing')
      const [ours, theirs] = [await alpha.call('GET', toCharlie), await charlie.call('GET', toAlpha)]
      expect(ours.body).toMatchObject({ digits: expect.stringMatching(/^\d{6}$/) as string, isOurs: true })
      const { digits, words } = ours.body as { digits: string; words: string[] }
      expect(theirs.body).toMatchObject({ digits, words })
      const scope = { out: [], in: ['*'], access: 'read' }
      expect(await alpha.call('POST', toCharlie, { action: 'equal', scope })).toMatchObject({
        status: 200,
        body: { state: 'agreed' }
      })
      expect(await alpha.call('POST', toCharlie, { action: 'equal' })).toMatchObject({
        status: 409,
        body: { code: 'pairing-none' }
      })
      await charlie.call('POST', toAlpha, { action: 'equal' })
      const { peers } = await alpha.until('verified', (overview) =>
        overview.pairing.current?.state === 'done' ? overview : undefined
      )
      expect(peers.find(({ nodeId }) => nodeId === charlie.nodeId)?.decision).toMatchObject({
        ground: 'code',
        scope,
        compared: { digits, words, by: 'alpha' }
      })
    } finally {
      await charlie.stop()
    }
  })

  describe('files', () => {
    const at = (node: HeadlessNode, path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${String(node.apiPort)}/api/v1/missions/${path}`, {
        ...init,
        headers: { ...init.headers, Authorization: `Bearer ${node.token}` }
      })
    const bytes = randomBytes(700_000)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    let mission = ''

    async function untilHere(node: HeadlessNode, id: string, file: string): Promise<Response> {
      for (;;) {
        const version = node.overview.missions.find((one) => one.id === id)?.contentVersion
        const got = await at(node, `${id}/content/${file}`)
        if (got.status !== 404) return got
        await got.arrayBuffer()
        const isNews = ({ missions }: Overview) => missions.find((one) => one.id === id)?.contentVersion !== version
        await node.until('news of its files', isNews)
      }
    }

    it('go in as bytes, come out at a peer, whole and in part', async () => {
      mission = (await alpha.call('POST', 'missions', { name: 'Files' })).body.id as string
      const put = await at(alpha, `${mission}/content?name=Line%20B.tif`, {
        ...{ method: 'PUT', body: bytes, headers: { 'Content-Type': 'image/tiff' } }
      })
      expect(put.status).toBe(201)
      expect(await put.json()).toEqual({ sha256, size: bytes.length })
      await alpha.untilInStep(bravo, mission)
      const got = await untilHere(bravo, mission, sha256)
      expect(got.status).toBe(200)
      expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
      expect(Object.fromEntries(got.headers)).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-disposition': "attachment; filename*=UTF-8''Line%20B.tif",
        'x-content-type-options': 'nosniff',
        'content-length': String(bytes.length)
      })
      const range = await at(bravo, `${mission}/content/${sha256}`, { headers: { Range: 'bytes=300000-300009' } })
      expect([range.status, range.headers.get('content-range')]).toEqual([206, `bytes 300000-300009/${bytes.length}`])
      expect(Buffer.from(await range.arrayBuffer()).equals(bytes.subarray(300_000, 300_010))).toBe(true)
      const last = await at(bravo, `${mission}/content/${sha256}`, { headers: { Range: 'bytes=-5' } })
      expect(Buffer.from(await last.arrayBuffer()).equals(bytes.subarray(-5))).toBe(true)
      const beyond = await at(bravo, `${mission}/content/${sha256}`, { headers: { Range: 'bytes=900000-' } })
      expect(beyond.status).toBe(416)
    })

    it('are told by their bytes, and never given as a page', async () => {
      const page = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
      const name = encodeURIComponent('../con\u202e.svg')
      const put = await at(alpha, `${mission}/content?name=${name}`, {
        ...{ method: 'PUT', body: page, headers: { 'Content-Type': 'image/svg+xml' } }
      })
      const { sha256: file } = (await put.json()) as { sha256: string }
      const got = await at(alpha, `${mission}/content/${file}`)
      expect(await got.text()).toBe(page)
      expect(Object.fromEntries(got.headers)).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'content-disposition': "attachment; filename*=UTF-8''_con_.svg",
        'content-security-policy': "default-src 'none'; sandbox"
      })
    })

    it('are refused to whoever has no token, by another mission, and when there are none', async () => {
      const other = (await alpha.call('POST', 'missions', { name: 'Other' })).body.id as string
      for (const path of [`${other}/content/${sha256}`, `${mission}/content/${'0'.repeat(64)}`])
        expect(await (await at(alpha, path)).json()).toMatchObject({ code: 'content-not-here' })
      const bare = `http://127.0.0.1:${String(alpha.apiPort)}/api/v1/missions/${mission}/content`
      expect((await fetch(`${bare}/${sha256}`)).status).toBe(401)
      expect((await fetch(bare, { method: 'PUT', body: 'x' })).status).toBe(401)
      expect((await at(alpha, `${'0'.repeat(64)}/content`, { method: 'PUT', body: 'x' })).status).toBe(404)
      expect((await at(alpha, `x/content`, { method: 'PUT', body: 'x' })).status).toBe(400)
      expect((await at(alpha, `${mission}/content?name=`, { method: 'PUT', body: 'x' })).status).toBe(400)
    })
  })

  it('lists the audit, newest first, in pages', async () => {
    const { body } = await alpha.call('GET', 'audit?limit=200')
    expect(body.items.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['started', 'met', 'decision', 'link-up'])
    )
    expect(body.items[0].at).toBeGreaterThanOrEqual(body.items.at(-1).at)
    const page = await alpha.call('GET', 'audit?offset=1&limit=1')
    expect(page.body.items).toEqual([body.items[1]])
  })

  it('keeps its token to its owner, and changes it at each start', async () => {
    expect((await stat(join(alpha.folder, 'api-token'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(alpha.folder, 'open.html'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(alpha.folder, 'identity.json'))).mode & 0o777).toBe(0o600)
    const response = await fetch(`http://127.0.0.1:${String(alpha.apiPort)}/api/v1/node`)
    expect(response.status).toBe(401)
    expect(((await response.json()) as { code: string }).code).toBe('unauthorized')
  })

  it('tells only that it lives to those without a token', async () => {
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${String(alpha.apiPort)}${path}`, { headers })
    expect(await (await get('/healthz')).json()).toEqual({ ok: true })
    expect((await get('/metrics')).status).toBe(401)
    const metrics = await (await get('/metrics', { Authorization: `Bearer ${alpha.token}` })).text()
    expect(metrics).toMatch(/^muster_links 1$/m)
  })

  it('opens a window once per code', async () => {
    const door = await readFile(join(alpha.folder, 'open.html'), 'utf8')
    const code = /#code=([\w-]+)/.exec(door)?.[1] ?? ''
    const exchange = () =>
      fetch(`http://127.0.0.1:${String(alpha.apiPort)}/api/v1/session`, {
        method: 'POST',
        body: JSON.stringify({ code })
      })
    const { token } = (await (await exchange()).json()) as { token: string }
    expect((await exchange()).status).toBe(401)
    const node = await fetch(`http://127.0.0.1:${String(alpha.apiPort)}/api/v1/node`, {
      headers: { Authorization: `Bearer ${token}` }
    })
    expect(node.status).toBe(200)
    expect((await alpha.call('POST', 'door')).body.path).toBe(join(alpha.folder, 'open.html'))
    expect(await readFile(join(alpha.folder, 'open.html'), 'utf8')).not.toBe(door)
  })

  it('answers commands over the feed, too', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(alpha.apiPort)}/api/v1/feed`)
    const answer = await new Promise<unknown>((done) => {
      socket.on('open', () => socket.send(JSON.stringify({ type: 'token', token: alpha.token })))
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as { type: string }
        if (message.type === 'snapshot')
          socket.send(JSON.stringify({ type: 'call', id: 7, name: 'createMission', argument: { name: 'By socket' } }))
        else if (message.type === 'answer') done(message)
      })
    })
    expect(answer).toMatchObject({ type: 'answer', id: 7, result: { ok: true, value: { id: hex64 } } })
    socket.close()
  })
})
