/** Decoders of what a drive brings: bundles, sealed and in the open, their manifests, and receipts. */
import type { MissionId } from '@shared/model.js'
import { newAgeFile } from '../../src/main/engine/bundles/age-file.js'
import { packBlock } from '../../src/main/engine/bundles/blocks.js'
import { bundleMagic, decodeManifest, footerBytes, type Manifest } from '../../src/main/engine/bundles/manifest.js'
import { openBundle, readParts, type BundleTaker } from '../../src/main/engine/bundles/read-bundle.js'
import { decodeReceipt, encodeReceipt } from '../../src/main/engine/bundles/receipt.js'
import { settled } from '../../src/main/engine/bundles/refusal.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { rawPublicKey, sealingKeyFromSeed } from '../../src/main/engine/identity/signature.js'
import { encodeFork, type ForkProof } from '../../src/main/engine/logs/fork.js'
import { encodeRun, lastSeq, type Run } from '../../src/main/engine/logs/run.js'
import { signStatement } from '../../src/main/engine/trust/statement.js'
import { missionIdOf, type SignedCreate } from '../../src/main/engine/missions/create-record.js'
import { honest, inMemory, putTogether } from '../support/bundle-bytes.js'
import type { Decoder } from './decoders.js'

const reading: BundleTaker = {
  identities: () => Promise.resolve(),
  receipts: () => Promise.resolve(),
  statements: () => Promise.resolve(),
  lists: () => Promise.resolve(),
  forks: () => Promise.resolve(),
  runs: () => Promise.resolve(),
  async content(_, __, ___, bytes) {
    for await (const _some of bytes);
  }
}

export async function bundleDecoders(
  identity: Identity,
  create: SignedCreate,
  runs: readonly Run[],
  proof: ForkProof
): Promise<readonly Decoder[]> {
  const { nodeId, publicKey, signingKey, record } = identity
  const secret = Buffer.alloc(32, 2)
  const key = publicKey.toString('base64url')
  const mission: MissionId = missionIdOf(create)
  const fork = encodeFork(proof)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(fork.length)
  const header = runs.at(-1)?.header
  if (header === undefined) throw new Error('no run')
  const receipt = encodeReceipt(
    {
      ...{ bundle: '0'.repeat(32), key, store: '1'.repeat(64), at: 1 },
      missions: [{ mission, digest: '2'.repeat(64), logs: [[nodeId, '0'.repeat(32), 7, '1'.repeat(64)]] }]
    },
    signingKey
  )
  const statement = signStatement(
    { key, by: 'A', node: nodeId, callsign: 'A', keys: [], at: 1, reason: 'retired' },
    signingKey
  )
  const counted = Buffer.alloc(4)
  counted.writeUInt32BE(3)
  const part = { mission, size: 0, sha256: '' }
  const manifest: Manifest = {
    ...{ id: '0'.repeat(32), at: 1, key, callsign: 'FUZZ', audience: [nodeId] },
    missions: [{ create, logs: [[header.author, header.epoch, 0, lastSeq(header), header.hash]], leftOut: 1 }],
    parts: [
      { kind: 'identities', size: 0, sha256: '' },
      { kind: 'receipts', size: 0, sha256: '' },
      { kind: 'statements', size: 0, sha256: '' },
      { kind: 'lists', size: 0, sha256: '' },
      { kind: 'forks', ...part },
      { kind: 'runs', ...part },
      { kind: 'content', ...part }
    ]
  }
  const open = putTogether(
    honest({
      manifest,
      parts: [
        Buffer.from(`${JSON.stringify(record)}\n`),
        Buffer.concat([receipt, Buffer.from('\n')]),
        Buffer.from(`${JSON.stringify(statement)}\n`),
        Buffer.concat([counted, Buffer.from('DER'), counted, Buffer.from('CRL')]),
        Buffer.concat([length, fork]),
        await packBlock(runs.map(encodeRun)),
        Buffer.from('a file')
      ]
    }),
    signingKey
  )
  const { begin, sealer } = await newAgeFile([rawPublicKey(sealingKeyFromSeed(secret))], Buffer.alloc(16, 7))
  const sealed = Buffer.concat([begin, sealer.seal(open), sealer.end()])
  const lineBytes = open.readUInt32BE(open.length - footerBytes)
  return [
    {
      name: 'a manifest of a bundle',
      valid: [open.subarray(open.length - footerBytes - lineBytes, open.length - footerBytes)],
      rarity: 4,
      decode: (bytes) => typeof decodeManifest(bytes) !== 'string'
    },
    { name: 'a receipt', valid: [receipt], rarity: 4, decode: (bytes) => typeof decodeReceipt(bytes) !== 'string' },
    ...[open, sealed].map((whole) => ({
      name: whole.subarray(0, bundleMagic.length).equals(bundleMagic) ? 'a bundle in the open' : 'a sealed bundle',
      valid: [whole],
      rarity: 40,
      async decode(bytes: Buffer) {
        const read = async () => {
          const bundle = await openBundle(inMemory(bytes), nodeId, secret)
          await readParts(bundle, reading, () => Promise.resolve())
        }
        return (await settled(read())).ok
      }
    }))
  ]
}
