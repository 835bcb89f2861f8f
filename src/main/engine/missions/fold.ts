/**
 * View = fold(set of changes): the same set gives the same view in every order (docs/protocol/missions.md). A field is a
 * multi-value register: a value is current until a write names it as seen. Only lines that count are given, each once
 * and those of one log in their order; who counts is decided elsewhere (permissions.ts).
 *
 * What is kept is where values are, not the values: an entity with one field costs some 150 bytes, so that a mission of
 * a million changes can be open on a small laptop. Values are read from the journal when somebody looks.
 */
import type { ChangeName, Json, NodeId } from '@shared/model.js'
import { sha256 } from '../bytes/hash.js'
import { nameOfLine, type LogLine } from '../logs/log-store.js'
import { logKey, parseChangeName, type LogId, type LogKey } from '../logs/run.js'
import { deletedField, deletionAskedField, parseChange, type SetChange } from './change.js'
import { Numbers } from './numbers.js'

/** One change, by where it stands. */
export interface Ref {
  readonly log: LogId
  readonly seq: number
  readonly name: ChangeName
}

export interface EntityIndex {
  readonly entity: string
  /** The earliest claim among its writes, ties by name: the same on every node. */
  readonly created: { readonly at: number; readonly ref: Ref }
  readonly deleted: boolean
  /** Current values, in the order of their names; more than one content is a conflict. */
  readonly fields: readonly { readonly field: string; readonly values: readonly Ref[] }[]
}

export interface EntityList {
  readonly length: number
  /** See `numberOf`. */
  numberAt(index: number): number | undefined
  at(index: number): EntityIndex | undefined
}

/** What is always on screen, kept while the fold itself sleeps. */
export interface FoldSummary {
  /** Grows with every line. */
  readonly version: number
  readonly lastChangeAt: number
  readonly conflicts: number
  /** Entities that are not deleted, by type. */
  readonly counts: Readonly<Record<string, number>>
  readonly unknownKinds: Readonly<Record<string, number>>
  /** Current values of what names and describes the mission. */
  readonly texts: readonly Text[]
}

export interface Text {
  readonly field: string
  readonly name: ChangeName
  readonly at: number
  readonly value: Json
}

/** Where a change stands, and what its name ends with. */
interface Place {
  readonly log: number
  readonly seq: number
  /** The first 8 bytes of the chain hash, as two numbers. */
  readonly hash: readonly [number, number]
}

interface Value extends Place {
  readonly content: Content
}

/** Equal for equal contents; see `contentOf`. */
type Content = readonly [number, number]

/** A register with anything but exactly one current value. */
interface Several {
  /** In the order of their names. */
  readonly values: Value[]
  /** Names that a write has replaced before they came. */
  readonly replaced: Set<ChangeName> | undefined
}

const none = 0xffff_ffff
const several = 0xffff_fffe
/** Columns of the two tables. */
const E = { type: 0, register: 1, log: 2, seq: 3, hash: 4, deleted: 6, width: 7 } as const
const R = { entity: 0, field: 1, next: 2, log: 3, seq: 4, hash: 5, content: 7, width: 9 } as const
const textFields = ['name', 'description']

export class Fold {
  readonly #seed: readonly [number, number]
  #logs: { readonly id: LogId; folded: number }[] = []
  #logIndex = new Map<LogKey, number>()
  #names: string[] = []
  #nameIndex = new Map<string, number>()
  #words: string[] = []
  #wordIndex = new Map<string, number>()
  #entities = new Numbers(Uint32Array)
  #createdAt = new Numbers(Float64Array)
  /** The version that last wrote to each entity; of a fold that was loaded, the version it had then. Not saved. */
  #touched = new Numbers(Float64Array)
  #registers = new Numbers(Uint32Array)
  #several = new Map<number, Several>()
  #conflicts = new Set<number>()
  #counts = new Map<string, number>()
  #unknownKinds = new Map<string, number>()
  #texts = new Map<ChangeName, Text>()
  #lastChangeAt: number
  #version: number
  readonly #sorted = new Map<string, Sorted>()
  readonly #isTrue: Content
  /** Whose deletions are requests, as long as this fold is. */
  readonly askers: readonly NodeId[]
  readonly #askers: ReadonlySet<NodeId>

  /**
   * @param seed 8 random bytes, secret: equal contents are told by a short keyed hash, and nobody may find two contents
   * for one.
   */
  constructor(seed: Uint8Array, createdAt: number, version = 0, askers: readonly NodeId[] = []) {
    this.askers = askers
    this.#askers = new Set(askers)
    const view = Buffer.from(seed)
    this.#seed = [view.readUInt32LE(0), view.readUInt32LE(4)]
    this.#isTrue = this.#contentOf(true)
    this.#lastChangeAt = createdAt
    this.#version = version
  }

  /** How far a log is folded. */
  foldedTo(key: LogKey): number {
    const index = this.#logIndex.get(key)
    return index === undefined ? 0 : (this.#logs[index]?.folded ?? 0)
  }

  /** All logs of which something is folded. */
  logs(): IterableIterator<LogKey> {
    return this.#logIndex.keys()
  }

  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#names.length
  }

  apply(line: LogLine): void {
    const index = this.#logOf(line.log)
    const log = this.#logs[index]
    if (log === undefined || line.seq !== log.folded + 1) throw new Error('a line is folded once and in its turn')
    log.folded = line.seq
    this.#version++
    const change = parseChange(line.line)
    if (change.kind === 'set') this.#set(index, line, change)
    else if (change.kind === 'unknown')
      this.#unknownKinds.set(change.name, (this.#unknownKinds.get(change.name) ?? 0) + 1)
  }

  summary(): FoldSummary {
    return {
      version: this.#version,
      lastChangeAt: this.#lastChangeAt,
      conflicts: this.#conflicts.size,
      counts: Object.fromEntries(this.#counts),
      unknownKinds: Object.fromEntries(this.#unknownKinds),
      texts: [...this.#texts.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    }
  }

  /** Names of the current values. */
  current(entity: string, field: string): readonly ChangeName[] {
    const index = this.#nameIndex.get(entity)
    const register = index === undefined ? none : this.#registerOf(index, this.#wordIndex.get(field) ?? none)
    return register === none ? [] : this.#valuesOf(register).map((value) => this.#nameOf(value))
  }

  entity(name: string): EntityIndex | undefined {
    const index = this.#nameIndex.get(name)
    return index === undefined ? undefined : this.#view(index)
  }

  entityNames(): readonly string[] {
    return this.#names
  }

  /** The place of an entity in `entityNames`, where it stays. */
  numberOf(entity: string): number | undefined {
    return this.#nameIndex.get(entity)
  }

  at(number: number): EntityIndex {
    return this.#view(number)
  }

  isDeleted(number: number): boolean {
    return this.#entities.get(number * E.width + E.deleted) === 1
  }

  createdAt(number: number): number {
    return this.#createdAt.get(number)
  }

  /** Whether a value that stands there is a current one of this field. */
  isCurrent(number: number, field: string, key: LogKey, seq: number): boolean {
    const register = this.#registerOf(number, this.#wordIndex.get(field) ?? none)
    if (register === none) return false
    const log = this.#logIndex.get(key)
    const base = register * R.width
    const only = this.#registers.get(base + R.log)
    if (only === several) return this.#valuesOf(register).some((value) => value.log === log && value.seq === seq)
    return only === log && this.#registers.get(base + R.seq) === seq
  }

  /** Numbers of entities that are deleted, those made last first. */
  *deletedEntities(): Generator<number> {
    for (let number = this.#names.length - 1; number >= 0; number--) if (this.isDeleted(number)) yield number
  }

  /** Numbers of entities that somebody asks to delete and that are not deleted. */
  *askedEntities(): Generator<number> {
    const word = this.#wordIndex.get(deletionAskedField)
    if (word === undefined) return
    for (let register = this.#registers.length / R.width - 1; register >= 0; register--) {
      if (this.#registers.get(register * R.width + R.field) !== word) continue
      const entity = this.#registers.get(register * R.width + R.entity)
      if (this.isDeleted(entity)) continue
      if (this.#valuesOf(register).some(({ content }) => isAlike(content, this.#isTrue))) yield entity
    }
  }

  /** Where what an author writes into a field stands: a deletion may be a request. */
  fieldFor(author: NodeId, field: string): string {
    return field === deletedField && this.#askers.has(author) ? deletionAskedField : field
  }

  /** Entities of one type that are not deleted, by the time their authors claim. */
  list(type: string): EntityList {
    const live = this.#sortedOf(type)
    return {
      length: live.length,
      numberAt: (index) => live[index],
      at: (index) => {
        const entity = live[index]
        return entity === undefined ? undefined : this.#view(entity)
      }
    }
  }

  /** Entities of one type, deleted ones too, that were written to after a version; in the order of their first write here. */
  changedSince(type: string, version: number): readonly string[] {
    const word = this.#wordIndex.get(type)
    const changed: string[] = []
    for (let entity = 0; word !== undefined && entity < this.#names.length; entity++)
      if (this.#touched.get(entity) > version && this.#entities.get(entity * E.width + E.type) === word)
        changed.push(this.#names[entity] ?? '')
    return changed
  }

  /** Registers with more than one content, by entity and field. */
  conflicts(): readonly { readonly entity: string; readonly field: string }[] {
    return [...this.#conflicts]
      .map((register) => ({
        entity: this.#names[this.#registers.get(register * R.width + R.entity)] ?? '',
        field: this.#words[this.#registers.get(register * R.width + R.field)] ?? ''
      }))
      .sort((a, b) => (a.entity === b.entity ? (a.field < b.field ? -1 : 1) : a.entity < b.entity ? -1 : 1))
  }

  #set(log: number, line: LogLine, change: SetChange): void {
    const { at, seen, value } = change
    this.#lastChangeAt = Math.max(this.#lastChangeAt, at)
    const hash = [line.hash.readUInt32BE(0), line.hash.readUInt32BE(4)] as const
    const made: Value = { log, seq: line.seq, hash, content: this.#contentOf(value) }
    const entity = this.#entityOf(change.entity, at, made)
    this.#touched.set(entity, this.#version)
    const standsIn = this.fieldFor(line.log.author as NodeId, change.field)
    const field = this.#wordOf(standsIn)
    const known = this.#registerOf(entity, field)
    const register = known === none ? this.#newRegister(entity, field) : known
    if (known === none && seen.length === 0) this.#writeInline(register, made)
    else this.#merge(register, made, seen)
    if (standsIn === deletedField) this.#noteDeleted(entity, register)
    if (change.entity === 'mission' && textFields.includes(change.field)) this.#noteText(register, line, change)
  }

  /** Adds a value to a register and takes away what it replaces; in time that hardly grows with the values it has. */
  #merge(register: number, made: Value, seen: readonly ChangeName[]): void {
    const before = this.#several.get(register)
    let values = before?.values ?? [...this.#valuesOf(register)]
    let replaced = before?.replaced
    const count = values.length
    if (seen.length > 0) {
      const names = new Set(seen)
      values = values.filter((one) => !names.has(this.#nameOf(one)))
      // What was folded already is either gone by now or never stood here; only what is yet to come is remembered.
      for (const name of names) if (!this.#isFolded(name)) (replaced ??= new Set()).add(name)
    }
    const isLess = values.length < count
    const [first] = values
    const isCurrent = replaced?.delete(this.#nameOf(made)) !== true
    if (isCurrent) values.splice(this.#placeOf(made, values), 0, made)
    if (replaced?.size === 0) replaced = undefined
    const [only] = values
    if (values.length === 1 && only !== undefined && replaced === undefined) this.#writeInline(register, only)
    else {
      this.#registers.set(register * R.width + R.log, several)
      this.#several.set(register, { values, replaced })
    }
    if (isLess) {
      if (isConflict(values)) this.#conflicts.add(register)
      else this.#conflicts.delete(register)
      // What was there before is all alike, or a conflict already, so one of it stands for all.
    } else if (isCurrent && first !== undefined && !isAlike(first.content, made.content)) this.#conflicts.add(register)
  }

  /** Where a value stands among others in the order of their names. */
  #placeOf(made: Value, values: readonly Value[]): number {
    const name = this.#nameOf(made)
    let low = 0
    let high = values.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = values[middle]
      if (other !== undefined && this.#nameOf(other) < name) low = middle + 1
      else high = middle
    }
    return low
  }

  #noteDeleted(entity: number, register: number): void {
    const isDeleted = this.#valuesOf(register).some(({ content }) => isAlike(content, this.#isTrue))
    const at = entity * E.width + E.deleted
    if ((this.#entities.get(at) === 1) === isDeleted) return
    this.#entities.set(at, isDeleted ? 1 : 0)
    const type = this.#words[this.#entities.get(entity * E.width + E.type)] ?? ''
    this.#count(type, isDeleted ? -1 : 1)
    this.#sorted.get(type)?.forgetLive()
  }

  #noteText(register: number, line: LogLine, { field, at, value }: SetChange): void {
    const current = new Set(this.#valuesOf(register).map((one) => this.#nameOf(one)))
    for (const text of this.#texts.values())
      if (text.field === field && !current.has(text.name)) this.#texts.delete(text.name)
    const name = nameOfLine(line)
    if (current.has(name)) this.#texts.set(name, { field, name, at, value })
  }

  #isFolded(name: ChangeName): boolean {
    const { key, seq } = parseChangeName(name)
    return this.foldedTo(key) >= seq
  }

  #entityOf(name: string, at: number, by: Place): number {
    const known = this.#nameIndex.get(name)
    if (known !== undefined) {
      if (this.#isEarlier(at, by, known)) {
        this.#writeCreated(known, at, by)
        this.#sorted.get(typeOf(name))?.forgetOrder()
      }
      return known
    }
    const index = this.#names.length
    const type = typeOf(name)
    this.#names.push(name)
    this.#nameIndex.set(name, index)
    this.#entities.grow(E.width)
    this.#entities.set(index * E.width + E.type, this.#wordOf(type))
    this.#entities.set(index * E.width + E.register, none)
    this.#createdAt.grow(1)
    this.#touched.grow(1)
    this.#writeCreated(index, at, by)
    this.#count(type, 1)
    this.#sorted.get(type)?.add(index)
    return index
  }

  #isEarlier(at: number, by: Place, entity: number): boolean {
    const before = this.#createdAt.get(entity)
    return at < before || (at === before && this.#nameOf(by) < this.#nameOf(this.#createdBy(entity)))
  }

  #writeCreated(entity: number, at: number, { log, seq, hash }: Place): void {
    const base = entity * E.width
    this.#createdAt.set(entity, at)
    this.#entities.set(base + E.log, log)
    this.#entities.set(base + E.seq, seq)
    this.#entities.set(base + E.hash, hash[0])
    this.#entities.set(base + E.hash + 1, hash[1])
  }

  #createdBy(entity: number): Place {
    const base = entity * E.width
    const get = (column: number) => this.#entities.get(base + column)
    return { log: get(E.log), seq: get(E.seq), hash: [get(E.hash), get(E.hash + 1)] }
  }

  #registerOf(entity: number, field: number): number {
    let register = this.#entities.get(entity * E.width + E.register)
    while (register !== none && this.#registers.get(register * R.width + R.field) !== field)
      register = this.#registers.get(register * R.width + R.next)
    return register
  }

  #newRegister(entity: number, field: number): number {
    const register = this.#registers.length / R.width
    this.#registers.grow(R.width)
    const base = register * R.width
    this.#registers.set(base + R.entity, entity)
    this.#registers.set(base + R.field, field)
    this.#registers.set(base + R.next, this.#entities.get(entity * E.width + E.register))
    this.#registers.set(base + R.log, none)
    this.#entities.set(entity * E.width + E.register, register)
    return register
  }

  #writeInline(register: number, { log, seq, hash, content }: Value): void {
    const base = register * R.width
    this.#registers.set(base + R.log, log)
    this.#registers.set(base + R.seq, seq)
    this.#registers.set(base + R.hash, hash[0])
    this.#registers.set(base + R.hash + 1, hash[1])
    this.#registers.set(base + R.content, content[0])
    this.#registers.set(base + R.content + 1, content[1])
    this.#several.delete(register)
  }

  #valuesOf(register: number): readonly Value[] {
    const base = register * R.width
    const get = (column: number) => this.#registers.get(base + column)
    const log = get(R.log)
    if (log === several) return this.#several.get(register)?.values ?? []
    if (log === none) return []
    return [
      {
        log,
        seq: get(R.seq),
        hash: [get(R.hash), get(R.hash + 1)],
        content: [get(R.content), get(R.content + 1)]
      }
    ]
  }

  #view(entity: number): EntityIndex {
    const fields: { field: string; values: readonly Ref[] }[] = []
    let register = this.#entities.get(entity * E.width + E.register)
    while (register !== none) {
      const field = this.#words[this.#registers.get(register * R.width + R.field)] ?? ''
      fields.unshift({ field, values: this.#valuesOf(register).map((value) => this.#refOf(value)) })
      register = this.#registers.get(register * R.width + R.next)
    }
    return {
      entity: this.#names[entity] ?? '',
      created: { at: this.#createdAt.get(entity), ref: this.#refOf(this.#createdBy(entity)) },
      deleted: this.#entities.get(entity * E.width + E.deleted) === 1,
      fields
    }
  }

  #refOf(place: Place): Ref {
    const log = this.#logs[place.log]?.id
    if (log === undefined) throw new Error('a value of a log that nobody folded')
    return { log, seq: place.seq, name: this.#nameOf(place) }
  }

  #nameOf({ log, seq, hash }: Place): ChangeName {
    const id = this.#logs[log]?.id
    return `${id?.author ?? ''}.${id?.epoch ?? ''}.${String(seq)}.${hex(hash[0])}${hex(hash[1])}` as ChangeName
  }

  #sortedOf(type: string): Uint32Array {
    const word = this.#wordIndex.get(type)
    if (word === undefined) return new Uint32Array()
    let sorted = this.#sorted.get(type)
    if (sorted === undefined) {
      sorted = new Sorted()
      for (let entity = 0; entity < this.#names.length; entity++)
        if (this.#entities.get(entity * E.width + E.type) === word) sorted.add(entity)
      this.#sorted.set(type, sorted)
    }
    return sorted.live(
      (a, b) => this.#createdAt.get(a) - this.#createdAt.get(b) || this.#compareNames(a, b),
      (entity) => this.#entities.get(entity * E.width + E.deleted) === 0
    )
  }

  /** By the names of the changes that made two entities, without writing these names: thousands may be of one time. */
  #compareNames(a: number, b: number): number {
    const log = this.#entities.get(a * E.width + E.log)
    if (log !== this.#entities.get(b * E.width + E.log))
      return this.#nameOf(this.#createdBy(a)) < this.#nameOf(this.#createdBy(b)) ? -1 : 1
    return compareDigits(this.#entities.get(a * E.width + E.seq), this.#entities.get(b * E.width + E.seq))
  }

  #logOf(id: LogId): number {
    const key = logKey(id)
    const known = this.#logIndex.get(key)
    if (known !== undefined) return known
    this.#logs.push({ id, folded: 0 })
    this.#logIndex.set(key, this.#logs.length - 1)
    return this.#logs.length - 1
  }

  /** Types and names of fields, each kept once. */
  #wordOf(word: string): number {
    const known = this.#wordIndex.get(word)
    if (known !== undefined) return known
    this.#words.push(word)
    this.#wordIndex.set(word, this.#words.length - 1)
    return this.#words.length - 1
  }

  #count(type: string, step: number): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + step)
  }

  /** 64 bits that are equal for equal contents, and for others with a chance of 2^-64: keyed, so nobody can aim. */
  #contentOf(value: Json): Content {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    let high = this.#seed[0] ^ (typeof value === 'string' ? 1 : 2)
    let low = this.#seed[1] ^ text.length
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      high = Math.imul(high ^ unit, 0x9e37_79b1)
      high ^= high >>> 15
      low = Math.imul(low + unit + (high >>> 7), 0x85eb_ca77)
      low ^= low >>> 13
    }
    return [high >>> 0, low >>> 0]
  }

  /** As `load` reads it. */
  save(): Buffer {
    const head = {
      muster: 'view',
      version: saveVersion,
      seed: this.#seed,
      askers: this.askers,
      logs: this.#logs.map(({ id, folded }) => [id.author, id.epoch, folded]),
      words: this.#words,
      several: [...this.#several].map(([register, { values, replaced }]) => [register, values, [...(replaced ?? [])]]),
      conflicts: [...this.#conflicts],
      summary: this.summary(),
      lengths: [this.#entities.length, this.#createdAt.length, this.#registers.length]
    }
    const parts = [
      Buffer.from(`${JSON.stringify(head)}\n`),
      this.#entities.bytes(),
      this.#createdAt.bytes(),
      this.#registers.bytes(),
      Buffer.from(this.#names.join('\n'))
    ]
    return Buffer.concat([...parts, sha256(...parts)])
  }

  /** `undefined` when these bytes are not whole, or not of this version: a view can always be made again. */
  static load(bytes: Buffer): Fold | undefined {
    const body = bytes.subarray(0, Math.max(0, bytes.length - 32))
    if (!sha256(body).equals(bytes.subarray(body.length))) return undefined
    const headEnd = body.indexOf(0x0a)
    // The checksum is ours, so what it covers is what `save` wrote, if the version is the same.
    const head = JSON.parse(body.toString('utf8', 0, headEnd)) as SavedHead
    if (head.version !== saveVersion) return undefined
    const seed = Buffer.alloc(8)
    seed.writeUInt32LE(head.seed[0], 0)
    seed.writeUInt32LE(head.seed[1], 4)
    const fold = new Fold(seed, head.summary.lastChangeAt, head.summary.version, head.askers)
    fold.#logs = head.logs.map(([author, epoch, folded]) => ({ id: { author, epoch }, folded }))
    fold.#logIndex = new Map(fold.#logs.map(({ id }, index) => [logKey(id), index]))
    fold.#words = [...head.words]
    fold.#wordIndex = new Map(head.words.map((word, index) => [word, index]))
    fold.#several = new Map(
      head.several.map(([register, values, replaced]) => [
        register,
        { values: [...values], replaced: new Set(replaced) }
      ])
    )
    fold.#conflicts = new Set(head.conflicts)
    fold.#counts = new Map(Object.entries(head.summary.counts))
    fold.#unknownKinds = new Map(Object.entries(head.summary.unknownKinds))
    fold.#texts = new Map(head.summary.texts.map((text) => [text.name, text]))
    const [entities, createdAt, registers] = head.lengths
    let at = headEnd + 1
    const take = (length: number) => body.subarray(at, (at += length))
    fold.#entities = Numbers.of(Uint32Array, take(entities * 4))
    fold.#createdAt = Numbers.of(Float64Array, take(createdAt * 8))
    fold.#registers = Numbers.of(Uint32Array, take(registers * 4))
    const names = body.toString('utf8', at)
    fold.#names = names === '' ? [] : names.split('\n')
    fold.#nameIndex = new Map(fold.#names.map((name, index) => [name, index]))
    fold.#touched.grow(fold.#names.length)
    for (let entity = 0; entity < fold.#names.length; entity++) fold.#touched.set(entity, fold.#version)
    return fold
  }
}

const saveVersion = 2

interface SavedHead {
  readonly version: number
  readonly seed: readonly [number, number]
  readonly askers: readonly NodeId[]
  readonly logs: readonly (readonly [NodeId, string, number])[]
  readonly words: readonly string[]
  readonly several: readonly (readonly [number, readonly Value[], readonly ChangeName[]])[]
  readonly conflicts: readonly number[]
  readonly summary: FoldSummary
  readonly lengths: readonly [number, number, number]
}

/** Entities of one type in their order; what comes is merged in when somebody looks. */
class Sorted {
  #order = new Uint32Array()
  #added: number[] = []
  #live: Uint32Array | undefined
  #isOrdered = true

  add(entity: number): void {
    this.#added.push(entity)
    this.#live = undefined
  }

  /** One was deleted or brought back. */
  forgetLive(): void {
    this.#live = undefined
  }

  /** The time of one changed. */
  forgetOrder(): void {
    this.#isOrdered = false
    this.#live = undefined
  }

  live(compare: (a: number, b: number) => number, isLive: (entity: number) => boolean): Uint32Array {
    if (this.#live !== undefined) return this.#live
    const added = Uint32Array.from(this.#added)
    this.#added = []
    if (this.#isOrdered) {
      added.sort(compare)
      this.#order = merged(this.#order, added, compare)
    } else {
      const all = new Uint32Array(this.#order.length + added.length)
      all.set(this.#order)
      all.set(added, this.#order.length)
      this.#order = all.sort(compare)
      this.#isOrdered = true
    }
    this.#live = this.#order.filter(isLive)
    return this.#live
  }
}

function merged(a: Uint32Array, b: Uint32Array, compare: (a: number, b: number) => number): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(a.length + b.length)
  let left = a.length - 1
  let right = b.length - 1
  // From the end: what is new is mostly the latest, and then all that was there is copied in one go.
  for (let at = all.length - 1; right >= 0; at--) {
    const takesLeft = left >= 0 && compare(a[left] ?? 0, b[right] ?? 0) > 0
    all[at] = (takesLeft ? a[left--] : b[right--]) ?? 0
  }
  all.set(a.subarray(0, left + 1))
  return all
}

/** `log/7` is of type `log`. */
export function typeOf(entity: string): string {
  const end = entity.indexOf('/')
  return end < 0 ? entity : entity.slice(0, end)
}

/** Whole numbers as their digits stand in a text: 10 before 9. */
function compareDigits(a: number, b: number): number {
  const [digitsOfA, digitsOfB] = [digitsOf(a), digitsOf(b)]
  const most = Math.max(digitsOfA, digitsOfB)
  return a * 10 ** (most - digitsOfA) - b * 10 ** (most - digitsOfB) || digitsOfA - digitsOfB
}

function digitsOf(number: number): number {
  let digits = 1
  for (let rest = number; rest >= 10; rest /= 10) digits++
  return digits
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

function isAlike(one: Content, other: Content): boolean {
  return one[0] === other[0] && one[1] === other[1]
}

/** The same content written twice is no conflict. */
function isConflict(values: readonly Value[]): boolean {
  const [first] = values
  return first !== undefined && !values.every(({ content }) => isAlike(first.content, content))
}
