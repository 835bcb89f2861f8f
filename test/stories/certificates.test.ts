/** Trust that rests on certificates imported by hand, as stories on simulated nodes; certificates are made by openssl. */
import { X509Certificate } from 'node:crypto'
import { zipSync } from 'fflate'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ArgumentOf } from '@shared/contract.js'
import { encodeDocument } from '../../src/main/engine/storage/document.js'
import { Field, type FieldNode } from '../sim/field.js'
import { authority, Openssl, opensslProblem, type Issued } from '../support/openssl.js'

const spanMs = 15 * 60 * 1000
const missing = opensslProblem()

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

describe.skipIf(missing !== undefined)(`certificates by hand${missing === undefined ? '' : `: ${missing}`}`, () => {
  let field: Field
  let openssl: Openssl
  let ca: Issued

  beforeAll(() => {
    openssl = new Openssl(new Field(1).wallNow)
    ca = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
  })
  afterAll(() => openssl.remove())
  afterEach(() => field.stop())

  const issue = (name: string, until?: number) =>
    openssl.issue({ subject: `/CN=${name}`, issuer: ca, ...(until === undefined ? {} : { until }) })

  function use(node: FieldNode, own: Issued, chain: readonly Issued[] = []) {
    const files = [own.pem + chain.map(({ pem }) => pem).join(''), own.keyPem].map(base64)
    return done(node, { files, as: 'identity' })
  }
  function accept(
    node: FieldNode,
    as: 'peer' | 'anchor',
    { pem }: Issued,
    more: Partial<ArgumentOf<'importCertificates'>> = {}
  ) {
    return done(node, { files: [base64(pem)], as, ...more })
  }
  async function done(node: FieldNode, argument: ArgumentOf<'importCertificates'>): Promise<string> {
    const imported = await field.during(node.engine.commands.importCertificates(argument))
    if (!imported.ok) throw new Error(`${imported.problem.code} ${imported.problem.detail ?? ''}`)
    return imported.value.id
  }
  const linked = (one: FieldNode, other: FieldNode) => one.isLinked(other) && other.isLinked(one)
  const level = (one: FieldNode, other: FieldNode) => one.peer(other)?.level

  async function two(seed: number): Promise<[FieldNode, FieldNode]> {
    field = new Field(seed)
    return [await field.node('alpha'), await field.node('bravo')]
  }

  it('links two laptops of one organisation that never met, with nobody deciding about either', async () => {
    const [alpha, bravo] = await two(1)
    for (const node of [alpha, bravo]) {
      const { nodeId } = node.engine
      await use(node, issue(node.name))
      expect(node.engine.nodeId).toBe(nodeId)
      expect(node.overview.node.certificate).toMatchObject({ name: node.name, issuerName: 'Feld-CA', isOwn: false })
      await accept(node, 'anchor', ca)
    }
    await alpha.add(bravo)
    await field.until('linked', () => linked(alpha, bravo))
    expect(alpha.peer(bravo)?.decision).toMatchObject({ ground: 'anchor', certificate: { name: 'Feld-CA' } })
    expect(alpha.overview.anchors[0]).toMatchObject({ state: 'active', vouchesFor: [bravo.id] })
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
  })

  it('takes organisation and own certificate from a TAK connection package', async () => {
    const [alpha, bravo] = await two(21)
    const store = openssl.run('pkcs12', '-export', '-nokeys', '-in', `${ca.path}/crt`, '-passout', 'pass:atakatak')
    for (const node of [alpha, bravo]) {
      const own = openssl.pkcs12(issue(node.name), 'atakatak')
      const zip = Buffer.from(zipSync({ 'cert/trust.p12': store, [`cert/${node.name}.p12`]: own })).toString('base64')
      const preview = await field.during(node.engine.commands.previewCertificates({ files: [zip] }))
      if (!preview.ok) throw new Error(preview.problem.code)
      expect(preview.value.package).toEqual({
        member: 'cert/trust.p12',
        members: [
          { name: 'cert/trust.p12', subject: 'Feld-CA', as: ['anchor'] },
          { name: `cert/${node.name}.p12`, subject: node.name, as: ['identity', 'peer'] }
        ]
      })
      await done(node, { files: [zip], member: 'cert/trust.p12', as: 'anchor' })
      await done(node, { files: [zip], as: 'identity' })
      expect(node.overview.node.certificate).toMatchObject({ name: node.name, issuerName: 'Feld-CA' })
    }
    const both = { files: [base64('x'), Buffer.from(zipSync({ a: store })).toString('base64')] }
    const refused = await field.during(alpha.engine.commands.previewCertificates(both))
    expect(refused).toMatchObject({ ok: false, problem: { code: 'package-with-others' } })
    await alpha.add(bravo)
    await field.until('linked', () => linked(alpha, bravo))
  })

  describe('a certificate that is not in time', () => {
    const soonMs = 10 * 60_000
    const dayMs = 24 * 3600_000
    async function lateTwo(seed: number, from = -dayMs, until = soonMs, issuer = ca, chain: readonly Issued[] = []) {
      const [alpha, bravo] = await two(seed)
      await use(alpha, issue('alpha'))
      for (const node of [alpha, bravo]) await accept(node, 'anchor', ca)
      const at = field.wallNow
      // What a laptop would refuse to use, it may have had before.
      const own = openssl.issue({ subject: '/CN=bravo', issuer, from: at + from, until: at + until })
      await show(bravo, own, chain)
      await alpha.add(bravo)
      return [alpha, bravo] as const
    }
    async function show(node: FieldNode, { pem, keyPem }: Issued, chain: readonly Issued[] = []): Promise<void> {
      await node.stop()
      const identity = JSON.parse(String(await node.disk.read('identity.json'))) as { data: { counter: number } }
      const tls = { certificate: pem + chain.map((one) => one.pem).join(''), key: keyPem }
      const changed = { ...identity.data, tls, counter: identity.data.counter + 1 }
      await field.during(node.disk.replace('identity.json', encodeDocument(changed)))
      await node.start()
    }
    const go = (node: FieldNode, other: FieldNode, forMs: number) =>
      field.during(node.engine.commands.continueLate({ nodeId: other.id, until: field.wallNow + forMs }))

    it('ends trust; a person lets it go on for a day, and a renewed one takes its place', async () => {
      const [alpha, bravo] = await lateTwo(31)
      await field.until('linked', () => linked(alpha, bravo))
      expect(alpha.peer(bravo)?.late).toBeUndefined()
      await field.time.run(soonMs)
      await field.until('met again', () => alpha.peer(bravo)?.late !== undefined)
      expect(linked(alpha, bravo)).toBe(false)
      expect(alpha.peer(bravo)).toMatchObject({
        level: 'pending',
        late: { code: 'certificate-expired', certificate: { name: 'Feld-CA' } }
      })
      for (const forMs of [0, 31 * dayMs])
        expect(await go(alpha, bravo, forMs)).toMatchObject({ problem: { code: 'bad-until' } })
      expect(await go(alpha, bravo, dayMs)).toEqual({ ok: true, value: null })
      await field.until('linked again', () => linked(alpha, bravo))
      const decision = { ground: 'anchor', by: 'alpha', late: 'certificate-expired', certificate: { name: 'Feld-CA' } }
      expect(alpha.peer(bravo)).toMatchObject({ level: 'trusted', decision })
      await alpha.restart()
      await field.until('linked after a restart', () => linked(alpha, bravo))
      expect(alpha.peer(bravo)?.decision).toMatchObject(decision)
      const story = await field.during(alpha.engine.commands.trustStory({ nodeId: bravo.id }))
      expect(story.ok && story.value.entries.some((entry) => entry.decision?.late === 'certificate-expired')).toBe(true)
      await show(bravo, issue('bravo'))
      const isRenewed = () => alpha.peer(bravo)?.decision?.late === undefined && alpha.peer(bravo)?.late === undefined
      await field.until('linked with the new one', () => linked(alpha, bravo) && isRenewed())
      expect(alpha.peer(bravo)).toMatchObject({ level: 'trusted', decision: { ground: 'anchor', by: 'alpha' } })
    })

    it('goes on no longer than was said', async () => {
      const [alpha, bravo] = await lateTwo(32, -dayMs, -60_000)
      await field.until('met', () => alpha.peer(bravo)?.late !== undefined)
      await go(alpha, bravo, soonMs)
      await field.until('linked', () => linked(alpha, bravo))
      await field.time.run(soonMs)
      await field.until('cut', () => !linked(alpha, bravo) && level(alpha, bravo) === 'untrusted')
    })

    it('goes on from before its time, and is stopped by a list or by removing the organisation', async () => {
      const [alpha, bravo] = await lateTwo(33, dayMs, 9 * dayMs)
      await field.until('met', () => alpha.peer(bravo)?.late?.code === 'certificate-not-yet-valid')
      await go(alpha, bravo, soonMs)
      await field.until('linked', () => linked(alpha, bravo))
      await field.during(alpha.engine.commands.removeAnchor({ id: alpha.overview.anchors[0]?.id ?? '' }))
      expect(level(alpha, bravo)).toBe('untrusted')
      await accept(alpha, 'anchor', ca)
      await field.until('offered again', () => alpha.peer(bravo)?.late !== undefined)
      await go(alpha, bravo, soonMs)
      await field.until('linked again', () => linked(alpha, bravo))
      const identity = JSON.parse(String(await bravo.disk.read('identity.json'))) as {
        data: { tls: { certificate: string } }
      }
      const serial = new X509Certificate(identity.data.tls.certificate).serialNumber
      const list = openssl.list({
        issuer: ca,
        number: 1,
        from: field.wallNow - 1_000,
        revoked: [{ certificate: serial }]
      })
      await done(alpha, { files: [list.toString('base64')], as: 'list' })
      expect(level(alpha, bravo)).toBe('untrusted')
      await field.until('warned', () => alpha.peer(bravo)?.warning === 'certificate-revoked')
      expect(alpha.peer(bravo)?.late).toBeUndefined()
      expect(await go(alpha, bravo, soonMs)).toMatchObject({ problem: { code: 'not-found' } })
    })

    it('is offered for nobody whose certificate would not count in time either', async () => {
      const other = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
      const old = openssl.issue({
        subject: '/CN=Zug',
        issuer: ca,
        extensions: authority,
        until: new Field(1).wallNow - 1_000
      })
      for (const [seed, issuer, chain] of [
        [34, other, []],
        [35, old, [old]]
      ] as const) {
        const [alpha, bravo] = await lateTwo(seed, -dayMs, -60_000, issuer, chain)
        await field.until('met', () => alpha.peer(bravo) !== undefined)
        await field.time.run(30_000)
        expect(alpha.peer(bravo)).toMatchObject({ level: 'pending' })
        expect(alpha.peer(bravo)?.late).toBeUndefined()
        expect(await go(alpha, bravo, soonMs)).toMatchObject({ problem: { code: 'not-found' } })
        await field.stop()
      }
    })
  })

  it('keeps a renewed certificate, the node and its links over a restart', async () => {
    const [alpha, bravo] = await two(2)
    await field.befriend(alpha, bravo)
    const mission = await alpha.createMission('Karst Ridge Fire')
    await use(alpha, issue('alpha'))
    await field.until('linked again', () => linked(alpha, bravo))
    const { certificateSha256 } = alpha.overview.node
    await alpha.restart()
    expect(alpha.overview.node.certificateSha256).toBe(certificateSha256)
    await field.until('linked once more', () => linked(alpha, bravo))
    await field.untilInStep(mission, alpha, bravo)
    await field.during(alpha.engine.commands.renewCertificate(null))
    expect(alpha.overview.node.certificate.isOwn).toBe(true)
    await field.until('linked with a certificate made here', () => linked(alpha, bravo))
  })

  it('trusts on meeting whose certificate was imported before, and nobody else', async () => {
    const [alpha, bravo] = await two(3)
    const charlie = await field.node('charlie')
    const own = issue('bravo')
    await use(bravo, own)
    await use(charlie, issue('charlie'))
    await accept(alpha, 'peer', own, { scope: { out: ['Karst*'], in: ['*'], access: 'read' } })
    await alpha.add(bravo)
    await alpha.add(charlie)
    await field.until('bravo is trusted', () => level(alpha, bravo) === 'trusted')
    await field.until('charlie is met', () => alpha.peer(charlie) !== undefined)
    expect(alpha.peer(bravo)?.decision).toMatchObject({ ground: 'certificate', scope: { access: 'read' } })
    expect(level(alpha, charlie)).toBe('untrusted')
    expect(alpha.overview.pins[0]?.nodeId).toBe(bravo.id)
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => linked(alpha, bravo))
  })

  it('counts for peers that were met before the certificate was imported', async () => {
    const [alpha, bravo] = await two(4)
    await use(bravo, issue('bravo'))
    await alpha.add(bravo)
    await field.until('met', () => alpha.peer(bravo) !== undefined)
    const files = [base64(ca.pem)]
    const preview = await field.during(alpha.engine.commands.previewCertificates({ files }))
    expect(preview).toMatchObject({ ok: true, value: { as: ['anchor'], here: { anchor: [bravo.id] } } })
    expect(level(alpha, bravo)).toBe('untrusted')
    await accept(alpha, 'anchor', ca)
    expect(level(alpha, bravo)).toBe('trusted')
  })

  it('leaves strangers who come from elsewhere, whose time is over, or who may not be a laptop', async () => {
    const [alpha] = await two(5)
    const other = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    const wrong = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth'
    ]
    const soon = field.wallNow + spanMs
    // What a laptop would refuse to use, a changed program shows all the same.
    async function show(node: FieldNode, { pem, keyPem }: Issued): Promise<void> {
      await node.stop()
      const identity = JSON.parse(String(await node.disk.read('identity.json'))) as { data: object }
      const changed = { ...identity.data, tls: { certificate: pem, key: keyPem }, counter: 2 }
      await field.during(node.disk.replace('identity.json', encodeDocument(changed)))
      await node.start()
    }
    const cases: readonly [string, Issued][] = [
      ['foreign', openssl.issue({ subject: '/CN=foreign', issuer: other })],
      ['expired', issue('expired', soon)],
      ['wrong', openssl.issue({ subject: '/CN=wrong', issuer: ca, extensions: wrong })]
    ]
    await accept(alpha, 'anchor', ca)
    for (const [name, own] of cases) {
      const node = await field.node(name)
      await show(node, own)
      if (name === 'expired') await field.time.run(2 * spanMs)
      await alpha.add(node)
      await field.until(`${name} is met`, () => alpha.peer(node) !== undefined)
      expect(level(alpha, node), name).toBe('untrusted')
    }
  })

  it('ends with the organisation’s certificate, its end, or the laptop’s own', async () => {
    const [alpha, bravo] = await two(6)
    const charlie = await field.node('charlie')
    await use(bravo, issue('bravo'))
    await use(charlie, issue('charlie', field.wallNow + 2 * spanMs))
    const until = field.wallNow + 4 * spanMs
    await accept(alpha, 'anchor', ca, { until })
    for (const node of [bravo, charlie]) {
      await alpha.add(node)
      await field.until('trusted', () => level(alpha, node) === 'trusted')
    }
    expect(alpha.peer(charlie)?.decision?.until).toBeLessThanOrEqual(field.wallNow + 2 * spanMs)
    expect(alpha.peer(bravo)?.decision?.until).toBe(until)
    await field.until('charlie’s certificate ended', () => level(alpha, charlie) === 'untrusted', 3 * spanMs)
    expect(level(alpha, bravo)).toBe('trusted')
    await field.until('the organisation’s end came', () => level(alpha, bravo) === 'untrusted', 3 * spanMs)
    expect(alpha.overview.anchors[0]?.state).toBe('ended')
  }, 90_000)

  it('is taken back at once when the organisation is removed, also after a restart', async () => {
    const [alpha, bravo] = await two(7)
    await use(bravo, issue('bravo'))
    const id = await accept(alpha, 'anchor', ca)
    await alpha.add(bravo)
    await field.until('trusted', () => level(alpha, bravo) === 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => linked(alpha, bravo))
    await alpha.restart()
    await field.until('linked again', () => linked(alpha, bravo))
    expect(await field.during(alpha.engine.commands.removeAnchor({ id }))).toMatchObject({ ok: true })
    expect(level(alpha, bravo)).not.toBe('trusted')
    await field.until('cut', () => !bravo.isLinked(alpha))
    await alpha.restart()
    expect(level(alpha, bravo)).not.toBe('trusted')
    expect(alpha.overview.anchors).toEqual([])
  })

  it('is lost with the certificate, and comes back with the next one of the same organisation', async () => {
    const [alpha, bravo] = await two(8)
    await use(bravo, issue('bravo'))
    await accept(alpha, 'anchor', ca)
    await bravo.add(alpha)
    await field.until('met', () => level(alpha, bravo) === 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => linked(alpha, bravo))
    await field.during(bravo.engine.commands.renewCertificate(null))
    await field.until('lost', () => level(alpha, bravo) !== 'trusted')
    expect(alpha.peer(bravo)?.warning).toBe('certificate-lost')
    await use(bravo, issue('bravo'))
    await field.until('linked again', () => linked(alpha, bravo))
    expect(alpha.peer(bravo)?.warning).toBeUndefined()
  })

  it('lets in one node per certificate: a second one with a copy of it waits for a person', async () => {
    const [alpha, bravo] = await two(9)
    const thief = await field.node('thief')
    const own = issue('bravo')
    await use(bravo, own)
    await use(thief, own)
    await accept(alpha, 'anchor', ca)
    await alpha.add(bravo)
    await field.until('trusted', () => level(alpha, bravo) === 'trusted')
    await alpha.add(thief)
    await field.until('noted', () => alpha.peer(thief)?.warning === 'certificate-shared')
    expect(level(alpha, thief)).toBe('untrusted')
    await alpha.restart()
    await field.until('met again', () => alpha.peer(thief)?.warning === 'certificate-shared')
    expect(level(alpha, bravo)).toBe('trusted')
  })

  it('never goes against a person: revoked and refused stay so', async () => {
    const [alpha, bravo] = await two(10)
    const charlie = await field.node('charlie')
    for (const node of [bravo, charlie]) {
      await use(node, issue(node.name))
      await alpha.add(node)
      await field.until('met', () => alpha.peer(node) !== undefined)
    }
    await alpha.decide(bravo, 'revoked')
    await alpha.decide(charlie, 'untrusted')
    await accept(alpha, 'anchor', ca)
    await alpha.restart()
    await field.until('met anew', () => alpha.peer(charlie)?.link.lastHeard !== undefined)
    expect(level(alpha, bravo)).toBe('revoked')
    expect(level(alpha, charlie)).toBe('untrusted')
  })

  it('lets nobody in by the certificate of a laptop that a person trusted and then revoked', async () => {
    const [alpha, bravo] = await two(12)
    const thief = await field.node('thief')
    const own = issue('bravo')
    await use(bravo, own)
    await field.befriend(alpha, bravo)
    await alpha.decide(bravo, 'revoked')
    // With the stolen laptop's certificate, as a node that nobody knows.
    await use(thief, own)
    await alpha.restart()
    await accept(alpha, 'anchor', ca)
    await alpha.add(thief)
    await field.until('noted', () => alpha.peer(thief)?.warning === 'certificate-shared')
    expect(level(alpha, thief)).toBe('untrusted')
  })

  it('holds a narrower scope before a peer that was away gets anything', async () => {
    const [alpha, bravo] = await two(13)
    await use(bravo, issue('bravo'))
    await accept(alpha, 'anchor', ca)
    await alpha.add(bravo)
    await field.until('trusted', () => level(alpha, bravo) === 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.until('linked', () => linked(alpha, bravo))
    await bravo.stop()
    // What bravo showed is known no more.
    await alpha.restart()
    await accept(alpha, 'anchor', ca, { scope: { out: ['Karst*'], in: ['*'], access: 'read' } })
    const hidden = await alpha.createMission('Elsewhere')
    const given = await alpha.createMission('Karst Ridge Fire')
    // What the next hello changes takes long to be kept.
    alpha.disk.faults.syncMs = 500
    await bravo.start()
    await field.untilInStep(given, alpha, bravo)
    expect(bravo.mission(hidden)).toBeUndefined()
  })

  it('writes nothing for a preview, a wrong use, or an end that is past', async () => {
    const [alpha] = await two(11)
    const { commands } = alpha.engine
    const before = alpha.overview.auditTotal
    const leaf = { files: [base64(issue('bravo').pem)] }
    const refusals = [
      [{ ...leaf, as: 'anchor' as const }, 'not-an-authority'],
      [{ ...leaf, as: 'identity' as const }, 'no-private-key'],
      [{ files: [base64(ca.pem)], as: 'anchor' as const, until: field.wallNow - 1 }, 'bad-until'],
      [{ files: [base64('nothing of the kind')], as: 'peer' as const }, 'no-certificate']
    ] as const
    expect(await field.during(commands.previewCertificates(leaf))).toMatchObject({ ok: true })
    for (const [argument, code] of refusals)
      expect(await field.during(commands.importCertificates(argument))).toMatchObject({ ok: false, problem: { code } })
    expect(alpha.overview).toMatchObject({ auditTotal: before, anchors: [], pins: [] })
  })
})
