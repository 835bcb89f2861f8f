/** Logs as their authors write them, and stores on a simulated disk that take them. */
import { expect } from 'vitest'
import type { MissionId, NodeId } from '@shared/model.js'
import { ok } from '@shared/result.js'
import { encodeLine } from '../../src/main/engine/bytes/line.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import { privateKeyFromSeed, rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { Journal, type Place } from '../../src/main/engine/logs/journal.js'
import { LogStore } from '../../src/main/engine/logs/log-store.js'
import {
  chainNext,
  chainStart,
  logKey,
  sealRun,
  type Head,
  type LogId,
  type Run
} from '../../src/main/engine/logs/run.js'
import { startLine } from '../../src/main/engine/logs/start-line.js'
import { setLine } from '../../src/main/engine/missions/change.js'
import type { Disk } from '../../src/main/engine/storage/disk.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'

export const mission = 'ab'.repeat(32) as MissionId
const header = { muster: 'mission', version: 1 }

export function signingKey(seed: number) {
  return privateKeyFromSeed(Buffer.alloc(32, seed))
}

/** A log of so many lines, its start line included; seals any stretch of it. */
export class Author {
  readonly log: LogId
  readonly lines: readonly Buffer[]
  readonly hashes: readonly Buffer[]
  readonly #key

  /** @param text of its entries, or what it is at a number. */
  constructor(
    epoch: number,
    length: number,
    after?: Head,
    text: string | ((seq: number) => string) = 'a',
    key = signingKey(1)
  ) {
    this.#key = key
    this.log = { author: nodeIdOf(rawPublicKey(key)), epoch: String(epoch).repeat(32) }
    const first = startLine(1, rawPublicKey(key), 'A', after)
    const others = Array.from({ length: length - 1 }, (_, index) =>
      setLine(1, `log/${String(index)}`, 'text', typeof text === 'string' ? text : text(index + 2), [])
    )
    this.lines = [first, ...others].map(encodeLine)
    const hashes = [chainStart(mission, this.log)]
    for (const line of this.lines) hashes.push(chainNext(hashes.at(-1) ?? Buffer.alloc(32), line))
    this.hashes = hashes
  }

  get id(): NodeId {
    return this.log.author
  }

  get key() {
    return logKey(this.log)
  }

  get head(): Head {
    return this.headAt(this.lines.length)
  }

  headAt(seq: number): Head {
    return { ...this.log, seq, hash: this.hashes[seq]?.toString('hex') ?? '' }
  }

  /** Lines from the first to the last, both included. */
  run(first: number, last: number, signer = this.#key): Run {
    return sealRun(
      mission,
      this.log,
      first,
      this.lines.slice(first - 1, last),
      this.hashes[last] ?? Buffer.alloc(32),
      signer
    )
  }

  /** As they stand in the log, from one number to another, both included. */
  texts(from: number, to: number): readonly string[] {
    return this.lines.slice(from - 1, to).map(String)
  }
}

export async function makeStore(
  disk = new SimDisk(seededRandom(1)),
  onStored?: (place: Place) => void,
  seen: Disk = disk
) {
  const journal = new Journal(seen, 'log')
  await journal.create(header)
  return { disk, journal, store: new LogStore(mission, journal, onStored) }
}

/** What a later start finds in the journal. @param onBreak damage, or a run without the one before it; left out: there is none. */
export async function reopened(
  disk: SimDisk,
  onBreak: (store: LogStore) => void = () => expect.unreachable('a break')
): Promise<LogStore> {
  const journal = new Journal(disk, 'log')
  const store = new LogStore(mission, journal)
  const opened = await journal.open({
    onHeader: () => ok(null),
    onRun: (stored) => {
      const lines = store.load(stored)
      if (lines === 'unusable') onBreak(store)
      return lines !== 'damaged'
    },
    onDamage: () => onBreak(store)
  })
  expect(opened.ok).toBe(true)
  return store
}

/** As a peer gives it. */
export async function give(store: LogStore, run: Run) {
  const checked = store.check(run)
  if (checked.kind === 'new') await store.store(checked)
  return checked
}
