/**
 * What the fields of a mission mean (docs/protocol/missions.md, "What is in a mission"): one table of forms, by which
 * values are read. What does not look as it should is no value of the model, and is shown as it was written.
 */
import type { Json, NodeId, Role } from './model.js'

/** Degrees (WGS 84) and metres. */
export interface ItemPoint {
  readonly lat: number
  readonly lon: number
  readonly hae?: number
  readonly ce?: number
  readonly le?: number
}

/** `[lat, lon]` in degrees. */
export type LatLon = readonly [number, number]

export const taskStates = ['open', 'work', 'done'] as const
export const layerTypes = ['GROUP', 'UID', 'CONTENTS', 'MAPLAYER', 'ITEM'] as const
export const invitationStates = ['open', 'accepted', 'declined', 'withdrawn'] as const
const roles: readonly Role[] = ['owner', 'subscriber', 'read-only']

/** What a value is if it looks as it should; else `undefined`. */
type Form<T> = (value: Json) => T | undefined

const text: Form<string> = (value) => (typeof value === 'string' ? value : undefined)
const flag: Form<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)
/** What a `Date` can hold: anything beyond could not be shown. */
const latest = 8_640_000_000_000_000
const time: Form<number> = (value) =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= latest ? value : undefined
const bytes: Form<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

function oneOf<const T extends string>(values: readonly T[]): Form<T> {
  return (value) => values.find((one) => one === value)
}

function like(pattern: RegExp): Form<string> {
  return (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined)
}

function listOf(form: Form<string>, most: number): Form<readonly string[]> {
  return (value) =>
    Array.isArray(value) && value.length <= most && value.every((one: Json) => form(one) !== undefined)
      ? (value as readonly string[])
      : undefined
}

/** 1 to 64 characters, not only blanks. */
const name: Form<string> = (value) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 128 && [...value].length <= 64 ? value : undefined
const uid = like(/^[^\s/\p{C}]{1,128}$/u)
const sha256 = like(/^[0-9a-f]{64}$/)
const nodeId: Form<NodeId> = (value) => sha256(value) as NodeId | undefined
const keywords = listOf(name, 32)
const attachments = listOf(sha256, 64)

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most
}

function isPosition(lat: unknown, lon: unknown): boolean {
  return isBetween(lat, -90, 90) && isBetween(lon, -180, 180)
}

const point: Form<ItemPoint> = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { lat, lon, ...rest } = value as Readonly<Record<string, Json>>
  const isWhole = Object.entries(rest).every(
    ([key, one]) => !['hae', 'ce', 'le'].includes(key) || typeof one === 'number'
  )
  return isPosition(lat, lon) && isWhole ? (value as unknown as ItemPoint) : undefined
}

const points: Form<readonly LatLon[]> = (value) =>
  Array.isArray(value) &&
  value.length >= 2 &&
  value.length <= 2000 &&
  value.every((one: Json) => Array.isArray(one) && one.length === 2 && isPosition(one[0], one[1]))
    ? (value as unknown as readonly LatLon[])
    : undefined

const forms = {
  mission: { name, description: text, keywords, headings: keywords, deleted: flag },
  item: {
    type: like(/^[a-zA-Z0-9_.-]{1,64}$/),
    title: text,
    point,
    points,
    closed: flag,
    color: like(/^#[0-9a-fA-F]{6}$/),
    remarks: text,
    how: text,
    time,
    start: time,
    stale: time,
    detail: text,
    layer: uid,
    keywords,
    attachments,
    deleted: flag
  },
  content: {
    name: text,
    size: bytes,
    mime: text,
    layer: uid,
    keywords,
    deleted: flag
  },
  log: { text, heading: text, dtg: time, keywords, attachments, deleted: flag },
  task: {
    title: text,
    state: oneOf(taskStates),
    assignee: text,
    due: time,
    notes: text,
    item: uid,
    layer: uid,
    attachments,
    deleted: flag
  },
  layer: { name: text, type: oneOf(layerTypes), parent: uid, after: uid, deleted: flag },
  invitation: { invitee: nodeId, role: oneOf(roles), state: oneOf(invitationStates), note: text }
} as const

type Forms = typeof forms
export type EntityType = keyof Forms

/** The fields that are there and look as they should; of several values the first, as everywhere. */
export type Fields<Type extends EntityType> = {
  readonly [Field in keyof Forms[Type]]?: Forms[Type][Field] extends Form<infer T> ? T : never
}
export type Item = Fields<'item'>
export type FileEntry = Fields<'content'>
export type LogEntry = Fields<'log'>
export type Task = Fields<'task'>
export type Layer = Fields<'layer'>
export type Invitation = Fields<'invitation'>

function formOf(entity: string, field: string): Form<unknown> | undefined {
  const [type = ''] = entity.split('/', 1)
  if (!Object.hasOwn(forms, type)) return undefined
  const fields: Readonly<Record<string, Form<unknown>>> = forms[type as EntityType]
  return Object.hasOwn(fields, field) ? fields[field] : undefined
}

/** The part of an entity's name behind the slash; empty for `mission`. */
export function idOf(entity: string): string {
  return entity.slice(entity.indexOf('/') + 1 || entity.length)
}

/** An entity as far as its fields go; of a value nothing but itself is looked at. */
export interface WrittenFields {
  readonly entity: string
  readonly fields: readonly { readonly field: string; readonly values: readonly { readonly value: Json }[] }[]
}

/** A value that is not as the table wants it, and `null`, are left out: whoever shows the entity shows them raw. */
export function fieldsOf<Type extends EntityType>(type: Type, { entity, fields }: WrittenFields): Fields<Type> {
  const read: Record<string, unknown> = {}
  if (entity !== type && !entity.startsWith(`${type}/`)) return {}
  for (const { field, values } of fields) {
    const value = formOf(entity, field)?.(values[0]?.value ?? null)
    if (value !== undefined) read[field] = value
  }
  return read as Fields<Type>
}
