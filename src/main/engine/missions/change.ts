/**
 * Kinds of change (docs/protocol/missions.md). What is not understood is kept, passed on and counted, and has no
 * effect; a kind under `admin/` that is not understood makes the mission read-only here, because what it granted or
 * took away is unknown.
 */
import type { ChangeName, Json, NodeId, Role, WriteRequest } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import { isHex } from '../bytes/hash.js'
import { fitsLine, isLineValue, type JsonObject } from '../bytes/line.js'
import { limits } from '../limits.js'
import { isChangeName, isSeq } from '../logs/run.js'

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
  readonly role: Role
  /** Of a subscriber whose deletions are to be requests. */
  readonly deletions?: 'request'
}

/** A higher role holds all that a lower one does. */
export const roleRank = { 'read-only': 0, subscriber: 1, owner: 2 } as const satisfies Record<Role, number>

/** How far a log of an author is accepted: lines up to this number. */
export interface AcceptedHead {
  readonly epoch: string
  /** From 1. */
  readonly seq: number
  /** Chain hash at seq, hex. */
  readonly hash: string
}

/** Ends an author: its lines beyond these heads, and all its other epochs, have no effect. */
export interface CutChange {
  readonly kind: 'admin/cut'
  readonly at: number
  readonly author: NodeId
  /** At most one per epoch. */
  readonly heads: readonly AcceptedHead[]
}

/** Accepts lines that a cut left out, up to these heads, or lifts the cuts that it names. */
export interface AdoptChange {
  readonly kind: 'admin/adopt'
  readonly at: number
  readonly author: NodeId
  readonly heads: readonly AcceptedHead[]
  readonly lifts: readonly ChangeName[]
}

/** Chooses the branch of a forked log that ends at this point. */
export interface SettleChange extends AcceptedHead {
  readonly kind: 'admin/settle'
  readonly at: number
  readonly author: NodeId
}

/** A change of who may do what; each speaks about one author. */
export type AdminChange = AdmitChange | CutChange | AdoptChange | SettleChange

/** Whether a line says who may do what, also of a kind that is not understood. */
export function isDecision(line: JsonObject): boolean {
  return (line['kind'] as string).startsWith('admin/')
}

export type Change = SetChange | AdminChange | { readonly kind: 'start'; readonly at: number }

export interface UnknownChange {
  readonly kind: 'unknown'
  readonly name: string
  readonly administrative: boolean
}

const entityPattern = /^(?:mission|[a-z][a-z0-9-]{0,31}\/[^\s/\p{C}]{1,128})$/u
/** A part of the above that needs no Unicode tables: nearly every entity, in a tenth of the time. */
const plainEntityPattern = /^[a-z][a-z0-9-]{0,31}\/[a-zA-Z0-9._:-]{1,128}$/
const fieldPattern = /^[a-zA-Z][a-zA-Z0-9.-]{0,63}$/

/** While one of its current values is `true`, the entity is deleted. */
export const deletedField = 'deleted'
/** In place of that field, for authors who may only ask (docs/protocol/missions.md#requests-to-delete). */
export const deletionAskedField = 'deletionAsked'

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
      if (!isEntity(entity) || !isField(field) || value === undefined || !areNames(seen, limits.seen)) break
      return { kind, at, entity, field, value, seen }
    }
    case 'admin/admit': {
      const { author, role, deletions } = line
      if (!isNodeId(author) || (role !== 'owner' && role !== 'subscriber' && role !== 'read-only')) break
      if (deletions === undefined) return { kind, at, author, role }
      if (deletions !== 'request' || role !== 'subscriber') break
      return { kind, at, author, role, deletions }
    }
    case 'admin/cut': {
      const { author } = line
      const heads = parseHeads(line['heads'])
      if (!isNodeId(author) || heads === undefined) break
      return { kind, at, author, heads }
    }
    case 'admin/adopt': {
      const { author, lifts = [] } = line
      const heads = parseHeads(line['heads'])
      if (!isNodeId(author) || heads === undefined || !areNames(lifts, limits.lifts)) break
      return { kind, at, author, heads, lifts }
    }
    case 'admin/settle': {
      const { author, epoch, seq, hash } = line
      const head = parseHead([epoch, seq, hash])
      if (!isNodeId(author) || head === undefined) break
      return { kind, at, author, ...head }
    }
  }
  return { kind: 'unknown', name: kind, administrative: kind.startsWith('admin/') }
}

/** Whether a line can change who may do what. */
export function isAdministrative(change: Change | UnknownChange): change is AdminChange | UnknownChange {
  return change.kind === 'unknown' ? change.administrative : change.kind.startsWith('admin/')
}

function areNames(value: unknown, most: number): value is readonly ChangeName[] {
  return Array.isArray(value) && value.length <= most && value.every(isChangeName)
}

function isNodeId(value: unknown): value is NodeId {
  return isHex(value, 32)
}

function parseHeads(value: unknown): readonly AcceptedHead[] | undefined {
  if (!Array.isArray(value) || value.length > limits.acceptedHeads) return undefined
  const heads = value.flatMap((one) => parseHead(one) ?? [])
  const isWhole = heads.length === value.length && new Set(heads.map(({ epoch }) => epoch)).size === heads.length
  return isWhole ? heads : undefined
}

function parseHead(value: unknown): AcceptedHead | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined
  const [epoch, seq, hash] = value as readonly unknown[]
  return isHex(epoch, 16) && isSeq(seq) && isHex(hash, 32) ? { epoch, seq, hash } : undefined
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

export function admitLine(at: number, author: NodeId, role: Role, deletions?: 'request'): JsonObject {
  return { kind: 'admin/admit', at, author, role, ...(deletions === undefined ? {} : { deletions }) }
}

/**
 * The lines that cut an author: all its logs as they are accepted, older epochs too. What one line does not hold is
 * adopted by the next ones, so any number of heads can be given.
 */
export function cutLines(at: number, author: NodeId, heads: readonly AcceptedHead[]): readonly JsonObject[] {
  const cut = { kind: 'admin/cut', at, author, heads: headList(heads.slice(0, limits.acceptedHeads)) }
  return [cut, ...adoptLines(at, author, heads.slice(limits.acceptedHeads))]
}

/** The lines that accept more of an author, in pieces that fit a line each. */
export function adoptLines(at: number, author: NodeId, heads: readonly AcceptedHead[]): readonly JsonObject[] {
  const lines: JsonObject[] = []
  for (let from = 0; from < heads.length; from += limits.acceptedHeads)
    lines.push(adoptLine(at, author, heads.slice(from, from + limits.acceptedHeads), []))
  return lines
}

export function adoptLine(
  at: number,
  author: NodeId,
  heads: readonly AcceptedHead[],
  lifts: readonly ChangeName[]
): JsonObject {
  return { kind: 'admin/adopt', at, author, heads: headList(heads), ...(lifts.length === 0 ? {} : { lifts }) }
}

export function settleLine(at: number, author: NodeId, { epoch, seq, hash }: AcceptedHead): JsonObject {
  return { kind: 'admin/settle', at, author, epoch, seq, hash }
}

function headList(heads: readonly AcceptedHead[]): Json[] {
  return heads.map(({ epoch, seq, hash }) => [epoch, seq, hash])
}

/** Why requests of ours cannot become lines; `undefined` when they can. */
export function refuseRequests(requests: readonly WriteRequest[]): Problem | undefined {
  for (const [index, request] of requests.entries()) {
    const place = `changes[${String(index)}]`
    const reason = requestProblem(request)
    if (reason !== undefined) return problem('bad-change', `${place}: ${reason}`)
    const { entity, field, value, seen = [] } = request
    // Every `at` of our time is of one length.
    if (!fitsLine(setLine(Date.UTC(2026), entity, field, value, seen))) return problem('too-large', place)
  }
  return undefined
}

function requestProblem(request: WriteRequest): string | undefined {
  if (!isEntity(request.entity)) return 'entity: mission, or type/id such as log/7'
  if (!isField(request.field)) return 'field: letters, digits, dot and dash, at most 64'
  if (!isLineValue(request.value)) return 'value: JSON, integers within ±(2^53 − 1), well-formed text'
  if (request.seen !== undefined && !areNames(request.seen, limits.seen)) return 'seen: at most 64 names of changes'
  return undefined
}
