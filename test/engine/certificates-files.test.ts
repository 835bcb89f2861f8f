/** Reading certificate files of every kind that people bring, made by the real openssl; and what they become. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImportAs } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { certificateFacts } from '../../src/main/engine/certificates/facts.js'
import {
  fitAs,
  likeliestRefusal,
  previewCertificates,
  tlsIdentityFrom
} from '../../src/main/engine/certificates/preview.js'
import { readCertificateFiles, type ReadFiles } from '../../src/main/engine/certificates/read-files.js'
import { authority, laptop, Openssl, opensslProblem, type Issued } from '../support/openssl.js'
import { pkcs12Passwords, pkcs12Ways } from '../support/pkcs12-ways.js'

const now = Date.UTC(2027, 0, 1)
const day = 24 * 3600 * 1000
const missing = opensslProblem()
const suffix = missing === undefined ? '' : ` (skipped: ${missing})`

let openssl: Openssl
let root: Issued
let middle: Issued
/** P-256. */
let own: Issued
let rsa: Issued

beforeAll(() => {
  if (missing !== undefined) return
  openssl = new Openssl(now)
  root = openssl.issue({ subject: '/O=LFV/CN=Feld-CA', extensions: authority })
  middle = openssl.issue({ subject: '/O=LFV/CN=Zug 1', issuer: root, extensions: authority })
  own = openssl.issue({ subject: '/O=LFV/CN=laptop é', issuer: middle })
  rsa = openssl.issue({ subject: '/CN=rsa', issuer: root, key: 'rsa2048' })
})
afterAll(() => openssl?.remove())

async function read(files: readonly (string | Uint8Array)[], password?: string): Promise<ReadFiles> {
  const result = await readCertificateFiles(
    files.map((file) => Buffer.from(file)),
    password
  )
  if (!result.ok) throw new Error(`${result.problem.code} ${result.problem.detail ?? ''}`)
  return result.value
}

async function codeOf(files: readonly (string | Uint8Array)[], password?: string): Promise<ProblemCode | undefined> {
  const result = await readCertificateFiles(
    files.map((file) => Buffer.from(file)),
    password
  )
  return result.ok ? undefined : result.problem.code
}

const names = (files: ReadFiles) => files.certificates.map(({ der }) => certificateFacts(der)?.name)
const fitsKey = ({ certificates, key }: ReadFiles) =>
  key !== undefined && certificates.some(({ x509 }) => x509.checkPrivateKey(key))

describe.skipIf(missing !== undefined)(`PKCS#12${suffix}`, () => {
  const rows = pkcs12Ways.flatMap(([name, options]) => pkcs12Passwords.map((password) => ({ name, options, password })))

  it.each(rows)('$name, password "$password"', async ({ options, password }) => {
    const file = openssl.pkcs12(own, password, [middle, root], options)
    const files = await read([file], password)
    expect(files.format).toBe('pkcs12')
    expect(files.certificates.map(({ der }) => der)).toEqual([own, middle, root].map(({ der }) => der))
    expect(files.key?.equals(createPrivateKey(own.keyPem))).toBe(true)
    expect(await codeOf([file], `${password}!`)).toBe('wrong-password')
    expect(await codeOf([file])).toBe(password === '' ? undefined : 'password-needed')
  })

  it('holds RSA keys', async () => {
    for (const options of [[], ['-legacy']]) {
      const files = await read([openssl.pkcs12(rsa, 'atakatak', [root], options)], 'atakatak')
      expect(names(files)).toEqual(['rsa', 'Feld-CA'])
      expect(fitsKey(files)).toBe(true)
    }
  })

  it('gives what Node’s own reader gives', async () => {
    const file = openssl.pkcs12(own, 'atakatak', [middle])
    expect(() => createSecureContext({ pfx: file, passphrase: 'atakatak' })).not.toThrow()
    const identity = tlsIdentityFrom(await read([file], 'atakatak'), now)
    if (!identity.ok) throw new Error(identity.problem.code)
    const { key, certificate: cert } = identity.value
    expect(() => createSecureContext({ key, cert })).not.toThrow()
  })

  it('may be a trust store', async () => {
    const file = openssl.run(
      ...['pkcs12', '-export', '-nokeys', '-in', join(root.path, 'crt'), '-passout', 'pass:atakatak']
    )
    const files = await read([file], 'atakatak')
    expect(names(files)).toEqual(['Feld-CA'])
    expect(files.key).toBeUndefined()
    expect(fitAs(files, now).as).toEqual(['anchor'])
  })

  it('may be BER of indefinite length with strings in pieces', async () => {
    const file = berOf(openssl.pkcs12(own, 'atakatak', [middle]))
    openssl.run('pkcs12', '-in', openssl.write('ber.p12', file), '-nokeys', '-passin', 'pass:atakatak')
    const files = await read([file], 'atakatak')
    expect(names(files)).toEqual(['laptop é', 'Zug 1'])
    expect(fitsKey(files)).toBe(true)
  })

  it('is refused without a check value', async () => {
    expect(await codeOf([openssl.pkcs12(own, 'atakatak', [], ['-nomac'])], 'atakatak')).toBe('no-integrity')
  })

  it('is refused with RC4', async () => {
    const options = ['-legacy', '-keypbe', 'PBE-SHA1-RC4-128', '-certpbe', 'PBE-SHA1-RC4-128', '-macalg', 'sha1']
    expect(await codeOf([openssl.pkcs12(own, 'atakatak', [], options)], 'atakatak')).toBe('obsolete-cipher')
  })

  it('is refused with an MD5 check value', async () => {
    const file = openssl.pkcs12(own, 'atakatak', [], ['-macalg', 'md5'])
    expect(await codeOf([file], 'atakatak')).toBe('obsolete-cipher')
  })

  it('is refused when cut off or changed, but not for a line end behind it', async () => {
    const file = openssl.pkcs12(own, 'atakatak')
    expect(await codeOf([file.subarray(0, file.length - 9)], 'atakatak')).toBe('certificate-damaged')
    expect(await codeOf([Buffer.concat([file, Buffer.from('\n')])], 'atakatak')).toBeUndefined()
    const changed = Buffer.from(file)
    changed[200] = (changed[200] ?? 0) ^ 1
    expect(await codeOf([changed], 'atakatak')).toBe('wrong-password')
  })

  it('is refused when only its beginning is one', async () => {
    expect(await codeOf([Buffer.from('300702010330020500', 'hex')], 'x')).toBe('not-pkcs12')
  })

  it('is refused when it asks for endless work, and keeps others going', async () => {
    const file = openssl.pkcs12(own, 'atakatak', [], ['-iter', '2048'])
    const at = file.lastIndexOf(Buffer.from('02020800', 'hex'))
    expect(at).toBeGreaterThan(0)
    const huge = Buffer.from(file)
    huge.set([0x7f, 0xff], at + 2)
    // 32,767 rounds: wrong now, but done; the event loop turns meanwhile.
    let turns = 0
    const timer = setInterval(() => (turns += 1), 1)
    expect(await codeOf([huge], 'atakatak')).toBe('wrong-password')
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
    expect(await codeOf([openssl.pkcs12(own, 'x', [], ['-iter', '3000000', '-nomaciter'])], 'x')).toBe(
      'obsolete-cipher'
    )
  })
})

describe.skipIf(missing !== undefined)(`PEM and DER${suffix}`, () => {
  const pass = ['-passout', 'pass:atakatak']
  const key = (...args: readonly string[]) =>
    openssl.run(...args, '-in', join(own.path, 'key'), '-passout', 'pass:atakatak').toString()
  const rsaKey = (...args: readonly string[]) =>
    openssl.run(...args, '-in', join(rsa.path, 'key'), '-passout', 'pass:atakatak').toString()

  const keys: readonly (readonly [string, () => string, () => Issued, boolean])[] = [
    ['PKCS#8', () => own.keyPem, () => own, false],
    ['SEC1', () => openssl.run('ec', '-in', join(own.path, 'key')).toString(), () => own, false],
    ['PKCS#1', () => openssl.run('rsa', '-traditional', '-in', join(rsa.path, 'key')).toString(), () => rsa, false],
    ['locked PKCS#8', () => key('pkcs8', '-topk8', '-v2', 'aes-256-cbc'), () => own, true],
    ['locked PKCS#8 with 3DES', () => key('pkcs8', '-topk8', '-v2', 'des3'), () => own, true],
    ['locked PKCS#8 with the old scheme', () => key('pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES'), () => own, true],
    [
      'locked PKCS#8 with RC2',
      () => key('pkcs8', '-topk8', '-v1', 'PBE-SHA1-RC2-40', '-provider', 'legacy', '-provider', 'default'),
      () => own,
      true
    ],
    ['locked PKCS#8 with scrypt', () => key('pkcs8', '-topk8', '-scrypt'), () => own, true],
    [
      'locked PKCS#8 with scrypt in two lanes',
      () => key('pkcs8', '-topk8', '-scrypt', '-scrypt_N', '1024', '-scrypt_r', '16', '-scrypt_p', '2'),
      () => own,
      true
    ],
    ['Proc-Type with AES', () => key('ec', '-aes256'), () => own, true],
    ['Proc-Type with 3DES', () => rsaKey('rsa', '-traditional', '-des3'), () => rsa, true]
  ]

  it.each(keys)('key as %s', async (_, make, of, isLocked) => {
    const text = make()
    const files = await read([of().pem, text], 'atakatak')
    expect(files.format).toBe('pem')
    expect(fitsKey(files)).toBe(true)
    expect(await codeOf([of().pem, text])).toBe(isLocked ? 'password-needed' : undefined)
    expect(await codeOf([of().pem, text], 'wrong')).toBe(isLocked ? 'wrong-password' : undefined)
  })

  it('opens no key locked with an unsupported cipher', async () => {
    const des = key('ec', '-aes128').replace('AES-128-CBC,', 'DES-CBC,')
    expect(await codeOf([own.pem, des], 'atakatak')).toBe('obsolete-cipher')
  })

  it('stops at a key that asks for endless work', async () => {
    const endless = key('pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-iter', '6000000')
    expect(await codeOf([own.pem, endless], 'atakatak')).toBe('obsolete-cipher')
    const scrypt = (...options: readonly string[]) => key('pkcs8', '-topk8', '-scrypt', ...options)
    // openssl makes none that needs more memory than it allows: its block size is changed here.
    const der = openssl.run('pkcs8', '-topk8', '-scrypt', '-in', join(own.path, 'key'), '-outform', 'DER', ...pass)
    const changed = (from: string, to: string) => {
      expect(der.includes(Buffer.from(from, 'hex'))).toBe(true)
      return Buffer.from(der.toString('hex').replace(from, to), 'hex')
    }
    expect(await codeOf([own.der, der], 'atakatak')).toBeUndefined()
    expect(await codeOf([own.der, changed('02024000020108', '02024000020110')], 'atakatak')).toBe('obsolete-cipher')
    expect(await codeOf([own.der, changed('02024000020108', '02024001020108')], 'atakatak')).toBe('certificate-damaged')
    const long = scrypt('-scrypt_N', '8192', '-scrypt_r', '8', '-scrypt_p', '80')
    expect(await codeOf([own.pem, long], 'atakatak')).toBe('obsolete-cipher')
  })

  const texts: readonly (readonly [string, () => string | Uint8Array])[] = [
    ['plain', () => own.pem + own.keyPem + middle.pem + root.pem],
    ['any order', () => root.pem + own.keyPem + middle.pem + own.pem],
    ['with CRLF', () => (own.pem + own.keyPem + middle.pem + root.pem).replaceAll('\n', '\r\n')],
    ['with a byte order mark', () => `\ufeff${own.pem}${own.keyPem}${middle.pem}${root.pem}`],
    [
      'in UTF-16 of Windows',
      () => Buffer.from(`\ufeff${own.pem}${own.keyPem}${middle.pem}${root.pem}`.replaceAll('\n', '\r\n'), 'utf16le')
    ],
    ['every certificate twice', () => (own.pem + own.keyPem + middle.pem + root.pem).repeat(2)],
    [
      'with Bag Attributes and notes',
      () =>
        openssl.run(
          ...['pkcs12', '-nodes', '-passin', 'pass:x', '-in'],
          openssl.write('bags.p12', openssl.pkcs12(own, 'x', [middle, root]))
        )
    ],
    ['beginning with the digit 0', () => `0. our laptop\n${own.pem}${own.keyPem}${middle.pem}${root.pem}`],
    ['without a last line end', () => (root.pem + middle.pem + own.keyPem + own.pem).trimEnd()]
  ]

  it.each(texts)('text %s', async (_, make) => {
    const files = await read([make()])
    expect(previewCertificates(files, now).certificates.map(({ name }) => name)).toEqual([
      'laptop é',
      'Zug 1',
      'Feld-CA'
    ])
    expect(files.certificates).toHaveLength(3)
    expect(fitsKey(files)).toBe(true)
  })

  it('reads DER, and several files as one import', async () => {
    const der = await read([own.der])
    expect([der.format, names(der)]).toEqual(['der', ['laptop é']])
    const keyDer = openssl.run('pkey', '-in', join(own.path, 'key'), '-outform', 'DER')
    const sec1 = openssl.run('ec', '-in', join(own.path, 'key'), '-outform', 'DER')
    const locked = openssl.run(
      ...['pkcs8', '-topk8', '-in', join(own.path, 'key'), '-outform', 'DER', '-passout', 'pass:atakatak']
    )
    for (const one of [keyDer, sec1, locked]) expect(fitsKey(await read([own.der, one], 'atakatak'))).toBe(true)
    const mixed = await read([own.pem, keyDer, middle.pem + root.pem])
    expect([mixed.format, mixed.certificates.length, fitsKey(mixed)]).toEqual(['pem', 3, true])
    const p12 = await read([openssl.pkcs12(own, 'x'), middle.der], 'x')
    expect([p12.format, p12.certificates.length]).toEqual(['pkcs12', 2])
  })

  it('reads what OpenSSL calls a trusted certificate', async () => {
    const trusted = openssl.run('x509', '-in', join(own.path, 'crt'), '-trustout', '-addtrust', 'clientAuth')
    expect(trusted.toString()).toContain('TRUSTED')
    expect((await read([trusted])).certificates[0]?.der).toEqual(own.der)
  })

  it('takes the key that fits, of several', async () => {
    expect(fitsKey(await read([rsa.keyPem, own.pem, own.keyPem]))).toBe(true)
  })

  const refused: readonly (readonly [string, () => readonly (string | Uint8Array)[], ProblemCode])[] = [
    ['nothing', () => [], 'no-certificate'],
    ['an empty file', () => [''], 'no-certificate'],
    ['a text', () => ['Dear Sir'], 'no-certificate'],
    ['a picture', () => [readFileSync('resources/icon.png')], 'no-certificate'],
    ['a key alone', () => [own.keyPem], 'no-certificate'],
    ['a request', () => [readFileSync(join(own.path, 'csr'))], 'no-certificate'],
    ['a block without an end', () => [own.pem.slice(0, 300)], 'certificate-damaged'],
    ['a block that is not base64', () => [own.pem.replace('\nMI', '\n*!')], 'certificate-damaged'],
    ['a certificate that is cut off', () => [own.der.subarray(0, 300)], 'certificate-damaged'],
    [
      'a certificate with something behind it',
      () => [Buffer.concat([own.der, Buffer.alloc(1)])],
      'certificate-damaged'
    ],
    ['a damaged one among good ones', () => [own.pem, middle.der.subarray(0, 90)], 'certificate-damaged'],
    ['more than a megabyte', () => [own.pem, ' '.repeat(1024 * 1024)], 'certificate-file-too-large']
  ]

  it.each(refused)('refuses %s', async (_, make, code) => {
    expect(await codeOf(make(), 'atakatak')).toBe(code)
  })

  it('refuses more than ten certificates, and takes ten', async () => {
    const many = Array.from({ length: 11 }, () => openssl.issue({ subject: '/CN=many', issuer: root }).pem)
    expect(await codeOf([many.join('')])).toBe('chain-too-long')
    expect(await codeOf([many.slice(1).join('')])).toBeUndefined()
    expect(await codeOf([openssl.pkcs12(own, 'x', [middle, root])], 'x')).toBeUndefined()
  })
})

describe.skipIf(missing !== undefined)(`what files become${suffix}`, () => {
  interface Row {
    readonly name: string
    readonly files: () => readonly (string | Uint8Array)[]
    readonly as: readonly ImportAs[]
    readonly refusals: Partial<Record<ImportAs, ProblemCode>>
    readonly warnings?: readonly ProblemCode[]
    /** When nothing fits. */
    readonly likeliest?: ProblemCode
  }
  const issue = (over: Partial<Parameters<Openssl['issue']>[0]>) =>
    openssl.issue({ subject: '/CN=x', issuer: root, ...over })
  const withKey = (one: Issued) => [one.pem, one.keyPem, root.pem]
  const noAnchor = { anchor: 'not-an-authority' } as const
  const noLaptop = (code: ProblemCode) => ({ identity: code, peer: code, ...noAnchor })

  const rows: readonly Row[] = [
    {
      name: 'laptop, key and chain',
      files: () => [own.pem, own.keyPem, middle.pem],
      as: ['identity', 'peer'],
      refusals: noAnchor
    },
    {
      name: 'laptop alone',
      files: () => [own.pem],
      as: ['peer'],
      refusals: { identity: 'no-private-key', ...noAnchor },
      warnings: ['chain-incomplete']
    },
    {
      name: 'laptop, self-signed',
      files: () => [issue({ issuer: undefined as never }).pem],
      as: ['peer'],
      refusals: { identity: 'no-private-key', ...noAnchor }
    },
    {
      name: 'another key',
      files: () => [own.pem, rsa.keyPem, middle.pem],
      as: ['peer'],
      refusals: { identity: 'key-mismatch', ...noAnchor }
    },
    { name: 'RSA', files: () => withKey(rsa), as: ['identity', 'peer'], refusals: noAnchor },
    { name: 'P-384', files: () => withKey(issue({ key: 'p384' })), as: ['identity', 'peer'], refusals: noAnchor },
    {
      name: 'authority',
      files: () => [root.pem],
      as: ['anchor'],
      refusals: { identity: 'no-private-key', peer: 'an-authority' }
    },
    {
      name: 'authority below another',
      files: () => [root.pem, middle.pem],
      as: ['anchor'],
      refusals: { identity: 'no-private-key', peer: 'an-authority' }
    },
    {
      name: 'authority with its key',
      files: () => [root.pem, root.keyPem],
      as: ['anchor'],
      refusals: { identity: 'an-authority', peer: 'an-authority' }
    },
    {
      name: 'authority that may not sign certificates',
      files: () => [issue({ extensions: ['basicConstraints=CA:TRUE', 'keyUsage=cRLSign'] }).pem],
      as: [],
      refusals: { identity: 'no-private-key', peer: 'an-authority', anchor: 'not-an-authority' },
      likeliest: 'not-an-authority'
    },
    {
      name: 'Ed25519',
      files: () => withKey(issue({ key: 'ed25519' })),
      as: [],
      refusals: noLaptop('unsupported-key'),
      likeliest: 'unsupported-key'
    },
    {
      name: 'P-521',
      files: () => withKey(issue({ key: 'p521' })),
      as: [],
      refusals: noLaptop('unsupported-key'),
      likeliest: 'unsupported-key'
    },
    {
      name: 'RSA 1024',
      files: () => withKey(issue({ key: 'rsa1024' })),
      as: [],
      refusals: noLaptop('unsupported-key'),
      likeliest: 'unsupported-key'
    },
    {
      name: 'Ed25519 authority',
      files: () => [openssl.issue({ subject: '/CN=Ed', key: 'ed25519', digest: 'null', extensions: authority }).pem],
      as: [],
      refusals: { identity: 'no-private-key', peer: 'an-authority', anchor: 'unsupported-key' },
      likeliest: 'unsupported-key'
    },
    {
      name: 'expired',
      files: () => withKey(issue({ until: now - day })),
      as: [],
      refusals: noLaptop('certificate-expired'),
      likeliest: 'certificate-expired'
    },
    {
      name: 'not valid yet',
      files: () => withKey(issue({ from: now + day })),
      as: [],
      refusals: noLaptop('certificate-not-yet-valid'),
      likeliest: 'certificate-not-yet-valid'
    },
    {
      name: 'expired authority',
      files: () => [openssl.issue({ subject: '/CN=Old', until: now - day, extensions: authority }).pem],
      as: [],
      refusals: { identity: 'no-private-key', peer: 'an-authority', anchor: 'certificate-expired' },
      likeliest: 'certificate-expired'
    },
    {
      name: 'ends soon',
      files: () => withKey(issue({ until: now + 41 * day })),
      as: ['identity', 'peer'],
      refusals: noAnchor,
      warnings: ['ends-soon']
    },
    {
      name: 'ends in 61 days',
      files: () => withKey(issue({ until: now + 61 * day })),
      as: ['identity', 'peer'],
      refusals: noAnchor
    },
    {
      name: 'not for clients',
      files: () => withKey(issue({ extensions: ['keyUsage=digitalSignature', 'extendedKeyUsage=serverAuth'] })),
      as: [],
      refusals: noLaptop('wrong-usage'),
      likeliest: 'wrong-usage'
    },
    {
      name: 'not for signatures',
      files: () => withKey(issue({ key: 'rsa2048', extensions: ['keyUsage=keyEncipherment'] })),
      as: [],
      refusals: noLaptop('wrong-usage'),
      likeliest: 'wrong-usage'
    },
    {
      name: 'issuer expired',
      files() {
        const old = openssl.issue({ subject: '/CN=Old', until: now - day, extensions: authority })
        const leaf = issue({ issuer: old })
        return [leaf.pem, leaf.keyPem, old.pem]
      },
      as: ['identity', 'peer'],
      refusals: noAnchor,
      warnings: ['certificate-expired']
    }
  ]

  it.each(rows)('$name', async ({ files, as, refusals, warnings = [], likeliest }) => {
    const preview = previewCertificates(await read(files()), now)
    expect(preview.as).toEqual(as)
    const codes = Object.fromEntries(Object.entries(preview.refusals).map(([key, { code }]) => [key, code]))
    expect(codes).toEqual(refusals)
    expect(preview.warnings.map(({ code }) => code)).toEqual(warnings)
    if (likeliest !== undefined) expect(likeliestRefusal(preview).code).toBe(likeliest)
  })

  it('shows for TLS the chain without its root, and the key as PKCS#8', async () => {
    const identity = tlsIdentityFrom(await read([openssl.pkcs12(own, 'x', [root, middle], ['-legacy'])], 'x'), now)
    if (!identity.ok) throw new Error(identity.problem.code)
    expect(identity.value.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    const again = await read([identity.value.certificate, identity.value.key])
    expect(again.certificates.map(({ der }) => der)).toEqual([own.der, middle.der])
    const refused = tlsIdentityFrom(await read([own.pem]), now)
    expect(refused.ok ? undefined : refused.problem.code).toBe('no-private-key')
  })

  it('keeps two certificates of one name apart', async () => {
    const [one, other] = [issue({ subject: '/CN=same' }), issue({ subject: '/CN=same' })]
    const files = await read([one.pem, other.pem, other.keyPem])
    expect(files.certificates).toHaveLength(2)
    expect(fitAs(files, now).chain[0]).toEqual(other.der)
  })
})

describe.skipIf(missing !== undefined)(`the facts of a certificate${suffix}`, () => {
  it('are what openssl prints', () => {
    const one = openssl.issue({
      subject: '/C=AT/O=Löschzug, "1"/OU=a\\+b/CN=Größe\u202e日本',
      issuer: middle,
      extensions: [
        ...laptop,
        'subjectAltName=DNS:a.example,IP:10.0.0.1,IP:fe80::1,URI:muster://x,email:a@b.example,dirName:d\n[d]\nCN=q'
      ],
      from: now,
      until: Date.UTC(2055, 5, 6)
    })
    const facts = certificateFacts(one.der)
    const print = (...options: readonly string[]) =>
      openssl
        .run('x509', '-noout', ...options, '-in', join(one.path, 'crt'))
        .toString()
        .trim()
    const rfc2253 = 'RFC2253,-esc_msb,sep_comma_plus_space'
    expect(facts).toEqual({
      subject: print('-subject', '-nameopt', rfc2253).replace('subject=', ''),
      issuer: print('-issuer', '-nameopt', rfc2253).replace('issuer=', ''),
      name: 'Größe\u202e日本',
      issuerName: 'Zug 1',
      serial: print('-serial').replace('serial=', '').toLowerCase(),
      sha256: print('-fingerprint', '-sha256')
        .replace(/^.*=|:/g, '')
        .toLowerCase(),
      notBefore: now,
      notAfter: Date.UTC(2055, 5, 6),
      ca: false,
      key: 'P-256',
      usages: ['digitalSignature'],
      extendedUsages: ['clientAuth', 'serverAuth'],
      alternativeNames: [
        'DNS:a.example',
        'IP:10.0.0.1',
        'IP:fe80:0:0:0:0:0:0:1',
        'URI:muster://x',
        'email:a@b.example',
        'DirName:q'
      ],
      isSelfSigned: false
    })
  })

  it('say what an authority is', () => {
    const one = openssl.issue({
      subject: '/O=LFV',
      key: 'rsa2048',
      extensions: ['basicConstraints=critical,CA:TRUE,pathlen:2', 'keyUsage=keyCertSign,cRLSign']
    })
    expect(certificateFacts(one.der)).toMatchObject({
      name: 'LFV',
      key: 'RSA 2048',
      ca: true,
      pathLength: 2,
      usages: ['keyCertSign', 'cRLSign'],
      extendedUsages: [],
      isSelfSigned: true
    })
  })

  it('are none of what is no certificate', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from(own.pem), own.der.subarray(1), Buffer.concat([own.der, own.der])])
      expect(certificateFacts(bytes)).toBeUndefined()
  })
})

/** The same in BER as some programs write it: indefinite lengths, and strings that hold strings in pieces. */
function berOf(der: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < der.length;) {
    const tag = der[at] ?? 0
    const first = der[at + 1] ?? 0
    const width = first < 0x80 ? 0 : first - 0x80
    const length = width === 0 ? first : der.readUIntBE(at + 2, width)
    const start = at + 2 + width
    const value = der.subarray(start, start + length)
    at = start + length
    const end = Buffer.alloc(2)
    if ((tag & 0x20) !== 0) parts.push(Buffer.from([tag, 0x80]), berOf(value), end)
    else if (tag === 0x04 && value.length > 40) {
      const pieces = [value.subarray(0, 20), value.subarray(20)].map((piece) => derOf(0x04, piece))
      parts.push(Buffer.from([0x24, 0x80]), ...pieces, end)
    } else if (tag === 0x80 && value.length > 40) {
      const pieces = [value.subarray(0, 20), value.subarray(20)].map((piece) => derOf(0x04, piece))
      parts.push(Buffer.from([0xa0, 0x80]), ...pieces, end)
    } else parts.push(der.subarray(start - 2 - width, at))
  }
  return Buffer.concat(parts)
}

function derOf(tag: number, value: Buffer): Buffer {
  const length = value.length < 0x80 ? [value.length] : [0x82, value.length >> 8, value.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), value])
}
