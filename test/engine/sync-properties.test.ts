/** What two nodes lack of each other: after it was sent nothing is missing, and nothing is sent twice. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeId } from '@shared/model.js'
import { raise, spreadHeads, type Extent } from '../../src/main/engine/logs/extent.js'
import type { HeldLog } from '../../src/main/engine/logs/log-store.js'
import { logKey, type Head, type LogKey } from '../../src/main/engine/logs/run.js'
import { countLacks, firstMissing, hasMore } from '../../src/main/engine/replication/sync.js'

const longest = 5
const authors = ['a', 'b'].map((digit) => digit.repeat(64) as NodeId)
const epochs = [0, 1, 2].map((digit) => String(digit).repeat(32))

function headOf(author: number, log: number, seq: number): Head {
  return { author: authors[author] ?? authors[0]!, epoch: epochs[log] ?? '', seq, hash: String(seq).repeat(64) }
}

/** Three logs of each author; each continues the one before it from where that ended. */
const ends = fc.array(fc.integer({ min: 1, max: longest }), { minLength: 6, maxLength: 6 })
/** Of each author as much as somebody holds: whole logs, then a part of the next one. */
const amounts = fc.tuple(fc.nat(3 * longest), fc.nat(3 * longest))

/** A node's logs, predecessors first. */
function held(endOf: readonly number[], amount: readonly number[]): readonly HeldLog[] {
  return authors.flatMap((_, author) => {
    let left = amount[author] ?? 0
    const logs: HeldLog[] = []
    for (let log = 0; log < 3 && left > 0; log++) {
      const end = endOf[author * 3 + log] ?? 1
      const { seq, hash, ...id } = headOf(author, log, Math.min(left, end))
      const after = log === 0 ? {} : { after: headOf(author, log - 1, endOf[author * 3 + log - 1] ?? 1) }
      logs.push({
        id,
        start: { key: Buffer.alloc(32), callsign: '', ...after },
        head: { seq, hash: Buffer.from(hash, 'hex') }
      })
      left -= end
    }
    return logs
  })
}

/** As a log store gives them: without what a successor covers. */
function headsOf(logs: readonly HeldLog[]): readonly Head[] {
  const covered = new Set(logs.flatMap(({ start }) => (start.after === undefined ? [] : [logKey(start.after)])))
  return logs
    .filter(({ id }) => !covered.has(logKey(id)))
    .map(({ id, head }) => ({ ...id, seq: head.seq, hash: head.hash.toString('hex') }))
}

function extentOf(logs: readonly HeldLog[]): Extent {
  return new Map(logs.map(({ id, head }) => [logKey(id), head.seq]))
}

function lookup(logs: readonly HeldLog[]) {
  const found = new Map(logs.map((log) => [logKey(log.id), log]))
  return (key: LogKey) => found.get(key)
}

describe('two nodes', () => {
  it('know from heads what the other holds, as far as they know its logs', () => {
    fc.assert(
      fc.property(ends, amounts, amounts, (endOf, mine, theirs) => {
        const [ours, others] = [held(endOf, mine), held(endOf, theirs)]
        const extent = spreadHeads(headsOf(others), lookup(ours))
        const really = extentOf(others)
        // Never more than is true, and of every log that is known here all of it.
        for (const [key, seq] of extent) expect(really.get(key)).toBe(seq)
        for (const log of ours) {
          const key = logKey(log.id)
          const isTold = extent.has(key) || !really.has(key)
          const last = others.findLast(({ id }) => id.author === log.id.author)
          if (last !== undefined && lookup(ours)(logKey(last.id)) !== undefined) expect(isTold).toBe(true)
        }
        expect(spreadHeads(headsOf(ours), lookup(ours))).toEqual(extentOf(ours))
      })
    )
  })

  it('lack nothing after what is missing was sent, and each stretch is sent once', () => {
    fc.assert(
      fc.property(ends, amounts, amounts, fc.integer({ min: 1, max: longest }), (endOf, mine, theirs, pace) => {
        const [ours, others] = [held(endOf, mine), held(endOf, theirs)]
        const extent = extentOf(others)
        const before = countLacks(ours, extent)
        let sent = 0
        for (let next = firstMissing(ours, extent); next !== undefined; next = firstMissing(ours, extent)) {
          const log = lookup(ours)(next.key)
          const known = extent.get(next.key) ?? 0
          expect(next.after).toBe(known)
          // A predecessor goes before the log that continues it.
          const after = log?.start.after
          if (after !== undefined) expect(extent.get(logKey(after)) ?? 0).toBeGreaterThanOrEqual(after.seq)
          const upTo = Math.min(log?.head.seq ?? 0, next.after + pace)
          expect(upTo).toBeGreaterThan(next.after)
          raise(extent, next.key, upTo)
          sent += upTo - next.after
        }
        expect(sent).toBe(before.they)
        expect(countLacks(ours, extent)).toEqual({ ...before, they: 0 })
        // The same again is nothing new.
        const again = new Map(extent)
        for (const { id, head } of ours) raise(again, logKey(id), head.seq)
        expect(again).toEqual(extent)
        expect(firstMissing(ours, again)).toBeUndefined()
      })
    )
  })

  it('lack of each other what the other counts', () => {
    fc.assert(
      fc.property(ends, amounts, amounts, (endOf, mine, theirs) => {
        const [ours, others] = [held(endOf, mine), held(endOf, theirs)]
        const [here, there] = [countLacks(ours, extentOf(others)), countLacks(others, extentOf(ours))]
        expect(here).toEqual({ they: there.we, we: there.they })
        expect(hasMore(extentOf(others), lookup(ours))).toBe(here.we > 0)
        expect(firstMissing(ours, extentOf(others)) === undefined).toBe(here.they === 0)
        expect(countLacks(ours, extentOf(ours))).toEqual({ they: 0, we: 0 })
      })
    )
  })
})

describe('an extent', () => {
  it('only grows', () => {
    const key = logKey(headOf(0, 0, 1))
    const extent: Extent = new Map()
    for (const seq of [2, 1, 2, 3]) raise(extent, key, seq)
    expect([...extent]).toEqual([[key, 3]])
    raise(extent, key, 0)
    expect(extent.get(key)).toBe(3)
  })

  it('keeps what a head says of a log beyond what a successor continues', () => {
    const [first, second] = [headOf(0, 0, 5), headOf(0, 1, 1)]
    const after = headOf(0, 0, 3)
    const log: HeldLog = {
      id: { author: second.author, epoch: second.epoch },
      start: { key: Buffer.alloc(32), callsign: '', after },
      head: { seq: 1, hash: Buffer.alloc(32) }
    }
    for (const heads of [
      [first, second],
      [second, first]
    ])
      expect(Object.fromEntries(spreadHeads(heads, lookup([log])))).toEqual({ [logKey(first)]: 5, [logKey(second)]: 1 })
  })

  it('takes the word of a log itself over what a later one says of it: of a forked log less may count', () => {
    const [first, second] = [headOf(0, 0, 2), headOf(0, 1, 1)]
    const log: HeldLog = {
      id: { author: second.author, epoch: second.epoch },
      start: { key: Buffer.alloc(32), callsign: '', after: headOf(0, 0, 5) },
      head: { seq: 1, hash: Buffer.alloc(32) }
    }
    for (const heads of [
      [first, second],
      [second, first]
    ])
      expect(spreadHeads(heads, lookup([log])).get(logKey(first))).toBe(2)
  })
})
