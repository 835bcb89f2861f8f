/**
 * View = fold(set of changes): the same set gives the same view in every order (docs/protocol/missions.md). A field is a
 * multi-value register: a value is current until a write names it as seen. Membership only grows here (cuts come with a
 * later fold pass over the same lines), so lines are folded once, as they come, and only those of members are given.
 */
import type { ChangeName, Json, NodeId, Role } from '@shared/model.js'
import type { LogLine } from '../logs/log-store.js'
import { parseChange, type AdmitChange, type SetChange } from './change.js'
import { creatorOf, foldVersion, type CreateRecord } from './create-record.js'

export interface Value {
  readonly name: ChangeName
  readonly value: Json
  readonly author: NodeId
  readonly at: number
}

export interface Register {
  /** Current values; more than one content is a conflict. */
  values: Value[]
  /** Names that a write has replaced, also of values that have not come yet. */
  replaced: Set<ChangeName> | undefined
}

export interface Entity {
  readonly fields: Map<string, Register>
  /** The earliest claim among its writes, ties by name: the same on every node. */
  created: { readonly at: number; readonly name: ChangeName; readonly author: NodeId }
}

export interface Membership {
  readonly role: Role
  readonly admittedBy?: NodeId
}

export class Fold {
  readonly entities = new Map<string, Entity>()
  readonly members = new Map<NodeId, Membership>()
  readonly unknownKinds = new Map<string, number>()
  readonly changesBy = new Map<NodeId, number>()
  /** Entities that are not deleted, by type. */
  readonly counts = new Map<string, number>()
  /** Entity and field, joined by a line feed, of every register with more than one content. */
  readonly conflicts = new Set<string>()
  /** A newer version decided something about this mission that we cannot judge. */
  readOnly: boolean
  lastChangeAt: number
  /** Grows with every line. */
  version = 0

  constructor(create: CreateRecord) {
    this.readOnly = create.fold > foldVersion
    this.lastChangeAt = create.at
    this.members.set(creatorOf(create), { role: 'owner' })
    for (const deputy of create.deputies) if (!this.members.has(deputy)) this.members.set(deputy, { role: 'owner' })
  }

  mayWrite(author: NodeId): boolean {
    const role = this.members.get(author)?.role
    return role === 'owner' || role === 'subscriber'
  }

  /** Takes one line of a member; returns an author who may write from now on, if the line admits one. */
  apply({ log, name, line }: LogLine): NodeId | undefined {
    const change = parseChange(line)
    this.version++
    this.changesBy.set(log.author, (this.changesBy.get(log.author) ?? 0) + 1)
    switch (change.kind) {
      case 'start':
        return undefined
      case 'set':
        this.#set(log.author, name, change)
        return undefined
      case 'admin/admit':
        return this.#admit(log.author, change)
      case 'unknown':
        this.unknownKinds.set(change.name, (this.unknownKinds.get(change.name) ?? 0) + 1)
        if (change.administrative) this.readOnly = true
        return undefined
    }
  }

  current(entity: string, field: string): readonly Value[] {
    return this.entities.get(entity)?.fields.get(field)?.values ?? []
  }

  #set(author: NodeId, name: ChangeName, change: SetChange): void {
    const { at, seen, value } = change
    this.lastChangeAt = Math.max(this.lastChangeAt, at)
    let entity = this.entities.get(change.entity)
    if (entity === undefined) {
      entity = { fields: new Map(), created: { at, name, author } }
      this.entities.set(change.entity, entity)
      this.#count(change.entity, 1)
    } else if (isEarlier(at, name, entity.created)) entity.created = { at, name, author }
    let register = entity.fields.get(change.field)
    if (register === undefined) {
      register = { values: [], replaced: undefined }
      entity.fields.set(change.field, register)
    }
    const wasDeleted = change.field === deletedField && isDeleted(entity)
    const before = register.values.length
    if (seen.length > 0) {
      const replaced = (register.replaced ??= new Set())
      for (const other of seen) replaced.add(other)
      register.values = register.values.filter((one) => !replaced.has(one.name))
    }
    const isLess = register.values.length < before
    const [first] = register.values
    const isCurrent = register.replaced?.has(name) !== true
    if (isCurrent) insert(register.values, { name, value, author, at })
    if (change.field === deletedField && isDeleted(entity) !== wasDeleted)
      this.#count(change.entity, wasDeleted ? 1 : -1)
    if (register.values.length === 1 && this.conflicts.size === 0) return
    const key = `${change.entity}\n${change.field}`
    if (isLess) {
      if (isConflict(register.values)) this.conflicts.add(key)
      else this.conflicts.delete(key)
    } else if (isCurrent && first !== undefined && !this.conflicts.has(key)) {
      // What was there before is all alike, so one of it stands for all.
      if (JSON.stringify(first.value) !== JSON.stringify(value)) this.conflicts.add(key)
    }
  }

  #count(entity: string, step: number): void {
    const type = typeOf(entity)
    this.counts.set(type, (this.counts.get(type) ?? 0) + step)
  }

  #admit(by: NodeId, { author, role }: AdmitChange): NodeId | undefined {
    const before = this.members.get(author)
    if (before !== undefined && rank[before.role] >= rank[role]) {
      // Several may admit the same author; the smallest ID is named, so that all nodes name the same.
      const isSame = before.role === role && before.admittedBy !== undefined
      if (isSame && by < (before.admittedBy ?? by)) this.members.set(author, { role, admittedBy: by })
      return undefined
    }
    this.members.set(author, { role, admittedBy: by })
    return role === 'subscriber' ? author : undefined
  }
}

/** `log/7` is of type `log`. */
export function typeOf(entity: string): string {
  return entity.split('/', 1)[0] ?? entity
}

const rank = { 'read-only': 0, subscriber: 1, owner: 2 } as const satisfies Record<Role, number>

function isEarlier(at: number, name: ChangeName, than: { readonly at: number; readonly name: ChangeName }): boolean {
  return at < than.at || (at === than.at && name < than.name)
}

/** Keeps the values in the order of their names, which is the same on every node. */
function insert(values: Value[], value: Value): void {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle]?.name ?? '') < value.name) low = middle + 1
    else high = middle
  }
  values.splice(low, 0, value)
}

/** The same content written twice is no conflict. */
export function isConflict(values: readonly Value[]): boolean {
  const [first] = values
  if (first === undefined || values.length === 1) return false
  const content = JSON.stringify(first.value)
  return values.some((one) => JSON.stringify(one.value) !== content)
}

const deletedField = 'deleted'

/** Deletion is a register of the entity; deleted wins over a concurrent other value. */
export function isDeleted(entity: Entity): boolean {
  return entity.fields.get(deletedField)?.values.some(({ value }) => value === true) ?? false
}
