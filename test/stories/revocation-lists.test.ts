/** Revocation lists of organisations, as stories on simulated nodes; certificates and lists are made by openssl. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ArgumentOf } from '@shared/contract.js'
import type { ImportAs } from '@shared/model.js'
import { Field, type FieldNode } from '../sim/field.js'
import { authority, Openssl, opensslProblem, type Issued, type WantedList } from '../support/openssl.js'

const day = 24 * 3600 * 1000
const missing = opensslProblem()

describe.skipIf(missing !== undefined)(`lists by hand${missing === undefined ? '' : `: ${missing}`}`, () => {
  let field: Field
  let openssl: Openssl
  let ca: Issued
  let bravos: Issued
  const start = new Field(1).wallNow

  beforeAll(() => {
    openssl = new Openssl(start)
    ca = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    bravos = openssl.issue({ subject: '/CN=bravo', issuer: ca })
  })
  afterAll(() => openssl.remove())
  afterEach(() => field.stop())

  const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')
  function tried(
    node: FieldNode,
    as: ImportAs,
    files: readonly (Uint8Array | string)[],
    more: Partial<ArgumentOf<'importCertificates'>> = {}
  ) {
    return field.during(node.engine.commands.importCertificates({ files: files.map(base64), as, ...more }))
  }
  async function done(...argument: Parameters<typeof tried>): Promise<string> {
    const imported = await tried(...argument)
    if (!imported.ok) throw new Error(`${imported.problem.code} ${imported.problem.detail ?? ''}`)
    return imported.value.id
  }
  const take = (node: FieldNode, wanted: Partial<WantedList>) =>
    tried(node, 'list', [openssl.list({ issuer: ca, from: start, until: start + 30 * day, ...wanted })])
  const codeOf = (result: Awaited<ReturnType<typeof tried>>) => (result.ok ? 'taken' : result.problem.code)
  const level = (one: FieldNode, other: FieldNode) => one.peer(other)?.level
  const linked = (one: FieldNode, other: FieldNode) => one.isLinked(other) && other.isLinked(one)

  /** alpha trusts Feld-CA; bravo has its certificate and trusts alpha. */
  async function two(
    seed: number,
    more: Partial<ArgumentOf<'importCertificates'>> = {}
  ): Promise<[FieldNode, FieldNode]> {
    field = new Field(seed)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    await done(bravo, 'identity', [bravos.pem, bravos.keyPem])
    await done(alpha, 'anchor', [ca.pem], more)
    await bravo.add(alpha)
    await field.until('met', () => bravo.peer(alpha) !== undefined)
    await bravo.decide(alpha, 'trusted')
    return [alpha, bravo]
  }

  it('cut the link of whom they name, at once, and only a newer list lifts that', async () => {
    const [alpha, bravo] = await two(1)
    await field.until('linked', () => linked(alpha, bravo))
    const clean = openssl.list({ issuer: ca, number: 1, from: start, until: start + 30 * day })
    await done(alpha, 'list', [clean])
    expect(linked(alpha, bravo)).toBe(true)
    const held = { number: 2, revoked: [{ certificate: bravos, reason: 'certificateHold' }] }
    const files = [base64(openssl.list({ issuer: ca, ...held }))]
    const seen = await field.during(alpha.engine.commands.previewCertificates({ files }))
    expect(seen).toMatchObject({
      ok: true,
      value: { as: ['list'], lists: [{ name: 'Feld-CA', number: '2', entries: 1 }], here: { list: [bravo.id] } }
    })
    expect(codeOf(await take(alpha, held))).toBe('taken')
    expect(alpha.isLinked(bravo)).toBe(false)
    expect(alpha.peer(bravo)).toMatchObject({ level: 'untrusted', warning: 'certificate-revoked' })
    const { items } = await field
      .during(alpha.engine.commands.listAudit({ offset: 0, limit: 20 }))
      .then((r) => (r.ok ? r.value : { items: [] }))
    expect(items.find(({ kind }) => kind === 'certificate-revoked')).toMatchObject({ nodeId: bravo.id })
    // Neither an older list, nor taking the organisation off and on again, nor the forgotten peer lifts it.
    expect(codeOf(await tried(alpha, 'list', [clean]))).toBe('list-older')
    const [anchor] = alpha.overview.anchors
    await field.during(alpha.engine.commands.removeAnchor({ id: anchor?.id ?? '' }))
    await field.during(alpha.engine.commands.forgetPeer({ nodeId: bravo.id }))
    await done(alpha, 'anchor', [ca.pem])
    await alpha.add(bravo)
    await field.until('met again', () => alpha.peer(bravo) !== undefined)
    await field.time.run(60_000)
    expect(level(alpha, bravo)).not.toBe('trusted')
    await alpha.restart()
    await field.time.run(60_000)
    expect(level(alpha, bravo)).not.toBe('trusted')
    expect(codeOf(await take(alpha, { number: 3 }))).toBe('taken')
    await field.until('let in again', () => linked(alpha, bravo))
  })

  it('end the trust of who is away', async () => {
    const [alpha, bravo] = await two(2)
    await field.until('linked', () => linked(alpha, bravo))
    const { id } = bravo
    const levelNow = () => alpha.overview.peers.find(({ nodeId }) => nodeId === id)?.level
    await bravo.stop()
    await alpha.restart()
    expect(levelNow()).toBe('trusted')
    expect(codeOf(await take(alpha, { revoked: [{ certificate: bravos }] }))).toBe('taken')
    expect(levelNow()).not.toBe('trusted')
    await alpha.restart()
    expect(levelNow()).not.toBe('trusted')
  })

  it('travel from laptop to laptop, to whoever accepted the same organisation', async () => {
    const [alpha, bravo] = await two(6)
    const others = [
      await field.node('charlie'),
      await field.node('delta', { linkVersions: [1, 2, 3] }),
      await field.node('echo')
    ]
    const [charlie, delta, echo] = others as [FieldNode, FieldNode, FieldNode]
    for (const node of [charlie, delta]) await done(node, 'anchor', [ca.pem])
    await field.befriend(alpha, echo)
    await field.befriend(alpha, delta)
    await field.befriend(echo, charlie)
    await bravo.add(charlie)
    await field.until('met', () => bravo.peer(charlie) !== undefined)
    await bravo.decide(charlie, 'trusted')
    await field.until('linked', () => linked(alpha, bravo) && linked(charlie, bravo))
    expect(codeOf(await take(alpha, { number: 1 }))).toBe('taken')
    // echo accepted no organisation, so it asks for nothing; once it does, the list comes and goes on to charlie.
    await field.time.run(30_000)
    expect(echo.overview.anchors).toEqual([])
    expect(charlie.overview.anchors[0]?.lists).toEqual([])
    await done(echo, 'anchor', [ca.pem])
    await field.until('charlie has it', () => charlie.overview.anchors[0]?.lists.length === 1)
    expect(charlie.overview.anchors[0]?.lists).toMatchObject([
      { number: '1', from: { nodeId: echo.id, callsign: 'echo' } }
    ])
    expect(linked(charlie, bravo)).toBe(true)
    // Ten thousand others on it: it comes in parts.
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      certificate: (0x5000_0000n + BigInt(index)).toString(16)
    }))
    expect(codeOf(await take(alpha, { number: 2, revoked: [{ certificate: bravos }, ...many] }))).toBe('taken')
    await field.until('charlie cut the link', () => !charlie.isLinked(bravo))
    expect(charlie.peer(bravo)).toMatchObject({ level: 'untrusted', warning: 'certificate-revoked' })
    expect(delta.overview.anchors[0]?.lists).toEqual([])
    expect(linked(alpha, delta)).toBe(true)
  })

  it('are not forgotten in silence: without its file nobody is let in until the list is back', async () => {
    const [alpha, bravo] = await two(3)
    const list = openssl.list({ issuer: ca, number: 7, from: start, until: start + 30 * day })
    await done(alpha, 'list', [list])
    await field.until('linked', () => linked(alpha, bravo))
    await alpha.stop()
    const names = (await field.during(alpha.disk.list('trust'))).filter((name) => name.endsWith('.crl'))
    expect(names).toHaveLength(1)
    await field.during(alpha.disk.remove(`trust/${names[0] ?? ''}`))
    await alpha.start()
    await field.time.run(60_000)
    expect(linked(alpha, bravo)).toBe(false)
    expect(alpha.overview.health.problems).toContainEqual(expect.objectContaining({ code: 'list-lost' }))
    expect(alpha.overview.anchors[0]?.lists).toMatchObject([{ state: 'lost' }])
    expect(codeOf(await take(alpha, { number: 6 }))).toBe('list-older')
    await done(alpha, 'list', [list])
    await field.until('linked again', () => linked(alpha, bravo))
    expect(alpha.overview.health.problems).toEqual([])
  })

  it('are needed where a person says so, and only as long as they are current', async () => {
    const [alpha, bravo] = await two(4, { needsList: true })
    await field.time.run(30_000)
    expect(level(alpha, bravo)).not.toBe('trusted')
    expect(codeOf(await take(alpha, { number: 1, until: start + day }))).toBe('taken')
    await field.until('linked', () => linked(alpha, bravo))
    expect(alpha.peer(bravo)?.decision?.until).toBe(start + day)
    await field.time.run(day)
    expect(level(alpha, bravo)).not.toBe('trusted')
    expect(alpha.overview.anchors[0]?.lists).toMatchObject([{ state: 'outdated' }])
    expect(codeOf(await take(alpha, { number: 2, until: start + 3 * day }))).toBe('taken')
    await field.until('linked again', () => linked(alpha, bravo))
  })

  it('count for a branch, for an accepted certificate and for the own one', async () => {
    const [alpha, bravo] = await two(5)
    const branch = openssl.issue({ subject: '/CN=Nord', issuer: ca, extensions: authority })
    const own = openssl.issue({ subject: '/CN=bravo-n', issuer: branch })
    await done(bravo, 'identity', [own.pem + branch.pem, own.keyPem])
    await field.until('linked', () => linked(alpha, bravo))
    const list = openssl.list({ issuer: branch, number: 1, revoked: [{ certificate: own }] })
    const foreign = openssl.issue({ subject: '/CN=Nord', extensions: authority })
    const forged = openssl.list({ issuer: foreign, number: 9, revoked: [{ certificate: own }] })
    expect(codeOf(await tried(alpha, 'list', [forged, foreign.pem]))).toBe('list-not-signed')
    expect(codeOf(await tried(alpha, 'list', [list]))).toBe('taken')
    expect(alpha.isLinked(bravo)).toBe(false)
    await done(bravo, 'anchor', [ca.pem])
    expect(codeOf(await tried(bravo, 'list', [branch.pem, list]))).toBe('taken')
    expect(bravo.overview.node.certificate.isRevoked).toBe(true)
    // The organisation itself, by who issued it.
    const top = openssl.issue({ subject: '/CN=Root', extensions: authority })
    const below = openssl.issue({ subject: '/CN=Below', issuer: top, extensions: authority })
    await done(alpha, 'anchor', [below.pem])
    const lists = openssl.list({ issuer: top, revoked: [{ certificate: below }] })
    expect(codeOf(await tried(alpha, 'list', [lists]))).toBe('list-unknown')
    expect(codeOf(await tried(alpha, 'list', [top.pem, lists]))).toBe('taken')
    expect(alpha.overview.anchors.find(({ certificate }) => certificate.name === 'Below')?.state).toBe('revoked')
  })
})
