/** Revocation lists: read strictly, believed of who may make them, and judged as openssl judges. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chainEnd, readChain } from '../../src/main/engine/certificates/chain.js'
import { entryFor, isListOf, isNewer, readList, type RevocationList } from '../../src/main/engine/certificates/crl.js'
import { authorityId, Lists } from '../../src/main/engine/certificates/lists.js'
import { readCertificateFiles } from '../../src/main/engine/certificates/read-files.js'
import { parseCertificate, type Certificate } from '../../src/main/engine/certificates/x509.js'
import { authority, listPem, Openssl, opensslProblem, type Issued, type WantedList } from '../support/openssl.js'
import { longestBlockMs } from '../support/blocking.js'

const now = Date.UTC(2026, 10, 21, 12)
const day = 24 * 3600 * 1000
const missing = opensslProblem()

describe.skipIf(missing !== undefined)(`revocation lists${missing === undefined ? '' : `: ${missing}`}`, () => {
  let openssl: Openssl
  let root: Issued
  let branch: Issued
  let leaf: Issued
  let other: Issued

  beforeAll(() => {
    openssl = new Openssl(now)
    root = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    branch = openssl.issue({ subject: '/CN=Nord', issuer: root, extensions: authority })
    leaf = openssl.issue({ subject: '/CN=bravo', issuer: branch })
    other = openssl.issue({ subject: '/CN=charlie', issuer: branch })
  })
  afterAll(() => openssl.remove())

  const parsed = ({ der }: Issued): Certificate => {
    const certificate = parseCertificate(der)
    if (certificate === undefined) throw new Error('not a certificate')
    return certificate
  }
  async function read(wanted: WantedList): Promise<RevocationList> {
    const list = await readList(openssl.list(wanted))
    if (!list.ok) throw new Error(`${list.problem.code} ${list.problem.detail ?? ''}`)
    return list.value
  }
  async function shelf(...wanted: readonly WantedList[]): Promise<Lists> {
    const lists = new Lists()
    for (const one of wanted) {
      const [list, signer] = [await read(one), parsed(one.issuer)]
      expect(isListOf(list, signer)).toBe(true)
      lists.set({ authority: authorityId(signer), signer, list })
    }
    return lists
  }

  it('says what openssl says about the same list', async () => {
    const at = now - 3 * day
    const revoked = [{ certificate: leaf, at, reason: 'keyCompromise' }, { certificate: other }]
    const wanted = { issuer: branch, revoked, number: 300, from: now - day, until: now + 5 * day }
    const list = await read(wanted)
    expect(list).toMatchObject({ number: '12c', thisUpdate: now - day, nextUpdate: now + 5 * day })
    expect(list.serials.size).toBe(2)
    expect(entryFor(list, parsed(leaf).serial)).toEqual({ revokedAt: at, reason: 'keyCompromise' })
    expect(entryFor(list, parsed(other).serial)).toEqual({ revokedAt: now, reason: undefined })
    expect(entryFor(list, parsed(branch).serial)).toBeUndefined()
    const text = openssl.run('crl', '-inform', 'DER', '-text', '-noout', '-in', openssl.write('l', list.der)).toString()
    expect(text).toMatch(/CRL Number:\s+300/)
    expect(text).toContain(parsed(leaf).x509.serialNumber)
  })

  it('judges chains as openssl does with lists', async () => {
    const clean = { issuer: root, number: 1 }
    const rows: readonly [string, readonly WantedList[], string | undefined][] = [
      ['nobody is on them', [clean, { issuer: branch, number: 1 }], undefined],
      [
        'the laptop is on one',
        [clean, { issuer: branch, number: 1, revoked: [{ certificate: leaf }] }],
        'certificate-revoked'
      ],
      ['another one is on it', [clean, { issuer: branch, number: 1, revoked: [{ certificate: other }] }], undefined],
      ['the branch is', [{ ...clean, revoked: [{ certificate: branch }] }, { issuer: branch }], 'certificate-revoked'],
      [
        'a number of the branch is on the list of the root',
        [{ ...clean, revoked: [{ certificate: leaf }] }, { issuer: branch }],
        undefined
      ],
      [
        'on hold counts',
        [clean, { issuer: branch, revoked: [{ certificate: leaf, reason: 'certificateHold' }] }],
        'certificate-revoked'
      ],
      [
        'the list of the root is outdated',
        [{ ...clean, from: now - 2 * day, until: now - day }, { issuer: branch }],
        'list-outdated'
      ],
      ['that of the branch is not there', [clean], 'list-outdated']
    ]
    for (const [name, wanted, expected] of rows) {
      const lists = await shelf(...wanted)
      const chain = [leaf.der, branch.der]
      const end = chainEnd(readChain(chain), parsed(root), now, { lists, policy: 'current' })
      expect(typeof end === 'string' ? end : undefined, name).toBe(expected)
      const judged = openssl.judge(
        chain,
        root.der,
        now,
        lists.all().flatMap(({ list }) => list?.der ?? [])
      )
      expect(judged === undefined, `${name}: ${judged ?? 'openssl finds it good'}`).toBe(expected === undefined)
    }
  })

  it('without being asked for, a list that is outdated or missing stops nobody', async () => {
    const lists = await shelf({ issuer: root, from: now - 2 * day, until: now - day })
    const chain = readChain([leaf.der, branch.der])
    expect(chainEnd(chain, parsed(root), now, { lists, policy: undefined })).toHaveProperty('until')
    const until = now + 3 * day
    const current = await shelf({ issuer: root, until }, { issuer: branch, until: now + 9 * day })
    expect(chainEnd(chain, parsed(root), now, { lists: current, policy: 'current' })).toMatchObject({ until })
  })

  it('lets nobody in by an authority whose list was lost', () => {
    const lists = new Lists()
    lists.set({ authority: authorityId(parsed(branch)), signer: parsed(branch), list: undefined })
    const chain = readChain([leaf.der, branch.der])
    expect(chainEnd(chain, parsed(root), now, { lists, policy: undefined })).toBe('list-lost')
  })

  it('finds an accepted certificate on the list of who issued it, and no other one by its number', async () => {
    const lists = await shelf({ issuer: root, revoked: [{ certificate: branch }] })
    expect(lists.revokerOf(parsed(branch))).toBeDefined()
    expect(lists.revokerOf(parsed(leaf))).toBeUndefined()
    const impostor = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    const foreign = await shelf({ issuer: impostor, revoked: [{ certificate: branch }] })
    expect(foreign.revokerOf(parsed(branch))).toBeUndefined()
  })

  it('believes a list of nobody but its authority', async () => {
    const list = await read({ issuer: branch, number: 1 })
    const impostor = openssl.issue({ subject: '/CN=Nord', extensions: authority })
    const noLists = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
    const silent = openssl.issue({ subject: '/CN=Nord', issuer: root, keyOf: branch, extensions: noLists })
    const laptop = openssl.issue({ subject: '/CN=Nord', issuer: root, keyOf: branch })
    expect(isListOf(list, parsed(branch))).toBe(true)
    for (const who of [impostor, silent, laptop, root]) expect(isListOf(list, parsed(who))).toBe(false)
    const changed = Buffer.from(list.der)
    // The year of thisUpdate, which stays a time.
    const year = changed.indexOf('26112')
    changed[year + 1] = 0x35
    const read2 = await readList(changed)
    expect(read2.ok && read2.value.thisUpdate !== list.thisUpdate && isListOf(read2.value, parsed(branch))).toBe(false)
    expect(read2.ok).toBe(true)
  })

  it.each([
    ['RSA', { key: 'rsa2048' as const }, 'sha256', true],
    ['P-384', { key: 'p384' as const }, 'sha384', true],
    ['SHA-512', {}, 'sha512', true],
    ['SHA-1', {}, 'sha1', false]
  ])('checks a signature with %s', async (_, more, digest, good) => {
    const ca = openssl.issue({ subject: '/CN=X', extensions: authority, ...more })
    expect(isListOf(await read({ issuer: ca, digest }), parsed(ca))).toBe(good)
  })

  it('refuses what it would understand by half', async () => {
    const base = { issuer: branch, number: 5 }
    const rows: readonly (readonly [string, readonly string[]])[] = [
      ['a delta', ['deltaCRLIndicator=critical,ASN1:INTEGER:3']],
      ['laptops only', ['2.5.29.28=critical,DER:30:03:81:01:ff']],
      ['an unknown critical extension', ['1.2.3.4=critical,ASN1:NULL']]
    ]
    for (const [name, extensions] of rows) {
      const named = extensions.map((line) =>
        line.replace('deltaCRLIndicator', '2.5.29.27').replace('ASN1:INTEGER:3', 'DER:02:01:03')
      )
      const found = await readList(openssl.list({ ...base, extensions: named }))
      expect(found.ok ? 'read' : found.problem.code, name).toBe('list-unsupported')
    }
    const note = await readList(
      openssl.list({ ...base, extensions: ['authorityKeyIdentifier=keyid', '1.2.3.4=ASN1:NULL'] })
    )
    expect(note.ok).toBe(true)
  })

  it('is newer by its number, then by its time', () => {
    const list = (number: string | undefined, thisUpdate: number) => ({ number, thisUpdate })
    expect(isNewer(list('10', 1), list('f', 2))).toBe(true)
    expect(isNewer(list('f', 9), list('10', 1))).toBe(false)
    expect(isNewer(list('f', 2), list('f', 1))).toBe(true)
    expect(isNewer(list('f', 1), list('f', 1))).toBe(false)
    expect(isNewer(list(undefined, 9), list('0', 1))).toBe(false)
    expect(isNewer(list('0', 1), list(undefined, 9))).toBe(true)
    expect(isNewer(list(undefined, 2), list(undefined, 1))).toBe(true)
  })

  it('is told by its content in any file', async () => {
    const der = openssl.list({ issuer: root, number: 1, revoked: [{ certificate: branch }] })
    const files = [
      [der],
      [Buffer.from(listPem(der))],
      [Buffer.from(`a note\r\n${listPem(der).replaceAll('\n', '\r\n')}`)],
      [Buffer.from(root.pem + listPem(der))],
      [root.der, der]
    ]
    for (const file of files) {
      const found = await readCertificateFiles(file, undefined)
      expect(found.ok && found.value.lists.map(({ serials }) => serials.size)).toEqual([1])
    }
    const cut = await readCertificateFiles([Buffer.from(listPem(der.subarray(0, -9)))], undefined)
    expect(cut.ok ? 'read' : cut.problem.code).toBe('certificate-damaged')
  })

  it('of 10,000 entries is read in pieces of at most 50 ms, and a chain of three is checked within 20 ms', async () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) =>
      (0x4000_0000_0000_0000n + BigInt(index) * 977n).toString(16)
    )
    const revoked = numbers.map((certificate) => ({
      certificate: `${certificate}${'5a'.repeat(8)}`,
      reason: 'superseded'
    }))
    const wanted = { issuer: branch, number: 1, revoked: [...revoked, { certificate: leaf }] }
    const der = openssl.list(wanted)
    const files = [Buffer.from(listPem(der))]
    let lists: readonly RevocationList[] = []
    const blocked = await longestBlockMs(async () => {
      const found = await readCertificateFiles(files, undefined)
      if (found.ok) lists = found.value.lists
    })
    const [list] = lists
    expect(list?.serials.size).toBe(10_001)
    const signer = parsed(branch)
    const shelf = new Lists()
    shelf.set({ authority: authorityId(signer), signer, list })
    const anchor = parsed(root)
    const check = (own: Issued) =>
      chainEnd(readChain([own.der, branch.der]), anchor, now, { lists: shelf, policy: undefined })
    expect(check(leaf)).toBe('certificate-revoked')
    const times = Array.from({ length: 51 }, () => {
      const from = performance.now()
      expect(check(other)).toHaveProperty('until')
      return performance.now() - from
    }).sort((a, b) => a - b)
    console.log(
      `10,001 entries (${String(der.length)} bytes): longest block ${blocked.toFixed(1)} ms; check ${(times[25] ?? 0).toFixed(2)} ms`
    )
    expect(blocked).toBeLessThan(50)
    expect(times[25]).toBeLessThan(20)
  })
})
