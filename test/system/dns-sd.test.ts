/** BIND, which others wrote, as the DNS server: a real node finds another by its zone, over UDP and over TCP. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askDns } from '../../src/main/engine/discovery/dns-client.js'
import { DnsSd } from '../../src/main/engine/discovery/dns-sd.js'
import type { Sighting } from '../../src/main/engine/discovery/discovery.js'
import { systemClock } from '../../src/main/engine/runtime/clock.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { systemRandom } from '../../src/main/engine/runtime/random.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { isInstalled } from '../support/namespaces.js'

const isBindHere = isInstalled('named')
if (!isBindHere) process.stdout.write('dns-sd: left out, BIND is not installed (Debian: bind9)\n')
const undos: (() => Promise<void> | void)[] = []
const many = 40

/** Of UDP; BIND takes the same of TCP, which is as good as free then. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((closed) => socket.close(closed))
  return port
}

const zoneOf = (serial: number, ...records: readonly string[]) =>
  [
    '$TTL 60',
    `@ IN SOA ns.field.example. keeper.field.example. ${String(serial)} 3600 600 86400 60`,
    '@ IN NS ns.field.example.',
    'ns IN A 127.0.0.1',
    ...records,
    ''
  ].join('\n')

const nodeRecords = (name: string, address: string, port: number) => [
  `_muster._tcp IN PTR ${name}._muster._tcp.field.example.`,
  `${name}._muster._tcp IN SRV 10 5 ${String(port)} ${name}.field.example.`,
  `${name}._muster._tcp IN TXT "v=1"`,
  `${name} IN A ${address}`
]

describe.runIf(isBindHere)('with BIND as the DNS server', () => {
  let named: ChildProcess
  let zoneFile = ''
  let server = { address: '127.0.0.1', port: 0 }
  const watchers = new Set<(line: string) => void>()

  function untilLine(pattern: RegExp): Promise<void> {
    return new Promise((done) => {
      const watcher = (line: string) => {
        if (!pattern.test(line)) return
        watchers.delete(watcher)
        done()
      }
      watchers.add(watcher)
    })
  }

  beforeAll(async () => {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    server = { address: '127.0.0.1', port: await freePort() }
    zoneFile = join(folder, 'field.zone')
    await writeFile(
      zoneFile,
      zoneOf(
        1,
        ...nodeRecords('alpha', '10.1.0.1', 47_110),
        ...nodeRecords('bravo', '10.1.0.2', 47_111),
        ...Array.from({ length: many }, (_, index) =>
          nodeRecords(`a-name-that-fills-the-packet-${String(index)}`, `10.2.0.${String(index + 1)}`, 47_110).map(
            (line) => line.replace(/_muster/g, '_many')
          )
        ).flat()
      )
    )
    await writeFile(
      join(folder, 'named.conf'),
      `options { directory "${folder}"; listen-on port ${String(server.port)} { 127.0.0.1; }; listen-on-v6 { none; };
        pid-file none; session-keyfile "${folder}/session.key"; recursion no; allow-transfer { none; }; notify no; };
      controls { };
      zone "field.example" { type primary; file "${zoneFile}"; };\n`
    )
    named = spawn('named', ['-g', '-c', join(folder, 'named.conf'), '-n', '1'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const gone = once(named, 'exit')
    undos.push(async () => {
      named.kill('SIGTERM')
      await gone
    })
    if (named.stderr !== null)
      createInterface({ input: named.stderr }).on('line', (line) => {
        for (const watcher of [...watchers]) watcher(line)
      })
    await untilLine(/ running$/)
  })
  afterAll(async () => {
    for (const undo of undos.reverse()) await undo()
  })

  const parts = () => ({ clock: systemClock, random: systemRandom, log: silentLog, server })

  it('finds the nodes of its zone, and follows the zone', async () => {
    const [seen, gone]: [Sighting[], Sighting[]] = [[], []]
    let onNews: () => void = () => undefined
    const until = (isSo: () => boolean) =>
      new Promise<void>((done) => {
        onNews = () => {
          if (isSo()) done()
        }
        onNews()
      })
    const source = new DnsSd({ ...parts(), domain: 'field.example', ask: (...asked) => askDns(parts(), ...asked) })
    source.start({
      port: 1,
      onSighting: (sighting) => seen.push(sighting),
      onGone: (sighting) => gone.push(sighting),
      onChange: () => onNews()
    })
    await until(() => seen.length === 2)
    expect(seen.map(({ address, port }) => [address, port]).sort()).toEqual([
      ['10.1.0.1', 47_110],
      ['10.1.0.2', 47_111]
    ])
    await writeFile(zoneFile, zoneOf(2, ...nodeRecords('bravo', '10.1.0.2', 47_111)))
    const loaded = untilLine(/loaded serial 2/)
    named.kill('SIGHUP')
    await loaded
    source.look()
    await until(() => gone.length > 0)
    expect(gone.map(({ address }) => address)).toEqual(['10.1.0.1'])
    expect(source.view().problem).toBeUndefined()
    await source.stop()
  })

  it('leads a real node to another, once a person set server and domain', async () => {
    const [alpha, bravo] = await Promise.all(
      ['alpha', 'bravo'].map(async (name) => {
        const node = await HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
        undos.push(async () => {
          await node.stop()
        })
        return node
      })
    )
    if (alpha === undefined || bravo === undefined) throw new Error('they started')
    await writeFile(zoneFile, zoneOf(4, ...nodeRecords('bravo', '127.0.0.1', bravo.linkPort)))
    const loaded = untilLine(/loaded serial 4/)
    named.kill('SIGHUP')
    await loaded
    const text = `${server.address}:${String(server.port)}`
    expect(await alpha.call('PUT', 'settings', { dnsServer: 'dns.example' })).toMatchObject({
      status: 400,
      body: { code: 'bad-setting' }
    })
    const set = await alpha.call('PUT', 'settings', { dnsServer: text, dnsDomain: 'field.example' })
    expect(set).toMatchObject({ status: 200, body: { callsign: 'alpha', dnsServer: text } })
    await alpha.until('they met', ({ peers }) => peers.some(({ nodeId }) => nodeId === bravo.nodeId))
    const { body } = await alpha.call('GET', 'network')
    expect(body.sources).toMatchObject([{ source: 'dns-sd', found: 1 }])
    expect(body.nearby).toMatchObject([
      { address: '127.0.0.1', port: bravo.linkPort, sources: ['dns-sd'], state: 'met', nodeId: bravo.nodeId }
    ])
    await alpha.call('PUT', 'settings', { dnsServer: '' })
    expect((await alpha.call('GET', 'network')).body).toMatchObject({ sources: [], nearby: [] })
  })

  it('asks again over TCP what does not fit', async () => {
    await writeFile(
      zoneFile,
      zoneOf(
        5,
        ...Array.from({ length: many }, (_, index) =>
          nodeRecords(`a-name-that-fills-the-packet-${String(index)}`, `10.2.0.${String(index + 1)}`, 47_110)
        ).flat()
      )
    )
    const loaded = untilLine(/loaded serial 5/)
    named.kill('SIGHUP')
    await loaded
    const answer = await askDns(parts(), { name: '_muster._tcp.field.example', type: 'PTR' }, () => false)
    if ('failed' in answer) throw new Error(answer.failed)
    expect(answer.records.filter(({ type }) => type === 'PTR')).toHaveLength(many)
    expect(answer.isCut).toBe(false)
  })

  it('says what the server refuses', async () => {
    const refused = await askDns(parts(), { name: '_muster._tcp.other.example', type: 'PTR' }, () => false)
    expect(refused).toEqual({ failed: 'response code 5' })
    const none = await askDns(parts(), { name: 'nobody.field.example', type: 'A' }, () => false)
    expect(none).toMatchObject({ records: [], isCut: false })
  })

  it('says that nobody answers', async () => {
    const other = { ...parts(), server: { ...server, port: await freePort() } }
    const silent = await askDns(other, { name: '_muster._tcp.field.example', type: 'PTR' }, () => false)
    expect(silent).toEqual({ failed: 'ECONNREFUSED' })
  })
})
