/**
 * Kinds of change (docs/protocol/missions.md). What is not understood is kept, passed on and counted, and has no
 * effect; a kind under `admin/` that is not understood makes the mission read-only here, because what it granted or
 * took away is unknown.
 */
import type { ChangeName, Json, NodeId, Role } from '@shared/model.js'
import { isHex } from '../bytes/hash.js'
import { isLineValue, type JsonObject } from '../bytes/line.js'
import { limits } from '../limits.js'
import { isChangeName } from '../logs/run.js'

export interface SetChange {
  readonly kind: 'set'
  readonly at: number
  readonly entity: string
  readonly field: string
  readonly value: Json
  /** Names of the values that its author saw and replaces. */
  readonly seen: readonly ChangeName[]
}

export interface AdmitChange {
  readonly kind: 'admin/admit'
  readonly at: number
  readonly author: NodeId
  readonly role: Exclude<Role, 'owner'>
}

export type Change = SetChange | AdmitChange | { readonly kind: 'start'; readonly at: number }

export interface UnknownChange {
  readonly kind: 'unknown'
  readonly name: string
  readonly administrative: boolean
}

const entityPattern = /^(?:mission|[a-z][a-z0-9-]{0,31}\/[^\s/\p{C}]{1,128})$/u
/** A part of the above that needs no Unicode tables: nearly every entity, in a tenth of the time. */
const plainEntityPattern = /^[a-z][a-z0-9-]{0,31}\/[a-zA-Z0-9._:-]{1,128}$/
const fieldPattern = /^[a-zA-Z][a-zA-Z0-9.-]{0,63}$/

export function isEntity(value: unknown): value is string {
  return typeof value === 'string' && (plainEntityPattern.test(value) || entityPattern.test(value))
}

export function isField(value: unknown): value is string {
  return typeof value === 'string' && fieldPattern.test(value)
}

export function parseChange(line: JsonObject): Change | UnknownChange {
  const kind = line['kind'] as string
  const at = line['at'] as number
  switch (kind) {
    case 'start':
      return { kind, at }
    case 'set': {
      const { entity, field, value, seen = [] } = line
      if (!isEntity(entity) || !isField(field) || value === undefined || !isSeen(seen)) break
      return { kind, at, entity, field, value, seen }
    }
    case 'admin/admit': {
      const { author, role } = line
      if (!isHex(author, 32) || (role !== 'subscriber' && role !== 'read-only')) break
      return { kind, at, author: author as NodeId, role }
    }
  }
  return { kind: 'unknown', name: kind, administrative: kind.startsWith('admin/') }
}

function isSeen(value: unknown): value is readonly ChangeName[] {
  return Array.isArray(value) && value.length <= limits.seen && value.every(isChangeName)
}

export function setLine(
  at: number,
  entity: string,
  field: string,
  value: Json,
  seen: readonly ChangeName[]
): JsonObject {
  return seen.length === 0 ? { kind: 'set', at, entity, field, value } : { kind: 'set', at, entity, field, value, seen }
}

export function admitLine(at: number, author: NodeId, role: Exclude<Role, 'owner'>): JsonObject {
  return { kind: 'admin/admit', at, author, role }
}

/** Why a request of ours cannot become a line; `undefined` when it can. */
export function requestProblem(request: {
  readonly entity: unknown
  readonly field: unknown
  readonly value: unknown
  readonly seen?: unknown
}): string | undefined {
  if (!isEntity(request.entity)) return 'entity: mission, or type/id such as log/7'
  if (!isField(request.field)) return 'field: letters, digits, dot and dash, at most 64'
  if (!isLineValue(request.value)) return 'value: JSON, integers within ±(2^53 − 1), well-formed text'
  if (request.seen !== undefined && !isSeen(request.seen)) return 'seen: at most 64 names of changes'
  return undefined
}
