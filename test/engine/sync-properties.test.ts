/** What two nodes lack of each other (docs/protocol/sync.md): after it was sent nothing is missing, and nothing is sent twice. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { raise, spreadHeads } from '../../src/main/engine/logs/extent.js'
import type { HeldLog } from '../../src/main/engine/logs/log-store.js'
import { logKey, type Head } from '../../src/main/engine/logs/run.js'
import {
  countLacks,
  countOf,
  firstMissing,
  hasMore,
  missingFrom,
  pageOf,
  type Stretch
} from '../../src/main/engine/replication/sync.js'
import { authors, extentOf, headOf, heldLog, lookup } from '../support/held-logs.js'

const longest = 5

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
      const after = log === 0 ? undefined : headOf(author, log - 1, endOf[author * 3 + log - 1] ?? 1)
      logs.push(heldLog(headOf(author, log, Math.min(left, end)), after))
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

  it('lack the stretches that are listed, each once and in the order in which the logs are sent', () => {
    fc.assert(
      fc.property(ends, amounts, amounts, (endOf, mine, theirs) => {
        const [ours, others] = [held(endOf, mine), held(endOf, theirs)]
        const extent = extentOf(others)
        const listed = missingFrom(ours, extent)
        expect(countOf(listed)).toBe(countLacks(ours, extent).they)
        for (const { key, from, to } of listed) {
          // What is sent next is what is listed next, and it goes on where the other stands.
          expect(firstMissing(ours, extent)).toEqual({ key, after: from - 1 })
          raise(extent, key, to)
        }
        expect(missingFrom(ours, extent)).toEqual([])
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

describe('a page of what is lacked', () => {
  const stretch = fc
    .tuple(fc.nat(1), fc.nat(2), fc.integer({ min: 1, max: longest }), fc.nat(longest))
    .map(([author, log, from, more]): Stretch => ({ key: logKey(headOf(author, log, from)), from, to: from + more }))

  /** Every change of these stretches by log and number, as they are listed. */
  function changesOf(stretches: readonly Stretch[]): readonly string[] {
    return stretches.flatMap(({ key, from, to }) =>
      Array.from({ length: to - from + 1 }, (_, index) => `${key} ${String(from + index)}`)
    )
  }

  it('has the asked number of changes after the skipped ones, counted from the last', () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 5 }), fc.nat(30), fc.nat(30), (stretches, offset, limit) => {
        const page = pageOf(stretches, offset, limit)
        const newestFirst = changesOf(stretches).toReversed()
        expect(changesOf(page.toReversed()).toReversed()).toEqual(newestFirst.slice(offset, offset + limit))
        // No read of nothing.
        for (const { from, to } of page) expect(to).toBeGreaterThanOrEqual(from)
        expect(countOf(page)).toBe(Math.max(0, Math.min(limit, countOf(stretches) - offset)))
      })
    )
  })
})
