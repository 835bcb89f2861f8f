/**
 * Every decoder of what comes from outside: from a link, a disk, a program on this machine or a person's files. Each
 * with input that it must take, and with what must hold for whatever it takes.
 */
import { createPrivateKey } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { encode, type Answer } from 'dns-packet'
import * as v from 'valibot'
import { expect } from 'vitest'
import { openPolicy } from '@shared/boundary.js'
import type { CommandHandlers, CommandName } from '@shared/contract.js'
import { readHint, writeHint } from '@/display/hint'
import type { MissionId, NodeId } from '@shared/model.js'
import { ok } from '@shared/result.js'
import { parseLine, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { readList } from '../../src/main/engine/certificates/crl.js'
import { makeRequest, readRequest } from '../../src/main/engine/certificates/issue.js'
import { parseCertificate } from '../../src/main/engine/certificates/x509.js'
import { readPackage } from '../../src/main/engine/certificates/package.js'
import { ListBook } from '../../src/main/engine/catalogue/list-book.js'
import { parseTeamList } from '../../src/main/engine/catalogue/team-list.js'
import { readCertificateFiles } from '../../src/main/engine/certificates/read-files.js'
import { callCommand } from '../../src/main/engine/commands.js'
import { decodeSums, encodeSums } from '../../src/main/engine/content/incoming.js'
import { judge, textOf } from '../../src/main/engine/content/preview.js'
import { openDataKey } from '../../src/main/engine/identity/identity-file.js'
import { readTransfer, writeTransfer } from '../../src/main/engine/identity/identity-transfer.js'
import { readDnsAnswer } from '../../src/main/engine/discovery/dns-client.js'
import { OwnIdentity } from '../../src/main/engine/identity/identity.js'
import { sealUnder } from '../../src/main/engine/identity/passphrase.js'
import { applyReplacement } from '../../src/main/engine/identity/replacement.js'
import { sealingKeyFromSeed } from '../../src/main/engine/identity/signature.js'
import { limits } from '../../src/main/engine/limits.js'
import { decodeContentFrame, encodeContentFrame } from '../../src/main/engine/links/content-frame.js'
import { decodeForkFrame, encodeForkFrame } from '../../src/main/engine/links/fork-frame.js'
import { encodeFrame, FrameReader, frameTypes } from '../../src/main/engine/links/framing.js'
import { parseMessage } from '../../src/main/engine/links/messages.js'
import { decodeRunFrame } from '../../src/main/engine/links/run-frame.js'
import { decodeFork, encodeFork, forkProof, verifyFork } from '../../src/main/engine/logs/fork.js'
import { Journal } from '../../src/main/engine/logs/journal.js'
import { isBefore, LogStore } from '../../src/main/engine/logs/log-store.js'
import { decodeRun, encodeRun, parseHeader } from '../../src/main/engine/logs/run.js'
import { parseStartLine } from '../../src/main/engine/logs/start-line.js'
import { admitLine, parseChange } from '../../src/main/engine/missions/change.js'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/main/engine/missions/checkpoint.js'
import { parseSignedCreate, signCreate } from '../../src/main/engine/missions/create-record.js'
import { Fold } from '../../src/main/engine/missions/fold.js'
import { parseReceipts } from '../../src/main/engine/missions/received.js'
import { decodePresence, encodePresence, signPresence, verifyPresence } from '../../src/main/engine/presence/record.js'
import { decodeBody, encodeAck, encodeWord } from '../../src/main/engine/datagrams/body.js'
import { keyIdOf, Opener, Sealer } from '../../src/main/engine/datagrams/seal.js'
import { HeldFile } from '../../src/main/engine/content/held.js'
import { ReceiptsFile, StoresFile } from '../../src/main/engine/receipts/receipt-book.js'
import { signReceipt } from '../../src/main/engine/receipts/receipt.js'
import { systemClock } from '../../src/main/engine/runtime/clock.js'
import { SettingsBook, type KeptSettings } from '../../src/main/engine/settings.js'
import { ManifestSchema } from '../../src/main/engine/snapshots/manifest.js'
import type { Disk } from '../../src/main/engine/storage/disk.js'
import { encodeDocument, parseDocument } from '../../src/main/engine/storage/document.js'
import { openStore } from '../../src/main/engine/storage/store.js'
import { folderVersion, readFolderVersion } from '../../src/main/engine/storage/versions.js'
import { parseJournalLine } from '../../src/main/engine/trust/journal-lines.js'
import { IntroductionsFile } from '../../src/main/engine/trust/introductions.js'
import { PeerBook } from '../../src/main/engine/trust/peer-book.js'
import { readStatement, signStatement } from '../../src/main/engine/trust/statement.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { HostileLog, makeIdentity, setLine } from './hostile-peer.js'
import { bundleDecoders } from './bundle-decoders.js'
import { makeMapDecoders } from './map-decoders.js'
import type { Noise } from './noise.js'

export interface Decoder {
  readonly name: string
  readonly valid: readonly Buffer[]
  /** Whether it took the bytes: one that refuses all would pass in silence. */
  readonly decode: (bytes: Buffer, noise: Noise) => boolean | Promise<boolean>
  /** Of those that cost more: how many inputs less than the others. */
  readonly rarity?: number
}

export async function makeDecoders(): Promise<readonly Decoder[]> {
  const identity = await makeIdentity()
  const { nodeId, publicKey, signingKey, record } = identity
  const cost = { N: 16, r: 8, p: 1 }
  const underPassphrase = await sealUnder('x', Buffer.alloc(32, 1), 'data-key', { random: seededRandom(1), cost })
  const mission = 'ab'.repeat(32) as MissionId
  const log = new HostileLog(mission, identity)
  const begin = log.begin(setLine('log/1', 'text', 'ä 😀 "quoted"'))
  const point = { seq: log.seq, hash: log.hash }
  const more = log.run(...Array.from({ length: 20 }, (_, index) => setLine(`task/${index}`, 'done', index % 2 === 0)))
  const runs = [begin, more].map(encodeRun)
  const branch = new HostileLog(mission, identity, log.log.epoch)
  Object.assign(branch, point)
  const proof = forkProof(mission, publicKey, point, more, branch.run(setLine('task/0', 'done', 'otherwise')))
  if (typeof proof === 'string') throw new Error(proof)
  const head = [nodeId, '0'.repeat(32), 7, '1'.repeat(64)]
  const heads = [['0'.repeat(32), 7, '1'.repeat(64)]]
  const change = `${nodeId}.${'0'.repeat(32)}.7.${'1'.repeat(16)}`
  const create = {
    creator: record.signingKey,
    nonce: '0'.repeat(32),
    name: 'Fuzz',
    labels: ['a', 'b'],
    deputies: [nodeId],
    defaultRole: 'subscriber' as const,
    onward: 'any' as const,
    fold: 1,
    at: 1
  }
  const signed = signCreate(create, signingKey)
  const presence = signPresence(mission, identity, {
    ...{ start: 1, seq: 2, key: 'position', ttlMs: 60_000, at: 1, value: { lat: 45.9, lon: [13.7] } }
  })
  if (presence === undefined) throw new Error('it fits')
  const lines: readonly JsonObject[] = [
    setLine('log/1', 'text', { a: [1, 2.5, null, true, 'ä'] }),
    { ...setLine('log/1', 'text', 'b'), seen: [change] },
    admitLine(1, nodeId, 'subscriber'),
    { kind: 'admin/cut', at: 1, author: nodeId, heads },
    { kind: 'admin/adopt', at: 1, author: nodeId, heads, lifts: [change] },
    { kind: 'admin/settle', at: 1, author: nodeId, epoch: '0'.repeat(32), seq: 7, hash: '1'.repeat(64) }
  ]
  const introduction = {
    ...{ node: nodeId, callsign: 'A', federation: 'field', key: mission as string, ground: 'code', since: 1 }
  }
  const messages = [
    { t: 'intro', key: record.signingKey, nonce: text(32, 7), versions: [1], run: '0'.repeat(32) },
    { t: 'proof', signature: text(64, 1) },
    { t: 'answer', record, callsign: 'FUZZ', port: 1, trusts: true },
    { t: 'have', mission, digest: mission, moved: [head] },
    { t: 'want', mission, heads: [head, head], create: true },
    { t: 'heads', mission, heads: [head], create: signed },
    { t: 'done', mission, digest: mission },
    { t: 'holds', mission, files: [[mission, 5]] },
    { t: 'fetch', mission, file: mission, offset: 0, length: 5 },
    { t: 'lacks', mission, file: mission },
    { t: 'pair-start', pairing: '0'.repeat(32), commitment: text(32, 3) },
    { t: 'pair-nonce', pairing: '0'.repeat(32), nonce: text(32, 4) },
    { t: 'pair-reveal', pairing: '0'.repeat(32), nonce: text(32, 5) },
    { t: 'pair-confirm', pairing: '0'.repeat(32), signature: text(64, 6) },
    { t: 'pair-end', pairing: '0'.repeat(32), why: 'differ' },
    {
      t: 'lists',
      lists: [{ sha256: mission, authority: mission, anchor: mission, number: '1f', thisUpdate: 5 }]
    },
    { t: 'list-want', sha256: mission, offset: 0 },
    { t: 'list-part', sha256: mission, offset: 0, total: 4, data: 'AAAA', signer: 'AAAA' },
    { t: 'revocations', names: [mission] },
    { t: 'revocation-want', names: [mission] },
    { t: 'revocation', text: '{}', signature: text(64, 7) },
    { t: 'introduce', wanted: true },
    { t: 'introductions', peers: [introduction] },
    { t: 'ping', n: 1, at: 2 },
    { t: 'datagrams', port: 47_110, key: '0'.repeat(16) },
    { t: 'store', store: mission },
    { t: 'receipt', ...signReceipt({ mission, digest: mission, store: mission, at: 5 }, signingKey) }
  ].map(json)
  const fold = new Fold(Buffer.alloc(8, 7), 1)
  const loaded = new LogStore(mission, new Journal(new SimDisk(seededRandom(1)), 'log'))
  for (const run of [begin, more]) {
    const place = { segment: 1, offset: 0, headerBytes: 1, bodyBytes: 1 }
    const found = loaded.load({ run, place })
    if (typeof found === 'string') throw new Error(found)
    for (const line of found) fold.apply(line)
  }
  const checkpoint = encodeCheckpoint({
    header: { muster: 'mission', version: 1 },
    covered: [[1, 100]],
    logs: loaded.state(),
    admins: [],
    summary: fold.summary()
  })
  const view = fold.save()
  const scope = { out: ['*'], in: [], access: 'write' }
  const words = { at: 1, node: nodeId, callsign: 'A', federation: 'field', by: 'B' }
  const journalLines = [
    {
      kind: 'decision',
      ...words,
      level: 'trusted',
      ground: 'code',
      compared: { digits: '000000', words: ['abandon'], at: 1, by: 'B' },
      scope,
      until: 5,
      reason: 'met',
      mayIntroduce: { letsIn: scope },
      introducedBy: [{ nodeId, callsign: 'A' }],
      overrides: [change]
    },
    {
      kind: 'certificate',
      at: 1,
      as: 'peer',
      action: 'accepted',
      sha256: mission,
      name: 'A',
      by: 'B',
      data: 'AAAA',
      scope
    },
    {
      ...{ kind: 'list', at: 1, authority: mission, name: 'A', anchor: mission, sha256: mission, number: '1f' },
      ...{ thisUpdate: 1, nextUpdate: 2, entries: 3, data: 'AAAA', node: nodeId, callsign: 'A' }
    },
    { kind: 'statement', at: 1, text: '{}', signature: text(64, 8), node: nodeId, callsign: 'A' },
    { kind: 'event', at: 1, event: 'hello', node: nodeId, callsign: 'A', text: 'x' }
  ]

  const datagramSecret = Buffer.alloc(32, 3)
  // The least of each kind that says how large it is.
  const pictures = [
    '89504e470d0a1a0a0000000d49484452000000100000000a08060000000000',
    'ffd8ffe000104a46494600010100000100010000ffc00011080010001003012200',
    '47494638396110000a0080000000',
    '524946461a000000574542505650384c0d0000002f0f40020010071011118888',
    '524946461a00000057454250565038580a000000100000000f0000090000',
    Buffer.from('plain text, ä\n').toString('hex')
  ].map((hex) => Buffer.from(hex, 'hex'))
  const given = commandArguments(mission, nodeId)
  const commandNames = Object.keys(given) as CommandName[]

  return [
    ...(await bundleDecoders(identity, signed, [begin, more], proof)),
    ...makeMapDecoders(),
    {
      name: 'a statement of revocation',
      valid: [
        json(
          signStatement(
            {
              key: record.signingKey,
              by: 'A',
              node: mission as string as NodeId,
              callsign: 'B',
              keys: [mission],
              at: 1,
              reason: 'ä'
            },
            signingKey
          )
        )
      ],
      decode(bytes) {
        const message = parseMessage(Buffer.from(`{"t":"revocation",${bytes.toString('utf8').slice(1)}`))
        const read = typeof message !== 'string' && message.t === 'revocation' ? readStatement(message) : ''
        if (typeof read === 'string') return false
        expect(read.revoker).toBe(nodeId)
        return true
      }
    },
    {
      name: 'a run',
      valid: runs,
      decode(bytes, noise) {
        decodeRun(bytes, noise.below(2 * bytes.length))
        const decoded = decodeRun(bytes)
        return decoded !== undefined && decoded.run.body.length <= limits.runBytes
      }
    },
    {
      name: 'the header of a run',
      valid: runs.map((run) => run.subarray(0, run.indexOf(0x0a))),
      decode: (bytes) => parseHeader(bytes) !== undefined
    },
    ...[frameTypes.run, frameTypes.packedRun].map((type) => ({
      name: type === frameTypes.run ? 'a run frame' : 'a packed run frame',
      valid: runs.map((run) =>
        Buffer.concat([Buffer.alloc(32, 7), type === frameTypes.run ? run : deflateRawSync(run)])
      ),
      decode(payload: Buffer) {
        const decoded = decodeRunFrame({ type, payload })
        if (decoded === undefined) return false
        expect(decoded.run.body.length).toBeLessThanOrEqual(limits.runBytes)
        return true
      }
    })),
    {
      name: 'the proof of a fork',
      valid: [encodeFork(proof)],
      decode(bytes) {
        const decoded = decodeFork(bytes)
        if (decoded === undefined) return false
        expect(decoded.runs[0].body.length + decoded.runs[1].body.length).toBeLessThan(bytes.length)
        return typeof verifyFork(mission, decoded) !== 'string'
      },
      rarity: 4
    },
    {
      name: 'a fork frame',
      valid: [encodeForkFrame(mission, proof).subarray(5)],
      decode: (payload) => decodeForkFrame({ type: frameTypes.fork, payload }) !== undefined
    },
    {
      name: 'a part of a file',
      valid: [1, 5, 1_000].map((size) =>
        encodeContentFrame({ mission, file: mission, offset: size, bytes: Buffer.alloc(size, 1) }).subarray(5)
      ),
      decode(payload) {
        const part = decodeContentFrame(payload)
        if (part === undefined) return false
        expect(part.bytes.length).toBeLessThanOrEqual(limits.contentFrameBytes)
        // Not toEqual, which looks at byte after byte.
        expect(encodeContentFrame(part).subarray(5).equals(payload)).toBe(true)
        return true
      }
    },
    {
      name: 'the sums of a stored file',
      valid: [encodeSums([1, 2, 0xffffffff])],
      decode: (bytes) => decodeSums(bytes).every((sum) => sum >= 0 && sum <= 0xffffffff)
    },
    {
      name: 'the beginning of a file that is to be shown',
      valid: pictures,
      decode(bytes) {
        const shown = judge(bytes, true)
        if (shown.kind === 'text') expect(textOf(bytes, true)).toBeDefined()
        return shown.kind !== 'other'
      }
    },
    {
      name: 'a presence frame',
      valid: [encodePresence(presence, 0), encodePresence(presence, 5_000)],
      decode(payload) {
        const decoded = decodePresence(payload)
        if (typeof decoded === 'string') return false
        expect(encodePresence(decoded.record, decoded.ageMs)).toEqual(payload)
        verifyPresence(decoded.record)
        return true
      },
      rarity: 2
    },
    {
      name: 'a sealed datagram',
      valid: ['here', 'there'].map(
        (said) => new Sealer(datagramSecret, Buffer.alloc(8)).seal(Buffer.from(said)).packet
      ),
      decode(packet) {
        const opener = new Opener(datagramSecret)
        const opened = opener.open(packet)
        if (keyIdOf(packet) === undefined) expect(opened).toBe('length')
        if (typeof opened === 'string') return false
        // Nothing but what was sealed, and once.
        expect(['here', 'there']).toContain(opened.body.toString())
        expect(opener.open(packet)).toBe('replayed')
        return true
      }
    },
    {
      name: 'the body of a datagram',
      valid: [encodeWord(encodePresence(presence, 0)), encodeAck([1]), encodeAck([7, 6, 5])],
      decode(bytes) {
        const body = decodeBody(bytes)
        if (body === undefined) return false
        const again = body.kind === 'word' ? encodeWord(body.payload) : encodeAck(body.seqs)
        expect(again.equals(bytes)).toBe(true)
        return true
      }
    },
    { name: 'a message', valid: messages, decode: (bytes) => typeof parseMessage(bytes) !== 'string' },
    {
      name: 'frames, in whatever pieces',
      valid: messages.map((message) =>
        Buffer.concat([encodeFrame(frameTypes.message, message), encodeFrame(frameTypes.run, Buffer.alloc(40, 1))])
      ),
      decode: readFrames
    },
    {
      name: 'a line',
      valid: [...lines, ...journalLines].map(json),
      decode(bytes) {
        const parsed = parseLine(bytes)
        if (typeof parsed === 'string') return false
        // What is taken is what its author wrote, to the byte.
        expect(JSON.stringify(parsed)).toBe(bytes.toString('utf8'))
        return true
      }
    },
    {
      name: 'a change',
      valid: lines.map(json),
      decode: (bytes) => {
        const parsed = parseLine(bytes)
        return (
          typeof parsed !== 'string' && typeof parsed['kind'] === 'string' && parseChange(parsed).kind !== 'unknown'
        )
      }
    },
    {
      name: 'the first line of a log',
      valid: [begin.body.subarray(0, begin.body.indexOf(0x0a))],
      decode(bytes) {
        const parsed = parseLine(bytes)
        return typeof parsed !== 'string' && parseStartLine(parsed, nodeId) !== undefined
      }
    },
    {
      name: 'a line of the trust journal',
      valid: journalLines.map(json),
      decode(bytes) {
        const parsed = parseLine(bytes)
        return typeof parsed !== 'string' && parseJournalLine(parsed) !== undefined
      }
    },
    {
      name: 'a create record',
      valid: [json(signed)],
      decode(bytes) {
        const parsed = parseSignedCreate(jsonOf(bytes))
        if (typeof parsed === 'string') return false
        // Nothing but the very record that was signed.
        expect(JSON.stringify(parsed)).toBe(JSON.stringify(signed))
        return true
      }
    },
    {
      name: 'a sealed run at the door of a log',
      valid: [encodeRun(begin)],
      decode(bytes) {
        const decoded = decodeRun(bytes)
        if (decoded === undefined) return false
        const { kind } = new LogStore(mission, new Journal(new SimDisk(seededRandom(1)), 'log')).check(decoded.run)
        // Nothing but what its author sealed.
        if (kind === 'new') expect(bytes.subarray(0, decoded.end)).toEqual(encodeRun(begin))
        return kind === 'new'
      },
      rarity: 4
    },
    {
      name: 'a checkpoint',
      valid: [checkpoint],
      decode(bytes) {
        if (decodeCheckpoint(bytes) === undefined) return false
        expect(bytes).toEqual(checkpoint)
        return true
      }
    },
    {
      name: 'notes of when a journal grew',
      valid: [Buffer.from('[1,100,1000000]\n[1,900,1060000]\n[2,50,2000000]\n')],
      decode(bytes) {
        const notes = parseReceipts(bytes)
        for (const [index, note] of notes.entries()) {
          const before = notes[index - 1]
          if (before !== undefined) expect(isBefore(before, note)).toBe(true)
        }
        return notes.length > 0
      }
    },
    {
      name: 'a saved view',
      valid: [view],
      decode(bytes) {
        const found = Fold.load(bytes)
        if (found === undefined) return false
        expect(found.save()).toEqual(bytes)
        return true
      }
    },
    {
      name: 'a segment of a journal',
      valid: [Buffer.concat([Buffer.from('{"muster":"mission","version":1}\n'), ...runs])],
      async decode(bytes) {
        const disk = new SimDisk(seededRandom(1))
        await disk.replace('log/000001.jsonl', bytes)
        const journal = new Journal(disk, 'log')
        const store = new LogStore(mission, journal)
        let damaged = 0
        const opened = await journal.open({
          onHeader: () => ok(null),
          onRun: (stored) => store.load(stored) !== 'damaged',
          onDamage: (damage) => (damaged += damage.bytes)
        })
        // What is not a good run was kept aside.
        expect(damaged).toBeLessThanOrEqual(bytes.length)
        return opened.ok && damaged === 0
      },
      rarity: 10
    },
    {
      name: 'a document',
      valid: [encodeDocument({ a: [1] })],
      decode: (bytes) => parseDocument(bytes, v.unknown()).ok,
      rarity: 4
    },
    ...documents(identity.tls).map(({ name, data, open }) => ({
      name,
      valid: data.map(json),
      // With the right checksum: what is looked at is the shape.
      async decode(bytes: Buffer) {
        const document = documentOf(jsonOf(bytes))
        return document !== undefined && open(document)
      },
      rarity: 20
    })),
    {
      name: 'an answer of a DNS server',
      valid: [dnsAnswer('PTR', 'a._muster._tcp.field.example'), dnsAnswer('TXT', ['v=1'])],
      decode(bytes) {
        const answer = readDnsAnswer(bytes, 7, {
          name: '_muster._tcp.field.example',
          type: bytes[41] === 12 ? 'PTR' : 'TXT'
        })
        if (answer === undefined || 'failed' in answer) return false
        expect(answer.records.length).toBeLessThanOrEqual(1_024)
        return answer.records.length > 0
      }
    },
    {
      name: 'a team list',
      rarity: 20,
      valid: [
        'nodes:\n  - name: Base\n    tags: [gateway, "two words"]\n    addresses: [base.example, 10.0.0.1:47111, "[fe80::1%eth0]:1"]\n' +
          `    node: ${nodeId}\n    federation: field\n    forwards:\n      - mission: Flood\n        to: [north, south]\n`,
        JSON.stringify({ nodes: [{ name: 'a' }, { name: 'b', addresses: ['::1', 'c:1'] }] })
      ].map((list) => Buffer.from(list)),
      decode(bytes) {
        const parsed = parseTeamList(bytes.toString('utf8'))
        if (!parsed.ok) return false
        for (const { addresses } of parsed.value)
          for (const { port } of addresses) expect(port > 0 && port <= 65535).toBe(true)
        return true
      }
    },
    {
      name: 'the text of a picture',
      valid: [
        writeHint(nodeId, [{ address: '10.0.0.1', port: 47_110 }]),
        writeHint(nodeId, [
          { address: '2001:db8::1', port: 1 },
          { address: '192.0.2.7', port: 65_535 }
        ])
      ].map((hint) => Buffer.from(hint ?? '')),
      decode(bytes) {
        const text = bytes.toString('utf8')
        const read = readHint(text)
        if (!read.ok) return false
        expect(writeHint(read.value.nodeId, read.value.addresses)).toBe(text)
        return true
      }
    },
    {
      name: 'an argument of a command',
      valid: Object.values(given).map(json),
      async decode(bytes) {
        const argument = jsonOf(bytes)
        const answers = await Promise.all(commandNames.map((name) => callCommand(takers, name, argument)))
        return answers.some((answer) => answer.ok)
      },
      rarity: 20
    },
    {
      name: 'a certificate',
      valid: [Buffer.from(pemBody(identity.tls.certificate), 'base64')],
      decode: (bytes) => parseCertificate(bytes) !== undefined,
      rarity: 20
    },
    {
      name: 'a request for a certificate',
      valid: [await requestOf(nodeId, identity.tls.key)],
      decode: async (bytes) => (await readRequest(bytes)).ok,
      rarity: 20
    },
    {
      name: 'a revocation list',
      valid: [Buffer.from(revocationList, 'base64')],
      decode: async (bytes) => (await readList(bytes)).ok,
      rarity: 20
    },
    {
      name: 'a certificate file',
      valid: [Buffer.from(identity.tls.certificate), Buffer.from(pemBody(identity.tls.certificate), 'base64')],
      decode: async (bytes) => (await readCertificateFiles([bytes], '')).ok,
      rarity: 20
    },
    {
      name: 'a package of certificate files',
      valid: [
        Buffer.from(
          zipSync({ 'MANIFEST/manifest.xml': Buffer.alloc(300, 'x'), 'a.crt': Buffer.from(identity.tls.certificate) })
        )
      ],
      decode: async (bytes) => (await readPackage(bytes, '')).ok,
      rarity: 20
    },
    {
      name: 'an identity in a file',
      valid: [await transferOf(identity.tls)],
      decode: async (bytes) => (await readTransfer(bytes, 'x')).ok,
      rarity: 20
    }
  ]

  function documents(tls: { readonly certificate: string; readonly key: string }) {
    const withFile = async (path: string, bytes: Buffer) => {
      const disk = new SimDisk(seededRandom(1))
      await disk.replace(path, bytes)
      return disk
    }
    const crossed = { changesOut: 1, changesIn: 2, bytesOut: 3, bytesIn: 4 }
    const peer = { nodeId, callsign: 'A', laptop: '', federation: 'field', counter: 1, firstMet: 1, lastHeard: 2 }
    const address = { address: '10.0.0.1', port: 4_711 }
    const sealing = sealingKeyFromSeed(Buffer.alloc(32, 2))
      .export({ format: 'der', type: 'pkcs8' })
      .toString('base64url')
    const keys = { signingSeed: text(32, 1), federation: 'field', counter: 1 }
    /** Whether it opened without a problem. */
    const opens =
      (path: string, open: (disk: Disk, onProblem: () => void) => Promise<unknown>) => async (bytes: Buffer) => {
        let problems = 0
        await open(await withFile(path, bytes), () => problems++)
        return problems === 0
      }
    return [
      {
        name: 'the settings file',
        data: [
          { callsign: 'A', laptop: 'B', linkPort: 1, interfaces: { eth0: true }, theme: 'system', language: 'de' }
        ],
        open: opens('settings.json', (disk, problem) => SettingsBook.open(disk, {} as KeptSettings, {}, problem))
      },
      {
        name: 'the file of this copy',
        data: [{ storeId: 'ab'.repeat(32), place: '0', trustFrom: 'x' }],
        open: async (bytes: Buffer) =>
          (await openStore(await withFile('store.json', bytes), seededRandom(1))).storeId === 'ab'.repeat(32)
      },
      {
        name: 'the version of the folder',
        data: [{ version: folderVersion }],
        open: async (bytes: Buffer) => (await readFolderVersion(await withFile('folder.json', bytes))).ok
      },
      {
        name: 'the kept team list',
        data: [
          { nodes: [{ name: 'a', nodeId, tags: ['b'], addresses: [address], forwards: [{ mission: 'c', to: ['d'] }] }] }
        ],
        open: opens('team-list.json', (disk, problem) => ListBook.open(disk, problem))
      },
      {
        name: 'the peers file',
        data: [{ peers: [{ ...peer, record, addresses: [address], given: crossed }], targets: [address] }],
        open: opens('peers.json', (disk, problem) => PeerBook.open(disk, systemClock, () => undefined, problem))
      },
      {
        name: 'the receipts of a mission',
        data: [
          {
            receipts: [
              { nodeId, key: text(32, 1), digest: mission, store: mission, at: 1, heardAt: 2, signature: text(64, 1) }
            ],
            states: [[head]]
          }
        ],
        open: (bytes: Buffer) => Promise.resolve(parseDocument(bytes, ReceiptsFile).ok)
      },
      {
        name: 'the copies that peers speak from',
        data: [{ stores: [[nodeId, mission]] }],
        open: (bytes: Buffer) => Promise.resolve(parseDocument(bytes, StoresFile).ok)
      },
      {
        name: 'the files that peers hold',
        data: [{ held: [[nodeId, [[mission, [mission]]]]] }],
        open: (bytes: Buffer) => Promise.resolve(parseDocument(bytes, HeldFile).ok)
      },
      {
        name: 'what peers said of others',
        data: [{ told: [{ from: nodeId, peers: [introduction] }] }],
        open: (bytes: Buffer) => Promise.resolve(parseDocument(bytes, IntroductionsFile).ok)
      },
      {
        name: 'the identity file',
        data: [
          { ...keys, sealingKey: sealing, tls },
          { ...keys, signingSeed: '', sealingKey: '', tls, locked: 'AAAA', underPassphrase, signingKey: text(32, 1) }
        ],
        open: async (bytes: Buffer) => {
          const disk = await withFile('identity.json', bytes)
          const opened = await OwnIdentity.open({ disk, random: seededRandom(1), now: 1 })
          return opened.ok || (opened.problem.code === 'node-locked' && (await openDataKey(disk, 'x')).ok)
        }
      },
      {
        name: 'the identity that is to follow',
        data: [
          {
            identity: { ...keys, sealingKey: sealing, tls },
            why: 'reset',
            revoked: [{ nodeId, callsign: 'A', federation: 'field', at: 1, by: 'B', reason: 'lost' }],
            statements: [{ text: '{}', signature: 'AAAA' }]
          }
        ],
        open: async (bytes: Buffer) => (await applyReplacement(await withFile('identity-next.json', bytes))).ok
      },
      {
        name: 'the list of a snapshot',
        data: [
          {
            kind: 'hourly',
            at: 1,
            folderVersion: 2,
            files: [{ path: 'settings.json', size: 1, modified: 1, pieces: [mission] }]
          }
        ],
        open: (bytes: Buffer) => Promise.resolve(parseDocument(bytes, ManifestSchema).ok)
      }
    ]
  }
}

function dnsAnswer(type: 'PTR' | 'TXT', data: string | string[]): Buffer {
  const name = '_muster._tcp.field.example'
  const record = { name, type, ttl: 60, data } as Answer
  return encode({ id: 7, type: 'response', questions: [{ name, type }], answers: [record] })
}

function readFrames(bytes: Buffer, noise: Noise): boolean {
  const reader = new FrameReader()
  let frames = 0
  let length = 0
  const pieceMost = Math.max(1 + noise.below(64), bytes.length >> 12)
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + noise.below(pieceMost)
    const broken = reader.read(
      bytes.subarray(at, end),
      () => limits.frameBytesBeforeTrust,
      ({ payload }) => {
        frames++
        length += payload.length + 5
        return true
      }
    )
    if (broken !== undefined) return false
    at = end
  }
  expect(length).toBeLessThanOrEqual(bytes.length)
  return frames > 0
}

/** Two entries, one with a reason; with a number and the name of its key. Made by openssl. */
const revocationList =
  'MIIBBDCBrAIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdGZWxkLUNBFw0yNjExMjEyMjEwNDRaFw0zNTAyMDcyMjEwNDRaMDgw' +
  'IQICWgEXDTI2MTEwMzEyMDAwMFowDDAKBgNVHRUEAwoBATATAgJaAhcNMjYxMTA0MTIwMDAwWqAvMC0wHwYDVR0jBBgwFoAUEkIG' +
  '3166yAavsNDBUSYF+otSewswCgYDVR0UBAMCAR8wCgYIKoZIzj0EAwIDRwAwRAIgA8uBkKgc5G8MpBhMvQ9OQFfJIwsHnaOfnIdU' +
  '2hMzLa0CID8xUnw0rHdkUPcE/r8mp4YMHYRZg6WYCXOSUT9wGoj4'

/** Every handler says yes: what is asked is which arguments reach it. */
const takers = new Proxy({} as CommandHandlers, { get: () => () => Promise.resolve(ok(null)) })

function commandArguments(missionId: MissionId, nodeId: NodeId) {
  const address = { address: '10.0.0.1', port: 4_711 }
  const scope = { out: ['*'], in: [], access: 'read' }
  const files = { files: ['AAAA'], password: 'x', member: 'cert/a.p12' }
  const mission = { missionId }
  const page = { offset: 0, limit: 5 }
  return {
    addPeer: address,
    removeAddress: address,
    tryNow: {},
    decide: {
      nodeId,
      level: 'trusted',
      scope,
      until: 5,
      reason: 'met',
      ground: 'words',
      mayRevoke: true,
      mayIntroduce: { letsIn: scope },
      introduced: { keep: [nodeId], takeBack: [nodeId] }
    },
    trustStory: { nodeId },
    retire: { reason: 'lost' },
    startPairing: { nodeId },
    openPairing: { nodeId },
    answerPairing: { nodeId, equal: true, scope, until: 5 },
    cancelPairing: { nodeId },
    continueLate: { nodeId, until: 5 },
    forgetPeer: { nodeId, introduced: { keep: [nodeId] } },
    previewCertificates: files,
    importCertificates: { ...files, as: 'anchor', scope, until: 5 },
    removeAnchor: { id: missionId },
    removePin: { id: missionId },
    exportCertificate: { format: 'p12', password: 'x' },
    renewCertificate: null,
    viewAuthority: null,
    makeAuthority: { name: 'A', days: 30 },
    takeAuthority: { files: ['AAAA'], password: 'x', isFirst: true },
    previewRequest: { data: 'AAAA' },
    issueCertificate: { to: 'phone', name: 'A', days: 30, format: 'p12', password: 'atakatak' },
    revokeIssued: { serial: '5a01', reason: 'keyCompromise' },
    publishList: null,
    exportAuthority: { password: 'atakatak' },
    requestCertificate: null,
    lockKeys: { lock: true },
    setPassphrase: { old: 'one of ten', passphrase: 'another of ten' },
    exportIdentity: { passphrase: 'one of ten', current: 'another of ten' },
    importIdentity: { data: 'AAAA', passphrase: 'one of ten' },
    previewReset: null,
    resetIdentity: { confirm: 'A' },
    lockNow: null,
    unlock: { passphrase: 'one of ten' },
    personHere: null,
    changeSettings: { callsign: 'A', linkPort: 0, interfaces: { eth0: true } },
    lookAgain: null,
    openTeamList: { text: 'nodes: [{ name: a }]' },
    removeTeamList: null,
    listCatalogue: { staleAfterMs: 1 },
    confirmJournal: null,
    createMission: { name: 'Fire', description: 'x', changes: [{ entity: 'log/1', field: 'text', value: 'x' }] },
    write: { ...mission, changes: [{ entity: 'log/1', field: 'text', value: { a: [1] }, seen: [] }] },
    removeMember: { ...mission, nodeId },
    listForks: mission,
    settleFork: { ...mission, author: nodeId, epoch: 'ab'.repeat(16), seq: 3, hash: 'cd'.repeat(32) },
    setRole: { ...mission, nodeId, role: 'owner' },
    listBeyond: { ...mission, nodeId, ...page },
    adoptBeyond: { ...mission, nodeId },
    listDeleted: { ...mission, ...page },
    listAsked: { ...mission, ...page },
    viewMission: mission,
    listEntities: { ...mission, type: 'log', ...page, order: 'newest', filter: 'x', pastAt: 1 },
    listConflicts: { ...mission, ...page },
    listDeletedEdits: mission,
    listHistory: { ...mission, entity: 'log/1', field: 'text', before: '1.200.3', limit: 10 },
    openPast: { ...mission, at: 1 },
    search: { ...mission, text: 'x', limit: 1 },
    viewEntity: { ...mission, entity: 'item/1' },
    listItems: { ...mission, box: [13, 45, 14, 46], text: 'x', since: `${'0'.repeat(16)}.7` },
    listTasks: { ...mission, ...page },
    listMaps: null,
    addMap: { path: '/maps/kras.pmtiles' },
    removeMap: { id: '0'.repeat(16) },
    listContents: { ...mission, ...page, order: 'newest', filter: 'x' },
    wantContent: { ...mission, file: mission.missionId, isWanted: true },
    previewContent: { ...mission, file: mission.missionId },
    listSnapshots: null,
    takeSnapshot: null,
    restoreSnapshot: { name: 'latest' },
    sharePresence: { ...mission, key: 'position', value: [1, 2], ttlMs: 1_000 },
    listOnlyHere: { ...mission, nodeId, ...page },
    previewScope: { nodeId, scope: { out: ['*'], in: ['id:x'], access: 'read' }, until: 9_999_999_999_999 },
    setBoundary: { mode: 'bridging', federations: [{ name: 'drava', ...openPolicy }] },
    previewBoundary: { mode: 'open', federations: [] },
    listPresence: mission,
    estimateBundle: { to: [nodeId], onlyLacking: true },
    writeBundle: { path: '/media/stick/a.muster-bundle', missions: [missionId], to: [nodeId], onlyLacking: true },
    previewBundle: { path: '/media/stick/a.muster-bundle' },
    takeBundle: { path: '/media/stick/a.muster-bundle' },
    takeReceipt: { data: 'YQ==' },
    bundleProgress: null,
    cancelBundle: null,
    listAudit: page
  } satisfies Record<CommandName, unknown>
}

async function requestOf(nodeId: NodeId, key: string): Promise<Buffer> {
  const made = await makeRequest('A', nodeId, createPrivateKey(key))
  if (!made.ok) throw new Error(made.problem.code)
  return made.value
}

async function transferOf(tls: { readonly key: string; readonly certificate: string }): Promise<Buffer> {
  const sealing = sealingKeyFromSeed(Buffer.alloc(32, 2)).export({ format: 'der', type: 'pkcs8' }).toString('base64url')
  const keys = { signingSeed: Buffer.alloc(32, 1).toString('base64url'), sealingKey: sealing, tls }
  const carried = { identity: { ...keys, federation: 'field', counter: 1 }, callsign: 'A', laptop: '' }
  return writeTransfer(carried, 'x', { random: seededRandom(1), cost: { N: 16, r: 8, p: 1 } })
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** `undefined` when it is none. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** `undefined` when there is nothing to write, or it is too deep to be written. */
function documentOf(data: unknown): Buffer | undefined {
  try {
    return data === undefined ? undefined : encodeDocument(data)
  } catch {
    return undefined
  }
}

function text(length: number, fill: number): string {
  return Buffer.alloc(length, fill).toString('base64url')
}

function pemBody(pem: string): string {
  return pem.replace(/-----.*-----|\s/g, '')
}
