/** Datagrams that break the rules, at a real node: from whom it does not know, and from a peer that is trusted. */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeBody, encodeWord } from '../../src/main/engine/datagrams/body.js'
import { Opener, Sealer } from '../../src/main/engine/datagrams/seal.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { encodePresence, signPresence } from '../../src/main/engine/presence/record.js'
import {
  decideFor,
  expectUnharmed,
  metric,
  rise,
  startPair,
  untilCut,
  watchHealth,
  type HonestPair
} from './honest-pair.js'
import { delayed, makeIdentity, type HostileLink } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
let hostile: Identity
let socket: Socket
/** What the node sent to the hostile peer's port. */
let answers: Buffer[]
beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
  hostile = await makeIdentity()
  await decideFor(pair.node, hostile, { level: 'trusted' })
  await pair.node.until('its admission', ({ missions }) => missions.some(({ members }) => members === 3))
  await pair.node.untilInStep(pair.friend, pair.mission)
})
afterAll(async () => {
  for (const one of undo) await one()
})

let logged = 0
beforeEach(async () => {
  logged = pair.node.logLines.length
  answers = []
  socket = createSocket('udp4')
  socket.on('message', (packet) => answers.push(packet))
  // Each of its links has an own address of this machine.
  socket.bind(0)
  await once(socket, 'listening')
})
afterEach(async () => {
  socket.close()
  await expectUnharmed(pair)
})

const ownKey = '1234567890abcdef'

/** A link of the trusted peer that said where it takes datagrams, and what it needs to send some. */
async function linked() {
  const link = await rise(pair.node, hostile)
  const told = await link.until('where it takes datagrams', (message) => message.t === 'datagrams' && message)
  link.send({ t: 'datagrams', port: socket.address().port, key: ownKey })
  await link.roundTrip()
  const { toServer, toClient } = link.binding.datagrams
  const send = (packet: Buffer) => socket.send(packet, told.port, '127.0.0.1')
  return {
    link,
    port: told.port,
    send,
    sealer: new Sealer(toServer, Buffer.from(told.key, 'hex')),
    opener: new Opener(toClient)
  }
}

let seq = 0

function word(value: string): Buffer {
  const facts = { start: 1, seq: ++seq, key: 'position', ttlMs: 2_000, at: Date.now(), value }
  const record = signPresence(pair.mission as never, hostile, facts)
  if (record === undefined) throw new Error('it fits')
  return encodePresence(record, 0)
}

async function untilMetric(name: string, atLeast: number): Promise<void> {
  const until = Date.now() + 10_000
  while ((await metric(pair.node, `muster_${name}`)) < atLeast)
    if (Date.now() > until) throw new Error(`${name} is below ${String(atLeast)}`)
}

const notTaken = () => metric(pair.node, 'muster_datagrams_not_taken')

async function untilAnswered(count: number): Promise<void> {
  while (answers.length < count) await delayed(once(socket, 'message'), 'an answer')
}

async function values(): Promise<readonly unknown[]> {
  const reply = await pair.node.call('GET', `missions/${pair.mission}/presence`)
  return (reply.body.presence as { value: unknown }[]).map(({ value }) => value)
}

describe('whoever is not linked', () => {
  test('gets no answer, whatever it sends, and nobody feels a flood', async () => {
    const { link, port } = await linked()
    link.end()
    const before = await notTaken()
    const stopWatching = watchHealth(pair.node)
    const count = 5_000
    for (let index = 0; index < count; index++) {
      socket.send(randomBytes(index % 1_400), port, '127.0.0.1')
      // The system drops what a burst has too much of; most should arrive.
      if (index % 50 === 0) await new Promise((next) => setImmediate(next))
    }
    await untilMetric('datagrams_not_taken', before + count / 4)
    expect(await stopWatching()).toBeLessThan(500)
    expect(answers).toEqual([])
  })
})

describe('a trusted peer', () => {
  test('that keeps the rules is heard and answered, once for each packet', async () => {
    const { link, send, sealer, opener } = await linked()
    const before = await notTaken()
    const { packet } = sealer.seal(encodeWord(word('by datagram')))
    send(packet)
    await untilAnswered(1)
    send(packet)
    await untilMetric('datagrams_not_taken', before + 1)
    expect(await values()).toContain('by datagram')
    const opened = opener.open(answers[0] ?? Buffer.alloc(0))
    expect(typeof opened === 'string' ? opened : decodeBody(opened.body)).toEqual({ kind: 'ack', seqs: [0] })
    expect(answers[0]?.toString('hex', 0, 8)).toBe(ownKey)
    expect(answers).toHaveLength(1)
    link.end()
  })

  test('that sends nonsense well sealed is not answered, and stays', async () => {
    const { link, send, sealer } = await linked()
    const before = await notTaken()
    const bodies = [Buffer.alloc(0), Buffer.from([9, 1]), Buffer.from([2]), Buffer.alloc(90, 2)]
    for (const body of bodies) send(sealer.seal(body).packet)
    await untilMetric('datagrams_not_taken', before + bodies.length)
    expect(answers).toEqual([])
    await link.roundTrip()
    link.end()
  })

  test.each([
    ['a word that is none', () => randomBytes(300), 'presence'],
    [
      'a word that does not verify',
      () => {
        const payload = word('here')
        payload[payload.indexOf('here')] = 0x48
        return payload
      },
      'presence that does not verify'
    ]
  ])('that sends %s loses its link', async (_, payload, detail) => {
    const { link, send, sealer } = await linked()
    send(sealer.seal(encodeWord(payload())).packet)
    await link.untilClosed('it')
    await untilCut(pair.node, logged, 'protocol-error', detail)
  })

  test('is heard no more once its link is over', async () => {
    const { link, send, sealer } = await linked()
    send(sealer.seal(encodeWord(word('in time'))).packet)
    await untilAnswered(1)
    link.end()
    await untilCut(pair.node, logged, 'link-lost')
    const before = await notTaken()
    send(sealer.seal(encodeWord(word('too late'))).packet)
    await untilMetric('datagrams_not_taken', before + 1)
    expect(await values()).not.toContain('too late')
    expect(answers).toHaveLength(1)
  })

  test('that floods is let go beyond its share, and nobody else feels it', async () => {
    const { link, send, sealer } = await linked()
    const before = await notTaken()
    const stopWatching = watchHealth(pair.node)
    const body = encodeWord(word('again and again'))
    const until = Date.now() + 15_000
    // How many arrive is up to the system, so it goes on until the share is used up.
    while ((await notTaken()) < before + 500) {
      if (Date.now() > until) throw new Error('all of it was taken')
      for (let index = 0; index < 400; index++) send(sealer.seal(body).packet)
    }
    expect(answers.length).toBeGreaterThan(100)
    expect(await stopWatching()).toBeLessThan(500)
    await link.roundTrip()
    link.end()
  })

  const told = (key = ownKey, port: unknown = 9) => ({ t: 'datagrams', port, key })

  test.each<[string, (link: HostileLink) => void, string]>([
    ['says twice where it takes datagrams', (link) => [told(), told()].forEach((one) => link.send(one)), 'told twice'],
    ['says no port', (link) => link.send(told(ownKey, 0)), 'port'],
    ['says a port that is none', (link) => link.send(told(ownKey, 65_536)), 'port'],
    ['says no key', (link) => link.send(told('')), 'key']
  ])('that %s loses its link', async (_, act, detail) => {
    const link = await rise(pair.node, hostile)
    act(link)
    await link.untilClosed('it')
    await untilCut(pair.node, logged, 'protocol-error', detail === 'told twice' ? 'datagrams told twice' : '')
  })

  test('on a link of version 4 that speaks of datagrams loses it, and is told of none', async () => {
    const link = await rise(pair.node, hostile, { intro: (own) => ({ ...own, versions: [1, 2, 3, 4] }) })
    await link.roundTrip()
    expect(link.messages.some(({ t }) => t === 'datagrams')).toBe(false)
    link.send(told())
    await link.untilClosed('it')
    await untilCut(pair.node, logged, 'protocol-error', 'datagrams before version 5')
  })
})
