/** The team list that a person opened last, kept in a document; one at a time. */
import * as v from 'valibot'
import type { Address } from '@shared/model.js'
import type { Problem, Result } from '@shared/result.js'
import { NodeIdSchema } from '../bytes/ids.js'
import { kept, type Disk } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import type { ListedNode } from './team-list.js'

export const TeamListDocument = v.object({
  nodes: v.array(
    v.object({
      name: v.string(),
      nodeId: v.optional(NodeIdSchema),
      federation: v.optional(v.string()),
      tags: v.array(v.string()),
      addresses: v.array(v.object({ address: v.string(), port: v.number() })),
      forwards: v.array(v.object({ mission: v.string(), to: v.array(v.string()) }))
    })
  )
})
interface Kept {
  readonly nodes: readonly ListedNode[]
}

export class ListBook {
  readonly #document: Document<Kept>
  /** A newer version wrote the document; what this one would leave out must not be lost. */
  readonly #newer: Problem | undefined
  #nodes: readonly ListedNode[]

  private constructor(document: Document<Kept>, nodes: readonly ListedNode[], newer: Problem | undefined) {
    this.#document = document
    this.#nodes = nodes
    this.#newer = newer
  }

  static async open(disk: Disk, onProblem: (problem: Problem) => void): Promise<ListBook> {
    // exactOptionalPropertyTypes: valibot leaves absent keys absent, which its types do not say.
    const schema = TeamListDocument as unknown as v.GenericSchema<unknown, Kept>
    const document = openDocument(disk, 'team-list.json', schema)
    const read = await document.read()
    if (!read.ok) onProblem(read.problem)
    const isNewer = !read.ok && read.problem.code === 'newer-data'
    return new ListBook(document, read.ok ? (read.value?.nodes ?? []) : [], isNewer ? read.problem : undefined)
  }

  get nodes(): readonly ListedNode[] {
    return this.#nodes
  }

  get addresses(): readonly Address[] {
    return this.#nodes.flatMap(({ addresses }) => addresses)
  }

  /** Counts once it is kept. */
  async replace(nodes: readonly ListedNode[]): Promise<Result<null>> {
    if (this.#newer !== undefined) return { ok: false, problem: this.#newer }
    const saved = await kept(this.#document.write({ nodes }).then(() => null))
    if (saved.ok) this.#nodes = nodes
    return saved
  }
}
