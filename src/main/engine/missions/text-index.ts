/**
 * The current texts of a mission in one block of bytes, so that a word is found by scanning them: 10 MB take some
 * milliseconds. Made from the journal in slices when somebody searches, kept up with what comes, and gone with the fold
 * that says which values are current.
 */
import type { Json } from '@shared/model.js'
import type { LogLine, LogStore } from '../logs/log-store.js'
import { logKey, type LogKey } from '../logs/run.js'
import type { Clock } from '../runtime/clock.js'
import { parseChange } from './change.js'
import type { Fold } from './fold.js'
import { Numbers } from './numbers.js'
import { plainText } from './plain-text.js'

/** Columns of the records: one for each current text. */
const T = { start: 0, entity: 1, next: 2, log: 3, seq: 4, field: 5, width: 6 } as const
const none = 0xffff_ffff
const breatheAfterMs = 8
/** Between two texts, in none of them: a word cannot match across. */
const gap = 0
const wornBytes = 1024 * 1024
/** XML of events, for machines. */
const unsearched = new Set(['detail'])

/** Where a found text stands. */
export interface TextPlace {
  readonly key: LogKey
  readonly seq: number
  readonly field: string
}

export class TextIndex {
  readonly #fold: Fold
  readonly #logs: LogStore
  #bytes = Buffer.alloc(64 * 1024)
  #length = 0
  #records = new Numbers(Uint32Array)
  /** The first record of each entity, by its number; more through `next`. */
  #first = new Numbers(Uint32Array)
  readonly #keys: LogKey[] = []
  readonly #keyIndex = new Map<LogKey, number>()
  readonly #fields: string[] = []
  readonly #fieldIndex = new Map<string, number>()
  readonly #indexed = new Map<LogKey, number>()
  /** Bytes of texts that are not current any more. */
  #dead = 0
  #working: Promise<void> | undefined

  constructor(fold: Fold, logs: LogStore) {
    this.#fold = fold
    this.#logs = logs
  }

  /** Lines that are folded, and how many of them are in here. */
  get progress(): { readonly done: number; readonly total: number } {
    let done = 0
    let total = 0
    for (const key of this.#fold.logs()) {
      done += this.#indexed.get(key) ?? 0
      total += this.#fold.foldedTo(key)
    }
    return { done, total }
  }

  get bytes(): number {
    return this.#length
  }

  /** Half of it is of no use any more: a new one would be smaller. */
  get isWornOut(): boolean {
    return this.#dead > Math.max(wornBytes, this.#length / 2)
  }

  /** Takes in what is folded and not in here; one at a time. */
  async catchUp(clock: Clock): Promise<void> {
    for (let left = this.#left; left > 0; left = this.#left) {
      this.#working ??= this.#catchUp(clock).finally(() => {
        this.#working = undefined
      })
      await this.#working
      if (this.#left >= left) return
    }
  }

  get #left(): number {
    const { done, total } = this.progress
    return total - done
  }

  async #catchUp(clock: Clock): Promise<void> {
    let since = clock.monotonic()
    for (const key of this.#fold.logs()) {
      const to = this.#fold.foldedTo(key)
      for await (const lines of this.#logs.readLines(key, (this.#indexed.get(key) ?? 0) + 1, to)) {
        for (const line of lines) {
          this.#take(line)
          if (clock.monotonic() - since < breatheAfterMs) continue
          await new Promise((resume) => setImmediate(resume))
          since = clock.monotonic()
        }
      }
    }
  }

  /** Entities in which every word is found, by their numbers: 1 for those. */
  find(words: readonly string[]): Uint8Array {
    // The longest first: it is likely the rarest, and the others are looked for only where those before were found.
    const [first, ...others] = [...words].sort((a, b) => b.length - a.length)
    if (first === undefined) return new Uint8Array()
    return others.reduce((found, word) => this.#findWord(word, found), this.#findWord(first))
  }

  /** Where the text of an entity stands that has the most of these words. */
  placeIn(entity: number, words: readonly string[]): TextPlace | undefined {
    let best: { record: number; count: number } | undefined
    for (let record = this.#firstOf(entity); record !== none; record = this.#get(record, T.next)) {
      const text = this.#bytes.subarray(this.#get(record, T.start), this.#endOf(record))
      const count = words.filter((word) => text.includes(word)).length
      if (count > (best?.count ?? 0)) best = { record, count }
    }
    if (best === undefined) return undefined
    const { record } = best
    const key = this.#keys[this.#get(record, T.log)]
    if (key === undefined) throw new Error('a text of a log that nobody read')
    return { key, seq: this.#get(record, T.seq), field: this.#fields[this.#get(record, T.field)] ?? '' }
  }

  #findWord(word: string, within?: Uint8Array): Uint8Array {
    const found = new Uint8Array(this.#fold.size)
    const needle = Buffer.from(word)
    const bytes = this.#bytes.subarray(0, this.#length)
    const count = this.#records.length / T.width
    const isLeftOut = (record: number): boolean => within !== undefined && within[this.#get(record, T.entity)] !== 1
    // Once in a text is enough.
    for (let record = 0; record < count; record++) {
      if (isLeftOut(record)) continue
      const at = bytes.indexOf(needle, this.#get(record, T.start))
      if (at < 0) break
      record = this.#recordAt(at, record, count)
      if (!isLeftOut(record)) found[this.#get(record, T.entity)] = 1
    }
    return found
  }

  /** The record that holds a place; not before `low`. */
  #recordAt(at: number, low: number, count: number): number {
    // Mostly it is near, when there are many; else by halves.
    let step = 1
    let high = low + 1
    while (high < count && this.#get(high, T.start) <= at) {
      low = high
      high += step
      step *= 2
    }
    high = Math.min(high, count)
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#get(middle, T.start) <= at) low = middle
      else high = middle
    }
    return low
  }

  #take({ log, seq, line }: LogLine): void {
    const key = logKey(log)
    this.#indexed.set(key, seq)
    const change = parseChange(line)
    if (change.kind !== 'set') return
    const entity = this.#fold.numberOf(change.entity)
    if (entity === undefined) return
    const field = indexOf(this.#fields, this.#fieldIndex, change.field)
    for (let record = this.#firstOf(entity); record !== none; record = this.#get(record, T.next))
      if (this.#get(record, T.field) === field && !this.#isCurrent(record)) this.#blank(record)
    const text = unsearched.has(change.field) ? '' : searchedText(change.value)
    if (text === '' || !this.#fold.isCurrent(entity, change.field, key, seq)) return
    this.#add(entity, field, indexOf(this.#keys, this.#keyIndex, key), seq, Buffer.from(plainText(text)))
  }

  #add(entity: number, field: number, log: number, seq: number, text: Buffer): void {
    const end = this.#length + text.length + 1
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.ceil(end * 1.5))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    const record = this.#records.length / T.width
    this.#records.grow(T.width)
    const values = [this.#length, entity, this.#firstOf(entity), log, seq, field]
    for (const [column, value] of values.entries()) this.#records.set(record * T.width + column, value)
    text.copy(this.#bytes, this.#length)
    this.#bytes[end - 1] = gap
    this.#length = end
    // 0 stands for none, so that a list that grows needs no filling.
    if (this.#first.length <= entity) this.#first.grow(entity + 1 - this.#first.length)
    this.#first.set(entity, record + 1)
  }

  #isCurrent(record: number): boolean {
    const key = this.#keys[this.#get(record, T.log)]
    const field = this.#fields[this.#get(record, T.field)]
    if (key === undefined || field === undefined) return false
    return this.#fold.isCurrent(this.#get(record, T.entity), field, key, this.#get(record, T.seq))
  }

  #blank(record: number): void {
    const [from, to] = [this.#get(record, T.start), this.#endOf(record)]
    if (this.#bytes[from] === gap) return
    this.#bytes.fill(gap, from, to)
    this.#dead += to - from
  }

  #get(record: number, column: number): number {
    return this.#records.get(record * T.width + column)
  }

  #endOf(record: number): number {
    return (record + 1) * T.width < this.#records.length ? this.#get(record + 1, T.start) : this.#length
  }

  #firstOf(entity: number): number {
    const first = entity < this.#first.length ? this.#first.get(entity) : 0
    return first === 0 ? none : first - 1
  }
}

function indexOf<Word extends string>(words: Word[], index: Map<Word, number>, word: Word): number {
  const known = index.get(word)
  if (known !== undefined) return known
  index.set(word, words.length)
  return words.push(word) - 1
}

/** Texts, and texts in lists such as keywords; numbers and the like are not searched. */
export function searchedText(value: Json): string {
  if (typeof value === 'string') return value.replaceAll('\0', ' ')
  if (Array.isArray(value))
    return value
      .filter((one) => typeof one === 'string')
      .join('\n')
      .replaceAll('\0', ' ')
  return ''
}
