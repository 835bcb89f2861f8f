/** How logs are read back from a journal: in stretches and by places, across marks and segments, and from a damaged one. */
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/main/engine/limits.js'
import { positionAfter, type Place, type Position } from '../../src/main/engine/logs/journal.js'
import { isBefore, isWrite, LogStore, type LogLine } from '../../src/main/engine/logs/log-store.js'
import { encodeRun, lastSeq, type LogKey, type Run } from '../../src/main/engine/logs/run.js'
import { DamageFound, type Disk } from '../../src/main/engine/storage/disk.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { Author, give, makeStore, mission, reopened, signingKey } from '../support/log-author.js'

const nobody = 'nobody' as LogKey
const segmentOne = 'log/000001.jsonl'
const kib = 1024

/** What is read of a disk, in order. */
function watched() {
  const disk = new SimDisk(seededRandom(1))
  const reads: { readonly offset: number; readonly bytes: number }[] = []
  const seen: Disk = {
    ...disk.alive(),
    readPart: async (path, offset, length) => {
      const bytes = await disk.readPart(path, offset, length)
      reads.push({ offset, bytes: bytes.length })
      return bytes
    }
  }
  return { disk, seen, reads }
}

async function storeAt(runs: readonly Run[]) {
  const { disk, seen, reads } = watched()
  const places: Place[] = []
  const made = await makeStore(disk, (place) => places.push(place), seen)
  for (const run of runs) expect((await give(made.store, run)).kind).toBe('new')
  return { ...made, reads, places }
}

/** A journal with these runs, whether they fit or not, as a later start finds it. */
async function foundAt(runs: readonly Run[], onBreak?: (store: LogStore) => void) {
  const { disk, journal } = await makeStore()
  const places: Place[] = []
  for (const run of runs) places.push(await journal.append(encodeRun(run)))
  return { disk, places, store: await reopened(disk, onBreak) }
}

/** Cuts a log into runs of so many lines. */
function cut(author: Author, size: number, to = author.lines.length): Run[] {
  const runs: Run[] = []
  for (let first = 1; first <= to; first += size) runs.push(author.run(first, Math.min(to, first + size - 1)))
  return runs
}

async function partsOf(store: LogStore, author: Author, from: number, to: number) {
  const parts: (readonly LogLine[])[] = []
  for await (const part of store.readLines(author.key, from, to)) parts.push(part)
  return parts
}

async function textsOf(store: LogStore, author: Author, from: number, to: number): Promise<readonly string[]> {
  return (await partsOf(store, author, from, to)).flat().map(({ line }) => JSON.stringify(line))
}

/** First number and last one of each run of a transfer. */
async function transfer(store: LogStore, author: Author, from = 0): Promise<readonly (readonly [number, number])[]> {
  const runs: (readonly [number, number])[] = []
  for (let seq = from, run; (run = await store.readAfter(author.key, seq)); seq = lastSeq(run.header))
    runs.push([run.header.first, lastSeq(run.header)])
  return runs
}

function marksOf(store: LogStore): readonly (readonly number[])[] {
  return store.state().map(({ marks }) => marks.map(([first]) => first))
}

/** A log whose texts are so long that what is measured of it comes out exactly. */
function sized(wanted: number, measure: (author: Author) => number, make: (length: number) => Author): Author {
  const length = 50_000
  return make(length + wanted - measure(make(length)))
}

const short = new Author(1, 12)
/** Of the same author, and of another one. */
const second = new Author(2, 12, undefined, 'b')
const third = new Author(1, 12, undefined, 'c', signingKey(3))

describe('marks', () => {
  const long = new Author(1, 24, undefined, 'x'.repeat(20 * kib))

  it('are where a log can be entered, every 64 KiB or so', async () => {
    const { store } = await storeAt(cut(long, 2))
    const firsts = [1, 7, 11, 15, 19, 23]
    expect(marksOf(store)).toEqual([firsts])
    for (let seq = 0; seq <= 24; seq++) {
      const marked = firsts.findLast((first) => first <= seq + 1) ?? 0
      expect(store.markedPoint(long.key, seq)).toEqual({ seq: marked - 1, hash: long.headAt(marked - 1).hash })
    }
    expect(store.markedPoint(nobody, 0)).toBeUndefined()
  })

  it('lie that far apart, and no farther', async () => {
    for (const [bytes, firsts] of [
      [64 * kib, [1, 3]],
      [64 * kib - 1, [1]]
    ] as const) {
      const author = sized(
        bytes,
        (one) => encodeRun(one.run(1, 2)).length,
        (length) => new Author(1, 3, undefined, (seq) => 'x'.repeat(seq === 2 ? length : 1))
      )
      const { store } = await storeAt([author.run(1, 2), author.run(3, 3)])
      expect(marksOf(store)).toEqual([firsts])
    }
  })

  it('are not made for what is short, and once in each segment', async () => {
    const { disk, store } = await storeAt(cut(short, 2, 6))
    expect(marksOf(store)).toEqual([[1]])
    disk.faults.isFull = true
    await expect(give(store, short.run(7, 8))).rejects.toThrow('ENOSPC')
    disk.faults.isFull = false
    for (const run of [short.run(7, 8), short.run(9, 10)]) await give(store, run)
    expect(marksOf(store)).toEqual([[1, 7]])
    expect(await textsOf(store, short, 1, 10)).toEqual(short.texts(1, 10))
  })

  it('stand behind each break, once for each log', async () => {
    const { store } = await storeAt([short.run(1, 2), second.run(1, 2)])
    expect(store.hasBreaks).toBe(false)
    store.noteBreak()
    expect(store.hasBreaks).toBe(true)
    for (const run of [short.run(3, 4), second.run(3, 4), short.run(5, 6), second.run(5, 6)]) await give(store, run)
    expect(marksOf(store)).toEqual([
      [1, 3],
      [1, 3]
    ])
  })
})

describe('a log is given in runs', () => {
  it('of as many changes as one may hold', async () => {
    const author = new Author(1, limits.runChanges + 2)
    const half = limits.runChanges / 2
    for (const more of [0, 1]) {
      const { store } = await storeAt([
        author.run(1, half),
        author.run(half + 1, 2 * half + more),
        author.run(2 * half + more + 1, 2 * half + 2)
      ])
      const end = more === 0 ? 2 * half : half
      expect(await transfer(store, author)).toEqual([
        [1, end],
        [end + 1, 2 * half + 2]
      ])
    }
  })

  it('of as many bytes as one may hold, from what was asked for on', async () => {
    for (const more of [0, 1]) {
      const author = sized(
        limits.runBytes / 4,
        (one) => one.run(3, 3).body.length,
        (length) => new Author(1, 7, undefined, (seq) => 'x'.repeat(seq === 2 ? length + more : seq < 6 ? length : 9))
      )
      const { store } = await storeAt(cut(author, 1))
      const runs = more === 0 ? [[2, 5], [6, 7]] : [[2, 4], [5, 7]] // prettier-ignore
      expect(await transfer(store, author, 1)).toEqual(runs)
    }
  })

  it('that end where it counts to', async () => {
    const { store } = await storeAt(cut(short, 3))
    expect((await store.readAfter(short.key, 0, 3))?.header.count).toBe(3)
    expect((await store.readAfter(short.key, 4, 6))?.header).toMatchObject({ first: 5, count: 2 })
    expect(await store.readAfter(nobody, 0, 3)).toBeUndefined()
  })

  it('and the disk is asked for each of them about once', async () => {
    const author = new Author(1, 60, undefined, 'x'.repeat(20 * kib))
    const { store, reads } = await storeAt(cut(author, 1))
    expect((await transfer(store, author)).length).toBeGreaterThan(4)
    const read = reads.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(read).toBeLessThan(1.2 * store.bytes)
  })

  it('from where the last one ended, when it goes on later', async () => {
    const { store, reads, places } = await storeAt(cut(short, 2))
    const stopped = await store.readAfter(short.key, 0, 4)
    expect(stopped?.header.count).toBe(4)
    reads.length = 0
    expect((await store.readAfter(short.key, 4))?.header).toMatchObject({ first: 5, count: 8 })
    expect(reads[0]?.offset).toBe(places[2]?.offset)
  })
})

describe('lines', () => {
  it('are read from any number to any other, and no more of the journal than holds them', async () => {
    const author = new Author(1, 24, undefined, 'x'.repeat(20 * kib))
    const { store } = await storeAt(cut(author, 2))
    for (const [from, to] of [
      [1, 24],
      [1, 1],
      [3, 4],
      [4, 9],
      [24, 24],
      [23, 99]
    ] as const) {
      // prettier-ignore
      expect(await textsOf(store, author, from, to)).toEqual(author.texts(from, to))
    }
    expect((await partsOf(store, author, 3, 4)).map((part) => part.length)).toEqual([2])
    expect(await partsOf(store, author, 5, 4)).toEqual([])
    const found = await partsOf(store, author, 1, 24)
    expect(found.flat().map(({ hash }) => hash)).toEqual(author.hashes.slice(1))
    expect(found[0]?.[0]?.log).toEqual(author.log)
  })

  it('of a log that is not held are none', async () => {
    const { store, reads } = await storeAt([short.run(1, 3)])
    expect(await partsOf(store, second, 1, 3)).toEqual([])
    expect(await store.pointAt(second.key, 0)).toBeUndefined()
    expect(await store.pointAt(short.key, 4)).toBeUndefined()
    expect(await store.placeOf(second.key, 0)).toBeUndefined()
    expect(await store.placeOf(short.key, 4)).toBeUndefined()
    expect(await store.seqAt(second.key, { segment: 9, offset: 0 })).toBe(0)
    expect(reads).toEqual([])
  })

  it('on their way to the disk are not read yet', async () => {
    const { store } = await storeAt([])
    const checked = store.check(short.run(1, 3))
    if (checked.kind !== 'new') throw new Error(checked.kind)
    const stored = store.store(checked)
    expect(store.unsaved).toBe(checked.encoded.length)
    expect([store.state(), store.heads(), store.logsOf(short.id)]).toEqual([[], [], []])
    const early = [partsOf(store, short, 1, 3), store.readAfter(short.key, 0), store.pointAt(short.key, 1)]
    const noMarks = store.markedPoint(short.key, 1)
    await store.verify(() => Promise.resolve())
    expect(await Promise.all(early)).toEqual([[], undefined, undefined])
    expect(noMarks).toBeUndefined()
    await stored
    expect(await textsOf(store, short, 1, 3)).toEqual(short.texts(1, 3))
  })

  it('are all on the disk when the store is settled', async () => {
    const { store } = await storeAt([])
    const checked = store.check(short.run(1, 3))
    if (checked.kind !== 'new') throw new Error(checked.kind)
    const stored = store.store(checked)
    expect(store.unsaved).toBe(checked.encoded.length)
    await store.settled()
    expect(store.unsaved).toBe(0)
    await stored
  })

  it('tell whether they are changes of an entity', async () => {
    const { store } = await storeAt([short.run(1, 3)])
    const lines = (await partsOf(store, short, 1, 3)).flat()
    expect(lines.map(isWrite)).toEqual([false, true, true])
    expect(lines.map(({ log, seq, hash, line }) => isWrite({ log, seq, hash, line }))).toEqual([false, false, false])
  })

  it('stand between those of other logs', async () => {
    // The others are ahead, so that a wrong one would fit by its numbers.
    const { store } = await foundAt([
      second.run(1, 4),
      third.run(1, 4),
      short.run(1, 2),
      second.run(5, 8),
      third.run(5, 8),
      short.run(3, 4),
      third.run(9, 12),
      second.run(9, 12),
      short.run(5, 6)
    ])
    expect(await textsOf(store, short, 1, 6)).toEqual(short.texts(1, 6))
    expect(await textsOf(store, short, 4, 6)).toEqual(short.texts(4, 6))
    expect(await textsOf(store, second, 1, 12)).toEqual(second.texts(1, 12))
    expect(await transfer(store, third)).toEqual([[1, 12]])
    await store.verify(() => Promise.resolve())
  })

  it('are found once where a run stands twice', async () => {
    const { store } = await foundAt([
      short.run(1, 3),
      short.run(1, 3),
      short.run(1, 5),
      short.run(2, 4),
      short.run(5, 7)
    ])
    expect(store.heads()).toEqual([short.headAt(7)])
    expect(store.branchesOf(short.key)).toHaveLength(1)
    expect(await textsOf(store, short, 1, 7)).toEqual(short.texts(1, 7))
    expect(await transfer(store, short)).toEqual([[1, 7]])
    await store.verify(() => Promise.resolve())
  })

  it('stand between those of another branch, also behind a break', async () => {
    const branch = new Author(1, 12, undefined, 'other')
    const { store } = await makeStore()
    await give(store, short.run(1, 2))
    const begun = store.check(branch.run(1, 2), 'verify-seal', 'beside')
    if (begun.kind !== 'new') throw new Error(begun.kind)
    await store.store({ ...begun, into: 'beside' })
    const [, beside] = store.branchesOf(short.key)
    if (beside === undefined) throw new Error('not there')
    const giveBeside = async (run: Run) => {
      const checked = store.check(run, 'verify-seal', beside)
      if (checked.kind !== 'new') throw new Error(checked.kind)
      await store.store({ ...checked, into: beside })
    }
    await give(store, short.run(3, 4))
    store.noteBreak()
    // The other one is ahead, so that it would fit by its numbers.
    for (const [own, first, last] of [
      [5, 3, 8],
      [7, 9, 11],
      [9, 12, 12]
    ] as const) {
      // prettier-ignore
      await give(store, short.run(own, own + 1))
      await giveBeside(branch.run(first, last))
    }
    expect(await textsOf(store, short, 1, 10)).toEqual(short.texts(1, 10))
    const lines: string[] = []
    for await (const some of store.readLines(short.key, 1, 12, beside))
      lines.push(...some.map(({ line }) => JSON.stringify(line)))
    expect(lines).toEqual(branch.texts(1, 12))
    expect(await transfer(store, short)).toEqual([[1, 10]])
    await store.verify(() => Promise.resolve())
  })
})

/** Three logs by turns, in two segments, some of it in long lines. */
async function mixed() {
  const logs = [1, 2, 3].map(
    (epoch) => new Author(epoch, 12, undefined, (seq) => 'x'.repeat(seq % 5 === epoch ? 30 * kib : 5))
  )
  const { disk, store, places, reads } = await storeAt([])
  const runs: { readonly author: Author; readonly run: Run }[] = []
  for (const first of [1, 3, 5, 7, 9, 11]) {
    if (first === 7) {
      disk.faults.isFull = true
      await expect(give(store, logs[0]?.run(7, 8) as Run)).rejects.toThrow('ENOSPC')
      disk.faults.isFull = false
    }
    for (const author of first % 4 === 1 ? logs : logs.toReversed()) {
      const run = author.run(first, first + 1)
      await give(store, run)
      runs.push({ author, run })
    }
  }
  const stored = runs.map((one, index) => ({ ...one, place: places[index] as Place }))
  return { disk, store, reads, logs, stored }
}

describe('places', () => {
  it('of a line are where its run begins', async () => {
    const { store, stored } = await mixed()
    expect(new Set(stored.map(({ place }) => place.segment)).size).toBe(2)
    for (const { author, run, place } of stored)
      for (const seq of [run.header.first, lastSeq(run.header)])
        expect(await store.placeOf(author.key, seq)).toMatchObject({ segment: place.segment, offset: place.offset })
  })

  it('tell how far a log stood when the journal ended there', async () => {
    const { store, stored, logs } = await mixed()
    const [limited] = logs
    for (const limit of [undefined, limited?.headAt(5)]) {
      store.limit((log) => (log.epoch === limited?.log.epoch ? limit : undefined))
      for (const author of logs)
        for (const end of [
          { segment: 1, offset: 0 },
          ...stored.flatMap(({ place }) => [place, positionAfter(place)])
        ]) {
          const before = stored.filter((one) => one.author === author && isBefore(one.place, end)).at(-1)
          const seq = before === undefined ? 0 : lastSeq(before.run.header)
          expect(await store.seqAt(author.key, end)).toBe(author === limited ? Math.min(seq, limit?.seq ?? seq) : seq)
        }
    }
  })

  it('are looked up without reading on to where the log goes on', async () => {
    const long = new Author(2, 24, undefined, 'x'.repeat(20 * kib))
    const { disk, store, places, reads } = await storeAt([short.run(1, 2), ...cut(long, 4)])
    disk.faults.isFull = true
    await expect(give(store, short.run(3, 4))).rejects.toThrow('ENOSPC')
    disk.faults.isFull = false
    await give(store, short.run(3, 4))
    expect(await store.seqAt(short.key, places[1] as Place)).toBe(2)
    expect(reads).toHaveLength(1)
  })

  it('are ordered by segment, then within it', () => {
    const at = (segment: number, offset: number): Position => ({ segment, offset })
    const inOrder = [at(1, 0), at(1, 7), at(2, 0), at(2, 5), at(3, 1)]
    for (const [a, left] of inOrder.entries())
      for (const [b, right] of inOrder.entries()) expect(isBefore(left, right)).toBe(a < b)
  })
})

describe('a journal read from its end', () => {
  async function stretches(store: LogStore, before?: Position) {
    const found: (readonly { readonly run: Run; readonly place: Place }[])[] = []
    for await (const stretch of store.stretchesBack(before)) found.push(stretch)
    return found
  }
  const flat = (found: Awaited<ReturnType<typeof stretches>>) =>
    found
      .toReversed()
      .flat()
      .map(({ run, place }) => [run.header.epoch, run.header.first, place])
  const bytesOf = (stretch: readonly { readonly place: Place }[]) =>
    stretch.reduce((sum, { place }) => sum + place.headerBytes + place.bodyBytes, 0)

  it('gives each run once, some at a time, the newest first', async () => {
    const { store, stored } = await mixed()
    const found = await stretches(store)
    const expected = stored.map(({ run, place }) => [run.header.epoch, run.header.first, place])
    expect(flat(found)).toEqual(expected)
    expect(found.length).toBeGreaterThan(6)
    for (const stretch of found) {
      expect(stretch.length).toBeGreaterThan(0)
      expect(bytesOf(stretch.slice(0, -1))).toBeLessThan(64 * kib)
    }
    for (const [index, { place }] of stored.entries())
      expect(flat(await stretches(store, place))).toEqual(expected.slice(0, index + 1))
    expect(flat(await stretches(store, { segment: 9, offset: 0 }))).toEqual(expected)
    expect(await stretches(store, { segment: 1, offset: 0 })).toEqual([])
  })

  it('leaves out what is of no use', async () => {
    const breaks: LogStore[] = []
    const { store } = await foundAt(
      [
        second.run(1, 2),
        short.run(4, 5), // Too early.
        third.run(3, 4), // Of a log that never begins.
        short.run(1, 3),
        short.run(4, 5),
        short.run(8, 9) // What is before it never comes.
      ],
      (found) => {
        found.noteBreak()
        breaks.push(found)
      }
    )
    expect(breaks).toHaveLength(3)
    expect(flat(await stretches(store)).map(([epoch, first]) => [epoch, first])).toEqual([
      [second.log.epoch, 1],
      [short.log.epoch, 1],
      [short.log.epoch, 4]
    ])
  })

  it('gives a run once that stands in two segments', async () => {
    const { disk, journal } = await makeStore()
    await journal.append(encodeRun(short.run(1, 3)))
    disk.faults.isFull = true
    await expect(journal.append(encodeRun(short.run(4, 5)))).rejects.toThrow('ENOSPC')
    disk.faults.isFull = false
    await journal.append(encodeRun(second.run(1, 2)))
    await journal.append(encodeRun(short.run(1, 3)))
    const store = await reopened(disk)
    expect(flat(await stretches(store)).map(([epoch, , place]) => [epoch, (place as Place).segment])).toEqual([
      [short.log.epoch, 1],
      [second.log.epoch, 2]
    ])
  })

  it('goes around damage that is known, and stops at any other', async () => {
    const { disk, store, places } = await storeAt([short.run(1, 2), second.run(1, 2), short.run(3, 4)])
    disk.alter(segmentOne, (bytes) => bytes.fill('x', places[1]?.offset, (places[1]?.offset ?? 0) + 20))
    await expect(stretches(store)).rejects.toThrow(DamageFound)
    const again = await reopened(disk, (found) => found.noteBreak())
    expect(again.hasBreaks).toBe(true)
    expect((await stretches(again)).map((stretch) => stretch.map(({ run }) => run.header.first))).toEqual([[3], [1]])
    disk.faults.onCall = (operation) => {
      if (operation === 'readPart') throw new Error('the disk went away')
    }
    await expect(stretches(again)).rejects.toThrow('the disk went away')
  })
})

describe('damage', () => {
  const alter = (disk: SimDisk, line: Buffer | undefined) =>
    disk.alter(segmentOne, (bytes) => bytes.write('z', bytes.lastIndexOf(line ?? '') + 40))

  it('is found by whoever reads what is damaged', async () => {
    const { disk, store } = await storeAt(cut(short, 3))
    alter(disk, short.lines[4])
    const found = `${short.key} at 1`
    await expect(store.readAfter(short.key, 0)).rejects.toThrow(new DamageFound(found))
    await expect(textsOf(store, short, 1, 12)).rejects.toThrow(new DamageFound(found))
    expect(await textsOf(store, short, 1, 3)).toEqual(short.texts(1, 3))
  })

  it('is found where all is read, and what stands twice or is of no use is none', async () => {
    const runs = [short.run(1, 3), short.run(1, 3), second.run(3, 4), short.run(4, 6), short.run(2, 3), short.run(7, 9)]
    const { disk, store } = await foundAt(runs, (found) => found.noteBreak())
    await store.verify(() => Promise.resolve())
    alter(disk, short.lines[7])
    await expect(store.verify(() => Promise.resolve())).rejects.toThrow(new DamageFound(`${short.key} at 7`))
  })

  it('is found when less is there than was stored', async () => {
    const { store } = await storeAt([short.run(1, 3)])
    const { store: longer } = await storeAt([short.run(1, 6)])
    const states = longer.state()
    const { journal } = await storeAt([short.run(1, 3)])
    expect(states).toHaveLength(1)
    await store.verify(() => Promise.resolve())
    const believing = new LogStore(mission, journal)
    expect(believing.restore(states, longer.coverage())).toBe(true)
    await expect(believing.verify(() => Promise.resolve())).rejects.toThrow(`${short.key} ends before 6`)
    await expect(believing.readAfter(short.key, 3)).rejects.toThrow(new DamageFound(`${short.key} after 3`))
  })

  it('is looked for half a mebibyte at a time', async () => {
    const author = new Author(1, 54, undefined, 'x'.repeat(50 * kib))
    const { store } = await storeAt(cut(author, 2))
    let pauses = 0
    await store.verify(() => {
      pauses++
      return Promise.resolve()
    })
    // After each sixth run of some 100 KiB; the first one is shorter.
    expect(pauses).toBe(4)
  })
})
