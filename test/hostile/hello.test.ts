/** Hellos that are replayed, reflected, borrowed or forged: none of them makes a peer of anybody. */
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { certificateDer, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import { signRecord, type IdentityRecord } from '../../src/main/engine/identity/identity-record.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { privateKeyFromSeed, signFor } from '../../src/main/engine/identity/signature.js'
import { frameTypes } from '../../src/main/engine/links/framing.js'
import { decideFor, expectUnharmed, rise, startPair, untilCut, untilLogged, type HonestPair } from './honest-pair.js'
import { HostileLink, makeIdentity } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
let pair: HonestPair
beforeAll(async () => {
  pair = await startPair((one) => undo.unshift(one))
})
afterAll(async () => {
  for (const one of undo) await one()
})
afterEach(() => expectUnharmed(pair))

let logged = 0
beforeEach(() => {
  logged = pair.node.logLines.length
})

function dial(identity: Identity): Promise<HostileLink> {
  return HostileLink.connect({ port: pair.node.linkPort, identity })
}

/** The node ended this connection for that reason, and lists nobody of this identity. */
async function expectRefused(link: HostileLink, reason: string, detail: string): Promise<void> {
  await link.untilClosed('the hello')
  await untilCut(pair.node, logged, reason, detail)
  expect(pair.node.peer(link.identity)).toBe(undefined)
}

const notForThis = 'the proof does not hold for this connection'
const notFitting = 'the identity record does not fit key and certificate'

describe('a hello', () => {
  test('of another session', async () => {
    const identity = await makeIdentity()
    const first = await dial(identity)
    const { intro, proof } = await first.prove()
    await first.until('the answer', ({ t }) => t === 'answer')
    first.end()
    await first.closed
    const second = await dial(identity)
    second.sendFrame(frameTypes.message, intro)
    second.send({ t: 'proof', signature: proof })
    await expectRefused(second, 'hello-failed', notForThis)
  })

  test('relayed between two honest nodes', async () => {
    const { node, friend } = pair
    // Somebody in the middle gives each the other's intro; the proofs are for other channels.
    const [left, right] = await Promise.all([
      dial(await makeIdentity()),
      HostileLink.connect({ port: friend.linkPort, identity: await makeIdentity() })
    ])
    const [ofNode, ofFriend] = await Promise.all([left.theirIntro(), right.theirIntro()])
    left.send(ofFriend)
    right.send(ofNode)
    const proofOf = (link: HostileLink) => link.until('a proof', (message) => message.t === 'proof' && message)
    const [nodesProof, friendsProof] = await Promise.all([proofOf(left), proofOf(right)])
    left.send(friendsProof)
    right.send(nodesProof)
    await Promise.all([left.untilClosed('the proof'), right.untilClosed('the proof')])
    await untilCut(node, logged, 'hello-failed', notForThis)
    expect(left.messages.some(({ t }) => t === 'answer')).toBe(false)
  })

  test('with the proof twice', async () => {
    const identity = await makeIdentity()
    const link = await dial(identity)
    const { proof } = await link.prove()
    link.send({ t: 'proof', signature: proof })
    await expectRefused(link, 'protocol-error', 'proof out of turn')
  })

  test('with two intros', async () => {
    const link = await dial(await makeIdentity())
    const { intro } = await link.prove({ proof: (right) => right })
    link.sendFrame(frameTypes.message, intro)
    await expectRefused(link, 'protocol-error', 'intro out of turn')
  })

  test('with an answer before the proof', async () => {
    const link = await dial(await makeIdentity())
    link.answer()
    await expectRefused(link, 'protocol-error', 'answer out of turn')
  })

  test('with a proof before the intro', async () => {
    const link = await dial(await makeIdentity())
    link.send({ t: 'proof', signature: randomBytes(64).toString('base64url') })
    await expectRefused(link, 'protocol-error', 'proof out of turn')
  })

  test("with the node's own intro", async () => {
    const link = await dial(await makeIdentity())
    await link.prove({ intro: (_, theirs) => theirs })
    await expectRefused(link, 'own-identity', '')
  })

  test("with the node's own key and another nonce", async () => {
    const link = await dial(await makeIdentity())
    await link.prove({ intro: (own, theirs) => ({ ...own, key: theirs.key }) })
    await expectRefused(link, 'own-identity', '')
  })

  test("with the node's own nonce", async () => {
    const link = await dial(await makeIdentity())
    await link.prove({ intro: (own, theirs) => ({ ...own, nonce: theirs.nonce }) })
    await expectRefused(link, 'own-identity', '')
  })

  test("with the node's own proof", async () => {
    const link = await dial(await makeIdentity())
    const theirs = await link.theirIntro()
    link.send({ ...theirs, key: link.identity.record.signingKey, nonce: randomBytes(32).toString('base64url') })
    const proof = await link.until('their proof', (message) => message.t === 'proof' && message)
    link.send(proof)
    await expectRefused(link, 'hello-failed', notForThis)
  })

  test('proved by another key', async () => {
    const link = await dial(await makeIdentity())
    const other = privateKeyFromSeed(randomBytes(32))
    const proof = signFor('hello', [Buffer.from('client')], other).toString('base64url')
    await link.prove({ proof: () => proof })
    await expectRefused(link, 'hello-failed', notForThis)
  })

  test('with the key of the friend, who is trusted here', async () => {
    const link = await dial(await makeIdentity())
    const key = await friendKey()
    await link.prove({ intro: (own) => ({ ...own, key }) })
    await expectRefused(link, 'hello-failed', notForThis)
  })

  test.each([
    ['zero', '00'.repeat(32)],
    ['the neutral point', `01${'00'.repeat(31)}`],
    ['of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['above the field', `ee${'ff'.repeat(30)}7f`]
  ])('with a key of small order or another spelling: %s', async (_, key) => {
    const link = await dial(await makeIdentity())
    await link.prove({ intro: (own) => ({ ...own, key: Buffer.from(key, 'hex').toString('base64url') }) })
    await expectRefused(link, 'hello-failed', '')
  })

  test.each([
    ['none', []],
    ['others only', [0, 9, 99]],
    ['ours as text', ['1']]
  ])('of versions: %s', async (_, versions) => {
    const link = await dial(await makeIdentity())
    await link.prove({ intro: (own) => ({ ...own, versions }) })
    await link.untilClosed('the versions')
    await untilCut(pair.node, logged, typeof versions[0] === 'string' ? 'protocol-error' : 'version-differs')
  })

  test.each([
    ['an empty name', { callsign: '' }, true],
    ['64 characters of four bytes', { callsign: '😀'.repeat(64) }, true],
    ['65 characters', { callsign: 'x'.repeat(65) }, false],
    ['half a character', { callsign: 'MALLORY\ud800' }, false],
    ['a port below 0', { port: -1 }, false],
    ['a port of a half', { port: 0.5 }, false],
    ['a port above all', { port: 65_536 }, false]
  ])('with %s', async (_, deviations, isTaken) => {
    const link = await dial(await makeIdentity())
    await link.hello(deviations)
    if (!isTaken) {
      await link.untilClosed('the answer')
      expect(pair.node.peer(link.identity)).toBe(undefined)
      return
    }
    await pair.node.until('the peer', () => pair.node.peer(link.identity))
    link.end()
    await link.closed
  })
})

async function friendKey(): Promise<string> {
  const link = await HostileLink.connect({ port: pair.friend.linkPort, identity: await makeIdentity() })
  const { key } = await link.theirIntro()
  link.end()
  await link.closed
  return key
}

describe('an identity record', () => {
  test('of another node', async () => {
    const link = await dial(await makeIdentity())
    const { record } = await makeIdentity()
    await link.hello({ record })
    await expectRefused(link, 'hello-failed', notFitting)
  })

  test('of the friend, taken from its hello', async () => {
    const visitor = await HostileLink.connect({ port: pair.friend.linkPort, identity: await makeIdentity() })
    await visitor.prove()
    const answer = await visitor.until('its answer', (message) => message.t === 'answer' && message)
    visitor.end()
    const link = await dial(await makeIdentity())
    await link.hello({ record: answer.record })
    await expectRefused(link, 'hello-failed', notFitting)
  })

  const forged: readonly (readonly [string, (record: IdentityRecord, identity: Identity) => IdentityRecord])[] = [
    ['with a wrong signature of the certificate', (record) => ({ ...record, certificateSignature: 'AAAA' })],
    ['without a signature of the certificate', (record) => ({ ...record, certificateSignature: '' })],
    [
      'signed by the key of another certificate',
      (record, { signingKey }) => {
        const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        return signRecord(record, signingKey, other)
      }
    ],
    ['with a wrong signature', (record) => ({ ...record, signature: randomBytes(64).toString('base64url') })],
    ['with another federation than was signed', (record) => ({ ...record, federation: 'elsewhere' })],
    ['with another counter than was signed', (record) => ({ ...record, counter: record.counter + 1 })],
    [
      'with another sealing key than was signed',
      (record) => ({ ...record, sealingKey: randomBytes(32).toString('base64url') })
    ],
    [
      'of another certificate of the same node',
      (record, { signingKey, tls }) =>
        signRecord(
          { ...record, certificateHash: randomBytes(32).toString('base64url') },
          signingKey,
          createPrivateKey(tls.key)
        )
    ]
  ]

  test.each(forged)('%s', async (_, forge) => {
    const identity = await makeIdentity()
    const link = await dial(identity)
    await link.hello({ record: forge(identity.record, identity) })
    await expectRefused(link, 'hello-failed', notFitting)
  })

  test('older than one seen before is no replay, and is noted', async () => {
    const seed = randomBytes(32)
    const newer = await makeIdentity({ seed, counter: 7, federation: 'field' })
    const older = await makeIdentity({ seed, counter: 6, federation: 'field' })
    await decideFor(pair.node, newer, { level: 'trusted' })
    const restored = await rise(pair.node, older)
    await untilLogged(pair.node, logged, 'a note of it', ({ event }) => event === 'identity-older')
    restored.end()
    await restored.closed
  })

  test('older than one seen before, of another federation than was decided about', async () => {
    const seed = randomBytes(32)
    const newer = await makeIdentity({ seed, counter: 7, federation: 'field' })
    await decideFor(pair.node, newer, { level: 'trusted' })
    const older = await makeIdentity({ seed, counter: 6, federation: 'elsewhere' })
    const link = await dial(older)
    await link.hello()
    await link.untilClosed('the older federation')
  })

  test('with a counter beyond all integers', async () => {
    const identity = await makeIdentity()
    const link = await dial(identity)
    await link.hello({ record: { ...identity.record, counter: 2 ** 53 } })
    await link.untilClosed('the counter')
    await untilCut(pair.node, logged, 'protocol-error')
  })

  test('of another federation', async () => {
    const link = await dial(await makeIdentity({ federation: 'elsewhere' }))
    await link.hello()
    await link.untilClosed('the federation')
    await untilCut(pair.node, logged, 'federation-differs')
    expect(pair.node.peer(link.identity)?.link).toMatchObject({ state: 'down', reason: 'federation-differs' })
  })
})

describe('a dial', () => {
  test('to the own address ends, and says so', async () => {
    const { node } = pair
    await node.call('POST', 'peers', { address: '127.0.0.1', port: node.linkPort })
    const target = await node.until('the target is judged', ({ targets }) =>
      targets.find(({ port, state }) => port === node.linkPort && state === 'waiting')
    )
    expect(target).toMatchObject({ reason: 'own-identity', attempts: 1 })
    expect(target.nextTryAt).toBe(undefined)
    expect(node.peer(node)).toBe(undefined)
  })
})

describe('a certificate that no node of ours would have', () => {
  // The first answer with it may end the process: nodes of their own.
  const ends: (() => Promise<void>)[] = []
  let own: HonestPair
  beforeEach(async () => {
    own = await startPair((one) => ends.unshift(one))
  })
  afterAll(async () => {
    for (const one of ends) await one()
  })

  test.each([
    ['Ed25519', { name: 'Ed25519' }],
    [
      'RSA',
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
    ],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }]
  ])('%s', async (_, algorithm) => {
    const tls = await certificateOf(algorithm)
    const honest = await makeIdentity()
    const fitting = fittingIdentity(honest, tls)
    const link = await HostileLink.connect({ port: own.node.linkPort, identity: fitting })
    await link.hello()
    await link.untilClosed('the record with a signature that is none')
    await expectUnharmed(own)
  })
})

async function certificateOf(algorithm: object): Promise<TlsIdentity> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const keys = (await webcrypto.subtle.generateKey(algorithm as EcKeyGenParams, true, [
    'sign',
    'verify'
  ])) as CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=hostile',
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm as EcdsaParams,
    keys
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      .export({ format: 'pem', type: 'pkcs8' })
      .toString(),
    certificate: certificate.toString('pem')
  }
}

/** A record that names this certificate, properly signed by the node's key; the certificate's signature is noise. */
function fittingIdentity(honest: Identity, tls: TlsIdentity): Identity {
  const certificateHash = sha256(certificateDer(tls.certificate))
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const record = signRecord(
    { ...honest.record, certificateHash: certificateHash.toString('base64url') },
    honest.signingKey,
    other
  )
  return { ...honest, tls, certificateHash, record }
}
