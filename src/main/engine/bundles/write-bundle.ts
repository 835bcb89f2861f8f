/** Writes what a bundle holds, part by part and with bounded memory: runs as they are stored, packed in blocks. */
import { createHash, type Hash } from 'node:crypto'
import type { MissionId, NodeId } from '@shared/model.js'
import type { IdentityRecord } from '../identity/identity-record.js'
import { limits } from '../limits.js'
import { encodeFork } from '../logs/fork.js'
import type { HeldLog } from '../logs/log-store.js'
import { encodeRun, lastSeq, logKey, type LogKey } from '../logs/run.js'
import type { Mission } from '../missions/mission.js'
import { inOrderOfMembership } from '../replication/replicator.js'
import type { Sealer } from './age-file.js'
import { packBlock } from './blocks.js'
import type { ContentFacts, ContentPort } from './content-port.js'
import {
  bundleMagic,
  revocationMagic,
  type Manifest,
  type MissionEntry,
  type PartEntry,
  type Stretch
} from './manifest.js'
import type { PieceWriter } from './piece-writer.js'
import { damaged } from './refusal.js'
import type { Revocations } from './revocation-port.js'
import { stepBytes } from './source.js'

export interface MissionPlan {
  readonly mission: Mission
  /** Of each log the lines after this number; of others all. */
  readonly after: ReadonlyMap<LogKey, number>
  readonly contents: readonly ContentFacts[]
  /** Files that are not whole here. */
  readonly leftOut: number
}

export interface Plan {
  readonly id: string
  readonly at: number
  readonly audience: readonly NodeId[]
  readonly missions: readonly MissionPlan[]
  readonly identities: readonly IdentityRecord[]
  /** Encoded. */
  readonly receipts: readonly Buffer[]
  readonly revocations: Revocations
}

/** How many changes go in. */
export function changesOf({ mission, after }: MissionPlan): number {
  let sum = 0
  for (const { id, head } of mission.logs.logs()) sum += Math.max(0, head.seq - (after.get(logKey(id)) ?? 0))
  return sum
}

/** Where the payload goes, sealed or in the open; hashes the part that is under way. */
export class PayloadWriter {
  readonly #writer: PieceWriter
  readonly #sealer: Sealer | undefined
  #hash: Hash = createHash('sha256')
  #size = 0

  constructor(writer: PieceWriter, sealer: Sealer | undefined) {
    this.#writer = writer
    this.#sealer = sealer
  }

  async write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes)
    this.#size += bytes.length
    const out = this.#sealer === undefined ? bytes : this.#sealer.seal(bytes)
    if (out.length > 0) await this.#writer.write(out)
  }

  /** Size and hash of what was written since the last part. */
  endPart(): { readonly size: number; readonly sha256: string } {
    const part = { size: this.#size, sha256: this.#hash.digest('hex') }
    this.#hash = createHash('sha256')
    this.#size = 0
    return part
  }

  async end(): Promise<void> {
    if (this.#sealer !== undefined) await this.#writer.write(this.#sealer.end())
  }
}

/**
 * Writes all parts, and tells what the manifest has to say of them. What is written to a mission meanwhile may go along.
 * @param step is told of changes and bytes that were written, and throws when it is to end.
 */
export async function writeParts(
  out: PayloadWriter,
  plan: Plan,
  contents: ContentPort | undefined,
  step: (done: { readonly changes?: number; readonly bytes?: number }) => void
): Promise<Pick<Manifest, 'missions' | 'parts'>> {
  const statements = statementLines(plan.revocations.statements)
  const { lists } = plan.revocations
  await out.write(statements.length + lists.length > 0 ? revocationMagic : bundleMagic)
  out.endPart()
  const parts: PartEntry[] = []
  if (statements.length > 0) {
    await out.write(Buffer.from(statements.join('')))
    parts.push({ kind: 'statements', ...out.endPart() })
  }
  if (lists.length > 0) {
    for (const { signer, list } of lists) await out.write(Buffer.concat([framed(signer), framed(list)]))
    parts.push({ kind: 'lists', ...out.endPart() })
  }
  const missions: MissionEntry[] = []
  if (plan.identities.length > 0) {
    await out.write(Buffer.from(plan.identities.map((record) => `${JSON.stringify(record)}\n`).join('')))
    parts.push({ kind: 'identities', ...out.endPart() })
  }
  if (plan.receipts.length > 0) {
    for (const receipt of plan.receipts) await out.write(Buffer.concat([receipt, Buffer.from('\n')]))
    parts.push({ kind: 'receipts', ...out.endPart() })
  }
  for (const { mission, after, leftOut } of plan.missions) {
    const proofs = mission.forkProofs()
    for (const proof of proofs) await out.write(framed(encodeFork(proof)))
    if (proofs.length > 0) parts.push({ kind: 'forks', mission: mission.id, ...out.endPart() })
    const logs = await writeRuns(out, mission, after, step)
    if (logs.length > 0) parts.push({ kind: 'runs', mission: mission.id, ...out.endPart() })
    missions.push({ create: mission.signed, logs: [...logs], leftOut })
  }
  // Files last: what is read first from a slow drive are the changes.
  for (const { mission, contents: files } of plan.missions)
    for (const file of files) {
      if (contents === undefined) break
      parts.push({
        kind: 'content',
        mission: mission.id,
        ...(await writeContent(out, mission.id, file, contents, step))
      })
    }
  return { missions, parts }
}

/** As many as a reader takes, the first ones. */
function statementLines(statements: Revocations['statements']): readonly string[] {
  let left: number = limits.bundleManifestBytes
  return statements.flatMap(({ text, signature }) => {
    const line = `${JSON.stringify({ text, signature })}\n`
    left -= Buffer.byteLength(line)
    return left < 0 ? [] : [line]
  })
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

async function writeContent(
  out: PayloadWriter,
  mission: MissionId,
  { sha256, size }: ContentFacts,
  contents: ContentPort,
  step: (done: { readonly bytes: number }) => void
) {
  for await (const bytes of contents.read(sha256))
    for (let at = 0; at < bytes.length; at += stepBytes) {
      const some = bytes.subarray(at, at + stepBytes)
      await out.write(some)
      step({ bytes: some.length })
    }
  const part = out.endPart()
  if (part.sha256 !== sha256 || part.size !== size) throw damaged(`file ${sha256} of mission ${mission}`)
  return part
}

/** The runs of a mission after what somebody holds; members before those whom they admitted. */
async function writeRuns(
  out: PayloadWriter,
  mission: Mission,
  after: ReadonlyMap<LogKey, number>,
  step: (done: { readonly changes: number }) => void
): Promise<readonly Stretch[]> {
  const stretches: Stretch[] = []
  let runs: Buffer[] = []
  let bytes = 0
  let packing: Promise<Buffer> | undefined
  // One block is packed on another thread while the next is read.
  const pack = async () => {
    const next = runs.length === 0 ? undefined : packBlock(runs)
    next?.catch(() => undefined) // Whoever waits for it gets the error.
    runs = []
    bytes = 0
    const done = await packing
    packing = next
    if (done !== undefined) await out.write(done)
  }
  for (const log of inOrderOfMembership(mission)) {
    const stretch = stretchOf(log, after)
    if (stretch === undefined) continue
    const [author, epoch, from, to] = stretch
    let [at, hash] = [from, '']
    while (at < to) {
      const run = await mission.logs.readAfter(logKey({ author, epoch }), at, to)
      if (run === undefined) throw damaged('a durable run cannot be read')
      const encoded = encodeRun(run)
      if (bytes + encoded.length > limits.bundleBlockBytes) await pack()
      runs.push(encoded)
      bytes += encoded.length
      at = lastSeq(run.header)
      hash = run.header.hash
      step({ changes: run.header.count })
    }
    // The last run may go on behind what counted when it was looked up.
    stretches.push([author, epoch, from, at, hash])
  }
  await pack()
  await pack()
  return stretches
}

function stretchOf({ id, head }: HeldLog, after: ReadonlyMap<LogKey, number>) {
  const from = after.get(logKey(id)) ?? 0
  return head.seq > from ? ([id.author, id.epoch, from, head.seq] as const) : undefined
}
