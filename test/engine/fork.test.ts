/** A fork is proved by two sealed runs, to everybody, and by nothing less (docs/protocol/logs.md, "Forks"). */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import { privateKeyFromSeed, rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { limits } from '../../src/main/engine/limits.js'
import {
  decodeFork,
  earlierFork,
  encodeFork,
  forkProof,
  verifyFork,
  type ForkProof
} from '../../src/main/engine/logs/fork.js'
import { chainNext, chainStart, sealRun, type LogId, type Run } from '../../src/main/engine/logs/run.js'

const mission = 'aa'.repeat(32) as MissionId
const otherMission = 'bb'.repeat(32) as MissionId
const signingKey = privateKeyFromSeed(Buffer.alloc(32, 1))
const strangersKey = privateKeyFromSeed(Buffer.alloc(32, 2))
const key = rawPublicKey(signingKey)
const log: LogId = { author: nodeIdOf(key), epoch: '01'.repeat(16) }

/** Chain hashes after each line, from the start of the log. */
function chain(lines: readonly string[], of: LogId = log): readonly Buffer[] {
  const hashes = [chainStart(mission, of)]
  for (const line of lines) hashes.push(chainNext(hashes.at(-1) ?? Buffer.alloc(32), Buffer.from(line)))
  return hashes
}

/** A run of a branch: from a number to its end, sealed. */
function runOf(lines: readonly string[], first = 1, { signer = signingKey, of = log } = {}): Run {
  const hash = chain(lines, of).at(-1) ?? Buffer.alloc(32)
  return sealRun(
    mission,
    of,
    first,
    lines.slice(first - 1).map((line) => Buffer.from(line)),
    hash,
    signer
  )
}

function line(content: string | number): string {
  return JSON.stringify({ kind: 'odd', at: 1, content })
}

const common = [1, 2, 3].map(line)
const one = [...common, line('one'), line('same')]
const other = [...common, line('other'), line('same'), line('more')]
const before = (seq: number) => ({ seq, hash: chain(one)[seq] ?? Buffer.alloc(32) })
const point = { ...log, first: 4, hashBefore: before(3).hash.toString('hex') }

function prove(a: Run, b: Run, from = 0): ForkProof {
  const proof = forkProof(mission, key, before(from), a, b)
  if (typeof proof === 'string') throw new Error(proof)
  return proof
}

describe('two sealed runs', () => {
  it.each([
    ['from the start', runOf(one), runOf(other), 0],
    ['from a later line', runOf(one, 3), runOf(other, 3), 2],
    ['from different lines', runOf(one, 2), runOf(other, 4), 3],
    ['from the line that differs', runOf(one, 4), runOf(other, 4), 3]
  ])('prove where the log parts: %s', (_, a, b, from) => {
    const proof = prove(a, b, from)
    expect(verifyFork(mission, proof)).toEqual(point)
    expect(proof.runs.map(({ header }) => header.first)).toEqual([4, 4])
  })

  it('prove the same with the same bytes, whichever came first and wherever they begin', () => {
    const bytes = encodeFork(prove(runOf(one), runOf(other)))
    expect(encodeFork(prove(runOf(other, 3), runOf(one, 2), 2))).toEqual(bytes)
  })

  it('prove a fork in the first line', () => {
    const proof = prove(runOf([line('a')]), runOf([line('b')]))
    expect(verifyFork(mission, proof)).toEqual({ ...log, first: 1, hashBefore: chain([])[0]?.toString('hex') })
  })

  it.each([
    ['one is the beginning of the other', runOf(one), runOf(one.slice(0, 4)), 'no line differs'],
    ['both are the same', runOf(one), runOf(one), 'no line differs'],
    ['one does not continue the chain', runOf(one), runOf([line('x'), ...other.slice(1)], 2), 'chain hash differs'],
    ['a seal is by another key', runOf(one), runOf(other, 1, { signer: strangersKey }), 'bad seal'],
    [
      'one is of another log',
      runOf(one),
      runOf(other, 1, { of: { ...log, epoch: '02'.repeat(16) } }),
      'chain hash differs'
    ]
  ])('prove nothing when %s', (_, a, b, reason) => {
    expect(forkProof(mission, key, before(a === b || b.header.first === 1 ? 0 : 1), a, b)).toBe(reason)
  })
})

describe('a proof', () => {
  const proof = prove(runOf(one), runOf(other))
  const [a, b] = proof.runs

  it('is read as it was written, and is bounded', () => {
    const bytes = encodeFork(proof)
    const read = decodeFork(bytes)
    expect(read).toEqual(proof)
    expect(encodeFork(read ?? proof)).toEqual(bytes)
    const long = (content: string) => Array.from({ length: 4 }, () => line(content.repeat(65_000)))
    const largest = encodeFork(prove(runOf(long('a')), runOf(long('b'))))
    expect(largest.length).toBeGreaterThan(2 * 65_000 * 4)
    expect(largest.length).toBeLessThan(2 * limits.runBytes + 2 * 1024)
    expect(largest.length).toBeLessThan(limits.frameBytes)
  })

  const altered = Buffer.from(a.body)
  altered[20] = (altered[20] ?? 0) ^ 1
  it.each<readonly [string, ForkProof, string]>([
    ['another key', { ...proof, key: rawPublicKey(strangersKey) }, 'not the key of the author'],
    ['an unsafe key', { ...proof, key: Buffer.alloc(32) }, 'not the key of the author'],
    ['another hash before', { ...proof, hashBefore: Buffer.alloc(32) }, 'chain hash differs'],
    ['the same run twice', { ...proof, runs: [a, a] }, 'the first line is the same'],
    ['altered lines', { ...proof, runs: [{ ...a, body: altered }, b] }, 'chain hash differs'],
    ['runs from different lines', { ...proof, runs: [a, runOf(other, 5)] }, 'not two runs of one log from one line'],
    [
      'runs of two logs',
      { ...proof, runs: [a, { ...b, header: { ...b.header, epoch: '02'.repeat(16) } }] },
      'not two runs of one log from one line'
    ],
    [
      'a seal that another line bears',
      { ...proof, runs: [a, { ...b, header: { ...b.header, seal: a.header.seal } }] },
      'bad seal'
    ]
  ])('with %s is refused', (_, wrong, reason) => {
    expect(verifyFork(mission, wrong)).toBe(reason)
  })

  it('of another mission is refused', () => {
    expect(verifyFork(otherMission, proof)).toBe('bad seal')
  })

  it('from the first line begins where the chain begins', () => {
    // An author can seal what it likes: chains that begin elsewhere are no fork of this log.
    const elsewhere = Buffer.alloc(32, 7)
    const sealed = ['a', 'b'].map((content) => {
      const bytes = Buffer.from(line(content))
      return sealRun(mission, log, 1, [bytes], chainNext(elsewhere, bytes), signingKey)
    })
    const runs = sealed as [Run, Run]
    expect(verifyFork(mission, { key, hashBefore: elsewhere, runs })).toBe('not the start of this chain')
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no line end', Buffer.from('{"key":1')],
    ['more behind it', Buffer.concat([encodeFork(proof), Buffer.from('x')])],
    ['less', encodeFork(proof).subarray(0, -1)],
    ['one run', encodeFork(proof).subarray(0, -encodeFork(proof).length / 2)],
    ['a member more', Buffer.concat([Buffer.from('{"more":1,'), encodeFork(proof).subarray(1)])]
  ])('is not read from %s', (_, bytes) => {
    expect(decodeFork(bytes)).toBeUndefined()
  })

  it('is verified or refused with a reason, whatever bytes come', () => {
    const bytes = encodeFork(proof)
    const damaged = fc
      .array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
      .map((places) => {
        const copy = Buffer.from(bytes)
        for (const [at, flip] of places) copy[at] = (copy[at] ?? 0) ^ flip
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 600 }).map(Buffer.from)), (given) => {
        const read = decodeFork(given)
        if (read === undefined || given.equals(bytes)) return
        expect(typeof verifyFork(mission, read)).toBe('string')
      }),
      { numRuns: 1000 }
    )
  })
})

it('of two forks of one log the earlier counts, then the smaller hash', () => {
  const at = (first: number, hashBefore = 'aa') => ({ ...log, first, hashBefore })
  expect(earlierFork(undefined, at(4))).toEqual(at(4))
  for (const [winner, loser] of [
    [at(3, 'bb'), at(4, 'aa')],
    [at(4, 'aa'), at(4, 'bb')]
  ] as const) {
    expect(earlierFork(winner, loser)).toBe(winner)
    expect(earlierFork(loser, winner)).toBe(winner)
  }
})
