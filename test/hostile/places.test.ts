/** Places for new connections: what strangers take of them, they give back, and never those of trusted peers. */
import { spawnSync } from 'node:child_process'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { tlsTransport } from '../../src/main/engine/links/tls-transport.js'
import { expectOpenDoor, openPlain, untilEnded } from './door.js'
import { expectUnharmed, startPair, type HonestPair } from './honest-pair.js'
import { anotherAddress, HostileLink, makeIdentity } from './hostile-peer.js'

// A place that is lost stays lost: each test has nodes of its own.
const undo: (() => Promise<void>)[] = []
let pair: HonestPair
beforeEach(async () => {
  pair = await startPair((one) => undo.unshift(one))
})
afterEach(() => expectUnharmed(pair))
afterAll(async () => {
  for (const one of undo) await one()
})

/** Of strangers; as many handshakes as may be under way at once. */
const places = 12

test('resets that arrive all at once give back every place', async () => {
  let underWay = 0
  const { tls } = await makeIdentity()
  const listener = await tlsTransport.listen({
    host: '127.0.0.1',
    port: 0,
    identity: tls,
    admit: () => {
      underWay++
      return () => underWay--
    },
    onChannel: (channel) => channel.destroy(),
    onRefused: () => undefined
  })
  const flood = `
    const { connect } = require('node:net')
    const sockets = Array.from({ length: 16 }, () => connect(${listener.port}, '127.0.0.1').on('error', () => {}))
    let open = 0
    for (const socket of sockets)
      socket.on('connect', () => ++open === sockets.length && sockets.map((one) => one.resetAndDestroy()))`
  for (let round = 0; round < 8; round++) {
    // This process waits for the other and accepts only then: when it is gone, the addresses cannot be told any more.
    spawnSync(process.execPath, ['-e', flood])
    const last = await openPlain(listener.port, '127.0.0.1')
    last.write('not TLS')
    await untilEnded(last, 'the connection that was accepted after them')
  }
  await listener.close()
  expect(underWay, 'places that no connection holds any more').toBe(0)
})

test('a stranger that said hello once does not take the places of trusted peers', async () => {
  const { node } = pair
  const from = anotherAddress()
  const stranger = await HostileLink.connect({ port: node.linkPort, identity: await makeIdentity(), from })
  await stranger.hello({ port: 9 })
  await node.until('the stranger', ({ peers }) => peers.length === 2)
  stranger.end()
  await stranger.closed
  const held = await Promise.all(Array.from({ length: places + 6 }, () => openPlain(node.linkPort, from)))
  // From the address of the trusted friend.
  await expectOpenDoor(node.linkPort, '127.0.0.1')
  for (const socket of held) socket.destroy()
  await Promise.all(held.map((socket) => untilEnded(socket, 'a held connection')))
})
