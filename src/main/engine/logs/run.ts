/**
 * Runs (docs/protocol/logs.md): consecutive lines of one log up to a seal. The same bytes stand on disk and on the wire:
 * a header line, then the lines exactly as their author wrote them. Lines carry neither hash nor signature; the chain
 * hash is computed, and the seal signs it, so one signature vouches for everything of that log up to it.
 */
import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import type { ChangeName, MissionId, NodeId } from '@shared/model.js'
import { isHex, lengthPrefixed, parseBase64Url, sha256, uint64 } from '../bytes/hash.js'
import { parseLine } from '../bytes/line.js'
import { signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'

/** A log is one author's changes in one mission since one start of its engine; the epoch is 16 random bytes, hex. */
export interface LogId {
  readonly author: NodeId
  readonly epoch: string
}

export type LogKey = string & { readonly __log: never }

export function logKey(log: LogId): LogKey {
  return `${log.author}.${log.epoch}` as LogKey
}

export interface Head extends LogId {
  readonly seq: number
  /** Chain hash at seq, hex. */
  readonly hash: string
}

export interface RunHeader extends LogId {
  /** Number of the first line, from 1. */
  readonly first: number
  readonly count: number
  /** Length of the lines, their line ends included. */
  readonly bytes: number
  /** Chain hash after the last line, hex. */
  readonly hash: string
  /** Signature over (mission, author, epoch, last seq, hash), base64url. */
  readonly seal: string
}

export interface Run {
  readonly header: RunHeader
  /** The lines, each ended by one line feed. */
  readonly body: Buffer
}

export function lastSeq(header: { readonly first: number; readonly count: number }): number {
  return header.first + header.count - 1
}

/** Where every chain starts. */
export function chainStart(mission: string, log: LogId): Buffer {
  return sha256(
    'muster/1 chain\0',
    lengthPrefixed([Buffer.from(mission, 'hex'), Buffer.from(log.author, 'hex'), Buffer.from(log.epoch, 'hex')])
  )
}

/** Reused: this runs once per change, and a buffer made each time costs as much as the hash. */
const chained = Buffer.alloc(32 + limits.lineBytes)

/** The chain hash after one more line, which stands somewhere in `bytes`. */
export function chainNext(previous: Buffer, bytes: Buffer, start = 0, end = bytes.length): Buffer {
  if (end - start > limits.lineBytes) throw new Error('a line is checked before it is chained')
  previous.copy(chained)
  bytes.copy(chained, 32, start, end)
  return sha256(chained.subarray(0, 32 + end - start))
}

export function changeName(log: LogId, seq: number, chainHash: Buffer): ChangeName {
  return `${log.author}.${log.epoch}.${String(seq)}.${chainHash.toString('hex', 0, 8)}` as ChangeName
}

const namePattern = /^[0-9a-f]{64}\.[0-9a-f]{32}\.[1-9][0-9]{0,15}\.[0-9a-f]{16}$/

export function isChangeName(text: unknown): text is ChangeName {
  return typeof text === 'string' && namePattern.test(text)
}

/** The parts of a name that names a place: log and number. */
export function parseChangeName(name: ChangeName): { readonly key: LogKey; readonly seq: number } {
  const end = name.indexOf('.', keyLength + 1)
  return { key: name.slice(0, keyLength) as LogKey, seq: Number(name.slice(keyLength + 1, end)) }
}

/** 64 digits of the author, a dot, 32 digits of the epoch. */
const keyLength = 97

function sealFields(mission: MissionId, log: LogId, seq: number, hash: string): Buffer[] {
  return [
    Buffer.from(mission, 'hex'),
    Buffer.from(log.author, 'hex'),
    Buffer.from(log.epoch, 'hex'),
    uint64(seq),
    Buffer.from(hash, 'hex')
  ]
}

/** Seals lines of our own into a run. */
export function sealRun(
  mission: MissionId,
  log: LogId,
  first: number,
  lines: readonly Buffer[],
  hash: Buffer,
  key: KeyObject
): Run {
  const body = Buffer.concat(lines.flatMap((line) => [line, lineFeed]))
  const hex = hash.toString('hex')
  const seal = signFor('seal', sealFields(mission, log, first + lines.length - 1, hex), key).toString('base64url')
  return { header: { ...log, first, count: lines.length, bytes: body.length, hash: hex, seal }, body }
}

const lineFeed = Buffer.from('\n')

export function encodeRun(run: Run): Buffer {
  const { author, epoch, first, count, bytes, hash, seal } = run.header
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ author, epoch, first, count, bytes, hash, seal })}\n`),
    run.body
  ])
}

/** No header is longer; the scan for its end stops here. */
export const headerBytesMost = 512

/**
 * Reads one run at an offset. `undefined` when what is there is no whole run (cut, or not one of ours); the body is a
 * view of the input, not a copy. Checks shape and limits only; see verifyRun.
 */
export function decodeRun(bytes: Buffer, offset = 0): { readonly run: Run; readonly end: number } | undefined {
  const headerEnd = bytes.subarray(offset, offset + headerBytesMost).indexOf(0x0a)
  if (headerEnd < 0) return undefined
  const header = parseHeader(bytes.subarray(offset, offset + headerEnd))
  if (header === undefined) return undefined
  const start = offset + headerEnd + 1
  const end = start + header.bytes
  return end > bytes.length ? undefined : { run: { header, body: bytes.subarray(start, end) }, end }
}

/** A header as every node writes it: nearly all, in a tenth of the time. */
const plainHeader =
  /^\{"author":"([0-9a-f]{64})","epoch":"([0-9a-f]{32})","first":([1-9]\d{0,14}),"count":([1-9]\d{0,3}),"bytes":([1-9]\d{0,5}),"hash":"([0-9a-f]{64})","seal":"([\w-]{85}[AQgw])"\}$/

export function parseHeader(bytes: Buffer): RunHeader | undefined {
  const plain = plainHeader.exec(bytes.toString('latin1'))
  if (plain !== null) {
    const [, author = '', epoch = '', first, count, length, hash = '', seal = ''] = plain
    const header = {
      author: author as NodeId,
      epoch,
      first: Number(first),
      count: Number(count),
      bytes: Number(length),
      hash,
      seal
    }
    return header.count > limits.runChanges || header.bytes > limits.runBytes ? undefined : header
  }
  const value = parseLine(bytes)
  if (typeof value === 'string' || Object.keys(value).length !== 7) return undefined
  const { author, epoch, first, count, bytes: length, hash, seal } = value
  if (!isHex(author, 32) || !isHex(epoch, 16) || !isHex(hash, 32)) return undefined
  if (!isSeq(first) || !isSeq(count) || count > limits.runChanges) return undefined
  if (!isSeq(length) || length > limits.runBytes) return undefined
  if (parseBase64Url(seal, 64) === undefined) return undefined
  return { author: author as NodeId, epoch, first, count, bytes: length, hash, seal: seal as string }
}

/** A number of a line, or of lines: from 1. */
export function isSeq(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

/** The same run from a later line on; its seal vouches for every line up to the last, so it stays valid. */
export function runFrom(run: Run, first: number): Run {
  if (run.header.first >= first) return run
  let at = 0
  for (let seq = run.header.first; seq < first; seq++) at = run.body.indexOf(0x0a, at) + 1
  const body = run.body.subarray(at)
  return { header: { ...run.header, first, count: lastSeq(run.header) - first + 1, bytes: body.length }, body }
}

/** The first line of a body without its end. */
export function firstLine(body: Buffer): Buffer {
  const end = body.indexOf(0x0a)
  return end < 0 ? body : body.subarray(0, end)
}

/** How far a log goes: number and chain hash of its last line; 0 and the hash where the chain starts when it is empty. */
export interface Point {
  readonly seq: number
  readonly hash: Buffer
}

export interface ChainedLine {
  readonly seq: number
  readonly text: string
  readonly hash: Buffer
}

/**
 * Chains the lines of a run onto a known point; lines that the point already covers are passed over. Gives the reason
 * when the run does not continue that point.
 */
export function chainRun(run: Run, from: Point): ChainedLine[] | string {
  const { header, body } = run
  if (!isUtf8(body)) return 'not UTF-8'
  // Decoded and split once: both cost more per line than per run. A line feed is never inside a character of UTF-8.
  const texts = body.toString('utf8').split('\n')
  if (texts.pop() !== '' || texts.length !== header.count) return 'wrong number of lines'
  const found: ChainedLine[] = []
  const problem = walkChain(run, from, (seq, hash) => found.push({ seq, text: texts[seq - header.first] ?? '', hash }))
  return problem ?? found
}

/** Whether the lines of a run continue a point and give the hash of its header; the same without making texts. */
export function isChained(run: Run, from: Point): boolean {
  return walkChain(run, from, () => undefined) === undefined
}

function walkChain(
  { header, body }: Run,
  from: Point,
  onLine: (seq: number, hash: Buffer) => void
): string | undefined {
  let { hash } = from
  let start = 0
  for (let seq = header.first; start < body.length; seq++) {
    const end = body.indexOf(0x0a, start)
    if (end < 0 || seq > lastSeq(header)) return 'wrong number of lines'
    if (end - start > limits.lineBytes) return 'line too long'
    if (seq > from.seq) {
      hash = chainNext(hash, body, start, end)
      onLine(seq, hash)
    }
    start = end + 1
  }
  return hash.toString('hex') === header.hash ? undefined : 'chain hash differs'
}

export function verifySeal(mission: MissionId, header: RunHeader, key: KeyObject): boolean {
  const signature = parseBase64Url(header.seal, 64)
  return (
    signature !== undefined &&
    verifyFor('seal', sealFields(mission, header, lastSeq(header), header.hash), key, signature)
  )
}
