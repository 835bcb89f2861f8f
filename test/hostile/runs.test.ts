/** Runs and offers of a trusted peer that lies: nothing that does not verify has an effect, and nobody else feels it. */
import { createHash, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lengthPrefixed, uint64 } from '../../src/main/engine/bytes/hash.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import { frameTypes } from '../../src/main/engine/links/framing.js'
import type { Message } from '../../src/main/engine/links/messages.js'
import { bounds, limits } from '../../src/main/engine/limits.js'
import { encodeRun, lastSeq, sealRun, type Run, type RunHeader } from '../../src/main/engine/logs/run.js'
import { missionIdOf, signCreate, type CreateRecord } from '../../src/main/engine/missions/create-record.js'
import {
  decideFor,
  digestOf,
  expectUnharmed,
  metric,
  rise,
  startPair,
  untilCut,
  type HonestPair
} from './honest-pair.js'
import type { HeadlessNode } from '../support/headless.js'
import type { HostileLink } from './hostile-peer.js'
import { HostileLog, makeIdentity, setLine } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
let hostile: Identity
let author: Identity

function missionOf() {
  const mission = pair.node.overview.missions.find(({ id }) => id === pair.mission)
  if (mission === undefined) throw new Error('the mission is gone')
  return mission
}

function changesAt(node: HeadlessNode): number {
  return node.overview.missions.find(({ id }) => id === pair.mission)?.changes ?? 0
}

async function entriesOf(): Promise<readonly string[]> {
  const reply = await pair.node.call('GET', `missions/${pair.mission}`)
  return (reply.body.entities as { readonly entity: string }[]).map(({ entity }) => entity)
}

beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
  hostile = await makeIdentity()
  author = hostile
  await decideFor(pair.node, hostile, { level: 'trusted' })
  await pair.node.until('its admission', () => missionOf().members === 3)
  await pair.node.untilInStep(pair.friend, pair.mission)
})
afterAll(async () => {
  for (const one of undo) await one()
})

let logged = 0
let digest = ''
let refused = 0
beforeEach(async () => {
  logged = pair.node.logLines.length
  digest = await digestOf(pair.node, pair.mission)
  refused = await metric(pair.node, 'muster_runs_not_taken')
})
afterEach(async () => {
  expect((await entriesOf()).filter((entity) => entity.includes('hostile'))).toEqual([])
  await expectUnharmed(pair)
})

const effect = setLine('log/hostile', 'text', 'must not be seen')

function newLog(): HostileLog {
  return new HostileLog(pair.mission, author)
}

/** A run with a header of our choice, sealed or not. */
function withHeader(run: Run, header: Partial<Record<keyof RunHeader, unknown>>): Run {
  return { header: { ...run.header, ...(header as Partial<RunHeader>) }, body: run.body }
}

/** The same lines under a seal over other facts. */
function sealedFor(
  run: Run,
  facts: { mission?: string; author?: Identity; epoch?: string; first?: number; hash?: string }
) {
  const { header } = run
  const mission = (facts.mission ?? pair.mission) as typeof pair.mission
  const log = { author: header.author, epoch: facts.epoch ?? header.epoch }
  const lines = Array.from({ length: header.count }, () => Buffer.from('{}'))
  const hash = Buffer.from(facts.hash ?? header.hash, 'hex')
  const key = (facts.author ?? author).signingKey
  const { seal } = sealRun(mission as never, log, facts.first ?? header.first, lines, hash, key).header
  return withHeader(run, { seal })
}

async function expectCut(link: HostileLink, reason: string, detail: string): Promise<void> {
  await link.untilClosed('what it sent')
  await untilCut(pair.node, logged, reason, detail)
  expect(await digestOf(pair.node, pair.mission)).toBe(digest)
  await pair.node.until('the reason is shown', () => {
    const state = pair.node.peer(hostile)?.link
    return state?.state === 'down' && state.reason === reason
  })
}

describe('a run that does not verify', () => {
  const other = randomBytes(32).toString('hex')
  const cases: readonly (readonly [string, () => Run | Promise<Run>, string])[] = [
    [
      'with another chain hash, sealed',
      () => {
        const run = newLog().begin(effect)
        return sealedFor(withHeader(run, { hash: other }), { hash: other })
      },
      'chain hash differs'
    ],
    ['with another chain hash, not sealed', () => withHeader(newLog().begin(effect), { hash: other }), 'bad seal'],
    [
      'with a random seal',
      () => withHeader(newLog().begin(effect), { seal: randomBytes(64).toString('base64url') }),
      'bad seal'
    ],
    ['with a seal of zeros', () => withHeader(newLog().begin(effect), { seal: 'A'.repeat(86) }), 'bad seal'],
    ['under the seal of another mission', () => sealedFor(newLog().begin(effect), { mission: other }), 'bad seal'],
    [
      'under the seal of another author',
      async () => sealedFor(newLog().begin(effect), { author: await makeIdentity() }),
      'bad seal'
    ],
    ['under the seal of another epoch', () => sealedFor(newLog().begin(effect), { epoch: '0'.repeat(32) }), 'bad seal'],
    ['under the seal of another number', () => sealedFor(newLog().begin(effect), { first: 2 }), 'bad seal'],
    [
      'with a count one too high, sealed',
      () => {
        const run = newLog().begin(effect)
        return sealedFor(withHeader(run, { count: 3 }), {})
      },
      'wrong number of lines'
    ],
    [
      'with a count one too low, sealed',
      () => {
        const run = newLog().begin(effect)
        return sealedFor(withHeader(run, { count: 1 }), {})
      },
      'wrong number of lines'
    ],
    ['without a start line', () => newLog().run(effect), 'no start line of this author'],
    [
      'with the start line of another author',
      async () => newLog().run(new HostileLog(pair.mission, await makeIdentity()).startLine, effect),
      'no start line of this author'
    ],
    ['with a seal whose S is not reduced', () => withUnreducedS(newLog()), 'bad seal'],
    ['with a seal whose R is of small order', () => withSmallR(newLog()), 'bad seal']
  ]

  test.each(cases)('%s', async (_, build, detail) => {
    const link = await rise(pair.node, hostile)
    link.sendRun(pair.mission, await build())
    await expectCut(link, 'bad-run', detail)
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBe(refused + 1)
  })
})

describe('a run that is none', () => {
  const headers: readonly (readonly [string, (header: RunHeader) => Record<string, unknown>])[] = [
    ['without a seal', ({ seal: _, ...rest }) => rest],
    ['with an empty seal', (header) => ({ ...header, seal: '' })],
    ['with a seal in another spelling', (header) => ({ ...header, seal: `${header.seal}==` })],
    ['with a seal of null', (header) => ({ ...header, seal: null })],
    ['with more in its header', (header) => ({ ...header, more: 1 })],
    ['with count 0', (header) => ({ ...header, count: 0 })],
    ['with a negative number', (header) => ({ ...header, first: -1 })],
    ['with a number of a half', (header) => ({ ...header, first: 1.5 })],
    ['with number 0', (header) => ({ ...header, first: 0 })],
    ['with a number beyond all integers', (header) => ({ ...header, first: 2 ** 53 })],
    ['with one byte too many in its header', (header) => ({ ...header, bytes: header.bytes + 1 })],
    ['with one byte too few in its header', (header) => ({ ...header, bytes: header.bytes - 1 })],
    ['with more changes than a run may have', (header) => ({ ...header, count: limits.runChanges + 1 })],
    ['with more bytes than a run may have', (header) => ({ ...header, bytes: limits.runBytes + 1 })],
    ['with an author in capitals', (header) => ({ ...header, author: header.author.toUpperCase() })],
    ['with an epoch that is too short', (header) => ({ ...header, epoch: header.epoch.slice(2) })]
  ]

  test.each(headers)('%s', async (_, change) => {
    const link = await rise(pair.node, hostile)
    const { header, body } = newLog().begin(effect)
    const first = Buffer.from(`${JSON.stringify(change(header))}\n`)
    link.sendFrame(frameTypes.run, Buffer.concat([Buffer.from(pair.mission, 'hex'), first, body]))
    await expectCut(link, 'protocol-error', 'not a run')
  })

  test.each([
    ['without anything', () => Buffer.alloc(0)],
    ['with a mission ID only', () => Buffer.alloc(32)],
    ['with half a mission ID', () => Buffer.alloc(16)],
    ['without a header', () => Buffer.concat([Buffer.from(pair.mission, 'hex'), randomBytes(4_000)])],
    ['of line ends', () => Buffer.concat([Buffer.from(pair.mission, 'hex'), Buffer.alloc(4_000, 0x0a)])],
    [
      'of two runs',
      () => {
        const run = encodeRun(newLog().begin(effect))
        return Buffer.concat([Buffer.from(pair.mission, 'hex'), run, run])
      }
    ],
    [
      'of 1,025 changes, whole',
      () => {
        const lines = Array.from({ length: limits.runChanges }, () => effect)
        return Buffer.concat([Buffer.from(pair.mission, 'hex'), encodeRun(newLog().begin(...lines))])
      }
    ],
    [
      'of more than 256 KiB, whole',
      () => {
        const lines = Array.from({ length: 5 }, () => setLine('log/hostile', 'text', 'x'.repeat(60_000)))
        return Buffer.concat([Buffer.from(pair.mission, 'hex'), encodeRun(newLog().begin(...lines))])
      }
    ]
  ])('%s', async (_, payload) => {
    const link = await rise(pair.node, hostile)
    link.sendFrame(frameTypes.run, payload())
    await expectCut(link, 'protocol-error', 'not a run')
  })
})

describe('a packed run', () => {
  const packed = (bytes: Uint8Array) => Buffer.concat([Buffer.from(pair.mission, 'hex'), bytes])

  test('is taken', async () => {
    const before = changesAt(pair.node)
    const link = await rise(pair.node, hostile)
    link.sendFrame(frameTypes.packedRun, packed(deflateRawSync(encodeRun(newLog().begin()))))
    await pair.node.until('its change', () => changesAt(pair.node) > before)
    link.end()
  })

  test.each([
    ['that unpacks to a thousand times its size', () => deflateRawSync(Buffer.alloc(300 * 1024 * 1024, 0x20))],
    ['that unpacks to one byte more than a run may have', () => deflateRawSync(encodeRun(tooLongByOne()))],
    ['that is cut', () => deflateRawSync(encodeRun(newLog().begin(effect))).subarray(0, -4)],
    [
      'with a byte behind it',
      () => Buffer.concat([deflateRawSync(encodeRun(newLog().begin(effect))), Buffer.alloc(1)])
    ],
    ['of noise', () => randomBytes(5_000)],
    ['of nothing', () => Buffer.alloc(0)],
    ['that is packed twice', () => deflateRawSync(deflateRawSync(encodeRun(newLog().begin(effect))))],
    [
      'of two runs',
      () => deflateRawSync(Buffer.concat([encodeRun(newLog().begin(effect)), encodeRun(newLog().begin(effect))]))
    ]
  ])('%s', async (_, bytes) => {
    const payload = packed(bytes())
    expect(payload.length).toBeLessThan(limits.frameBytes)
    const link = await rise(pair.node, hostile)
    link.sendFrame(frameTypes.packedRun, payload)
    await expectCut(link, 'protocol-error', 'not a run')
  })

  test('on a link of version 1', async () => {
    const link = await rise(pair.node, hostile, { intro: (own) => ({ ...own, versions: [1] }) })
    link.sendFrame(frameTypes.packedRun, packed(deflateRawSync(encodeRun(newLog().begin(effect)))))
    await expectCut(link, 'protocol-error', 'frame type 3')
  })

  function tooLongByOne(): Run {
    const lines = Array.from({ length: 4 }, () => setLine('log/hostile', 'text', 'x'.repeat(65_000)))
    const { body } = newLog().begin(...lines)
    const log = newLog()
    const more = 'x'.repeat(65_000 + limits.runBytes + 1 - body.length)
    return log.begin(...lines.slice(1), setLine('log/hostile', 'text', more))
  }
})

describe('a sealed line', () => {
  const lines: readonly (readonly [string, string | Buffer])[] = [
    ['with a space', '{"kind": "x","at":1}'],
    ['with a space before it', ' {"kind":"x","at":1}'],
    ['with a carriage return', '{"kind":"x","at":1}\r'],
    ['that is empty', ''],
    ['that is an array', '[1]'],
    ['that is null', 'null'],
    ['that is a number', '1'],
    ['that is a string', '"x"'],
    ['without a kind', '{"at":1}'],
    ['without a time', '{"kind":"x"}'],
    ['with an empty kind', '{"kind":"","at":1}'],
    ['with a kind of 65 characters', `{"kind":"${'x'.repeat(65)}","at":1}`],
    ['with a time of a half', '{"kind":"x","at":1.5}'],
    ['with a key twice', '{"kind":"x","kind":"x","at":1}'],
    ['with numbered keys out of order', '{"kind":"x","at":1,"1":0}'],
    ['with an escaped letter', '{"kind":"\\u0078","at":1}'],
    ['with an escaped slash', '{"kind":"a\\/b","at":1}'],
    ['with an escape in capitals', '{"kind":"x","at":1,"v":"\\u001F"}'],
    ['with minus zero', '{"kind":"x","at":1,"v":-0}'],
    ['with a time of minus zero', '{"kind":"x","at":-0}'],
    ['with 1e400', '{"kind":"x","at":1,"v":1e400}'],
    ['with 1.0', '{"kind":"x","at":1,"v":1.0}'],
    ['with 2^53', '{"kind":"x","at":1,"v":9007199254740992}'],
    ['with -2^53', '{"kind":"x","at":1,"v":-9007199254740992}'],
    ['with 10^21', '{"kind":"x","at":1,"v":1e+21}'],
    ['with a deep 2^53', '{"kind":"x","at":1,"v":[{"v":[9007199254740992]}]}'],
    ['with half a character', '{"kind":"x","at":1,"v":"\\ud800"}'],
    ['with half a character in a key', '{"kind":"x","at":1,"\\udc00":1}'],
    ['with __proto__', '{"kind":"x","at":1,"__proto__":{"a":1}}'],
    ['with a deep __proto__', '{"kind":"x","at":1,"v":[{"__proto__":1}]}'],
    ['with a byte order mark', '\ufeff{"kind":"x","at":1}'],
    [
      'with a byte that is no UTF-8',
      Buffer.concat([Buffer.from('{"kind":"'), Buffer.of(0xff), Buffer.from('","at":1}')])
    ],
    [
      'with an overlong slash',
      Buffer.concat([Buffer.from('{"kind":"'), Buffer.of(0xc0, 0xaf), Buffer.from('","at":1}')])
    ],
    [
      'with a surrogate as bytes',
      Buffer.concat([Buffer.from('{"kind":"'), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('","at":1}')])
    ],
    ['of 64 KiB and a byte', `{"kind":"x","at":1,"v":"${'v'.repeat(limits.lineBytes - 25)}"}`],
    ['that is cut', '{"kind":"x","at":1'],
    ['with more behind it', '{"kind":"x","at":1}{}']
  ]

  test.each(lines)('%s', async (_, line) => {
    const link = await rise(pair.node, hostile)
    // After a good one: the whole run falls.
    link.sendRun(pair.mission, newLog().begin(effect, line))
    await expectCut(link, 'bad-run', '')
  })

  test('of 64 KiB exactly is the limit that the list above means', () => {
    const [, line = ''] = lines.find(([name]) => name.startsWith('of 64 KiB')) ?? []
    expect(Buffer.byteLength(line)).toBe(limits.lineBytes + 1)
  })
})

describe('a key or a seal that verifies only on some runtimes', () => {
  test('an author whose key is of small order, admitted by a member', async () => {
    const link = await rise(pair.node, hostile)
    const key = Buffer.concat([Buffer.of(1), Buffer.alloc(31)])
    const weak = nodeIdOf(key)
    const admits = newLog().begin({ kind: 'admin/admit', at: 1, author: weak, role: 'subscriber' })
    link.sendRun(pair.mission, admits)
    await pair.node.until('the admission', () => missionOf().members === 4)
    digest = await digestOf(pair.node, pair.mission)

    // For the neutral point every message has the signature (B, 1).
    const base = Buffer.from(`58${'66'.repeat(31)}`, 'hex')
    const seal = Buffer.concat([base, Buffer.of(1), Buffer.alloc(31)]).toString('base64url')
    const start = { kind: 'start', at: 1, key: key.toString('base64url'), callsign: 'WEAK', after: null }
    const log = new HostileLog(pair.mission, { ...author, nodeId: weak })
    const run = log.run(start, effect)
    link.sendRun(pair.mission, withHeader(run, { seal }))
    await expectCut(link, 'bad-run', 'unsafe signing key')
  })
})

describe('what has no effect', () => {
  test('runs of an author whom nobody admitted, more than the buffer holds', async () => {
    const link = await rise(pair.node, hostile)
    const foreign = await makeIdentity()
    for (let count = 0; count < bounds.waitingRuns + 50; count++)
      link.sendRun(pair.mission, new HostileLog(pair.mission, foreign).begin())
    await link.roundTrip()
    await pair.node.until('some wait', () => missionOf().waiting > 0)
    for (let count = 0; count < 20; count++) {
      const lines = Array.from({ length: 4 }, () => setLine('log/hostile', 'text', 'x'.repeat(60_000)))
      link.sendRun(pair.mission, new HostileLog(pair.mission, foreign).begin(...lines))
    }
    await link.roundTrip()
    expect(link.isClosed).toBe(false)
    await expectUnharmed(pair)
    expect(missionOf().waiting).toBe(bounds.waitingRuns)
    expect(missionOf().members).toBe(4)
    const heads = await pair.node.call('GET', `missions/${pair.mission}/heads`)
    expect(JSON.stringify(heads.body)).not.toContain(foreign.nodeId)
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBeGreaterThanOrEqual(refused + 70)
    link.end()
    await link.closed
  })

  test('a run before those that it follows, until they come', async () => {
    const link = await rise(pair.node, hostile)
    const changes = changesAt(pair.node)
    const log = newLog()
    const runs = [log.begin(), log.run(setLine('task/a', 'title', '2')), log.run(setLine('task/b', 'title', '3'))]
    for (const run of runs.slice(1)) link.sendRun(pair.mission, run)
    await link.roundTrip()
    expect(await digestOf(pair.node, pair.mission)).toBe(digest)
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBe(refused + 2)
    for (const run of runs) link.sendRun(pair.mission, run)
    await Promise.all(
      [pair.node, pair.friend].map((one) => one.until('all three', () => changesAt(one) === changes + 3))
    )
    const found = await entriesOf()
    expect(found).toContain('task/a')
    expect(found).toContain('task/b')
    link.end()
    await link.closed
  })

  test('a log that follows one that nobody has', async () => {
    const link = await rise(pair.node, hostile)
    const after = { epoch: randomBytes(16).toString('hex'), seq: 4, hash: randomBytes(32).toString('hex') }
    const start = { kind: 'start', at: 1, key: author.record.signingKey, callsign: 'HOSTILE', after }
    link.sendRun(pair.mission, newLog().run(start, effect))
    await link.roundTrip()
    expect(await digestOf(pair.node, pair.mission)).toBe(digest)
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBe(refused + 1)
    link.end()
    await link.closed
  })

  test('the other branch of a fork, however often it comes', async () => {
    const link = await rise(pair.node, hostile)
    const epoch = randomBytes(16).toString('hex')
    const [left, right] = [new HostileLog(pair.mission, author, epoch), new HostileLog(pair.mission, author, epoch)]
    const start = left.startLine
    const changes = changesAt(pair.node)
    link.sendRun(pair.mission, left.run(start, setLine('task/left', 'title', 'kept')))
    await Promise.all(
      [pair.node, pair.friend].map((one) => one.until('the left branch', () => changesAt(one) > changes))
    )
    const before = await pair.node.call('GET', 'audit?limit=1')
    const branch = right.run(start, effect)
    link.sendRun(pair.mission, branch)
    // The log counts up to the line before: nothing of either branch, on both nodes.
    await Promise.all(
      [pair.node, pair.friend].map((one) => one.until('the fork is known', () => changesAt(one) === changes + 1))
    )
    digest = await digestOf(pair.node, pair.mission)
    const known = await metric(pair.node, 'muster_runs_not_taken')
    for (let count = 0; count < 300; count++) link.sendRun(pair.mission, branch)
    await link.roundTrip()
    expect(await digestOf(pair.node, pair.mission)).toBe(digest)
    expect(await digestOf(pair.friend, pair.mission)).toBe(digest)
    refused = known + 300
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBe(refused)
    const { body } = await pair.node.call('GET', 'audit?limit=20')
    expect(body.items.some(({ kind }: { kind: string }) => kind === 'fork')).toBe(true)
    expect(body.total - before.body.total, 'a peer cannot fill the journal with one fork').toBeLessThan(10)
    link.end()
    await link.closed
  })

  test('a run of a mission that is not here', async () => {
    const link = await rise(pair.node, hostile)
    const mission = randomBytes(32).toString('hex')
    link.sendRun(mission, new HostileLog(mission, author).begin(effect))
    await link.roundTrip()
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBe(refused + 1)
    expect(pair.node.overview.missions.map(({ id }) => id)).toEqual([pair.mission])
    link.end()
    await link.closed
  })

  test('a run of a mission that the decision does not cover', async () => {
    const outsider = await makeIdentity()
    await decideFor(pair.node, outsider, { level: 'trusted', scope: { out: [], in: ['Other*'], access: 'write' } })
    const link = await rise(pair.node, outsider)
    // Even one that would verify: its author is a member.
    link.sendRun(pair.mission, newLog().begin(effect))
    await link.roundTrip()
    expect(await digestOf(pair.node, pair.mission)).toBe(digest)
    expect(await metric(pair.node, 'muster_runs_not_taken')).toBe(refused + 1)
    expect(link.messages.filter((message) => 'mission' in message)).toEqual([])
    link.end()
    await link.closed
  })
})

describe('an offer', () => {
  const record = (): CreateRecord => ({
    creator: author.record.signingKey,
    nonce: randomBytes(16).toString('hex'),
    name: 'Offered',
    labels: [],
    deputies: [],
    defaultRole: 'subscriber',
    onward: 'federation',
    fold: 1,
    at: 1
  })
  const offers: readonly (readonly [string, () => { readonly id: string; readonly create: unknown }])[] = [
    [
      'under another ID than its hash',
      () => ({ id: randomBytes(32).toString('hex'), create: signCreate(record(), author.signingKey) })
    ],
    [
      'with a signature of nobody',
      () => {
        const create = { create: record(), signature: randomBytes(64).toString('base64url') }
        return { id: missionIdOf(create), create }
      }
    ],
    [
      'signed by another than its creator',
      () => {
        const create = signCreate({ ...record(), creator: pair.node.nodeId.slice(0, 43) }, author.signingKey)
        return { id: missionIdOf(create), create }
      }
    ],
    [
      'changed after it was signed',
      () => {
        const signed = signCreate(record(), author.signingKey)
        const create = { ...signed, create: { ...signed.create, name: 'Changed' } }
        return { id: missionIdOf(create), create }
      }
    ],
    [
      'with more than the record has',
      () => {
        const create = signCreate({ ...record(), more: 1 } as CreateRecord, author.signingKey)
        return { id: missionIdOf(create), create }
      }
    ],
    [
      'with an empty name',
      () => {
        const create = signCreate({ ...record(), name: ' ' }, author.signingKey)
        return { id: missionIdOf(create), create }
      }
    ],
    ['that is a number', () => ({ id: randomBytes(32).toString('hex'), create: 7 })],
    ['that is null', () => ({ id: randomBytes(32).toString('hex'), create: null })],
    [
      'of nested arrays',
      () => ({ id: randomBytes(32).toString('hex'), create: JSON.parse('['.repeat(3_000) + ']'.repeat(3_000)) })
    ]
  ]

  test.each(offers)('%s', async (_, build) => {
    const link = await rise(pair.node, hostile)
    const { id, create } = build()
    await link.untilWanted(id)
    link.send({ t: 'heads', mission: id, heads: [], create })
    await expectCut(link, 'bad-run', 'create record does not verify')
    expect(pair.node.overview.missions.map((mission) => mission.id)).toEqual([pair.mission])
  })
})

describe('a list of heads', () => {
  const epoch = '0'.repeat(32)
  const hash = '0'.repeat(64)
  const head = (author: unknown = hash, of: unknown = epoch, seq: unknown = 1, chain: unknown = hash) => [
    author,
    of,
    seq,
    chain
  ]
  const heads: readonly (readonly [string, unknown])[] = [
    ['that is text', 'heads'],
    ['that is null', null],
    ['of numbers', [1, 2, 3]],
    ['with an author of nothing', [head('')]],
    ['with an author in capitals', [head('A'.repeat(64))]],
    ['with a negative number', [head(hash, epoch, -1)]],
    ['with a number of a half', [head(hash, epoch, 0.5)]],
    ['with a number beyond all integers', [head(hash, epoch, 2 ** 53)]],
    ['with a number as text', [head(hash, epoch, '1')]],
    ['without a hash', [[hash, epoch, 1]]],
    ['longer than a frame may hold', Array.from({ length: 5_001 }, () => head())],
    ['of arrays in arrays', [[[[[]]]]]]
  ]

  test.each(heads)('%s', async (_, list) => {
    for (const message of [
      { t: 'want', mission: pair.mission, heads: list, create: false },
      { t: 'have', mission: pair.mission, digest: hash, moved: list },
      { t: 'heads', mission: pair.mission, heads: list }
    ]) {
      logged = pair.node.logLines.length
      const link = await rise(pair.node, hostile)
      link.send(message)
      await expectCut(link, 'protocol-error', '')
    }
  })

  test('of logs that nobody has, at the highest numbers', async () => {
    const link = await rise(pair.node, hostile)
    const { body } = await pair.node.call('GET', `missions/${pair.mission}/heads`)
    const known = (body.heads as { author: string; epoch: string }[]).map((one) =>
      head(one.author, one.epoch, Number.MAX_SAFE_INTEGER, randomBytes(32).toString('hex'))
    )
    const unknown = Array.from({ length: 1_000 }, () =>
      head(randomBytes(32).toString('hex'), randomBytes(16).toString('hex'), Number.MAX_SAFE_INTEGER)
    )
    const list = [...known, ...unknown]
    link.send({ t: 'have', mission: pair.mission, digest: hash, moved: list })
    link.send({ t: 'want', mission: pair.mission, heads: list, create: false })
    link.send({ t: 'heads', mission: pair.mission, heads: list })
    link.send({ t: 'done', mission: pair.mission, digest: hash })
    await link.roundTrip()
    expect(link.isClosed).toBe(false)
    // The friend is given and gives as before.
    await expectUnharmed(pair)
    link.end()
    await link.closed
  })
})

describe('what a peer may not have is as what is not here', () => {
  /** All that is said about a mission until the link is quiet, without its ID. */
  async function answersTo(link: HostileLink, mission: string, message: unknown): Promise<readonly unknown[]> {
    const from = link.messages.length
    link.send(message)
    await link.roundTrip()
    const about = (one: Message) => 'mission' in one && one.mission === mission
    return link.messages
      .slice(from)
      .filter(about)
      .map((one) => ({ ...one, mission: '' }))
  }

  const scopes = [
    ['nothing out, all in', { out: [], in: ['*'], access: 'read' }],
    ['nothing out, other missions in', { out: [], in: ['Other*'], access: 'read' }],
    ['nothing at all', { out: [], in: [], access: 'read' }]
  ] as const
  const questions = [
    ['want', (mission: string) => ({ t: 'want', mission, heads: [], create: true })],
    ['have', (mission: string) => ({ t: 'have', mission, digest: '1'.repeat(64), moved: [] })],
    ['done', (mission: string) => ({ t: 'done', mission, digest: '1'.repeat(64) })],
    ['heads', (mission: string) => ({ t: 'heads', mission, heads: [] })]
  ] as const
  const cases = scopes.flatMap(([name, scope]) => questions.map(([kind, ask]) => [kind, name, scope, ask] as const))

  test.each(cases)('%s, with a scope of %s', async (_, __, scope, ask) => {
    const outsider = await makeIdentity()
    await decideFor(pair.node, outsider, { level: 'trusted', scope })
    const link = await rise(pair.node, outsider)
    const unknown = randomBytes(32).toString('hex')
    const forbiddenAnswers = await answersTo(link, pair.mission, ask(pair.mission))
    const unknownAnswers = await answersTo(link, unknown, ask(unknown))
    expect(forbiddenAnswers).toEqual(unknownAnswers)
    link.end()
    await link.closed
  })
})

const order = 2n ** 252n + 27742317777372353535851937790883648493n

function little(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function toLittle(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

/** S + L signs the same for whoever does not insist on S < L (RFC 8032, section 5.1.7). */
function withUnreducedS(log: HostileLog): Run {
  const run = log.begin(effect)
  const seal = Buffer.from(run.header.seal, 'base64url')
  const s = little(seal.subarray(32)) + order
  return withHeader(run, { seal: Buffer.concat([seal.subarray(0, 32), toLittle(s)]).toString('base64url') })
}

/** R is the neutral point and S = k·a: the equation holds, and not every library asks for the order of R. */
function withSmallR(log: HostileLog): Run {
  const run = log.begin(effect)
  const { header } = run
  const r = Buffer.concat([Buffer.of(1), Buffer.alloc(31)])
  const fields = [
    Buffer.from(log.mission, 'hex'),
    Buffer.from(header.author, 'hex'),
    Buffer.from(header.epoch, 'hex'),
    uint64(lastSeq(header)),
    Buffer.from(header.hash, 'hex')
  ]
  const message = Buffer.concat([Buffer.from('muster/1 seal\0'), lengthPrefixed(fields)])
  const seed = author.signingKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  const secret = createHash('sha512').update(seed).digest().subarray(0, 32)
  secret[0] = (secret[0] ?? 0) & 248
  secret[31] = ((secret[31] ?? 0) & 127) | 64
  const k = little(createHash('sha512').update(r).update(author.publicKey).update(message).digest()) % order
  const s = (k * little(secret)) % order
  return withHeader(run, { seal: Buffer.concat([r, toLittle(s)]).toString('base64url') })
}
