/** A small CA for a team, as stories on simulated nodes; openssl judges what it makes. */
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ArgumentOf, AnswerOf, CommandName } from '@shared/contract.js'
import type { Result } from '@shared/result.js'
import { callCommand } from '../../src/main/engine/commands.js'
import { Field, type FieldNode } from '../sim/field.js'
import { authority, Openssl, opensslProblem } from '../support/openssl.js'

const missing = opensslProblem()
const start = new Field(1).wallNow
const real = { hasRealCertificate: true }

describe.skipIf(missing !== undefined)(`an authority of a team${missing === undefined ? '' : `: ${missing}`}`, () => {
  let field: Field
  let openssl: Openssl
  beforeAll(() => {
    openssl = new Openssl(start)
  })
  afterAll(() => openssl.remove())
  afterEach(() => field.stop())

  async function tried<Name extends CommandName>(node: FieldNode, name: Name, argument: ArgumentOf<Name>) {
    return (await field.during(callCommand(node.engine.commands, name, argument))) as Result<AnswerOf<Name>>
  }
  async function done<Name extends CommandName>(node: FieldNode, name: Name, argument: ArgumentOf<Name>) {
    const result = await tried(node, name, argument)
    if (!result.ok) throw new Error(`${name}: ${result.problem.code} ${result.problem.detail ?? ''}`)
    return result.value
  }
  const text = (data: string) => Buffer.from(data, 'base64').toString()
  const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64')
  const linked = (one: FieldNode, other: FieldNode) => one.isLinked(other) && other.isLinked(one)
  const at = ['-attime', String(Math.floor(start / 1000))]

  async function withAuthority(seed: number) {
    field = new Field(seed)
    const alpha = await field.node('alpha', real)
    const { data } = await done(alpha, 'makeAuthority', { name: 'Gasilska zveza Sežana', days: 3 * 365 })
    return { alpha, ca: data, caFile: openssl.write(`ca-${String(seed)}.pem`, pem(data)) }
  }
  const pem = (der: string) => new X509Certificate(Buffer.from(der, 'base64')).toString()
  const accept = (node: FieldNode, ca: string) => done(node, 'importCertificates', { files: [ca], as: 'anchor' })

  it('lets laptops in that asked it with a request, shuts one out again, and all learn of it', async () => {
    const { alpha, ca } = await withAuthority(1)
    const bravo = await field.node('bravo', real)
    const charlie = await field.node('charlie', real)
    for (const node of [alpha, bravo, charlie]) await accept(node, ca)
    const serials: string[] = []
    for (const node of [bravo, charlie]) {
      const request = await done(node, 'requestCertificate', null)
      expect(await done(alpha, 'previewRequest', { data: request.data })).toEqual({ name: node.name, nodeId: node.id })
      const order = { to: 'request', name: node.name, days: 365, data: request.data } as const
      const { serial, data } = await done(alpha, 'issueCertificate', order)
      serials.push(serial)
      const seen = await done(node, 'previewCertificates', { files: [data] })
      expect(seen.as).toContain('identity')
      await done(node, 'importCertificates', { files: [data], as: 'identity' })
      expect(node.overview.node.certificate).toMatchObject({
        issuerName: 'Gasilska zveza Sežana',
        alternativeNames: [`URI:muster:node:${node.id}`]
      })
    }
    await bravo.add(charlie)
    await field.until('linked by the authority alone', () => linked(bravo, charlie))
    await alpha.add(bravo)
    await field.until('met', () => alpha.peer(bravo) !== undefined && bravo.peer(alpha) !== undefined)
    await bravo.decide(alpha, 'trusted')
    await field.until('alpha is linked', () => linked(alpha, bravo))
    await done(alpha, 'revokeIssued', { serial: serials[1] ?? '', reason: 'keyCompromise' })
    await field.until('bravo heard of it', () => !bravo.isLinked(charlie))
    expect(bravo.peer(charlie)?.warning).toBe('certificate-revoked')
    expect(linked(alpha, bravo)).toBe(true)
    const view = await done(alpha, 'viewAuthority', null)
    expect(view).toMatchObject({ isAccepted: true, list: { number: 1 } })
    expect(view?.issued.map(({ name, revoked }) => [name, revoked?.reason])).toEqual([
      ['charlie', 'keyCompromise'],
      ['bravo', undefined]
    ])
    await alpha.restart()
    await done(alpha, 'publishList', null)
    expect((await done(alpha, 'viewAuthority', null))?.list?.number).toBe(2)
    expect(alpha.overview.anchors[0]?.lists).toMatchObject([{ number: '2', entries: 1 }])
  })

  it('issues for the key that a laptop showed, for no other node', async () => {
    const { alpha, ca } = await withAuthority(2)
    const bravo = await field.node('bravo', real)
    await alpha.add(bravo)
    await field.until('met', () => alpha.peer(bravo) !== undefined)
    const stranger = await field.node('charlie', real)
    const order = { to: 'laptop', name: 'bravo', days: 30 } as const
    expect(await tried(alpha, 'issueCertificate', { ...order, nodeId: stranger.id })).toMatchObject({
      problem: { code: 'not-found' }
    })
    const { data } = await done(alpha, 'issueCertificate', { ...order, nodeId: bravo.id })
    await accept(alpha, ca)
    await done(bravo, 'importCertificates', { files: [data], as: 'identity' })
    await alpha.add(bravo)
    await field.until('let in', () => alpha.peer(bravo)?.level === 'trusted')
    // Made for bravo, shown by charlie, who has its key.
    const other = await done(alpha, 'requestCertificate', null)
    const forAlpha = await done(alpha, 'issueCertificate', { to: 'request', name: 'x', days: 9, data: other.data })
    const identity = JSON.parse(String(await field.during(alpha.disk.read('identity.json')))) as {
      data: { tls: { key: string } }
    }
    const files = [forAlpha.data, base64(identity.data.tls.key)]
    await done(stranger, 'importCertificates', { files, as: 'identity' })
    await alpha.add(stranger)
    await field.until('met', () => alpha.peer(stranger) !== undefined)
    await field.time.run(10_000)
    expect(alpha.peer(stranger)?.level).toBe('untrusted')
  })

  it('makes certificates, lists and key files that openssl takes', async () => {
    const { alpha, caFile } = await withAuthority(3)
    const key = openssl.write('phone.key', openssl.key('p256'))
    const names = ['-addext', 'subjectAltName=DNS:x.example']
    const config = ['-config', join(openssl.folder, 'openssl.cnf')]
    const csr = openssl.run('req', '-new', ...config, '-key', key, '-subj', '/CN=delta', ...names)
    const order = { to: 'request', name: 'delta', days: 30 } as const
    const issued = await done(alpha, 'issueCertificate', { ...order, data: base64(csr) })
    const leaf = openssl.write('delta.crt', text(issued.data))
    expect(
      openssl.judge([new X509Certificate(text(issued.data)).raw], new X509Certificate(readFileSync(caFile)).raw, start)
    ).toBeUndefined()
    await done(alpha, 'revokeIssued', { serial: issued.serial, reason: 'superseded' })
    const list = await done(alpha, 'publishList', null)
    const crl = openssl.write('team.crl', text(list.data))
    const shown = openssl.run('crl', '-in', crl, '-text', '-noout', '-CAfile', caFile).toString()
    expect(shown).toMatch(/CRL Number:\s+2[\s\S]*Superseded/)
    const check = ['verify', ...at, '-CAfile', caFile, '-crl_check', '-CRLfile', crl, leaf]
    const judged = spawnSync('openssl', check, { cwd: openssl.folder, encoding: 'utf8' })
    expect(judged.stderr + judged.stdout).toContain('certificate revoked')
    for (const format of ['p12', 'p12-old'] as const) {
      const phone = { to: 'phone', name: 'EUD Čarna 1', days: 30, format, password: 'atakatak' } as const
      const made = await done(alpha, 'issueCertificate', phone)
      const file = openssl.write(`${format}.p12`, Buffer.from(made.data, 'base64'))
      const old = format === 'p12' ? [] : ['-legacy']
      const out = openssl.run('pkcs12', '-in', file, ...old, '-passin', 'pass:atakatak', '-nodes').toString()
      expect(out.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
      const found = new X509Certificate(/-----BEGIN CERTIFICATE[\s\S]*?-----END CERTIFICATE-----/.exec(out)?.[0] ?? '')
      expect(found.subject).toBe('CN=EUD Čarna 1')
      expect(out).toContain('BEGIN PRIVATE KEY')
      const info = openssl.run('pkcs12', '-in', file, ...old, '-passin', 'pass:atakatak', '-info', '-noout')
      expect(info.toString()).toBe('')
    }
    expect(await tried(alpha, 'exportAuthority', { password: 'short' })).toMatchObject({
      problem: { code: 'short-password' }
    })
    const kept = await done(alpha, 'exportAuthority', { password: 'a long password' })
    const file = openssl.write('ca.p12', Buffer.from(kept.data, 'base64'))
    const out = openssl.run('pkcs12', '-in', file, '-passin', 'pass:a long password', '-nodes').toString()
    expect(out).toContain('BEGIN PRIVATE KEY')
  })

  const serialsOn = (crl: string) => {
    const shown = openssl.run('crl', '-in', openssl.write('over.crl', text(crl)), '-text', '-noout').toString()
    return {
      number: /CRL Number:\s+(\d+)/.exec(shown)?.[1],
      serials: [...shown.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, serial = '']) => serial.toLowerCase()).sort()
    }
  }
  async function requested(issuer: FieldNode, node: FieldNode) {
    const { data } = await done(node, 'requestCertificate', null)
    return done(issuer, 'issueCertificate', { to: 'request', name: node.name, days: 30, data })
  }

  it('is taken over by another laptop, whose lists go on after those of the first', async () => {
    const { alpha, ca, caFile } = await withAuthority(5)
    const bravo = await field.node('bravo', real)
    const [first, second] = [await requested(alpha, bravo), await requested(alpha, bravo)]
    await done(alpha, 'revokeIssued', { serial: first.serial, reason: 'keyCompromise' })
    const list = await done(alpha, 'publishList', null)
    const { data } = await done(alpha, 'exportAuthority', { password: 'a long password' })
    const over = { files: [data], password: 'a long password' }
    const code = async (argument: ArgumentOf<'takeAuthority'>) => {
      const result = await tried(bravo, 'takeAuthority', argument)
      return result.ok ? 'taken' : result.problem.code
    }
    expect(await code({ files: [data] })).toBe('password-needed')
    expect(await code({ ...over, password: 'another password' })).toBe('wrong-password')
    expect(await code({ files: [ca] })).toBe('no-private-key')
    expect(await code({ files: [base64(pem(ca)), base64(openssl.key('p256'))] })).toBe('key-mismatch')
    expect(await code(over)).toBe('authority-list-needed')
    const foreign = openssl.issue({ subject: '/CN=Gasilska zveza Sežana', extensions: authority })
    expect(await code({ ...over, files: [data, base64(openssl.list({ issuer: foreign, number: 9 }))] })).toBe(
      'list-not-signed'
    )
    expect(await done(bravo, 'viewAuthority', null)).toBeNull()
    const taken = await done(bravo, 'takeAuthority', { ...over, files: [data, list.data] })
    expect(taken).toMatchObject({ others: 1, list: { number: 2 }, issued: [], isAccepted: false })
    expect(await code(over)).toBe('authority-exists')
    await bravo.restart()
    const charlie = await field.node('charlie', real)
    const third = await requested(bravo, charlie)
    await done(bravo, 'revokeIssued', { serial: third.serial, reason: 'superseded' })
    // Issued by the first laptop: known by its number alone.
    await done(bravo, 'revokeIssued', { serial: second.serial, reason: 'unspecified' })
    const after = await done(bravo, 'publishList', null)
    const wanted = [first, second, third].map(({ serial }) => serial.replace(/^00/, '')).sort()
    expect(serialsOn(after.data)).toEqual({ number: '5', serials: wanted })
    expect(
      openssl.run('crl', '-in', openssl.write('5.crl', text(after.data)), '-CAfile', caFile, '-noout').toString()
    ).toBe('')
  })

  it('goes on after a list that came over a link, also where two laptops issue', async () => {
    const { alpha, ca } = await withAuthority(6)
    const bravo = await field.node('bravo', real)
    await field.befriend(alpha, bravo)
    for (const node of [alpha, bravo]) await accept(node, ca)
    const first = await requested(alpha, bravo)
    await done(alpha, 'revokeIssued', { serial: first.serial, reason: 'keyCompromise' })
    await field.until('bravo has the list', () => bravo.overview.anchors[0]?.lists[0]?.number === '1')
    const { data } = await done(alpha, 'exportAuthority', { password: 'a long password' })
    const taken = await done(bravo, 'takeAuthority', { files: [data], password: 'a long password' })
    expect(taken).toMatchObject({ others: 1, list: { number: 1 } })
    const second = await requested(bravo, alpha)
    await done(bravo, 'revokeIssued', { serial: second.serial, reason: 'superseded' })
    await field.until('alpha has the list', () => alpha.overview.anchors[0]?.lists[0]?.number === '2')
    const third = await requested(alpha, alpha)
    await done(alpha, 'revokeIssued', { serial: third.serial, reason: 'superseded' })
    const after = serialsOn((await done(alpha, 'publishList', null)).data)
    expect(after).toEqual({
      number: '4',
      serials: [first, second, third].map(({ serial }) => serial.replace(/^00/, '')).sort()
    })
  })

  it.each(['rsa2048', 'p384'] as const)('may be one with a key of %s that openssl made', async (key) => {
    field = new Field(7)
    const bravo = await field.node('bravo', real)
    const ca = openssl.issue({ subject: '/O=LFV/CN=Feld-CA', key, extensions: authority })
    const over = {
      files: [base64(openssl.pkcs12(ca, 'atakatak', [], ['-legacy']))],
      password: 'atakatak',
      isFirst: true
    }
    const only = openssl.issue({
      subject: '/CN=No lists',
      extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign']
    })
    for (const [wrong, code] of [
      [only, 'wrong-usage'],
      [openssl.issue({ subject: '/CN=x', issuer: ca }), 'not-an-authority'],
      [openssl.issue({ subject: '/CN=Old', until: start - 1, extensions: authority }), 'certificate-expired']
    ] as const)
      expect(
        await tried(bravo, 'takeAuthority', { files: [wrong.pem, wrong.keyPem].map(base64), isFirst: true })
      ).toMatchObject({
        problem: { code }
      })
    expect(await done(bravo, 'takeAuthority', over)).toMatchObject({ others: 0, certificate: { name: 'Feld-CA' } })
    const issued = await requested(bravo, bravo)
    const leaf = new X509Certificate(text(issued.data)).raw
    expect(openssl.judge([leaf], ca.der, field.wallNow)).toBeUndefined()
    await done(bravo, 'revokeIssued', { serial: issued.serial, reason: 'superseded' })
    const { data } = await done(bravo, 'publishList', null)
    expect(serialsOn(data).number).toBe('2')
    expect(
      openssl.judge([leaf], ca.der, field.wallNow, [Buffer.from(text(data).replace(/-----.*-----|\s/g, ''), 'base64')])
    ).toContain('certificate revoked')
  })

  it('issues nothing with a clock before this version, to a key that no laptop may have, or without its file', async () => {
    field = new Field(4)
    const alpha = await field.node('alpha', real)
    expect(await done(alpha, 'viewAuthority', null)).toBeNull()
    expect(await tried(alpha, 'publishList', null)).toMatchObject({ problem: { code: 'authority-missing' } })
    await done(alpha, 'makeAuthority', { name: 'Team', days: 30 })
    expect(await tried(alpha, 'makeAuthority', { name: 'Team', days: 30 })).toMatchObject({
      problem: { code: 'authority-exists' }
    })
    const config = ['-config', join(openssl.folder, 'openssl.cnf')]
    const weak = openssl.run(
      'req',
      '-new',
      ...config,
      '-key',
      openssl.write('weak', openssl.key('rsa1024')),
      '-subj',
      '/CN=x'
    )
    const order = { to: 'request', name: 'x', days: 30 } as const
    expect(await tried(alpha, 'issueCertificate', { ...order, data: base64(weak) })).toMatchObject({
      problem: { code: 'unsupported-key' }
    })
    const changed = Buffer.from(
      openssl.run(
        'req',
        '-new',
        ...config,
        '-key',
        openssl.write('k', openssl.key('p256')),
        '-subj',
        '/CN=abc',
        '-outform',
        'DER'
      )
    )
    changed[changed.indexOf('abc')] = 0x7a
    expect(await tried(alpha, 'issueCertificate', { ...order, data: base64(changed) })).toMatchObject({
      problem: { code: 'certificate-damaged' }
    })
    expect((await done(alpha, 'viewAuthority', null))?.issued).toEqual([])
    alpha.wall.offsetMs = Date.UTC(2019, 0, 1) - start
    const request = await done(alpha, 'requestCertificate', null)
    for (const [name, argument] of [
      ['issueCertificate', { ...order, data: request.data }],
      ['publishList', null]
    ] as const)
      expect(await tried(alpha, name, argument as never)).toMatchObject({ problem: { code: 'clock-before-release' } })
  })
})
