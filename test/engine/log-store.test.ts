/** What a log store holds: what it knows again at a start, its branches, how far logs count, and a disk that refuses. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeLine } from '../../src/main/engine/bytes/line.js'
import { bounds } from '../../src/main/engine/limits.js'
import type { Place } from '../../src/main/engine/logs/journal.js'
import { digestOf, LogStore, type LimitOf } from '../../src/main/engine/logs/log-store.js'
import { chainNext, chainStart, lastSeq, sealRun, type LogKey, type Run } from '../../src/main/engine/logs/run.js'
import { Author, give, makeStore, mission, signingKey } from '../support/log-author.js'

const nobody = 'nobody' as LogKey
const most = 12
const one = new Author(1, most)
const two = new Author(2, most, one.head)
/** Begins as `one` does. */
const other = new Author(1, most, undefined, 'b')
const third = new Author(1, most, undefined, (seq) => (seq < 4 ? 'b' : 'c'))
const stranger = new Author(3, most, undefined, 'd', signingKey(3))

async function storeWith(...runs: readonly Run[]) {
  const made = await makeStore()
  for (const run of runs) expect((await give(made.store, run)).kind).toBe('new')
  return made
}

async function giveBeside(store: LogStore, run: Run, into?: number) {
  const branch = into === undefined ? 'beside' : store.branchesOf(one.key)[into]
  const checked = store.check(run, 'verify-seal', branch)
  if (checked.kind !== 'new') throw new Error(checked.kind)
  await store.store({ ...checked, into: branch ?? 'beside' })
}

const ends = (store: LogStore) =>
  store.branchesOf(one.key).map(({ head }) => [head.seq, head.hash.toString('hex')] as const)
const endOf = (author: Author, seq: number) => [seq, author.headAt(seq).hash] as const

/** Says that runs were found in a journal, one behind the other. */
function loader(store: LogStore) {
  let offset = 100
  return (run: Run) => {
    const place: Place = { segment: 1, offset, headerBytes: 300, bodyBytes: run.body.length }
    offset += 300 + run.body.length
    return store.load({ run, place })
  }
}

describe('a run found at the start', () => {
  it('gives its new lines, or says of what use it is', async () => {
    const { store } = await makeStore()
    const load = loader(store)
    const seqs = (run: Run) => {
      const lines = load(run)
      return typeof lines === 'string' ? lines : lines.map(({ seq }) => seq)
    }
    expect(seqs(one.run(2, 3))).toBe('unusable')
    expect(seqs(two.run(1, 2))).toBe('unusable')
    expect(seqs(one.run(1, 3))).toEqual([1, 2, 3])
    expect(seqs(one.run(1, 3))).toEqual([])
    expect(seqs(one.run(1, 5))).toEqual([4, 5])
    expect(store.branchesOf(one.key), 'no branch of itself').toHaveLength(1)
    expect(seqs(one.run(3, 4))).toEqual([])
    expect(seqs(other.run(6, 7)), 'what does not continue the log').toBe('damaged')
    expect(seqs(other.run(4, 5)), 'another end under the same number').toBe('damaged')
    expect(seqs(other.run(1, 6)), 'another branch').toEqual([])
    expect(ends(store)).toEqual([endOf(one, 5), endOf(other, 6)])
    expect(seqs(other.run(7, 8))).toEqual([])
    expect(seqs(one.run(6, 7))).toEqual([6, 7])
    expect(ends(store)).toEqual([endOf(one, 7), endOf(other, 8)])
  })

  it('continues the log that counts where it would fit another branch as well', async () => {
    const { store } = await makeStore()
    const load = loader(store)
    for (const run of [other.run(1, 4), third.run(1, 3), one.run(1, 2)]) load(run)
    store.choose(store.branchesOf(one.key)[1]!)
    load(third.run(4, 5))
    expect(store.heads()).toEqual([third.headAt(5)])
  })

  it('was verified when it came: its seal is not looked at again', async () => {
    const { store } = await makeStore()
    const run = one.run(1, 3, signingKey(2))
    expect(store.check(run)).toEqual({ kind: 'bad', reason: 'bad seal' })
    expect(loader(store)(run)).toHaveLength(3)
    expect(store.check(other.run(4, 5), 'trust-seal')).toEqual({ kind: 'bad', reason: 'chain hash differs' })
    expect(store.check(other.run(1, 5), 'trust-seal')).toEqual({ kind: 'bad', reason: 'chain hash differs' })
  })

  it('of another branch is of no use before its predecessor', async () => {
    const { store } = await makeStore()
    const load = loader(store)
    load(one.run(1, most))
    load(two.run(1, 2))
    const unknown = new Author(7, 3)
    const branch = new Author(2, 4, unknown.head, 'b')
    expect(store.check(branch.run(1, 3), 'verify-seal', 'beside')).toEqual({ kind: 'gap' })
    expect(load(branch.run(1, 3))).toBe('damaged')
    expect(store.branchesOf(two.key)).toHaveLength(1)
  })

  it('with an altered line is refused from anybody', async () => {
    const { store } = await makeStore()
    const run = one.run(1, 3)
    const altered = { ...run, body: Buffer.from(run.body.toString().replace('"a"', '"z"')) }
    for (const seal of ['verify-seal', 'trust-seal'] as const)
      expect(store.check(altered, seal)).toEqual({ kind: 'bad', reason: 'chain hash differs' })
    expect(loader(store)(altered)).toBe('damaged')
    expect(store.size).toBe(0)
  })
})

describe('a log whose author’s key is unsafe', () => {
  it('is refused', async () => {
    const { store } = await makeStore()
    // A point of small order: anybody can sign with it.
    const key = Buffer.alloc(32)
    const author = createHash('sha256').update(key).digest('hex')
    const log = { author: author as typeof one.id, epoch: '5'.repeat(32) }
    const line = encodeLine({ kind: 'start', at: 1, key: key.toString('base64url'), callsign: 'A', after: null })
    const run = sealRun(mission, log, 1, [line], chainNext(chainStart(mission, log), line), signingKey(1))
    expect(store.check(run)).toEqual({ kind: 'bad', reason: 'unsafe signing key' })
    const states = (await storeWith(one.run(1, 2))).store.state()
    const unsafe = states.map((state) => ({ ...state, key: key.toString('base64url') }))
    expect(store.restore(states, new Map())).toBe(true)
    expect((await makeStore()).store.restore(unsafe, new Map())).toBe(false)
  })
})

describe('what is held', () => {
  it('is told by log and by author, and in bytes', async () => {
    const { disk, store } = await storeWith(one.run(1, most), stranger.run(1, 2), two.run(1, 3))
    expect(store.log(one.key)).toMatchObject({ id: one.log, head: { seq: most } })
    expect(store.log(nobody)).toBeUndefined()
    expect([...store.logs()]).toEqual([one.key, stranger.key, two.key].map((key) => store.log(key)))
    expect([...store.logs()][0]).toBe(store.log(one.key))
    expect(store.logsOf(one.id).map(({ id }) => id)).toEqual([one.log, two.log])
    expect(store.logsOf(stranger.id).map(({ id }) => id)).toEqual([stranger.log])
    expect(store.bytes).toBe((await disk.facts('log/000001.jsonl'))?.size)
    expect([store.countingSeq(nobody), store.countingHash(nobody)]).toEqual([0, ''])
    expect(store.branchesOf(nobody)).toEqual([])
  })

  it('is told in one order, whatever came first', async () => {
    const logs = [3, 1, 2].map((epoch) => new Author(epoch, 2))
    const { store } = await storeWith(...logs.map((log) => log.run(1, 2)))
    expect(store.heads().map(({ epoch }) => epoch[0])).toEqual(['1', '2', '3'])
    const list = store.heads().map(({ author, epoch, seq, hash }) => [author, epoch, seq, hash])
    const text = `muster/1 heads\0${mission}\0${JSON.stringify(list)}`
    expect(store.digest()).toBe(createHash('sha256').update(text).digest('hex'))
    expect(digestOf(mission, [])).not.toBe(store.digest())
  })

  it('of a predecessor is told unless the next log covers just that', async () => {
    const { store } = await storeWith(other.run(1, most), two.run(1, 2))
    expect(store.heads()).toEqual([other.head, two.headAt(2)])
  })
})

describe('how far a log counts', () => {
  const upTo =
    (head: ReturnType<Author['headAt']>): LimitOf =>
    (log) =>
      log.author === head.author && log.epoch === head.epoch ? head : undefined

  it('is as far as it is held, where the limit lies beyond', async () => {
    const { store } = await storeWith(one.run(1, 5))
    store.limit(upTo(one.headAt(6)))
    expect(store.heads()).toEqual([one.headAt(5)])
    store.limit(upTo(other.headAt(5)))
    expect(store.heads(), 'the limit’s own word for its hash').toEqual([other.headAt(5)])
  })

  it('may be nowhere: then nobody is told of it, and its successor needs none of it', async () => {
    const { store } = await makeStore()
    store.limit(upTo(one.headAt(0)))
    expect((await give(store, two.run(1, 2))).kind).toBe('new')
    expect(store.predecessors(() => false)).toEqual([])
    await give(store, one.run(1, 3))
    expect(store.heads()).toEqual([two.headAt(2)])
    expect(store.predecessors(() => false)).toEqual([])
  })

  it('does not stop a log that has begun already', async () => {
    const { store } = await makeStore()
    store.limit(upTo(one.headAt(3)))
    for (const run of [one.run(1, 3), two.run(1, 2)]) await give(store, run)
    store.limit(() => undefined)
    expect(store.check(two.run(3, 4)).kind).toBe('new')
    expect(store.check(new Author(4, 2, one.head).run(1, 2)).kind).toBe('gap')
  })
})

describe('branches', () => {
  it('are chosen, and each of the others is kept', async () => {
    const { store } = await storeWith(one.run(1, 5))
    const [main] = store.branchesOf(one.key)
    const digest = store.digest()
    store.choose(main!)
    expect([ends(store), store.digest()]).toEqual([[endOf(one, 5)], digest])
    await giveBeside(store, other.run(1, 4))
    await giveBeside(store, third.run(1, 6))
    expect(store.digest()).toBe(digest)
    const [, second] = store.branchesOf(one.key)
    expect(store.branchesOf(one.key).map((branch) => store.isChosen(branch))).toEqual([true, false, false])
    store.choose(second!)
    expect(ends(store)).toEqual([endOf(other, 4), endOf(third, 6), endOf(one, 5)])
    expect(store.isChosen(second!)).toBe(true)
    expect(store.digest()).toBe(digestOf(mission, [other.headAt(4)]))
    store.choose(main!)
    expect(ends(store)).toEqual([endOf(one, 5), endOf(third, 6), endOf(other, 4)])
  })

  it('are known again from what a checkpoint keeps, and go on', async () => {
    const { journal, store } = await storeWith(one.run(1, 3))
    await giveBeside(store, other.run(1, 4))
    const restored = new LogStore(mission, journal)
    expect(restored.restore(store.state(), store.coverage())).toBe(true)
    expect(ends(restored)).toEqual(ends(store))
    await giveBeside(restored, other.run(5, 6), 1)
    await give(restored, one.run(4, 5))
    await restored.verify(() => Promise.resolve())
    expect(ends(restored)).toEqual([endOf(one, 5), endOf(other, 6)])
  })

  it('are no more than so many: the first one that does not count gives way', async () => {
    const { store } = await storeWith(one.run(1, 5))
    const others = Array.from({ length: bounds.branches + 2 }, (_, index) => new Author(1, 3, undefined, `b${index}`))
    for (const author of others) await giveBeside(store, author.run(1, 3))
    expect(ends(store)).toEqual([endOf(one, 5), ...others.slice(2).map((author) => endOf(author, 3))])
  })

  it('get a mark where they take turns, and only there', async () => {
    const { journal, store } = await storeWith(one.run(1, 1), one.run(2, 3))
    const marks = (of: LogStore) => of.state().map((state) => state.marks.map(([first]) => first))
    const restored = new LogStore(mission, journal)
    restored.restore(store.state(), store.coverage())
    await give(restored, one.run(4, 4))
    expect(marks(restored), 'no turns are taken by one').toEqual([[1]])
    await giveBeside(restored, other.run(1, 2))
    for (const run of [one.run(5, 5), one.run(6, 6)]) await give(restored, run)
    await giveBeside(restored, other.run(3, 3), 1)
    await giveBeside(restored, other.run(4, 4), 1)
    await give(restored, one.run(7, 7))
    expect(marks(restored)).toEqual([
      [1, 5, 7],
      [1, 3]
    ])
  })

  it('that the disk refuses at their start are forgotten, and no other', async () => {
    const { disk, store } = await storeWith(one.run(1, 5))
    await giveBeside(store, other.run(1, 4))
    disk.faults.isFull = true
    await expect(giveBeside(store, third.run(1, 6))).rejects.toThrow('ENOSPC')
    expect(ends(store)).toEqual([endOf(one, 5), endOf(other, 4)])
    await expect(giveBeside(store, other.run(5, 6), 1)).rejects.toThrow('ENOSPC')
    disk.faults.isFull = false
    await giveBeside(store, other.run(5, 6), 1)
    expect(ends(store)).toEqual([endOf(one, 5), endOf(other, 6)])
  })
})

describe('a chosen point is sought', () => {
  const { seq, hash } = other.headAt(4)
  const chosen = { seq, hash }

  it('from the start, where nothing is held', async () => {
    const { store } = await makeStore()
    expect(store.soughtFrom(one.log, chosen)).toBeUndefined()
    expect(await store.branchTo(one.key, chosen)).toBeUndefined()
    expect(store.checkSought(one.run(1, 6), chosen)).toEqual({ kind: 'apart' })
    expect(store.checkSought(other.run(2, 6), chosen)).toEqual({ kind: 'gap' })
    const checked = store.checkSought(other.run(1, 6), chosen)
    expect(checked).toMatchObject({ kind: 'new', run: { header: { first: 1 } } })
    expect(checked).not.toHaveProperty('into')
  })

  it('in the log that counts, as long as it may lead there', async () => {
    const { store } = await storeWith(other.run(1, 2))
    expect(store.soughtFrom(one.log, chosen)).toEqual(other.headAt(2))
    const checked = store.checkSought(other.run(3, 6), chosen)
    expect(checked).toMatchObject({ kind: 'new', run: { header: { first: 3 } } })
    expect(checked).not.toHaveProperty('into')
    expect(store.checkSought(other.run(1, 2), chosen)).toEqual({ kind: 'held' })
    expect(store.checkSought(other.run(4, 6), chosen)).toEqual({ kind: 'gap' })
  })

  it.each([
    ['a run that parts from it', other.run(1, 8)],
    ['a run that does not continue it', other.run(3, 8)],
    ['another line under the chosen number', one.run(3, 6)]
  ])('elsewhere once %s shows that it does not lead there', async (_, run) => {
    const { store } = await storeWith(one.run(1, 2))
    expect(store.soughtFrom(one.log, chosen)).toEqual(one.headAt(2))
    expect(store.checkSought(run, chosen)).toEqual({ kind: 'apart' })
    expect(store.soughtFrom(one.log, chosen)).toEqual(other.headAt(0))
    expect(store.checkSought(one.run(1, 6), chosen), 'nor is it begun once more').toEqual({ kind: 'apart' })
    const begun = store.checkSought(other.run(1, 3), chosen)
    if (begun.kind !== 'new') throw new Error(begun.kind)
    expect(begun.into).toBe('beside')
    await store.store(begun)
    expect(store.soughtFrom(one.log, chosen)).toEqual(other.headAt(3))
    const goesOn = store.checkSought(other.run(4, 5), chosen)
    if (goesOn.kind !== 'new') throw new Error(goesOn.kind)
    await store.store(goesOn)
    expect(ends(store)).toEqual([endOf(one, 2), endOf(other, 5)])
    expect(await store.branchTo(one.key, chosen)).toBe(store.branchesOf(one.key)[1])
    expect(store.checkSought(other.run(4, 5), chosen)).toEqual({ kind: 'held' })
  })
})

describe('a disk that refuses one of several runs', () => {
  it('leaves those behind it unstored, and what is given again stands', async () => {
    const { disk, store } = await storeWith(one.run(1, 5))
    const next = (first: number, last: number) => {
      const checked = store.check(one.run(first, last))
      if (checked.kind !== 'new') throw new Error(checked.kind)
      return store.store(checked)
    }
    let behind: Promise<void> | undefined
    disk.faults.onCall = (operation) => {
      if (operation !== 'append' || behind !== undefined) return
      // While the first is being written.
      behind = next(8, 9)
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    const again = next(6, 7).catch(() => next(6, 7))
    await again
    await expect(behind).rejects.toThrow('a run before this one was not stored')
    expect(store.heads()).toEqual([one.headAt(7)])
    await next(8, 9)
    expect(store.heads()).toEqual([one.headAt(9)])
    expect(lastSeq((await store.readAfter(one.key, 0))?.header ?? { first: 0, count: 0 })).toBe(9)
  })
})
