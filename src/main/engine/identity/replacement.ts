/**
 * Another identity for a folder (docs/protocol/disk.md#another-identity): one durable document commits to it, and the next
 * start puts it in place. A crash before the document leaves all as it was, one after it is gone on with.
 */
import * as v from 'valibot'
import { fail, type Result } from '@shared/result.js'
import { NodeIdSchema } from '../bytes/ids.js'
import type { Disk } from '../storage/disk.js'
import { openDocument } from '../storage/document.js'
import { identityDocument, IdentityFileSchema } from './identity-file.js'

const fileName = 'identity-next.json'

const ReplacementSchema = v.object({
  /** As it will be written, wrapped where it is to be. */
  identity: IdentityFileSchema,
  why: v.picklist(['imported', 'reset']),
  /** Whom the identity before had revoked: they stay so. */
  revoked: v.array(
    v.object({
      nodeId: NodeIdSchema,
      callsign: v.string(),
      federation: v.string(),
      at: v.number(),
      by: v.string(),
      reason: v.optional(v.string())
    })
  ),
  /** Statements that go on being told: the retirement of the identity before. */
  statements: v.array(v.object({ text: v.string(), signature: v.string() }))
})
export type Replacement = v.InferOutput<typeof ReplacementSchema>

const documentOf = (disk: Disk) =>
  openDocument<Replacement>(disk, fileName, ReplacementSchema, { mode: 0o600, keepDamaged: true })

/** It will happen. */
export async function commitReplacement(disk: Disk, replacement: Replacement): Promise<void> {
  await documentOf(disk).write(replacement)
}

/** Puts it in place, if there is one; to be ended when the new journal of decisions holds what it carries. */
export async function applyReplacement(disk: Disk): Promise<Result<Replacement | undefined>> {
  const read = await documentOf(disk).read()
  if (!read.ok) return fail('identity-damaged', `${fileName}: ${read.problem.detail ?? read.problem.code}`)
  const { value: replacement } = read
  if (replacement === undefined) return read
  const places = new Set(await disk.list('former'))
  let number = 1
  while (places.has(String(number))) number++
  // It names the node before in every segment: the new one begins its own.
  if ((await disk.list('trust')).length > 0) await disk.move('trust', `former/${String(number)}/trust`)
  for (const path of ['store.json', 'presence.json', 'receipts']) await disk.remove(path)
  await identityDocument(disk).write(replacement.identity)
  return read
}

export async function endReplacement(disk: Disk): Promise<void> {
  await disk.remove(fileName)
}
