/**
 * Which peer said that it holds which file whole (docs/protocol/content.md#who-holds-what). What is said of files that
 * are here, too, is kept over restarts: "safe to leave?" rests on it.
 */
import * as v from 'valibot'
import type { MissionId, NodeId } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import { HashSchema, MissionIdSchema, NodeIdSchema } from '../bytes/ids.js'
import { bounds } from '../limits.js'
import type { Clock } from '../runtime/clock.js'
import { kept, type Disk } from '../storage/disk.js'
import { openDocument, type Document } from '../storage/document.js'
import type { ContentStore } from './store.js'

const path = 'content/held.json'

/** By peer and mission: files that are here in the size that the peer said. */
export const HeldFile = v.object({
  held: v.array(v.tuple([NodeIdSchema, v.array(v.tuple([MissionIdSchema, v.array(HashSchema)]))]))
})
type HeldFile = v.InferOutput<typeof HeldFile>

export interface HeldFilesParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly store: ContentStore
  readonly onSaved: (found: Problem | undefined) => void
}

/** Sizes by file. */
type Sizes = ReadonlyMap<string, number>

export class HeldFiles {
  readonly #parts: HeldFilesParts
  readonly #document: Document<HeldFile>
  readonly #words = new Map<NodeId, Map<MissionId, Map<string, number>>>()
  #isReadOnly = false
  #cancelSave: (() => void) | undefined

  private constructor(parts: HeldFilesParts) {
    this.#parts = parts
    this.#document = openDocument(parts.disk, path, HeldFile)
  }

  /** What cannot be read is not known, until peers say it again at the next link. */
  static async open(parts: HeldFilesParts): Promise<HeldFiles> {
    const held = new HeldFiles(parts)
    const read = await held.#document.read()
    if (!read.ok) {
      held.#isReadOnly = read.problem.code === 'newer-data'
      parts.onSaved(problem(read.problem.code, `files held by peers: ${read.problem.detail ?? ''}`))
      return held
    }
    for (const [nodeId, missions] of read.value?.held ?? [])
      for (const [mission, files] of missions)
        for (const file of files) {
          const size = parts.store.sizeOf(file)
          if (size !== undefined) held.#wordsOf(nodeId, mission).set(file, size)
        }
    return held
  }

  /** Peers that said anything of this mission. */
  *of(mission: MissionId): Generator<readonly [NodeId, Sizes]> {
    for (const [nodeId, missions] of this.#words) {
      const files = missions.get(mission)
      if (files !== undefined) yield [nodeId, files]
    }
  }

  sizeAt(nodeId: NodeId, mission: MissionId, file: string): number | undefined {
    return this.#words.get(nodeId)?.get(mission)?.get(file)
  }

  /** Missions in which this peer said to hold something. */
  missionsOf(nodeId: NodeId): readonly MissionId[] {
    return [...(this.#words.get(nodeId)?.keys() ?? [])]
  }

  /** Missions in which somebody said to hold this file. */
  missionsWith(file: string): readonly MissionId[] {
    const missions = [...this.#words.values()].flatMap((words) => [...words])
    return [...new Set(missions.flatMap(([mission, files]) => (files.has(file) ? [mission] : [])))]
  }

  /** False: it says more than anybody can hold. */
  add(nodeId: NodeId, mission: MissionId, files: readonly (readonly [file: string, size: number])[]): boolean {
    const words = this.#wordsOf(nodeId, mission)
    const missions = this.#words.get(nodeId)?.values() ?? []
    const count = [...missions].reduce((sum, { size }) => sum + size, 0)
    if (count + files.length > bounds.contentsHeld || this.missionsOf(nodeId).length > 2 * bounds.missions) return false
    for (const [file, size] of files) words.set(file, size)
    this.#saveSoon()
    return true
  }

  /** It does not hold it, or not any more. */
  remove(nodeId: NodeId, mission: MissionId, file: string): void {
    if (this.#words.get(nodeId)?.get(mission)?.delete(file) === true) this.#saveSoon()
  }

  forget(nodeId: NodeId): void {
    if (this.#words.delete(nodeId)) this.#saveSoon()
  }

  /** A file came: what was said of it before is worth keeping now. */
  entered(): void {
    this.#saveSoon()
  }

  async close(): Promise<void> {
    if (this.#cancelSave === undefined) return
    this.#cancelSave()
    await this.#save()
  }

  #wordsOf(nodeId: NodeId, mission: MissionId): Map<string, number> {
    const missions = this.#words.get(nodeId) ?? new Map<MissionId, Map<string, number>>()
    this.#words.set(nodeId, missions)
    const files = missions.get(mission) ?? new Map<string, number>()
    missions.set(mission, files)
    return files
  }

  #saveSoon(): void {
    if (this.#isReadOnly) return
    this.#cancelSave ??= this.#parts.clock.after(bounds.heldEveryMs, () => void this.#save())
  }

  /** What is lost before it is saved a peer says again at the next link. */
  async #save(): Promise<void> {
    this.#cancelSave = undefined
    const saved = await kept(this.#document.write({ held: this.#worthKeeping() }))
    if (!saved.ok) this.#saveSoon()
    this.#parts.onSaved(saved.ok ? undefined : saved.problem)
  }

  #worthKeeping(): HeldFile['held'] {
    const { store } = this.#parts
    let left: number = bounds.heldKept
    return [...this.#words].map(([nodeId, missions]) => [
      nodeId,
      [...missions].map(([mission, files]) => {
        const here = [...files].flatMap(([file, size]) =>
          store.has(mission, file) && store.sizeOf(file) === size ? [file] : []
        )
        const some = here.slice(0, left)
        left -= some.length
        return [mission, some]
      })
    ])
  }
}
