/** Presence of a peer that breaks its rules, and of one that nobody has trusted. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PresenceView } from '@shared/model.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { frameTypes } from '../../src/main/engine/links/framing.js'
import { bounds, limits } from '../../src/main/engine/limits.js'
import { encodePresence, signPresence, type PresenceFacts } from '../../src/main/engine/presence/record.js'
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
import { HostileLink, makeIdentity } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
let hostile: Identity
let stranger: Identity
beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
  hostile = await makeIdentity()
  stranger = await makeIdentity()
  await decideFor(pair.node, hostile, { level: 'trusted' })
  await pair.node.until('its admission', ({ missions }) => missions.some(({ members }) => members === 3))
  await pair.node.untilInStep(pair.friend, pair.mission)
})
afterAll(async () => {
  for (const one of undo) await one()
})

let logged = 0
let refused = 0
beforeEach(async () => {
  logged = pair.node.logLines.length
  refused = await metric(pair.node, 'muster_presence_not_taken')
})
afterEach(() => expectUnharmed(pair))

let seq = 0

function signed(facts: Partial<PresenceFacts> = {}, { mission = pair.mission, by = hostile } = {}) {
  const whole = { start: 1, seq: ++seq, key: 'position', ttlMs: 60_000, at: Date.now(), value: 'here', ...facts }
  const record = signPresence(mission as never, by, whole)
  if (record === undefined) throw new Error('it fits')
  return record
}

async function presence(): Promise<readonly PresenceView[]> {
  const reply = await pair.node.call('GET', `missions/${pair.mission}/presence`)
  expect(reply.status).toBe(200)
  return reply.body.presence as readonly PresenceView[]
}

async function untilShown(...values: readonly unknown[]): Promise<void> {
  const until = Date.now() + 10_000
  let now: readonly unknown[] = []
  while (Date.now() < until) {
    now = (await presence()).map(({ value }) => value)
    if (JSON.stringify(now) === JSON.stringify(values)) return
  }
  expect(now).toEqual(values)
}

async function untilNotTaken(atLeast: number): Promise<void> {
  const until = Date.now() + 10_000
  while ((await metric(pair.node, 'muster_presence_not_taken')) < atLeast)
    if (Date.now() > until) throw new Error('it was taken')
}

describe('presence of a trusted member', () => {
  test('is shown, also after a newer one, and not when an older one comes again', async () => {
    const link = await rise(pair.node, hostile)
    const [first, second] = [signed({ value: 'one' }), signed({ value: 'two' })]
    for (const record of [first, second, first, second, first])
      link.sendFrame(frameTypes.presence, encodePresence(record, 0))
    await untilShown('two')
    await untilNotTaken(refused + 3)
    await untilShown('two')
    link.sendFrame(frameTypes.presence, encodePresence(signed({ value: null }), 0))
    await untilShown()
    link.sendFrame(frameTypes.presence, encodePresence(second, 0))
    await untilNotTaken(refused + 4)
    await untilShown()
    link.end()
  })

  test.each([
    ['of a mission that is not here', () => encodePresence(signed({}, { mission: 'ab'.repeat(32) }), 0)],
    ['of a source that is no member', () => encodePresence(signed({}, { by: stranger }), 0)],
    ['whose time was over on the way', () => encodePresence(signed({ ttlMs: 1_000 }), 1_000)],
    ['whose time was over years ago', () => encodePresence(signed({ ttlMs: 1_000 }), 0xffffffff)]
  ])('%s is passed over', async (_, payload) => {
    const link = await rise(pair.node, hostile)
    link.sendFrame(frameTypes.presence, payload())
    await untilNotTaken(refused + 1)
    await untilShown()
    link.end()
  })

  test.each([
    ['of nothing', () => Buffer.alloc(0), 'presence too short'],
    ['without a line', () => encodePresence(signed(), 0).subarray(0, 132), 'presence: not JSON'],
    ['of noise', () => randomBytes(500), 'presence'],
    [
      'that is longer than it may be',
      () => Buffer.concat([encodePresence(signed(), 0), Buffer.alloc(limits.presenceBytes)]),
      'presence too long'
    ],
    [
      'with a signature for another mission',
      () => {
        const payload = encodePresence(signed({}, { mission: 'ab'.repeat(32) }), 0)
        Buffer.from(pair.mission, 'hex').copy(payload)
        return payload
      },
      'presence that does not verify'
    ],
    [
      'with another value than was signed',
      () => {
        const payload = encodePresence(signed({ value: 'here' }), 0)
        payload[payload.indexOf('here')] = 0x48
        return payload
      },
      'presence that does not verify'
    ],
    [
      'that counts for longer than an hour',
      () => encodePresence(signed({ ttlMs: 3_600_001 }), 0),
      'without its numbers'
    ],
    ['with number 0', () => encodePresence(signed({ seq: 0 }), 0), 'without its numbers'],
    ['with half a number', () => encodePresence(signed({ start: 1.5 }), 0), 'without its numbers'],
    ['with a time of a half', () => encodePresence(signed({ at: 0.5 }), 0), 'without a key or time']
  ])('%s costs the link', async (_, payload, detail) => {
    const link = await rise(pair.node, hostile)
    link.sendFrame(frameTypes.presence, payload())
    await link.untilClosed('it')
    await untilCut(pair.node, logged, 'protocol-error', detail)
    await untilShown()
  })

  test('on a link of version 1 costs the link', async () => {
    const link = await rise(pair.node, hostile, { intro: (own) => ({ ...own, versions: [1] }) })
    link.sendFrame(frameTypes.presence, encodePresence(signed(), 0))
    await link.untilClosed('it')
    await untilCut(pair.node, logged, 'protocol-error', 'frame type 4')
  })

  test('in a flood is let go, and nobody else feels it', async () => {
    const link = await rise(pair.node, hostile)
    const frames = Array.from({ length: 3 * bounds.presence.burst }, (_, index) =>
      encodePresence(signed({ key: `key ${String(index)}`, ttlMs: 3_000 }), 0)
    )
    const stopWatching = watchHealth(pair.node)
    for (const frame of frames) link.sendFrame(frameTypes.presence, frame)
    await untilNotTaken(refused + bounds.presence.burst)
    // Who verified all 6,000 would stand still for longer, also with a core to itself.
    expect(await stopWatching()).toBeLessThan(1_500)
    expect((await presence()).length).toBeLessThanOrEqual(bounds.presencePerSource)
    expect(link.isClosed).toBe(false)
    link.end()
  })
})

describe('presence of a stranger', () => {
  test.each([['before'], ['after']])('%s the hello costs the link', async (when) => {
    const link = await HostileLink.connect({ port: pair.node.linkPort, identity: stranger })
    if (when === 'after') await link.hello()
    link.sendFrame(frameTypes.presence, encodePresence(signed({}, { by: stranger }), 0))
    await link.untilClosed('it')
    await untilCut(pair.node, logged, 'protocol-error', 'presence before trust')
  })
})

describe('the local API', () => {
  test('shares, lists and refuses', async () => {
    const path = `missions/${pair.mission}/presence`
    const made = await pair.node.call('POST', path, { key: 'position', value: { lat: 45.9 }, ttlMs: 2_000 })
    expect([made.status, made.body]).toEqual([200, {}])
    const mine = (await presence()).find(({ isOwn }) => isOwn)
    expect(mine).toMatchObject({ source: pair.node.nodeId, key: 'position', value: { lat: 45.9 }, isOwn: true })
    expect(mine?.remainingMs).toBeLessThanOrEqual(2_000)
    for (const body of [
      { key: '', value: 1, ttlMs: 2_000 },
      { key: 'k', value: 1, ttlMs: 999 },
      { key: 'k', value: 1, ttlMs: 3_600_001 },
      { key: 'k', ttlMs: 2_000 },
      { key: 'k', value: 1, ttlMs: 2_000, more: 1 }
    ])
      expect((await pair.node.call('POST', path, body)).body.code).toBe('bad-request')
    const unknown = `missions/${'0'.repeat(64)}/presence`
    expect((await pair.node.call('GET', unknown)).body.code).toBe('mission-unknown')
  })
})
