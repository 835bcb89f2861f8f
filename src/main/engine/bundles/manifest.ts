/**
 * The manifest of a bundle (docs/protocol/bundle.md): who made it, when, for whom, which stretches of which logs, and the
 * hash of each part. It stands behind the parts, signed, so that a bundle is written in one go and is nothing without its end.
 */
import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { MissionId, NodeId } from '@shared/model.js'
import { isHex, parseBase64Url } from '../bytes/hash.js'
import { HashSchema, MissionIdSchema, NodeIdSchema } from '../bytes/ids.js'
import { isLineValue, type JsonObject } from '../bytes/line.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { parsePublicKey, signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'
import { missionIdOf, parseSignedCreate, type SignedCreate } from '../missions/create-record.js'

/** Of a payload: its version says which kinds of part there can be. */
export const bundleMagic = Buffer.from('muster-bundle 1\n')
/** From this one on there are revocations: it is written only where there are some, so that others can be read everywhere. */
export const revocationMagic = Buffer.from('muster-bundle 2\n')
const anyMagic = /^muster-bundle [1-9]/

/** The version that a payload begins with; `undefined`: it is no bundle. */
export function versionOf(begin: Buffer): 1 | 2 | 'newer' | undefined {
  if (begin.equals(bundleMagic)) return 1
  if (begin.equals(revocationMagic)) return 2
  return anyMagic.test(begin.toString('latin1')) ? 'newer' : undefined
}

export function holdsRevocations({ parts }: Pick<Manifest, 'parts'>): boolean {
  return parts.some(({ kind }) => kind === 'statements' || kind === 'lists')
}
/** The length of the manifest, u32. */
export const footerBytes = 4

const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Seq = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const EpochSchema = v.custom<string>((value) => isHex(value, 16), '32 hexadecimal digits')
const Key = v.custom<string>((value) => parseBase64Url(value, 32) !== undefined, 'a key: base64url')
const Created = v.custom<SignedCreate>((value) => typeof parseSignedCreate(value) !== 'string', 'a create record')

const MissionEntry = v.strictObject({
  create: Created,
  /** What is in the bundle of each log: after this number, up to that one with its chain hash. */
  logs: v.pipe(
    v.array(v.strictTuple([NodeIdSchema, EpochSchema, Whole, Seq, HashSchema])),
    v.maxLength(limits.bundleLogs)
  ),
  /** Files of the mission that are not in the bundle. */
  leftOut: Whole
})
const Part = v.variant('kind', [
  v.strictObject({ kind: v.literal('identities'), size: Whole, sha256: HashSchema }),
  v.strictObject({ kind: v.literal('receipts'), size: Whole, sha256: HashSchema }),
  v.strictObject({ kind: v.picklist(['statements', 'lists']), size: Whole, sha256: HashSchema }),
  v.strictObject({
    kind: v.picklist(['forks', 'runs', 'content']),
    mission: MissionIdSchema,
    size: Whole,
    sha256: HashSchema
  })
])
const ManifestSchema = v.strictObject({
  id: EpochSchema,
  at: v.pipe(v.number(), v.safeInteger()),
  key: Key,
  callsign: v.pipe(v.string(), v.maxLength(limits.nameLength * 2)),
  audience: v.pipe(
    v.array(NodeIdSchema),
    v.maxLength(limits.bundleAudience),
    v.check((ids) => ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id), 'sorted, each once')
  ),
  missions: v.pipe(v.array(MissionEntry), v.minLength(1)),
  parts: v.array(Part)
})
export type Manifest = v.InferOutput<typeof ManifestSchema>
export type PartEntry = Manifest['parts'][number]
export type MissionEntry = Manifest['missions'][number]
export type Stretch = MissionEntry['logs'][number]

export function senderOf({ key }: Manifest): NodeId {
  return nodeIdOf(Buffer.from(key, 'base64url'))
}

export function missionOf({ create }: MissionEntry): MissionId {
  return missionIdOf(create)
}

/** The line, its end and the footer; `undefined` when it is longer than a manifest may be. */
export function encodeManifest(manifest: Manifest, key: KeyObject): Buffer | undefined {
  const signature = signFor('bundle', [Buffer.from(JSON.stringify(manifest))], key).toString('base64url')
  const line = Buffer.from(`${JSON.stringify({ manifest, signature })}\n`)
  if (line.length > limits.bundleManifestBytes) return undefined
  const footer = Buffer.alloc(footerBytes)
  footer.writeUInt32BE(line.length)
  return Buffer.concat([line, footer])
}

/** Reads and verifies the line, with its end; else the reason why it is refused. */
export function decodeManifest(bytes: Buffer): Manifest | string {
  if (bytes.length > limits.bundleManifestBytes || !isUtf8(bytes)) return 'too long, or not UTF-8'
  const signed = parseSigned(bytes.toString('utf8'))
  if (typeof signed === 'string') return signed
  const parsed = v.safeParse(ManifestSchema, signed.manifest, { abortEarly: true })
  if (!parsed.success) return v.summarize(parsed.issues).slice(0, 200)
  const manifest = parsed.output
  const key = parsePublicKey(Buffer.from(manifest.key, 'base64url'))
  const signature = parseBase64Url(signed.signature, 64)
  if (key === undefined || signature === undefined) return 'not a key, or not a signature'
  if (!verifyFor('bundle', [Buffer.from(JSON.stringify(signed.manifest))], key, signature)) return 'bad signature'
  return inconsistency(manifest) ?? manifest
}

function parseSigned(text: string): { readonly manifest: JsonObject; readonly signature: unknown } | string {
  if (!text.endsWith('\n')) return 'no end of line'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (!isLineValue(value) || !isObject(value) || Object.keys(value).length !== 2) return 'not a manifest'
  // As its author wrote it: what is signed is written anew from what was read.
  if (`${JSON.stringify(value)}\n` !== text) return 'not canonical'
  const { manifest, signature } = value
  return isObject(manifest) ? { manifest, signature } : 'not a manifest'
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Each mission and log once, and parts only of missions that are listed. */
function inconsistency({ missions, parts }: Manifest): string | undefined {
  const ids = new Set(missions.map(missionOf))
  if (ids.size !== missions.length) return 'a mission twice'
  for (const { logs } of missions) {
    if (new Set(logs.map(([author, epoch]) => `${author}.${epoch}`)).size !== logs.length) return 'a log twice'
    if (logs.some(([, , after, seq]) => after >= seq)) return 'a stretch without lines'
  }
  const names = parts.map((part) => nameOf(part))
  if (new Set(names).size !== names.length) return 'a part twice'
  if (parts.some((part) => 'mission' in part && !ids.has(part.mission))) return 'a part of no mission'
  return undefined
}

function nameOf(part: PartEntry): string {
  if (!('mission' in part)) return part.kind
  return part.kind === 'content' ? `${part.mission} ${part.sha256}` : `${part.mission} ${part.kind}`
}
