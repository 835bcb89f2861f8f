/**
 * Frozen bytes of every encoding: the inputs of vectors.json, run through the engine, must give its outputs on every
 * runtime. Another implementation can be checked against the same file (docs/protocol/vectors.md).
 */
import { createHash, type KeyObject } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { MissionId, NodeId } from '@shared/model.js'
import { lengthPrefixed, sha256 } from '../../src/main/engine/bytes/hash.js'
import { parseLine, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { nodeIdOf, verifyRecord, type IdentityRecord } from '../../src/main/engine/identity/identity-record.js'
import {
  isSafePoint,
  parsePublicKey,
  privateKeyFromSeed,
  rawPublicKey,
  signedBytes,
  signFor,
  verifyFor,
  type Purpose
} from '../../src/main/engine/identity/signature.js'
import { recognitionWords } from '../../src/main/engine/identity/words.js'
import { Opener, Sealer } from '../../src/main/engine/datagrams/seal.js'
import { encodeFrame, frameTypes } from '../../src/main/engine/links/framing.js'
import { commonVersion, signProof } from '../../src/main/engine/links/hello.js'
import { decodeRunFrame } from '../../src/main/engine/links/run-frame.js'
import { decodeFork, encodeFork, forkProof, verifyFork, type ForkPoint } from '../../src/main/engine/logs/fork.js'
import { signReceipt, verifyReceipt, type ReceiptFacts } from '../../src/main/engine/receipts/receipt.js'
import { digestOf } from '../../src/main/engine/logs/log-store.js'
import {
  chainNext,
  chainRun,
  chainStart,
  changeName,
  decodeRun,
  encodeRun,
  logKey,
  sealRun,
  verifySeal,
  type Head,
  type LogId,
  type Run
} from '../../src/main/engine/logs/run.js'
import { startLine } from '../../src/main/engine/logs/start-line.js'
import { isAdministrative, parseChange } from '../../src/main/engine/missions/change.js'
import {
  missionIdOf,
  parseSignedCreate,
  signCreate,
  type CreateRecord
} from '../../src/main/engine/missions/create-record.js'
import { permissionsOf, type HoldsPoint } from '../../src/main/engine/missions/permissions.js'
import {
  codeOf,
  commitmentOf,
  signConfirm,
  verifyConfirm,
  type PairingContext
} from '../../src/main/engine/pairing/transcript.js'
import {
  decodePresence,
  encodePresence,
  signPresence,
  verifyPresence,
  type PresenceFacts
} from '../../src/main/engine/presence/record.js'
import { readStatement, signStatement, type StatementFacts } from '../../src/main/engine/trust/statement.js'
import { Folded, namedLine } from '../support/folding.js'

export interface Vectors {
  readonly keys: readonly {
    readonly seed: string
    readonly publicKey: string
    readonly nodeId: string
    readonly words: string
  }[]
  readonly signatures: readonly {
    readonly purpose: Purpose
    readonly seed: string
    readonly fields: readonly string[]
    readonly signedBytes: string
    readonly signature: string
  }[]
  /** Keys and R values that every node refuses before verifying. */
  readonly unsafePoints: readonly string[]
  /** Signatures that some runtimes would accept; every node refuses them. */
  readonly refusedSignatures: readonly { readonly why: string; readonly key: string; readonly signature: string }[]
  readonly lines: readonly { readonly base64: string; readonly refused: string | null }[]
  readonly run: {
    readonly seed: string
    readonly mission: string
    readonly epoch: string
    readonly lines: readonly string[]
    readonly chainStart: string
    readonly chain: readonly string[]
    readonly names: readonly string[]
    readonly encoded: string
  }
  readonly create: {
    readonly seed: string
    readonly record: CreateRecord
    readonly signature: string
    readonly missionId: string
  }
  readonly digest: { readonly mission: string; readonly heads: readonly Head[]; readonly digest: string }
  readonly proof: {
    readonly seed: string
    readonly role: 'client' | 'server'
    readonly exporter: string
    readonly clientCertificate: string
    readonly serverCertificate: string
    readonly clientIntro: string
    readonly serverIntro: string
    readonly signature: string
  }
  readonly record: { readonly certificate: string; readonly record: IdentityRecord }
  readonly frame: { readonly type: number; readonly payload: string; readonly encoded: string }
  /** `versions` of two intros, and what counts between them; `null`: refused. */
  readonly versions: readonly {
    readonly client: readonly number[]
    readonly server: readonly number[]
    readonly version: number | null
  }[]
  /** Payloads of frames of type 3, base64, and the run in them; `null`: refused. */
  readonly packedRuns: readonly { readonly payload: string; readonly encoded: string | null }[]
  readonly presence: {
    readonly seed: string
    readonly mission: string
    readonly facts: PresenceFacts
    readonly ageMs: number
    /** Payload of a frame of type 4. */
    readonly payload: string
  }
  readonly datagrams: readonly {
    readonly secret: string
    readonly keyId: string
    readonly seq: number
    readonly body: string
    readonly packet: string
  }[]
  readonly receipt: { readonly seed: string; readonly facts: ReceiptFacts; readonly signature: string }
  readonly revocation: {
    readonly seed: string
    readonly facts: StatementFacts
    readonly text: string
    readonly signature: string
    readonly name: string
    readonly revoker: string
  }
  readonly pairing: {
    readonly initiatorSeed: string
    readonly responderSeed: string
    readonly pairing: string
    readonly initiatorRole: 'client' | 'server'
    readonly clientCertificate: string
    readonly serverCertificate: string
    readonly exporter: string
    readonly initiatorNonce: string
    readonly responderNonce: string
    readonly commitment: string
    readonly digits: string
    readonly words: string
    readonly initiatorConfirm: string
    readonly responderConfirm: string
  }
  readonly fold: {
    readonly create: CreateRecord
    readonly lines: readonly { readonly author: string; readonly name: string; readonly line: JsonObject }[]
    readonly view: unknown
  }
  readonly permissions: {
    readonly create: CreateRecord
    /** Each stands in a log of its author. */
    readonly lines: readonly (Head & { readonly line: JsonObject })[]
    readonly forks: readonly ForkPoint[]
    /** Points that the chains held here go through. */
    readonly held: readonly Head[]
    readonly logs: readonly LogId[]
    readonly table: unknown
  }
  readonly fork: {
    readonly seed: string
    readonly mission: string
    readonly epoch: string
    readonly lines: readonly string[]
    /** Two ways on after the lines. */
    readonly branches: readonly [readonly string[], readonly string[]]
    readonly point: unknown
    readonly encoded: string
  }
}

/** What the engine makes of the inputs; where a vector says `refused`, the reason it gives. */
export function compute(vectors: Vectors): Vectors {
  return {
    keys: vectors.keys.map(({ seed }) => {
      const publicKey = rawPublicKey(privateKeyFromSeed(hex(seed)))
      const nodeId = nodeIdOf(publicKey)
      return { seed, publicKey: publicKey.toString('hex'), nodeId, words: recognitionWords(nodeId).join(' ') }
    }),
    signatures: vectors.signatures.map(({ purpose, seed, fields }) => {
      const key = privateKeyFromSeed(hex(seed))
      const bytes = fields.map(hex)
      const signature = signFor(purpose, bytes, key)
      const verifies = verifyFor(purpose, bytes, parsePublicKey(rawPublicKey(key)) ?? key, signature)
      const other: Purpose = purpose === 'seal' ? 'hello' : 'seal'
      const verifiesAsOther = verifyFor(other, bytes, parsePublicKey(rawPublicKey(key)) ?? key, signature)
      const isGood = verifies && !verifiesAsOther
      return {
        purpose,
        seed,
        fields,
        signedBytes: signedBytes(purpose, bytes).toString('hex'),
        signature: isGood ? signature.toString('hex') : 'does not verify'
      }
    }),
    unsafePoints: vectors.unsafePoints.filter(
      (point) => !isSafePoint(hex(point)) && parsePublicKey(hex(point)) === undefined
    ),
    refusedSignatures: vectors.refusedSignatures.filter(({ key, signature }) => {
      const parsed = parsePublicKey(hex(key))
      return parsed === undefined || !verifyFor('seal', [Buffer.from('vector')], parsed, hex(signature))
    }),
    lines: vectors.lines.map(({ base64 }) => {
      const parsed = parseLine(Buffer.from(base64, 'base64'))
      return { base64, refused: typeof parsed === 'string' ? parsed : null }
    }),
    run: computeRun(vectors.run),
    create: computeCreate(vectors.create),
    digest: { ...vectors.digest, digest: digestOf(vectors.digest.mission as MissionId, vectors.digest.heads) },
    proof: { ...vectors.proof, signature: computeProof(vectors.proof) },
    record: isRecordGood(vectors.record) ? vectors.record : { ...vectors.record, certificate: 'does not verify' },
    frame: {
      ...vectors.frame,
      encoded: encodeFrame(
        vectors.frame.type === 1 ? frameTypes.message : frameTypes.run,
        hex(vectors.frame.payload)
      ).toString('hex')
    },
    versions: vectors.versions.map(({ client, server }) => ({
      client,
      server,
      version: commonVersion(client, server) ?? null
    })),
    packedRuns: vectors.packedRuns.map(({ payload }) => {
      const decoded = decodeRunFrame({ type: frameTypes.packedRun, payload: Buffer.from(payload, 'base64') })
      return { payload, encoded: decoded === undefined ? null : encodeRun(decoded.run).toString('base64') }
    }),
    presence: { ...vectors.presence, payload: computePresence(vectors.presence) },
    datagrams: vectors.datagrams.map((vector) => ({ ...vector, packet: computeDatagram(vector) })),
    receipt: { ...vectors.receipt, signature: computeReceipt(vectors.receipt) },
    revocation: computeRevocation(vectors.revocation),
    pairing: computePairing(vectors.pairing),
    fold: { ...vectors.fold, view: computeFold(vectors.fold) },
    permissions: { ...vectors.permissions, table: computePermissions(vectors.permissions) },
    fork: computeFork(vectors.fork)
  }
}

function computeRun(vector: Vectors['run']): Vectors['run'] {
  const key = privateKeyFromSeed(hex(vector.seed))
  const mission = vector.mission as MissionId
  const log = { author: nodeIdOf(rawPublicKey(key)), epoch: vector.epoch }
  const lines = vector.lines.map((line) => Buffer.from(line))
  const start = chainStart(mission, log)
  const chain: Buffer[] = []
  for (const line of lines) chain.push(chainNext(chain.at(-1) ?? start, line))
  const encoded = encodeRun(sealRun(mission, log, 1, lines, chain.at(-1) ?? start, key))
  const decoded = decodeRun(encoded)
  const isGood =
    decoded?.end === encoded.length &&
    verifySeal(mission, decoded.run.header, key) &&
    typeof chainRun(decoded.run, { seq: 0, hash: start }) !== 'string'
  return {
    ...vector,
    chainStart: start.toString('hex'),
    chain: chain.map((hash) => hash.toString('hex')),
    names: chain.map((hash, index) => changeName(log, index + 1, hash)),
    encoded: isGood ? encoded.toString('base64') : 'does not verify'
  }
}

function computeCreate(vector: Vectors['create']): Vectors['create'] {
  const signed = signCreate(vector.record, privateKeyFromSeed(hex(vector.seed)))
  const parsed = parseSignedCreate(JSON.parse(JSON.stringify(signed)))
  return {
    ...vector,
    signature: typeof parsed === 'string' ? parsed : signed.signature,
    missionId: missionIdOf(signed)
  }
}

function computeProof(vector: Vectors['proof']): string {
  const binding = {
    exporter: hex(vector.exporter),
    clientCertificate: hex(vector.clientCertificate),
    serverCertificate: hex(vector.serverCertificate)
  }
  const intros = { client: Buffer.from(vector.clientIntro), server: Buffer.from(vector.serverIntro) }
  return signProof(vector.role, binding, intros, privateKeyFromSeed(hex(vector.seed)))
}

function isRecordGood({ certificate, record }: Vectors['record']): boolean {
  const key = Buffer.from(record.signingKey, 'base64url')
  const der = Buffer.from(certificate, 'base64')
  const changed = { ...record, federation: `${record.federation}x` }
  return verifyRecord(record, key, der) && !verifyRecord(changed, key, der)
}

function computePresence({ seed, mission, facts, ageMs }: Vectors['presence']): string {
  const signingKey = privateKeyFromSeed(hex(seed))
  const publicKey = rawPublicKey(signingKey)
  const identity = { signingKey, publicKey, nodeId: nodeIdOf(publicKey) }
  const record = signPresence(mission as MissionId, identity, facts)
  if (record === undefined) return 'does not fit'
  const payload = encodePresence(record, ageMs)
  const decoded = decodePresence(payload)
  if (typeof decoded === 'string') return decoded
  const isGood =
    verifyPresence(decoded.record) &&
    decoded.ageMs === ageMs &&
    !verifyPresence({ ...decoded.record, mission: '00'.repeat(32) as MissionId })
  return isGood ? payload.toString('hex') : 'does not verify'
}

function computeDatagram({ secret, keyId, seq, body }: Vectors['datagrams'][number]): string {
  const { packet } = new Sealer(hex(secret), hex(keyId), seq).seal(hex(body))
  const opened = new Opener(hex(secret)).open(packet)
  const damaged = Buffer.from(packet)
  damaged[0] = (damaged[0] ?? 0) ^ 1
  const isGood =
    typeof opened !== 'string' &&
    opened.seq === seq &&
    opened.body.equals(hex(body)) &&
    new Opener(hex(secret)).open(damaged) === 'forged'
  return isGood ? packet.toString('hex') : 'does not open'
}

function computeRevocation({ seed, facts }: Vectors['revocation']): Vectors['revocation'] {
  const signed = signStatement(facts, privateKeyFromSeed(hex(seed)))
  const read = readStatement(signed)
  const { name, revoker } = typeof read === 'string' ? { name: read, revoker: read } : read
  return { seed, facts, ...signed, name, revoker }
}

function computePairing(vector: Vectors['pairing']): Vectors['pairing'] {
  const [initiator, responder] = [vector.initiatorSeed, vector.responderSeed].map((seed) => {
    const key = privateKeyFromSeed(hex(seed))
    return { key, publicKey: rawPublicKey(key) }
  })
  if (initiator === undefined || responder === undefined) throw new Error('two seeds')
  const context: PairingContext = {
    pairing: hex(vector.pairing),
    initiatorRole: vector.initiatorRole,
    initiatorKey: initiator.publicKey,
    responderKey: responder.publicKey,
    clientCertificate: hex(vector.clientCertificate),
    serverCertificate: hex(vector.serverCertificate),
    exporter: hex(vector.exporter)
  }
  const nonces = { initiator: hex(vector.initiatorNonce), responder: hex(vector.responderNonce) }
  const { digits, words } = codeOf(context, nonces)
  const confirms = (
    [
      ['initiator', initiator],
      ['responder', responder]
    ] as const
  ).map(([side, { key, publicKey }]) => {
    const signature = signConfirm(side, context, nonces, key)
    const other = side === 'initiator' ? 'responder' : 'initiator'
    const parsed = parsePublicKey(publicKey) ?? key
    const isGood =
      verifyConfirm(side, context, nonces, parsed, signature) &&
      !verifyConfirm(other, context, nonces, parsed, signature)
    return isGood ? signature : 'does not verify'
  })
  return {
    ...vector,
    commitment: commitmentOf(context, nonces.initiator).toString('hex'),
    digits,
    words: words.join(' '),
    initiatorConfirm: confirms[0] ?? '',
    responderConfirm: confirms[1] ?? ''
  }
}

function computeReceipt({ seed, facts }: Vectors['receipt']): string {
  const key = privateKeyFromSeed(hex(seed))
  const receipt = signReceipt(facts, key)
  const publicKey = parsePublicKey(rawPublicKey(key)) ?? key
  const isGood = verifyReceipt(receipt, publicKey) && !verifyReceipt({ ...receipt, at: receipt.at + 1 }, publicKey)
  return isGood ? receipt.signature : 'does not verify'
}

function computeFold({ create, lines }: Vectors['fold']): unknown {
  return new Folded(
    create,
    lines.map(({ name, line }) => namedLine(name, line))
  ).view()
}

function computePermissions({ create, lines, forks, held, logs }: Vectors['permissions']): unknown {
  const administrative = lines.flatMap(({ author, epoch, seq, hash, line }) => {
    const change = parseChange(line)
    const log = { author, epoch }
    return isAdministrative(change) ? [{ log, seq, hash, name: changeName(log, seq, hex(hash)), change }] : []
  })
  const holds: HoldsPoint = (log, seq, hash) =>
    held.some((point) => logKey(point) === logKey(log) && point.seq === seq && point.hash === hash)
  const table = permissionsOf(create, administrative, forks, holds)
  return {
    members: [...table.members]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([nodeId, membership]) => ({ nodeId, ...membership })),
    limits: logs.map((log) => table.limitOf(log) ?? null),
    isReadOnly: table.isReadOnly
  }
}

function computeFork(vector: Vectors['fork']): Vectors['fork'] {
  const key = privateKeyFromSeed(hex(vector.seed))
  const mission = vector.mission as MissionId
  const log = { author: nodeIdOf(rawPublicKey(key)), epoch: vector.epoch }
  const start = { seq: 0, hash: chainStart(mission, log) }
  const [one, other] = vector.branches.map((branch) => {
    const lines = [...vector.lines, ...branch].map((line) => Buffer.from(line))
    return sealRun(
      mission,
      log,
      1,
      lines,
      lines.reduce((hash, line) => chainNext(hash, line), start.hash),
      key
    )
  }) as [Run, Run]
  const proof = forkProof(mission, rawPublicKey(key), start, one, other)
  if (typeof proof === 'string') return { ...vector, point: proof }
  const encoded = encodeFork(proof)
  const read = decodeFork(encoded)
  return {
    ...vector,
    point: read === undefined ? 'cannot be read' : verifyFork(mission, read),
    encoded: encoded.toString('base64')
  }
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

/** Inputs from which the file was made once; only a new version of the protocol makes it anew. */
export function inputs(certificate: string, record: IdentityRecord): Vectors {
  const seed = (label: string) => createHash('sha256').update(`muster vector ${label}`).digest('hex')
  const key = privateKeyFromSeed(hex(seed('alpha')))
  const publicKey = rawPublicKey(key)
  const author = nodeIdOf(publicKey)
  const create: CreateRecord = {
    creator: publicKey.toString('base64url'),
    nonce: '000102030405060708090a0b0c0d0e0f',
    name: 'Karst Ridge Fire, Požar Kras',
    labels: ['kras-2026'],
    deputies: [nodeIdOf(rawPublicKey(privateKeyFromSeed(hex(seed('bravo')))))],
    defaultRole: 'subscriber',
    onward: 'federation',
    fold: 1,
    at: 1784635200000
  }
  const mission = missionIdOf(signCreate(create, key))
  const epoch = 'f0e0d0c0b0a090807060504030201000'
  const log = { author, epoch }
  const lineTexts = [
    JSON.stringify(startLine(1784635200001, publicKey, 'OSC Sežana', undefined)),
    '{"kind":"set","at":1784635200002,"entity":"log/1","field":"text","value":"Two drops on line B \\"below\\" Cerje 😀"}',
    '{"kind":"set","at":1784635200003,"entity":"log/1","field":"text","value":"Third load in 12 min","seen":[]}'
  ]
  const good = signFor('seal', [Buffer.from('vector')], key)
  const text = (value: string) => Buffer.from(value).toString('base64')
  const other = nodeIdOf(rawPublicKey(privateKeyFromSeed(hex(seed('charlie')))))
  const nameAt = (who: string, seq: number) => `${who}.${epoch}.${String(seq)}.${String(seq).padStart(16, '0')}`
  return {
    keys: ['alpha', 'bravo'].map((label) => ({ seed: seed(label), publicKey: '', nodeId: '', words: '' })),
    signatures: (['identity', 'hello', 'mission', 'seal', 'presence', 'receipt', 'revocation'] as const).map(
      (purpose) => ({
        purpose,
        seed: seed('alpha'),
        fields: ['', '00', lengthPrefixed([Buffer.from('field')]).toString('hex')],
        signedBytes: '',
        signature: ''
      })
    ),
    unsafePoints: unsafePoints(),
    refusedSignatures: [
      {
        why: 'key and R of order 1, S = 0: holds for every message',
        key: point('01'),
        signature: point('01') + '00'.repeat(32)
      },
      {
        why: 'key of order 1 with sign bit',
        key: '01' + '00'.repeat(30) + '80',
        signature: point('01') + '00'.repeat(32)
      },
      {
        why: 'R of order 1 under an honest key',
        key: publicKey.toString('hex'),
        signature: point('01') + good.subarray(32).toString('hex')
      },
      {
        why: 'R not canonical',
        key: publicKey.toString('hex'),
        signature: 'ee' + 'ff'.repeat(30) + '7f' + good.subarray(32).toString('hex')
      },
      {
        why: 'S + L: the same signature a second time',
        key: publicKey.toString('hex'),
        signature: good.subarray(0, 32).toString('hex') + addOrder(good.subarray(32))
      },
      {
        why: 'one bit off',
        key: publicKey.toString('hex'),
        signature: Buffer.from(good.map((byte, at) => (at === 63 ? byte ^ 1 : byte))).toString('hex')
      }
    ],
    lines: [
      '{"a":1}',
      '{"a": 1}',
      '{"a":1,"a":1}',
      '{"b":1,"1":2}',
      '{"a":"\\u0041"}',
      '{"a":-0}',
      '{"a":1e400}',
      '{"a":1e+21}',
      '{"a":0.1,"b":[null,true],"c":"é😀"}',
      '{"a":9007199254740991}',
      '{"a":9007199254740992}',
      '{"__proto__":1}',
      '{"a":"__proto__"}',
      '{"a":"\\ud800"}',
      `{"a":${'['.repeat(31)}${']'.repeat(31)}}`,
      `{"a":${'['.repeat(32)}${']'.repeat(32)}}`,
      '[]',
      ''
    ]
      .map((line) => ({ base64: text(line), refused: null }))
      .concat([{ base64: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64'), refused: null }]),
    run: { seed: seed('alpha'), mission, epoch, lines: lineTexts, chainStart: '', chain: [], names: [], encoded: '' },
    create: { seed: seed('alpha'), record: create, signature: '', missionId: '' },
    digest: {
      mission,
      heads: [
        { author, epoch, seq: 3, hash: seed('head') },
        { author: other, epoch, seq: 1, hash: seed('other head') }
      ],
      digest: ''
    },
    proof: {
      seed: seed('alpha'),
      role: 'client',
      exporter: seed('exporter'),
      clientCertificate: seed('client certificate'),
      serverCertificate: seed('server certificate'),
      clientIntro: '{"t":"intro"}',
      serverIntro: '{"t":"intro","and":"more"}',
      signature: ''
    },
    record: { certificate, record },
    frame: { type: 1, payload: Buffer.from('{"t":"ping","n":1,"at":2}').toString('hex'), encoded: '' },
    versions: [
      { client: [1, 2], server: [1, 2], version: null },
      { client: [2, 1], server: [1], version: null },
      { client: [3, 2, 1], server: [1, 2, 3], version: null },
      { client: [1, 9], server: [9, 1], version: null },
      { client: [1], server: [2], version: null }
    ],
    packedRuns: packedRuns(mission, lineTexts, log, key).map((payload) => ({ payload, encoded: null })),
    presence: {
      seed: seed('alpha'),
      mission,
      facts: { start: 3, seq: 17, key: 'position', ttlMs: 60_000, at: 1784635200004, value: { lat: 45.9, lon: 13.7 } },
      ageMs: 1_500,
      payload: ''
    },
    datagrams: [
      { seq: 0, body: '02' + '0000000000000000' },
      { seq: 65_535, body: '01' + Buffer.from('the last of the first key').toString('hex') },
      { seq: 65_536, body: '01' + Buffer.from('the first of the next').toString('hex') }
    ].map((given) => ({ secret: seed('datagrams'), keyId: seed('key').slice(0, 16), ...given, packet: '' })),
    revocation: {
      seed: seed('alpha'),
      facts: {
        key: rawPublicKey(privateKeyFromSeed(hex(seed('alpha')))).toString('base64url'),
        by: 'alpha',
        node: seed('bravo') as NodeId,
        callsign: 'bravo',
        keys: [seed('certificate')],
        at: 1_795_252_260_665,
        reason: 'laptop lost ä'
      },
      text: '',
      signature: '',
      name: '',
      revoker: ''
    },
    pairing: {
      initiatorSeed: seed('alpha'),
      responderSeed: seed('bravo'),
      pairing: seed('pairing').slice(0, 32),
      initiatorRole: 'server',
      clientCertificate: seed('client certificate'),
      serverCertificate: seed('server certificate'),
      exporter: seed('exporter'),
      initiatorNonce: seed('nonce of alpha'),
      responderNonce: seed('nonce of bravo'),
      commitment: '',
      digits: '',
      words: '',
      initiatorConfirm: '',
      responderConfirm: ''
    },
    receipt: {
      seed: seed('alpha'),
      facts: { mission, digest: seed('digest'), store: seed('store'), at: 1784635200005 },
      signature: ''
    },
    fold: {
      create,
      lines: [
        { author, name: nameAt(author, 1), line: { kind: 'set', at: 5, entity: 'log/1', field: 'text', value: 'one' } },
        { author, name: nameAt(author, 2), line: { kind: 'admin/admit', at: 6, author: other, role: 'subscriber' } },
        {
          author: other,
          name: nameAt(other, 1),
          line: { kind: 'set', at: 4, entity: 'log/1', field: 'text', value: 'two' }
        },
        {
          author,
          name: nameAt(author, 3),
          line: { kind: 'set', at: 7, entity: 'task/1', field: 'state', value: 'open' }
        },
        {
          author: other,
          name: nameAt(other, 2),
          line: { kind: 'set', at: 1, entity: 'task/1', field: 'state', value: 'done', seen: [nameAt(author, 3)] }
        },
        { author, name: nameAt(author, 4), line: { kind: 'not-known-yet', at: 8, what: [1, 2] } },
        {
          author,
          name: nameAt(author, 5),
          line: { kind: 'set', at: 9, entity: 'log/2', field: 'deleted', value: true }
        }
      ],
      view: null
    },
    permissions: permissionsInput(create, author, other, epoch),
    fork: {
      seed: seed('alpha'),
      mission,
      epoch,
      lines: lineTexts.slice(0, 2),
      branches: [
        lineTexts.slice(2),
        ['{"kind":"set","at":1784635200003,"entity":"log/1","field":"text","value":"Other"}']
      ],
      point: null,
      encoded: ''
    }
  }
}

/** A good one in two packings, then cut, with a byte behind it, and with more in it than a run may have. */
function packedRuns(mission: MissionId, lines: readonly string[], log: LogId, key: KeyObject): readonly string[] {
  const bytes = lines.map((line) => Buffer.from(line))
  let hash = chainStart(mission, log)
  for (const line of bytes) hash = chainNext(hash, line)
  const encoded = encodeRun(sealRun(mission, log, 1, bytes, hash, key))
  const packed = deflateRawSync(encoded, { level: 9 })
  const payloads = [
    packed,
    deflateRawSync(encoded, { level: 0 }),
    packed.subarray(0, -1),
    Buffer.concat([packed, Buffer.alloc(1)]),
    deflateRawSync(Buffer.concat([encoded, Buffer.alloc(2 ** 20, 0x0a)]))
  ]
  return payloads.map((payload) => Buffer.concat([hex(mission), payload]).toString('base64'))
}

function permissionsInput(create: CreateRecord, alpha: NodeId, charlie: NodeId, epoch: string): Vectors['permissions'] {
  const [bravo = alpha] = create.deputies
  const [delta, echo, foxtrot] = ['d', 'e', 'f'].map((digit) => digit.repeat(64)) as [NodeId, NodeId, NodeId]
  const later = [...epoch].reverse().join('')
  const hashAt = (author: NodeId, of: string, seq: number) => sha256(author, of, String(seq)).toString('hex')
  const head = (author: NodeId, of: string, seq: number): Head => ({
    author,
    epoch: of,
    seq,
    hash: hashAt(author, of, seq)
  })
  const points = (author: NodeId, ...parts: readonly (readonly [string, number])[]) =>
    parts.map(([of, seq]) => [of, seq, hashAt(author, of, seq)])
  const say = (author: NodeId, seq: number, line: JsonObject, of = epoch) => ({ ...head(author, of, seq), line })
  const admit = (author: NodeId, role: string): JsonObject => ({ kind: 'admin/admit', at: 1, author, role })
  const cut = (author: NodeId, ...parts: readonly (readonly [string, number])[]): JsonObject => ({
    kind: 'admin/cut',
    at: 1,
    author,
    heads: points(author, ...parts)
  })
  return {
    create,
    lines: [
      say(bravo, 2, admit(delta, 'subscriber')),
      say(delta, 2, admit(echo, 'subscriber')),
      say(delta, 7, admit(foxtrot, 'subscriber')),
      say(alpha, 2, admit(charlie, 'owner')),
      say(alpha, 3, cut(delta, [epoch, 5], [later, 3])),
      say(bravo, 3, { kind: 'admin/adopt', at: 1, author: delta, heads: points(delta, [epoch, 8]) }),
      say(charlie, 2, cut(bravo)),
      say(charlie, 3, cut(echo, [epoch, 4])),
      say(bravo, 4, {
        kind: 'admin/adopt',
        at: 1,
        author: echo,
        heads: [],
        lifts: [changeName({ author: charlie, epoch }, 3, hex(hashAt(charlie, epoch, 3)))]
      }),
      say(echo, 9, cut(echo, [later, 2]), epoch),
      say(charlie, 8, admit(foxtrot, 'read-only')),
      say(bravo, 5, { kind: 'admin/settle', at: 1, ...head(charlie, epoch, 8) })
    ],
    forks: [{ author: charlie, epoch, first: 6, hashBefore: hashAt(charlie, epoch, 5) }],
    held: [head(charlie, epoch, 8)],
    logs: [alpha, bravo, charlie, delta, echo, foxtrot].flatMap((author) =>
      [epoch, later].map((of) => ({ author, epoch: of }))
    ),
    table: null
  }
}

function point(firstByte: string): string {
  return firstByte + '00'.repeat(31)
}

/** The eight points of small order in every encoding, and encodings at and above the field's prime. */
function unsafePoints(): readonly string[] {
  const bases = [
    point('00'),
    point('01'),
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ec' + 'ff'.repeat(30) + '7f',
    'ed' + 'ff'.repeat(30) + '7f',
    'ee' + 'ff'.repeat(30) + '7f',
    'ff' + 'ff'.repeat(30) + '7f'
  ]
  return bases.flatMap((base) => {
    const signed = Buffer.from(base, 'hex')
    signed[31] = (signed[31] ?? 0) | 0x80
    return [base, signed.toString('hex')]
  })
}

/** S + L, where L is the order of the base point (RFC 8032, section 5.1). */
function addOrder(s: Buffer): string {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const value = BigInt(`0x${Buffer.from(s).reverse().toString('hex')}`) + order
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex')
}
