/** Bundles that lie, by whoever may have made them: each is refused with its code, and nothing of it is taken. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MissionId, NodeId } from '@shared/model.js'
import { bundleMagic } from '../../src/main/engine/bundles/manifest.js'
import { decodeRun, encodeRun } from '../../src/main/engine/logs/run.js'
import { privateKeyFromSeed, rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { honest, putTogether, takeApart, type Apart } from '../support/bundle-bytes.js'
import { Field, type FieldNode } from '../sim/field.js'

const field = new Field(601)
let bravo: FieldNode
let charlieId: NodeId
let mission: MissionId
let key: KeyObject
let open: Buffer
let sealed: Buffer
let good: Apart

beforeAll(async () => {
  const [alpha, other] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
  const charlie = await field.node('charlie')
  bravo = other
  charlieId = charlie.id
  field.cut(alpha, bravo)
  await field.until('apart', () => !alpha.isLinked(bravo) && !bravo.isLinked(alpha))
  mission = await alpha.createMission('Karst Ridge Fire')
  for (let number = 1; number <= 5; number++) await alpha.write(mission, `log/${String(number)}`, 'text', 'entry')
  const write = (path: string, more: object) =>
    field.during(alpha.engine.commands.writeBundle({ path, missions: [mission], to: [], ...more }))
  await write('/d/open.muster-bundle', { inTheOpen: true })
  await write('/d/sealed.muster-bundle', { to: [bravo.id] })
  open = field.drive.copy().get('open.muster-bundle') ?? Buffer.alloc(0)
  sealed = field.drive.copy().get('sealed.muster-bundle') ?? Buffer.alloc(0)
  good = takeApart(open)
  const identity = JSON.parse((await field.during(alpha.disk.read('identity.json')))?.toString() ?? '') as {
    data: { signingSeed: string }
  }
  key = privateKeyFromSeed(Buffer.from(identity.data.signingSeed, 'base64url'))
})
afterAll(() => field.stop())

/** The code with which it is refused; `undefined` when it is taken. */
async function refusal(bytes: Buffer): Promise<string | undefined> {
  await field.during(field.drive.replace('x.muster-bundle', bytes))
  const before = bravo.disk.paths()
  const taken = await field.during(bravo.engine.commands.takeBundle({ path: '/d/x.muster-bundle' }))
  if (taken.ok) return undefined
  expect(bravo.mission(mission)).toBeUndefined()
  expect(bravo.disk.paths().filter((path) => !before.includes(path) && !path.startsWith('snapshots/'))).toEqual([])
  return taken.problem.code
}

/** The runs of a bundle, changed, in blocks of their own. */
function withRuns(change: (encoded: Buffer) => Buffer): Apart {
  const index = good.manifest.parts.findIndex(({ kind }) => kind === 'runs')
  const part = good.parts[index] ?? Buffer.alloc(0)
  const packed = deflateRawSync(change(inflateRawSync(part.subarray(4))))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(packed.length)
  return honest({ ...good, parts: good.parts.with(index, Buffer.concat([length, packed])) })
}

const withManifest = (change: Partial<Apart['manifest']>): Apart => ({
  ...good,
  manifest: { ...good.manifest, ...change }
})
const withLogs = (change: (logs: Apart['manifest']['missions'][number]['logs']) => unknown) =>
  withManifest({
    missions: good.manifest.missions.map((entry) => ({ ...entry, logs: change(entry.logs) as typeof entry.logs }))
  })

describe('a bundle that was altered on its way', () => {
  it('cut anywhere, it is damaged or none', async () => {
    for (const whole of [open, sealed])
      for (let part = 1; part < 12; part++) {
        const code = await refusal(whole.subarray(0, Math.floor((whole.length * part) / 12)))
        expect(['bundle-damaged', 'not-a-bundle']).toContain(code)
      }
    expect(await refusal(Buffer.alloc(0))).toBe('not-a-bundle')
  })

  it('with one bit changed anywhere, it is damaged, none, or for others', async () => {
    for (const whole of [open, sealed])
      for (let step = 0; step < 40; step++) {
        const at = Math.floor((whole.length * step) / 40)
        const bytes = Buffer.from(whole)
        bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
        expect(['bundle-damaged', 'not-a-bundle', 'bundle-not-for-us'], String(at)).toContain(await refusal(bytes))
      }
  })

  it('with something behind it or before it', async () => {
    expect(await refusal(Buffer.concat([open, Buffer.alloc(9)]))).toBe('bundle-damaged')
    expect(await refusal(Buffer.concat([sealed, Buffer.alloc(9)]))).toBe('bundle-damaged')
    expect(await refusal(Buffer.concat([Buffer.alloc(9), open]))).toBe('not-a-bundle')
  })
})

describe('a bundle by a peer that is trusted and lies', () => {
  const cases: readonly (readonly [string, string, () => Buffer])[] = [
    [
      'sizes that do not add up',
      'bundle-damaged',
      () =>
        putTogether(withManifest({ parts: good.manifest.parts.map((part) => ({ ...part, size: part.size + 1 })) }), key)
    ],
    [
      'sizes beyond all files',
      'bundle-damaged',
      () => putTogether(withManifest({ parts: good.manifest.parts.map((part) => ({ ...part, size: 2 ** 52 })) }), key)
    ],
    [
      'hashes of something else',
      'bundle-damaged',
      () =>
        putTogether(
          withManifest({ parts: good.manifest.parts.map((part) => ({ ...part, sha256: '0'.repeat(64) })) }),
          key
        )
    ],
    ['parts swapped', 'bundle-damaged', () => putTogether({ ...good, parts: good.parts.toReversed() }, key)],
    [
      'a part twice',
      'bundle-damaged',
      () =>
        putTogether(
          {
            manifest: { ...good.manifest, parts: [...good.manifest.parts, ...good.manifest.parts] },
            parts: [...good.parts, ...good.parts]
          },
          key
        )
    ],
    [
      'a mission twice',
      'bundle-damaged',
      () => putTogether(withManifest({ missions: [...good.manifest.missions, ...good.manifest.missions] }), key)
    ],
    [
      'a log twice',
      'bundle-damaged',
      () =>
        putTogether(
          withLogs((logs) => [...logs, ...logs]),
          key
        )
    ],
    [
      'more lines than it brings',
      'bundle-damaged',
      () =>
        putTogether(
          withLogs((logs) => logs.map(([a, e, from, to, hash]) => [a, e, from, to + 1, hash])),
          key
        )
    ],
    [
      'fewer lines than it brings',
      'bundle-damaged',
      () =>
        putTogether(
          withLogs((logs) => logs.map(([a, e, from, to, hash]) => [a, e, from, to - 1, hash])),
          key
        )
    ],
    [
      'a log of which nothing comes',
      'bundle-damaged',
      () =>
        putTogether(
          withLogs((logs) => [...logs, ['f'.repeat(64), '0'.repeat(32), 0, 5, '0'.repeat(64)]]),
          key
        )
    ],
    [
      'lines that rest on others',
      'bundle-gap',
      () =>
        putTogether(
          withLogs((logs) => logs.map(([a, e, , to, hash]) => [a, e, 1, to, hash])),
          key
        )
    ],
    [
      'numbers that are none',
      'bundle-damaged',
      () =>
        putTogether(
          withLogs((logs) => logs.map(([a, e]) => [a, e, -1, 0.5, ''])),
          key
        )
    ],
    ['a path for a name', 'bundle-damaged', () => putTogether(withManifest({ id: '../../../../etc/passwd' }), key)],
    ['members that nobody knows', 'bundle-damaged', () => putTogether(withManifest({ more: 1 } as object), key)],
    [
      'a bomb for a block',
      'bundle-damaged',
      () =>
        putTogether(
          withRuns(() => Buffer.alloc(64 * 1024 * 1024)),
          key
        )
    ],
    [
      'a line altered under its seal',
      'bundle-damaged',
      () =>
        putTogether(
          withRuns((bytes) => Buffer.from(bytes.toString('latin1').replace('"entry"', '"other"'), 'latin1')),
          key
        )
    ],
    [
      'a run left out',
      'bundle-damaged',
      () =>
        putTogether(
          withRuns((bytes) => bytes.subarray(decodeRun(bytes)?.end)),
          key
        )
    ],
    [
      'a run twice',
      'bundle-damaged',
      () =>
        putTogether(
          withRuns((bytes) => {
            const first = decodeRun(bytes)
            return first === undefined ? bytes : Buffer.concat([encodeRun(first.run), bytes])
          }),
          key
        )
    ],
    ['an audience of others', 'bundle-not-for-us', () => putTogether(withManifest({ audience: [charlieId] }), key)],
    [
      'another key than it is signed with',
      'bundle-damaged',
      () => putTogether(good, privateKeyFromSeed(Buffer.alloc(32, 7)))
    ],
    [
      'the name of somebody else over a good signature',
      'peer-untrusted',
      () => {
        const stranger = privateKeyFromSeed(Buffer.alloc(32, 7))
        return putTogether(withManifest({ key: rawPublicKey(stranger).toString('base64url') }), stranger)
      }
    ],
    ['a manifest longer than the file', 'bundle-damaged', () => Buffer.concat([bundleMagic, Buffer.alloc(4, 255)])]
  ]

  it.each(cases)('%s: %s', async (_, code, make) => {
    expect(await refusal(make())).toBe(code)
  })

  it('and the one that does not lie is taken', async () => {
    expect(await refusal(putTogether(honest(good), key))).toBeUndefined()
    expect(await bravo.values(mission, 'log/5', 'text')).toEqual(['entry'])
  })
})
