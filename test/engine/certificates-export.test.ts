/** The own certificate as a file: openssl and, where it is, Java's keytool read it; so do we. */
import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueCertificate, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import { exportCertificate } from '../../src/main/engine/certificates/export.js'
import { fitAs, previewCertificates, tlsIdentityFrom } from '../../src/main/engine/certificates/preview.js'
import { readCertificateFiles } from '../../src/main/engine/certificates/read-files.js'
import { authority, hasKeytool, Openssl, opensslProblem, pemOf, type Issued } from '../support/openssl.js'

const now = Date.UTC(2027, 0, 1)
const missing = opensslProblem()

let ours: TlsIdentity
let openssl: Openssl | undefined
beforeAll(async () => {
  ours = await issueCertificate('a9ae84692adc129f69e64cdaab7bad1f', Buffer.alloc(16, 0x41), now)
  if (missing === undefined) openssl = new Openssl(now)
})
afterAll(() => openssl?.remove())

async function exported(...args: Parameters<typeof exportCertificate>): Promise<Buffer> {
  const made = await exportCertificate(...args)
  if (!made.ok) throw new Error(made.problem.code)
  return made.value
}

async function read(file: Uint8Array, password?: string) {
  const files = await readCertificateFiles([file], password)
  if (!files.ok) throw new Error(files.problem.code)
  return files.value
}

describe('the own certificate as a file', () => {
  it.each(['pem', 'der', 'p12', 'p12-old'] as const)('is read back by another laptop from %s', async (format) => {
    const file = await exported(ours.certificate, format, 'atakatak')
    const files = await read(file, 'atakatak')
    expect(files.key).toBeUndefined()
    expect(files.certificates.map(({ der }) => pemOf(der))).toEqual([ours.certificate])
    expect(previewCertificates(files, now)).toMatchObject({ as: ['peer'], warnings: [] })
    expect(fitAs(files, now).refusals.identity?.code).toBe('no-private-key')
  })

  it.each(['p12', 'p12-old'] as const)('needs a password of 1 to 64 characters as %s', async (format) => {
    for (const password of [undefined, '', 'x'.repeat(65)])
      expect(await exportCertificate(ours.certificate, format, password)).toMatchObject({
        problem: { code: 'export-password' }
      })
    const file = await exported(ours.certificate, format, '😀'.repeat(64))
    expect((await read(file, '😀'.repeat(64))).certificates).toHaveLength(1)
    expect(await readCertificateFiles([file], 'wrong')).toMatchObject({ problem: { code: 'wrong-password' } })
  })

  it('never holds the key', async () => {
    const scalar = createPrivateKey(ours.key).export({ format: 'jwk' }).d ?? ''
    expect(scalar).not.toBe('')
    for (const format of ['pem', 'der', 'p12', 'p12-old'] as const) {
      const file = await exported(ours.certificate + ours.key, format, 'x')
      expect(file.includes(Buffer.from(scalar, 'base64url'))).toBe(false)
      expect((await read(file, 'x')).key).toBeUndefined()
    }
  })

  it('is refused when there is none', async () => {
    expect(await exportCertificate('', 'pem')).toMatchObject({ problem: { code: 'no-certificate' } })
  })
})

describe.skipIf(missing !== undefined)(
  `judged by others${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const files = [
      ['p12', 'AES-256-CBC', 'sha256, Iteration 100000', []],
      ['p12-old', 'pbeWithSHA1And3-KeyTripleDES-CBC', 'sha1, Iteration 2048', []]
    ] as const

    it.each(files)('%s: openssl', async (format, cipher, mac) => {
      for (const password of ['atakatak', 'Größe 日本', 'x'.repeat(64)]) {
        const path = openssl?.write('store.p12', await exported(ours.certificate, format, password)) ?? ''
        const secret = openssl?.write('password', `${password}\n`) ?? ''
        const { status, stdout, stderr } = spawnSync(
          'openssl',
          ['pkcs12', '-in', path, '-info', '-passin', `file:${secret}`],
          {
            encoding: 'utf8'
          }
        )
        expect(status, stderr).toBe(0)
        expect(stderr).toContain(`MAC: ${mac}`)
        expect(stderr).toContain(cipher)
        expect(new X509Certificate(stdout).raw).toEqual(new X509Certificate(ours.certificate).raw)
        expect(stdout).not.toContain('PRIVATE KEY')
      }
    })

    it.skipIf(!hasKeytool()).each(files)('%s: keytool takes it for trusted', async (format) => {
      const path = openssl?.write('store.p12', await exported(ours.certificate, format, 'atakatak')) ?? ''
      const { stdout } = spawnSync('keytool', ['-list', '-keystore', path, '-storepass', 'atakatak'], {
        encoding: 'utf8'
      })
      expect(stdout).toContain('trustedCertEntry')
    })

    it('holds the whole chain of an imported one, the leaf alone in DER', async () => {
      if (openssl === undefined) throw new Error('no openssl')
      const root: Issued = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
      const middle = openssl.issue({ subject: '/CN=Zug', issuer: root, extensions: authority })
      const own = openssl.issue({ subject: '/CN=alpha', issuer: middle })
      const files = await readCertificateFiles([openssl.pkcs12(own, 'x', [root, middle])], 'x')
      const identity = files.ok ? tlsIdentityFrom(files.value, now) : files
      if (!identity.ok) throw new Error(identity.problem.code)
      for (const format of ['pem', 'p12', 'p12-old'] as const) {
        const again = await read(await exported(identity.value.certificate, format, 'x'), 'x')
        expect(fitAs(again, now).chain).toEqual([own.der, middle.der])
      }
      expect(await exported(identity.value.certificate, 'der')).toEqual(own.der)
    })
  }
)
