/**
 * The create record of a mission (docs/protocol/missions.md). Its hash is the mission's ID and it alone gives first
 * powers, so nobody can change who owns a mission without making another one.
 */
import type { KeyObject } from 'node:crypto'
import type { MissionId, NodeId, Role } from '@shared/model.js'
import { isHex, parseBase64Url, sha256 } from '../bytes/hash.js'
import { isLineValue, type JsonObject } from '../bytes/line.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { parsePublicKey, signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'

export type Onward = 'none' | 'federation' | 'any'

export interface CreateRecord {
  /** Ed25519 key of the creator, base64url. */
  readonly creator: string
  /** 16 random bytes, hex. */
  readonly nonce: string
  readonly name: string
  readonly labels: readonly string[]
  /** Owners after the creator, in this order. */
  readonly deputies: readonly NodeId[]
  /** What an admit gives that names no other role. */
  readonly defaultRole: Exclude<Role, 'owner'>
  /** To whom a node that was given this mission may pass it on. */
  readonly onward: Onward
  readonly fold: number
  /** The creator's claim of when, ms. */
  readonly at: number
}

export interface SignedCreate {
  readonly create: CreateRecord
  /** Ed25519 over the record's JSON, base64url. */
  readonly signature: string
}

/** The fold that this version knows. */
export const foldVersion = 1

export function signCreate(create: CreateRecord, key: KeyObject): SignedCreate {
  return { create, signature: signFor('mission', [Buffer.from(JSON.stringify(create))], key).toString('base64url') }
}

export function missionIdOf({ create, signature }: SignedCreate): MissionId {
  return sha256(JSON.stringify({ create, signature })).toString('hex') as MissionId
}

export function creatorOf(create: CreateRecord): NodeId {
  return nodeIdOf(Buffer.from(create.creator, 'base64url'))
}

/** Reads and verifies a create record from outside, or says why it is refused. */
export function parseSignedCreate(value: unknown): SignedCreate | string {
  if (!isLineValue(value) || !isObject(value)) return 'not a create record'
  const { create, signature } = value
  if (!isObject(create) || Object.keys(value).length !== 2) return 'not a create record'
  const record = parseCreate(create)
  if (typeof record === 'string') return record
  const key = parsePublicKey(Buffer.from(record.creator, 'base64url'))
  const bytes = parseBase64Url(signature, 64)
  if (key === undefined || bytes === undefined) return 'unsafe key or signature'
  if (!verifyFor('mission', [Buffer.from(JSON.stringify(create))], key, bytes)) return 'bad signature'
  // The signature covers the object as it came; the typed copy must be the same bytes.
  if (JSON.stringify(record) !== JSON.stringify(create)) return 'unknown or misplaced parts'
  return { create: record, signature: signature as string }
}

function parseCreate(value: JsonObject): CreateRecord | string {
  const { creator, nonce, name, labels, deputies, defaultRole, onward, fold, at } = value
  if (parseBase64Url(creator, 32) === undefined || !isHex(nonce, 16)) return 'bad creator or nonce'
  if (!isName(name)) return 'bad name'
  if (!Array.isArray(labels) || labels.length > limits.labels || !labels.every(isName)) return 'bad labels'
  if (!Array.isArray(deputies) || deputies.length > limits.deputies || !deputies.every((id) => isHex(id, 32)))
    return 'bad deputies'
  if (defaultRole !== 'subscriber' && defaultRole !== 'read-only') return 'bad default role'
  if (onward !== 'none' && onward !== 'federation' && onward !== 'any') return 'bad onward'
  if (typeof fold !== 'number' || !Number.isSafeInteger(fold) || fold < 1) return 'bad fold version'
  if (typeof at !== 'number' || !Number.isSafeInteger(at)) return 'bad time'
  return {
    creator: creator as string,
    nonce,
    name,
    labels: labels as string[],
    deputies: deputies as NodeId[],
    defaultRole,
    onward,
    fold,
    at
  }
}

/** 1 to 64 characters, not only blanks. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' && value.trim() !== '' && value.isWellFormed() && [...value].length <= limits.nameLength
  )
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
