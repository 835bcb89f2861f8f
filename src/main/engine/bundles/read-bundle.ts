/** Opens a bundle and reads its parts: nothing that comes out of here was altered since its sender signed it. */
import type { MissionId, NodeId } from '@shared/model.js'
import { parseLine } from '../bytes/line.js'
import * as v from 'valibot'
import { IdentityRecordSchema, isSignedRecord, type IdentityRecord } from '../identity/identity-record.js'
import { bounds, limits } from '../limits.js'
import { decodeFork, type ForkProof } from '../logs/fork.js'
import type { Run } from '../logs/run.js'
import { ageMagic, openAgeFile } from './age-file.js'
import { unpackBlocks } from './blocks.js'
import {
  bundleMagic,
  decodeManifest,
  footerBytes,
  holdsRevocations,
  senderOf,
  versionOf,
  type Manifest,
  type PartEntry
} from './manifest.js'
import { decodeReceipt, type Receipt } from './receipt.js'
import { BundleRefused, damaged } from './refusal.js'
import { readStatement, type Statement } from '../trust/statement.js'
import type { CarriedList } from './revocation-port.js'
import { PartReader, type Source } from './source.js'

export interface OpenedBundle {
  readonly manifest: Manifest
  readonly sender: NodeId
  readonly isSealed: boolean
  /** What is inside, in the open. */
  readonly payload: Source
}

/** Throws BundleRefused when it is none, is damaged, or is for others. */
export async function openBundle(file: Source, own: NodeId, secret: Uint8Array): Promise<OpenedBundle> {
  const begin = await file.read(0, Math.min(file.size, ageMagic.length))
  const isSealed = begin.equals(ageMagic)
  const payload = isSealed ? await openAgeFile(file, secret) : file
  const start = await payload.read(0, Math.min(payload.size, bundleMagic.length))
  const version = versionOf(start)
  if (version === undefined) throw new BundleRefused('not-a-bundle')
  if (version === 'newer') throw new BundleRefused('bundle-newer')
  const manifest = await readManifest(payload)
  if (version === 1 && holdsRevocations(manifest)) throw damaged('a part that its version does not have')
  const sender = senderOf(manifest)
  // In the open and for nobody in particular: for everybody.
  const isForAll = !isSealed && manifest.audience.length === 0
  if (!isForAll && sender !== own && !manifest.audience.includes(own)) throw new BundleRefused('bundle-not-for-us')
  return { manifest, sender, isSealed, payload }
}

async function readManifest(payload: Source): Promise<Manifest> {
  if (payload.size < bundleMagic.length + footerBytes) throw damaged('cut')
  const length = (await payload.read(payload.size - footerBytes, footerBytes)).readUInt32BE()
  const start = payload.size - footerBytes - length
  if (length > limits.bundleManifestBytes || start < bundleMagic.length) throw damaged('cut, or no manifest at its end')
  const manifest = decodeManifest(await payload.read(start, length))
  if (typeof manifest === 'string') throw damaged(`manifest: ${manifest}`)
  const partsEnd = manifest.parts.reduce((sum, { size }) => sum + size, bundleMagic.length)
  if (partsEnd !== start) throw damaged('the parts are longer or shorter than the manifest says')
  return manifest
}

/** What is done with what a bundle holds, part by part. */
export interface BundleTaker {
  /** Left out: all. A part that is not wanted is not read. */
  wants?(entry: PartEntry): boolean
  identities(records: readonly IdentityRecord[]): Promise<void>
  receipts(receipts: readonly Receipt[]): Promise<void>
  statements(statements: readonly Statement[]): Promise<void>
  lists(lists: readonly CarriedList[]): Promise<void>
  forks(mission: MissionId, proofs: readonly ForkProof[]): Promise<void>
  runs(mission: MissionId, runs: readonly Run[]): Promise<void>
  content(mission: MissionId, sha256: string, size: number, bytes: AsyncIterable<Buffer>): Promise<void>
}

/**
 * Reads all parts. What a taker got counts only when this resolves: the hash of a part is known at its end.
 * @param onBytes gets the payload from its first byte to its last, but for parts that are not wanted.
 */
export async function readParts(
  { manifest, payload }: OpenedBundle,
  taker: BundleTaker,
  onBytes: (bytes: Buffer) => Promise<void>
): Promise<void> {
  await onBytes(await payload.read(0, bundleMagic.length))
  let offset = bundleMagic.length
  for (const entry of manifest.parts) {
    if (taker.wants?.(entry) !== false) {
      const part = new PartReader(payload, offset, entry.size, onBytes)
      await readPart(entry, part, taker)
      for await (const _ of part.rest());
      if (part.digest() !== entry.sha256) throw damaged(`another hash than the manifest says: ${entry.kind}`)
    }
    offset += entry.size
  }
  await onBytes(await payload.read(offset, payload.size - offset))
}

async function readPart(entry: PartEntry, part: PartReader, taker: BundleTaker): Promise<void> {
  switch (entry.kind) {
    case 'identities':
      await taker.identities(await lines(part, parseRecord))
      return
    case 'receipts':
      await taker.receipts(await lines(part, (bytes) => decodeReceipt(bytes)))
      return
    case 'statements':
      await taker.statements(await lines(part, parseStatement))
      return
    case 'lists':
      await taker.lists(await readLists(part))
      return
    case 'forks':
      await taker.forks(entry.mission, await readForks(part))
      return
    case 'runs':
      for await (const runs of unpackBlocks(part)) await taker.runs(entry.mission, runs)
      return
    case 'content':
      await taker.content(entry.mission, entry.sha256, entry.size, part.rest())
  }
}

/** Small things, one to a line. */
async function lines<T>(part: PartReader, parse: (line: Buffer) => T | string): Promise<readonly T[]> {
  if (part.left > limits.bundleManifestBytes) throw damaged('a part is too long')
  const bytes = await part.take(part.left)
  const found: T[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at)
    const parsed = end < 0 ? 'no end of line' : parse(bytes.subarray(at, end))
    if (typeof parsed === 'string') throw damaged(parsed)
    found.push(parsed)
    at = end + 1
  }
  return found
}

function parseRecord(bytes: Buffer): IdentityRecord | string {
  const parsed = v.safeParse(IdentityRecordSchema, parseLine(bytes))
  if (!parsed.success) return 'not an identity record'
  return isSignedRecord(parsed.output) ? parsed.output : 'an identity record with a bad signature'
}

const SignedStatementSchema = v.strictObject({ text: v.string(), signature: v.string() })

/** Whoever passes one on has verified it. */
function parseStatement(bytes: Buffer): Statement | string {
  const parsed = v.safeParse(SignedStatementSchema, parseLine(bytes))
  return parsed.success ? readStatement(parsed.output) : 'not a statement of revocation'
}

async function readLists(part: PartReader): Promise<readonly CarriedList[]> {
  if (part.left > bounds.listsBytes + bounds.lists * bounds.acceptedBytes) throw damaged('lists that are too long')
  const lists: CarriedList[] = []
  while (part.left > 0) {
    const signer = await takeFramed(part, bounds.acceptedBytes)
    lists.push({ signer, list: await takeFramed(part, limits.listBytes) })
  }
  return lists
}

async function takeFramed(part: PartReader, most: number): Promise<Buffer> {
  const length = (await part.take(4)).readUInt32BE()
  if (length > most) throw damaged('a part is too long')
  return Buffer.from(await part.take(length))
}

async function readForks(part: PartReader): Promise<readonly ForkProof[]> {
  const proofs: ForkProof[] = []
  while (part.left > 0) {
    const length = (await part.take(4)).readUInt32BE()
    if (length > 3 * limits.runBytes) throw damaged('a proof is too long')
    const proof = decodeFork(await part.take(length))
    if (proof === undefined) throw damaged('not a proof of a fork')
    // The next step of the reader may reuse nothing of it, but a proof is kept long and its step is long.
    proofs.push(proof)
  }
  return proofs
}
