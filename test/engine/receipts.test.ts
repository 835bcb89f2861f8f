import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { bounds } from '../../src/main/engine/limits.js'
import { Journal } from '../../src/main/engine/logs/journal.js'
import { LogStore } from '../../src/main/engine/logs/log-store.js'
import { ReceiptBook, type Signed } from '../../src/main/engine/receipts/receipt-book.js'
import { signReceipt, verifyReceipt, type Receipt } from '../../src/main/engine/receipts/receipt.js'
import { countOf, pageOf, type Stretch } from '../../src/main/engine/replication/sync.js'
import type { LogKey } from '../../src/main/engine/logs/run.js'
import { HostileLog, makeIdentity, setLine } from '../hostile/hostile-peer.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

const mission = '17'.repeat(32) as MissionId
const store = 'aa'.repeat(32)
const otherStore = 'bb'.repeat(32)

let own: Identity
let peer: Identity
let stranger: Identity
beforeAll(async () => {
  own = await makeIdentity()
  peer = await makeIdentity()
  stranger = await makeIdentity()
})

let time: VirtualTime
let disk: SimDisk
let held: Signed
let log: HostileLog
let saved: string[]
let book: ReceiptBook

function grow(): void {
  const run = log.seq === 0 ? log.begin(setLine('log/1', 'text', 'one')) : log.run(setLine('log/1', 'text', 'more'))
  const place = { segment: 1, offset: 100 * log.seq, headerBytes: 1, bodyBytes: 1 }
  if (typeof held.logs.load({ run, place }) === 'string') throw new Error('it fits')
  book.noteState(held)
}

const open = (missions: readonly Signed[]) =>
  ReceiptBook.open(
    {
      disk: disk.alive(),
      clock: time.clock({ offsetMs: 0 }),
      identity: own,
      storeId: () => store,
      onSaved: (found) => saved.push(found?.code ?? 'good')
    },
    missions
  )
const digest = () => held.logs.digest()
const receipt = (more: Partial<Receipt> = {}, signer = peer) =>
  signReceipt({ mission, digest: digest(), store, at: 100, ...more }, signer.signingKey)
const take = (one: Receipt, from = peer) => book.take(from.nodeId, from.publicKey, one)
const newest = () => book.of(mission).get(peer.nodeId)

beforeEach(async () => {
  time = new VirtualTime()
  disk = new SimDisk(seededRandom(1), time)
  held = { id: mission, logs: new LogStore(mission, new Journal(disk, 'log')) }
  log = new HostileLog(mission, own)
  saved = []
  book = await time.during(open([held]))
  book.heardStore(peer.nodeId, store)
  grow()
})

describe('a receipt', () => {
  it('holds for its signer, and for nothing else than what was signed', () => {
    const good = receipt()
    expect(verifyReceipt(good, peer.signingKey)).toBe(true)
    for (const altered of [
      { ...good, mission: '18'.repeat(32) as MissionId },
      { ...good, digest: '18'.repeat(32) },
      { ...good, store: otherStore },
      { ...good, at: 101 },
      { ...good, signature: Buffer.alloc(64).toString('base64url') }
    ])
      expect(verifyReceipt(altered, peer.signingKey)).toBe(false)
    expect(verifyReceipt(good, stranger.signingKey)).toBe(false)
  })

  it('is kept when it speaks of a state that was ours, also one that has passed', () => {
    const earlier = receipt()
    grow()
    expect(take(earlier)).toBe('kept')
    expect(newest()?.digest).not.toBe(digest())
    expect(take(receipt())).toBe('kept')
    expect(newest()?.digest).toBe(digest())
  })

  it('is refused when it was signed by somebody else, or altered', () => {
    expect(take(receipt({}, stranger))).toBe('forged')
    expect(take({ ...receipt(), at: 99 })).toBe('forged')
    expect(take({ ...receipt(), signature: receipt({ at: 99 }).signature })).toBe('forged')
    expect(newest()).toBeUndefined()
  })

  it('is refused when it speaks of a mission or a state that was never ours', () => {
    expect(take(receipt({ mission: '18'.repeat(32) as MissionId }))).toBe('foreign')
    expect(take(receipt({ digest: '18'.repeat(32) }))).toBe('foreign')
  })

  it('is refused when it says no more than a newer one', () => {
    const first = receipt()
    const second = receipt({ at: 200 })
    expect(take(second)).toBe('kept')
    expect(take(second)).toBe('replayed')
    expect(take(first)).toBe('replayed')
    grow()
    // A clock that was set back: what it holds counts, not what time it says.
    expect(take(receipt({ at: 50 }))).toBe('kept')
    expect(take(second)).toBe('replayed')
    expect(newest()?.at).toBe(50)
  })

  it('is void once its signer speaks from another copy of its data', () => {
    expect(take(receipt())).toBe('kept')
    expect(book.heardStore(peer.nodeId, store)).toBe(false)
    expect(book.heardStore(peer.nodeId, otherStore)).toBe(true)
    expect(newest()).toBeUndefined()
    expect(take(receipt({ at: 300 }))).toBe('void')
    expect(take(receipt({ store: otherStore }))).toBe('kept')
    // Nobody else's are touched.
    expect(book.heardStore(stranger.nodeId, store)).toBe(false)
    expect(newest()).toBeDefined()
  })
})

describe('the book of receipts', () => {
  it('is the same after a crash, but for what is void', async () => {
    take(receipt())
    const before = newest()
    await time.run(bounds.receiptEveryMs + 1_000)
    disk.crash()
    expect(saved).not.toContain('disk-failed')
    book = await time.during(open([held]))
    expect(newest()).toEqual(before)
    expect(newest()?.state.extent).toEqual(new Map([[`${own.nodeId}.${log.log.epoch}`, 2]]))
    const file = `receipts/${mission}.json`
    const written = disk.copy().get(file) ?? Buffer.alloc(0)
    book.heardStore(peer.nodeId, otherStore)
    await time.run(bounds.receiptEveryMs + 1_000)
    // The power went between the two files.
    await time.during(disk.alive().replace(file, written))
    disk.crash()
    book = await time.during(open([held]))
    expect(newest()).toBeUndefined()
    expect(take(receipt())).toBe('void')
  })

  it('moves aside what is damaged, says so, and begins anew', async () => {
    take(receipt())
    await time.during(book.close())
    disk.alter(`receipts/${mission}.json`, (bytes) => bytes.write('X', bytes.indexOf(digest())))
    saved = []
    book = await time.during(open([held]))
    expect(newest()).toBeUndefined()
    expect(saved).toEqual(['file-damaged'])
    expect(disk.paths()).toContain(`damaged/receipts.${mission}.json.1`)
    book.noteState(held)
    expect(take(receipt())).toBe('kept')
  })

  it('writes again what the disk did not take', async () => {
    disk.faults.capacity = 0
    take(receipt())
    await time.run(bounds.receiptEveryMs + 1_000)
    expect(saved).toContain('disk-full')
    disk.faults.capacity = Infinity
    grow()
    take(receipt())
    await time.run(bounds.receiptEveryMs + 1_000)
    expect(saved.at(-1)).toBe('good')
    book = await time.during(open([held]))
    expect(newest()?.digest).toBe(digest())
  })

  it('keeps so many states and receipts, the newest', async () => {
    const oldest = receipt()
    take(oldest)
    for (let count = 0; count < 3 * bounds.receiptStates; count++) grow()
    expect(newest()?.digest, 'a state that a receipt names stays').toBe(oldest.digest)
    for (let count = 0; count < bounds.receiptStates + 5; count++) {
      const other = await makeIdentity({ tls: peer.tls })
      book.heardStore(other.nodeId, store)
      expect(book.take(other.nodeId, other.publicKey, receipt({}, other))).toBe('kept')
      grow()
    }
    expect(book.of(mission).size).toBeLessThanOrEqual(bounds.receiptStates)
    expect(newest(), 'the oldest of all').toBeUndefined()
  })

  it('forgets a peer that is taken off the list', () => {
    take(receipt())
    book.forget(peer.nodeId)
    expect(newest()).toBeUndefined()
    expect(take(receipt())).toBe('void')
  })
})

describe('pages of what somebody lacks', () => {
  const stretches = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 9 }), from: fc.integer({ min: 1, max: 50 }) }),
    { maxLength: 8 }
  )

  it('together are all of it, once, the newest of each log first', () => {
    fc.assert(
      fc.property(stretches, fc.integer({ min: 1, max: 7 }), (drawn, limit) => {
        const all: Stretch[] = drawn.map(({ length, from }, index) => ({
          ...{ key: String(index) as LogKey, from, to: from + length - 1 }
        }))
        const listed = (some: readonly Stretch[]) =>
          some.flatMap(({ key, from, to }) =>
            Array.from({ length: to - from + 1 }, (_, index) => `${key}:${String(to - index)}`)
          )
        const paged: string[] = []
        for (let offset = 0; offset < countOf(all); offset += limit) {
          const page = pageOf(all, offset, limit)
          expect(countOf(page)).toBe(Math.min(limit, countOf(all) - offset))
          paged.push(...listed(page))
        }
        expect(paged).toEqual(listed([...all].reverse()))
        expect(pageOf(all, countOf(all), limit)).toEqual([])
      })
    )
  })
})
