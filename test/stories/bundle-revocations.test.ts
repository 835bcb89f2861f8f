/** Stories of revocations on a drive: what a link would tell reaches whoever has no link. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BundleRequest } from '@shared/contract.js'
import type { MissionId } from '@shared/model.js'
import { bundleMagic, revocationMagic } from '../../src/main/engine/bundles/manifest.js'
import { openBundle, readParts } from '../../src/main/engine/bundles/read-bundle.js'
import { settled } from '../../src/main/engine/bundles/refusal.js'
import { RevocationReader } from '../../src/main/engine/bundles/take-bundle.js'
import { honest, inMemory, putTogether, takeApart } from '../support/bundle-bytes.js'
import { makeIdentity } from '../hostile/hostile-peer.js'
import { Field, type FieldNode } from '../sim/field.js'
import { authority, Openssl, opensslProblem, type Issued } from '../support/openssl.js'

let field: Field
afterEach(() => field.stop())

const path = '/media/stick/word.muster-bundle'

async function write(node: FieldNode, to: readonly FieldNode[], mission: MissionId, more: Partial<BundleRequest> = {}) {
  const request = { path, missions: [mission], to: to.map(({ id }) => id), ...more }
  const written = await field.during(node.engine.commands.writeBundle(request))
  if (!written.ok) throw new Error(`${written.problem.code} ${written.problem.detail ?? ''}`)
}
const take = (node: FieldNode, from = path) => field.during(node.engine.commands.takeBundle({ path: from }))
const preview = (node: FieldNode, from = path) => field.during(node.engine.commands.previewBundle({ path: from }))
const levelAt = (node: FieldNode, other: FieldNode) => node.peer(other)?.level
const saidAt = (node: FieldNode, other: FieldNode) => node.peer(other)?.statements ?? []

async function statementsAt(node: FieldNode) {
  const listed = await field.during(node.engine.commands.listAudit({ offset: 0, limit: 200 }))
  return listed.ok ? listed.value.items.filter(({ kind }) => kind === 'statement') : []
}

/** All trust each other; alpha lets bravo revoke, and is alone with a drive. Bravo revoked charlie. */
async function lost(
  seed: number,
  others: readonly string[] = []
): Promise<[FieldNode, FieldNode, FieldNode, FieldNode, MissionId]> {
  field = new Field(seed)
  const nodes: FieldNode[] = []
  for (const name of ['alpha', 'bravo', 'charlie', ...others]) {
    const node = await field.node(name)
    for (const other of nodes) await field.befriend(other, node)
    nodes.push(node)
  }
  const [alpha, bravo, charlie, delta] = nodes as [FieldNode, FieldNode, FieldNode, FieldNode]
  await field.during(alpha.engine.commands.decide({ nodeId: bravo.id, level: 'trusted', mayRevoke: true }))
  const mission = await bravo.createMission('Karst Ridge Fire')
  const apart = nodes.filter((node) => node !== charlie)
  for (const one of apart) for (const other of apart) if (one !== other) field.cut(one, other)
  await field.until('apart', () => apart.every((one) => apart.every((other) => !one.isLinked(other))))
  await bravo.decide(charlie, 'revoked')
  return [alpha, bravo, charlie, delta, mission]
}

describe('a revocation on a drive', () => {
  it('shuts out who took it, is said before it is taken, and is the same that comes over a link later', async () => {
    const [alpha, bravo, charlie, delta, mission] = await lost(801, ['delta'])
    await write(bravo, [alpha, delta], mission)
    expect(levelAt(alpha, charlie)).toBe('trusted')
    expect(await preview(alpha)).toMatchObject({ value: { revocations: { laptops: 1, shutOut: 1, lists: 0 } } })
    expect(await preview(delta)).toMatchObject({ value: { revocations: { laptops: 1, shutOut: 0, lists: 0 } } })
    expect(levelAt(alpha, charlie), 'looking does nothing').toBe('trusted')
    expect(await take(alpha)).toMatchObject({ value: { revocations: { statements: 1, lists: 0 } } })
    expect(levelAt(alpha, charlie)).toBe('revoked')
    expect(alpha.isLinked(charlie)).toBe(false)
    expect(await take(delta)).toMatchObject({ ok: true })
    expect([levelAt(delta, charlie), saidAt(delta, charlie)[0]?.effect]).toEqual(['trusted', 'advice'])
    const again = await preview(alpha)
    expect(again.ok && again.value).not.toHaveProperty('revocations')
    expect(await take(alpha)).toMatchObject({ value: { revocations: { statements: 0, lists: 0 } } })
    await alpha.restart()
    field.mend(alpha, delta)
    field.mend(alpha, bravo)
    await field.until('linked', () => alpha.isLinked(bravo) && alpha.isLinked(delta))
    await field.time.run(30_000)
    expect([await statementsAt(alpha), await statementsAt(delta)].map((all) => all.length)).toEqual([1, 1])
    expect(levelAt(alpha, charlie)).toBe('revoked')
  })

  it('counts where no mission is taken, and is not heard of who is not trusted', async () => {
    const [alpha, bravo, charlie, , mission] = await lost(802)
    await write(bravo, [alpha], mission)
    await alpha.decide(bravo, 'untrusted')
    expect(await preview(alpha)).toMatchObject({ ok: true })
    expect(await take(alpha)).toMatchObject({ problem: { code: 'peer-untrusted' } })
    expect([levelAt(alpha, charlie), saidAt(alpha, charlie)]).toEqual(['trusted', []])
    const scope = { out: ['*'], in: ['something else'], access: 'write' as const }
    await field.during(alpha.engine.commands.decide({ nodeId: bravo.id, level: 'trusted', scope, mayRevoke: true }))
    expect(await take(alpha)).toMatchObject({ value: { missions: [], refused: 1, revocations: { statements: 1 } } })
    expect(levelAt(alpha, charlie)).toBe('revoked')
  })

  it('that a person overrode does nothing when an old bundle is taken; a retirement is final', async () => {
    const [alpha, bravo, charlie, delta, mission] = await lost(803, ['delta'])
    await write(bravo, [alpha], mission)
    await take(alpha)
    await alpha.decide(charlie, 'trusted')
    expect(await take(alpha)).toMatchObject({ ok: true })
    expect([levelAt(alpha, charlie), saidAt(alpha, charlie)[0]?.effect]).toEqual(['trusted', 'overridden'])
    field.cut(alpha, charlie)
    const own = await delta.createMission('Kras')
    await field.during(delta.engine.commands.retire({}))
    const last = '/media/stick/last.muster-bundle'
    await write(delta, [alpha], own, { path: last })
    expect(await take(alpha, last)).toMatchObject({ value: { revocations: { statements: 1 } } })
    expect(levelAt(alpha, delta)).toBe('revoked')
    expect(await field.during(alpha.engine.commands.decide({ nodeId: delta.id, level: 'trusted' }))).toMatchObject({
      problem: { code: 'peer-retired' }
    })
  })

  it('has a version of its own: others are read by everybody, and one from later says so', async () => {
    const [alpha, bravo, charlie, , mission] = await lost(804)
    const raw = () => field.drive.copy().get('word.muster-bundle') ?? Buffer.alloc(0)
    await write(bravo, [], mission, { inTheOpen: true })
    const whole = raw()
    expect(whole.subarray(0, revocationMagic.length)).toEqual(revocationMagic)
    for (const [version, code] of [
      ['1', 'bundle-damaged'],
      ['3', 'bundle-newer']
    ] as const) {
      const other = Buffer.concat([Buffer.from(`muster-bundle ${version}\n`), whole.subarray(bundleMagic.length)])
      await field.during(field.drive.replace('word.muster-bundle', other))
      expect(await take(alpha), version).toMatchObject({ problem: { code } })
    }
    await write(charlie, [], await charlie.createMission('Kras'), {
      inTheOpen: true,
      path: '/media/stick/plain.muster-bundle'
    })
    const plain = field.drive.copy().get('plain.muster-bundle')
    expect(plain?.subarray(0, bundleMagic.length), 'nothing to say').toEqual(bundleMagic)
    expect([levelAt(alpha, charlie), await statementsAt(alpha)]).toEqual(['trusted', []])
  })

  it('with a statement that its revoker did not sign makes the whole bundle damaged', async () => {
    const [, bravo, , , mission] = await lost(805)
    await write(bravo, [], mission, { inTheOpen: true })
    const { manifest, parts } = takeApart(field.drive.copy().get('word.muster-bundle') ?? Buffer.alloc(0))
    const sender = await makeIdentity()
    const read = async (change: (part: string) => string) => {
      const changed = parts.map((part, index) =>
        manifest.parts[index]?.kind === 'statements' ? Buffer.from(change(part.toString())) : part
      )
      const whole = honest({ manifest: { ...manifest, key: sender.publicKey.toString('base64url') }, parts: changed })
      const bytes = putTogether(whole, sender.signingKey)
      const bundle = await openBundle(inMemory(bytes), sender.nodeId, Buffer.alloc(32, 1))
      return settled(readParts(bundle, new RevocationReader(), () => Promise.resolve()))
    }
    expect(await read((part) => part)).toMatchObject({ ok: true })
    const damaged = { problem: { code: 'bundle-damaged', detail: 'a statement that its revoker did not sign' } }
    expect(await read((part) => part.replace('charlie', 'charlox'))).toMatchObject(damaged)
  })
})

const missing = opensslProblem()
describe.skipIf(missing !== undefined)(
  `a revocation list on a drive${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    const start = new Field(1).wallNow
    let openssl: Openssl
    let ca: Issued
    beforeAll(() => {
      openssl = new Openssl(start)
      ca = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    })
    afterAll(() => openssl.remove())

    it('counts where its organisation is accepted, and is no news then', async () => {
      const bravos = openssl.issue({ subject: '/CN=bravo', issuer: ca })
      field = new Field(811)
      const [alpha, charlie] = (await field.chain('alpha', 'charlie')) as [FieldNode, FieldNode]
      const bravo = await field.node('bravo')
      const tried = (node: FieldNode, as: 'identity' | 'anchor' | 'list', ...files: readonly (string | Uint8Array)[]) =>
        field.during(
          node.engine.commands.importCertificates({
            as,
            files: files.map((file) => Buffer.from(file).toString('base64'))
          })
        )
      await tried(bravo, 'identity', bravos.pem, bravos.keyPem)
      for (const node of [alpha, charlie]) await tried(node, 'anchor', ca.pem)
      const mission = await alpha.createMission('Karst Ridge Fire')
      await bravo.add(charlie)
      await field.until('met', () => bravo.peer(charlie) !== undefined)
      await bravo.decide(charlie, 'trusted')
      await field.until('linked', () => charlie.isLinked(bravo))
      field.cut(alpha, charlie)
      await field.until('apart', () => !alpha.isLinked(charlie))
      await tried(
        alpha,
        'list',
        openssl.list({ issuer: ca, from: start, number: 1, revoked: [{ certificate: bravos }] })
      )
      await write(alpha, [charlie], mission)
      expect(await preview(charlie)).toMatchObject({ value: { revocations: { laptops: 0, shutOut: 0, lists: 1 } } })
      expect(await take(charlie)).toMatchObject({ value: { revocations: { statements: 0, lists: 1 } } })
      expect(charlie.peer(bravo)).toMatchObject({ level: 'untrusted', warning: 'certificate-revoked' })
      expect(charlie.overview.anchors[0]?.lists).toMatchObject([{ number: '1', from: { nodeId: alpha.id } }])
      const again = await preview(charlie)
      expect(again.ok && again.value).not.toHaveProperty('revocations')
    })
  }
)
