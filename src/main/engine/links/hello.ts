/**
 * The hello (docs/protocol/links.md), pure: which node is at the other end of this very channel. Intros are exchanged,
 * then each side signs role, channel binding and both whole intros; then the answers carry the identity record and
 * whether a person here trusts the peer. A proof holds for one channel and one role only, so nothing can be replayed or
 * reflected.
 */
import type { KeyObject } from 'node:crypto'
import * as v from 'valibot'
import type { NodeId } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { isHex, parseBase64Url } from '../bytes/hash.js'
import { nodeIdOf } from '../identity/identity-record.js'
import { parsePublicKey, signFor, verifyFor } from '../identity/signature.js'
import { limits } from '../limits.js'
import type { Binding } from './transport.js'

/** What this program can speak on a link (docs/protocol/links.md#versions). */
export const linkVersions = [1, 2, 3, 4, 5] as const
export type LinkVersion = (typeof linkVersions)[number]

const base64Url = (bytes: number) => v.custom<string>((value) => parseBase64Url(value, bytes) !== undefined)
const hex = (bytes: number) => v.custom<string>((value) => isHex(value, bytes))
const Name = v.pipe(
  v.string(),
  v.check((text) => text.isWellFormed() && [...text].length <= limits.nameLength)
)

export const Intro = v.object({
  t: v.literal('intro'),
  /** Ed25519, 32 bytes. */
  key: base64Url(32),
  nonce: base64Url(32),
  versions: v.pipe(v.array(v.number()), v.maxLength(16)),
  /** Random at each start of the engine: tells a restart from a copy. */
  run: hex(16)
})
export const Proof = v.object({ t: v.literal('proof'), signature: base64Url(64) })
/** Who a node says it is. Callsign, laptop and federation are empty while they are withheld from strangers. */
const introduction = {
  record: v.object({
    signingKey: base64Url(32),
    sealingKey: base64Url(32),
    certificateHash: base64Url(32),
    federation: Name,
    counter: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    signature: base64Url(64),
    /** ECDSA, or RSA with up to 4096 bits. */
    certificateSignature: v.pipe(v.string(), v.maxLength(700))
  }),
  callsign: Name,
  laptop: v.optional(Name, '')
}

export const Answer = v.object({
  t: v.literal('answer'),
  ...introduction,
  /** Where its node listens; 0 when nobody can reach it. */
  port: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535)),
  trusts: v.boolean()
})

/** Said anew when it changes, and in full once the sender trusts. */
export const Self = v.object({ t: v.literal('self'), ...introduction })

export type Self = v.InferOutput<typeof Self>
export type Intro = v.InferOutput<typeof Intro>
export type Answer = v.InferOutput<typeof Answer>
export type Role = 'client' | 'server'

export function createIntro(
  publicKey: Buffer,
  nonce: Buffer,
  run: string,
  versions: readonly LinkVersion[] = linkVersions
): Intro {
  return {
    t: 'intro',
    key: publicKey.toString('base64url'),
    nonce: nonce.toString('base64url'),
    versions: [...versions],
    run
  }
}

/** The highest that both speak. Both intros are under both proofs, so nobody between can lower it. */
export function commonVersion(own: readonly number[], theirs: readonly number[]): LinkVersion | undefined {
  return linkVersions.filter((version) => own.includes(version) && theirs.includes(version)).at(-1)
}

export interface Judged {
  readonly nodeId: NodeId
  readonly key: KeyObject
  readonly version: LinkVersion
}

/** The node that an intro claims to be, or why it is refused. */
export function judgeIntro(own: Intro, theirs: Intro): Judged | ProblemCode {
  if (theirs.key === own.key || theirs.nonce === own.nonce) return 'own-identity'
  const version = commonVersion(own.versions, theirs.versions)
  if (version === undefined) return 'version-differs'
  const raw = Buffer.from(theirs.key, 'base64url')
  const key = parsePublicKey(raw)
  return key === undefined ? 'hello-failed' : { nodeId: nodeIdOf(raw), key, version }
}

/** Both intros exactly as they were sent. */
export interface Intros {
  readonly client: Buffer
  readonly server: Buffer
}

type Bound = Pick<Binding, 'exporter' | 'clientCertificate' | 'serverCertificate'>

function proofFields(role: Role, binding: Bound, intros: Intros): Buffer[] {
  const { exporter, clientCertificate, serverCertificate } = binding
  return [Buffer.from(role), exporter, clientCertificate, serverCertificate, intros.client, intros.server]
}

export function signProof(role: Role, binding: Bound, intros: Intros, key: KeyObject): string {
  return signFor('hello', proofFields(role, binding, intros), key).toString('base64url')
}

/** @param role the role of the side that made the proof. */
export function verifyProof(role: Role, binding: Bound, intros: Intros, key: KeyObject, signature: string): boolean {
  return verifyFor('hello', proofFields(role, binding, intros), key, Buffer.from(signature, 'base64url'))
}
