/** Hostile bytes: whatever a file holds, reading it answers with a value, and soon. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeChain } from '../../src/main/engine/certificates/chain.js'
import { certificateFacts } from '../../src/main/engine/certificates/facts.js'
import { fitAs, previewCertificates, tlsIdentityFrom } from '../../src/main/engine/certificates/preview.js'
import { readCertificateFiles } from '../../src/main/engine/certificates/read-files.js'
import { isProblemCode } from '../../src/shared/problems.js'
import { authority, laptop, Openssl, opensslProblem } from '../support/openssl.js'

const now = Date.UTC(2027, 0, 1)
const missing = opensslProblem()
/** Real waits of a person are shorter; the machine of a test may be slow. */
const longestMs = 5_000

/** Mulberry32: the same bytes in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function mutated(file: Buffer, random: () => number): Buffer {
  const below = (most: number) => Math.floor(random() * most)
  let bytes = Buffer.from(file)
  for (let change = 0; change <= below(4); change += 1) {
    const at = below(bytes.length)
    const kind = below(6)
    if (kind === 0) bytes[at] = below(256)
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
    else if (kind === 2) bytes = bytes.subarray(0, at + 1)
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(8))])
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1, at), bytes.subarray(at)])
    else bytes.fill([0x00, 0x7f, 0x80, 0xff][below(4)] ?? 0, at, Math.min(bytes.length, at + 1 + below(4)))
    if (bytes.length === 0) bytes = Buffer.from([0x30])
  }
  return bytes
}

async function tried(files: readonly Uint8Array[], password: string | undefined): Promise<string> {
  const started = performance.now()
  const read = await readCertificateFiles(files, password)
  if (read.ok) {
    const preview = previewCertificates(read.value, now)
    const fit = fitAs(read.value, now)
    tlsIdentityFrom(read.value, now)
    expect(preview.certificates).toHaveLength(fit.chain.length)
  } else expect(isProblemCode(read.problem.code)).toBe(true)
  expect(performance.now() - started).toBeLessThan(longestMs)
  return read.ok ? 'read' : read.problem.code
}

describe.skipIf(missing !== undefined)(`hostile files${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const seeds: Record<string, Buffer> = {}
  let openssl: Openssl
  beforeAll(() => {
    openssl = new Openssl(now)
    const root = openssl.issue({
      subject: '/CN=Root',
      extensions: [...authority, 'nameConstraints=critical,permitted;DNS:example,permitted;IP:10.0.0.0/255.0.0.0']
    })
    const own = openssl.issue({
      subject: '/CN=own',
      issuer: root,
      extensions: [...laptop, 'subjectAltName=DNS:a.example,IP:10.0.0.1,URI:muster://a']
    })
    const locked = openssl.run('pkcs8', '-topk8', '-in', `${own.path}/key`, '-passout', 'pass:x')
    const scrypt = openssl.run(
      ...['pkcs8', '-topk8', '-scrypt', '-scrypt_N', '16', '-in', `${own.path}/key`, '-passout', 'pass:x']
    )
    const old = openssl.run('ec', '-aes128', '-in', `${own.path}/key`, '-passout', 'pass:x')
    Object.assign(seeds, {
      p12: openssl.pkcs12(own, 'x', [root], ['-iter', '10']),
      'p12, old': openssl.pkcs12(own, 'x', [root], ['-legacy', '-iter', '10']),
      'p12, not encrypted': openssl.pkcs12(own, 'x', [root], ['-keypbe', 'NONE', '-certpbe', 'NONE', '-iter', '1']),
      pem: Buffer.from(own.pem + own.keyPem + root.pem),
      'locked keys': Buffer.from(own.pem + locked.toString() + old.toString()),
      'a key locked with scrypt': Buffer.from(own.pem + scrypt.toString()),
      leaf: own.der,
      root: root.der
    })
  })
  afterAll(() => openssl.remove())

  it.each(['p12', 'p12, old', 'p12, not encrypted', 'pem', 'locked keys', 'a key locked with scrypt', 'leaf', 'root'])(
    '%s, changed in 150 ways',
    { timeout: 120_000 },
    async (name) => {
      const file = seeds[name] ?? Buffer.alloc(0)
      expect(await tried([file], 'x')).toMatch(/read/)
      const random = seeded(file.length)
      const answers = new Map<string, number>()
      for (let round = 0; round < 150; round += 1) {
        const answer = await tried([mutated(file, random)], 'x')
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
      }
      // What is told apart nowhere proves that nothing was looked at.
      expect(answers.size).toBeGreaterThan(1)
    }
  )

  it('behind a good check value, changed in 150 ways', { timeout: 120_000 }, async () => {
    const { readPkcs12 } = await import('../../src/main/engine/certificates/pkcs12.js')
    const { Effort, macOf, secretsOf } = await import('../../src/main/engine/certificates/password-lock.js')
    const file = seeds['p12, not encrypted'] ?? Buffer.alloc(0)
    const [secret] = secretsOf('x')
    // The content is one string, the check value another behind it: both are found by what openssl wrote.
    const { content, digestAt, salt } = partsOf(file)
    const random = seeded(7)
    const answers = new Set<string>()
    for (let round = 0; round < 150; round += 1) {
      const changed = mutated(content, random)
      // The same length, so that only what is inside differs.
      const padded = Buffer.concat([changed, Buffer.alloc(content.length)]).subarray(0, content.length)
      const whole = Buffer.from(file)
      whole.set(padded, file.indexOf(content))
      if (secret === undefined) throw new Error('no secret')
      whole.set(await macOf({ hash: 'sha256', salt, iterations: 1 }, padded, secret), digestAt)
      const read = await readPkcs12(whole, 'x', new Effort())
      answers.add(read.ok ? 'read' : read.problem.code)
      await tried([whole], 'x')
    }
    expect(answers).not.toContain('wrong-password')
    expect(answers.size).toBeGreaterThan(1)
  })

  it('certificates that are judged, changed in 300 ways', { timeout: 120_000 }, async () => {
    const { leaf = Buffer.alloc(0), root = Buffer.alloc(0) } = seeds
    expect(judgeChain([leaf], root, now)).toBeUndefined()
    const random = seeded(3)
    for (let round = 0; round < 300; round += 1) {
      const changed = mutated(leaf, random)
      certificateFacts(changed)
      const answer = judgeChain([changed], root, now)
      // Whatever changed in it is no longer what was signed.
      if (!changed.equals(leaf)) expect(answer).toBeDefined()
      judgeChain([leaf, changed], mutated(root, random), now)
    }
  })

  const bulk: readonly (readonly [string, () => Buffer])[] = [
    ['beginnings of blocks', () => Buffer.from('-----BEGIN CERTIFICATE-----\n'.repeat(37_000))],
    ['beginnings of blocks on one line', () => Buffer.from('-----BEGIN CERTIFICATE-----'.repeat(38_000))],
    ['empty blocks', () => Buffer.from('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'.repeat(19_000))],
    ['headers', () => Buffer.from(`-----BEGIN EC PRIVATE KEY-----\n${'A: b\n'.repeat(200_000)}`)],
    [
      'one block of a megabyte',
      () => Buffer.from(`-----BEGIN CERTIFICATE-----\n${'A'.repeat(1_000_000)}\n-----END CERTIFICATE-----`)
    ],
    [
      'sequences in each other',
      () => Buffer.concat([Buffer.from('3080020103', 'hex'), Buffer.alloc(1_000_000, Buffer.from('3080', 'hex'))])
    ],
    [
      'strings in each other',
      () =>
        Buffer.concat([
          Buffer.from('3080020103', 'hex'),
          Buffer.from('3080', 'hex'),
          Buffer.alloc(1_000_000, Buffer.from('2480', 'hex'))
        ])
    ],
    [
      'tiny elements',
      () =>
        Buffer.concat([
          Buffer.from('3080020103', 'hex'),
          Buffer.from('3083100000', 'hex'),
          Buffer.alloc(1_000_000, Buffer.from('0500', 'hex'))
        ])
    ],
    ['zeros', () => Buffer.alloc(1_000_000)]
  ]

  it.each(bulk)('a megabyte of %s', { timeout: 60_000 }, async (_, make) => {
    expect(await tried([make()], 'x')).not.toBe('read')
  })

  it('the same certificate and key many hundred times', { timeout: 60_000 }, async () => {
    const pem = (seeds.pem ?? Buffer.alloc(0)).toString()
    expect(await tried([Buffer.from(pem.repeat(Math.floor(1_000_000 / pem.length)))], 'x')).toBe('read')
  })
})

/** Of a PKCS#12 file as openssl writes it: SEQUENCE { 3, { data, [0] { octets } }, { { algorithm, digest }, salt } }. */
function partsOf(file: Buffer): { content: Buffer; digestAt: number; salt: Buffer } {
  const salt = file.subarray(file.length - 8)
  const digestAt = file.length - 10 - 32
  const octets = file.indexOf(Buffer.from('0482', 'hex'))
  return { content: file.subarray(octets + 4, octets + 4 + file.readUInt16BE(octets + 2)), digestAt, salt }
}
