/** What a log store takes: the same set of changes however it is cut, ordered and repeated, and nothing that does not fit. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import { rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { Journal } from '../../src/main/engine/logs/journal.js'
import {
  digestOf,
  LogStore,
  nameOfLine,
  type Branch,
  type Chosen,
  type LimitOf
} from '../../src/main/engine/logs/log-store.js'
import {
  chainNext,
  chainStart,
  changeName,
  encodeRun,
  lastSeq,
  logKey,
  sealRun,
  type Run
} from '../../src/main/engine/logs/run.js'
import { startLine } from '../../src/main/engine/logs/start-line.js'
import { setLine } from '../../src/main/engine/missions/change.js'
import { Author, give, makeStore, mission, reopened, signingKey } from '../support/log-author.js'

const key = signingKey(1)
const author = nodeIdOf(rawPublicKey(key))
const most = 12

const one = new Author(1, most)
const two = new Author(2, most, one.head)
const other = new Author(1, most, undefined, 'b')
const facts = (store: LogStore) => ({ heads: store.heads(), digest: store.digest(), changes: store.changes })

const stretch = fc
  .tuple(fc.constantFrom(one, two), fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most }))
  .map(([of, a, b]) => of.run(Math.min(a, b), Math.max(a, b)))

describe('runs', () => {
  it('given in any cut and order, and again and again, make one set of changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stretch, { maxLength: 30 }), async (runs) => {
        const { disk, store } = await makeStore()
        const whole = [one.run(1, most), two.run(1, most)]
        for (const run of runs) {
          const before = store.countingSeq(logKey(run.header))
          const checked = await give(store, run)
          const after = store.countingSeq(logKey(run.header))
          expect(after).toBe(checked.kind === 'new' ? lastSeq(run.header) : before)
          // Only what is new is given on, each line once and under its name.
          if (checked.kind === 'new') {
            expect(checked.lines.map(({ seq }) => seq)).toEqual(
              Array.from({ length: after - before }, (_, index) => before + 1 + index)
            )
            const of = run.header.epoch === one.log.epoch ? one : two
            for (const line of checked.lines) {
              expect(nameOfLine(line)).toBe(changeName(of.log, line.seq, of.hashes[line.seq] ?? Buffer.alloc(32)))
              expect(line.line).toEqual(JSON.parse(of.lines[line.seq - 1]?.toString() ?? '') as JsonObject)
            }
          } else if (checked.kind === 'held') expect(lastSeq(run.header)).toBeLessThanOrEqual(before)
          else {
            expect(checked.kind).toBe('gap')
            const lacksBefore = run.header.epoch === two.log.epoch && store.countingSeq(logKey(one.log)) < most
            expect(run.header.first > before + 1 || lacksBefore).toBe(true)
          }
          expect(store.check(run).kind).toBe(checked.kind === 'gap' ? 'gap' : 'held')
        }
        for (const run of whole) await give(store, run)
        const { bytes } = store
        for (const run of [...whole, ...runs]) expect((await give(store, run)).kind).toBe('held')
        expect(store.bytes).toBe(bytes)
        const expected = { heads: [two.head], digest: digestOf(mission, [two.head]), changes: 2 * most }
        expect(facts(store)).toEqual(expected)
        expect(facts(await reopened(disk))).toEqual(expected)
      }),
      { numRuns: 60 }
    )
  })

  it('are read back from any number on, and make the same set elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: most }), { maxLength: 6 }),
        fc.nat(most),
        async (ends, from) => {
          const { store } = await makeStore()
          for (const end of [...ends, most]) await give(store, one.run(1, end))
          for (const end of [...ends, most]) await give(store, two.run(1, end))
          const copy = (await makeStore()).store
          if (from > 0) await give(copy, one.run(1, from))
          for (const { log } of [one, two])
            for (let seq = copy.countingSeq(logKey(log)), run; (run = await store.readAfter(logKey(log), seq));) {
              expect(run.header.first).toBe(seq + 1)
              expect((await give(copy, run)).kind).toBe('new')
              seq = lastSeq(run.header)
            }
          expect(facts(copy)).toEqual(facts(store))
          expect(await store.readAfter(logKey(one.log), most)).toBeUndefined()
          const lines: number[] = []
          for await (const part of store.readLines(logKey(one.log), from, most))
            lines.push(...part.map(({ seq }) => seq))
          expect(lines).toEqual(Array.from({ length: most + 1 }, (_, seq) => seq).slice(Math.max(1, from)))
          expect(await store.pointAt(logKey(one.log), from)).toEqual({ seq: from, hash: one.hashes[from] })
          expect(await store.pointAt(logKey(one.log), most + 1)).toBeUndefined()
          const marked = store.markedPoint(logKey(two.log), from)
          expect(marked?.hash).toBe(two.hashes[marked?.seq ?? most + 1]?.toString('hex'))
          expect(marked?.seq).toBeLessThanOrEqual(from)
          await store.verify(() => Promise.resolve())
        }
      ),
      { numRuns: 40 }
    )
  })

  it('are known again from what a checkpoint keeps', async () => {
    const { journal, store } = await makeStore()
    for (const run of [one.run(1, 5), one.run(6, most), two.run(1, 3)]) await give(store, run)
    const restored = new LogStore(mission, journal)
    expect(restored.restore(store.state(), store.coverage())).toBe(true)
    expect(facts(restored)).toEqual(facts(store))
    expect(restored.state()).toEqual(store.state())
    expect(restored.logsOf(author).map(({ id }) => id)).toEqual([one.log, two.log])
    expect((await give(restored, two.run(4, most))).kind).toBe('new')
    expect(restored.heads()).toEqual([two.head])
  })
})

describe('what a checkpoint says it covers', () => {
  it('is at no moment more than the heads that it keeps', async () => {
    const { disk, store } = await makeStore()
    const begin = [...store.coverage().values()].reduce((sum, size) => sum + size, 0)
    const author = new Author(3, most)
    let bytes = 0
    const ends = new Map([[0, begin]])
    for (let seq = 1; seq <= most; seq++) ends.set(seq, begin + (bytes += encodeRun(author.run(seq, seq)).length))
    const stores = Array.from({ length: most }, async (_, index) => {
      const checked = store.check(author.run(index + 1, index + 1))
      if (checked.kind === 'new') await store.store(checked)
    })
    let isOver = false
    void Promise.all(stores).then(() => (isOver = true))
    for (let looks = 0; !isOver && looks < 10_000; looks++) {
      const covered = [...store.coverage().values()].reduce((sum, size) => sum + size, 0)
      expect(covered).toBe(ends.get(store.state()[0]?.seq ?? 0))
      await Promise.resolve()
    }
    expect(isOver).toBe(true)
    expect([...store.coverage().values()]).toEqual([(await disk.facts('log/000001.jsonl'))?.size])
  })
})

describe('a run is refused', () => {
  const changed = (run: Run, part: Partial<Run['header']>): Run => ({ ...run, header: { ...run.header, ...part } })
  const stranger = signingKey(2)
  const altered = (run: Run) => {
    const body = Buffer.from(run.body)
    body[body.lastIndexOf('"a"') + 1] = 0x63
    return { ...run, body }
  }

  it.each([
    ['that follows what is held', one.run(6, 8), 'new'],
    ['that overlaps what is held', one.run(3, 8), 'new'],
    ['that is held', one.run(2, 5), 'held'],
    ['that ends before', one.run(1, 4), 'held'],
    ['that leaves something out', one.run(7, 8), 'gap'],
    ['of a log whose predecessor is not whole', two.run(1, 2), 'gap'],
    ['of a log that began otherwise', other.run(1, 8), 'fork'],
    ['with another end under the same number', other.run(1, 5), 'fork'],
    ['that was continued otherwise', other.run(6, 8), 'unfit'],
    ['with an altered line', altered(one.run(6, 8)), 'unfit'],
    ['with an altered line from the start on', altered(one.run(1, 8)), 'bad'],
    ['sealed by somebody else', one.run(6, 8, stranger), 'bad'],
    ['with the same number, sealed by somebody else', other.run(1, 5, stranger), 'held'],
    ['with a seal for another end', changed(one.run(6, 8), { seal: one.run(6, 7).header.seal }), 'bad'],
    ['with fewer lines than it says', changed(one.run(6, 8), { count: 4 }), 'bad'],
    ['of a log without a start line', new Author(3, 3).run(2, 3), 'gap']
  ])('or not: one %s is %s', async (_, run, expected) => {
    const { store } = await makeStore()
    await give(store, one.run(1, 5))
    const before = facts(store)
    const checked = store.check(run)
    expect(checked.kind).toBe(expected)
    expect(facts(store)).toEqual(before)
    if (checked.kind === 'bad') expect(checked.reason).not.toBe('')
    if (checked.kind === 'new') expect([checked.run.header.first, checked.lines.length]).toEqual([6, 3])
  })

  it.each<readonly [string, readonly (string | JsonObject)[], string]>([
    ['no object', ['[]'], 'not an object'],
    ['no start line', [setLine(1, 'log/1', 'text', 'a', [])], 'no start line of this author'],
    [
      'the start line of another',
      [startLine(1, rawPublicKey(stranger), 'B', undefined)],
      'no start line of this author'
    ],
    ['a line that is none', [startLine(1, rawPublicKey(key), 'A', undefined), '{ }'], 'not canonical'],
    [
      'a line without a kind',
      [startLine(1, rawPublicKey(key), 'A', undefined), '{"at":1}'],
      'line without kind or time'
    ]
  ])('for %s', async (_, lines, reason) => {
    const { store } = await makeStore()
    const log = { author, epoch: '4'.repeat(32) }
    const bytes = lines.map((line) => Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)))
    const hash = bytes.reduce((last, line) => chainNext(last, line), chainStart(mission, log))
    expect(store.check(sealRun(mission, log, 1, bytes, hash, key))).toEqual({ kind: 'bad', reason })
    expect(store.size).toBe(0)
  })
})

describe('limits', () => {
  const at: LimitOf = ({ epoch }) => (epoch === one.log.epoch ? one.headAt(3) : undefined)

  it('end what is told and read, and not what is held', async () => {
    const { store } = await makeStore()
    for (const run of [one.run(1, most), two.run(1, 4)]) await give(store, run)
    expect(store.heads()).toEqual([two.headAt(4)])
    store.limit(at)
    expect(store.heads()).toEqual([one.headAt(3), two.headAt(4)])
    expect(store.digest()).toBe(digestOf(mission, store.heads()))
    expect([store.changes, store.size]).toEqual([7, 2])
    expect([...store.counting()]).toEqual([3, 4].map((seq) => ({ author, seq })))
    expect([...store.logs()].map(({ head }) => head.seq)).toEqual([3, 4])
    expect(store.logsOf(author).map(({ head }) => head.seq)).toEqual([most, 4])
    expect(store.countingHash(logKey(one.log))).toBe(one.headAt(3).hash)
    expect((await store.readAfter(logKey(one.log), 0, 3))?.header.first).toBe(1)
    expect(await store.readAfter(logKey(one.log), 3)).toBeUndefined()
  })

  it('of a predecessor are all that its successor asks for', async () => {
    const { store } = await makeStore()
    store.limit(at)
    await give(store, one.run(1, 2))
    expect((await give(store, two.run(1, 2))).kind).toBe('gap')
    await give(store, one.run(3, 3))
    expect((await give(store, two.run(1, 2))).kind).toBe('new')
  })

  it('tell of predecessors who does not know the log that covers them', async () => {
    const { store } = await makeStore()
    for (const run of [one.run(1, most), two.run(1, 4)]) await give(store, run)
    expect(store.predecessors(() => false)).toEqual([one.head])
    expect(store.predecessors((log) => log === logKey(two.log))).toEqual([])
    expect(store.predecessors((log) => log === logKey(one.log))).toEqual([])
  })
})

describe('a branch that an owner chose', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: most }), { minLength: 1, maxLength: 5 })

  /** Asks for the branch as a mission does: one after the other, whoever holds another branch or breaks off; at last who has it. */
  async function fetchChosen(store: LogStore, chosen: Chosen, lengths: readonly number[], sources: readonly Author[]) {
    const key = logKey(other.log)
    for (let turn = 0; turn < sources.length * lengths.length + 4 * most; turn++) {
      const branch = await store.branchTo(key, chosen)
      if (branch !== undefined) return branch
      const { seq: held } = store.soughtFrom(other.log, chosen) ?? { seq: 0 }
      const from = Math.min(held + 1, most)
      const source = sources[Math.floor(turn / lengths.length)] ?? other
      const run = source.run(from, Math.min(most, held + (lengths[turn % lengths.length] ?? 1)))
      const checked = store.checkSought(run, chosen)
      if (checked.kind === 'new') await store.store(checked)
    }
    return undefined
  }

  it('is held beside the other until it is there, whatever others give between, and known again after a start', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: most }),
        fc.integer({ min: 2, max: most }),
        pieces,
        fc.constantFrom([], [one], [other, one], [one, other, one]),
        async (held, end, lengths, sources) => {
          const { disk, store } = await makeStore()
          await give(store, one.run(1, held))
          const { seq, hash } = other.headAt(end)
          const branch = await fetchChosen(store, { seq, hash }, lengths, sources)
          if (branch === undefined) return expect(branch).toBeDefined()
          expect(store.countingHash(logKey(one.log)) === '', 'what counts before goes on to count').toBe(false)
          store.choose(branch)
          const restored = new LogStore(mission, new Journal(disk, 'log'))
          expect(restored.restore(store.state(), store.coverage())).toBe(true)
          const again = await reopened(disk)
          for (const each of [store, again]) {
            const found = await each.branchTo(logKey(one.log), { seq, hash })
            if (found === undefined) return expect(found).toBeDefined()
            each.choose(found)
            const lines: string[] = []
            for await (const some of each.readLines(logKey(one.log), 1, end))
              lines.push(...some.map(({ line }) => JSON.stringify(line)))
            expect(lines).toEqual(other.lines.slice(0, end).map(String))
            const run = await each.readAfter(logKey(one.log), 0)
            expect(run?.header.first).toBe(1)
            await each.verify(() => Promise.resolve())
          }
          expect(restored.heads()).toEqual(store.heads())
          return undefined
        }
      ),
      // Alike up to where they part, and stored by turns.
      { examples: [[2, 4, [2, 1, 2, 1], [one]]] }
    )
  })

  it('takes the place of the other at once, and gives it back', async () => {
    const { store } = await makeStore()
    await give(store, one.run(1, 5))
    const { seq, hash } = other.headAt(4)
    const checked = store.checkSought(other.run(1, 4), { seq, hash })
    expect(checked.kind, 'one that reaches as far tells that it is another').toBe('held')
    expect(await store.branchTo(logKey(one.log), { seq, hash })).toBeUndefined()
    const beside = store.checkSought(other.run(1, 4), { seq, hash })
    if (beside.kind !== 'new') throw new Error(beside.kind)
    await store.store(beside)
    expect(store.heads()).toEqual([one.headAt(5)])
    const branch = await store.branchTo(logKey(one.log), { seq, hash })
    if (branch === undefined) throw new Error('not there')
    store.choose(branch)
    expect(store.heads()).toEqual([other.headAt(4)])
    const before = await store.branchTo(logKey(one.log), one.headAt(5))
    if (before === undefined) throw new Error('not kept')
    store.choose(before)
    expect(store.heads()).toEqual([one.headAt(5)])
  })

  it('is read where its runs stand between those of the other, and damage in either is found', async () => {
    const { disk, store } = await makeStore()
    const key = logKey(one.log)
    let into: Branch | 'beside' | undefined
    for (const [first, last] of [
      [1, 3],
      [4, 6],
      [7, 9]
    ] as const) {
      await give(store, one.run(first, last))
      const checked = store.check(other.run(first, last), 'verify-seal', into ?? 'beside')
      if (checked.kind !== 'new') throw new Error(checked.kind)
      await store.store({ ...checked, into: into ?? 'beside' })
      into = store.branchesOf(key)[1]
    }
    for (const each of [store, await reopened(disk)]) {
      const texts: string[][] = []
      for (const branch of each.branchesOf(key)) {
        const lines: string[] = []
        for await (const some of each.readLines(key, 1, 9, branch))
          lines.push(...some.map(({ line }) => JSON.stringify(line)))
        texts.push(lines)
      }
      expect(texts).toEqual([one, other].map(({ lines }) => lines.slice(0, 9).map(String)))
      await each.verify(() => Promise.resolve())
    }
    const path = disk.paths().find((name) => name.endsWith('.jsonl')) ?? ''
    const whole = Buffer.from((await disk.read(path)) ?? [])
    for (const { lines } of [one, other]) {
      const damaged = Buffer.from(whole)
      damaged.write('x', whole.indexOf(lines[4] ?? '') + 40)
      await disk.replace(path, damaged)
      await expect(store.verify(() => Promise.resolve())).rejects.toThrow('ends before 9')
    }
  })

  it('takes no line under the chosen number but the chosen one', async () => {
    const { store } = await makeStore()
    await give(store, one.run(1, 1))
    const { seq, hash } = other.headAt(4)
    expect(store.checkSought(one.run(2, 6), { seq, hash }).kind).toBe('apart')
    expect(store.checkSought(other.run(2, 6), { seq, hash }).kind, 'to be asked for from the start').toBe('gap')
    expect(store.soughtFrom(one.log, { seq, hash })).toEqual(other.headAt(0))
  })
})

describe('a disk that refuses', () => {
  it('leaves what was durable, and the same run is taken again', async () => {
    const { disk, store } = await makeStore()
    await give(store, one.run(1, 5))
    const before = facts(store)
    disk.faults.isFull = true
    const next = store.check(one.run(6, 7))
    if (next.kind !== 'new') throw new Error('it is new')
    await expect(store.store(next)).rejects.toThrow('ENOSPC')
    expect(facts(store)).toEqual(before)
    const first = store.check(new Author(3, 2).run(1, 2))
    if (first.kind !== 'new') throw new Error('it is new')
    await expect(store.store(first)).rejects.toThrow('ENOSPC')
    expect(store.size).toBe(1)
    disk.faults.isFull = false
    expect((await give(store, one.run(6, 7))).kind).toBe('new')
    expect(store.heads()).toEqual([one.headAt(7)])
    expect(facts(await reopened(disk))).toEqual(facts(store))
  })
})
