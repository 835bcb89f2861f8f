/**
 * Runs (docs/protocol/logs.md): consecutive lines of one log up to a seal. The same bytes stand on disk and on the wire:
 * a header line, then the lines exactly as their author wrote them. Lines carry neither hash nor signature; the chain
 * hash is computed, and the seal signs it, so one signature vouches for everything of that log up to it.
 */
import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import type { ChangeName, MissionId, NodeId } from '@shared/model.js'
import { isHex, lengthPrefixed, parseBase64Url, sha256, sha256Binary, uint64 } from '../bytes/hash.js'
import { parseLine, type JsonObject } from '../bytes/line.js'
import { signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'
import { beginsAsWrite, isPlainWrite } from './plain-write.js'

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

const hashBytes = 32

/** A hash, then lines: reused, because a buffer made for each change costs as much as its hash. */
const scratch = Buffer.alloc(hashBytes + limits.runBytes)

/** The chain hash after one more line. */
export function chainNext(previous: Buffer, line: Buffer): Buffer {
  if (line.length > limits.lineBytes) throw new Error('a line is checked before it is chained')
  previous.copy(scratch)
  line.copy(scratch, hashBytes)
  return sha256(scratch.subarray(0, hashBytes + line.length))
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

/** One line of a run, by where it stands. What is asked of it is made when it is asked for: of most lines nobody does. */
export class ChainedLine {
  readonly log: LogId
  readonly seq: number
  readonly #body: Buffer
  readonly #start: number
  readonly #end: number
  /** Of the whole run, one behind the other. */
  readonly #hashes: Buffer
  readonly #hashAt: number

  constructor(log: LogId, seq: number, body: Buffer, start: number, end: number, hashes: Buffer, hashAt: number) {
    this.log = log
    this.seq = seq
    this.#body = body
    this.#start = start
    this.#end = end
    this.#hashes = hashes
    this.#hashAt = hashAt
  }

  /** Chain hash after it. */
  get hash(): Buffer {
    return this.#hashes.subarray(this.#hashAt, this.#hashAt + hashBytes)
  }

  get text(): string {
    return this.#body.toString('utf8', this.#start, this.#end)
  }

  /** Parsed anew each time, and only of a line that was checked. */
  get line(): JsonObject {
    return JSON.parse(this.text) as JsonObject
  }

  /** Whether it is surely a good line; `false` says nothing. */
  get isPlainWrite(): boolean {
    return isPlainWrite(this.#body, this.#start, this.#end)
  }

  /** Of a line that was checked: whether it is a change of an entity. */
  get isWrite(): boolean {
    return beginsAsWrite(this.#body, this.#start)
  }
}

/**
 * Chains the lines of a run onto a known point; lines that the point already covers are passed over. Gives the reason
 * when the run does not continue that point.
 * @param log the log of the run, as its lines shall name it.
 */
export function chainRun(run: Run, from: Point, log: LogId = run.header): ChainedLine[] | string {
  const { header, body } = run
  if (!isUtf8(body)) return 'not UTF-8'
  const found: ChainedLine[] = []
  const hashes = Buffer.alloc(hashBytes * header.count)
  const problem = walkChain(run, from, (seq, start, end, hash) => {
    const hashAt = hashBytes * found.length
    hashes.write(hash, hashAt, hashBytes, 'latin1')
    found.push(new ChainedLine(log, seq, body, start, end, hashes, hashAt))
  })
  return problem ?? found
}

/** Whether the lines of a run continue a point and give the hash of its header; the same without making lines. */
export function isChained(run: Run, from: Point): boolean {
  return walkChain(run, from, () => undefined) === undefined
}

/**
 * Each hash is put before its line, over the end of the line before, which is hashed by then: so nothing is copied or
 * made once for each line. A hash is a string of its bytes: as a buffer it costs twice as much, and another to free it.
 */
function walkChain(
  { header, body }: Run,
  from: Point,
  onLine: (seq: number, start: number, end: number, hash: string) => void
): string | undefined {
  if (body.length > limits.runBytes) throw new Error('a run is measured before it is chained')
  body.copy(scratch, hashBytes)
  let hash = from.hash.toString('latin1')
  let start = 0
  let seq = header.first
  for (; start < body.length; seq++) {
    const end = body.indexOf(0x0a, start)
    if (end < 0 || seq > lastSeq(header)) return 'wrong number of lines'
    if (end - start > limits.lineBytes) return 'line too long'
    if (seq > from.seq) {
      scratch.write(hash, start, hashBytes, 'latin1')
      hash = sha256Binary(scratch.subarray(start, end + hashBytes))
      onLine(seq, start, end, hash)
    }
    start = end + 1
  }
  if (seq <= lastSeq(header)) return 'wrong number of lines'
  return Buffer.from(hash, 'latin1').toString('hex') === header.hash ? undefined : 'chain hash differs'
}

export function verifySeal(mission: MissionId, header: RunHeader, key: KeyObject): boolean {
  const signature = parseBase64Url(header.seal, 64)
  return (
    signature !== undefined &&
    verifyFor('seal', sealFields(mission, header, lastSeq(header), header.hash), key, signature)
  )
}
