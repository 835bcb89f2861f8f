/**
 * Every way in which programs lock certificates and keys, and mutual TLS with what comes out of them, without a test runner:
 * for runtimes whose cryptography is not OpenSSL. Files are made by the openssl command. Exits 1 and says what failed.
 */
import { once } from 'node:events'
import { createServer, connect, type TLSSocket } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { tlsIdentityFrom } from '../../src/main/engine/certificates/preview.js'
import { readCertificateFiles } from '../../src/main/engine/certificates/read-files.js'
import type { TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import { authority, Openssl, opensslProblem, type Issued } from '../support/openssl.js'
import { pkcs12Passwords, pkcs12Ways } from '../support/pkcs12-ways.js'

const runtime =
  'Bun' in globalThis ? 'Bun (BoringSSL)' : `Node ${process.version} (OpenSSL ${process.versions.openssl})`
const missing = opensslProblem()
if (missing !== undefined) {
  console.log(`${runtime}: certificate files left out: ${missing}`)
  process.exit(0)
}

const now = Date.now()
const openssl = new Openssl(now)
const root = openssl.issue({ subject: '/CN=Root', extensions: authority })
const ec = openssl.issue({ subject: '/CN=P-256', issuer: root })
const own: readonly Issued[] = [
  ec,
  openssl.issue({ subject: '/CN=P-384', issuer: root, key: 'p384' }),
  openssl.issue({ subject: '/CN=RSA', issuer: root, key: 'rsa2048' })
]
const failures: string[] = []
let count = 0

/** What a file becomes as identity, or the code of why not. */
async function identityOf(files: readonly (Uint8Array | string)[], password?: string): Promise<TlsIdentity | string> {
  const read = await readCertificateFiles(
    files.map((file) => Buffer.from(file)),
    password
  )
  if (!read.ok) return `${read.problem.code} ${read.problem.detail ?? ''}`.trim()
  const identity = tlsIdentityFrom(read.value, now)
  return identity.ok ? identity.value : identity.problem.code
}

/** Both ends show the same certificate and ask for the other's; each answers what it saw of the other. */
async function handshake(identity: TlsIdentity): Promise<readonly (string | undefined)[]> {
  const options = { key: identity.key, cert: identity.certificate, ca: root.pem, minVersion: 'TLSv1.3' as const }
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ ...options, port, host: '127.0.0.1', checkServerIdentity: () => undefined })
  const [accepted] = (await Promise.race([
    once(server, 'secureConnection'),
    once(client, 'error').then(([error]) => Promise.reject(error as Error)),
    once(server, 'tlsClientError').then(([error]) => Promise.reject(error as Error))
  ])) as [TLSSocket]
  accepted.end('seen')
  // In TLS 1.3 only what the server says shows that it took the client's certificate.
  const [said] = (await once(client, 'data')) as [Buffer]
  const seen = [accepted.getPeerCertificate(), client.getPeerCertificate()].map((one) => one.fingerprint256)
  client.destroy()
  server.close()
  return said.toString() === 'seen' ? seen : ['nothing was said']
}

async function expectGood(name: string, files: readonly (Uint8Array | string)[], password: string, of: Issued) {
  count += 1
  const identity = await identityOf(files, password)
  if (typeof identity === 'string') return failures.push(`${name}: ${identity}`)
  const wanted = openssl.run('x509', '-noout', '-fingerprint', '-sha256', '-in', join(of.path, 'crt')).toString()
  try {
    const seen = await handshake(identity)
    if (seen.length !== 2 || seen.some((one) => one === undefined || !wanted.includes(one)))
      failures.push(`${name}: TLS showed ${seen.join(', ')}`)
  } catch (error) {
    failures.push(`${name}: TLS ${String(error)}`)
  }
}

async function expectCode(name: string, files: readonly (Uint8Array | string)[], password: string, code: string) {
  count += 1
  const found = await identityOf(files, password)
  if (typeof found !== 'string' || !found.startsWith(code))
    failures.push(`${name}: ${typeof found === 'string' ? found : 'taken'} in place of ${code}`)
}

for (const [name, options] of pkcs12Ways)
  for (const password of pkcs12Passwords) {
    const file = openssl.pkcs12(ec, password, [root], options)
    await expectGood(`p12 ${name}, password "${password}"`, [file], password, ec)
    await expectCode(`p12 ${name}, wrong password`, [file], `${password}!`, 'wrong-password')
  }
for (const one of own) {
  for (const options of [[], ['-legacy']])
    await expectGood(`p12 of ${one.path}`, [openssl.pkcs12(one, 'atakatak', [root], options)], 'atakatak', one)
  await expectGood('PEM', [one.pem, one.keyPem], '', one)
}
await expectCode('p12 without a MAC', [openssl.pkcs12(ec, 'x', [], ['-nomac'])], 'x', 'no-integrity')
const store = openssl.run('pkcs12', '-export', '-nokeys', '-in', join(root.path, 'crt'), '-passout', 'pass:atakatak')
await expectCode('trust store', [store], 'atakatak', 'no-private-key')
await expectCode('another key', [ec.pem, own[1]?.keyPem ?? ''], '', 'key-mismatch')
for (const key of ['ed25519', 'p521'] as const) {
  const other = openssl.issue({ subject: `/CN=${key}`, issuer: root, key })
  await expectCode(key, [openssl.pkcs12(other, 'x')], 'x', 'unsupported-key')
}
const locks: readonly (readonly [string, readonly string[]])[] = [
  ['AES', ['-v2', 'aes-256-cbc']],
  ['3DES', ['-v2', 'des3']],
  ['the old scheme', ['-v1', 'PBE-SHA1-3DES']],
  ['RC2', ['-v1', 'PBE-SHA1-RC2-40', '-provider', 'legacy', '-provider', 'default']],
  ['scrypt', ['-scrypt']]
]
for (const [name, options] of locks) {
  const key = openssl.run('pkcs8', '-topk8', '-in', join(ec.path, 'key'), '-passout', 'pass:geheim', ...options)
  await expectGood(`PKCS#8 locked with ${name}`, [ec.pem, key], 'geheim', ec)
  await expectCode(`PKCS#8 locked with ${name}, wrong password`, [ec.pem, key], 'falsch', 'wrong-password')
}
for (const [name, make] of [
  ['SEC1', ['ec', '-in', join(ec.path, 'key')]],
  ['Proc-Type with AES', ['ec', '-in', join(ec.path, 'key'), '-aes256', '-passout', 'pass:geheim']]
] as const)
  await expectGood(name, [ec.pem, openssl.run(...make)], 'geheim', ec)

openssl.remove()
console.log(
  `${runtime}: ${failures.length === 0 ? `all ${String(count)} certificate files judged rightly` : `FAILED:\n  ${failures.join('\n  ')}`}`
)
process.exit(failures.length === 0 ? 0 : 1)
