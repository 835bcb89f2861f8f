/** Connections that are no peer's: scanners, floods, and TLS that is not ours. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { expectUnharmed, metric, startPair, untilCut, untilLogged, type HonestPair } from './honest-pair.js'
import { dialPlain, expectOpenDoor, openPlain, untilEnded } from './door.js'
import { anotherAddress, HostileLink, makeIdentity } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
})
afterAll(async () => {
  for (const one of undo) await one()
})
afterEach(async () => {
  expect(
    pair.node.overview.peers.map(({ nodeId }) => nodeId),
    'nobody is asked about a stranger that proved nothing'
  ).toEqual([pair.friend.nodeId])
  await expectUnharmed(pair)
})

describe('a scanner', () => {
  test('connects and goes', async () => {
    const socket = await openPlain(pair.node.linkPort)
    socket.destroy()
    await untilEnded(socket, 'the connection')
    await expectOpenDoor(pair.node.linkPort)
  })

  test('connects and resets', async () => {
    const socket = await openPlain(pair.node.linkPort)
    socket.resetAndDestroy()
    await untilEnded(socket, 'the connection')
    await expectOpenDoor(pair.node.linkPort)
  })

  test.each([
    // The first byte is of no record of TLS: else it may wait for the length that chance wrote.
    ['random bytes', Buffer.concat([Buffer.from('A'), randomBytes(2_000)])],
    ['zeros', Buffer.alloc(2_000)],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')],
    ['a record of TLS that is none', Buffer.concat([Buffer.from('1603010200', 'hex'), randomBytes(512)])],
    ['a frame of ours without TLS', Buffer.from('00000010017b2274223a22696e74726f227d', 'hex')]
  ])('sends %s', async (_, bytes) => {
    const from = pair.node.logLines.length
    const socket = await openPlain(pair.node.linkPort)
    const answers: Buffer[] = []
    socket.on('data', (data: Buffer) => answers.push(data))
    socket.write(bytes)
    await untilEnded(socket, 'the connection')
    // At most an alert of TLS: two bytes in a record.
    expect(Buffer.concat(answers).length).toBeLessThanOrEqual(16)
    await untilLogged(pair.node, from, 'the refusal', ({ event }) => event === 'connection-refused')
  })

  test('stays silent, drips, or stops in the middle: dropped within the limit', async () => {
    const began = performance.now()
    const silent = await openPlain(pair.node.linkPort)
    const dripping = await openPlain(pair.node.linkPort)
    const drip = setInterval(() => dripping.write(Buffer.from('16')), 250)
    // A record header that promises more than ever comes keeps TLS waiting.
    dripping.write(Buffer.from('1603010200', 'hex'))
    const identity = await makeIdentity()
    const noHello = await HostileLink.connect({ port: pair.node.linkPort, identity })
    const halfHello = await HostileLink.connect({ port: pair.node.linkPort, identity })
    await halfHello.theirIntro()
    halfHello.write(Buffer.from('00000100017b', 'hex'))
    const slowHello = await HostileLink.connect({ port: pair.node.linkPort, identity })
    await slowHello.prove() // The answer never comes.
    const from = pair.node.logLines.length
    await Promise.all([
      untilEnded(silent, 'the silent connection'),
      untilEnded(dripping, 'the dripping connection').finally(() => clearInterval(drip)),
      noHello.untilClosed('no hello'),
      halfHello.untilClosed('half a hello'),
      slowHello.untilClosed('a hello without its end'),
      untilCut(pair.node, from, 'hello-failed', 'no hello in time')
    ])
    // Each has 5 s from its own beginning; the rest is a slow machine's.
    expect(performance.now() - began).toBeLessThan(7_500)
  })
})

describe('a client of TLS', () => {
  test('without a certificate', async () => {
    const from = pair.node.logLines.length
    const link = await HostileLink.connect({
      port: pair.node.linkPort,
      identity: await makeIdentity(),
      tls: { key: undefined, cert: undefined }
    })
    await link.untilClosed('no certificate')
    expect(Buffer.concat(link.received).length).toBe(0)
    await untilLogged(pair.node, from, 'the refusal', ({ detail }) => String(detail).includes('no certificate'))
  })

  test('of version 1.2 only', async () => {
    const tls = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    const dialled = HostileLink.connect({ port: pair.node.linkPort, identity: await makeIdentity(), tls })
    await expect(dialled).rejects.toThrow(/protocol version/i)
  })

  test('without an application protocol', async () => {
    const link = await HostileLink.connect({
      port: pair.node.linkPort,
      identity: await makeIdentity(),
      tls: { ALPNProtocols: undefined }
    })
    await link.untilClosed('no application protocol')
    expect(Buffer.concat(link.received).length).toBe(0)
  })

  test.each([['h2'], ['muster/2'], ['muster/1x']])('with the application protocol %s', async (name) => {
    const tls = { ALPNProtocols: [name] }
    const dialled = HostileLink.connect({ port: pair.node.linkPort, identity: await makeIdentity(), tls })
    await expect(dialled).rejects.toThrow(/application protocol|alert/i)
  })
})

// Last: it uses up the notes of this minute that the tests before it look for.
describe('a flood', () => {
  test('of 200 connections keeps no trusted peer out, and is over when it ends', async () => {
    const before = await metric(pair.node, 'muster_connections_refused')
    const from = anotherAddress()
    const sockets = Array.from({ length: 200 }, () => dialPlain(pair.node.linkPort, from))
    const ends = sockets.map((socket) => untilEnded(socket, 'a connection of the flood'))
    // From the address of the trusted friend.
    await expectOpenDoor(pair.node.linkPort, '127.0.0.1')
    // A bucket of 20, and fewer handshakes at once than that.
    for (let refused = before; refused - before < 180;) {
      refused = await metric(pair.node, 'muster_connections_refused')
      expect(refused - before).toBeLessThanOrEqual(200)
    }
    for (const socket of sockets) socket.destroy()
    await Promise.all(ends)
    await expectOpenDoor(pair.node.linkPort)
  })
})
