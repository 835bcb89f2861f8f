/** OpenSSL as the judge of what a real node shows in TLS, in both directions, and of the certificate API. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { authority, Openssl, opensslProblem, type Issued } from '../support/openssl.js'

const missing = opensslProblem()
const undos: (() => unknown)[] = []
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')

describe.skipIf(missing !== undefined)(`a real node and openssl${missing === undefined ? '' : `: ${missing}`}`, () => {
  let openssl: Openssl
  let root: Issued
  let middle: Issued
  let node: HeadlessNode
  let client: Issued

  beforeAll(async () => {
    openssl = new Openssl(Date.now())
    root = openssl.issue({ subject: '/CN=Root', extensions: authority })
    middle = openssl.issue({ subject: '/CN=Middle', issuer: root, extensions: authority })
    client = openssl.issue({ subject: '/CN=judge', issuer: root })
    node = await HeadlessNode.start({ name: 'alpha', folder: await temporaryFolder((undo) => undos.push(undo)) })
  })
  afterAll(async () => {
    await node.stop()
    openssl.remove()
    for (const undo of undos) await undo()
  })

  /** What a client sees that trusts only this authority. */
  function connect(trusted: string, ...options: string[]) {
    const anchor = openssl.write('trusted.pem', trusted)
    const own = ['-cert', openssl.write('judge.pem', client.pem), '-key', openssl.write('judge.key', client.keyPem)]
    const to = ['s_client', '-connect', `127.0.0.1:${String(node.linkPort)}`, '-alpn', 'muster/1']
    const judge = ['-CAfile', anchor, '-partial_chain', '-verify_return_error', '-purpose', 'sslserver']
    return spawnSync('openssl', [...to, ...judge, ...own, ...options], { input: '', encoding: 'utf8', timeout: 20_000 })
  }

  async function ownCertificate(): Promise<string> {
    const { body } = await node.call('GET', 'certificates/own')
    return Buffer.from(body.data as string, 'base64').toString('utf8')
  }

  it('shows a certificate of its own that openssl finds good for client and server', async () => {
    const own = await ownCertificate()
    const der = new X509Certificate(own).raw
    expect(openssl.judge([der], der, Date.now())).toBeUndefined()
    const seen = connect(own, '-tls1_3')
    expect(seen.stdout).toContain('Verify return code: 0 (ok)')
    expect(seen.stdout).toContain('ALPN protocol: muster/1')
    expect(connect(root.pem, '-tls1_3').stdout).not.toContain('Verify return code: 0 (ok)')
  })

  it('speaks nothing older than TLS 1.3', async () => {
    expect(connect(await ownCertificate(), '-tls1_2').status).not.toBe(0)
  })

  it('previews a PKCS#12 file without writing, imports it, and shows its chain from then on', async () => {
    const leaf = openssl.issue({ subject: '/CN=alpha/O=Karst Fire Brigade', issuer: middle })
    const data = base64(openssl.pkcs12(leaf, 'atakatak', [middle, root]))
    const before = await node.call('GET', 'node')
    expect(await node.call('POST', 'certificates/preview', { data, password: 'wrong' })).toMatchObject({
      status: 400,
      body: { code: 'wrong-password', advice: expect.any(String) as string }
    })
    const preview = await node.call('POST', 'certificates/preview', { data, password: 'atakatak' })
    expect(preview).toMatchObject({
      status: 200,
      body: {
        as: ['identity', 'peer'],
        hasKey: true,
        certificates: [{ name: 'alpha' }, { name: 'Middle' }, { name: 'Root' }]
      }
    })
    expect((await node.call('GET', 'node')).body.certificateSha256).toBe(before.body.certificateSha256)
    const imported = await node.call('POST', 'certificates', { data, password: 'atakatak', as: 'identity' })
    expect(imported).toMatchObject({ status: 201, body: { as: 'identity' } })
    const after = (await node.call('GET', 'node')).body
    expect(after).toMatchObject({
      nodeId: node.nodeId,
      certificateSha256: imported.body.id,
      certificate: { name: 'alpha' }
    })
    // Only the root is known to openssl: what lies between came in the handshake.
    const seen = connect(root.pem, '-tls1_3')
    expect(seen.stdout).toContain('Verify return code: 0 (ok)')
    expect(seen.stdout).toMatch(/O ?= ?Karst Fire Brigade/)
  })

  it('shows the same chain as a client, to a server that demands it', async () => {
    const port = await freePort()
    const own = ['-cert', openssl.write('server.pem', client.pem), '-key', openssl.write('server.key', client.keyPem)]
    const listen = ['s_server', '-accept', `127.0.0.1:${String(port)}`, '-tls1_3', '-alpn', 'muster/1']
    const judge = ['-Verify', '10', '-verify_return_error', '-CAfile', openssl.write('root.pem', root.pem)]
    const server = spawn('openssl', [...listen, ...judge, ...own], { stdio: ['pipe', 'pipe', 'pipe'] })
    undos.push(() => server.kill('SIGKILL'))
    const lines: string[] = []
    const accepted = new Promise<void>((done, failed) => {
      createInterface({ input: server.stdout }).on('line', (line) => {
        lines.push(line)
        if (line === 'ACCEPT') void node.call('POST', 'peers', { address: '127.0.0.1', port })
        if (/^Client certificate/.test(line)) done()
      })
      server.once('exit', () => failed(new Error(lines.join('\n'))))
    })
    const verified: string[] = []
    createInterface({ input: server.stderr }).on('line', (line) => verified.push(line))
    await accepted
    server.kill('SIGTERM')
    await once(server, 'exit')
    expect(verified.filter((line) => line.startsWith('verify error'))).toEqual([])
    expect(verified.filter((line) => line === 'verify return:1')).toHaveLength(3)
  })

  it('accepts an organisation and a peer’s certificate, lists them, and removes them', async () => {
    const scope = { out: ['Karst*'], in: ['*'], access: 'read' }
    const until = Date.now() + 3_600_000
    const anchor = { data: base64(root.pem), as: 'anchor', scope, until }
    const { body } = await node.call('POST', 'certificates', anchor)
    const peer = await node.call('POST', 'certificates', { data: base64(client.der), as: 'peer' })
    expect((await node.call('GET', 'anchors')).body).toMatchObject({
      anchors: [{ id: body.id, scope, until, by: 'alpha', state: 'active', certificate: { name: 'Root', ca: true } }],
      pins: [{ id: peer.body.id, certificate: { name: 'judge' } }]
    })
    expect((await node.call('GET', 'audit')).body.items.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['anchor-accepted', 'pin-accepted', 'identity-certificate'])
    )
    expect(await node.call('DELETE', `anchors/${String(body.id)}`)).toMatchObject({ status: 200 })
    expect(await node.call('DELETE', `anchors/${String(body.id)}`)).toMatchObject({ status: 404 })
    expect(await node.call('DELETE', `pins/${String(peer.body.id)}`)).toMatchObject({ status: 200 })
    expect((await node.call('GET', 'anchors')).body).toEqual({ anchors: [], pins: [] })
  })

  it('reads a key and a certificate that come as two files, and refuses what does not fit', async () => {
    const own = openssl.issue({ subject: '/CN=two files', issuer: root })
    const both = { data: [base64(own.pem), base64(own.keyPem)] }
    expect((await node.call('POST', 'certificates/preview', both)).body).toMatchObject({ hasKey: true })
    const wrong = { data: [base64(own.pem), base64(client.keyPem)], as: 'identity' }
    expect(await node.call('POST', 'certificates', wrong)).toMatchObject({
      status: 400,
      body: { code: 'key-mismatch' }
    })
    expect(await node.call('POST', 'certificates', { data: 'not base64!', as: 'peer' })).toMatchObject({
      status: 400,
      body: { code: 'bad-request' }
    })
    expect(await node.call('POST', 'certificates', { as: 'peer' })).toMatchObject({ status: 400 })
  })

  it('saves its certificate for others: openssl reads both forms', async () => {
    const { body } = await node.call('GET', 'certificates/own?format=der')
    writeFileSync(openssl.write('own.cer', ''), Buffer.from(body.data as string, 'base64'))
    const text = openssl.run('x509', '-inform', 'DER', '-in', 'own.cer', '-noout', '-subject').toString()
    expect(text).toContain('alpha')
    expect(body.fileName).toBe('muster-alpha.cer')
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
