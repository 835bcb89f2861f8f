/** Frames that break the rules, and an untrusted peer that asks for more than a hello. */
import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { MissionId } from '@shared/model.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { frameTypes } from '../../src/main/engine/links/framing.js'
import { encodeRun } from '../../src/main/engine/logs/run.js'
import { signReceipt } from '../../src/main/engine/receipts/receipt.js'
import { decideFor, expectUnharmed, missionName, rise, startPair, untilCut, type HonestPair } from './honest-pair.js'
import { HostileLink, HostileLog, makeIdentity, setLine } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
let stranger: Identity
let trusted: Identity
beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
  stranger = await makeIdentity()
  trusted = await makeIdentity()
  await decideFor(pair.node, trusted, { level: 'trusted' })
})
afterAll(async () => {
  for (const one of undo) await one()
})
afterEach(() => expectUnharmed(pair))

function frame(length: number, type: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(length)
  header[4] = type
  return Buffer.concat([header, payload])
}

const brokenFrames: readonly (readonly [string, Buffer, string])[] = [
  ['of 4 GiB', frame(0xffffffff, 1), 'frame of 4294967295 bytes'],
  ['of 2 GiB', frame(0x80000000, 1), 'frame of 2147483648 bytes'],
  ['of no byte', frame(0, 1), 'frame of 0 bytes'],
  ['of an unknown type', frame(8, 9, Buffer.alloc(7)), 'frame type 9'],
  ['of type 0', frame(8, 0, Buffer.alloc(7)), 'frame type 0'],
  ['without JSON', frame(8, 1, Buffer.from('{{{{{{{')), 'not JSON'],
  ['that is not UTF-8', frame(5, 1, Buffer.from('fffefdfc', 'hex')), 'not JSON'],
  ['without content', frame(1, 1), 'not JSON'],
  ['with an array', frame(3, 1, Buffer.from('[]')), ''],
  ['with an unknown message', frame(12, 1, Buffer.from('{"t":"root"}').subarray(0, 11)), '']
]

describe('before the hello, a frame', () => {
  test.each([...brokenFrames, ['just over the limit', frame(4 * 1024 + 1, 1), 'frame of 4097 bytes'] as const])(
    '%s',
    async (_, bytes, detail) => {
      const from = pair.node.logLines.length
      const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
      link.write(bytes)
      await link.untilClosed('the frame')
      await untilCut(pair.node, from, 'protocol-error', detail)
      // Its own intro may have left before.
      expect(link.messages.filter(({ t }) => t !== 'intro')).toEqual([])
    }
  )

  test('cut in the middle', async () => {
    const from = pair.node.logLines.length
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    await link.theirIntro()
    link.write(frame(100, 1, Buffer.from('{"t":"intro"')))
    link.socket.end()
    await link.untilClosed('half a frame')
    await untilCut(pair.node, from, 'link-lost')
  })

  test('after frame, more than are allowed', async () => {
    const from = pair.node.logLines.length
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    await link.hello({ trusts: false })
    for (let count = 0; count < 20; count++) link.send({ t: 'level', trusts: count % 2 === 0 })
    await link.untilClosed('20 frames')
    await untilCut(pair.node, from, 'protocol-error', 'too many frames before trust')
    expect(pair.node.peer(stranger)?.level).not.toBe('trusted')
  })
})

describe('on a raised link, a frame', () => {
  test.each([...brokenFrames, ['just over the limit', frame(1024 * 1024 + 1, 1), 'frame of 1048577 bytes'] as const])(
    '%s',
    async (_, bytes, detail) => {
      const from = pair.node.logLines.length
      const link = await rise(pair.node, trusted)
      link.write(bytes)
      await link.untilClosed('the frame')
      await untilCut(pair.node, from, 'protocol-error', detail)
      await pair.node.until('the reason is shown', () => {
        const state = pair.node.peer(trusted)?.link
        return state?.state === 'down' && state.reason === 'protocol-error'
      })
    }
  )

  test('cut in the middle', async () => {
    const link = await rise(pair.node, trusted)
    link.write(frame(500_000, 2, randomBytes(200_000)))
    link.socket.end()
    await link.untilClosed('half a frame')
    await pair.node.until('the link is down', () => pair.node.peer(trusted)?.link.state === 'down')
  })

  test('of a receipt that somebody else signed', async () => {
    const from = pair.node.logLines.length
    const link = await rise(pair.node, trusted)
    const facts = { mission: pair.mission as MissionId, digest: '0'.repeat(64), store: '0'.repeat(64), at: 1 }
    link.send({ t: 'receipt', ...signReceipt(facts, stranger.signingKey) })
    await link.untilClosed('a forged receipt')
    await untilCut(pair.node, from, 'bad-run', 'receipt does not verify')
  })

  test('of a receipt for nothing that is here is dropped', async () => {
    const link = await rise(pair.node, trusted)
    const facts = { mission: pair.mission as MissionId, digest: '0'.repeat(64), store: '0'.repeat(64), at: 1 }
    link.send({ t: 'receipt', ...signReceipt(facts, trusted.signingKey) })
    link.send({ t: 'store', store: facts.store })
    for (const mission of [facts.mission, '1'.repeat(64) as MissionId])
      link.send({ t: 'receipt', ...signReceipt({ ...facts, mission }, trusted.signingKey) })
    link.send({ t: 'ping', n: 77, at: 1 })
    await link.until('a pong', (message) => message.t === 'pong' && message.n === 77)
    const holders = pair.node.overview.missions.flatMap((mission) => mission.holders)
    expect(holders.find(({ nodeId }) => nodeId === trusted.nodeId)?.receipt).toBeUndefined()
    link.socket.end()
    await pair.node.until('the link is down', () => pair.node.peer(trusted)?.link.state === 'down')
  })

  test('of a hello again', async () => {
    const from = pair.node.logLines.length
    const link = await rise(pair.node, trusted)
    link.answer()
    await link.untilClosed('a second answer')
    await untilCut(pair.node, from, 'protocol-error', 'answer after the hello')
  })
})

describe('an untrusted peer', () => {
  /** Nothing that it was given names a mission, in whatever spelling. */
  function expectNothingTold(link: HostileLink): void {
    const bytes = Buffer.concat(link.received)
    const { mission, node } = pair
    for (const secret of [mission, mission.slice(0, 16), missionName, 'first', node.folder, pair.friend.nodeId])
      expect(bytes.includes(secret)).toBe(false)
    expect(bytes.includes(Buffer.from(mission, 'hex'))).toBe(false)
    const told = new Set(link.messages.map(({ t }) => t))
    for (const allowed of ['intro', 'proof', 'answer', 'level'] as const) told.delete(allowed)
    expect([...told]).toEqual([])
    expect(link.runs).toEqual([])
  }

  const zero = '0'.repeat(64)
  const messages: readonly (readonly [string, (mission: string) => unknown])[] = [
    ['have', (mission) => ({ t: 'have', mission, digest: zero, moved: [] })],
    ['want', (mission) => ({ t: 'want', mission, heads: [], create: true })],
    ['heads', (mission) => ({ t: 'heads', mission, heads: [] })],
    ['done', (mission) => ({ t: 'done', mission, digest: zero })],
    ['ping', () => ({ t: 'ping', n: 1, at: 1 })],
    ['pong', () => ({ t: 'pong', n: 1, at: 1 })]
  ]

  test.each(messages)('says %s after the hello', async (name, message) => {
    const from = pair.node.logLines.length
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    await link.hello()
    link.send(message(pair.mission))
    await link.untilClosed(name)
    await untilCut(pair.node, from, 'protocol-error', `${name} before trust`)
    expectNothingTold(link)
  })

  test.each(messages)('says %s before the hello', async (name, message) => {
    const from = pair.node.logLines.length
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    link.send(message(pair.mission))
    await link.untilClosed(name)
    await untilCut(pair.node, from, 'protocol-error', `${name} out of turn`)
    expectNothingTold(link)
  })

  test.each([
    ['run', 'before'],
    ['run', 'after'],
    ['packedRun', 'before'],
    ['packedRun', 'after']
  ] as const)('sends a %s %s the hello', async (type, when) => {
    const from = pair.node.logLines.length
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    if (when === 'after') await link.hello()
    const run = new HostileLog(pair.mission, stranger).begin(setLine('log/stranger', 'text', 'here'))
    const bytes = type === 'run' ? encodeRun(run) : deflateRawSync(encodeRun(run))
    link.sendFrame(frameTypes[type], Buffer.concat([Buffer.from(pair.mission, 'hex'), bytes]))
    await link.untilClosed('the run')
    await untilCut(pair.node, from, 'protocol-error', 'run before trust')
    expectNothingTold(link)
  })

  test('learns nothing from a whole hello, while the node works', async () => {
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    await link.hello()
    await link.until('the answer', ({ t }) => t === 'answer')
    await expectUnharmed(pair)
    expectNothingTold(link)
    expect(pair.node.peer(stranger)?.level).toBe('pending')
    link.end()
    await link.closed
  })

  test('does not fill the list of requests', async () => {
    const before = pair.node.overview.peers.filter(({ level }) => level === 'pending').length
    for (let count = before; count < 30; count++) {
      const link = await HostileLink.connect({ port: pair.node.linkPort, identity: await makeIdentity() })
      await link.hello({ callsign: `STRANGER ${count}` })
      await Promise.race([link.closed, link.until('the answer', ({ t }) => t === 'answer')])
      link.end()
      await link.closed
    }
    // A person who decides about the next one finds no more than the protocol's 20.
    await expectUnharmed(pair)
    const pending = pair.node.overview.peers.filter(({ level }) => level === 'pending').length
    expect(pending).toBeLessThanOrEqual(20)
  })

  test('sends a run type with the payload of a message', async () => {
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    link.sendFrame(frameTypes.run, Buffer.from('{"t":"intro"}'))
    await link.untilClosed('the frame')
    expectNothingTold(link)
  })
})
