/** What is valid piece by piece and wears a node out: depth, numbers, repetition. It stays responsive and bounded. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { HeadlessNode } from '../support/headless.js'
import {
  decideFor,
  digestOf,
  expectUnharmed,
  metric,
  rise,
  startPair,
  untilCut,
  watchHealth,
  type HonestPair
} from './honest-pair.js'
import { delayed, HostileLink, HostileLog, makeIdentity, setLine } from './hostile-peer.js'

// A node that was worn out is of no use to the next test: each has nodes of its own.
const undo: (() => Promise<void>)[] = []
let pair: HonestPair
let hostile: Identity
beforeEach(async () => {
  pair = await startPair((one) => undo.unshift(one))
  hostile = await makeIdentity()
  await decideFor(pair.node, hostile, { level: 'trusted' })
  await pair.node.until('its admission', ({ missions }) => missions[0]?.members === 3)
})
afterEach(async () => {
  for (const one of undo.splice(0)) await one()
})
afterAll(async () => {
  for (const one of undo) await one()
})

const responsiveMs = 1_000

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

async function rss(node: HeadlessNode): Promise<number> {
  return metric(node, 'process_resident_memory_bytes')
}

describe('a deep value', () => {
  test('in a sealed line of a peer', async () => {
    const from = pair.node.logLines.length
    const digest = await digestOf(pair.node, pair.mission)
    const link = await rise(pair.node, hostile)
    const log = new HostileLog(pair.mission, hostile)
    link.sendRun(
      pair.mission,
      log.begin(`{"kind":"set","at":1,"entity":"log/deep","field":"text","value":${nested(30_000)}}`)
    )
    await link.untilClosed('the deep line')
    await untilCut(pair.node, from, 'bad-run')
    expect(await digestOf(pair.node, pair.mission)).toBe(digest)
    await expectUnharmed(pair)
  })

  test('in a create record of a peer', async () => {
    const link = await rise(pair.node, hostile)
    const id = randomBytes(32).toString('hex')
    await link.untilWanted(id)
    const record = `{"t":"heads","mission":"${id}","heads":[],"create":${nested(400_000)}}`
    link.sendFrame(1, Buffer.from(record))
    await link.untilClosed('the deep record')
    await expectUnharmed(pair)
  })

  test('that this node takes, every node takes', async () => {
    const { node, friend, mission } = pair
    const isTaken = async (depth: number) => {
      const body = `{"entity":"task/deep","field":"title","value":${nested(depth)}}`
      const response = await fetch(`http://127.0.0.1:${node.apiPort}/api/v1/missions/${mission}/changes`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${node.token}` },
        body
      })
      await response.text()
      return response.status === 200
    }
    let [low, high] = [1, 30_000]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (await isTaken(middle)) low = middle
      else high = middle - 1
    }
    await expectUnharmed(pair)
    // Read by a program and by a window, at both.
    for (const one of [node, friend]) {
      expect((await one.call('GET', `missions/${mission}`)).status).toBe(200)
      expect(one.process.exitCode).toBe(null)
    }
  })
})

describe('numbers', () => {
  test('a message with a list of half a million', async () => {
    const link = await rise(pair.node, hostile)
    const longest = watchHealth(pair.node)
    const start = Buffer.from(`{"t":"have","mission":"${pair.mission}","digest":"${'0'.repeat(64)}","moved":[`)
    link.sendFrame(1, Buffer.concat([start, Buffer.from('0,'.repeat(520_000)), Buffer.from('0]}')]))
    await link.untilClosed('the list')
    expect(await longest()).toBeLessThan(responsiveMs)
    await expectUnharmed(pair)
  })

  test('heads of logs that nobody has, again and again', async () => {
    // Made before: what takes long here must not look as if it took long there.
    const messages = Array.from({ length: 60 }, () => {
      const moved = Array.from({ length: 5_000 }, () => [
        randomBytes(32).toString('hex'),
        randomBytes(16).toString('hex'),
        1,
        '0'.repeat(64)
      ])
      const digest = randomBytes(32).toString('hex')
      return Buffer.from(JSON.stringify({ t: 'have', mission: pair.mission, digest, moved }))
    })
    const link = await rise(pair.node, hostile)
    const before = await rss(pair.node)
    const longest = watchHealth(pair.node)
    for (const message of messages) {
      if (link.isClosed) break
      link.sendFrame(1, message)
      await Promise.race([link.closed, link.roundTrip().catch(() => undefined)])
    }
    expect(await longest()).toBeLessThan(responsiveMs)
    expect((await rss(pair.node)) - before).toBeLessThan(100 * 1024 * 1024)
    await expectUnharmed(pair)
  })

  test('word of missions that nobody has, again and again', async () => {
    const link = await rise(pair.node, hostile)
    const before = await rss(pair.node)
    const digest = '1'.repeat(64)
    for (let round = 0; round < 150 && !link.isClosed; round++) {
      for (let count = 0; count < 1_000; count++)
        link.send({ t: 'done', mission: randomBytes(32).toString('hex'), digest })
      // Bounded in memory here as well.
      await Promise.race([link.closed, link.roundTrip().catch(() => undefined)])
    }
    expect((await rss(pair.node)) - before).toBeLessThan(100 * 1024 * 1024)
    await expectUnharmed(pair)
  })

  test('values of one field that replace none', async () => {
    const link = await rise(pair.node, hostile)
    const longest = watchHealth(pair.node)
    const log = new HostileLog(pair.mission, hostile)
    const changes = pair.node.overview.missions[0]?.changes ?? 0
    const line = { ...setLine('task/wide', 'title', 'the same'), at: 1 }
    const lines = Array.from({ length: 1_000 }, () => line)
    link.sendRun(pair.mission, log.begin())
    for (let round = 0; round < 12; round++) link.sendRun(pair.mission, log.run(...lines))
    const all = ({ missions }: typeof pair.node.overview) => (missions[0]?.changes ?? 0) > changes + 12_000
    await pair.node.until('all values', all)
    expect(await longest()).toBeLessThan(responsiveMs)
    await pair.friend.until('all values', all)
    await expectUnharmed(pair)
  })

  test('pings of a peer that reads no answer', async () => {
    const link = await rise(pair.node, hostile)
    const from = pair.node.logLines.length
    const before = await rss(pair.node)
    link.socket.pause()
    const ping = Buffer.from('{"t":"ping","n":1,"at":1}')
    const frames = Buffer.concat(
      Array.from({ length: 5_000 }, () => Buffer.concat([Buffer.of(0, 0, 0, ping.length + 1, 1), ping]))
    )
    // 10 MiB and more wait to be read by the kernels and by the node before it gives up on this peer.
    for (let round = 0; round < 200 && !link.isClosed; round++) {
      if (!link.socket.write(frames))
        await Promise.race([new Promise((done) => link.socket.once('drain', done)), delayed(link.closed, 'the cut')])
      if (pair.node.logLines.slice(from).some((one) => one.includes('reads too slowly'))) break
    }
    await untilCut(pair.node, from, 'peer-silent', 'it reads too slowly')
    expect((await rss(pair.node)) - before).toBeLessThan(150 * 1024 * 1024)
    link.end()
    await expectUnharmed(pair)
  })
})

describe('text that no line may hold', () => {
  test('as the callsign of a peer: it can still be revoked for good', async () => {
    const { node } = pair
    const link = await HostileLink.connect({ port: node.linkPort, identity: hostile })
    await link.hello({ callsign: 'MALLORY\ud800' })
    await Promise.race([link.closed, link.until('the link', ({ t }) => t === 'ping')])
    const reply = await node.call('POST', `peers/${hostile.nodeId}/decision`, { level: 'revoked', reason: 'stolen' })
    expect(reply.status, JSON.stringify(reply.body)).toBe(200)
    await link.untilClosed('the revocation')
    await node.stop()
    const again = await HeadlessNode.start({ name: 'NODE', folder: node.folder })
    undo.unshift(async () => {
      await again.stop()
    })
    expect(again.peer(hostile)?.level).toBe('revoked')
  })

  test('as the callsign of a stranger: the journal is whole after a restart', async () => {
    const { node, friend } = pair
    const link = await HostileLink.connect({ port: node.linkPort, identity: await makeIdentity() })
    await link.hello({ callsign: 'MALLORY\ud800' })
    await Promise.race([link.closed, link.until('its answer', ({ t }) => t === 'answer')])
    link.end()
    await link.closed
    await expectUnharmed(pair)
    await node.stop()
    const again = await HeadlessNode.start({ name: 'NODE', folder: node.folder })
    undo.unshift(async () => {
      await again.stop()
    })
    expect(again.overview.health.problems).toEqual([])
    await again.untilLinked(friend)
  })

  test('as a reason: refused as such, and the disk is not blamed', async () => {
    const decision = { level: 'revoked', reason: 'half \ud800' }
    const reply = await pair.node.call('POST', `peers/${hostile.nodeId}/decision`, decision)
    expect(reply).toMatchObject({ status: 400, body: { code: 'bad-request' } })
    expect(pair.node.peer(hostile)?.level).toBe('trusted')
  })

  test('as a pattern of a scope', async () => {
    const decision = { level: 'trusted', scope: { out: ['half \ud800'], in: [], access: 'read' } }
    const reply = await pair.node.call('POST', `peers/${hostile.nodeId}/decision`, decision)
    expect(reply).toMatchObject({ status: 400, body: { code: 'bad-scope' } })
  })

  test('as the name of a mission: no node would take it', async () => {
    const reply = await pair.node.call('POST', 'missions', { name: 'half \ud800' })
    expect(reply).toMatchObject({ status: 400, body: { code: 'bad-name' } })
    await expectUnharmed(pair)
  })

  test('as the description of a mission: nothing is made', async () => {
    const reply = await pair.node.call('POST', 'missions', { name: 'Other', description: 'half \ud800' })
    expect(reply.status).toBe(400)
    const { body } = await pair.node.call('GET', 'missions')
    expect(body.missions.map(({ name }: { name: string }) => name)).not.toContain('Other')
  })

  test('as a value', async () => {
    const change = { entity: 'log/half', field: 'text', value: 'half \ud800' }
    const reply = await pair.node.call('POST', `missions/${pair.mission}/changes`, change)
    expect(reply).toMatchObject({ status: 400, body: { code: 'bad-change' } })
    await expectUnharmed(pair)
  })
})
