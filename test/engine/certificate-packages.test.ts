/** Packages: zips with certificate files in them, as TAK programs hand them out; and hostile ones. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zipSync, type Zippable } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateFacts } from '../../src/main/engine/certificates/facts.js'
import { chooseFile, isPackage, readPackage, type PackageFile } from '../../src/main/engine/certificates/package.js'
import { fitAs } from '../../src/main/engine/certificates/preview.js'
import { Noise } from '../hostile/noise.js'
import { authority, laptop, Openssl, opensslProblem, type Issued } from '../support/openssl.js'

const now = Date.UTC(2027, 0, 1)
const missing = opensslProblem()

const manifest = `<MissionPackageManifest version="2"><Configuration><Parameter name="uid" value="a"/></Configuration>
<Contents><Content ignore="false" zipEntry="cert/trust.p12"/></Contents></MissionPackageManifest>`
const preference = '<?xml version="1.0"?><preferences><preference version="1" name="cot_streams"/></preferences>'

describe.skipIf(missing !== undefined)(`packages${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let openssl: Openssl
  let root: Issued
  let client: Buffer
  let store: Buffer
  beforeAll(() => {
    openssl = new Openssl(now)
    root = openssl.issue({ subject: '/CN=TAK Root', extensions: authority })
    client = clientOf('atakatak')
    store = storeOf('atakatak')
  })
  afterAll(() => openssl.remove())

  function clientOf(password: string, extensions = laptop): Buffer {
    return openssl.pkcs12(openssl.issue({ subject: '/CN=alpha', issuer: root, extensions }), password, [], ['-legacy'])
  }
  function storeOf(password: string): Buffer {
    const crt = join(root.path, 'crt')
    return openssl.run('pkcs12', '-export', '-nokeys', '-legacy', '-in', crt, '-passout', `pass:${password}`)
  }
  /** As TAK programs lay it out. */
  const takPackage = (more: Zippable = {}) =>
    Buffer.from(
      zipSync({
        'MANIFEST/manifest.xml': Buffer.from(manifest),
        'cert/preference.pref': Buffer.from(preference),
        'cert/trust.p12': store,
        'cert/alpha.p12': client,
        ...more
      })
    )
  async function open(zip: Uint8Array, password?: string): Promise<readonly PackageFile[]> {
    const read = await readPackage(zip, password)
    if (!read.ok) throw new Error(`${read.problem.code} ${read.problem.detail ?? ''}`)
    return read.value
  }
  const codeOf = async (zip: Uint8Array) => {
    const read = await readPackage(zip, undefined)
    return read.ok ? 'read' : read.problem.code
  }
  const codesIn = (files: readonly PackageFile[]) =>
    Object.fromEntries(files.map(({ name, read }) => [name, read.ok ? 'read' : read.problem.code]))

  it('gives the certificate files of a TAK connection package, under its usual password', async () => {
    const files = await open(takPackage())
    expect(files.map(({ name }) => name)).toEqual(['cert/trust.p12', 'cert/alpha.p12'])
    const [trust, own] = files.map(({ read }) => (read.ok ? read.value : undefined))
    if (trust === undefined || own === undefined) throw new Error('not read')
    expect(fitAs(trust, now).as).toEqual(['anchor'])
    expect(fitAs(own, now).as).toEqual(['identity', 'peer'])
    // Its issuer came from the trust store beside it.
    expect(fitAs(own, now).chain.map((der) => certificateFacts(der)?.name)).toEqual(['alpha', 'TAK Root'])
    expect(trust.certificates).toHaveLength(1)
  })

  it('may be one that zip made, with folders, links and in another package', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-package-'))
    const put = (name: string, content: Uint8Array | string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    put('MANIFEST/manifest.xml', manifest)
    put('cert/trust.p12', store)
    symlinkSync('/etc/passwd', join(folder, 'cert/link.p12'))
    execFileSync('zip', ['-qry', 'inner.zip', 'MANIFEST', 'cert'], { cwd: folder })
    put('cert/alpha.p12', client)
    execFileSync('zip', ['-qry', 'outer.zip', 'inner.zip', 'cert/alpha.p12'], { cwd: folder })
    const files = await open(readFileSync(join(folder, 'outer.zip')))
    rmSync(folder, { recursive: true })
    expect(codesIn(files)).toEqual({ 'inner.zip/cert/trust.p12': 'read', 'cert/alpha.p12': 'read' })
  })

  it('asks for the password of a file that has another one, and opens the others without', async () => {
    const zip = takPackage({ 'cert/alpha.p12': clientOf('geheim') })
    expect(codesIn(await open(zip))).toEqual({ 'cert/trust.p12': 'read', 'cert/alpha.p12': 'password-needed' })
    expect(codesIn(await open(zip, 'falsch'))).toEqual({ 'cert/trust.p12': 'read', 'cert/alpha.p12': 'wrong-password' })
    expect(codesIn(await open(zip, 'geheim'))).toEqual({ 'cert/trust.p12': 'read', 'cert/alpha.p12': 'read' })
  })

  it('is looked at by its likeliest file, and by another one when asked', async () => {
    const files = await open(takPackage())
    const chosen = (wanted: Parameters<typeof chooseFile>[2]) => {
      const found = chooseFile(files, now, wanted)
      return found.ok ? found.value.name : found.problem.code
    }
    expect(chosen({})).toBe('cert/trust.p12')
    expect(chosen({ name: 'cert/alpha.p12' })).toBe('cert/alpha.p12')
    expect(chosen({ name: 'cert/none.p12' })).toBe('not-found')
    expect(chosen({ as: 'identity' })).toBe('cert/alpha.p12')
    const two = chooseFile(await open(takPackage({ 'b.crt': Buffer.from(root.pem) })), now, { as: 'anchor' })
    expect(two.ok ? 'chosen' : two.problem.code).toBe('bad-request')
  })

  it('shows the authority where the client certificate is one for TAK clients alone', async () => {
    const only = clientOf('atakatak', [
      'keyUsage=digitalSignature,keyEncipherment',
      'extendedKeyUsage=critical,clientAuth'
    ])
    const files = await open(takPackage({ 'a.p12': only, 'cert/alpha.p12': only }))
    const found = chooseFile(files, now, {})
    expect(found.ok ? found.value.name : found.problem.code).toBe('cert/trust.p12')
  })

  const pem = () => Buffer.from(root.pem)
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${String(index)}.txt`, Buffer.from('x')]))
  const hostile: readonly (readonly [string, () => Uint8Array, string])[] = [
    ['a path above it', () => zipSync({ '../root.crt': pem() }), 'package-refused'],
    ['a path above it in the middle', () => zipSync({ 'a/../../root.crt': pem() }), 'package-refused'],
    ['a path above it with backslashes', () => zipSync({ 'a\\..\\root.crt': pem() }), 'package-refused'],
    ['an absolute path', () => zipSync({ '/etc/root.crt': pem() }), 'package-refused'],
    ['a path with a drive', () => zipSync({ 'C:\\root.crt': pem() }), 'package-refused'],
    ['a name with a zero', () => zipSync({ 'a\0.crt': pem() }), 'package-refused'],
    ['a name that is too long', () => zipSync({ [`${'a'.repeat(300)}.crt`]: pem() }), 'package-refused'],
    ['two files of one name', () => twice(zipSync({ 'a.crt': pem(), 'b.crt': pem() })), 'package-refused'],
    ['more than 100 files', () => zipSync({ ...many(100), 'a.crt': pem() }), 'package-refused'],
    ['100 files', () => zipSync({ ...many(99), 'a.crt': pem() }), 'read'],
    ['a bomb', () => zipSync({ 'a.crt': pem(), bomb: Buffer.alloc(3_000_000) }), 'package-refused'],
    [
      'a bomb in parts',
      () => zipSync({ a: rough(1_500_000), b: rough(1_500_000), c: rough(1_500_000), 'a.crt': pem() }),
      'package-refused'
    ],
    [
      'a bomb in another package',
      () => zipSync({ 'a.zip': zipSync({ bomb: Buffer.alloc(3_000_000) }) }),
      'package-refused'
    ],
    ['packages in each other', () => zipSync({ a: zipSync({ b: zipSync({ 'a.crt': pem() }) }) }), 'no-certificate'],
    ['no certificate', () => zipSync({ 'MANIFEST/manifest.xml': Buffer.from(manifest) }), 'no-certificate'],
    [
      'more than ten certificate files',
      () => zipSync(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`${String(i)}.crt`, pem()]))),
      'chain-too-long'
    ],
    ['an end that is cut off', () => zipSync({ 'a.crt': pem() }).subarray(0, -9), 'certificate-damaged'],
    ['a method that nobody knows', () => changed(zipSync({ 'a.crt': pem() }), 10, 99), 'certificate-damaged'],
    ['a size that is not true', () => changed(zipSync({ 'a.crt': pem() }), 24, 3), 'no-certificate']
  ]

  it.each(hostile)('with %s', async (_, make, code) => {
    expect(await codeOf(make())).toBe(code)
  })

  it('changed in 150 ways is answered soon', async () => {
    const noise = new Noise('packages')
    const zip = takPackage()
    expect(isPackage(zip)).toBe(true)
    const answers = new Set<string>()
    for (let round = 0; round < 150; round += 1) answers.add(await codeOf(noise.damaged(zip)))
    expect([...answers].sort()).toContain('certificate-damaged')
    expect(answers).toContain('read')
  })
})

/** Packs to some tenth. */
function rough(length: number): Buffer {
  return Buffer.from(Array.from({ length: length / 10 }, (_, index) => String(index % 977).padEnd(10, 'x')).join(''))
}

/** The second name of the directory is made the first. */
function twice(zip: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(zip).toString('latin1').replaceAll('b.crt', 'a.crt'), 'latin1')
}

/** A byte of the first entry of the directory. */
function changed(zip: Uint8Array, at: number, value: number): Buffer {
  const bytes = Buffer.from(zip)
  bytes[bytes.indexOf(Buffer.from('504b0102', 'hex')) + at] = value
  if (at === 24) bytes[bytes.indexOf(Buffer.from('504b0102', 'hex')) + 25] = 0
  return bytes
}
