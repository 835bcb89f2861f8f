/**
 * Forks (docs/protocol/logs.md): an author sealed two different lines under one number of one log. Two sealed runs that
 * continue the same chain with different lines prove it to everybody, without trust in who brings them.
 */
import type { MissionId } from '@shared/model.js'
import { isHex, parseBase64Url } from '../bytes/hash.js'
import { parseLine } from '../bytes/line.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { parsePublicKey } from '../identity/signature.js'
import {
  chainRun,
  chainStart,
  decodeRun,
  encodeRun,
  logKey,
  runFrom,
  verifySeal,
  type ChainedLine,
  type LogId,
  type Run
} from './run.js'

/** Where a log parts: nothing from `first` on can count without an owner's word. */
export interface ForkPoint extends LogId {
  /** Number of the first line of which there are two. */
  readonly first: number
  /** Chain hash before it, hex. */
  readonly hashBefore: string
}

export interface ForkProof {
  /** Signing key of the author, 32 bytes. */
  readonly key: Buffer
  /** Chain hash before both runs, 32 bytes. */
  readonly hashBefore: Buffer
  /** Both begin at the first line that differs; in the order of their last hashes. */
  readonly runs: readonly [Run, Run]
}

/** Of two forks of one log the one that counts: the smaller number, ties by hash. */
export function earlierFork(one: ForkPoint | undefined, other: ForkPoint): ForkPoint {
  if (one === undefined || other.first < one.first) return other
  return other.first === one.first && other.hashBefore < one.hashBefore ? other : one
}

/**
 * The proof from two sealed runs of one log that continue the same chain after `before`; or why they prove nothing. Runs
 * may begin anywhere up to the line after `before`.
 */
export function forkProof(
  mission: MissionId,
  key: Buffer,
  before: { readonly seq: number; readonly hash: Buffer },
  a: Run,
  b: Run
): ForkProof | string {
  const chains = [chainRun(a, before), chainRun(b, before)] as const
  for (const chain of chains) if (typeof chain === 'string') return chain
  const [one, other] = chains as [ChainedLine[], ChainedLine[]]
  const at = one.findIndex(({ hash }, index) => other[index]?.hash.equals(hash) !== true)
  const [first, second] = [one[at], other[at]]
  if (first === undefined || second === undefined) return 'no line differs'
  const hashBefore = at === 0 ? before.hash : (one[at - 1]?.hash ?? before.hash)
  const proof = { key, hashBefore, runs: ordered(runFrom(a, first.seq), runFrom(b, first.seq)) }
  const point = verifyFork(mission, proof)
  return typeof point === 'string' ? point : proof
}

/** Where the log parts, or the reason why this proves no fork. */
export function verifyFork(mission: MissionId, { key, hashBefore, runs }: ForkProof): ForkPoint | string {
  const [a, b] = runs
  const { author, epoch, first } = a.header
  const publicKey = parsePublicKey(key)
  if (publicKey === undefined || nodeIdOf(key) !== author) return 'not the key of the author'
  if (logKey(a.header) !== logKey(b.header) || b.header.first !== first) return 'not two runs of one log from one line'
  if (first === 1 && !chainStart(mission, a.header).equals(hashBefore)) return 'not the start of this chain'
  const hashes: string[] = []
  for (const run of runs) {
    if (!verifySeal(mission, run.header, publicKey)) return 'bad seal'
    const chain = chainRun(run, { seq: first - 1, hash: hashBefore })
    if (typeof chain === 'string') return chain
    hashes.push(chain[0]?.hash.toString('hex') ?? '')
  }
  if (hashes[0] === hashes[1]) return 'the first line is the same'
  return { author, epoch, first, hashBefore: hashBefore.toString('hex') }
}

function ordered(a: Run, b: Run): readonly [Run, Run] {
  return a.header.hash < b.header.hash ? [a, b] : [b, a]
}

/**
 * As stored and sent: a line, then both runs. At most 514 KiB.
 */
export function encodeFork({ key, hashBefore, runs }: ForkProof): Buffer {
  const header = { key: key.toString('base64url'), before: hashBefore.toString('hex') }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...runs.map(encodeRun)])
}

/** Checks shape and limits only; see verifyFork. The bodies are views of the input. */
export function decodeFork(bytes: Buffer): ForkProof | undefined {
  const headerEnd = bytes.subarray(0, headerBytesMost).indexOf(0x0a)
  if (headerEnd < 0) return undefined
  const header = parseLine(bytes.subarray(0, headerEnd))
  if (typeof header === 'string' || Object.keys(header).length !== 2) return undefined
  const key = parseBase64Url(header['key'], 32)
  const before = header['before']
  if (key === undefined || !isHex(before, 32)) return undefined
  const a = decodeRun(bytes, headerEnd + 1)
  const b = a === undefined ? undefined : decodeRun(bytes, a.end)
  if (a === undefined || b === undefined || b.end !== bytes.length) return undefined
  return { key, hashBefore: Buffer.from(before, 'hex'), runs: [a.run, b.run] }
}

/** No first line of a proof is longer; the scan for its end stops here. */
const headerBytesMost = 256
